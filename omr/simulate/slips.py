"""One printed page becomes one scanned page with known truth; page k never depends on the others."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from omr.forms.entries import cells_of
from omr.forms.template import Form
from omr.reading.scan.pages import Depth
from omr.simulate import seal
from omr.simulate.digits import write_signs
from omr.simulate.habits import draw_mark
from omr.simulate.handwriting import write_remark
from omr.simulate.harms import harm_paper, harm_scanner
from omr.simulate.ink import Pixels, Sheet, grey_of
from omr.simulate.pens import Rng
from omr.simulate.respondents import FilledSlip
from omr.simulate.scanner import Machine, everyday_feed, scan

# Sheets are drawn at the scan's resolution, but not below this: a coarse scan averages finer paper.
LEAST_DRAWN_DPI: Final = 200

_ROWS_PER_STRIP, _STRIP_OFFSETS, _STRIP_BYTE_COUNTS = 278, 273, 279  # TIFF tags


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A scanned page as its file holds it."""

    data: bytes
    kind: str  # "jpeg" or "g4" (CCITT group 4, one strip)
    width_px: int
    height_px: int
    dpi: int
    depth: Depth


@dataclass(frozen=True, slots=True)
class Truth:
    """What a reader should find on a page."""

    page: int
    serial: str
    answers: Mapping[str, tuple[str, ...]]
    marks: Mapping[str, Mapping[str, str]]  # question -> option -> habit, for tables per mark class
    pen: str
    comments: Mapping[str, str]  # text question -> what was written
    harm: tuple[str, ...]


def streams(seed: int, page: int, feeding: int = 0) -> tuple[Rng, Rng, Rng, Rng]:
    """Return a page's sources of chance: respondent, ink, paper, scanner.

    Each is its own, so that another harm leaves the answers as they were, a page is the same
    whatever the number of pages, and a sheet scanned a second time is the same sheet.
    """
    a, b, c, d = (
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(page, stream)))
        for stream in (0, 1, 2, 3 + feeding)
    )
    return a, b, c, d


def write_slip(sheet: Sheet, form: Form, slip: FilledSlip, rng: Rng) -> dict[str, str]:
    """Draw a filled slip's marks and remarks on its sheet; returns the remarks."""
    boxes = {(q.key, option.code): option.box for q in form.questions for option in q.options}
    for mark in slip.marks:
        draw_mark(sheet, boxes[mark.question, mark.option], mark.habit, slip.hand, rng)
    areas = {q.key: q.area for q in form.questions if q.area is not None}
    for question in form.questions:
        if question.cells:
            for value in slip.answers.get(question.key, ()):
                write_signs(sheet, cells_of(question, value), slip.hand, rng)
    return {key: write_remark(sheet, areas[key], slip.hand, rng) for key in slip.comments}


def simulate_page(
    blank: Pixels,
    blank_dpi: float,
    form: Form,
    slip: FilledSlip,
    machine: Machine,
    *,
    serial: str,
    page: int,
    harm: Sequence[str],
    ink: Rng,
    wear: Rng,
    feeding: Rng,
) -> tuple[Picture, Truth]:
    """Fill, wear and scan one printed page.

    Parameters
    ----------
    blank : (H, W) or (H, W, 3) uint8 ndarray
        The printed page at `blank_dpi`; colour where the machine scans colour. Not changed.
    form, slip, machine
        What is printed, what was meant, what scans it.
    serial, page, harm
        For the truth; no serial on the white back of a last sheet. `harm` also names what is done.
    ink, wear, feeding : numpy.random.Generator
        Sources of chance of the pen, the paper and the scanner, see `streams`.
    """
    sheet = Sheet.of(blank.copy(), blank_dpi)
    if form.number == 1 and serial:
        seal.stamp(sheet, form, wear)
    comments = write_slip(sheet, form, slip, ink)
    harm_paper(harm, sheet, form, wear)
    machine, feed = harm_scanner(harm, machine, everyday_feed(feeding), feeding)
    if machine.depth is not Depth.COLOUR and sheet.colour:
        sheet = Sheet(grey_of(sheet.pixels), sheet.dpi, sheet.gone)
    picture = encode(scan(sheet, machine, feed, feeding), machine)
    marks: dict[str, dict[str, str]] = {}
    for mark in slip.marks:
        marks.setdefault(mark.question, {})[mark.option] = mark.habit.value
    return picture, Truth(page, serial, slip.answers, marks, slip.hand.pen.name, comments, tuple(harm))


def encode(pixels: Pixels, machine: Machine) -> Picture:
    """Return scanned pixels as a scanner's file holds them: JPEG, or G4 when they are bilevel."""
    height, width = pixels.shape[:2]
    if machine.depth is Depth.BILEVEL:
        return Picture(group4(pixels), "g4", width, height, machine.dpi, machine.depth)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, machine.jpeg_quality])
    return Picture(data.tobytes(), "jpeg", width, height, machine.dpi, machine.depth)


def group4(pixels: Pixels) -> bytes:
    """Return a bilevel picture as one strip of CCITT group 4 data."""
    stream = io.BytesIO()
    picture = Image.fromarray(255 - pixels).convert("1", dither=Image.Dither.NONE)  # fax black is 1
    picture.save(stream, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: pixels.shape[0]})
    with Image.open(stream) as written:
        assert isinstance(written, TiffImageFile)
        start, length = written.tag_v2[_STRIP_OFFSETS][0], written.tag_v2[_STRIP_BYTE_COUNTS][0]
    return stream.getvalue()[start : start + length]
