"""How far apart are pictures of our print and scans of it? Figures behind reading/place/drawn.py.

    python bench identity pictures [PAGES]

Prints slips, turns them into pictures at several resolutions and depths, with PDFium, poppler and
Ghostscript, and scans as many with simulated scanners in good order. Prints the numbers by which
`omr.reading.place.drawn` tells them apart, and how many pages it takes for pictures; what is too coarse
to be read is looked at enlarged, as there.
"""

from __future__ import annotations

import math
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import pypdfium2
from harness import measurement, table

from omr.errors import PageError
from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue
from omr.forms.template import fingerprint
from omr.reading.place.align import align
from omr.reading.place.drawn import is_drawn, off_mm, one_white, sizes, turn_deg
from omr.reading.place.locate import locate
from omr.reading.scan.pages import Depth, ScannedPage, decode, open_pages
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.stacks import Stack, simulate_stack

COARSE = (72, 96, 110)  # dpi, below what is read
FINE = (150, 200, 300)
DEPTHS = {"grey": "L", "colour": "RGB", "1-bit": "1"}


@measurement(__doc__)
@click.argument("pages", default=20)
def main(pages: int) -> None:
    """Draw, scan, compare, print."""
    cv2.setNumThreads(1)
    form = find_form("DL-01", None)
    run = Issue("bench", form.form, fingerprint(form), "PC06", "2026-11", form.digit, 26, 1, pages, b"1" * 32)
    rows: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        printed = Path(folder) / "run.pdf"
        print_forms(form, [run.serial(n) for n in range(1, pages + 1)], printed, run=run.run)
        for kind, files in (("pictures", pictures(printed)), ("scans", scans(printed, pages))):
            for name, file in files:
                rows[kind, name] += [seen(decode(page)) for page in open_pages(file)]
    table([told(kind, name, found) for (kind, name), found in rows.items()])


Seen = tuple[float, float, float, bool]


def seen(scan: ScannedPage) -> Seen:
    """Return what is looked at on one page, and what is said of it."""
    for size in sizes(scan):
        with suppress(PageError):
            page = align(locate(size))
            return turn_deg(page), off_mm(page), one_white(scan), is_drawn(scan)
    return math.nan, math.nan, one_white(scan), False  # nobody could read it


def told(kind: str, name: str, found: list[Seen]) -> dict[str, object]:
    """Return one row: the least and the greatest of each number, and how many are taken for drawn ones."""
    numbers = list(zip(*found, strict=True))
    row: dict[str, object] = {"": kind, "how": name, "pages": len(found)}
    for column, values in zip(("turned, degrees", "off, mm", "one white"), numbers, strict=False):
        known = [value for value in values if not math.isnan(value)]
        row[column] = f"{min(known):.4f} to {max(known):.4f}" if known else "not found"
    return {**row, "drawn": sum(one[3] for one in found)}


def pictures(printed: Path) -> Iterator[tuple[str, Path]]:
    """Yield the print as pictures: one page of each kind says as much as many."""
    with pypdfium2.PdfDocument(printed) as document:
        for dpi in (*COARSE, *FINE):
            page = document[0].render(scale=dpi / 72).to_pil()
            for depth, mode in DEPTHS.items():
                file = printed.with_name(f"pdfium-{dpi}-{depth}.png")
                page.convert(mode, dither=0).save(file, dpi=(dpi, dpi))
                yield f"PDFium, {depth}{kind(dpi)}", file
            for quality in (20, 50, 90):
                file = printed.with_name(f"pdfium-{dpi}-{quality}.jpg")
                page.convert("RGB").save(file, quality=quality, dpi=(dpi, dpi))
                yield f"PDFium, JPEG {quality}{kind(dpi)}", file
    for dpi in (*COARSE, *FINE):
        target = printed.with_name(f"poppler-{dpi}")
        subprocess.run(["pdftoppm", "-png", "-r", f"{dpi}", "-l", "1", printed, target], check=True)
        yield from ((f"poppler{kind(dpi)}", file) for file in printed.parent.glob(f"{target.name}*.png"))
        for device in ("tiffg4", "tiffgray"):
            file = printed.with_name(f"{device}-{dpi}.tif")
            words = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dLastPage=1", f"-sDEVICE={device}", f"-r{dpi}"]
            subprocess.run([*words, f"-sOutputFile={file}", printed], check=True)
            yield f"Ghostscript, {device}{kind(dpi)}", file


def kind(dpi: int) -> str:
    """Return what a row says of a resolution: what is too coarse to be read stands apart."""
    return f", {dpi} dpi" if dpi in COARSE else ""


def scans(printed: Path, pages: int) -> Iterator[tuple[str, Path]]:
    """Yield scans of the same print by several scanners in good order."""
    for seed in range(3):
        for depth in Depth:
            stack = Stack(PrintedRun(printed, find_form("DL-01", None), pages), 200, depth, seed)
            file = printed.with_name(f"scan-{seed}-{depth.value}.pdf")
            write_pdf((picture for picture, _ in simulate_stack(stack)), file)
            yield f"scanned, {depth.value}", file
