"""One receipt: what command line, list of batches, desk and paper say of a stack is counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scanned import BLANK, Outcome, Scanner, rejected, slip

from omr.errors import RegisterError
from omr.forms.printing.cover import Cover
from omr.forms.serial import Issue, Serial
from omr.forms.symbols import address_code
from omr.reading.files.find import find_files
from omr.reading.reader import ReadPage
from omr.reading.scan.pages import EncodedPage
from omr.records.batches.batches import BatchState, batches
from omr.records.batches.receipt import receipt_of
from omr.records.batches.receipt_said import as_json, as_text, figures
from omr.records.batches.withdrawal import withdraw_batch
from omr.records.intake.left_out import add_left_out
from omr.records.month.closing import close
from omr.records.offices.periods import parse_period
from omr.records.review.decide import decide
from omr.records.review.queue import Item, queue, shown
from omr.records.store.store import Store
from omr.words import OF_A_FILE

Issuing = Callable[..., Issue]


def with_cover(file: Path, scanner: Scanner, count: int) -> Path:
    """Put a cover sheet on top of a scanned file."""
    cover = Cover("PC06", "2026-11", "DL-01", count)
    modules = np.kron(~np.asarray(address_code(cover.payload), bool), np.ones((8, 8), bool))
    sheet = Image.fromarray(np.pad(modules, 60, constant_values=True).astype(np.uint8) * 255)
    with Image.open(file) as pages:
        others = []
        for number in range(pages.n_frames):
            pages.seek(number)
            others.append(pages.copy())
    sheet.save(file, save_all=True, append_images=others, compression="tiff_lzw")
    told = {page: outcome for (name, page), outcome in scanner.pages.items() if name == file.name}
    scanner.pages |= {(file.name, page + 1): outcome for page, outcome in told.items()}
    return file


def test_a_cover_sheet_is_no_sheet_of_the_stack(scanner: Scanner, issued_run: Issuing, store: Store) -> None:
    run = issued_run()
    file = with_cover(scanner.scan("a.tif", slip(run, 1), slip(run, 2), BLANK), scanner, count=2)
    made = scanner.take_in(file)
    assert (made.came.pages, made.came.covers, made.came.sheets, made.missing) == (4, 1, 2, 0)
    (line,) = batches(store)
    assert (line.came, line.missing) == (made.came, 0)


@pytest.fixture
def stacks(scanner: Scanner, issued_run: Issuing) -> list[str]:
    """Stacks of every kind: plain, covered, read before, doubled, interrupted and gone on with."""
    run = issued_run(30)
    plain = scanner.scan("a.tif", slip(run, 1), BLANK, rejected("serial_unreadable"), slip(run, 2, B1="?"))
    covered = scanner.scan("b.tif", slip(run, 3), slip(run, 4), BLANK, slip(run, 1))
    third = scanner.scan("c.tif", slip(run, 5), slip(run, 6), slip(run, 7))
    made = [
        scanner.take_in(plain, expected=3),
        scanner.take_in(with_cover(covered, scanner, count=3)),
        scanner.take_in(plain, third, expected=7),
    ]
    fourth = scanner.scan("d.tif", slip(run, 8), BLANK, slip(run, 9))

    def stops(pages: Iterator[EncodedPage]) -> Iterator[Outcome]:
        for number, outcome in enumerate(scanner.read(pages)):
            if number == 1:
                raise KeyboardInterrupt
            yield outcome

    with pytest.raises(KeyboardInterrupt):
        scanner.take_in(fourth, read=stops, unit="PC06")
    made.append(scanner.take_in(fourth))
    return [one.batch.name for one in made]


def test_list_and_receipt_count_alike(stacks: list[str], store: Store) -> None:
    lines = {line.batch.name: line for line in batches(store)}
    assert set(stacks) <= set(lines)
    for name, line in lines.items():
        made = receipt_of(store, name)
        assert (line.batch, line.came, line.missing) == (made.batch, made.came, made.missing)
        told = as_json(made)
        assert told["sheets"] == line.came.sheets
        assert told["pages"] == line.came.pages == made.came.sheets + made.came.blank_backs + made.came.covers
        assert sum(made.reasons.values()) == made.came.rejected


def test_a_batch_is_complete_when_its_last_page_was_stored(stacks: list[str], store: Store) -> None:
    states = {line.batch.name: line.batch.complete for line in batches(store)}
    assert all(states[name] for name in stacks)
    assert sorted(states.values()) == [
        False,
        *[True] * len(stacks),
    ]  # the one that was gone on with otherwise


def test_pages_to_scan_again_are_problems_that_nobody_settled(stacks: list[str], store: Store) -> None:
    from omr.records.review.decide import decide

    made = receipt_of(store, stacks[0])
    (bad,) = made.to_scan_again
    assert (bad.reason, bad.file, bad.page) == ("serial_unreadable", "a.tif", 3)
    decide(store, f"P{bad.key}", ["not_a_slip"], by="lan", why="tờ bìa", read=lambda item, serial: None)
    again = receipt_of(store, stacks[0])
    assert not again.to_scan_again
    assert [one.reason for one in again.problems] == [one.reason for one in made.problems]


def test_a_file_that_was_read_before_says_where_and_its_new_count_is_compared(
    scanner: Scanner, issued_run: Issuing
) -> None:
    run = issued_run()
    file = scanner.scan("a.tif", slip(run, 1), slip(run, 2))
    first = scanner.take_in(file, expected=2)
    renamed = file.rename(file.with_name("b.tif"))
    scanner.pages |= {("b.tif", page): outcome for (_, page), outcome in list(scanner.pages.items())}
    again = scanner.take_in(renamed, expected=5)
    assert (first.missing, first.troubles) == (0, ())
    assert (again.batch, again.missing, again.waits) == (first.batch, 3, True)
    (said,) = again.troubles
    assert (said.file, said.page, said.reason) == ("b.tif", 0, "file_again")
    assert said.values["batch"] == first.batch.name and said.values["name"] == "a.tif"
    assert "a.tif" in as_text(again) and "5" in as_text(again)
    assert scanner.take_in(renamed).expected is None  # nobody counted this time
    twice = scanner.take_in(renamed, renamed)
    assert [one.reason for one in twice.troubles] == ["file_again", "file_twice"]


def test_receipts_of_what_came_twice_add_up_to_what_counts(
    scanner: Scanner, issued_run: Issuing, store: Store
) -> None:
    """A stack sent again with a new one beside it was said to count under both names."""
    run = issued_run()
    old, new = scanner.scan("a.tif", slip(run, 1), slip(run, 2)), scanner.scan("b.tif", slip(run, 3))
    first = scanner.take_in(old)
    both = scanner.take_in(old, new, expected=3)
    assert (both.missing, receipt_of(store, both.batch.name).came) == (
        0,
        both.came,
    )  # all was counted by hand
    assert (first.came.slips, both.came.slips, both.came.earlier_slips) == (2, 1, 2)
    assert store.value("SELECT count(*) FROM returned_slips") == first.came.slips + both.came.slips
    assert dict(figures(both))["earlier"] == "2" and "earlier" not in dict(figures(first))
    assert "2 phiếu đã được tính ở lô trước" in as_text(both)
    line, _ = batches(store)
    assert line.came == both.came and line.state is BatchState.COMPLETE
    same = scanner.take_in(old)
    assert same.again and not both.again
    assert f"được đọc ở lô {first.batch.name}" in as_text(same).splitlines()[1]
    assert same == replace(same, again=True, problems=receipt_of(store, same.batch.name, again=True).problems)


def test_a_file_of_a_withdrawn_batch_is_refused_though_it_came_with_a_new_one_later(
    scanner: Scanner, issued_run: Issuing, store: Store
) -> None:
    run = issued_run()
    old, new = scanner.scan("a.tif", slip(run, 1)), scanner.scan("b.tif", slip(run, 2))
    first = scanner.take_in(old)
    both = scanner.take_in(old, new)
    assert scanner.take_in(old).batch == first.batch and scanner.take_in(new).batch == both.batch
    withdraw_batch(store, first.batch.name, by="lan", why="nhầm")
    with pytest.raises(RegisterError) as caught:
        scanner.take_in(old)
    assert caught.value.values["batch"] == first.batch.name


def test_a_receipt_says_what_counts(scanner: Scanner, issued_run: Issuing, store: Store) -> None:
    run, other = issued_run(), issued_run(3, unit="PC08")
    scanner.take_in(scanner.scan("a.tif", slip(run, 1)))
    made = scanner.take_in(scanner.scan("b.tif", slip(run, 1), slip(other, other.first)), unit="PC06")
    assert (made.came.read, made.came.counting) == (2, 0)
    (line, _) = batches(store)
    assert line.came == made.came


def test_a_file_in_which_pages_may_be_missing_is_flagged_and_its_flag_is_no_sheet(
    scanner: Scanner, issued_run: Issuing, store: Store
) -> None:
    run = issued_run()
    flag = rejected("pages_may_be_missing", found=2, counted=4)
    made = scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2), flag), expected=2)
    assert (made.came.pages, made.came.sheets, made.came.rejected, made.missing) == (2, 2, 0, 0)
    assert made.waits and made.came.flagged == 1
    assert [one.reason for one in made.troubles] == ["pages_may_be_missing"]
    assert as_json(made)["rejected"] == {}
    (line,) = batches(store)
    assert line.came == made.came


def nothing(*given: object) -> ReadPage:
    raise AssertionError(given)


@pytest.mark.parametrize("reason", OF_A_FILE)
def test_what_is_said_of_a_file_is_no_page_and_no_sheet(
    reason: str, scanner: Scanner, issued_run: Issuing, store: Store
) -> None:
    """An empty file is no sheet that somebody counted; once it is settled, it asks for nothing."""
    flag = rejected(reason, found=2, counted=4, name="mail.xml")
    made = scanner.take_in(
        scanner.scan("a.tif", slip(issued_run(), 1)), scanner.scan("b.tif", flag), expected=1
    )
    assert (made.came.pages, made.came.sheets, made.missing, made.came.flagged) == (1, 1, 0, 1)
    assert made.waits and batches(store)[0].state is BatchState.SCAN_AGAIN
    (one,) = made.troubles
    assert (one.file, one.page, one.reason) == ("b.tif", 0, reason) and one.detail in as_text(made)
    short = replace(made, expected=3)
    hint = "nằm trong tệp không mở được"
    assert hint in as_text(short) and hint not in as_text(made)
    (item,) = queue(store)
    decide(store, item.item, ["not_a_slip"], by="lan", why="nothing on it", read=nothing)
    settled = receipt_of(store, made.batch.name)
    (line,) = batches(store)
    assert not settled.waits and line.state is BatchState.COMPLETE
    assert line.came == settled.came


def test_a_page_of_an_attached_file_is_named_after_both(
    scanner: Scanner, issued_run: Issuing, store: Store
) -> None:
    page = rejected("too_pale", inside="scan 2.tif")
    made = scanner.take_in(scanner.scan("mail.pdf", slip(issued_run(), 1), page))
    assert [(one.file, one.page) for one in made.troubles] == [("mail.pdf › scan 2.tif", 2)]
    (item,) = queue(store)
    assert shown(store, item.item).file == "mail.pdf › scan 2.tif"


def test_what_was_left_out_stays_with_its_batch(
    scanner: Scanner, issued_run: Issuing, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    (folder / ".Trash-0").mkdir(parents=True)
    (folder / ".Trash-0" / "a.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "scans.zip").write_bytes(b"PK\x03\x04")
    left_out = find_files([folder]).left_out
    made = scanner.take_in(scanner.scan("a.tif", slip(issued_run(), 1)))
    assert not made.waits
    with store.act("leave_out", by="lan") as act:
        add_left_out(store, act, made.batch.name, left_out)
        add_left_out(store, act, made.batch.name, left_out)
    again = receipt_of(store, made.batch.name)
    assert [(one.path, one.reason) for one in again.left_out] == [
        ("scans.zip", "archive"),
        (".Trash-0", "trash"),
    ]
    assert again.waits
    assert [one.reason for one in again.troubles] == ["archive"]
    text = as_text(again)
    assert "scans.zip" in text and ".Trash-0" in text


def test_a_blank_page_is_a_case_where_no_back_is_expected(scanner: Scanner, issued_run: Issuing) -> None:
    run = issued_run(20)
    slips = [slip(run, number) for number in range(1, 9)]

    def alone(name: str, *pages: Outcome) -> list[int]:
        made = scanner.take_in(scanner.scan(name, *pages))
        assert len(made.backs) == sum(page is BLANK for page in pages)
        assert made.waits == any(one.reason == "blank_alone" for one in made.problems)
        return [one.page for one in made.problems if one.reason == "blank_alone"]

    assert alone("one side.tif", slips[0], slips[1], BLANK, slips[2]) == [3]
    assert alone("both sides.tif", slips[3], BLANK, slips[4], BLANK) == []
    assert alone("upside down.tif", slips[5], BLANK, BLANK, slips[6], BLANK) == [3]
    assert alone("alone.tif", BLANK) == [1]


def test_a_blank_page_that_is_no_back_is_settled_like_a_page_that_was_not_read(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run()
    made = scanner.take_in(scanner.scan("a.tif", slip(run, 1), BLANK, slip(run, 2)))
    (case,) = queue(store)
    assert (case.item, case.kind, case.reason, case.page_number) == ("P2", "page", "blank_alone", 2)
    november = parse_period("2026-11")
    with pytest.raises(RegisterError, match="1"):
        close(store, november, by="lan")

    def say(word: str) -> bool:
        decide(store, "P2", [word], by="lan", why="tờ lót", read=never)
        return receipt_of(store, made.batch.name).waits

    assert not say("not_a_slip")
    assert say("withdraw")
    assert not say("rescanned")
    close(store, november, by="lan")


def never(item: Item, serial: Serial) -> ReadPage:
    raise AssertionError("nothing is read anew for a page that is no slip")


def test_files_that_came_again_were_read_at_no_speed(stacks: list[str], store: Store) -> None:
    made = replace(receipt_of(store, stacks[0]), seconds=2.0)
    assert made.came.pages and "trang/giây" in as_text(made)
    assert "trang/giây" not in as_text(replace(made, again=True))
