"""What each visitor did in this session, the latest last: what undo takes back, step by step.

Kept in memory, as the session's own list of what it may take back. Whether a thing can still be taken
back is asked of the register when it is tried; a server that starts anew forgets the list, no fact.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from threading import Lock
from typing import Final

_STEPS: Final = 2_000  # a day at one decision every ten seconds is 2,880; who goes back further searches
_SESSIONS: Final = 200  # twice the people that the desks are measured with


@dataclass(frozen=True, slots=True)
class Done:
    """One step: what was decided together, and where it is shown again."""

    items: tuple[str, ...]
    place: str


class Journal:
    """The steps of all sessions; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._done: OrderedDict[str, deque[Done]] = OrderedDict()

    def add(self, session: str, done: Done) -> None:
        """Note a step that was taken."""
        if not done.items:
            return
        with self._lock:
            self._done.setdefault(session, deque(maxlen=_STEPS)).append(done)
            self._done.move_to_end(session)
            while len(self._done) > _SESSIONS:
                self._done.popitem(last=False)

    def pop(self, session: str) -> Done | None:
        """Return the latest step and strike it off; None when there is none."""
        with self._lock:
            steps = self._done.get(session)
            return steps.pop() if steps else None

    def strike(self, session: str, items: tuple[str, ...]) -> None:
        """Strike off the latest step about these things: it was taken back in another way."""
        with self._lock:
            steps = self._done.get(session, deque())
            found = next((step for step in reversed(steps) if set(step.items) == set(items)), None)
            if found is not None:
                steps.remove(found)

    def length(self, session: str) -> int:
        """Return how many steps can be tried."""
        with self._lock:
            return len(self._done.get(session, ()))
