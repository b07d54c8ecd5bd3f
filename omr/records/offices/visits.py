"""Visits at the counters, per unit and month: the denominator that no slip can give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from omr.errors import OmrError, RegisterError
from omr.records.offices.periods import Period, parse_period, refuse_closed
from omr.records.offices.units import find_unit
from omr.records.store.act import Value
from omr.records.store.store import Store
from omr.tables_in import Sheet, called, checked, no_day, read_sheet
from omr.text import day_number, day_of, folded, whole_number

# Headings as offices write them, compared without diacritics.
HEADINGS: Final = {
    "unit": ("unit", "đơn vị", "mã đơn vị", "tên đơn vị"),
    "period": ("period", "kỳ", "tháng", "kỳ số liệu"),
    "visits": (
        "visits",
        "lượt",
        "số lượt",
        "lượt giao dịch",
        "lượt giao dịch trực tiếp",
        "số lượt giao dịch",
    ),
}

_MONTH_OF_YEAR: Final = re.compile(
    r"(?:tháng )?(1[0-2]|0?[1-9])(?:[/.-]|/năm | năm )(20\d{2})", re.IGNORECASE | re.ASCII
)
_ENGLISH: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_SHOWN_BY_EXCEL: Final = re.compile(
    rf"(?:thg ?(1[0-2]|0?[1-9])|({'|'.join(_ENGLISH)}))[- ](\d{{2}})", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True)
class Visits:
    """How many people came to one unit's counters in one period."""

    unit: str
    period: str
    visits: int


def import_visits(store: Store, path: Path, *, by: str, today: date, period: Period | None = None) -> int:
    """Add the counts of a CSV or XLSX file, all or nothing; return how many were new or changed.

    Parameters
    ----------
    today : date
        Nobody has come yet in a period that begins later.
    period : Period, optional
        For a file without a column of periods.

    Raises
    ------
    OmrError
        If the file is no such table, a unit or period is unknown, twice, closed or to come, or a count is
        none.
    """
    sheet = read_sheet(path)
    return _record(store, lambda: _counts(store, sheet, period, today), by=by)


def look_at_visits(
    store: Store, path: Path, *, today: date, period: Period | None = None
) -> list[tuple[Visits, int | None]]:
    """Return what a file of counts says, each with what was known before; nothing is recorded.

    Raises
    ------
    OmrError
        As `import_visits`.
    """
    counts = _counts(store, read_sheet(path), period, today)
    known = {(row["unit"], row["period"]): row["visits"] for row in store.rows("SELECT * FROM visits")}
    for name in sorted({one.period for one in counts if known.get((one.unit, one.period)) != one.visits}):
        refuse_closed(store, name)
    return [(one, known.get((one.unit, one.period))) for one in counts]


def record_visits(store: Store, unit: str, period: Period, visits: int, *, by: str, today: date) -> int:
    """Record the count of one unit; return 1, or 0 where it was known already.

    Raises
    ------
    OmrError
        If the unit is unknown, or the period is closed or to come.
    """
    _refuse_to_come(period, today)
    return _record(store, lambda: [Visits(find_unit(store, unit, period).unit, period.name, visits)], by=by)


def _refuse_to_come(period: Period, today: date) -> None:
    if period.first_day > today:
        raise OmrError("visits.to_come", period=period)


def _record(store: Store, told: Callable[[], list[Visits]], *, by: str) -> int:
    with store.act("import_visits", by=by) as act:
        counts = told()
        known = {(row["unit"], row["period"]): row["visits"] for row in store.rows("SELECT * FROM visits")}
        changed = [count for count in counts if known.get((count.unit, count.period)) != count.visits]
        for name in sorted({count.period for count in changed}):
            refuse_closed(store, name)
        first = act.next_id("visit_counts", "visit_count")
        rows: list[dict[str, Value]] = [
            {"visit_count": first + at, "unit": one.unit, "period": one.period, "visits": one.visits}
            for at, one in enumerate(changed)
        ]
        act.add("visit_counts", *rows)
    return len(changed)


