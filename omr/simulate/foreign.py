"""A survey of another maker: drawn like theirs, with nothing of ours on it, filled in and scanned.

For tests and measurements of what reads paper that was not printed here. The truth about its boxes is
known from the drawing and is not handed to the reader.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import pypdfium2 as pdfium
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from omr.forms.fonts import embedded, width_mm
from omr.forms.template import Form, Kind, Option, Question
from omr.geometry import MM_PER_INCH, Box
from omr.reading.scan.pages import Depth
from omr.simulate.ink import Pixels, Sheet
from omr.simulate.respondents import CROWDS, FilledSlip, fill
from omr.simulate.scanner import everyday_feed, everyday_machine, scan
from omr.simulate.slips import LEAST_DRAWN_DPI, Picture, encode, streams, write_slip

WIDTH_MM: Final = 210.0
HEIGHT_MM: Final = 297.0
_ROWS: Final = (
    "The aims of the course were clear from the start",
    "The lecturer explained difficult parts well",
    "Questions were welcome and were answered",
    "Examples showed what the theory is good for",
    "The pace was right for me",
    "Slides and notes were complete and came in time",
    "Exercises helped me to understand the subject",
    "Homework was corrected with useful remarks",
    "Rooms and equipment were in good order",
    "The examination was about what was taught",
    "The workload was as announced",
    "Group work was organised well",
    "The reading list was useful",
    "I was told how I would be graded",
    "The course fits with the others of this year",
    "I learned what I had hoped to learn",
    "The lecturer was well prepared",
    "The lecturer could be reached outside of class",
    "I would recommend the course to others",
    "Taken together I am satisfied with the course",
)
_LEVELS: Final = ("fully agree", "agree", "neutral", "disagree", "not at all")
_TERMS: Final = ("1st year", "2nd year", "3rd year", "later")


@dataclass(frozen=True, slots=True)
class Survey:
    """A form of another maker, and the truth about it: boxes where they were drawn."""

    pdf: bytes
    form: Form


@dataclass(frozen=True, slots=True)
class FilledSheet:
    """One scanned sheet with what was meant on it."""

    picture: Picture
    slip: FilledSlip


def course_evaluation(*, rows: int = len(_ROWS), code: str = "") -> Survey:
    """Draw a course evaluation: 20 rows of five circles, a row of squares, lines to write on.

    Parameters
    ----------
    rows : int
        How many of the rows, at most 20.
    code : str
        Printed as a QR code of the sheet; empty: none.
    """
    out = io.BytesIO()
    canvas = Canvas(
        out,
        pagesize=(WIDTH_MM * mm, HEIGHT_MM * mm),
        initialFontName=embedded("regular"),  # type: ignore[arg-type]  # a name, whatever the stub says
        invariant=1,
    )
    _write(canvas, "bold", 15, 20, 22, "Evaluation of a course")
    _write(
        canvas,
        "regular",
        9.5,
        20,
        29,
        "Faculty of Mathematics, please return to room 2.14 by the end of term",
    )
    questions = [_terms(canvas, 38.0)]
    top = 58.0
    for at, label in enumerate(_LEVELS):
        width = width_mm(label, "regular", 7.5)
        _write(canvas, "regular", 7.5, 117 + 17 * at - width / 2, top - 4, label)
    for number, text in enumerate(_ROWS[:rows], start=1):
        y = top + 9.2 * (number - 1)
        questions.append(_row(canvas, number, text, y, overall=number == rows))
    y = top + 9.2 * rows
    _write(canvas, "regular", 9.5, 20, y + 5, "What should be kept, what should be changed?")
    canvas.setLineWidth(0.2 * mm)
    for below in (14, 23):
        canvas.line(20 * mm, (HEIGHT_MM - y - below) * mm, 190 * mm, (HEIGHT_MM - y - below) * mm)
    if code:
        size = 18 * mm
        drawing = Drawing(size, size)
        drawing.add(QrCodeWidget(code, barWidth=size, barHeight=size))
        renderPDF.draw(drawing, canvas, 172 * mm, (HEIGHT_MM - 32) * mm)
    canvas.showPage()
    canvas.save()
    form = Form("COURSE", 0, "1", "Course", "Course", "A4", "en", tuple(questions), ())
    return Survey(out.getvalue(), form)


def _terms(canvas: Canvas, y: float) -> Question:
    _write(canvas, "regular", 9.5, 20, y + 4, "I am in my")
    options = []
    for at, label in enumerate(_TERMS):
        box = Box(60 + 30 * at, y, 4.2, 4.2)
        canvas.setLineWidth(0.3 * mm)
        canvas.rect(
            box.x_mm * mm, (HEIGHT_MM - y - box.height_mm) * mm, box.width_mm * mm, box.height_mm * mm
        )
        _write(canvas, "regular", 9, box.x_mm + 6, y + 3.7, label)
        options.append(Option(str(at + 1), label, False, box))
    return Question("Q1", Kind.SINGLE, "term", "", False, False, tuple(options), None)


def _row(canvas: Canvas, number: int, text: str, y: float, *, overall: bool) -> Question:
    _write(canvas, "regular", 9.5, 20, y + 3.4, f"{number}.  {text}")
    options = []
    for at, label in enumerate(_LEVELS):
        box = Box(115 + 17 * at, y, 4.0, 4.0)
        x_mm, y_mm = box.centre_mm
        canvas.setLineWidth(0.25 * mm)
        canvas.circle(x_mm * mm, (HEIGHT_MM - y_mm) * mm, 2.0 * mm)
        options.append(Option(str(at + 1), label, at < 2, box))
    canvas.setLineWidth(0.1 * mm)
    canvas.line(20 * mm, (HEIGHT_MM - y - 6.4) * mm, 195 * mm, (HEIGHT_MM - y - 6.4) * mm)
    return Question(f"Q{number + 1}", Kind.LIKERT, text, "", True, overall, tuple(options), None)


def _write(canvas: Canvas, font: str, size: float, x_mm: float, y_mm: float, text: str) -> None:
    canvas.setFont(embedded(font), size)
    canvas.drawString(x_mm * mm, (HEIGHT_MM - y_mm) * mm, text)


def render(survey: Survey, dpi: int) -> Pixels:
    """Return the printed sheet, (H, W) grey."""
    with pdfium.PdfDocument(survey.pdf) as document:
        picture = document[0].render(scale=dpi / 72, grayscale=True).to_numpy()
    return np.asarray(picture.squeeze(), np.uint8).copy()


def filled_sheet(
    survey: Survey,
    seed: int,
    page: int,
    *,
    dpi: int = 200,
    depth: Depth = Depth.GREY,
    crowd: str = "everyday",
    empty: bool = False,
) -> FilledSheet:
    """Let somebody fill in a sheet, and scan it; the same arguments give the same sheet.

    Parameters
    ----------
    empty : bool
        Scan it as it was printed.
    """
    person, ink, _, feeding = streams(seed, page)
    slip = fill(survey.form, CROWDS[crowd], person)
    drawn = max(dpi, LEAST_DRAWN_DPI)
    blank = render(survey, drawn)
    if depth is Depth.COLOUR:
        blank = np.asarray(cv2.cvtColor(blank, cv2.COLOR_GRAY2BGR), np.uint8)
    sheet = Sheet.of(blank, drawn)
    if not empty:
        write_slip(sheet, survey.form, slip, ink)
    machine = everyday_machine(depth, dpi, np.random.default_rng(seed))  # one for the stack
    return FilledSheet(encode(scan(sheet, machine, everyday_feed(feeding), feeding), machine), slip)


def box_px(box: Box, dpi: float) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a box on a picture of the sheet."""
    px = dpi / MM_PER_INCH
    return box.x_mm * px, box.y_mm * px, (box.x_mm + box.width_mm) * px, (box.y_mm + box.height_mm) * px
