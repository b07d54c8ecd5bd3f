"""A table that an office program or a form tool saved, CSV, Excel or OpenDocument, as rows of text.

Whatever the file claims, it is data from outside: its size is bounded, formulas are not
run, and text is NFC. Encodings: UTF-8 with or without BOM, UTF-16, Windows-1258. What is
wrong is told for all lines at once, and nothing of the file is passed over in silence: a
workbook with two filled sheets is refused, also when one of them is hidden.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from omr.errors import OmrError, why
from omr.messages import language, say
from omr.steps import each
from omr.text import day as day_first
from omr.text import day_number
from omr.workbooks import COMPOUND, MAX_COLUMNS, PACKAGE, lines_of

SUFFIXES: Final = (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".ods")
MAX_BYTES: Final = 50_000_000  # a month of 100,000 answers with ten questions has some 20 MB
MAX_CELL: Final = 10_000  # characters; the longest comment a form tool takes
_MAX_ERRORS_SHOWN: Final = 20


_SEPARATOR_LINE: Final = re.compile(r'"?sep=([,;|\t])"?(?:\r\n|\r|\n)', re.IGNORECASE)
_BOM: Final = b"\xef\xbb\xbf"

# What comes along when a cell is pasted from Word, a web page or a chat.
_UNSEEN: Final[dict[int, str | None]] = {
    **dict.fromkeys((0x00A0, 0x2007, 0x202F, 0x3000), " "),
    **dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF)),
    **{wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},
}
_HEADINGS_IN: Final = ("en", "vi")  # the first two headings that a column may have
Made = TypeVar("Made")


class SheetError(OmrError):
    """A file is wrong in several places; each is an error of its own, and nothing was imported."""

    def __init__(self, wrong: Sequence[OmrError]) -> None:
        super().__init__("sheet.wrong_lines", count=len(wrong))
        self.wrong = tuple(wrong)

    def __str__(self) -> str:
        lines = [str(error) for error in self.wrong[:_MAX_ERRORS_SHOWN]]
        if len(self.wrong) > len(lines):
            lines.append(say("sheet.more", count=len(self.wrong) - len(lines)))
        return "\n".join([super().__str__(), *lines])


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its headings; each row keeps its line in the file, empty rows are left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]


def read_sheet(path: Path, *, most_bytes: int = MAX_BYTES) -> Sheet:
    """Read a file.

    Raises
    ------
    OmrError
        If the file is too large, no table, has two filled sheets or two columns of one name, or
        lines (all of them are named) that do not fit its headings.
    """
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise _too_large(path.name, most_bytes)
        data = path.read_bytes()
    except OSError as error:
        raise OmrError("sheet.unreadable", file=path.name, detail=why(error)) from error
    return sheet_of(data, path.name, most_bytes=most_bytes)


def sheet_of(data: bytes, file: str, *, most_bytes: int = MAX_BYTES) -> Sheet:
    """Read what a file holds; `file` is its name for people."""
    if len(data) > most_bytes:
        raise _too_large(file, most_bytes)
    if data.removeprefix(_BOM).lstrip()[:1] == b"<":  # what web systems call .xls
        raise OmrError("sheet.web_page", file=file)
    is_workbook = data.startswith((PACKAGE, COMPOUND))
    return _sheet(lines_of(data, file) if is_workbook else _csv_lines(data, file), file)


def plain(text: str) -> str:
    """Return text without what nobody sees: signs of no width, blanks and digits of another width.

    Not for what people wrote in their own words: a comment stays as it came.

    Examples
    --------
    >>> plain("PC06\N{ZERO WIDTH SPACE}\N{NO-BREAK SPACE}"), plain("２０２６-１１")
    ('PC06', '2026-11')
    """
    return text.translate(_UNSEEN).strip()


def no_day(text: str, otherwise: OmrError) -> OmrError:
    """Return what is wrong with a cell that should be a day: a bare number of Excel's is named as one."""
    day = day_number(text)
    return (
        OmrError("sheet.day_number", text=text[:40], day=day_first(day), iso=day.isoformat())
        if day
        else otherwise
    )


