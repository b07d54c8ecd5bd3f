"""A workspace is its owner's alone, and the doctor says where it is not."""

from __future__ import annotations

import os
import stat

import pytest
from scanned import Scanner, open_to_others, slip
from test_rollback import Issuing

from omr.records.proof.signing import KEY_FILE, signing_key
from omr.records.safekeeping.health import Check, examine
from omr.records.safekeeping.rights import close_to_others
from omr.records.store.store import Store
from omr.workspace import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions in another way")


def looked(workspace: Workspace) -> Check:
    return next(check for check in examine(workspace.path) if check.name == "private")


def test_a_workspace_is_made_for_its_owner_alone(
    store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)))
    assert stat.S_IMODE(workspace.path.stat().st_mode) == 0o700
    signing_key(workspace.path)
    secret = (workspace.database, workspace.path / "omr.mark", workspace.path / KEY_FILE)
    for file in (*secret, *workspace.scans.glob("*/*")):
        assert not stat.S_IMODE(file.stat().st_mode) & 0o077, file
    assert looked(workspace).ok


def test_the_doctor_tells_what_others_can_read(store: Store, workspace: Workspace) -> None:
    workspace.path.chmod(0o755)
    workspace.database.chmod(0o644)
    check = looked(workspace)
    assert (check.ok, bool(check.mend)) == (False, True)
    assert "omr.sqlite" in check.detail
    assert close_to_others(workspace.path) == []  # whose folder is open wants it so, or is told


def test_what_an_earlier_version_left_open_inside_is_told_and_closed_at_the_next_start(
    store: Store, workspace: Workspace
) -> None:
    (workspace.path / "inbox" / "folders").mkdir(parents=True)
    for folder in ("inbox", "inbox/folders"):
        (workspace.path / folder).chmod(0o755)
    (workspace.path / "log").mkdir(mode=0o700, exist_ok=True)
    (workspace.path / "log" / ".lock").touch(mode=0o644)
    names = ["inbox", "inbox/folders", "log/.lock"]
    check = looked(workspace)
    assert (check.ok, bool(check.mend)) == (False, True)
    assert all(name in check.detail for name in names)
    assert close_to_others(workspace.path) == names
    assert looked(workspace).ok and open_to_others(workspace.path) == []
