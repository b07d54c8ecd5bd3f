"""White backs of odd sheets on simulated paper: told from pages, by depth and resolution of the scan.

    python bench simulated backs [--backs N] [--seed N] [--real]

On every other one the print of the sheet's front shows through. To the same backs somebody sets one mark:
that is no white back, or what was written would be lost. With ``--real`` the mark is one of real ink (cut by
`python bench ink stamps`), a third of them at 60, a third at 40 % of its ink; a 1-bit scan is left out then.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
import cv2
import numpy as np
import pypdfium2
from harness import ROOT, measurement, seed_option, table

from omr.forms.layout import lay_out
from omr.forms.loading import load_template
from omr.forms.printing.printing import print_specimen
from omr.forms.template import Form
from omr.geometry import Box
from omr.reading.scan.backs import is_blank
from omr.reading.scan.pages import Depth, ScannedPage, decode, open_pages
from omr.simulate.ink import Pixels, Sheet, draw_line, grey_of, write
from omr.simulate.paper import seen_through
from omr.simulate.pens import PENS, take_pen
from omr.simulate.scanner import everyday_feed, everyday_machine, scan
from omr.simulate.scans import write_pdf
from omr.simulate.slips import encode

DPIS: Final = (150, 200, 300)
FORM: Final = ROOT / "samples" / "forms" / "cb-01.toml"
PRESSURES: Final = (1.0, 0.6, 0.4)  # of a hand's ink
FAINT: Final = ("faint pencil", "dry ballpoint")  # what a 1-bit scan shows nothing of is not asked for


def printed(form: Form, dpi: int, depth: Depth) -> Pixels:
    """Return the first page as it is printed, in colour where it is scanned so."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "front.pdf"
        print_specimen(form, file)
        with pypdfium2.PdfDocument(file) as document:
            drawn = np.asarray(document[0].render(scale=dpi / 72).to_numpy()[..., :3], np.uint8)
    return np.ascontiguousarray(drawn) if depth is Depth.COLOUR else grey_of(drawn)


def with_real_mark(back: Pixels, dpi: int, seed: int, rng: np.random.Generator) -> Sheet:
    """Lay one mark of a real hand on a back."""
    from ink.made.hands import Way, hands, lay
    from ink.made.scanner import SHEET_DPI

    people = hands()
    hand = people[(7 * seed + dpi // 50) % len(people)]
    stamp = hand.marks[int(rng.integers(len(hand.marks)))]
    way = Way(pressure=float(rng.choice(PRESSURES)))
    larger = cv2.resize(back, None, fx=SHEET_DPI / dpi, fy=SHEET_DPI / dpi)
    paper = np.asarray(larger if larger.ndim == 3 else cv2.cvtColor(larger, cv2.COLOR_GRAY2BGR), np.uint8)
    x_mm, y_mm = rng.uniform((40, 60), (170, 240))
    lay(paper, hand, stamp, Box(x_mm, y_mm, 4.0, 4.0), rng, way)
    return Sheet.of(paper if back.ndim == 3 else grey_of(paper), SHEET_DPI)


def scanned(
    front: Pixels, depth: Depth, dpi: int, seed: int, *, written: bool, real: bool = False
) -> ScannedPage:
    """Scan one back; the front's print shows through those of odd numbers."""
    rng = np.random.default_rng([seed, dpi, list(Depth).index(depth)])
    white = np.full_like(front, 255)
    back = seen_through(front, dpi, rng) if seed % 2 else white
    sheet = with_real_mark(back, dpi, seed, rng) if written and real else Sheet.of(back, dpi)
    if written and not real:
        hand = take_pen([pen for pen in PENS.values() if pen.name not in FAINT][seed % 3], rng)
        at = rng.uniform((40, 60), (170, 240))
        write(sheet, [draw_line(at + np.array([[0, 0], [2, 2.5], [6, -4]]), hand, rng)], hand, rng)
    machine = everyday_machine(depth, dpi, rng)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "back.pdf"
        write_pdf([encode(scan(sheet, machine, everyday_feed(rng), rng), machine)], file)
        return decode(next(iter(open_pages(file))))


@measurement(__doc__)
@click.option("--backs", default=30, show_default=True, help="of each depth and resolution")
@click.option("--real", is_flag=True, help="with marks of real ink")
@seed_option
def main(backs: int, seed: int, real: bool) -> None:
    """Look at all backs, white and written on, and print one line a depth and resolution."""
    form = lay_out(load_template(FORM), FORM)
    rows = []
    for depth in (Depth.GREY, Depth.COLOUR) if real else Depth:
        for dpi in DPIS:
            front = printed(form, dpi, depth)
            numbers = range(seed * 1000, seed * 1000 + backs)
            told = [is_blank(scanned(front, depth, dpi, n, written=False)) for n in numbers]
            lost = [is_blank(scanned(front, depth, dpi, n, written=True, real=real)) for n in numbers]
            rows.append(
                {
                    "depth": depth.value,
                    "dpi": dpi,
                    "backs": backs,
                    "told": sum(told),
                    "written, lost": sum(lost),
                }
            )
            missed = [n for n, one in zip(numbers, told, strict=True) if not one]
            print(*(f"  not told: {depth} {dpi} seed {n}" for n in missed), sep="\n", flush=True)
    table(rows)
