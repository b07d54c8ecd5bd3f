"""Slow down whoever guesses passwords.

Counted in memory: a restart forgets, and who can restart the server can read its files
anyway. Five wrong passwords for a name from one address, or thirty for a name or from an
address, close it for 30 s, doubled with each further one up to 15 minutes. A colleague at
another desk is not shut out by somebody else's five.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

FREE_PER_PAIR: Final = 5
FREE_ALONE: Final = 30
FIRST_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 900.0
FORGET_AFTER_S: Final = 3600.0
MOST_KEYS: Final = 10_000  # then the oldest go: memory stays flat under attack


@dataclass(slots=True)
class _Count:
    failures: int
    last: float


class Throttle:
    """Counts failed logins; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[tuple[str, str], _Count] = {}
        self._lock = Lock()

    def wait_s(self, name: str, address: str) -> float:
        """Return how many seconds must pass before this name may try again from this address; 0: now."""
        now = self._clock()
        with self._lock:
            return max(self._left(key, free, now) for key, free in _keys(name, address))

    def failed(self, name: str, address: str) -> None:
        """Count a wrong password."""
        now = self._clock()
        with self._lock:
            for key, _ in _keys(name, address):
                old = self._counts.pop(key, None)
                fresh = old is None or now - old.last > FORGET_AFTER_S
                self._counts[key] = _Count(1 if fresh or old is None else old.failures + 1, now)
            while len(self._counts) > MOST_KEYS:
                self._counts.pop(next(iter(self._counts)))

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of this name at this address, and that the attempt itself was counted."""
        with self._lock:
            for key, _ in _keys(name, address)[1:]:
                if key in self._counts:
                    self._counts[key].failures -= 1
            self._counts.pop((name, address), None)

    def _left(self, key: tuple[str, str], free: int, now: float) -> float:
        count = self._counts.get(key)
        if count is None or count.failures < free or now - count.last > FORGET_AFTER_S:
            return 0.0
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(count.failures - free, 10))
        return max(0.0, count.last + wait - now)


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return ((name, address), FREE_PER_PAIR), ((name, ""), FREE_ALONE), (("", address), FREE_ALONE)
