"""Who works at what: hands items to reviewers so that no two get the same one.

Kept in memory. A claim is a courtesy between people who are here now; what was decided is
in the register, and a server that starts anew hands the rest out again.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from threading import RLock
from typing import Final
from urllib.parse import urlencode

from omr.errors import OmrError
from omr.records.review.second_reading import DoubtfulItem, Status, doubtful
from omr.records.review.waiting import FindDoubts, Waiting
from omr.records.store.store import Store

IDLE_S: Final = 180.0  # then an item that somebody left lying goes to the next reviewer
SECOND_SHARE: Final = 0.05  # of all items, drawn so that nobody can foresee which: two readers see them
# So many doubtful rows make a slip that is shown once, whole. One row costs one key alone; shown whole, one
# key for the slip and two for each row that is put right. People who ring, dot or press lightly leave 5 to
# 25 of them, all others one to three (`python bench desks reviewer` prints how many slips have how many).
MANY: Final = 5
KNOWN_SHARE: Final = 0.02  # one item in fifty is one that two others read alike: it measures the reader


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reviewer chose to work at; empty: everything."""

    unit: str = ""
    form: str = ""
    reason: str = ""  # "validity", "disputed", or a word of `Reason`
    slips: bool = True  # slips with many doubtful rows come whole

    @property
    def query(self) -> str:
        """What was chosen, as the query of an address."""
        chosen = {"unit": self.unit, "of_form": self.form, "reason": self.reason}
        return urlencode({name: value for name, value in chosen.items() if value})

    @property
    def any(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.unit or self.form or self.reason)

    def holds(self, item: DoubtfulItem) -> bool:
        """Whether an item is of the chosen kind."""
        return (
            self.unit in ("", item.unit)
            and self.form in ("", item.form)
            and (self.reason != "validity" or item.decides_validity)
            and (self.reason != "disputed" or item.status is Status.DISPUTED)
            and (self.reason in ("", "validity", "disputed") or self.reason in item.why)
        )


