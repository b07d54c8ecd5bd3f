"""A sheet that is scanned again is known by its marks; a copy of it is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scanned import FORM, Scanner, slip

from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import Form, fingerprint
from omr.reading.ink.measure import FEATURES, F, MarkReading
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.first import EVIDENCE
from omr.reading.reader import Desk, ReadPage, read_page
from omr.reading.scan.pages import Depth, open_pages
from omr.records.batches.receipt import Receipt
from omr.records.intake.same_sheet import is_same_sheet
from omr.records.store.measured import boxes, pack
from omr.records.store.store import Store
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.stacks import Stack, simulate_stack
from omr.words import Seal

Issuing = Callable[..., Issue]
SHEETS = 2
DUPLICATES = int(os.environ.get("DUPLICATES", "200"))


@pytest.fixture(scope="module")
def form() -> Form:
    return find_form("DL-01", None)


@pytest.fixture(scope="module")
def scanned(form: Form, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[ReadPage]]:
    """Scan the same two filled sheets in some way, and measure them."""
    folder: Path = tmp_path_factory.mktemp("sheets")
    mark = fingerprint(form)
    run = Issue("test", form.form, mark, "PC06", "2026-11", form.digit, 26, 1, SHEETS, b"1" * 32)
    print_forms(form, run.serials(), folder / "run.pdf", run=run.run)
    desk = Desk(IssuedSerials([run]), {mark: form}, Calibration("none", np.zeros(len(EVIDENCE)), 0.0))

    def scan(
        dpi: int = 200, depth: Depth = Depth.GREY, harm: tuple[str, ...] = (), feeding: int = 0, seed: int = 5
    ) -> list[ReadPage]:
        stack = Stack(PrintedRun(folder / "run.pdf", form, SHEETS), dpi, depth, seed, harm, feeding=feeding)
        write_pdf((picture for picture, _ in simulate_stack(stack)), folder / "scan.pdf")
        read = [read_page(page, desk) for page in open_pages(folder / "scan.pdf")]
        assert all(isinstance(page, ReadPage) for page in read)
        return read

    return scan


def same(form: Form, one: ReadPage, two: ReadPage) -> bool:
    return is_same_sheet(form, pack(form, one.marks), pack(form, two.marks), (one.seal, two.seal))


@pytest.mark.parametrize(
    "again",
    [
        {"feeding": 1, "harm": ("upside-down",)},
        {"feeding": 2, "dpi": 300, "depth": Depth.COLOUR},
        {"feeding": 3, "harm": ("light",)},
    ],
    ids=["turned", "another dpi", "lighter"],
)
def test_the_same_sheet_is_known_however_it_is_scanned(
    scanned: Callable[..., list[ReadPage]], form: Form, again: dict[str, object]
) -> None:
    for one, two in zip(scanned(), scanned(**again), strict=True):
        assert same(form, one, two)


def test_a_photocopy_and_a_copy_that_others_filled_are_not_the_sheet(
    scanned: Callable[..., list[ReadPage]], form: Form
) -> None:
    first = scanned()
    for other in (scanned(feeding=4, harm=("photocopy",)), scanned(seed=77), first[::-1]):
        for one, two in zip(first, other, strict=True):
            assert not same(form, one, two)


def marks(gains: dict[int, float], features: int = len(FEATURES)) -> bytes:
    """Measurements of the small form: how dark some boxes are."""
    readings = []
    for at, key in enumerate(boxes(FORM)):
        row = [0.0] * features
        row[F["gain"]] = row[F["core"]] = gains.get(at, 0.0)
        readings.append(MarkReading(*key, np.zeros((4, 2)), tuple(row)))
    return pack(FORM, readings)


HAND = {1: 0.3, 4: 0.4, 8: 0.25, 13: 0.35, 19: 0.5}
UNKNOWN = (Seal.UNKNOWN, Seal.UNKNOWN)


@pytest.mark.parametrize(
    ("second", "seals", "expected"),
    [
        (HAND, UNKNOWN, True),
        ({at: gain * 0.8 for at, gain in HAND.items()}, UNKNOWN, True),  # scanned lighter
        ({at: gain * 1.4 for at, gain in HAND.items()}, UNKNOWN, False),  # as a photocopier darkens
        ({**HAND, 19: 0.3}, UNKNOWN, False),
        ({**HAND, 20: 0.3}, UNKNOWN, False),  # a mark more
        (HAND, (Seal.PRESENT, Seal.ABSENT), False),
        (HAND, (Seal.PRESENT, Seal.PRESENT), True),
        ({at: gain * 1.2 for at, gain in HAND.items()}, (Seal.PRESENT, Seal.PRESENT), True),
        ({at: gain * 1.2 for at, gain in HAND.items()}, (Seal.PRESENT, Seal.UNKNOWN), False),
        (HAND, (Seal.PRESENT, Seal.UNKNOWN), True),
    ],
)
def test_marks_and_stamp_tell_a_sheet(
    second: dict[int, float], seals: tuple[Seal, Seal], expected: bool
) -> None:
    assert is_same_sheet(FORM, marks(HAND), marks(second), seals) is expected


def test_where_marks_say_too_little_a_person_looks() -> None:
    few = {1: 0.3, 4: 0.4, 8: 0.25}
    assert not is_same_sheet(FORM, marks(few), marks(few), UNKNOWN)
    assert not is_same_sheet(FORM, marks({}), marks({}), UNKNOWN)
    assert not is_same_sheet(FORM, marks(HAND, len(FEATURES) - 1), marks(HAND, len(FEATURES) - 1), UNKNOWN)


def written(page: ReadPage, gains: dict[int, float]) -> ReadPage:
    """A slip with a hand: how dark some boxes are."""
    readings = []
    for at, mark in enumerate(page.marks):
        row = [0.0] * len(FEATURES)
        row[F["gain"]] = row[F["core"]] = gains.get(at, 0.0)
        readings.append(replace(mark, features=tuple(row)))
    return replace(page, marks=tuple(readings))


def test_sheets_fed_twice_are_each_counted_once(scanner: Scanner, store: Store, issued_run: Issuing) -> None:
    """Half of them as a new scan of the sheet, half as a copy that somebody else filled."""
    count = DUPLICATES
    run = issued_run(count)
    chance = np.random.default_rng(3)

    def hand() -> dict[int, float]:
        return {int(at): float(chance.uniform(0.15, 0.6)) for at in chance.choice(22, 8, replace=False)}

    first = {number: hand() for number in range(1, count + 1)}
    noisy = {
        number: {at: gain * float(chance.normal(1, 0.01)) for at, gain in gains.items()}
        if number % 2
        else hand()
        for number, gains in first.items()
    }

    def fed(name: str, hands: dict[int, dict[int, float]]) -> Receipt:
        pages = [written(slip(run, number), gains) for number, gains in hands.items()]
        # A stack a file: a TIFF of thousands of pages takes minutes to write.
        stacks = [scanner.scan(f"{name}{at}.tif", *pages[at : at + 200]) for at in range(0, count, 200)]
        return scanner.take_in(*stacks)

    fed("a", first)
    made = fed("b", noisy)
    assert made.duplicates == count
    reasons = {
        row["reason"]: row["slips"]
        for row in store.rows("SELECT reason, count(*) AS slips FROM set_aside GROUP BY reason")
    }
    assert reasons == {"same_sheet": count // 2, "duplicate_other_image": count // 2}
    counting = store.row(
        "SELECT count(*) AS slips, count(DISTINCT serial) AS serials FROM slips WHERE standing = 'counts'"
    )
    assert counting is not None
    assert (counting["slips"], counting["serials"]) == (count, count)
    assert made.to_review == count // 2
