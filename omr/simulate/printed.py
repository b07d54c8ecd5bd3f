"""The printed run that simulation starts from: a PDF of ``omr issue``, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pypdfium2 as pdfium
import zxingcpp

from omr.errors import OmrError, outside
from omr.forms.layout import find_form
from omr.forms.serial import parse_carried
from omr.forms.template import Form, fingerprint
from omr.geometry import MM_PER_INCH, px_from_mm
from omr.simulate.ink import Pixels, tooth_patch
from omr.simulate.pens import Rng

_KEYWORDS: Final = re.compile(
    r"omr form=(?P<form>\S+) fingerprint=(?P<fingerprint>[0-9a-f]{64}) run=(?P<run>\S+)"
)


@dataclass(frozen=True, slots=True)
class PrintedRun:
    """A print-ready PDF and the form that it was printed from."""

    path: Path
    form: Form
    pages: int


def open_run(path: Path, own: Path | None) -> PrintedRun:
    """Find the form of a printed PDF by the fingerprint that printing left in it.

    Parameters
    ----------
    path : Path
        A PDF written by ``omr issue`` or ``omr forms preview``.
    own : Path or None
        The office's own forms; the built-in ones are searched too.

    Raises
    ------
    OmrError
        If the file is no such PDF, or no known form has its fingerprint.
    """
    try:
        # Opened here: what PDFium cannot open, it calls no PDF, whatever the machine refused.
        with path.open("rb") as file, pdfium.PdfDocument(file) as document:
            pages = len(document)
            said = _KEYWORDS.search(document.get_metadata_value("Keywords"))
    except pdfium.PdfiumError as error:
        raise OmrError("simulate.not_printed", file=path) from error
    except OSError as error:
        raise outside(error, path) from error
    if said is None or pages == 0:
        raise OmrError("simulate.not_printed", file=path)
    for folder in dict.fromkeys((own, None)):
        try:
            form = find_form(said["form"], folder)
        except OmrError:  # no form of that name, or a broken one: not the one that was printed
            continue
        if fingerprint(form) == said["fingerprint"]:
            return PrintedRun(path, form, pages)
    raise OmrError("simulate.unknown_form", file=path, form=said["form"])


def printed_pages(
    run: PrintedRun, pages: Iterable[int], dpi: int, *, colour: bool
) -> Iterator[tuple[int, Pixels]]:
    """Render pages (counted from 1) of a run: (H, W) or (H, W, 3) uint8 as `colour` says."""
    with pdfium.PdfDocument(run.path) as document:
        for number in pages:
            page = document[number - 1]
            frame = run.form.frame
            if any(
                abs(pt * MM_PER_INCH / 72 - mm) > 0.5
                for pt, mm in zip(page.get_size(), (frame.width_mm, frame.height_mm), strict=True)
            ):
                raise OmrError("simulate.not_printed", file=run.path)
            bitmap = page.render(scale=dpi / 72, grayscale=not colour)
            # Copied: pdfium's buffer lives no longer than the bitmap, and pads its rows.
            yield number, np.array(bitmap.to_numpy(), np.uint8).squeeze()


def serial_of(pixels: Pixels, form: Form, dpi: int, page: int) -> str:
    """Return the serial of a cleanly rendered page: its QR code says it.

    Raises
    ------
    OmrError
        If there is none, as on a specimen.
    """
    box = form.frame.qr.grown(2.0)
    rows = slice(*(round(px_from_mm(v, dpi)) for v in (box.y_mm, box.y_mm + box.height_mm)))
    columns = slice(*(round(px_from_mm(v, dpi)) for v in (box.x_mm, box.x_mm + box.width_mm)))
    found = zxingcpp.read_barcode(np.ascontiguousarray(pixels[rows, columns]))
    if found is None:
        raise OmrError("simulate.no_serial", page=page)
    return str(parse_carried(found.text)[0])


def toner(render: Pixels, rng: Rng) -> Pixels:
    """Return what a laser printer makes of a clean rendering: rough edges, toner not quite black."""
    rough = tooth_patch(render.shape[0], render.shape[1], rng)
    if render.ndim == 3:
        rough = np.repeat(rough[..., None], 3, axis=2)
    uneven = cv2.addWeighted(render, 1.0, rough, 0.16, -0.16 * 150)
    # A steeper edge than the renderer's box filter, moved by how fat this printer prints.
    edge = 1 / (1 + np.exp(-(np.arange(256) - 128 - rng.normal(0, 6)) / 26))
    edge = (edge - edge[0]) / (edge[-1] - edge[0])
    black = rng.uniform(18, 42)
    table = np.clip(black + (255 - black) * edge + 0.5, 0, 255).astype(np.uint8)
    table[235:] = 255
    return np.asarray(cv2.LUT(uneven, table), np.uint8)
