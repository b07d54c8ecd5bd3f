"""Backup and restore: what comes back is what was there, and no number is printed twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from scanned import FORM, Scanner, slip

from omr.clock import moment
from omr.errors import OmrError
from omr.forms.serial import Issue
from omr.records.proof.chain import verify
from omr.records.register.register import issue, issued
from omr.records.safekeeping.backup import at_disk, back_up, last_backup
from omr.records.safekeeping.restore import ROOM, restore
from omr.records.store.copies import copy_database
from omr.records.store.store import Store
from omr.workspace import Workspace

Issuing = Callable[..., Issue]
Run = Callable[..., object]


def answers(store: Store) -> list[tuple[object, ...]]:
    return [tuple(row) for row in store.rows("SELECT * FROM current_answers ORDER BY reading, question")]


def key_of(error: pytest.ExceptionInfo[OmrError]) -> str:
    return error.value.key


@pytest.fixture
def worked(store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner) -> Issue:
    """A workspace in which something was printed and read."""
    run = issued_run(20)
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2)))
    return run


def test_the_restore_drill(
    worked: Issue,
    store: Store,
    workspace: Workspace,
    issued_run: Issuing,
    scanner: Scanner,
    tmp_path: Path,
) -> None:
    """A night's backup, a day's work, a lost disk of which the folder can still be read."""
    before = answers(store)
    made = back_up(workspace, tmp_path / "backup")
    lost_run = issued_run(30)
    today = scanner.scan("b.tif", slip(worked, 3))
    scanner.take_in(today)
    store.close()
    for file in workspace.path.glob("omr.sqlite*"):
        file.unlink()

    back = restore(tmp_path / "backup", tmp_path / "new", by="lan", old=workspace.path)
    assert (back.event, back.head) == (made.event, made.head)
    assert back.lost == 5  # two of the print run, three of the stack
    assert len(back.unread) == 1
    new = Workspace.open(tmp_path / "new")
    with Store.open(new.database) as restored:
        said = restored.value("SELECT why FROM events WHERE act = 'restore'")
        assert said == f"từ bản sao lưu lúc {moment(made.at)}"  # as the clock on the wall shows it
    with Store.open(new.database) as restored:
        assert answers(restored) == before
        assert [run.run for run in issued(restored)] == [worked.run]
        again = Scanner(scanner.folder, restored, new, scanner.pages)
        again.take_in(today)  # what the restore names is read again
        assert verify(restored, new.path).ok
        target = tmp_path / "next.pdf"
        following = issue(restored, FORM, unit="PC06", period="2026-11", count=5, target=target, by="a")
        assert following.first == lost_run.last + 1


def test_without_the_old_folder_room_is_left_in_every_series(
    worked: Issue, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    back_up(workspace, tmp_path / "backup")
    back = restore(tmp_path / "backup", tmp_path / "new", by="lan")
    assert back.lost is None
    with Store.open(tmp_path / "new" / "omr.sqlite") as restored:
        target = tmp_path / "next.pdf"
        following = issue(restored, FORM, unit="PC06", period="2026-11", count=5, target=target, by="a")
        assert following.first == worked.last + ROOM + 1
        other = restored.value("SELECT max(last) FROM used_numbers WHERE digit = 4 AND year = 26")
        assert other == ROOM  # of a form that was never printed before the backup
        assert verify(restored, tmp_path / "new").ok


def test_a_second_backup_copies_what_is_new(
    worked: Issue, workspace: Workspace, scanner: Scanner, tmp_path: Path
) -> None:
    first = back_up(workspace, tmp_path / "backup")
    scanner.take_in(scanner.scan("b.tif", slip(worked, 3)))
    second = back_up(workspace, tmp_path / "backup", whole=True)
    assert (first.copied, second.copied, second.originals) == (1, 1, 2)
    assert len(list((tmp_path / "backup" / "registers").iterdir())) == 2
    assert last_backup(tmp_path / "backup") == second


def kept_by_update(workspace: Workspace, year: int) -> Path:
    """What a migration of that year keeps: the register as it stands."""
    kept = workspace.path / f"omr.after-m{year % 1000:03}_of_its_year.{year}0101T010000Z.sqlite"
    copy_database(workspace.database, kept)
    return kept


def test_of_what_updates_keep_the_newest_two_stay(
    worked: Issue, workspace: Workspace, scanner: Scanner, tmp_path: Path
) -> None:
    """Each is as large as the register; one that holds what the register lacks stays, however old."""
    kept = [kept_by_update(workspace, year) for year in (2027, 2028, 2029)]
    scanner.take_in(scanner.scan("b.tif", slip(worked, 3)))
    kept += [kept_by_update(workspace, year) for year in (2030, 2031)]
    strange, damaged = kept[0], kept[1]
    with closing(sqlite3.connect(strange)) as raw:  # it ends as no event of this register does
        raw.execute("DROP TRIGGER events_update")
        raw.execute("UPDATE events SET hash = ? WHERE event = (SELECT max(event) FROM events)", ["f" * 64])
        raw.commit()
    damaged.write_bytes(b"half of a file")

    made = back_up(workspace, tmp_path / "backup")
    assert made.let_go == (kept[2].name,)
    assert [file for file in kept if file.exists()] == [strange, damaged, *kept[3:]]
    assert replace(made, let_go=()) == last_backup(tmp_path / "backup")  # programs before can read it
    assert back_up(workspace, tmp_path / "backup").let_go == ()


def test_a_backup_that_fails_removes_nothing(worked: Issue, workspace: Workspace, tmp_path: Path) -> None:
    kept = [kept_by_update(workspace, year) for year in (2027, 2028, 2029)]
    for original in workspace.scans.glob("??/*"):
        original.unlink()
    with pytest.raises(OmrError):
        back_up(workspace, tmp_path / "backup")
    assert all(file.exists() for file in kept)


def test_a_backup_is_for_its_owner_alone(worked: Issue, workspace: Workspace, tmp_path: Path) -> None:
    back_up(workspace, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new", by="lan")
    for folder in (tmp_path / "backup", tmp_path / "new"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for file in folder.rglob("*"):
            if file.is_file() and not file.name.endswith((".lock", "-shm", "-wal")):
                assert not stat.S_IMODE(file.stat().st_mode) & 0o077, file


def test_a_backup_does_not_follow_one_that_is_newer(
    worked: Issue, store: Store, workspace: Workspace, issued_run: Issuing, tmp_path: Path
) -> None:
    """The whole folder of yesterday put back: the backup is the one who remembers."""
    yesterday = shutil.copytree(workspace.path, tmp_path / "yesterday")
    issued_run(5)
    back_up(workspace, tmp_path / "backup")
    with pytest.raises(OmrError) as error:
        back_up(Workspace.open(yesterday), tmp_path / "backup")
    assert key_of(error) == "backup.newer"


def test_a_folder_with_something_else_is_left_alone(
    worked: Issue, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"x")
    for call in (
        lambda: back_up(workspace, tmp_path / "photos"),
        lambda: restore(tmp_path / "photos", tmp_path / "new", by="a"),
    ):
        with pytest.raises(OmrError) as error:
            call()
        assert key_of(error) == "backup.no_backup"
    assert [file.name for file in (tmp_path / "photos").iterdir() if file.suffix] == ["1.jpg"]
    with pytest.raises(OmrError) as error:
        back_up(workspace, workspace.path / "backup")
    assert key_of(error) == "backup.inside"


def test_a_restore_goes_into_a_new_folder_only(worked: Issue, workspace: Workspace, tmp_path: Path) -> None:
    back_up(workspace, tmp_path / "backup")
    with pytest.raises(OmrError) as error:
        restore(tmp_path / "backup", workspace.path, by="lan")
    assert key_of(error) == "backup.not_empty"


def test_another_workspaces_old_folder_is_refused(
    worked: Issue, workspace: Workspace, tmp_path: Path
) -> None:
    back_up(workspace, tmp_path / "backup")
    other = Workspace.create(tmp_path / "other")
    with Store.open(other.database) as theirs, theirs.act("test", by="a") as act:
        act.add("visit_counts", {"visit_count": 1, "unit": "A", "period": "2026-11", "visits": 1})
    with pytest.raises(OmrError) as error:
        restore(tmp_path / "backup", tmp_path / "new", by="lan", old=other.path)
    assert key_of(error) == "backup.other_workspace"


def test_a_damaged_original_is_not_copied_over_a_good_one_and_comes_back_from_the_backup(
    worked: Issue, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    back_up(workspace, tmp_path / "backup")
    (kept,) = workspace.scans.glob("*/*")
    whole = kept.read_bytes()
    kept.chmod(0o600)
    kept.write_bytes(whole[:-1] + b"?")
    back_up(workspace, tmp_path / "backup", whole=True)
    assert restore(tmp_path / "backup", tmp_path / "new", by="lan").missing == ()
    assert (tmp_path / "new" / kept.relative_to(workspace.path)).read_bytes() == whole


def test_an_original_that_was_damaged_before_its_first_backup_is_named(
    worked: Issue, workspace: Workspace, tmp_path: Path
) -> None:
    (kept,) = workspace.scans.glob("*/*")
    kept.chmod(0o600)
    kept.write_bytes(b"x" + kept.read_bytes()[1:])
    made = back_up(workspace, tmp_path / "backup")
    assert made.damaged == (str(kept.relative_to(workspace.path)),)
    assert restore(tmp_path / "backup", tmp_path / "new", by="lan").missing == ("a.tif",)


def test_a_copy_that_does_not_come_back_is_no_backup(
    worked: Issue, workspace: Workspace, tmp_path: Path
) -> None:
    back_up(workspace, tmp_path / "backup")
    (copy,) = (tmp_path / "backup" / "scans").glob("*/*")
    data = copy.read_bytes()
    copy.write_bytes(data[:-1] + b"?")
    with pytest.raises(OmrError) as error:
        back_up(workspace, tmp_path / "backup", whole=True)
    assert key_of(error) == "backup.not_the_same"
    assert back_up(workspace, tmp_path / "backup", whole=True).copied == 1  # the next one mends it


def test_a_workspace_whose_mark_is_gone_is_restored_from_itself(
    worked: Issue, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    store.close()
    (workspace.path / "omr.mark").unlink()
    restore(workspace.path, tmp_path / "new", by="lan")
    with Store.open(tmp_path / "new" / "omr.sqlite") as restored:
        assert verify(restored, tmp_path / "new").ok


def test_a_stack_that_waits_is_part_of_the_backup(
    worked: Issue, workspace: Workspace, tmp_path: Path
) -> None:
    waiting = workspace.path / "inbox" / "20261129-080000-00000000" / "files" / "1"
    waiting.mkdir(parents=True)
    (waiting / "c.tif").write_bytes(b"II*\0")
    back_up(workspace, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new", by="lan")
    assert (tmp_path / "new" / "inbox" / "20261129-080000-00000000" / "files" / "1" / "c.tif").is_file()
    shutil.rmtree(workspace.path / "inbox")
    back_up(workspace, tmp_path / "backup")
    assert not list((tmp_path / "backup" / "inbox").rglob("*"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"at": 1}', "\xff"])
def test_a_state_that_is_no_state_is_one_line(
    worked: Issue, workspace: Workspace, tmp_path: Path, text: str
) -> None:
    back_up(workspace, tmp_path / "backup")
    (tmp_path / "backup" / "backup.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(OmrError) as error:
        restore(tmp_path / "backup", tmp_path / "new", by="lan")
    assert key_of(error) == "backup.unreadable"


def test_a_register_of_a_backup_that_is_gone_is_one_line(
    worked: Issue, workspace: Workspace, tmp_path: Path
) -> None:
    back_up(workspace, tmp_path / "backup")
    state = json.loads((tmp_path / "backup" / "backup.json").read_text())
    (tmp_path / "backup" / state["register"]).unlink()
    with pytest.raises(OmrError) as error:
        restore(tmp_path / "backup", tmp_path / "new", by="lan")
    assert key_of(error) == "backup.no_backup"


def test_the_disk_that_refuses_is_named_and_no_other(tmp_path: Path) -> None:
    """A full disk of the register was told as one of the backup, which had room."""
    for target, source, named in (("to", "gone", "gone"), ("to", "from", "to"), ("lost/to", "from", "lost")):
        for folder in ("to", "from"):
            (tmp_path / folder).mkdir(exist_ok=True)
        with pytest.raises(OmrError) as refused, at_disk(tmp_path / target, tmp_path / source):
            raise sqlite3.OperationalError("disk I/O error")
        assert refused.value.values["target"] == tmp_path / named
