"""One inbox for all ways in: what one program leaves, the next reads; what waits is told, with its age."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from offices import Office
from scanned import KnownMeans, Outcome, rejected, slip

from omr.errors import OmrError, outside
from omr.messages import choose_language
from omr.reading.scan.pages import EncodedPage
from omr.records.inbox.hot_folder import HotFolder
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.records.inbox.outlook import Name, claim_of, outlook, write_down
from omr.records.inbox.sights import Fate
from omr.records.inbox.watching import TRY_AGAIN_S, Watching
from omr.records.intake.orders import Orders
from omr.records.store.store import Store
from omr.workspace import Workspace


class Stopping(KnownMeans):
    """A reader that is interrupted after some pages."""

    after = 1

    def read_pages(self, pages: Iterable[EncodedPage], desk: object, **how: object) -> Iterator[Outcome]:
        for done, outcome in enumerate(self.scanner.read(pages)):
            if done == self.after:
                raise KeyboardInterrupt
            yield outcome


@pytest.fixture
def interrupted(office: Office) -> Path:
    """A stack of three slips of which a killed `omr read` left two."""
    run = office.issue("PC06", 9, "2026-11")
    scan = office.scan(*(slip(run, number) for number in range(1, 4)))
    usual, office.means = office.means, Stopping(office.scanner)
    office("read", scan, code=1)
    office.means = usual
    return scan


def counted(office: Office) -> int:
    return len(office.json("answers", "--period", "2026-11"))


def test_the_same_command_goes_on_with_the_same_stack(office: Office, interrupted: Path) -> None:
    inbox = Inbox(office.workspace)
    (left,) = inbox.unread()
    assert office.json("read", interrupted)["read"] == 3
    assert counted(office) == 3
    assert [inbox.state(stack) for stack in inbox.stacks()] == [StackState.DONE]
    assert inbox.stacks()[0].name == left.name


def test_the_watch_goes_on_with_what_read_left(office: Office, interrupted: Path, tmp_path: Path) -> None:
    interrupted.unlink()  # the stick is gone
    (tmp_path / "hot").mkdir()
    told = office("watch", tmp_path / "hot", "--once", "--quiet", 0)
    assert "B000001" in told.out
    assert counted(office) == 3


def test_another_read_goes_on_with_it_too_and_says_so(office: Office, interrupted: Path) -> None:
    run = office.issue("PC06", 3, "2026-11", form="DL-03")
    other = office.scan(slip(run, 1))
    ran = office("read", other)
    assert "B000002" in ran.out and "B000001" in ran.err
    assert counted(office) == 4


def test_what_waits_is_told_until_it_is_read(office: Office, interrupted: Path) -> None:
    checks = {check["name"]: check for check in office.json("doctor", code=3)["checks"]}
    assert not checks["inbox"]["ok"] and "omr inbox" in checks["inbox"]["mend"]
    told = office.json("inbox", code=3)
    assert [(one["state"], one["way"]) for one in told["stacks"]] == [("waiting", "read")]
    assert told["attended"] is False
    office("read", interrupted)
    assert office.json("inbox") == {"oldest_unread_s": 0, "attended": False, "stacks": [], "folders": []}


def test_a_stack_that_cannot_be_read_can_go_again_or_away(office: Office, interrupted: Path) -> None:
    inbox = Inbox(office.workspace)
    (left,) = inbox.unread()
    inbox.fail(left, OmrError("inbox.crashed", code=-9))
    assert "-9" in office("inbox", code=3).out
    office("inbox", "--again", left.name, code=3)
    assert inbox.state(left) is not StackState.FAILED
    inbox.fail(left, OmrError("inbox.crashed", code=-9))
    office("inbox", "--drop", left.name)
    assert inbox.stacks() == []
    assert "none" in office("inbox", "--again", "none", code=1).err


def test_a_read_that_is_refused_leaves_nothing_behind(office: Office) -> None:
    run = office.issue("PC06", 3, "2026-11")
    office("read", office.scan(slip(run, 1)), "--unit", "X99", code=1)
    assert Inbox(office.workspace).stacks() == []


def test_what_the_machine_refuses_a_read_goes_on_later(office: Office) -> None:
    class Full(KnownMeans):
        def read_pages(self, *_: object, **__: object) -> Iterator[Outcome]:
            raise outside(OSError(28, "No space left on device"), "/srv")

    run = office.issue("PC06", 3, "2026-11")
    scan = office.scan(slip(run, 1))
    usual, office.means = office.means, Full(office.scanner)
    assert "/srv" in office("read", scan, code=1).err
    office.means = usual
    assert len(Inbox(office.workspace).unread()) == 1
    office("read", scan)
    assert counted(office) == 1


def test_the_age_is_that_of_the_oldest_file_wherever_it_lies(office: Office, tmp_path: Path) -> None:
    inbox, now = Inbox(office.workspace), datetime.now(UTC)
    inbox.begin("PC06", None, None, by="clerk")  # open: its sender is not done
    assert outlook(inbox).oldest is None
    early = (now - timedelta(hours=3)).isoformat()
    names = [
        Name("half.pdf", Fate.BROKEN, "breaks_off", "", early),
        Name("note.txt", Fate.NOT_OURS, "not_a_scan", "", "2020-01-01T00:00:00+00:00"),
    ]
    write_down(inbox, tmp_path, "", names)
    found = outlook(inbox)
    assert found.age_s(now) == pytest.approx(3 * 3600)
    assert not found.is_well(now)
    assert [folder.watched for folder in found.folders] == [False]
    with inbox.claims.at_once(claim_of(tmp_path)):
        assert [folder.watched for folder in outlook(inbox).folders] == [True]
    choose_language("en")
    assert "3 h 0 min" in found.told(now)
    assert "breaks off" in office("inbox", "--lang", "en", code=3).out


@pytest.mark.parametrize("how", ["read", "watch"])
def test_files_of_one_name_keep_their_folders(office: Office, tmp_path: Path, how: str) -> None:
    """Scanners that make a folder for each job begin with 0001 in each: which of them is meant is said."""
    run = office.issue("PC06", 9, "2026-11")
    for job in ("job 1", "job 2"):
        (tmp_path / "in" / job).mkdir(parents=True)
        made = office.scan(slip(run, int(job[-1])), rejected("no_fiducials"))
        made.rename(tmp_path / "in" / job / "0001.tif")
        for page in (1, 2):
            office.scanner.pages[f"{job} › 0001.tif", page] = office.scanner.pages.pop((made.name, page))
    words = ("read", tmp_path / "in") if how == "read" else ("watch", tmp_path / "in", "--once", "--quiet", 0)
    said = office(*words, code=None).out
    assert "job 1 › 0001.tif" in said and "job 2 › 0001.tif" in said
    assert counted(office) == 2


def test_a_bundle_comes_in_by_the_same_way_as_all_else(
    office: Office, interrupted: Path, tmp_path: Path
) -> None:
    """What an import that was interrupted left is read by whoever comes next, an empty original with it."""
    empty = office.folder / "empty.tif"
    empty.touch()
    office.scanner.pages["empty.tif", 1] = rejected("empty_file")
    office("read", interrupted, empty, code=3)
    there = Workspace.create(tmp_path / "pv01")
    with (
        Store.open(office.workspace.database) as here,
        Store.open(there.database) as store,
        store.act("copy", by="test") as act,
    ):
        for table in ("forms", "form_questions", "form_options", "unit_entries", "runs", "run_ends"):
            act.add(table, *({**row, "event": act.event} for row in here.rows(f"SELECT * FROM {table}")))
    office("bundle", "export", "-o", tmp_path / "all.zip")
    office.workspace = there
    usual, office.means = office.means, Stopping(office.scanner)
    office("bundle", "import", tmp_path / "all.zip", code=1)
    assert [stack.way for stack in Inbox(there).unread()] == ["read"]
    office.means = usual
    office("inbox", code=3)
    office("bundle", "import", tmp_path / "all.zip", code=3)
    assert counted(office) == 3
    assert [Inbox(there).state(stack) for stack in Inbox(there).stacks()] == [StackState.DONE]
    assert not list(there.path.glob(".passing.*"))


class Terminal:
    """A watch whose lines and receipts are kept."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.lines: list[str] = []
        self.ended: list[Stack] = []
        inbox = Inbox(office.workspace, least_free=0)
        self.hot = HotFolder(folder, inbox, quiet_s=1.0, is_closed=lambda path: True)
        self.watching = Watching(
            self.hot,
            inbox,
            Orders(None, None),
            "test",
            tell=self.lines.append,
            show=self.ended.append,
        )

    def at(self, *seconds: float) -> list[str]:
        """Look at these moments; return the lines that were told."""
        self.lines.clear()
        for second in seconds:
            self.watching.step(second, second)
        return list(self.lines)


