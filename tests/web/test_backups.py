"""The copies that the server makes by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from waiting import until

from omr.errors import OmrError
from omr.records.safekeeping.backup import back_up, last_backup
from omr.web.work.backups import Backups
from omr.workspace import Workspace


def with_backups(furnished: Path, tmp_path: Path, to: Path) -> Workspace:
    folder = shutil.copytree(furnished, tmp_path / "office")
    (folder / "omr.toml").write_text(f'[backup]\nto = "{to}"\n', encoding="utf-8")
    return Workspace.open(folder)


def test_a_backup_is_made_when_the_server_starts_and_not_again_before_its_time(
    furnished: Path, tmp_path: Path
) -> None:
    backups = Backups(with_backups(furnished, tmp_path, tmp_path / "backup"))
    backups.start()
    try:
        until(lambda: backups.last() is not None)
        assert not backups.due()
    finally:
        backups.stop()
    assert backups.problem == ""


def test_a_backup_that_fails_is_said_until_one_succeeds(furnished: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    target.mkdir()
    (target / "photo.jpg").write_bytes(b"x")
    backups = Backups(with_backups(furnished, tmp_path, target))
    backups.start()
    try:
        until(lambda: bool(backups.problem))
        assert str(target) in backups.problem
    finally:
        backups.stop()
    assert last_backup(target) is None


def test_without_a_folder_nothing_is_copied_until_somebody_names_one(furnished: Path, tmp_path: Path) -> None:
    backups = Backups(Workspace.open(shutil.copytree(furnished, tmp_path / "bare")))
    assert (backups.target, backups.last()) == (None, None)
    with pytest.raises(OmrError):
        backups.make()
    backups.workspace = with_backups(furnished, tmp_path, tmp_path / "backup")
    assert backups.make().event > 0
    assert not backups.due()


def test_what_a_timer_of_the_system_backs_up_is_told_and_not_made_twice(
    furnished: Path, tmp_path: Path
) -> None:
    backups = Backups(Workspace.open(shutil.copytree(furnished, tmp_path / "bare")))
    backups.elsewhere = tmp_path / "backup"
    assert (backups.by_timer, backups.last()) == (True, None)
    back_up(backups.workspace, backups.elsewhere)  # what the timer starts
    made = backups.last()
    assert made is not None and made.age_s < 3600
    backups.workspace = with_backups(furnished, tmp_path, tmp_path / "own")
    assert (backups.by_timer, backups.target) == (False, tmp_path / "own")
