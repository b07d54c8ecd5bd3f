"""How the service words periods, dates, numbers and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from omr.clock import date_of
from omr.figures import Change, Nothing, Share, vietnamese
from omr.records.offices.periods import PILOT, Period

# As many names as a sentence bears; the rest stand in the tables.
MOST_NAMES: Final = 8


def period_name(period: Period) -> str:
    """Return the period as a sentence has it; January and February are written with a zero.

    Examples
    --------
    >>> from omr.records.offices.periods import parse_period
    >>> period_name(parse_period("2025-02")), period_name(parse_period("2025-03"))
    ('tháng 02 năm 2025', 'tháng 3 năm 2025')
    """
    if period.name == PILOT:
        return f"đợt thí điểm tháng {period.first_day.month} năm {period.first_day.year}"
    return f"tháng {_month(period.first_day)} năm {period.first_day.year}"


def day_name(day: date) -> str:
    """Return a date as Vietnamese documents write it.

    Examples
    --------
    >>> day_name(date(2025, 3, 1)), day_name(date(2025, 2, 28))
    ('01/3/2025', '28/02/2025')
    """
    return f"{day.day:02}/{_month(day)}/{day.year}"


def _month(day: date) -> str:
    return f"{day.month:02}" if day.month < 3 else str(day.month)


# What a line of a printed form had no room for; a report has.
ABBREVIATED: Final = {"ANTT": "an ninh, trật tự", "PCCC": "phòng cháy, chữa cháy"}


def written_out(label: str) -> str:
    """Return the words of a printed form as a report writes them.

    Examples
    --------
    >>> written_out("Ngành, nghề có điều kiện về ANTT")
    'Ngành, nghề có điều kiện về an ninh, trật tự'
    """
    return re.sub(r"\b[A-Z]{4}\b", lambda found: ABBREVIATED.get(found[0], found[0]), label)


def called(unit: str) -> str:
    """Return what the document is: the Director gets a report, a unit is told its result.

    Examples
    --------
    >>> called(""), called("PC06")
    ('báo cáo', 'thông báo')
    """
    return "thông báo" if unit else "báo cáo"


def local_day(at: str) -> str:
    """Return the day of a stored time (UTC) as it was in Vietnam.

    Examples
    --------
    >>> local_day("2026-11-30T18:00:00Z")
    '01/12/2026'
    """
    return day_name(date_of(at))


def points(change: Change) -> str:
    """Return "tăng 4,32 điểm phần trăm"."""
    moved = change.points()
    if not moved:
        return "không thay đổi"
    return f"{'tăng' if moved > 0 else 'giảm'} {vietnamese(abs(moved))} điểm phần trăm"


def many(number: int) -> str:
    """Return a number of things: below ten with a zero, as the service writes it."""
    return f"{number:02}" if 0 < number < 10 else vietnamese(number)


def rate(share: Share) -> str:
    """Return a percentage, or a dash where there is no denominator."""
    percent = share.percent()
    return Nothing.NONE.value if percent is None else f"{vietnamese(percent)}%"


def interval(share: Share) -> str:
    """Return the 95 % interval, "91,20% – 93,40%"."""
    bounds = share.interval()
    return " – ".join(f"{vietnamese(bound)}%" for bound in bounds) if bounds else Nothing.NONE.value


def fraction(share: Share, noun: str = "") -> str:
    """Return "2.883/3.045 phiếu"."""
    return f"{vietnamese(share.part)}/{vietnamese(share.whole)} {noun}".rstrip()


def names(units: Iterable[str], known: Mapping[str, str]) -> str:
    """Return the units' names, not more than a sentence bears."""
    listed = [known.get(unit, unit) for unit in units]
    shown = "; ".join(listed[:MOST_NAMES])
    left = len(listed) - MOST_NAMES
    return f"{shown} và {many(left)} đơn vị khác" if left > 0 else shown
