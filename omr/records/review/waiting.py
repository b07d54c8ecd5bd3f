"""What waits for reviewers, kept in step with the register.

A year's queue takes seconds to make, so it is made whole once, beside all else, and then only what changed is
looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from threading import Condition, RLock, Thread
from typing import Final, Protocol

from omr.errors import OmrError
from omr.records.review.second_reading import DoubtfulItem, Status, Upto, agreed, in_order
from omr.records.store.store import Store

_LOOK_EVERY_S: Final = 5.0  # for what batches and other programs added
_LOOK_SHARE: Final = (
    0.05  # of the time, at most: a year's queue takes seconds to make, what is added milliseconds
)


class FindDoubts(Protocol):
    """Finds what the machine was unsure of, as `second_reading.doubtful` does."""

    def __call__(
        self,
        store: Store,
        wants_second: Callable[[int, str], bool],
        *,
        readings: Collection[int] | None = None,
    ) -> list[DoubtfulItem]:
        """Return all of it, or that of some slips."""


class Waiting:
    """The items that wait, and those whose answer is known; who asks holds the lock that it was given."""

    def __init__(
        self,
        wants_second: Callable[[int, str], bool],
        lock: RLock,
        clock: Callable[[], float],
        look: FindDoubts,
        elsewhere: Callable[[], AbstractContextManager[Store]] | None,
    ) -> None:
        self._wants_second = wants_second
        self._lock = lock
        self._made = Condition(lock)  # a list that was begun is there, or failed
        self._clock = clock
        self._look = look
        self._elsewhere = elsewhere
        self._making: Thread | None = None
        self._at_once = False  # whether who asks next waits for a whole list
        self.items: dict[str, DoubtfulItem] = {}
        self.known: dict[str, DoubtfulItem] = {}  # settled by two who agree
        self._event = -1
        self._upto = Upto()
        self._look_at = 0.0

    def refresh(self, store: Store) -> None:
        """Look at what is new in the register; the first time, or after much, at all of it."""
        if self._event < 0 and not self._at_once and self._making is not None:
            self._made.wait_for(lambda: self._event >= 0 or self._at_once)  # others may ask meanwhile
        now = self._clock()
        if self._event >= 0 and now < self._look_at:
            return
        event = store.last_event
        if event != self._event:
            upto = Upto.now(store)
            changed = None if self._event < 0 else self._upto.changed_slips(store)
            if changed is not None:
                self._put_slips(store, changed)
                self._event, self._upto = event, upto
            elif self._event >= 0 and self._elsewhere is not None and not self._at_once:
                self.begin()
            else:
                every = self._look(store, self._wants_second)
                self._take_over(every, in_order(every), event, upto)
        self._at_once = False
        took = self._clock() - now
        self._look_at = now + max(_LOOK_EVERY_S, took / _LOOK_SHARE)

    def put_slip(self, store: Store, reading: int) -> None:
        """Look at one slip again after a decision: another of its items may decide validity now."""
        self._take(self._look(store, self._wants_second, readings=[reading]))
        if store.last_event == self._event + 1:  # nobody else wrote: all other items stand as they were
            self._event, self._upto = self._event + 1, Upto.now(store)

    def now(self, store: Store, reading: int) -> dict[str, DoubtfulItem]:
        """Return the items of one slip that wait as the register has them now, whoever wrote meanwhile."""
        found = self._look(store, self._wants_second, readings=[reading])
        self._take(found)
        return {item.item: item for item in found if item.status is not Status.SETTLED}

    def _take(self, items: Iterable[DoubtfulItem]) -> None:
        """Take items as they stand now."""
        for item in items:
            self.known.pop(item.item, None)
            if item.status is not Status.SETTLED:
                self.items[item.item] = item
                continue
            self.items.pop(item.item, None)
            if agreed(item.said):
                self.known[item.item] = item

    def forget(self) -> None:
        """Look at the register again before anything else."""
        with self._lock:
            self._look_at, self._at_once = 0.0, True

    def begin(self) -> None:
        """Make the list before anybody asks for it."""
        with self._lock:
            if self._elsewhere is not None and (self._making is None or not self._making.is_alive()):
                self._making = Thread(target=self._make, args=(self._elsewhere,), daemon=True)
                self._making.start()

    def stop(self) -> None:
        """Wait for a list that is being made."""
        with self._lock:
            making = self._making
        if making is not None:
            making.join()

    def _make(self, elsewhere: Callable[[], AbstractContextManager[Store]]) -> None:
        """Make the whole list beside all else; what fails here fails once more where somebody sees it."""
        try:
            with elsewhere() as store:
                event, upto = store.last_event, Upto.now(store)
                every = self._look(store, self._wants_second)
                open_ = in_order(every)
        except BaseException as error:
            with self._lock:
                self._at_once, self._look_at = True, 0.0
                self._made.notify_all()
            if not isinstance(error, OmrError):
                raise
            return
        with self._lock:
            self._take_over(every, open_, event, upto)
            self._look_at = 0.0  # what was decided meanwhile is looked at next
            self._made.notify_all()

    def _take_over(
        self, every: list[DoubtfulItem], open_: list[DoubtfulItem], event: int, upto: Upto
    ) -> None:
        self.items = {item.item: item for item in open_}
        self.known = {i.item: i for i in every if i.status is Status.SETTLED and agreed(i.said)}
        self._event, self._upto = event, upto

    def _put_slips(self, store: Store, readings: Collection[int]) -> None:
        """Look at some slips again; what is no longer asked about them goes."""
        if not readings:
            return
        chosen = set(readings)
        self.items = {key: item for key, item in self.items.items() if item.reading not in chosen}
        self.known = {key: item for key, item in self.known.items() if item.reading not in chosen}
        self._take(self._look(store, self._wants_second, readings=readings))
        self.items = {item.item: item for item in in_order(self.items.values())}
