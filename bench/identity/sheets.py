"""How well is a sheet that is scanned again told from a copy? Figures behind records/intake/same_sheet.py.

    python bench identity sheets [SHEETS]

Simulates sheets, scans each again in several ways, and lets other hands fill copies of it;
prints, for each way, the residual and tone of the marks and how many are taken for the same sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import numpy as np
from harness import measurement, table

from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import Form, fingerprint
from omr.reading.ink.measure import F
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.first import EVIDENCE
from omr.reading.reader import Desk, ReadPage, read_page
from omr.reading.scan.pages import Depth, open_pages
from omr.records.intake.same_sheet import LEAST_MARKS, compare, is_same_sheet
from omr.records.store.measured import pack
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.stacks import Stack, simulate_stack

SEED, OTHER_HAND = 5, 78
# name -> dpi, depth, harm; each is another passage of the same sheets through a scanner
AGAIN = {
    "again": (200, Depth.GREY, ()),
    "at 300 dpi": (300, Depth.GREY, ()),
    "at 150 dpi": (150, Depth.GREY, ()),
    "in colour": (300, Depth.COLOUR, ()),
    "turned": (200, Depth.GREY, ("upside-down",)),
    "lighter": (200, Depth.GREY, ("light",)),
    "darker": (200, Depth.GREY, ("dark",)),
    "1-bit": (300, Depth.BILEVEL, ()),
    "photocopy": (200, Depth.GREY, ("photocopy",)),
    "photocopy in colour": (300, Depth.COLOUR, ("photocopy",)),
}


@measurement(__doc__)
@click.argument("sheets", default=120)
def main(sheets: int) -> None:
    """Simulate, compare, print."""
    cv2.setNumThreads(1)
    form = find_form("DL-01", None)
    mark = fingerprint(form)
    run = Issue("bench", form.form, mark, "PC06", "2026-11", form.digit, 26, 1, sheets, b"1" * 32)
    # Nothing is decided here: the marks are compared as they were measured.
    desk = Desk(IssuedSerials([run]), {mark: form}, Calibration("none", np.zeros(len(EVIDENCE)), 0.0))
    with TemporaryDirectory() as folder:
        printed = Path(folder) / "run.pdf"
        print_forms(form, run.serials(), printed, run=run.run)
        paper = PrintedRun(printed, form, sheets)
        first = list(read(Stack(paper, 200, Depth.GREY, SEED), desk, folder))
        said = {at + 1: answers for at, (_, answers) in enumerate(first)}
        rows = []
        for feeding, (name, (dpi, depth, harm)) in enumerate(AGAIN.items(), start=1):
            stack = Stack(paper, dpi, depth, SEED, harm, feeding=feeding)
            rows.append(compared(name, form, first, list(read(stack, desk, folder))))
        copies = Stack(paper, 200, Depth.GREY, OTHER_HAND, told=said)
        rows.append(compared("another hand, as told", form, first, list(read(copies, desk, folder))))
        others = list(read(Stack(paper, 200, Depth.GREY, 77), desk, folder))
        rows.append(compared("another respondent", form, first, others))
    table(rows)


Slip = tuple[ReadPage, dict[str, list[str]]]


def read(stack: Stack, desk: Desk, folder: str) -> Iterator[Slip]:
    """Read what a stack's scan shows, with what its respondents meant."""
    pages = list(simulate_stack(stack))
    scan = Path(folder) / "scan.pdf"
    write_pdf((picture for picture, _ in pages), scan)
    for page, (_, truth) in zip(open_pages(scan), pages, strict=True):
        result = read_page(page, desk)
        if not isinstance(result, ReadPage):
            raise SystemExit(f"page {page.page} was not read: {result}")
        yield result, {key: list(codes) for key, codes in truth.answers.items()}


def compared(name: str, form: Form, first: list[Slip], second: list[Slip]) -> dict[str, object]:
    """Return one line of the table."""
    found, same = [], 0
    for (one, _), (two, _) in zip(first, second, strict=True):
        features = [np.array([mark.features for mark in slip.marks]) for slip in (one, two)]
        marked = (features[0][:, F["gain"]] > 0.08) | (features[1][:, F["gain"]] > 0.08)
        if (
            marked.sum() >= LEAST_MARKS
        ):  # an empty slip says nothing of a hand, and is never taken for another
            found.append(compare(features[0][marked], features[1][marked]))
        same += is_same_sheet(form, pack(form, one.marks), pack(form, two.marks), (one.seal, two.seal))
    residual, tone = np.array(found).T
    middle, high = np.percentile(residual, [50, 99])
    low, top = np.percentile(tone, [5, 95])
    return {
        "scanned": name,
        "residual 50 %": round(float(middle), 3),
        "99 %": round(float(high), 3),
        "most": round(float(residual.max()), 3),
        "tone 5 %": round(float(low), 2),
        "95 %": round(float(top), 2),
        "same": f"{same / len(first):.0%}",
    }
