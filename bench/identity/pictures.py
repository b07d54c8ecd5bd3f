"""How far apart are pictures of our print and scans of it? Figures behind reading/place/drawn.py.

    python bench identity pictures [PAGES]

Prints slips, turns them into pictures at several resolutions and depths, with PDFium, poppler and
Ghostscript, and scans as many with simulated scanners in good order. Prints the numbers by which
`omr.reading.place.drawn` tells them apart, and how many pages it takes for pictures.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import pypdfium2
from harness import measurement, table

from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue
from omr.forms.template import fingerprint
from omr.reading.place.align import align
from omr.reading.place.drawn import is_drawn, off_mm, one_white, turn_deg
from omr.reading.place.locate import locate
from omr.reading.scan.pages import Depth, ScannedPage, decode, open_pages
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.stacks import Stack, simulate_stack

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
    page = align(locate(scan))
    return turn_deg(page), off_mm(page), one_white(scan), is_drawn(scan)


def told(kind: str, name: str, found: list[Seen]) -> dict[str, object]:
    """Return one row: the least and the greatest of each number, and how many are taken for drawn ones."""
    numbers = list(zip(*found, strict=True))
    row: dict[str, object] = {"": kind, "how": name, "pages": len(found)}
    for column, values in zip(("turned, degrees", "off, mm", "one white"), numbers, strict=False):
        row[column] = f"{min(values):.4f} to {max(values):.4f}"
    return {**row, "drawn": sum(one[3] for one in found)}


def pictures(printed: Path) -> Iterator[tuple[str, Path]]:
    """Yield the print as pictures: one page of each kind says as much as many."""
    with pypdfium2.PdfDocument(printed) as document:
        for dpi in (150, 200, 300):
            page = document[0].render(scale=dpi / 72).to_pil()
            for depth, mode in DEPTHS.items():
                file = printed.with_name(f"pdfium-{dpi}-{depth}.png")
                page.convert(mode, dither=0).save(file, dpi=(dpi, dpi))
                yield f"PDFium, {depth}", file
            for quality in (20, 50, 90):
                file = printed.with_name(f"pdfium-{dpi}-{quality}.jpg")
                page.convert("RGB").save(file, quality=quality, dpi=(dpi, dpi))
                yield f"PDFium, JPEG {quality}", file
    for dpi in (150, 200, 300):
        target = printed.with_name(f"poppler-{dpi}")
        subprocess.run(["pdftoppm", "-png", "-r", f"{dpi}", "-l", "1", printed, target], check=True)
        yield from (("poppler", file) for file in printed.parent.glob(f"{target.name}*.png"))
        for device in ("tiffg4", "tiffgray"):
            file = printed.with_name(f"{device}-{dpi}.tif")
            words = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dLastPage=1", f"-sDEVICE={device}", f"-r{dpi}"]
            subprocess.run([*words, f"-sOutputFile={file}", printed], check=True)
            yield f"Ghostscript, {device}", file


def scans(printed: Path, pages: int) -> Iterator[tuple[str, Path]]:
    """Yield scans of the same print by several scanners in good order."""
    for seed in range(3):
        for depth in Depth:
            stack = Stack(PrintedRun(printed, find_form("DL-01", None), pages), 200, depth, seed)
            file = printed.with_name(f"scan-{seed}-{depth.value}.pdf")
            write_pdf((picture for picture, _ in simulate_stack(stack)), file)
            yield f"scanned, {depth.value}", file
