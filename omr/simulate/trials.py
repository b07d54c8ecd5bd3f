"""Trials: print, fill, scan and read slips under one condition, and count what became of every box."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import Form, fingerprint
from omr.reading.marks.calibrate import Calibration
from omr.reading.reader import BlankBack, Desk, ReadPage, RejectedPage, Result, read_page
from omr.reading.scan.pages import Depth, open_pages
from omr.simulate.oracle import Outcome, positions
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.slips import Truth
from omr.simulate.stacks import Stack, simulate_stack

PRINTED_TOGETHER: Final = 50  # slips of one print run, by one scanner


@dataclass(frozen=True, slots=True)
class Condition:
    """How slips are filled, harmed and scanned in a trial."""

    name: str
    depth: Depth = Depth.GREY
    dpi: int = 200
    harm: tuple[str, ...] = ()
    crowd: str = "everyday"


@dataclass(slots=True)
class Tally:
    """What came of a trial."""

    pages: int = 0
    read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    lost: list[str] = field(default_factory=list)  # taken for a blank back, or read under another serial
    boxes: Counter[tuple[str, Outcome]] = field(default_factory=Counter)  # by what was drawn, and outcome
    waiting: int = 0  # slips with something to review
    silent: list[str] = field(default_factory=list)  # "page k B3=2 (tick): read 1", to find it again

    def count(self, outcome: Outcome) -> int:
        """Return how many boxes ended so."""
        return sum(n for (_, became), n in self.boxes.items() if became is outcome)


def try_out(condition: Condition, form: Form, calibration: Calibration, *, pages: int, seed: int) -> Tally:
    """Run a trial: the same seed gives the same slips.

    Every `PRINTED_TOGETHER` slips are a print run of their own and go through a scanner of
    their own.
    """
    tally = Tally()
    with TemporaryDirectory() as folder:
        for first in range(0, pages, PRINTED_TOGETHER):
            count = min(PRINTED_TOGETHER, pages - first)
            _try_run(condition, form, calibration, count, seed * 1_000_003 + first, Path(folder), tally)
    return tally


def _try_run(
    condition: Condition,
    form: Form,
    calibration: Calibration,
    count: int,
    seed: int,
    folder: Path,
    tally: Tally,
) -> None:
    mark = fingerprint(form)
    issue = Issue(
        "trial", form.form, mark, "PC06", "2023-03", form.digit, 23, 1, count, seed.to_bytes(32, "big")
    )
    printed, scanned = folder / f"{seed}.pdf", folder / f"{seed}-scan.pdf"
    print_forms(form, issue.serials(), printed, run=issue.run)
    stack = Stack(
        PrintedRun(printed, form, count * form.sides),
        condition.dpi,
        condition.depth,
        seed,
        condition.harm,
        crowd=condition.crowd,
    )
    pages = list(simulate_stack(stack))
    write_pdf((picture for picture, _ in pages), scanned)
    desk = Desk(IssuedSerials([issue]), {mark: form}, calibration)
    for page, (_, truth) in zip(open_pages(scanned), pages, strict=True):
        _count(read_page(page, desk), form, truth, seed, tally)
    printed.unlink()
    scanned.unlink()


def _count(result: Result, form: Form, truth: Truth, seed: int, tally: Tally) -> None:
    tally.pages += 1
    where = f"seed {seed} page {truth.page} {'+'.join(truth.harm)}"
    match result:
        case RejectedPage():
            tally.rejected[result.reason] += 1
        case BlankBack() if not truth.serial:  # the white back of a last sheet
            tally.pages -= 1
        case BlankBack():
            tally.lost.append(f"{where}: taken for a blank back")
        case ReadPage() if str(result.page.serial) != truth.serial:
            tally.lost.append(f"{where}: {truth.serial} read as {result.page.serial}")
        case ReadPage():
            tally.read += 1
            found = list(positions(form.page(result.page.number), truth, result.answers))
            if result.doubts:  # a person looks at the whole slip
                found = [replace(position, outcome=Outcome.REVIEW) for position in found]
            tally.waiting += any(position.outcome is Outcome.REVIEW for position in found)
            for position in found:
                tally.boxes[position.drawn, position.outcome] += 1
                if position.outcome is Outcome.SILENT:
                    tally.silent.append(f"{where}: {position.question}={position.option} ({position.drawn})")