def withdraw_visits(store: Store, unit: str, period: Period, *, by: str, why: str) -> int:
    """Take back the latest count of a unit and period; the one before it holds again. Return what it was.

    Raises
    ------
    OmrError
        If there is none, a reason is missing, or the period is closed.
    """
    if not why.strip():
        raise RegisterError("register.no_why")
    with store.act("withdraw_visits", by=by, why=why) as act:
        serving = find_unit(store, unit, period).unit
        refuse_closed(store, period.name)
        last = store.row(
            """SELECT visit_count, visits FROM visit_counts WHERE unit = ? AND period = ?
            AND visit_count NOT IN (SELECT visit_count FROM withdrawn_visit_counts)
            ORDER BY visit_count DESC LIMIT 1""",
            serving,
            period.name,
        )
        if last is None:
            raise RegisterError("visits.none", unit=serving, period=period)
        act.add("withdrawn_visit_counts", {"visit_count": last["visit_count"]})
    return int(last["visits"])


def visits_of(store: Store, period: str) -> dict[str, int]:
    """Return the visits of each unit in a period, as far as they are known."""
    rows = store.rows("SELECT unit, visits FROM visits WHERE period = ? ORDER BY unit", period)
    return {row["unit"]: row["visits"] for row in rows}


def _counts(store: Store, sheet: Sheet, period: Period | None, today: date) -> list[Visits]:
    if period is not None:
        _refuse_to_come(period, today)
    columns = _columns(sheet, period)
    seen: set[tuple[str, str]] = set()

    def once(cells: Mapping[str, str]) -> Visits:
        count = _count(store, cells, columns, period, today)
        if (count.unit, count.period) in seen:
            raise OmrError("visits.twice", unit=count.unit, period=count.period)
        seen.add((count.unit, count.period))
        return count

    return checked(sheet, once)


def _columns(sheet: Sheet, period: Period | None) -> dict[str, str]:
    found = dict(_named(sheet))
    needed = [name for name in HEADINGS if name != "period" or period is None]
    absent = [name for name in needed if name not in found]
    if absent:
        raise OmrError("visits.columns", absent=_listed(absent), found=", ".join(sheet.columns)[:200])
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(called(name, HEADINGS) for name in names)


def _named(sheet: Sheet) -> Iterator[tuple[str, str]]:
    for column in sheet.columns:
        for name, headings in HEADINGS.items():
            if folded(column) in {folded(heading) for heading in headings}:
                yield name, column


def _count(
    store: Store, cells: Mapping[str, str], columns: Mapping[str, str], period: Period | None, today: date
) -> Visits:
    when = _period(cells[columns["period"]]) if "period" in columns else period
    assert when is not None  # one of the two is there: see `_columns`
    _refuse_to_come(when, today)
    unit = find_unit(store, cells[columns["unit"]], when)
    number = whole_number(cells[columns["visits"]])
    if number is None:
        raise OmrError("visits.no_number", text=cells[columns["visits"]][:40])
    return Visits(unit.unit, when.name, number)


def _period(text: str) -> Period:
    """Return the period of a cell: "2025-03", "3/2025", or what a spreadsheet made of it.

    That is the month's first day, as a date or as a bare number, or what Excel shows of one: "Mar-25",
    "Thg3-25". A number that counts from 1904 would be of a second day.
    """
    written = _MONTH_OF_YEAR.fullmatch(text)
    if written:
        return parse_period(f"{written[2]}-{int(written[1]):02}")
    if shown := _SHOWN_BY_EXCEL.fullmatch(text):
        month = shown[1] or f"{_ENGLISH.index(shown[2].casefold()) + 1}"
        return parse_period(f"20{shown[3]}-{int(month):02}")
    day = day_of(text) or day_number(text)
    if day and day.day == 1:
        return parse_period(f"{day:%Y-%m}")
    try:
        return parse_period(text)
    except RegisterError as error:
        raise no_day(text, error) from error
