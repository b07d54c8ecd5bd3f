"""Which serial can a page have whose own cannot be read? Only one that is issued, out, and of the unit.

Of those, what the letters that can still be read do not contradict, the neighbours in the stack first:
slips come out of the box nearly in the order in which they were handed out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from omr.forms.serial import Issue, IssuedSerials, Serial
from omr.reading.place.legible import UNREAD
from omr.records.register.custody import Custody
from omr.records.review.queue import Item, units_of
from omr.records.store.store import Store

MOST: Final = 6  # that are looked through at a glance; who finds it in none of them types it
_LOOKED_AT: Final = 400  # nearest numbers whose letters are compared: each costs an HMAC


@dataclass(frozen=True, slots=True)
class Candidate:
    """One serial that is out."""

    serial: Serial
    form: str
    unit: str
    period: str


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """A slip of the same stack that was read."""

    run: str
    number: int
    sheets: int  # from it to the page, negative where it lies behind


def candidates(store: Store, item: Item, issued: IssuedSerials, letters: str) -> list[Candidate]:
    """Return issued serials of the unit that did not come back, the likeliest first.

    Parameters
    ----------
    item : Item
        A page without a serial.
    letters : str
        What of the serial can be read on it, `UNREAD` where nothing can.
    """
    custody = Custody(store)
    near = _neighbours(store, item)
    units, period = units_of(store, item), _told_period(store, item)
    ranked: list[tuple[tuple[int, int, int], Issue, int, str, str]] = []
    for span, place in custody.all():
        if place.unit not in units or period not in (None, place.period):
            continue
        issue = issued.run(span.run)
        if issue is None:
            continue
        gone = _gone(store, span.run)
        for number in range(span.first, span.last + 1):
            if number not in gone and _fits(_digits(issue, number), letters):
                ranked.append((_rank(near, span.run, number), issue, number, place.unit, place.period))
    ranked.sort(key=lambda one: one[0])
    found = []
    for _, issue, number, unit, when in ranked[:_LOOKED_AT]:
        serial = issue.serial(number)
        if _fits(str(serial), letters):
            found.append(Candidate(serial, issue.form, unit, when))
        if len(found) == MOST:
            break
    return found


def _rank(near: list[_Neighbour], run: str, number: int) -> tuple[int, int, int]:
    """Return how far a number lies from what the sheets around lead to expect; other runs come behind."""
    same = [one for one in near if one.run == run]
    if not same:
        return 1, 0, number
    # A stack that was turned over counts down.
    middle = sum(one.number for one in same) / len(same), sum(one.sheets for one in same) / len(same)
    slope = sum((one.number - middle[0]) * (one.sheets - middle[1]) for one in same)
    step = -1 if slope > 0 else 1
    return 0, min(abs(number - one.number - step * one.sheets) for one in same), number


def _neighbours(store: Store, item: Item) -> list[_Neighbour]:
    rows = store.rows(
        "SELECT run, number, ?2 - page AS sheets FROM slips WHERE batch = ?1 ORDER BY abs(page - ?2) LIMIT 6",
        item.batch,
        item.page,
    )
    return [_Neighbour(row["run"], row["number"], row["sheets"]) for row in rows]


def _told_period(store: Store, item: Item) -> str | None:
    row = store.row("SELECT period FROM known_batches WHERE batch = ?", item.batch)
    return None if row is None else row["period"]


def _gone(store: Store, run: str) -> set[int]:
    """Return the numbers of a run that came back or were spoiled."""
    gone = {int(row["number"]) for row in store.rows("SELECT number FROM slips WHERE run = ?", run)}
    for row in store.rows("SELECT first, last FROM spoilings WHERE run = ?", run):
        gone |= set(range(row["first"], row["last"] + 1))
    return gone


def _digits(issue: Issue, number: int) -> str:
    """Return the first ten characters of a serial, which need no key."""
    return f"{issue.digit}{issue.year:02}{number:07}"


def _fits(text: str, letters: str) -> bool:
    return all(seen in (UNREAD, sign) for sign, seen in zip(text, letters, strict=False))


def letters_against(serial: Serial, letters: str) -> Iterator[int]:
    """Yield the places at which a serial contradicts what can be read."""
    for place, (sign, seen) in enumerate(zip(str(serial), letters, strict=True)):
        if seen not in (UNREAD, sign):
            yield place
