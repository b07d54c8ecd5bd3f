"""The rows of a workbook's one filled sheet: .xlsx, .xls and .ods, each by the library that tells most.

A cell whose formula failed is the text that people see (``#N/A``), never an empty one: emptiness
means "not given" in every table that is read. Memory follows what a file holds, not what it claims
to hold: two cells at the ends of a sheet, or a row that is said to stand there a million times, cost
nothing. Formulas are not run; macros, pictures and styles are not looked at.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from functools import partial
from typing import IO, Final
from xml.etree.ElementTree import Element

from omr.errors import OmrError

PACKAGE: Final = b"PK\x03\x04"  # .xlsx and .ods
COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls; and .xlsx that is locked
MAX_UNPACKED_BYTES: Final = 500_000_000  # a package of 50 MB unpacks to ten times as much
MAX_REPEATED: Final = 10_000_000  # cells of an .ods, where one may be said to stand a million times
MAX_COLUMNS: Final = 500
_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]+\d+):([A-Z]+)(\d+)"[^<>]*>')
_MANIFEST: Final = "META-INF/manifest.xml"

Rows = Callable[[], Iterator[Sequence[object]]]
Merged = Callable[[], Iterable[tuple[str, int]]]  # ranges of cells made one, and the last line of each
Part = tuple[str, Rows, Merged]  # a sheet with its title


def lines_of(data: bytes, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line of the only filled sheet, with its number and without empty cells at its end.

    Parameters
    ----------
    data : bytes
        What begins with `PACKAGE` or `COMPOUND`.
    file : str
        Its name for people.

    Raises
    ------
    OmrError
        If it is damaged, locked, too large, if two sheets are filled, or if cells below the first
        filled line are merged: what stood in all but one of them is gone.
    """
    try:
        sheets = _compound(data, file) if data.startswith(COMPOUND) else _package(data, file)
        filled = [sheet for sheet in sheets if any(map(_texts, sheet[1]()))]
        if len(filled) > 1:
            raise OmrError("sheet.several", file=file, sheets=", ".join(title for title, *_ in filled))
        for _, rows, merged in filled:
            first = next(line for line, cells in enumerate(rows(), 1) if _texts(cells))
            if below := [cells for cells, last in merged() if last > first]:
                raise OmrError("sheet.merged", file=file, cells=", ".join(below[:5]), count=len(below))
            for line, cells in enumerate(rows(), 1):
                yield line, _texts(cells)
    except OmrError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in a library, with anything
        raise OmrError("sheet.not_workbook", file=file) from error


