"""Who waits for a stack at a terminal sees how many pages of all were read, and how long it will take."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from offices import Office
from PIL import Image
from scanned import slip

from omr.cli.bar import AFTER_S, Bar, shown
from omr.forms.serial import IssuedSerials
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk, RejectedPage
from omr.records.batches.receipt import WHOLE_FILE
from omr.records.inbox.inbox import Progress
from omr.records.inbox.progress import Counting
from omr.records.safekeeping.health import examine
from omr.steps import each, told_to


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("screen", "told"), [(Screen(), "3/3"), (io.StringIO(), "")])
def test_a_terminal_is_told_the_whole_and_a_pipe_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, told: str
) -> None:
    picture = Image.fromarray(np.full((900, 640), 255, np.uint8))
    picture.save(tmp_path / "a.tif", save_all=True, append_images=[picture])
    picture.save(tmp_path / "b.png")
    files = [tmp_path / "a.tif", tmp_path / "b.png"]
    results = [RejectedPage(file.name, 1, "no_fiducials", {}) for file in [*files, files[0]]]
    monkeypatch.setattr("sys.stderr", screen)
    desk = Desk(IssuedSerials([]), {}, load_calibration())
    assert list(shown(lambda pages, desk: iter(results), files)([], desk)) == results
    assert told in screen.getvalue() and bool(screen.getvalue()) == bool(told)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_long_work_is_drawn_with_its_whole_and_the_time_left_and_short_work_is_not() -> None:
    clock, screen = Clock(), io.StringIO()
    bar = Bar(screen, clock)
    for done in range(11):
        bar("rows", done, 10)
    assert screen.getvalue() == ""  # done at once
    for done in range(101):
        clock.now += 1
        bar("events", done, 100)
    *lines, last = screen.getvalue().split("\r")
    assert "50/100  còn 0:50" in next(line for line in lines if " 50/100" in line)
    assert last.rstrip(" ").endswith("100/100\n") or "100/100" in last
    assert last.endswith("\n") and max(map(len, lines)) < 80


def test_a_bar_that_was_left_half_way_ends_its_line() -> None:
    clock, screen = Clock(), io.StringIO()
    bar = Bar(screen, clock)
    clock.now = AFTER_S
    bar("events", 1, 100)
    clock.now += 1
    bar("batches", 0, 4)
    assert screen.getvalue().count("\n") == 1
    bar.close()
    bar.close()
    assert screen.getvalue().count("\n") == 2


def test_a_doctor_of_a_large_register_says_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with told_to(lambda what, done, whole: told.append((what, done, whole))):
        checks = examine(tmp_path)
    assert told[-1] == ("checks", len(checks), len(checks))


def test_what_nobody_listens_to_is_done_all_the_same() -> None:
    assert list(each("rows", iter("abc"), 3)) == list("abc")
    with told_to(None):
        assert list(each("rows", "abc")) == list("abc")


def test_every_long_command_says_how_far_it_is(office: Office, tmp_path: Path) -> None:
    heard: dict[str, list[tuple[int, int]]] = {}

    def listen(what: str, done: int, whole: int) -> None:
        heard.setdefault(what, []).append((done, whole))

    with told_to(listen):
        run = office.issue("PC06", 3, "2026-11")
        office("read", office.scan(slip(run, 1), slip(run, 2)), code=None)
        office("redecide", "--dry-run")
        office("answers")
        assert heard.pop("exporting")[-1] == (2, 2)  # whose output goes to a file
        office("export", "--ask", tmp_path / "ask.sqlite")
        office("export", "-o", tmp_path / "parquet")
        office("bundle", "export", "-o", tmp_path / "all.zip")
        office("report", "--period", "2026-11", "--format", "csv", "-o", tmp_path / "report")
        office("backup", tmp_path / "backup")
        office("restore", tmp_path / "backup", tmp_path / "restored", code=None)
        office("audit", "verify")
        office("period", "close", "2026-11", "--by", "lan", code=None)
    wanted = {
        "redeciding",
        "exporting",
        "exporting_periods",
        "bundling",
        "reporting",
    }
    wanted |= {"originals", "reading_back", "events", "batches", "originals_checked"}
    assert wanted <= heard.keys()
    assert all(said[-1] == (whole, whole) for said in heard.values() for whole in [said[-1][1]])


def test_what_is_wrong_with_a_file_is_not_said_of_its_first_page() -> None:
    told: list[Progress] = []
    counting = Counting(told.append, total=3)
    counting.seen(RejectedPage("bad.pdf", 1, "unopened", {}))
    counting.seen(RejectedPage("a.tif", 2, "too_pale", {}))
    counting.tell()
    assert [(one.file, one.page) for one in told[-1].problems] == [("bad.pdf", WHOLE_FILE), ("a.tif", 2)]
    assert (told[-1].pages, told[-1].rejected) == (1, 1)
