"""Periods of the measurement: months, and the pilot of March 2023 as one of its own; open or closed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from omr.errors import RegisterError
from omr.records.store.store import Store
from omr.words import PeriodState

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")

# Slips of the trial week are never added to March's totals.
PILOT: Final = "2023-03-pilot"
_PILOT_DAYS: Final = (date(2023, 3, 7), date(2023, 3, 15))
_PILOT_MONTH: Final = "2023-03"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One period, from its first day up to, without, the day after; ordered by time."""

    first_day: date
    day_after: date
    name: str  # "2026-11"

    def __str__(self) -> str:
        return self.name

    @property
    def following(self) -> Period:
        """The period after this one."""
        month = f"{self.day_after:%Y-%m}"
        return parse_period(PILOT if month == _PILOT_MONTH and self.name != PILOT else month)

    @property
    def preceding(self) -> Period:
        """The period before this one."""
        if self.name == _PILOT_MONTH:
            return parse_period(PILOT)
        return parse_period(f"{self.first_day.replace(day=1) - timedelta(days=1):%Y-%m}")


def parse_period(text: str) -> Period:
    """Return the period written as ``YYYY-MM``, or the pilot.

    Raises
    ------
    RegisterError
        If `text` is no period.

    Examples
    --------
    >>> print(parse_period("2023-12").following, parse_period("2023-03").preceding)
    2024-01 2023-03-pilot
    """
    if text == PILOT:
        return Period(*_PILOT_DAYS, text)
    found = _MONTH.fullmatch(text)
    if found is None:
        raise RegisterError("records.no_period", period=text[:40])
    year, month = int(found[1]), int(found[2])
    start = _PILOT_DAYS[1] if text == _PILOT_MONTH else date(year, month, 1)
    return Period(start, date(year + month // 12, month % 12 + 1, 1), text)


def state_of(store: Store, period: str) -> PeriodState:
    """Return whether a period is open."""
    row = store.row(
        "SELECT state FROM period_states WHERE period = ? ORDER BY period_state DESC LIMIT 1", period
    )
    return PeriodState(row["state"]) if row else PeriodState.OPEN


def refuse_closed(store: Store, period: str) -> None:
    """Refuse what would change the figures of a closed period.

    Raises
    ------
    RegisterError
        If the period is closed.
    """
    if state_of(store, period) is PeriodState.CLOSED:
        raise RegisterError("register.period_closed", period=period)
