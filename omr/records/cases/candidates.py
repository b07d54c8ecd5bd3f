"""Which serial can a page have whose own cannot be read? Only one that is issued, out, and of the unit.

Of those, what the letters that can still be read do not contradict, the neighbours in the stack first:
slips come out of the box nearly in the order in which they were handed out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from omr.forms.serial import MOST_PAGES, Issue, IssuedSerials, Serial
from omr.reading.place.legible import UNREAD
from omr.records.register.custody import Custody
from omr.records.review.queue import Item, units_of
from omr.records.store.store import Store

MOST: Final = 6  # that are looked through at a glance; who finds it in none of them types it
_LOOKED_AT: Final = 400  # nearest numbers whose letters are compared: each costs an HMAC


@dataclass(frozen=True, slots=True)
class Candidate:
    """One serial that is out, or a page of a questionnaire that did not come."""

    serial: Serial
    page: int | None  # of the questionnaire; None where a form has one page
    form: str
    unit: str
    period: str

    @property
    def typed(self) -> str:
        """As a person types it."""
        return self.serial.printed if self.page is None else f"{self.serial.printed} /{self.page}"


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """A slip of the same stack that was read."""

    run: str
    place: int  # of it in its run, page by page
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
    pages = {mark: form.pages for mark, form in store.forms.items()}
    near = _neighbours(store, item, pages)
    units, period = units_of(store, item), _told_period(store, item)
    ranked: list[tuple[tuple[int, int, int], Issue, int, int, str, str]] = []
    for span, place in custody.all():
        if place.unit not in units or period not in (None, place.period):
            continue
        issue = issued.run(span.run)
        if issue is None:
            continue
        gone, of = _gone(store, span.run), pages[issue.fingerprint]
        for number in range(span.first, span.last + 1):
            if not _fits(_digits(issue, number), letters):
                continue
            for page in range(1, of + 1):
                if (number, page) not in gone:
                    rank = _rank(near, span.run, number * of + page - 1)
                    ranked.append((rank, issue, number, page, place.unit, place.period))
    ranked.sort(key=lambda one: one[0])
    found = []
    for _, issue, number, page, unit, when in ranked[:_LOOKED_AT]:
        serial = issue.serial(number)
        if _fits(str(serial), letters):
            several = pages[issue.fingerprint] > 1
            found.append(Candidate(serial, page if several else None, issue.form, unit, when))
        if len(found) == MOST:
            break
    return found


def _rank(near: list[_Neighbour], run: str, place: int) -> tuple[int, int, int]:
    """Return how far a place in a run lies from where the sheets around put it; other runs come behind."""
    same = [one for one in near if one.run == run]
    if not same:
        return 1, 0, place
    # A stack that was turned over counts down.
    middle = sum(one.place for one in same) / len(same), sum(one.sheets for one in same) / len(same)
    slope = sum((one.place - middle[0]) * (one.sheets - middle[1]) for one in same)
    step = -1 if slope > 0 else 1
    return 0, min(abs(place - one.place - step * one.sheets) for one in same), place


def _neighbours(store: Store, item: Item, pages: Mapping[str, int]) -> list[_Neighbour]:
    rows = store.rows(
        """SELECT run, fingerprint, number, form_page, ?2 - page AS sheets
        FROM slips WHERE batch = ?1 ORDER BY abs(page - ?2) LIMIT 6""",
        item.batch,
        item.page,
    )
    return [
        _Neighbour(
            row["run"], row["number"] * pages[row["fingerprint"]] + row["form_page"] - 1, row["sheets"]
        )
        for row in rows
    ]


def _told_period(store: Store, item: Item) -> str | None:
    row = store.row("SELECT period FROM known_batches WHERE batch = ?", item.batch)
    return None if row is None else row["period"]


def _gone(store: Store, run: str) -> set[tuple[int, int]]:
    """Return the numbers of a run that came back or were spoiled, with each page."""
    rows = store.rows("SELECT number, form_page FROM slips WHERE run = ?", run)
    gone = {(int(row["number"]), int(row["form_page"])) for row in rows}
    for row in store.rows("SELECT first, last FROM spoilings WHERE run = ?", run):
        spoiled = range(row["first"], row["last"] + 1)
        gone |= {(number, page) for number in spoiled for page in range(1, MOST_PAGES + 1)}
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
