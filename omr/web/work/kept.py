"""Results that cost much, kept while the register stays as it is, and for half a minute more.

While reviewers decide, the register changes every second; a month of 100,000 slips takes
seconds to count. What is downloaded or closed is always counted anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import RLock
from typing import Any, Final, TypeVar

from omr.records.store.store import Store

STALE_S: Final = 30.0
_MOST: Final = 40

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class _Entry:
    event: int
    made_at: float
    value: Any


class Kept:
    """Kept results; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = RLock()
        self._entries: dict[Hashable, _Entry] = {}

    def get(self, store: Store, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` gives, computed once, however many people ask at the same time."""
        event = store.last_event
        with self._lock:
            kept, now = self._entries.get(key), self._clock()
            if kept is None or (kept.event != event and now - kept.made_at > STALE_S):
                kept = _Entry(event, now, make())
                while len(self._entries) >= _MOST:
                    self._entries.pop(next(iter(self._entries)))
                self._entries[key] = kept
            value: Made = kept.value
            return value
