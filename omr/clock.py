"""The office's clock: what is stored in UTC, people are told in the time of Hải Phòng.

Whatever zone the machine keeps: a server often keeps UTC.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Final

OFFICE: Final = timezone(timedelta(hours=7))  # no summer time since 1975
_STORED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def today() -> date:
    """Return what day it is at the office."""
    return datetime.now(OFFICE).date()


def moment(at: str) -> str:
    """Return a stored moment as the clock on the wall shows it.

    Examples
    --------
    >>> moment("2026-11-30T18:00:00Z")
    '01/12/2026 01:00'
    """
    return datetime.fromisoformat(at).astimezone(OFFICE).strftime("%d/%m/%Y %H:%M")


def date_of(at: str) -> date:
    """Return the day of a stored moment at the office."""
    return datetime.fromisoformat(at).astimezone(OFFICE).date()


def is_stored(text: str) -> bool:
    """Whether a text is a moment as it is stored: UTC, to the second or finer."""
    return _STORED.fullmatch(text) is not None
