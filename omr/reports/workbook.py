"""The month as a workbook: one sheet per Biểu, native charts, the tidy data behind it.

Numbers are real numbers with formats, text is always text (never a formula), and the
same month gives the same bytes.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from omr.figures import Share
from omr.reports.document.document_tables import HEAT_FILLS
from omr.reports.figures.statistics import Month
from omr.reports.tables import tidy
from omr.reports.tables.satisfaction_tables import overall_levels
from omr.reports.tables.tables import Cell, Column, Heat, Style, Table, Weight, number, printed
from omr.reports.tables.wording import period_name

FONT: Final = "Times New Roman"
SIZE_PT: Final = 10
# Columns are measured in digits of Excel's own typeface, 1.9 mm; text in Times is narrower.
MM_PER_DIGIT: Final = 1.9
LETTERS_PER_DIGIT: Final = 1.45
LINE_PT: Final = 13.5
TIDY_ROWS_PRINTED: Final = 30  # of the sheets for programs: enough to see what they are
MOST_ABOVE_CHART: Final = 8  # rows of a table that leave its chart room on the same page
LEAST_DIGITS: Final = 5.8  # "100,00" with room on both sides
MOST_DIGITS: Final = 40  # of a column of the sheets for programs

# Vietnamese, so that a decimal comma stands there under other regional settings too (where the program asks).
VIETNAMESE: Final = "[$-42A]"
# "_-" keeps the width of a dash between number and line.
NUMBER_FORMATS: Final = {
    Style.COUNT: f"{VIETNAMESE}#,##0_-",
    Style.PERCENT: f"{VIETNAMESE}0.00_-",
    Style.INTERVAL: f"{VIETNAMESE}0.00_-",
    Style.MEAN: f"{VIETNAMESE}0.00_-",
    Style.POINTS: f"{VIETNAMESE}+0.00_-;{VIETNAMESE}-0.00_-;{VIETNAMESE}0.00_-",
    Style.HEAT: f"{VIETNAMESE}0.00_-",
    Style.ORDER: "0",
    Style.TEXT: "@",
    Style.WORD: "@",
}
ALIGN: Final = {Style.TEXT: "left", Style.WORD: "center", Style.ORDER: "center"}
# Greys and patterns that stay apart in black and white, best level first.
FILLS: Final = (
    {
        "fill": {"color": "#595959"}
    },  # not to be taken for the black of the worst, in a legend as small as it is
    {"fill": {"color": "#BFBFBF"}},
    {"fill": {"color": "white"}},  # two patterns are one to LibreOffice
    {"pattern": {"pattern": "wide_upward_diagonal", "fg_color": "black", "bg_color": "white"}},
    {"fill": {"color": "black"}},
)


@dataclass(frozen=True, slots=True)
class Look:
    """The formats of one workbook, each made once."""

    book: Workbook
    made: dict[tuple[tuple[str, object], ...], Format] = field(default_factory=dict)

    def make(self, **properties: object) -> Format:
        """Return a format in the workbook's typeface."""
        wanted = {"font_name": FONT, "font_size": SIZE_PT, "valign": "vcenter", **properties}
        key = tuple(sorted(wanted.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format(wanted)
        return self.made[key]

    def cell(self, style: Style, weight: Weight, *, text: bool) -> Format:
        """Return the format of a table's cell; a word in a column of numbers stands in its middle."""
        align = ALIGN.get(style, "center" if text else "right")
        return self.make(
            border=1,
            align=align,
            text_wrap=text,
            bold=weight is not Weight.BODY,
            num_format="@" if text else NUMBER_FORMATS[style],
        )

    def heat(self, cell: Heat, weight: Weight) -> Format:
        """Return the format of a share that shows by its shade where it is bad."""
        dark = cell.shade == len(HEAT_FILLS) - 1
        shade: dict[str, object] = {"bg_color": f"#{HEAT_FILLS[cell.shade]}"} if cell.shade else {}
        if dark:
            shade["font_color"] = "white"
        return self.make(
            border=1,
            align="right",
            bold=dark or weight is not Weight.BODY,
            num_format=NUMBER_FORMATS[Style.HEAT] if cell.firm else f"{VIETNAMESE}(0.00)",
            **shade,
        )


def workbook(month: Month, tables: Sequence[Table], smallest: int = tidy.SMALLEST) -> bytes:
    """Return the workbook of a month."""
    target = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, {"in_memory": True, **safe}) as book:
        # From the period, not from the clock.
        made = datetime.combine(month.period.day_after, time())
        title = f"Kết quả đo lường mức độ hài lòng {period_name(month.period)}"
        book.set_properties({"title": title, "created": made})
        look = Look(book)
        for table in tables:
            _table_sheet(book.add_worksheet(f"Biểu {table.number}"), look, table, month)
        _charts_sheet(book.add_worksheet("Biểu đồ"), look, month)
        for name, columns, rows in (
            ("Số liệu", tidy.COUNTS, tidy.count_rows(month, smallest)),
            ("Chỉ tiêu", tidy.FIGURES, tidy.figure_rows(month)),
            ("Từ điển", tidy.DICTIONARY, tidy.dictionary_rows()),
        ):
            sheet = book.add_worksheet(name)
            lines = list(rows)
            _tidy_sheet(sheet, look, columns, lines, wrapped=name == "Từ điển")  # sentences, to be read
            part = f" · in {TIDY_ROWS_PRINTED} dòng đầu trong {len(lines)} dòng"
            more = part if len(lines) > TIDY_ROWS_PRINTED else ""
            _print_setup(sheet, month, more)
            # For programs, not for paper: printing the whole book does not print a hundred pages of it.
            sheet.print_area(0, 0, TIDY_ROWS_PRINTED, len(columns) - 1)
    return target.getvalue()


def _columns(table: Table) -> list[tuple[int, Column]]:
    """Return the sheet's columns with the table's column each shows; intervals take two."""
    columns: list[tuple[int, Column]] = []
    for place, column in enumerate(table.columns):
        if column.style is Style.INTERVAL:
            half = column.width_mm * 0.55
            columns.append((place, Column(f"{column.heading} từ", column.style, half, column.over)))
            columns.append((place, Column("đến", column.style, half, column.over)))
        else:
            columns.append((place, column))
    return columns


def _table_sheet(sheet: Worksheet, look: Look, table: Table, month: Month) -> None:
    columns = _columns(table)
    sheet.write_string(0, 0, f"Biểu {table.number}. {table.title}", look.make(bold=True, font_size=13))
    sheet.write_string(1, 0, f"Kỳ số liệu: {period_name(month.period)}", look.make(italic=True))
    first = _headings(sheet, look, [column for _, column in columns])
    for line, row in enumerate(table.rows, first):
        cells = zip(row.cells, table.columns, strict=True)
        lines = max(_lines(printed(cell, of.style), of.width_mm) for cell, of in cells)
        sheet.set_row(line, lines * LINE_PT)  # programs do not all fit the height to wrapped text
        for at, (place, column) in enumerate(columns):
            upper = at > 0 and columns[at - 1][0] == place
            _cell(sheet, look, line, at, row.cells[place], column.style, row.weight, upper=upper)
    for at, (_, column) in enumerate(columns):
        sheet.set_column(at, at, _width(column.width_mm))
    # Across the table, not beyond: a page is printed as narrow as its widest line.
    across_mm = sum(_width(column.width_mm) for _, column in columns) * MM_PER_DIGIT
    for line, note in enumerate(table.notes, first + len(table.rows) + 1):
        sheet.merge_range(line, 0, line, len(columns) - 1, note, look.make(italic=True, text_wrap=True))
        sheet.set_row(line, _lines(note, across_mm) * LINE_PT)
    text = next(at for at, (_, column) in enumerate(columns) if column.width_mm > 30)
    sheet.freeze_panes(first, text + 1)
    sheet.repeat_rows(first - 2, first - 1)
    _print_setup(sheet, month)


def _headings(sheet: Worksheet, look: Look, columns: Sequence[Column]) -> int:
    """Write the two rows of headings and return the row after them."""
    top, format_ = 3, look.make(bold=True, border=1, align="center", text_wrap=True)
    heights = [0, 0]  # lines
    for column in columns:
        lines = _lines(column.heading, 0.85 * column.width_mm)  # bold is wider
        heights = [max(heights[0], 2), max(heights[1], lines if column.over else lines - 2, 1)]
    for place, lines in enumerate(heights):
        sheet.set_row(top + place, lines * LINE_PT)
    at = 0
    while at < len(columns):
        over = columns[at].over
        end = at
        while over and end + 1 < len(columns) and columns[end + 1].over == over:
            end += 1
        if not over:
            sheet.merge_range(top, at, top + 1, at, columns[at].heading, format_)
        elif end == at:
            sheet.write_string(top, at, over, format_)
            sheet.write_string(top + 1, at, columns[at].heading, format_)
        else:
            sheet.merge_range(top, at, top, end, over, format_)
            for place in range(at, end + 1):
                sheet.write_string(top + 1, place, columns[place].heading, format_)
        at = end + 1
    return top + 2


def _lines(text: str, width_mm: float) -> int:
    """Return how many lines a text takes in a column."""
    width = max(int(_width(width_mm) * LETTERS_PER_DIGIT), 1)
    return max(len(textwrap.wrap(text, width)), 1)


def _width(width_mm: float) -> float:
    return max(width_mm / MM_PER_DIGIT, LEAST_DIGITS)


def _cell(
    sheet: Worksheet,
    look: Look,
    line: int,
    at: int,
    cell: Cell,
    style: Style,
    weight: Weight,
    *,
    upper: bool,
) -> None:
    value = _value(cell, style, upper=upper)
    plain = look.cell(style, weight, text=value is None)
    if value is None:
        text = printed(cell, style)
        sheet.write_string(line, at, text, plain)
    else:
        sheet.write_number(line, at, value, look.heat(cell, weight) if isinstance(cell, Heat) else plain)


def _value(cell: Cell, style: Style, *, upper: bool) -> float | None:
    """Return the number a cell shows, already rounded as the document prints it; None: it is text."""
    if cell is None or isinstance(cell, str):
        return None
    if isinstance(cell, int):
        return cell
    if isinstance(cell, Share) and style is Style.INTERVAL:
        bounds = cell.interval()
        return float(bounds[upper]) if bounds else None
    value = number(cell)
    return None if value is None else float(value)


def _charts_sheet(sheet: Worksheet, look: Look, month: Month) -> None:
    """Write two small tables and draw them: levels per field, satisfied share per unit."""
    levels = overall_levels(month)
    pools = {field: month.pool(field=field) for field in month.fields} | {"Chung": month.pool()}
    by_field = [
        (label, [Share(pool.levels.get(code, 0), pool.overall.whole) for code in levels])
        for label, pool in pools.items()
        if pool.overall.whole
    ]
    by_unit = [
        (month.names.get(unit, unit), [share])
        for unit in month.reporting
        if (share := month.pool(unit).overall).whole
    ]
    sheet.set_column(0, 0, 48)
    sheet.set_column(1, max(len(levels), 1), 14)
    line, breaks = 0, list[int]()  # rows that begin a page
    for title, heads, rows, subtype in (
        ("Mức độ hài lòng chung theo lĩnh vực (%)", list(levels.values()), by_field, "percent_stacked"),
        ("Hài lòng trở lên theo đơn vị (%)", ["Hài lòng trở lên"], by_unit, "clustered"),
    ):
        if rows:
            breaks.append(line)
            drawn, line = _chart(sheet, look, line, title, heads, rows, subtype)
            if len(rows) > MOST_ABOVE_CHART:
                breaks.append(drawn)
    if month.past:
        breaks.append(line)
        _trend(sheet, look, line, month)
    sheet.set_h_pagebreaks(breaks[1:])
    _print_setup(sheet, month)


def _chart(
    sheet: Worksheet,
    look: Look,
    top: int,
    title: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Share]]],
    subtype: str,
) -> tuple[int, int]:
    """Write one table with its chart below; return the row where the chart begins, and the one after it."""
    head, percent = (
        look.make(bold=True, border=1, text_wrap=True),
        look.make(border=1, num_format=f"{VIETNAMESE}0.00"),
    )
    sheet.write_string(top, 0, title, look.make(bold=True, font_size=13))
    for at, heading in enumerate(("", *heads)):
        sheet.write_string(top + 1, at, heading, head)
    first, last = top + 2, top + 1 + len(rows)
    for line, (label, shares) in enumerate(rows, first):
        sheet.write_string(line, 0, label, look.make(border=1))
        for at, share in enumerate(shares, 1):
            sheet.write_number(line, at, float(share.percent() or 0), percent)
    chart = look.book.add_chart({"type": "bar", "subtype": subtype})
    for at, label in enumerate(heads, 1):
        chart.add_series(
            {
                "name": label,
                "categories": [sheet.get_name(), first, 0, last, 0],
                "values": [sheet.get_name(), first, at, last, at],
                **FILLS[(at - 1) % len(FILLS)],
                "border": {"color": "black", "width": 0.75},
                "gap": 60,
            }
        )
    font = {"name": FONT, "size": 10}
    chart.set_title({"name": title, "name_font": {"name": FONT, "size": 13}})
    chart.set_y_axis({"reverse": True, "num_font": font})
    ends = {} if subtype == "percent_stacked" else {"min": 0, "max": 100}
    chart.set_x_axis({"num_font": font, "major_gridlines": {"visible": True}, **ends})
    chart.set_legend({"position": "bottom", "font": font} if len(heads) > 1 else {"none": True})
    height_px = 130 + (60 if len(heads) > 1 else 24) * len(rows)
    chart.set_size({"width": 900, "height": height_px})
    sheet.insert_chart(last + 2, 0, chart, {"y_offset": 4})  # clear of the line where a page may break
    return last + 2, last + 4 + height_px // 20  # rows of 20 px


