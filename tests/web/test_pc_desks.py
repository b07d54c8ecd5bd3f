"""The desks on an office PC (`office_pc/sitecustomize.py`): a stack is sent, read aside, and receipted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
from people import PEOPLE, with_people
from test_office_pc import surroundings
from test_real_server import Desk
from waiting import PATIENCE_S, until

from omr.records.batches.receipt import receipt_of
from omr.records.inbox.inbox import Inbox, StackState
from omr.records.store.store import Store
from omr.words import Role
from omr.workspace import Workspace

SLIPS = 3


def test_a_stack_is_sent_and_read(omr: Callable[..., object], tmp_path: Path) -> None:
    disk = tmp_path / "C"
    environment = surroundings(disk, "cp1258")
    workspace = Workspace.create(Path(environment["OMR_WORKSPACE"]))
    here = ("--workspace", workspace.path)
    printed, scanned = disk / "in.pdf", disk / "quét.pdf"
    omr(*here, "units", "import", "hai-phong-2023")
    words = ("--unit", "PC06", "--count", SLIPS, "--period", "2026-11", "--seed", 3)
    omr(*here, "issue", "DL-01", *words, "-o", printed)
    omr(*here, "simulate", printed, "-o", scanned, "--seed", 3)
    with_people(workspace.path / "accounts.sqlite")

    command = [sys.executable, "-m", "omr.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, cwd=disk, stderr=subprocess.PIPE) as server:
        assert server.stderr is not None
        try:
            address = next(found[0] for line in server.stderr if (found := re.search(rb"http://\S+", line)))
            with httpx.Client(base_url=address.decode(), timeout=PATIENCE_S) as client:
                clerk = Desk(client, PEOPLE[Role.CLERK][0])
                stack = clerk.post("/intake", period="2026-11", expected=str(SLIPS)).json()["stack"]
                for name in ("CON.pdf", "con.PDF"):  # a device, and twice the same name but for its case
                    file = {"params": {"name": name}, "headers": {"x-csrf-token": clerk.csrf}}
                    sent = client.post(f"{stack}/file", **file, content=scanned.read_bytes())
                    assert sent.status_code == 204
                clerk.post(f"{stack}/send")
                inbox = Inbox(workspace)
                (made,) = inbox.stacks()
                until(lambda: inbox.state(made) in (StackState.DONE, StackState.FAILED))
                batch = inbox.batch(made)
                assert batch is not None, inbox.state(made)
                assert batch in client.get(f"/batches/{batch}").text
        finally:
            server.kill()
    with Store.open(workspace.database) as store:
        told = receipt_of(store, batch)
    assert told.came.counting == SLIPS, "the same file twice counts once"
