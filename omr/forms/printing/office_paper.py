"""Papers of the office itself, such as cover sheets and receipts: paragraphs and tables on A4 or A5."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import numpy as np
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import black
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from omr.errors import OmrError, why
from omr.files import appearing
from omr.forms.fonts import embedded
from omr.forms.symbols import QR_QUIET, Modules

PAPERS: Final = {"A4": A4, "A5": A5}
MARGIN_MM: Final = 15.0

_SIZES_PT: Final = {"small": 8.5, "text": 10.0, "head": 10.5, "title": 14.0}


def text(
    words: str, size: str = "text", *, bold: bool = False, italic: bool = False, centred: bool = False
) -> Flowable:
    """Return a paragraph; nothing in `words` is taken as markup."""
    points = _SIZES_PT[size]
    face = "bold" if bold else "italic" if italic else "regular"
    style = ParagraphStyle(face, fontName=embedded(face), fontSize=points, leading=points * 1.35)
    style.alignment = TA_CENTER if centred else 0
    return Paragraph(escape(words), style)


Cell = Flowable | list[Flowable]


def table(rows: Sequence[Sequence[Cell]], widths_mm: Sequence[float], *, ruled: bool = True) -> Flowable:
    """Return a table whose first row is repeated on every page."""
    made = Table(
        [list(row) for row in rows],
        colWidths=[width * mm for width in widths_mm],
        repeatRows=1 if ruled else 0,
    )
    rules = [("GRID", (0, 0), (-1, -1), 0.4, black)] if ruled else []
    made.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *rules]))
    return made


def code(modules: Modules, module_mm: float) -> Flowable:
    """Return a QR code with its quiet zone; each row's runs of black are one shape."""
    side = (len(modules) + 2 * QR_QUIET) * module_mm * mm
    drawing = Drawing(side, side)
    for row, line in enumerate(modules):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(np.int8)))
        for first, after in edges.reshape(-1, 2).tolist():
            x, y = (QR_QUIET + first) * module_mm * mm, side - (QR_QUIET + row + 1) * module_mm * mm
            run = Rect(x, y, (after - first) * module_mm * mm, module_mm * mm)
            run.fillColor, run.strokeColor = black, None
            drawing.add(run)
    return drawing


def write_paper(target: Path, paper: str, title: str, story: Sequence[Flowable]) -> None:
    """Write the PDF; it is there whole or not at all.

    Raises
    ------
    OmrError
        If it cannot be written.
    """
    try:
        with appearing(target) as part:
            SimpleDocTemplate(
                str(part),
                pagesize=PAPERS[paper],
                leftMargin=MARGIN_MM * mm,
                rightMargin=MARGIN_MM * mm,
                topMargin=MARGIN_MM * mm,
                bottomMargin=MARGIN_MM * mm,
                title=title,
                author="",
                creator="omr",
                invariant=1,
                initialFontName=embedded("regular"),
            ).build(list(story))
    except OSError as error:
        raise OmrError("cover.cannot_write", target=target, detail=why(error)) from error