def _trend(sheet: Worksheet, look: Look, top: int, month: Month) -> None:
    """Write the overall shares of the months and draw them with their intervals."""
    title = "Hài lòng trở lên qua các kỳ (%)"
    heads = ("", "Hài lòng trở lên", "KTC: dưới", "KTC: trên", "N", "đến cận dưới", "đến cận trên")
    head, real = (
        look.make(bold=True, border=1, text_wrap=True),
        look.make(border=1, num_format=f"{VIETNAMESE}0.00"),
    )
    sheet.write_string(top, 0, title, look.make(bold=True, font_size=13))
    for at, heading in enumerate(heads):
        sheet.write_string(top + 1, at, heading, head)
    shares = {one.period: one.overall for one in month.past} | {month.period: month.pool().overall}
    first = line = top + 2
    period, least = min(shares), 100
    while period <= month.period:  # a month without answers leaves its place empty
        sheet.write_string(line, 0, period_name(period), look.make(border=1))
        if share := shares.get(period):
            percent, (low, high) = (
                share.percent() or Decimal(0),
                share.interval() or (Decimal(0), Decimal(100)),
            )
            for at, value in ((1, percent), (2, low), (3, high), (5, percent - low), (6, high - percent)):
                sheet.write_number(line, at, float(value), real)
            sheet.write_number(line, 4, share.whole, look.make(border=1, num_format=f"{VIETNAMESE}#,##0"))
            least = min(least, int(low))
        period, line = period.following, line + 1
    last = line - 1
    chart = look.book.add_chart({"type": "line"})
    black = {"color": "black"}
    ends = {
        f"{side}_values": f"='{sheet.get_name()}'!{xl_range_abs(first, at, last, at)}"
        for side, at in (("minus", 5), ("plus", 6))
    }
    chart.add_series(
        {
            "name": heads[1],
            "categories": [sheet.get_name(), first, 0, last, 0],
            "values": [sheet.get_name(), first, 1, last, 1],
            "line": {**black, "width": 1.25},
            "marker": {"type": "circle", "size": 7, "fill": black, "border": black},
            "data_labels": {
                "value": True,
                "position": "right",
                "num_format": f"{VIETNAMESE}0.00",
                "font": {"name": FONT},
            },
            "y_error_bars": {"type": "custom", **ends, "line": black},
        }
    )
    chart.show_blanks_as("gap")
    font = {"name": FONT, "size": 10}
    chart.set_title({"name": title, "name_font": {"name": FONT, "size": 13}})
    chart.set_x_axis({"num_font": font})
    grid = {"visible": True, "line": {"color": "#BFBFBF"}}
    chart.set_y_axis({"num_font": font, "major_gridlines": grid, "min": 10 * (least // 10), "max": 100})
    chart.set_legend({"none": True})
    chart.set_size({"width": 900, "height": 360})
    sheet.insert_chart(last + 2, 0, chart, {"y_offset": 4})


def _tidy_sheet(
    sheet: Worksheet,
    look: Look,
    columns: Sequence[str],
    rows: Sequence[Sequence[tidy.Value]],
    *,
    wrapped: bool = False,
) -> None:
    head, plain, real = (
        look.make(bold=True, bottom=1),
        look.make(text_wrap=wrapped),
        look.make(num_format=f"{VIETNAMESE}0.00"),
    )
    for at, column in enumerate(columns):
        sheet.write_string(0, at, column, head)
        longest = max((len(str(row[at])) for row in rows[:500]), default=0)
        sheet.set_column(at, at, min(max(len(column), longest) + 2, MOST_DIGITS))
    for line, row in enumerate(rows, 1):
        if wrapped:
            lines = max(_lines(str(value), MOST_DIGITS * MM_PER_DIGIT) for value in row)
            sheet.set_row(line, lines * LINE_PT)
        for at, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, at, value, plain)
            elif isinstance(value, Decimal):
                sheet.write_number(line, at, float(value), real)
            elif value is not None:
                sheet.write_number(line, at, value, plain)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)


def _print_setup(sheet: Worksheet, month: Month, more: str = "") -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.8, right=0.6, top=0.8, bottom=0.8)
    sheet.fit_to_pages(1, 0)
    face = f'&"{FONT},Regular"&9'
    sheet.set_header(f"&C{face}&P")
    sheet.set_footer(f"&L{face}Kỳ số liệu {month.period} · mã dữ liệu {month.digest[:16]}&R{face}&A{more}")
