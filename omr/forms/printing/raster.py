"""A form's print as a picture: what the paper shows where nobody wrote, from the archived form alone.

The same vectors that were sent to the printer are drawn by the same PDF renderer that people look
at slips with, four times finer than needed, and averaged. What differs from slip to slip (serial,
codes, the electronic form's code) is not print that is known: it is masked.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from omr.forms.fonts import ASCENT, DESCENT, MM_PER_PT, width_mm
from omr.forms.printing.carriers import places
from omr.forms.printing.printing import print_shared
from omr.forms.template import Form, TextLine
from omr.geometry import MM_PER_INCH, Box

PX_PER_MM: Final = 6.0  # of every canonical picture: a pen's line is 2 px, a printed rule 1.5
FINER: Final = 4  # so many times finer is it drawn, for soft edges where they really are
POINTS_PER_MM: Final = 72 / MM_PER_INCH
MASK_MARGIN_MM: Final = 0.6  # around what differs from slip to slip: toner, blur, and a map that is off
WORD_MM: Final = 6.0  # print is recognised in pieces of text about this long: a word or two
SOLID: Final = 0.98  # of print: inside its strokes
BOOST: Final = 2.5  # a rule thinner than a pixel may come out black on a 1-bit scan
EDGE: Final = 0.1  # of print: its soft edge ends here
LEAST_SOLID: Final = 200  # of such pixels a median is no chance
MOST_SOLID: Final = 4000  # of such pixels are enough to know how dark print is
AROUND_MM: Final = 15.0  # above and below the boxes: the heads of columns, a comment that runs up into a row
STEP_PX: Final = 4  # bands begin and end at whole such steps: paper is looked for in steps as large


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A form's print at `PX_PER_MM`, in the band of the page in which its boxes lie."""

    first: int  # row of the page with which the band begins
    ink: NDArray[np.float32]  # (H, W): 0 is paper, 1 is print
    known: NDArray[np.bool_]  # (H, W): False where slips differ
    open: NDArray[np.uint8]  # (H, W): the same as 255 and 0
    words: NDArray[np.intp]  # (W, 4): first and last row, first and last column of pieces of text
    print8: NDArray[np.uint8]  # (H, W): how dark print may get, a scanner's sharpening included; 255 is print
    solid: NDArray[np.intp]  # places in the flat picture where print is as dark as it gets
    rims: tuple[NDArray[np.intp], ...]  # places 1, 2 and 3 px from print, in the flat picture
    text: NDArray[np.uint8]  # (H, W): 1 where words stand in those rows
    answers: slice  # the rows in which boxes lie
    columns: slice  # the columns in which they do


@lru_cache(maxsize=32)
def raster_of(form: Form) -> Raster:
    """Draw a form's print once."""
    picture = _drawn(form)
    height, width = picture.shape
    known = np.ones((height, width), np.bool_)
    for box in _varying(form):
        known[area(box.grown(MASK_MARGIN_MM), known.shape)] = False
    ink = np.where(known, (255 - picture.astype(np.float32)) / 255, 0)
    ink = np.asarray(ink, np.float32)
    band = _band(form, height)
    known, ink = known[band], ink[band]
    answers = _answers(form, band.start)
    words = _words(form, ink, band.start)
    solid = np.flatnonzero(cv2.erode(ink, np.ones((3, 3), np.uint8)) > SOLID)
    if len(solid) < LEAST_SOLID:  # the drawn examples stand far above: then the middle of its strokes
        soft = cv2.blur(ink, (3, 3))
        solid = np.flatnonzero(soft >= np.sort(soft, axis=None)[-LEAST_SOLID])
    print8 = np.rint(np.minimum(ink * BOOST, 1) * 255).astype(np.uint8)
    return Raster(
        band.start,
        ink,
        known,
        np.where(known, 255, 0).astype(np.uint8),
        words,
        print8,
        _some(solid),
        _rims(ink, known),
        _text(answers, words, ink.shape),
        answers,
        _columns(form),
    )


