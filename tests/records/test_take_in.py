"""A batch comes in: every page once, whatever happens on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil
import pytest
from scanned import BLANK, Outcome, Scanner, rejected, slip
from waiting import PATIENCE_S

from omr.errors import RegisterError
from omr.files import sha256_of
from omr.forms.serial import Issue
from omr.reading.scan.pages import EncodedPage
from omr.records.batches.receipt import Receipt
from omr.records.offices.units import find_unit
from omr.records.proof.chain import batch_root, verify
from omr.records.store.store import Store

Issuing = Callable[..., Issue]
FACTS = (
    "pages",
    "lone_blanks",
    "readings",
    "set_aside",
    "decidings",
    "answers",
    "batches",
    "batch_files",
    "original_ends",
)


def facts(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of what was read, without the number of the event that brought them."""
    return {table: sorted(tuple(row)[1:] for row in store.rows(f"SELECT * FROM {table}")) for table in FACTS}


def test_every_page_ends_as_read_blank_or_rejected(scanner: Scanner, issued_run: Issuing) -> None:
    run = issued_run()
    file = scanner.scan("a.tif", slip(run, 1), BLANK, rejected("no_serial"), slip(run, 2, B1="?"))
    made = scanner.take_in(file)
    assert (made.came.pages, made.came.read, made.came.blank_backs, made.reasons) == (
        4,
        2,
        1,
        {"no_serial": 1},
    )
    assert (made.came.sheets, made.duplicates, made.to_review, made.waits) == (3, 0, 1, True)
    assert [(one.file, one.page, one.reason) for one in made.problems] == [
        ("a.tif", 2, "blank_alone"),  # the only one of four: scanned on one side
        ("a.tif", 3, "no_serial"),
    ]


