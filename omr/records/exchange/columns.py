"""Which column of a form tool's table holds what.

Found by the questions' keys or words, as Google Forms, Microsoft Forms and KoboToolbox head them, or told
by a small TOML. Columns that nobody asked for (addresses, names) are never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from omr.errors import OmrError
from omr.forms.template import Form
from omr.records.exchange.moments import Order
from omr.tables_in import Sheet, SheetError, called
from omr.text import folded
from omr.toml_in import parse_toml, what_is_wrong

RESPONSE, DAY, UNIT = "response", "day", "unit"
# In the order in which they are believed: the end of a form before its beginning, a time with its
# zone (KoboToolbox: end) before one in another zone that says nothing of it (_submission_time).
HEADINGS: Final = {
    RESPONSE: ("response", "response id", "id", "_id", "mã phản hồi", "mã trả lời", "_uuid", "uuid"),
    DAY: (
        "day",
        "dấu thời gian",
        "timestamp",
        "completion time",
        "thời gian hoàn thành",
        "submitted at",
        "thời gian gửi",
        "ngày trả lời",
        "ngày",
        "thời gian",
        "end",
        "submission time",
        "start time",
        "thời gian bắt đầu",
        "start",
    ),
    UNIT: (
        "unit",
        "đơn vị",
        "mã đơn vị",
        "tên đơn vị",
        "đơn vị giải quyết",
        "cơ quan giải quyết",
    ),
}
UTC_HEADING: Final = "_submission_time"  # KoboToolbox's server writes it, without saying its zone
UNIT_BEGINS: Final = ("đơn vị", "cơ quan công an", "công an đơn vị")  # "Đơn vị nơi Ông/Bà làm thủ tục"
FORM_HEADINGS: Final = ("form", "mẫu", "mẫu phiếu", "mã mẫu phiếu")
# "Mức độ hài lòng [Thái độ giao tiếp …]": how Google Forms heads a row of a grid.
_GRID_ROW: Final = re.compile(r"\[([^\[\]]+)\]\s*$")
_NUMBERED: Final = re.compile(r"(?:câu(?: hỏi)?\s*)?[A-Z]?\d{1,2}\s*[.):\-–]\s*(?=\S)", re.IGNORECASE)


class ColumnMap(BaseModel):
    """Which column holds what, from a TOML file; every key may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: str = ""  # of all rows, where the file has no column of forms
    unit: str = ""  # of all rows, where the file has no column of units
    day_order: Order | None = None  # "dmy" or "mdy", where the days themselves do not tell
    day_format: str = ""  # as in strptime, for times that are written like nothing else
    columns: dict[str, str] = {}  # response, day, unit or a question's key -> heading
    values: dict[str, dict[str, str]] = {}  # question's key -> what the file says -> option's code


def load_column_map(path: Path) -> ColumnMap:
    """Read a file that names the columns.

    Raises
    ------
    OmrError
        If it is no such TOML.
    """
    try:
        return ColumnMap.model_validate(parse_toml(path.read_bytes()))
    except ValidationError as error:
        raise OmrError("electronic.bad_map", file=path.name, detail=what_is_wrong(error)) from error
    except OSError as error:
        raise OmrError("electronic.bad_map", file=path.name, detail=error.strerror or error) from error
    except OmrError as error:
        raise OmrError("electronic.bad_map", file=path.name, detail=error) from error


def parts_by_form(sheet: Sheet, form: str) -> list[tuple[str, Sheet]]:
    """Part a file by the forms that its rows are of; with `form`, all of them are.

    Raises
    ------
    OmrError
        If neither says which form it is.
    """
    if form:
        return [(form, sheet)]
    words = {folded(word) for word in FORM_HEADINGS}
    heading = next((column for column in sheet.columns if folded(column) in words), None)
    if heading is None:
        raise OmrError("electronic.no_form")
    if unnamed := [line for line, cells in sheet.rows if not cells[heading]]:
        raise SheetError(
            [OmrError("sheet.line", line=line, detail=OmrError("electronic.no_form")) for line in unnamed]
        )
    names = dict.fromkeys(cells[heading] for _, cells in sheet.rows)
    return [
        (name, Sheet(sheet.columns, tuple(row for row in sheet.rows if row[1][heading] == name)))
        for name in names
    ]


def columns_found(form: Form, sheet: Sheet, columns: ColumnMap) -> dict[str, str]:
    """Return the heading of what has a column; where two columns would be one thing, what was told only."""
    try:
        return found_in(form, sheet, columns.columns)
    except OmrError:
        return dict(columns.columns)


def found_in(form: Form, sheet: Sheet, named: Mapping[str, str]) -> dict[str, str]:
    """Return what each column is, the surest way of telling first; two columns of one thing are refused."""
    found = dict(named)
    columns = [column for column in sheet.columns if column]

    def take(name: str, headings: list[str]) -> None:
        if name in found or not (free := [one for one in headings if one not in found.values()]):
            return
        if len(free) > 1:
            raise OmrError(
                "electronic.two_columns", what=called(name, HEADINGS), one=free[0][:60], other=free[1][:60]
            )
        found[name] = free[0]

    for exact in (True, False):
        for question in form.questions:
            words = {question.key, question.text, question.text.partition(" / ")[0]}
            wanted = {folded(word) for word in words}
            take(question.key, [one for one in columns if wanted & set(_names(one, exact=exact))])
    for name, headings in HEADINGS.items():
        for word in headings:
            take(
                name,
                [one for one in columns if folded(word) in {folded(one), folded(one.rpartition("/")[2])}],
            )
    for beginning in UNIT_BEGINS:
        take(UNIT, [one for one in columns if folded(one).startswith(folded(beginning))])
    return found


def _names(heading: str, *, exact: bool) -> Iterator[str]:
    """Yield what a heading may stand for: itself; a grid's row, without its number, below its group."""
    if exact:
        yield folded(heading)
        return
    grid = _GRID_ROW.search(heading)
    texts = [heading, *([grid[1]] if grid else [])]
    # KoboToolbox: group/question; a question's own words may hold a stroke, too.
    texts += [heading[at + 1 :] for at, sign in enumerate(heading) if sign == "/"]
    for text in texts:
        yield folded(text)
        yield folded(_NUMBERED.sub("", text.strip(), count=1))