def _drawn(form: Form) -> NDArray[np.uint8]:
    """Return the page at `PX_PER_MM`; the finer picture, 36 MB of an A4, is gone before more is made of it.

    Drawn in strips it would need less, but PDFium gives a few letters other edges then: some 200 pixels of
    an A5 differ by up to 3 of 255, and what is measured would not be what was stored.
    """
    file = io.BytesIO()
    print_shared(form, file)
    width, height = pixels(form.frame.width_mm), pixels(form.frame.height_mm)
    with pdfium.PdfDocument(file.getvalue()) as document:
        scale = PX_PER_MM * FINER / POINTS_PER_MM
        fine = document[0].render(scale=scale, grayscale=True).to_numpy().squeeze()
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def pixels(length_mm: float) -> int:
    """Return a length in whole canonical pixels."""
    return round(length_mm * PX_PER_MM)


def area(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a box of the page, inside the page."""
    (left, top), (right, bottom) = box.corners_mm[0], box.corners_mm[2]
    rows = slice(min(max(pixels(top), 0), shape[0]), min(max(pixels(bottom), 0), shape[0]))
    return rows, slice(min(max(pixels(left), 0), shape[1]), min(max(pixels(right), 0), shape[1]))


def _varying(form: Form) -> list[Box]:
    """Return where slips of a form differ."""
    frame = form.frame
    boxes = [*places(frame, form.number).values()]
    if form.electronic is not None:
        boxes += [form.electronic.box, *map(_box_of, form.electronic.caption)]
    return boxes


def _box_of(line: TextLine) -> Box:
    size = line.size_pt * MM_PER_PT
    wide = width_mm(line.text, line.font, line.size_pt)
    return Box(line.x_mm, line.y_mm - ASCENT * size, wide, (ASCENT + DESCENT) * size)


def _band(form: Form, height: int) -> slice:
    """Return the rows of the page that are looked at."""
    answers, around = _answers(form, 0), pixels(AROUND_MM)
    first = max(answers.start - around, 0) // STEP_PX * STEP_PX
    return slice(first, min(first + -(-(answers.stop + around - first) // STEP_PX) * STEP_PX, height))


def _text(rows: slice, words: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return where words stand between the boxes."""
    text = np.zeros(shape, np.uint8)
    for top, bottom, left, right in words.tolist():
        if top < rows.stop and bottom > rows.start:
            text[top:bottom, left:right] = 1
    return text


def _some(places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[:: max(1, len(places) // MOST_SOLID)]


def _rims(ink: NDArray[np.float32], known: NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
    """Return where the print would reach if it were so many pixels fatter."""
    rims, upto = [], (ink > EDGE).astype(np.uint8)
    strong = cv2.dilate((ink > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8))
    for _ in range(3):
        wider = np.asarray(cv2.dilate(upto, np.ones((3, 3), np.uint8)), np.uint8)
        strong = cv2.dilate(strong, np.ones((3, 3), np.uint8))
        rims.append(_some(np.flatnonzero((wider > upto) & (strong > 0) & known)))
        upto = wider
    return tuple(rims)


def _answers(form: Form, first: int) -> slice:
    boxes = [option.box for question in form.questions for option in question.options]
    if not boxes:
        return slice(0, pixels(form.frame.height_mm))
    top, bottom = min(box.y_mm for box in boxes), max(box.y_mm + box.height_mm for box in boxes)
    return slice(pixels(top) - first, pixels(bottom) - first)


def _columns(form: Form) -> slice:
    boxes = [option.box for question in form.questions for option in question.options]
    if not boxes:
        return slice(0, pixels(form.frame.width_mm))
    return slice(
        pixels(min(box.x_mm for box in boxes)), pixels(max(box.x_mm + box.width_mm for box in boxes))
    )


def _words(form: Form, ink: NDArray[np.float32], first: int) -> NDArray[np.intp]:
    """Part every line of text into pieces of about `WORD_MM`, those with print to be recognised by."""
    pieces = []
    for line in form.art:
        if not isinstance(line, TextLine):
            continue
        box = _box_of(line)
        count = max(1, round(box.width_mm / WORD_MM))
        step = box.width_mm / count
        for i in range(count):
            part = Box(box.x_mm + i * step, box.y_mm - first / PX_PER_MM, step, box.height_mm)
            rows, columns = area(part, ink.shape)
            if ink[rows, columns].sum() >= 20:
                pieces.append((rows.start, rows.stop, columns.start, columns.stop))
    return np.array(pieces, np.intp).reshape(-1, 4)