class Worklist:
    """The items that wait and who holds which; safe to share between threads."""

    def __init__(
        self,
        key: bytes,
        clock: Callable[[], float] = time.monotonic,
        had: Callable[[str], frozenset[str]] = lambda name: frozenset(),
        chance: Callable[[], float] = random.random,
        look: FindDoubts = doubtful,
        second_share: float = SECOND_SHARE,
        elsewhere: Callable[[], AbstractContextManager[Store]] | None = None,
    ) -> None:
        """Prepare; nothing is looked at before somebody asks.

        Parameters
        ----------
        elsewhere : callable, optional
            Opens the register for a thread that makes the whole list anew while reviewers go on with the
            one there is; without it, who asks next waits for it.
        """
        self._key = key
        self.second_share = second_share  # of all items, those that two readers see
        self._had = had  # known items that a reviewer was given before
        self._chance = chance
        self._clock = clock
        self._lock = RLock()
        self._waiting = Waiting(
            lambda reading, question: self.wants_second(reading, question), self._lock, clock, look, elsewhere
        )
        self._checking: dict[str, str] = {}  # who -> the known item in front of them
        self._checked: dict[str, set[str]] = {}  # who -> the known items that they had
        self._held: dict[str, tuple[str, float]] = {}  # item -> who, since when
        self._put_off: dict[str, list[str]] = {}  # who -> items passed over, the latest last

    def take(self, store: Store, name: str, wanted: Wanted, count: int = 2) -> list[DoubtfulItem]:
        """Hand out the next items: the first to decide, the others to load meanwhile.

        What this reviewer held before and is not handed out again is free for others.
        """
        with self._lock:
            free = self._in_turn(store, name, wanted)
            self.claim([item.item for item in free[:count]], name)
            known = self._known_for(name, free)
            return [known, *free[: count - 1]] if known else free[:count]

    def _known_for(self, name: str, free: list[DoubtfulItem]) -> DoubtfulItem | None:
        """Choose now and then an item whose answer is known; it looks like any other."""
        self._checking.pop(name, None)
        if not free or self._chance() >= KNOWN_SHARE:
            return None
        had = self._had(name)
        fitting = [i for i in self._waiting.known.values() if not i.spoke(name) and i.item not in had]
        if not fitting:
            return None
        chosen = fitting[int(self._chance() * len(fitting))]
        self._checking[name] = chosen.item
        return chosen.unspoken()._replace(rank=free[0].rank)

    def free(self, store: Store, name: str, wanted: Wanted) -> list[DoubtfulItem]:
        """Return the items that this reviewer may take now."""
        with self._lock:
            self._waiting.refresh(store)
            now = self._clock()
            return [
                item
                for item in self._waiting.items.values()
                if wanted.holds(item) and not item.spoke(name) and self._is_free(item.item, name, now)
            ]

    def slip(self, store: Store, name: str, wanted: Wanted, reading: int) -> list[DoubtfulItem]:
        """Return all rows of a slip that this reviewer may decide, in the order of the form.

        Why a row is doubtful leaves out no row of a slip: who sees it, sees all of it.
        """
        whole = replace(wanted, reason="")
        with self._lock:
            self._waiting.refresh(store)
            now = self._clock()
            free = [
                item
                for item in self._waiting.items.values()
                if item.reading == reading
                and whole.holds(item)
                and not item.spoke(name)
                and self._is_free(item.item, name, now)
            ]
        return sorted(free, key=lambda item: item.position)

    def next_slip(self, store: Store, name: str, wanted: Wanted) -> int | None:
        """Return the slip that is to be shown whole now; None where the next row stands alone."""
        with self._lock:
            free = self._in_turn(store, name, wanted)
            if not free or len(self.slip(store, name, wanted, free[0].reading)) < MANY:
                return None
            return free[0].reading

    def slips(self, store: Store, name: str, wanted: Wanted) -> int:
        """Return how many slips with many rows this reviewer may see whole."""
        whole = self.free(store, name, replace(wanted, reason=""))
        chosen = {item.reading for item in whole if wanted.holds(item)}
        rows = Counter(item.reading for item in whole)
        return sum(count >= MANY for reading, count in rows.items() if reading in chosen)

    def _in_turn(self, store: Store, name: str, wanted: Wanted) -> list[DoubtfulItem]:
        """Return what a reviewer may take, what was passed over last."""
        free, later = self.free(store, name, wanted), self._put_off.get(name, [])
        free.sort(key=lambda item: later.index(item.item) if item.item in later else -1)
        return free

    def decide_slip(
        self, store: Store, keys: Iterable[str], name: str, write: Callable[[list[DoubtfulItem]], None]
    ) -> list[str]:
        """Let a reviewer decide several items of one slip at once; return those that were decided meanwhile.

        Parameters
        ----------
        write : callable
            Records the decisions on the items that are still to be decided, all of them or none.
        """
        with self._lock:
            left, gone = list[DoubtfulItem](), list[str]()
            for key in keys:
                item = self._now(store, key, name)
                if item is None:
                    gone.append(key)
                else:
                    left.append(item)
            if left:
                write(left)
            for reading in {item.reading for item in left}:
                self._waiting.put_slip(store, reading)
            for item in left:
                self._let_go(item.item, name)
            return gone

    def _now(self, store: Store, key: str, name: str) -> DoubtfulItem | None:
        """Return an item as it stands now; None where this reviewer cannot decide it any more."""
        item = self._waiting.items.get(key)
        if item is None or not self._is_free(key, name, self._clock()):
            return None
        now = self._waiting.now(store, item.reading).get(key)
        return None if now is None or now.spoke(name) else now

    def claim(self, keys: Iterable[str], name: str) -> None:
        """Hold these items for a reviewer, who lets go of all others."""
        with self._lock:
            now = self._clock()
            self._held = {key: held for key, held in self._held.items() if held[0] != name}
            self._held |= {key: (name, now) for key in keys if self._is_free(key, name, now)}

    def decide(
        self,
        store: Store,
        key: str,
        name: str,
        write: Callable[[DoubtfulItem], None],
        check: Callable[[DoubtfulItem], None] = lambda item: None,
    ) -> None:
        """Let a reviewer decide an item that nobody else holds, once.

        Parameters
        ----------
        write : callable
            Records the decision.
        check : callable
            Compares it where the answer was known; nothing is recorded about the slip.

        Raises
        ------
        OmrError
            If the item is settled, this reviewer spoke already, or another one holds it now.
        """
        with self._lock:
            if self._checking.get(name) == key and key in self._waiting.known:
                check(self._waiting.known[key])
                self._checked.setdefault(name, set()).add(self._checking.pop(name))
                return
            item = self._now(store, key, name)
            if item is None:
                raise OmrError("desk.taken_meanwhile")
            write(item)
            self._waiting.put_slip(store, item.reading)
            self._let_go(key, name)

    def known_again(self, key: str, name: str) -> DoubtfulItem | None:
        """Give a known item back to who wants to redo it, so that it looks like any other."""
        with self._lock:
            if key not in self._checked.get(name, ()) or key not in self._waiting.known:
                return None
            self._checking[name] = key
            return self._waiting.known[key].unspoken()

    def put_off(self, key: str, name: str) -> None:
        """Pass an item over: it comes again after all others."""
        with self._lock:
            later = self._put_off.setdefault(name, [])
            if key in later:
                later.remove(key)
            later.append(key)

    def hold(self, key: str, name: str) -> None:
        """Keep an item for this reviewer a while longer."""
        with self._lock:
            if self._is_free(key, name, self._clock()):
                self._held[key] = name, self._clock()

    def release(self, key: str, name: str) -> None:
        """Let an item go."""
        with self._lock:
            if self._held.get(key, (name, 0.0))[0] == name:
                self._held.pop(key, None)

    def held_by_other(self, key: str, name: str) -> bool:
        """Whether somebody else is at an item now."""
        with self._lock:
            return not self._is_free(key, name, self._clock())

    def find(self, store: Store, key: str) -> DoubtfulItem | None:
        """Return an item that waits."""
        with self._lock:
            self._waiting.refresh(store)
            return self._waiting.items.get(key)

    def at(self, store: Store, key: str, name: str) -> DoubtfulItem | None:
        """Return an item that waits, or the known one that this reviewer has now and takes for one."""
        with self._lock:
            if self._checking.get(name) == key and key in self._waiting.known:
                return self._waiting.known[key].unspoken()
            return self.find(store, key)

    def counts(self, name: str, wanted: Wanted) -> tuple[int, int]:
        """Return how many chosen items wait for this reviewer, and for anybody."""
        with self._lock:
            chosen = [item for item in self._waiting.items.values() if wanted.holds(item)]
            return sum(1 for item in chosen if not item.spoke(name)), len(self._waiting.items)

    def choices(self) -> tuple[list[str], list[str], dict[str, int]]:
        """Return the units and forms that have items, and how many there are for each reason."""
        with self._lock:
            items = self._waiting.items.values()
            why = Counter(word for item in items for word in item.why)
            units, forms = {item.unit for item in items}, {item.form for item in items}
            return sorted(units), sorted(forms), dict(why.most_common())

    def look_again(self, store: Store, readings: Iterable[int]) -> None:
        """Look at some slips again: a decision on them was taken back."""
        with self._lock:
            for reading in readings:
                self._waiting.put_slip(store, reading)

    def forget(self) -> None:
        """Look at the register again before anything else."""
        self._waiting.forget()

    def begin(self) -> None:
        """Make the list before anybody asks for it."""
        self._waiting.begin()

    def stop(self) -> None:
        """Wait for a list that is being made."""
        self._waiting.stop()

    def wants_second(self, reading: int, question: str) -> bool:
        """Whether an item is of the sample that two readers see; nobody can foresee which."""
        drawn = hmac.digest(self._key, f"second {reading} {question}".encode(), hashlib.sha256)
        return int.from_bytes(drawn[:4], "big") < self.second_share * 2**32

    def _let_go(self, key: str, name: str) -> None:
        self._held.pop(key, None)
        later = self._put_off.get(name, [])
        if key in later:
            later.remove(key)

    def _is_free(self, key: str, name: str, now: float) -> bool:
        holder, since = self._held.get(key, (name, now))
        return holder == name or now - since > IDLE_S
