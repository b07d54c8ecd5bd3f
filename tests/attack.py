"""An attacker who has every file and page of a month and solves for the people behind the stars.

What is published of respondents are equations over counts that nobody knows: of one unit, one answer
about the respondent, satisfied or not. Whatever a file shows of them is read from the file as it was
written (CSV, Excel, Word, JSON, the desks' pages) and entered; then the least and the greatest value
that each sum can have says what is known of it.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import docx
import lxml.html
import numpy as np
import openpyxl
from scipy.optimize import linprog

Row = Mapping[str, str]


class Bounds:
    """Sums of unknown counts, none of them below nothing."""

    def __init__(self) -> None:
        self.unknowns: dict[object, int] = {}
        self.rows: list[tuple[dict[int, int], int]] = []

    def know(self, names: Iterable[object], value: int) -> None:
        """Enter that these counts come to `value` together."""
        row: dict[int, int] = defaultdict(int)
        for name in names:
            row[self.unknowns.setdefault(name, len(self.unknowns))] += 1
        if (row, value) not in self.rows:
            self.rows.append((row, value))

    def of(self, names: Sequence[object]) -> tuple[float, float]:
        """Return the least and the greatest that these counts can come to; they must be able to be."""
        matrix = np.zeros((len(self.rows), len(self.unknowns)))
        for y, (row, _) in enumerate(self.rows):
            for x, factor in row.items():
                matrix[y, x] = factor
        cost = np.zeros(len(self.unknowns))
        for name in names:
            cost[self.unknowns[name]] += 1
        values = [value for _, value in self.rows]
        ends = [linprog(sign * cost, A_eq=matrix, b_eq=values) for sign in (1, -1)]
        assert all(end.status in (0, 3) for end in ends), "the files contradict each other"
        low, high = ends
        return low.fun, -high.fun if high.status == 0 else float("inf")


class Month:
    """What the files of one month and survey say of one question about respondents."""

    def __init__(self, question: str, codes: Sequence[str], labels: Mapping[str, str]) -> None:
        self.question, self.codes, self.labels = question, [*codes, ""], labels
        self.units: list[str] = []
        self.known = Bounds()
        self.shown = 0  # cells that some file shows

    def cells(self, unit: str, code: str, good: bool | None = None) -> list[object]:
        """Return the unknowns of a group: of one unit, or "" for all."""
        kinds = (True, False) if good is None else (good,)
        return [(at, code, kind) for at in ([unit] if unit else self.units) for kind in kinds]

    def totals(self, overall: Mapping[str, tuple[int, int]]) -> None:
        """Enter the overall answer of each unit, which every report tells: satisfied, answered."""
        self.units = list(overall)
        for unit, (good, whole) in overall.items():
            for kind, value in ((True, good), (False, whole - good)):
                self.known.know([name for code in self.codes for name in self.cells(unit, code, kind)], value)

    def cell(self, unit: str, code: str, size: int | None, good: int | None) -> None:
        """Enter one cell of a file; None where it hides."""
        for kinds, value in ((None, size), (True, good)):
            if value is not None:
                self.known.know(self.cells(unit, code, kinds), value)
                self.shown += 1

    def read(self, folder: Path, unit: str) -> None:
        """Enter all that the files of a report say, the city's (``""``) or a unit's."""
        for row in self._tidy(folder):
            if row["question"] == self.question:
                assert row["unit"] == unit and not row["channel"]
                self.cell(unit, row["option"], _number(row["slips"]), None)
        for code, size, good in self._printed(folder):
            self.cell(unit, code, _number(size), _number(good))

    def json(self, figures: Mapping[str, Any], unit: str) -> None:
        """Enter what ``omr report --json`` says."""
        for asked in figures["respondents"]:
            for group in asked["groups"] if asked["question"] == self.question else ():
                self.cell(unit, group["code"], group["answered"], group["satisfied"])

    def by(self, rows: Iterable[Mapping[str, Any]], trait: str) -> None:
        """Enter what ``omr report --by`` says."""
        for row in rows:
            self.cell(row.get("unit", ""), row[trait], row["answered"], row["satisfied"])

    def page(self, text: str, unit: str) -> None:
        """Enter what a page of the desks shows: the overview, or the preview of a report."""
        codes = {label: code for code, label in self.labels.items()} | {"Không ghi": ""}
        before = self.shown
        for table in lxml.html.fromstring(text).iter("table"):
            rows = [[cell.text_content().strip() for cell in row] for row in table.iter("tr")]
            preview = rows[0][0].startswith("Đối tượng")
            overview = any(row[0] in self.labels.values() and len(row) == 3 for row in rows)
            for label, size, good, *_ in (row for row in rows if preview or overview if len(row) > 2):
                if label not in codes:
                    continue
                slips = _number(size)
                if overview and slips is not None and (share := _number(good.rstrip("%").replace(",", ""))):
                    good = str(round(share * slips / 10000))  # "83,33%" of 6
                elif overview:
                    good = "0" if good.startswith("0") else ""
                self.cell(unit, codes[label], slips, _number(good))
        assert unit or self.shown > before, "a page that tells nothing was not understood"

    def _tidy(self, folder: Path) -> Iterator[Row]:
        (file,) = folder.glob("so-lieu-*.csv")
        yield from csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline=""))
        (file,) = folder.glob("bieu-*.xlsx")
        heads, *rows = _rows(file, "Số liệu")
        for values in rows:
            yield {
                str(head): "" if value is None else str(value)
                for head, value in zip(heads, values, strict=True)
            }

    def _printed(self, folder: Path) -> Iterator[tuple[str, str, str]]:
        """Yield code, size and satisfied of Biểu 05, from Excel and from Word."""
        codes = {label: code for code, label in self.labels.items()} | {"Không ghi": ""}
        (file,) = folder.glob("bieu-*.xlsx")
        for row in _rows(file, "Biểu 05"):
            if row[0] in codes and row[1] is not None:
                yield codes[str(row[0])], str(row[1]), str(row[2])
        (file,) = folder.glob("bao-cao-*.docx")
        for table in docx.Document(str(file)).tables:
            if table.cell(0, 0).text.startswith("Đối tượng"):
                for line in table.rows:
                    label, size, good, *_ = (cell.text for cell in line.cells)
                    if label in codes and size != label:
                        yield codes[label], size, good


def _rows(file: Path, sheet: str) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(file.read_bytes()), read_only=True)
    return list(book[sheet].iter_rows(values_only=True))


def _number(text: str) -> int | None:
    plain = text.replace(".", "")
    return int(plain) if plain.isdecimal() else None


def opened(
    month: Month, truth: Mapping[tuple[str, str], tuple[int, int]], smallest: int
) -> tuple[list[str], int]:
    """Return which small groups the files give away, and how many were tried.

    Parameters
    ----------
    truth : mapping
        Unit (or "" for all) and code to how many are satisfied and how many there are.
    """
    found, tried = [], 0
    for (unit, code), (good, size) in truth.items():
        if not code:  # who did not say is nobody
            continue
        line = [truth[unit, other] for other in month.codes]
        all_good, all_of = sum(part for part, _ in line), sum(whole for _, whole in line)
        if 0 < size < smallest and size < all_of:
            tried += 1
            low, high = month.known.of(month.cells(unit, code))
            if high - low < 0.5:
                found.append(f"{month.question} {unit or 'city'} {code}: {size} slips")
        others = size - good
        telling = 0 < good < smallest or 0 < others < smallest
        if telling and 0 < all_good < all_of and size < all_of:  # else the line itself says it of everybody
            tried += 1
            low, high = month.known.of(month.cells(unit, code, False))
            if high - low < 0.5:
                found.append(f"{month.question} {unit or 'city'} {code}: {others} of {size} not satisfied")
    return found, tried
