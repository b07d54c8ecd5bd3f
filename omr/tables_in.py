"""A table that an office program or a form tool saved, CSV or XLSX, as rows of text.

Whatever the file claims, it is data from outside: its size is bounded, formulas are not
run, and text is NFC. Encodings: UTF-8 with or without BOM, UTF-16, Windows-1258.
"""

from __future__ import annotations

import csv
import io
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.messages import say

MAX_BYTES: Final = 50_000_000  # a month of 100,000 answers with ten questions has some 20 MB
MAX_UNPACKED_BYTES: Final = 500_000_000  # an XLSX of that size unpacks to ten times as much
MAX_COLUMNS: Final = 500
MAX_CELL: Final = 10_000  # characters; the longest comment a form tool takes
_MAX_ERRORS_SHOWN: Final = 20


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


def read_sheet(path: Path) -> Sheet:
    """Read the first sheet of a file.

    Raises
    ------
    OmrError
        If the file is too large, no table, or has two columns of one name.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise OmrError("sheet.too_large", file=path.name, megabytes=MAX_BYTES // 1_000_000)
        data = path.read_bytes()
    except OSError as error:
        raise OmrError("sheet.unreadable", file=path.name, detail=error.strerror or error) from error
    lines = _workbook_lines(data, path.name) if data[:4] == b"PK\x03\x04" else _csv_lines(data, path.name)
    return _sheet(lines, path.name)


def _sheet(lines: Iterator[tuple[int, list[str]]], file: str) -> Sheet:
    columns: tuple[str, ...] = ()
    rows: list[tuple[int, Mapping[str, str]]] = []
    for line, cells in lines:
        texts = [unicodedata.normalize("NFC", cell).strip() for cell in cells]
        if not any(texts):
            continue
        if any(len(text) > MAX_CELL for text in texts) or len(texts) > MAX_COLUMNS:
            raise OmrError("sheet.too_wide", file=file, line=line)
        if not columns:
            while texts and not texts[-1]:
                texts.pop()
            named = [text for text in texts if text]
            if len(set(named)) < len(named):
                twice = next(text for text in named if named.count(text) > 1)
                raise OmrError("sheet.column_twice", file=file, column=twice[:60])
            columns = tuple(texts)
        elif any(texts[len(columns) :]):
            raise OmrError("sheet.too_many_cells", line=line, count=len(texts), expected=len(columns))
        else:
            texts += [""] * (len(columns) - len(texts))
            rows.append((line, dict(zip(columns, texts, strict=False))))
    if not columns:
        raise OmrError("sheet.empty", file=file)
    return Sheet(columns, tuple(rows))


def _csv_lines(data: bytes, file: str) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(data, file)
    heading = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t|", key=heading.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in table:
            yield table.line_num, cells
    except csv.Error as error:
        raise OmrError("sheet.not_csv", file=file, line=table.line_num, detail=error) from error


def _decoded(data: bytes, file: str) -> str:
    """Decode a file that does not say its encoding; what fits none is refused, never half read."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in (head := data[:4000]):  # UTF-16 without its mark: the upper byte of ASCII is 0
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


def _workbook_lines(data: bytes, file: str) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if sum(entry.file_size for entry in package.infolist()) > MAX_UNPACKED_BYTES:
                raise OmrError("sheet.too_large", file=file, megabytes=MAX_UNPACKED_BYTES // 1_000_000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and print settings, which are not read
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
                yield line, [_text(cell) for cell in cells]
    except OmrError:
        raise
    except Exception as error:  # a damaged package fails anywhere in the library, with anything
        raise OmrError("sheet.not_workbook", file=file) from error


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
