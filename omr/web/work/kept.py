"""Results that cost much, kept while the register stays as it is, and for a while more.

While reviewers decide, the register changes every second; a month of 100,000 slips takes
seconds to count. The more a result cost, the longer it stands, half a minute at most; what is
downloaded or closed is always counted anew.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar

from omr.records.store.store import Store

STALE_S: Final = 30.0
_SHARE: Final = 0.05  # of the time that may go into counting the same thing again
_MOST: Final = 40
_MOST_MAKING: Final = 400

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class _Entry:
    event: int
    made_at: float
    stands_s: float  # after the register changed
    value: Any


class Kept:
    """Kept results; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[Hashable, _Entry] = {}
        self._making: defaultdict[Hashable, Lock] = defaultdict(Lock)  # who asks for one waits for no other

    def get(self, store: Store, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` gives, computed once, however many people ask at the same time."""
        with self._lock:
            if len(self._making) > _MOST_MAKING:  # years of addresses that were typed once each
                for idle in [one for one, turn in self._making.items() if not turn.locked()]:
                    del self._making[idle]
            turn = self._making[key]
        with turn:
            event, now = store.last_event, self._clock()
            kept = self._entries.get(key)
            if kept is None or (kept.event != event and now - kept.made_at > kept.stands_s):
                value = make()
                done = self._clock()
                kept = _Entry(event, done, min(STALE_S, (done - now) / _SHARE), value)
                with self._lock:
                    while len(self._entries) >= _MOST:
                        self._entries.pop(next(iter(self._entries)))
                    self._entries[key] = kept
            found: Made = kept.value
            return found