def test_the_same_file_again_changes_nothing_and_is_reported(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run()
    file = scanner.scan("a.tif", slip(run, 1), BLANK, rejected())
    first = scanner.take_in(file)
    before, events = facts(store), store.value("SELECT count(*) FROM events")
    again = scanner.take_in(file)
    assert facts(store) == before
    assert store.value("SELECT count(*) FROM events") == events
    assert (again.batch, again.came.pages, again.came.read, again.duplicates) == (first.batch, 3, 1, 3)


def test_a_known_file_beside_a_new_one_is_not_read_again(scanner: Scanner, issued_run: Issuing) -> None:
    run = issued_run()
    old, new = scanner.scan("a.tif", slip(run, 1)), scanner.scan("b.tif", slip(run, 2))
    first = scanner.take_in(old)
    both = scanner.take_in(old, new, read=lambda pages: scanner.read(only(pages, "b.tif")))
    assert both.batch != first.batch
    assert (both.files, both.came.pages, both.came.read, both.duplicates) == (2, 2, 2, 1)


def test_an_interrupted_reading_leaves_no_file_open(scanner: Scanner, tmp_path: Path) -> None:
    """PDFium would say so on standard error, below the one line that says what went wrong."""
    from reportlab.pdfgen.canvas import Canvas

    file = tmp_path / "three.pdf"
    canvas = Canvas(str(file))
    for text in "abc":
        canvas.drawString(50, 50, text)
        canvas.showPage()
    canvas.save()

    def lost(pages: Iterable[EncodedPage]) -> Iterator[Outcome]:
        kept.append(next(iter(pages)))
        raise RegisterError("period.unknown")
        yield

    kept: list[EncodedPage] = []
    before = {one.path for one in psutil.Process().open_files()}  # by other tests
    with pytest.raises(RegisterError) as caught:
        scanner.take_in(file, read=lost)
    now = {one.path for one in psutil.Process().open_files()} - before
    still_open = [path for path in now if path.endswith(".pdf")]
    assert caught.tb is not None and kept  # whoever looks at the error still holds what was on its way
    assert still_open == []


def only(pages: Iterable[EncodedPage], name: str) -> Iterator[EncodedPage]:
    """Pass pages of one file on; another file must not be opened."""
    for page in pages:
        assert page.file == name
        yield page


def test_a_file_given_twice_is_read_once(scanner: Scanner, tmp_path: Path, issued_run: Issuing) -> None:
    run = issued_run()
    file = scanner.scan("a.tif", slip(run, 1), slip(run, 2))
    copy = tmp_path / "copy.tif"
    copy.write_bytes(file.read_bytes())
    scanner.pages |= {("copy.tif", number): scanner.pages["a.tif", number] for number in (1, 2)}
    made = scanner.take_in(file, copy)
    assert (made.came.pages, made.came.read, made.duplicates) == (4, 4, 2)


@pytest.mark.parametrize("after", range(8))
def test_an_interrupted_batch_ends_in_the_same_rows(
    after: int,
    scanner: Scanner,
    store: Store,
    issued_run: Issuing,
    tmp_path: Path,
) -> None:
    scanner.pages_per_act = 2
    run = issued_run()
    pages = [slip(run, 1), BLANK, slip(run, 2), rejected(), slip(run, 1), slip(run, 3, B1="?"), BLANK]
    files = scanner.scan("a.tif", *pages[:4]), scanner.scan("b.tif", *pages[4:])

    def stopped(encoded: Iterable[EncodedPage]) -> Iterator[Outcome]:
        for done, outcome in enumerate(scanner.read(encoded)):
            if done == after:
                raise KeyboardInterrupt
            yield outcome

    if after < len(pages):
        with pytest.raises(KeyboardInterrupt):
            scanner.take_in(*files, read=stopped)
        assert store.value("SELECT count(*) FROM pages") == after  # nothing that was read is lost
    made = scanner.take_in(*files)
    assert (made.came.pages, made.came.read, made.duplicates) == (7, 4, 1)

    with Store.open(tmp_path / "whole.sqlite") as whole:
        copy_register(store, whole)
        undisturbed = Scanner(scanner.folder, whole, scanner.workspace, scanner.pages)
        undisturbed.take_in(*files)
        assert facts(store) == facts(whole)


def copy_register(source: Store, target: Store) -> None:
    """Give another database the same forms and print runs."""
    with target.act("copy", by="test") as act:
        for table in ("forms", "form_questions", "form_options", "runs", "run_ends"):
            rows = [dict(row) for row in source.rows(f"SELECT * FROM {table}")]
            act.add(table, *({**row, "event": act.event} for row in rows))


def test_a_sheet_scanned_again_is_a_duplicate_and_another_image_is_held(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run()
    first = scanner.scan("a.tif", slip(run, 1), slip(run, 2), shades=(10, 11))
    again = scanner.scan("b.tif", slip(run, 1), slip(run, 2, B1="1"), shades=(10, 99))
    scanner.take_in(first)
    made = scanner.take_in(again)
    assert (made.came.read, made.duplicates, made.to_review) == (2, 2, 1)
    assert [one.reason for one in made.problems] == ["same_image", "duplicate_other_image"]
    standings = [row["standing"] for row in store.rows("SELECT standing FROM slips ORDER BY reading")]
    assert standings == ["counts", "counts", "duplicate", "held"]


def test_slips_of_another_unit_or_period_are_held_not_dropped(scanner: Scanner, issued_run: Issuing) -> None:
    ours, theirs, late = issued_run(), issued_run(unit="PC08"), issued_run(period="2026-10")
    file = scanner.scan("a.tif", slip(ours, ours.first), slip(theirs, theirs.first), slip(late, late.first))
    made = scanner.take_in(file, unit="pc06", period="2026-11")
    assert [one.reason for one in made.problems] == ["other_unit", "other_period"]
    assert (made.came.read, made.to_review, made.waits) == (3, 2, True)


def test_without_unit_and_period_the_print_run_says_them(scanner: Scanner, issued_run: Issuing) -> None:
    runs = issued_run(), issued_run(unit="PC08"), issued_run(period="2026-10")
    made = scanner.take_in(scanner.scan("a.tif", *(slip(run, run.first) for run in runs)))
    assert (made.came.read, made.to_review, made.waits) == (3, 0, False)


def test_a_count_by_hand_that_differs_waits_for_a_person(scanner: Scanner, issued_run: Issuing) -> None:
    run = issued_run()
    file = scanner.scan("a.tif", slip(run, 1), BLANK)
    assert not scanner.take_in(file, expected=1).waits
    other = scanner.scan("b.tif", slip(run, 2), BLANK)
    assert scanner.take_in(other, expected=2).waits


def test_a_unit_that_does_not_exist_is_refused_before_anything_is_kept(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run()
    file = scanner.scan("a.tif", slip(run, 1))
    with pytest.raises(RegisterError):
        scanner.take_in(file, unit="PC99")
    assert store.value("SELECT count(*) FROM originals") == 0
    assert find_unit(store, "PC06").unit == "PC06"


def test_originals_are_kept_untouched_under_their_hash(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    file = scanner.scan("Lô 1 tháng 11.TIF", slip(issued_run(), 1))
    before = file.read_bytes()
    scanner.take_in(file)
    row = store.row("SELECT * FROM originals")
    assert row is not None
    kept = scanner.workspace.path / row["path"]
    assert kept.relative_to(scanner.workspace.scans).parts == (row["original"][:2], f"{row['original']}.tif")
    assert file.read_bytes() == kept.read_bytes() == before
    assert sha256_of(kept) == row["original"]


def test_a_file_that_does_not_open_is_asked_about_and_counts_no_page(
    scanner: Scanner, issued_run: Issuing
) -> None:
    issued_run()
    broken = scanner.folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing")

    def read(pages: Iterable[EncodedPage]) -> Iterator[Outcome]:
        for page in pages:
            assert page.fault is not None
            yield rejected(page.fault.reason)

    made = scanner.take_in(broken, read=read)
    assert made.came.pages == 0  # nobody knows how many it has
    assert made.came.flagged == made.came.flags_wait == 1


def beside(store: Store, scanner: Scanner) -> tuple[Store, Scanner]:
    """Return the same office as a second program sees it."""
    other = Store.open(store.path, any_thread=True)
    return other, Scanner(scanner.folder, other, scanner.workspace, scanner.pages)


@pytest.mark.parametrize("inner", [("a.tif",), ("a.tif", "b.tif"), ("b.tif", "c.tif")])
def test_of_two_programs_with_one_stack_within_the_other_one_waits(
    inner: tuple[str, ...], scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run()
    for at, name in enumerate(("a.tif", "b.tif", "c.tif")):
        scanner.scan(name, *(slip(run, number) for number in range(5 * at + 1, 5 * at + 4)))
    second, other = beside(store, scanner)
    waited, done = threading.Event(), list[Receipt]()

    def come_in() -> None:
        files = [scanner.folder / name for name in inner]
        done.append(other.take_in(*files, waits=lambda _: waited.set()))

    coming = threading.Thread(target=come_in)

    def disturbed(pages: Iterable[EncodedPage]) -> Iterator[Outcome]:
        for at, outcome in enumerate(scanner.read(pages)):
            if at == 1:
                coming.start()
                assert waited.wait(PATIENCE_S)
            yield outcome

    first = scanner.take_in(scanner.folder / "a.tif", scanner.folder / "b.tif", read=disturbed)
    coming.join(60)
    second.close()
    assert (first.came.read, len(done)) == (6, 1)
    assert verify(store, scanner.workspace.path).ok
    assert store.value("SELECT count(*) FROM batches WHERE batch NOT IN (SELECT batch FROM batch_ends)") == 0
    assert store.value("SELECT count(DISTINCT serial) FROM readings") == store.value(
        "SELECT count(*) FROM readings"
    )


def test_who_goes_on_with_a_batch_reads_all_of_it(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run()
    files = [scanner.scan(f"{at}.tif", slip(run, at + 1)) for at in range(3)]
    with pytest.raises(KeyboardInterrupt):
        scanner.take_in(*files, read=lambda pages: stopped_at_once(pages))
    files[2].unlink()  # its original is kept: the stick may be gone
    scanner.take_in(files[0])
    assert store.value("SELECT count(*) FROM readings") == 3
    assert store.value("SELECT count(*) FROM batch_ends") == 1
    assert verify(store, scanner.workspace.path).ok


def stopped_at_once(pages: Iterable[EncodedPage]) -> Iterator[Outcome]:
    next(iter(pages))
    raise KeyboardInterrupt
    yield


def test_nothing_is_added_to_a_batch_that_ended(scanner: Scanner, store: Store, issued_run: Issuing) -> None:
    """Two machines on one folder: a lock of one does not bind the other."""
    run = issued_run()
    file = scanner.scan("a.tif", slip(run, 1), slip(run, 2))

    def ended_meanwhile(pages: Iterable[EncodedPage]) -> Iterator[Outcome]:
        yield from scanner.read(pages)
        with store.act("end_batch", by="elsewhere") as act:
            act.add("batch_ends", {"batch": "B000001", "root": batch_root(store, "B000001", act.event)})

    with pytest.raises(RegisterError) as caught:
        scanner.take_in(file, read=ended_meanwhile)
    assert caught.value.key == "records.batch_ended"
    assert verify(store, scanner.workspace.path).ok
    assert scanner.take_in(file).came.read == 2
    assert verify(store, scanner.workspace.path).ok
