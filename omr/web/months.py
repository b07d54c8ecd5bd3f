"""Months that were computed, kept until the register changes."""

from __future__ import annotations

from threading import Lock
from typing import Final

from omr.records.store import Store
from omr.reports import monthly
from omr.reports.statistics import Month

_KEPT: Final = 12


class Months:
    """The months that people look at; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._event = -1
        self._months: dict[tuple[str, str | None], Month] = {}

    def get(self, store: Store, period: str, unit: str | None) -> Month:
        """Return a month; computed once, however many people look at it."""
        with self._lock:
            event = int(store.value("SELECT coalesce(max(event), 0) FROM events") or 0)
            if event != self._event or len(self._months) > _KEPT:
                self._months.clear()
                self._event = event
            key = period, unit
            if key not in self._months:
                self._months[key] = monthly.gather(store, period, unit=unit)
            return self._months[key]
