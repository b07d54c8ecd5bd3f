"""Layouts of forms that other programs set, from their files: AMC's, SDAPS's, OMRChecker's."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from omr.errors import OmrError, why
from omr.reading.traced.features import Grey
from omr.reading.traced.layouts import amc, omrchecker, sdaps
from omr.reading.traced.layouts.lay import on_print
from omr.reading.traced.layouts.stated import Layout, Stated

MOST_ROWS: Final = 500_000  # of one table: a thousand copies of ten pages
MOST_STEPS: Final = 200_000_000  # of SQLite's machine: a view that goes round for ever is no table
MOST_DPI: Final = 2400.0
SCORING: Final = "scoring.sqlite"  # of AMC, beside its layout: which questions may have several right answers
_SEVERAL: Final = 2  # its QUESTION_MULT
_T = TypeVar("_T")
_SQLITE: Final = b"SQLite format 3\0"


def layout_in(file: Path, page: int | None = None) -> Callable[[Grey, float], list[Stated]]:
    """Return what says of a print and its dpi where the boxes of a file are.

    Parameters
    ----------
    file : Path
        ``layout.sqlite`` of AMC, ``questionnaire.sdaps`` of SDAPS or ``template.json`` of OMRChecker; which
        one it is its content says.
    page : int, optional
        Of the form, where the print itself does not say which page it is.

    Raises
    ------
    OmrError
        ``trace.no_scan``, ``trace.bad_layout``; when called, also those of `lay.on_print`.
    """
    try:
        with file.open("rb") as opened:
            begin = opened.read(len(_SQLITE))
        if begin == _SQLITE:
            layouts = amc.layouts_of(_rows(file))
            return lambda print_, dpi: on_print(layouts, print_, dpi)
        if file.stat().st_size > max(sdaps.MOST_BYTES, omrchecker.MOST_BYTES):
            raise OmrError("trace.bad_layout", detail=f"> {sdaps.MOST_BYTES} B")
        data = file.read_bytes()
    except OSError as error:
        raise OmrError("trace.no_scan", file=file, detail=why(error)) from error
    if sdaps.is_sdaps(data):
        found = _only(sdaps.layouts_of(data), page)
        return lambda print_, dpi: on_print(found, print_, dpi)
    return lambda print_, dpi: omrchecker.fields_on(data, print_, dpi)


def _only(layouts: list[Layout], page: int | None) -> list[Layout]:
    found = [layout for layout in layouts if page in (None, layout.page)]
    if not found:
        raise OmrError("trace.bad_layout", detail=f"page {page}")
    return found


def _rows(file: Path) -> amc.Rows:
    """Read AMC's tables; an older file has no roles, letters or flags."""
    scoring = file.with_name(SCORING)
    several = _read(scoring, _several) if scoring.is_file() else frozenset()
    return replace(_read(file, _tables), several=several)


def _several(raw: sqlite3.Connection) -> frozenset[int]:
    rows = _of(raw, "scoring_question", "question, type")
    return frozenset(int(question) for question, kind in rows if kind == _SEVERAL)


def _read(file: Path, tables: Callable[[sqlite3.Connection], _T]) -> _T:
    steps = 0

    def too_long() -> bool:
        nonlocal steps
        steps += 1
        return steps > MOST_STEPS // 10_000

    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as raw:
            raw.execute("PRAGMA trusted_schema = OFF")
            raw.set_progress_handler(too_long, 10_000)
            return tables(raw)
    except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        raise OmrError("trace.bad_layout", detail=str(error)[:80]) from error


def _tables(raw: sqlite3.Connection) -> amc.Rows:
    pages = [
        amc.Page(int(copy), int(page), int(check), _within(dpi, 50, MOST_DPI), _within(disc, 1, 1000))
        for copy, page, check, dpi, disc in _of(
            raw, "layout_page", "student, page, checksum, dpi, markdiameter"
        )
    ]
    discs: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for copy, page, _, x, y in sorted(_of(raw, "layout_mark", "student, page, corner, x, y")):
        discs[copy, page].append((_px(x), _px(y)))
    digits: dict[tuple[int, int], list[tuple[int, int, amc.Sides]]] = defaultdict(list)
    for copy, page, number, digit, *sides in _of(
        raw, "layout_digit", "student, page, numberid, digitid, xmin, xmax, ymin, ymax"
    ):
        digits[copy, page].append((int(number), int(digit), _sides(sides)))
    has = {row[1] for row in raw.execute("PRAGMA table_info(layout_box)")}
    boxes: dict[tuple[int, int], list[amc.Box]] = defaultdict(list)
    columns = "student, page, question, answer, xmin, xmax, ymin, ymax"
    more = [name if name in has else other for name, other in (("flags", "0"), ("char", "''"), ("role", "1"))]
    for copy, page, question, answer, *sides, flags, letter, role in _of(
        raw, "layout_box", f"{columns}, {', '.join(more)}"
    ):
        if role == 1:  # of the others some are printed with the question only, some are no boxes
            box = amc.Box(int(question), int(answer), _sides(sides), int(flags or 0), str(letter or "")[:40])
            boxes[copy, page].append(box)
    names = {int(number): str(name)[:200] for number, name in _of(raw, "layout_question", "question, name")}
    return amc.Rows(pages, discs, boxes, digits, names)


def _of(raw: sqlite3.Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    found = raw.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    if found != [("table",)]:
        raise ValueError(table)
    rows = raw.execute(f"SELECT {columns} FROM {table} LIMIT {MOST_ROWS + 1}").fetchall()
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{table} > {MOST_ROWS}")
    return rows


def _sides(values: list[Any]) -> amc.Sides:
    left, right, top, bottom = (_px(value) for value in values)
    if not (left < right and top < bottom):
        raise ValueError("layout_box")
    return left, right, top, bottom


def _px(value: Any) -> float:
    return _within(value, -1e5, 1e5)


def _within(value: Any, least: float, most: float) -> float:
    """Return a number in its bounds; NaN is in none."""
    number = float(value)
    if not least <= number <= most:
        raise ValueError(str(value)[:40])
    return number