def _texts(cells: Sequence[object]) -> list[str]:
    texts = [_text(cell) for cell in cells]
    while texts and not texts[-1].strip():  # a cell with a format and nothing in it
        texts.pop()
    return texts


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _package(data: bytes, file: str) -> list[Part]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        if sum(entry.file_size for entry in package.infolist()) > MAX_UNPACKED_BYTES:
            raise OmrError("sheet.too_large", file=file, megabytes=MAX_UNPACKED_BYTES // 1_000_000)
        names = package.namelist()
        if "content.xml" in names:
            if _MANIFEST in names and b"encryption-data" in package.read(_MANIFEST):
                raise OmrError("sheet.locked", file=file)
            return _open_document(package.read("content.xml"), file)
    return _excel(data)


# --- .xlsx ---------------------------------------------------------------------------------------


def _excel(data: bytes) -> list[Part]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and print settings, which are not read
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what the file says of them may be a lie of billions of cells
    return [
        (
            sheet.title,
            partial(sheet.iter_rows, values_only=True),
            partial(_merged_in_xlsx, data),
        )
        for sheet in book.worksheets
    ]


def _merged_in_xlsx(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield what the sheets' XML says of merged cells: openpyxl leaves it out where it reads row by row."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            if "worksheets/" in name and name.endswith(".xml"):
                with package.open(name) as sheet:
                    yield from _merged_in_xml(sheet)


def _merged_in_xml(sheet: IO[bytes]) -> Iterator[tuple[str, int]]:
    before = b""
    while chunk := sheet.read(1 << 20):
        text = before + chunk
        for found in _MERGED.finditer(text):
            yield f"{found[1].decode()}:{found[2].decode()}{found[3].decode()}", int(found[3])
        before = text[max(text.rfind(b"<"), len(text) - 200) :]


# --- .xls ----------------------------------------------------------------------------------------


def _compound(data: bytes, file: str) -> list[Part]:
    import olefile
    import xlrd

    # xlrd takes the container apart itself, too, but runs in a circle where one is damaged
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        if container.exists("EncryptedPackage"):
            raise OmrError("sheet.locked", file=file)
        stream = container.openstream("Workbook" if container.exists("Workbook") else "Book").read()
    try:  # what it has to say of a file goes nowhere; rows are as long as they are
        book = xlrd.open_workbook(file_contents=stream, logfile=io.StringIO(), ragged_rows=True)
    except xlrd.biffh.XLRDError as error:
        if "encrypted" in str(error):
            raise OmrError("sheet.locked", file=file) from error
        raise

    def value(cell: xlrd.sheet.Cell) -> object:
        if cell.ctype == xlrd.XL_CELL_DATE:
            number = float(cell.value)
            moment = xlrd.xldate_as_datetime(number, book.datemode)
            return moment.time() if 0 <= number < 1 else moment  # before the first day: a time of day
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(int(cell.value), "#N/A")
        return bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value

    def rows(sheet: xlrd.sheet.Sheet) -> Iterator[Sequence[object]]:
        for number in range(sheet.nrows):
            yield [value(cell) for cell in sheet.row(number)]

    return [
        (sheet.name, partial(rows, sheet), partial(_merged_in_xls, stream, sheet.number))
        for sheet in book.sheets()
    ]


def _merged_in_xls(stream: bytes, number: int) -> Iterator[tuple[str, int]]:
    import xlrd
    from openpyxl.utils import get_column_letter as letter

    # merged cells count as formats, which xlrd reads only where it is told to
    book = xlrd.open_workbook(file_contents=stream, logfile=io.StringIO(), formatting_info=True)
    for top, below, left, right in book.sheet_by_index(number).merged_cells:
        yield f"{letter(left + 1)}{top + 1}:{letter(right)}{below}", below


# --- .ods ----------------------------------------------------------------------------------------

_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_WRITING: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OF_DAY: Final = re.compile(r"PT([01]\d|2[0-3])H([0-5]\d)M([0-5]\d)(?:[.,]\d+)?S")


def _open_document(content: bytes, file: str) -> list[Part]:
    names = [table.get(f"{_TABLE}name", "") for table, row in _walk(content) if row is None]
    return [
        (name, partial(_table_rows, content, at, file), partial(_merged_in_ods, content, at))
        for at, name in enumerate(names)
    ]


def _merged_in_ods(content: bytes, at: int) -> Iterator[tuple[str, int]]:
    from openpyxl.utils import get_column_letter as letter

    table, line = -1, 0
    for _, row in _walk(content):
        table += row is None
        if table != at or row is None:
            continue
        line, column = line + 1, 1
        for cell in row:
            down, across = (
                int(cell.get(f"{_TABLE}number-{what}-spanned", 1)) for what in ("rows", "columns")
            )
            if down > 1 or across > 1:
                last = line + down - 1
                yield f"{letter(column)}{line}:{letter(column + across - 1)}{last}", last
            column += int(cell.get(f"{_TABLE}number-columns-repeated", 1))
        line += int(row.get(f"{_TABLE}number-rows-repeated", 1)) - 1


def _walk(content: bytes) -> Iterator[tuple[Element, Element | None]]:
    """Yield each table when it begins, then each of its rows; what was looked at is given up."""
    from defusedxml.ElementTree import iterparse

    above: list[Element] = []
    table: Element | None = None
    # entities, with which a small file fills any memory, are refused
    for event, element in iterparse(io.BytesIO(content), events=("start", "end")):
        if event == "start":
            above.append(element)
            if element.tag == f"{_TABLE}table":
                table = element
                yield table, None
            continue
        above.pop()
        if element.tag == f"{_TABLE}table-row" and table is not None:
            yield table, element
            above[-1].clear()


def _table_rows(content: bytes, at: int, file: str) -> Iterator[Sequence[object]]:
    """Yield the rows of one table; empty ones that are said to be there many times only before others."""
    empty = repeated = 0
    table = -1
    for _, row in _walk(content):
        table += row is None
        if table != at or row is None:
            continue
        cells, times = _cells(row), int(row.get(f"{_TABLE}number-rows-repeated", 1))
        if not cells:
            empty += times
            continue
        repeated += empty + times * len(cells)
        if repeated > MAX_REPEATED:
            raise OmrError("sheet.too_large", file=file, megabytes=MAX_UNPACKED_BYTES // 1_000_000)
        yield from ((),) * empty
        yield from (cells,) * times
        empty = 0


def _cells(row: Element) -> list[object]:
    """Return the values of a row up to its last filled cell, at most one more than are allowed."""
    cells: list[object] = []
    empty = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        value, times = _value(cell), int(cell.get(f"{_TABLE}number-columns-repeated", 1))
        if value == "":
            empty += times
            continue
        room = MAX_COLUMNS + 1 - len(cells)
        cells += [*[""] * min(empty, room), *[value] * times][:room]
        empty = 0
    return cells


def _value(cell: Element) -> object:
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "percentage", "currency"):
        return float(cell.get(f"{_OFFICE}value", ""))
    if kind == "date":
        return datetime.fromisoformat(cell.get(f"{_OFFICE}date-value", ""))
    if kind == "time" and (found := _OF_DAY.fullmatch(cell.get(f"{_OFFICE}time-value", ""))):
        hour, minute, second = map(int, found.groups())
        return time(hour, minute, second)
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    # what is shown: a text, or the word of a formula that failed; without the notes beside it
    return "\n".join("".join(_written(part)) for part in cell if part.tag == f"{_WRITING}p")


def _written(part: Element) -> Iterator[str]:
    yield part.text or ""
    for inner in part:
        if inner.tag == f"{_WRITING}s":
            yield " " * min(int(inner.get(f"{_WRITING}c", 1)), 100)
        elif inner.tag in (f"{_WRITING}tab", f"{_WRITING}line-break"):
            yield "\t" if inner.tag == f"{_WRITING}tab" else "\n"
        elif inner.tag.startswith(_WRITING):
            yield from _written(inner)
        yield inner.tail or ""
