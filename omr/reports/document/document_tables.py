"""A Biểu as a Word table: fixed column widths, headings repeated on every page.

Written as XML in one go: cell by cell through python-docx a table of 240 units takes
minutes, because every access walks the whole table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.oxml.xmlchemy import BaseOxmlElement

from omr.figures import Nothing
from omr.reports.document.decree import CELL_PT, CELL_STYLE, unbroken
from omr.reports.tables.tables import Column, Heat, Row, Style, Table, Weight, printed

TWIPS_PER_MM: Final = 1440 / 25.4
MARGIN_TWIPS: Final = 45  # left and right inside a cell, 0.8 mm: half of Word's own

LETTER_MM: Final = 1.45  # a bold letter of a heading, on average
LINE_TWIPS: Final = round(CELL_PT * 1.2 * 20)

KEPT_TOGETHER: Final = 3  # rows at the end of a table that stay on one page
SHORT: Final = 10  # rows of a table that stays on one page as a whole

# White, two greys that toner tells apart, and one dark enough for white letters.
HEAT_FILLS: Final = ("FFFFFF", "DDDDDD", "B0B0B0", "404040")

_ALIGN: Final = {Style.TEXT: "left", Style.WORD: "center", Style.ORDER: "center"}


def table_element(table: Table) -> BaseOxmlElement:
    """Return the table as an element to be put into a document's body."""
    widths = [round(column.width_mm * TWIPS_PER_MM) for column in table.columns]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    rows = [
        *_heading_rows(table.columns, widths),
        *(_row(row, table.columns, widths, keep=_keeps(table, at)) for at, row in enumerate(table.rows)),
    ]
    return parse_xml(
        f"<w:tbl {nsdecls('w')}><w:tblPr>"
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>{_borders()}'
        '<w:tblLayout w:type="fixed"/>'
        f"<w:tblCellMar>{_inside('left')}{_inside('right')}</w:tblCellMar>"
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _keeps(table: Table, at: int) -> bool:
    """Whether a row stays on one page with what follows it.

    A short table is not divided. No page begins with the last row of a table alone, or with a note to the
    table before it, and none ends with the heading of rows that stand on the next.
    """
    last = len(table.rows) - 1
    if at == last:
        return bool(table.notes)
    if len(table.rows) <= SHORT:
        return True
    heads = table.rows[at].weight is not Weight.BODY and table.rows[at + 1].weight is Weight.BODY
    return heads or at > last - KEPT_TOGETHER


def _inside(side: str) -> str:
    return f'<w:{side} w:w="{MARGIN_TWIPS}" w:type="dxa"/>'


def _borders() -> str:
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    lines = "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>' for side in sides)
    return f"<w:tblBorders>{lines}</w:tblBorders>"


def _heading_rows(columns: Sequence[Column], widths: Sequence[int]) -> Iterator[str]:
    two = any(column.over for column in columns)
    cells: list[str] = []
    at = 0
    while at < len(columns):
        end = at + 1
        while columns[at].over and end < len(columns) and columns[end].over == columns[at].over:
            end += 1
        width, span = sum(widths[at:end]), f'<w:gridSpan w:val="{end - at}"/>' if end - at > 1 else ""
        merge = '<w:vMerge w:val="restart"/>' if two and not columns[at].over else ""
        text = columns[at].over or columns[at].heading
        cells.append(_xml_cell(text, width, "center", bold=True, extra=span + merge))
        at = end
    height = _merged_height(columns) if two else 0
    yield _xml_row(cells, heading=True, height=height)
    if two:
        lower = [
            _xml_cell(column.heading, width, "center", bold=True)
            if column.over
            else _xml_cell("", width, "center", extra="<w:vMerge/>")
            for column, width in zip(columns, widths, strict=True)
        ]
        yield _xml_row(lower, heading=True, height=height)


def _merged_height(columns: Sequence[Column]) -> int:
    """Return the least height (twips) of each of two heading rows, for the words that stand in both of them.

    Without it LibreOffice cuts them off where it repeats the headings on the next page.
    """
    lines = [
        len(textwrap.wrap(column.heading, max(int((column.width_mm - 1.6) / LETTER_MM), 1)))
        for column in columns
        if not column.over
    ]
    return max(lines, default=0) * LINE_TWIPS // 2


def _row(row: Row, columns: Sequence[Column], widths: Sequence[int], *, keep: bool = False) -> str:
    bold = row.weight is not Weight.BODY
    if row.weight is Weight.GROUP:
        text = next(str(cell) for cell in row.cells if cell)
        span = f'<w:gridSpan w:val="{len(columns)}"/>'
        return _xml_row([_xml_cell(text, sum(widths), "left", bold=True, extra=span, keep=True)])
    cells = []
    for cell, column, width in zip(row.cells, columns, widths, strict=True):
        word = isinstance(cell, (Nothing, str)) and column.style is not Style.TEXT
        align = "center" if word else _ALIGN.get(column.style, "right")
        shade = cell.shade if isinstance(cell, Heat) else 0
        cells.append(_xml_cell(printed(cell, column.style), width, align, bold=bold, shade=shade, keep=keep))
    return _xml_row(cells)


def _xml_row(cells: Sequence[str], *, heading: bool = False, height: int = 0) -> str:
    least = f'<w:trHeight w:val="{height}" w:hRule="atLeast"/>' if height else ""
    properties = f"<w:cantSplit/>{least}" + ("<w:tblHeader/>" if heading else "")
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def _xml_cell(
    text: str,
    width: int,
    align: str,
    *,
    bold: bool = False,
    extra: str = "",
    keep: bool = False,
    shade: int = 0,
) -> str:
    white = shade == len(HEAT_FILLS) - 1
    look = "<w:b/>" * (bold or white) + '<w:color w:val="FFFFFF"/>' * white
    parts = [f'<w:t xml:space="preserve">{_safe(part)}</w:t>' for part in unbroken(text)]
    run = f"<w:r>{f'<w:rPr>{look}</w:rPr>' * bool(look)}{'<w:noBreakHyphen/>'.join(parts)}</w:r>"
    if shade:
        extra += f'<w:shd w:val="clear" w:color="auto" w:fill="{HEAT_FILLS[shade]}"/>'
    place = f'<w:pStyle w:val="{CELL_STYLE}"/>{"<w:keepNext/>" if keep else ""}<w:jc w:val="{align}"/>'
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{extra}<w:vAlign w:val="center"/></w:tcPr>'
        f"<w:p><w:pPr>{place}</w:pPr>{run}</w:p></w:tc>"
    )


def _safe(text: str) -> str:
    """Return text for XML: what people wrote may hold control characters that XML forbids."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text))
