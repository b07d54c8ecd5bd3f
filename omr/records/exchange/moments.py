"""When a response was sent, as form tools and spreadsheets write it; which number is the day is proved.

``10/5/2026`` is a day in May or in October. A column says which where one of its days cannot be
a month, where it speaks Vietnamese (SA, CH), or where only one reading lies in the named period;
else somebody has to say it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from omr.clock import OFFICE
from omr.errors import OmrError
from omr.records.offices.periods import Period


class Order(StrEnum):
    """Which of two numbers is the day."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as exactly as it was written, in Vietnam's time."""

    at: datetime
    places: int  # 0: the day only, 1: to the minute, 2: to the second

    def __str__(self) -> str:
        return f"{self.at:{('%Y-%m-%d', '%Y-%m-%dT%H:%M', '%Y-%m-%dT%H:%M:%S')[self.places]}}"

    def to(self, places: int) -> str:
        """Return it as exactly as another one is written."""
        return str(Moment(self.at, min(places, self.places)))

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Return a moment as `str` wrote it."""
        return cls(datetime.fromisoformat(text), text.count(":"))


_TIME: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"(?:\s*(?P<half>SA|CH|AM|PM|[ap]\.m\.))?(?:\s*(?P<zone>Z|(?:GMT|UTC)?\s*[+-]\d{1,2}(?::?\d{2})?|GMT|UTC))?"
)
_DATE: Final = (
    r"(?:(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"|(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<years>\d{4}))"
)
_WRITTEN: Final = (
    re.compile(rf"{_DATE}(?:(?:T|,?\s+){_TIME})?", re.IGNORECASE),
    re.compile(rf"{_TIME},?\s+{_DATE}", re.IGNORECASE),
)
STANDING: Final = 3  # months of one and the same day, before a file is asked about
_VIETNAMESE_HALVES: Final = ("sa", "ch")
_AFTERNOON: Final = ("ch", "pm", "p.m.")


def _match(text: str) -> re.Match[str] | None:
    return next((found for form in _WRITTEN if (found := form.fullmatch(text.strip()))), None)


class Column:
    """The column of times of one file.

    Parameters
    ----------
    texts : iterable of str
        All its cells; empty ones say nothing.
    order : Order, optional
        What somebody said; else it has to be proved.
    period : Period, optional
        Named by who imports: all days should lie in it.
    form : str, optional
        How times are written, as in `strptime`.
    utc : bool, optional
        Times without a zone are UTC.

    Raises
    ------
    OmrError
        If days are written in two ways, or nothing tells which number is the day.
    """

    def __init__(
        self,
        texts: Iterable[str],
        *,
        order: Order | None = None,
        period: Period | None = None,
        form: str = "",
        utc: bool = False,
    ) -> None:
        texts = [text for text in texts if text]
        self._form = form
        self._utc = utc
        self._order = order
        found = [] if form else [one for text in texts if (one := _match(text))]
        either = [one for one in found if one["one"]]
        if either and len(either) < len(found):
            year_first = next(one for one in found if not one["one"])
            raise OmrError("electronic.mixed_days", one=either[0][0][:30], other=year_first[0][:30])
        if order is None and either:
            self._order = _proved(either, period)
        if order is None and period is None and not either:
            _refuse_standing_days(found)
        # A program that keeps minutes writes seconds of 0, one that keeps days writes midnight.
        parts = [
            (int(one["hour"]), int(one["minute"]), int(one["second"] or 0)) for one in found if one["hour"]
        ]
        self._places = 2 if any(part[2] for part in parts) else 1 if any(map(any, parts)) else 0

    def read(self, text: str) -> Moment | None:
        """Return what a cell says, None if it is no time."""
        if self._form:
            return _by_form(text, self._form)
        found = _match(text)
        if found is None:
            return None
        try:
            return self._moment(found)
        except ValueError:
            return None

    def _moment(self, found: re.Match[str]) -> Moment:
        if found["year"]:
            day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        else:
            day = _day(found, self._order or Order.DAY_FIRST)
        if found["hour"] is None:
            return Moment(datetime(day.year, day.month, day.day), 0)
        hour, half = int(found["hour"]), (found["half"] or "").casefold()
        if half:
            if not 1 <= hour <= 12:
                raise ValueError(hour)
            hour = hour % 12 + 12 * (half in _AFTERNOON)
        second = int(found["second"] or 0)
        at = datetime(day.year, day.month, day.day, hour, int(found["minute"]), second)
        return Moment(_in_hanoi(at, found["zone"] or ("UTC" if self._utc else "")), self._places)


def _by_form(text: str, form: str) -> Moment | None:
    try:
        at = datetime.strptime(text, form)
    except ValueError:
        return None
    exact = 2 if "%S" in form or "%T" in form or "%c" in form else 1 if "%M" in form else 0
    return Moment(at.astimezone(OFFICE).replace(tzinfo=None) if at.tzinfo else at, exact)


def _in_hanoi(at: datetime, zone: str) -> datetime:
    if not zone:
        return at
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?", zone)
    shift = timedelta()
    if found:
        shift = timedelta(hours=int(found[2]), minutes=int(found[3] or 0)) * (-1 if found[1] == "-" else 1)
    return at.replace(tzinfo=timezone(shift)).astimezone(OFFICE).replace(tzinfo=None)


def _day(found: re.Match[str], order: Order) -> date:
    one, two = int(found["one"]), int(found["two"])
    day, month = (one, two) if order is Order.DAY_FIRST else (two, one)
    return date(int(found["years"]), month, day)


def _proved(found: list[re.Match[str]], period: Period | None) -> Order:
    """Return the order that the column itself proves, or the named period."""
    if all(one["one"] == one["two"] for one in found):
        return Order.DAY_FIRST  # 10/10/2026 is one day
    day_first = any(int(one["one"]) > 12 for one in found)
    month_first = any(int(one["two"]) > 12 for one in found)
    if day_first and month_first:
        both = [next(one[0] for one in found if int(one[name]) > 12)[:30] for name in ("one", "two")]
        raise OmrError("electronic.mixed_days", one=both[0], other=both[1])
    if any((one["half"] or "").casefold() in _VIETNAMESE_HALVES for one in found):
        day_first = True
    if day_first or month_first:
        return Order.DAY_FIRST if day_first else Order.MONTH_FIRST
    if period is not None:
        fits = [order for order in Order if all(_lies_in(one, order, period) for one in found)]
        if len(fits) == 1:
            return fits[0]
    example = next(one for one in found if one["one"] != one["two"])
    days = {order: f"{_day(example, order):%Y-%m-%d}" for order in Order}
    raise OmrError(
        "electronic.day_order", text=example[0][:30], dmy=days[Order.DAY_FIRST], mdy=days[Order.MONTH_FIRST]
    )


def _refuse_standing_days(found: list[re.Match[str]]) -> None:
    """Refuse days that run through the months and stand still: 1/10 to 12/10, read with the month first.

    A spreadsheet that reads months first makes real dates of them, the tenth of every month.
    """
    days = {(int(one["month"]), int(one["day"])) for one in found}
    if len(days) >= STANDING and len({day for _, day in days}) == 1 and (day := max(days)[1]) <= 12:
        month = max(days)[0]
        year = found[0]["year"]
        raise OmrError(
            "electronic.standing_days",
            count=len(days),
            day=day,
            dmy=f"{year}-{month:02}-{day:02}",
            mdy=f"{year}-{day:02}-{month:02}",
        )


def _lies_in(found: re.Match[str], order: Order, period: Period) -> bool:
    try:
        return period.first_day <= _day(found, order) < period.day_after
    except ValueError:
        return False