def called(name: str, headings: Mapping[str, Sequence[str]]) -> str:
    """Return what a column is called in the reader's language: first English, then Vietnamese."""
    words = headings.get(name, (name, name))
    return words[_HEADINGS_IN.index(language())]


def checked(sheet: Sheet, check: Callable[[Mapping[str, str]], Made]) -> list[Made]:
    """Return what `check` makes of each row in `plain` text; the lines it refuses are told all at once.

    Raises
    ------
    SheetError
        With an error for each line, each with the line's number.
    """
    made: list[Made] = []
    wrong: list[OmrError] = []
    for line, cells in each("rows", sheet.rows):
        try:
            made.append(check({name: plain(text) for name, text in cells.items()}))
        except OmrError as error:
            wrong.append(OmrError("sheet.line", line=line, detail=error))
    if wrong:
        raise SheetError(wrong)
    return made


def _too_large(file: str, most_bytes: int) -> OmrError:
    return OmrError("sheet.too_large", file=file, megabytes=most_bytes // 1_000_000)


def _sheet(lines: Iterable[tuple[int, list[str]]], file: str) -> Sheet:
    columns: tuple[str, ...] = ()
    width = 0  # of the line of headings, with empty ones at its end
    rows: list[tuple[int, Mapping[str, str]]] = []
    wrong: list[OmrError] = []
    for line, cells in lines:
        texts = [unicodedata.normalize("NFC", cell).strip() for cell in cells]
        if not any(texts):
            continue
        if any(len(text) > MAX_CELL for text in texts) or len(texts) > MAX_COLUMNS:
            raise OmrError("sheet.too_wide", file=file, line=line)
        if not columns:
            texts = [plain(text) for text in texts]
            width = len(texts)
            columns = _headings(texts, file)
        elif len(texts) > width or any(texts[len(columns) :]):
            if len(columns) == 1 and not rows and not wrong:
                raise OmrError("sheet.title_first", file=file, line=line, title=columns[0][:60])
            misfit = OmrError("sheet.too_many_cells", count=len(texts), expected=len(columns))
            wrong.append(OmrError("sheet.line", line=line, detail=misfit))
        elif lost := [text for text, name in zip(texts, columns, strict=False) if text and not name]:
            wrong.append(
                OmrError("sheet.line", line=line, detail=OmrError("sheet.no_heading", text=lost[0][:60]))
            )
        else:
            texts += [""] * (len(columns) - len(texts))
            rows.append((line, dict(zip(columns, texts, strict=False))))
    if wrong:
        raise SheetError(wrong)
    if not columns:
        raise OmrError("sheet.empty", file=file)
    return Sheet(columns, tuple(rows))


def _headings(texts: list[str], file: str) -> tuple[str, ...]:
    while not texts[-1]:
        texts.pop()
    named = [text for text in texts if text]
    if len(set(named)) < len(named):
        twice = next(text for text in named if named.count(text) > 1)
        raise OmrError("sheet.column_twice", file=file, column=twice[:60])
    return tuple(texts)


def _csv_lines(data: bytes, file: str) -> Iterator[tuple[int, list[str]]]:
    text = decoded(data, file)
    named = _SEPARATOR_LINE.match(text)  # Excel's own line, for Excel: no row of the table
    heading = text[named.end() if named else 0 :].lstrip("\r\n").split("\n", 1)[0]
    separator = named[1] if named else max(",;\t|", key=heading.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        if named:
            next(table)
        for cells in table:
            yield table.line_num, cells
    except csv.Error as error:
        raise OmrError("sheet.not_csv", file=file, line=table.line_num, detail=error) from error


def decoded(data: bytes, file: str) -> str:
    """Decode a text file that does not say its encoding; what fits none is refused, never half read.

    Raises
    ------
    OmrError
        ``sheet.not_text``.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif (head := data[:4000]).count(0) > len(head) // 8:  # without its mark: the upper byte of ASCII is 0
        encodings = ["utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"]
    else:
        # Text in Windows-1258 with any Vietnamese letter is no UTF-8: the order decides rightly.
        encodings = ["utf-8-sig", "cp1258"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise OmrError("sheet.not_text", file=file)
