"""`omr watch`: what a scanner leaves in a folder is read without hands, once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from offices import Office
from scanned import KnownMeans, rejected, slip

from omr.errors import OmrError
from omr.records.inbox.inbox import Inbox, StackState


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The scanner's folder."""
    made = tmp_path / "scanner"
    made.mkdir()
    return made


def test_what_lies_in_the_folder_is_read_and_ends_with_a_receipt(office: Office, folder: Path) -> None:
    run = office.issue("PC06", 5, "2026-11")
    scan = office.scan(*(slip(run, n) for n in range(1, 4)))
    shutil.copy(scan, folder)
    (folder / "note.txt").write_text("not a scan")
    ran = office("watch", folder, "--unit", "PC06", "--period", "2026-11", "--quiet", 0.1, "--once")
    assert "note.txt" in ran.err and str(folder) in ran.err
    assert "B000001" in ran.out and "Đọc được 3 trang" in ran.out
    assert sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.*")) == [
        "strange/note.txt",
        f"taken/{scan.name}",
    ]
    assert len(office.json("answers", "--period", "2026-11")) == 3


def test_the_same_scan_again_counts_nothing_twice(office: Office, folder: Path) -> None:
    run = office.issue("PC06", 5, "2026-11")
    scan = office.scan(*(slip(run, n) for n in range(1, 4)))
    told = []
    for _ in range(2):
        shutil.copy(scan, folder)
        told.append(office("watch", folder, "--quiet", 0.1, "--once").out)
    assert [text.count("GỬI LẠI TỆP CŨ") for text in told] == [0, 1]  # two receipts, one stack
    assert "được đọc ở lô B000001" in told[1] and "không thêm phiếu nào" in told[1]
    assert len(office.json("answers", "--period", "2026-11")) == 3
    assert (folder / "taken" / f"{scan.stem} (2).tif").is_file()


def test_a_page_that_cannot_be_read_stands_in_the_receipt(office: Office, folder: Path) -> None:
    run = office.issue("PC06", 5, "2026-11")
    shutil.copy(office.scan(slip(run, 1), rejected("serial_unreadable")), folder)
    told = office("watch", folder, "--quiet", 0.1, "--once").out
    assert "Đọc được 1 trang" in told and "không nhận 1" in told


def test_a_stack_that_cannot_be_read_at_all_says_why(office: Office, folder: Path) -> None:
    class NoMeans(KnownMeans):
        def calibration(self, name: object, own: object) -> NoReturn:
            raise OmrError("inbox.crashed", code=1)

    office.means = NoMeans(office.scanner)
    (folder / "a.pdf").write_bytes(b"%PDF-1.4\nnothing\n%%EOF")
    ran = office("watch", folder, "--quiet", 0.1, "--once")
    assert str(OmrError("inbox.crashed", code=1)) in ran.err
    inbox = Inbox(office.workspace)
    assert [inbox.state(stack) for stack in inbox.stacks()] == [StackState.FAILED]  # kept: it can go again


@pytest.mark.parametrize("words", [("--unit", "X99"), ("--period", "2026-13")])
def test_a_wrong_unit_or_month_is_told_before_anything_is_taken(
    words: tuple[str, str], office: Office, folder: Path
) -> None:
    (folder / "a.pdf").write_bytes(b"%PDF-1.4")
    ran = office("watch", folder, *words, "--once", code=1)
    assert words[1] in ran.err
    assert [file.name for file in folder.iterdir()] == ["a.pdf"]


def test_a_folder_that_is_not_there_is_one_line(office: Office, folder: Path) -> None:
    assert str(folder / "no") in office("watch", folder / "no", code=1).err