@pytest.fixture
def terminal(office: Office, tmp_path: Path) -> Terminal:
    choose_language("en")
    (tmp_path / "hot").mkdir()
    return Terminal(office, tmp_path / "hot")


def test_each_name_has_one_line_and_no_more(terminal: Terminal) -> None:
    folder = terminal.hot.folder
    for name in ("empty.pdf", "~scan.tmp"):
        (folder / name).touch()
    lines = terminal.at(*range(60))
    assert [line.split(":")[0] for line in lines] == ["empty.pdf", "~scan.tmp"]
    (found,) = outlook(terminal.watching._inbox).folders
    assert {one.name: one.reason for one in found.names} == {
        "empty.pdf": "empty",
        "~scan.tmp": "unfinished_name",
    }
    (folder / "empty.pdf").unlink()
    assert terminal.at(*range(60, 70)) == []


def test_a_folder_that_goes_has_one_line_and_one_when_it_is_back(terminal: Terminal) -> None:
    away = terminal.hot.folder.rename(terminal.hot.folder.with_name("away"))
    (gone,) = terminal.at(*range(10))
    assert "not there" in gone and "goes on by itself" in gone
    away.rename(terminal.hot.folder)
    (back,) = terminal.at(*range(10, 20))
    assert "goes on" in back


def test_what_the_machine_refuses_is_told_once_and_tried_again(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (terminal.hot.folder / "a.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        (line,) = terminal.at(*range(60))
    assert "is full" in line and "stay where they are" in line
    again, taken = terminal.at(60 + TRY_AGAIN_S, 61 + TRY_AGAIN_S)
    assert "a.pdf" in again + taken


def test_receipts_and_failures_of_stacks_are_shown_when_they_end(terminal: Terminal) -> None:
    inbox = terminal.watching._inbox
    (terminal.hot.folder / "a.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (terminal.hot.folder / "job").mkdir()
    (terminal.hot.folder / "job" / "b.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    terminal.at(0, 1, 2)
    first, second = inbox.unread()
    inbox.finish(first, "B000007")
    inbox.fail(second, OmrError("inbox.crashed", code=-9))
    lines = terminal.at(3, 4)
    assert [inbox.batch(stack) for stack in terminal.ended] == ["B000007"]
    assert len(lines) == 1 and second.name in lines[0] and "-9" in lines[0]


def test_one_folder_has_one_watch(office: Office, tmp_path: Path) -> None:
    (tmp_path / "hot").mkdir()
    with Inbox(office.workspace).claims.at_once(claim_of(tmp_path / "hot")):
        assert str(tmp_path / "hot") in office("watch", tmp_path / "hot", "--once", code=1).err
