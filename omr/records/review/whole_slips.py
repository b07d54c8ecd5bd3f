"""What people said of whole slips and pages, and what is settled only when a second person says the same."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from omr.records.counts.slips import IN_PERIOD
from omr.records.review.queue import find_item
from omr.records.review.second_reading import Decision, Status, doubtful, status
from omr.records.store.store import Store
from omr.words import PageDecision


def to_confirm(store: Store) -> dict[str, tuple[Decision, ...]]:
    """Return the slips and pages whose validity one reader decided, or several differently, by item name.

    What makes a slip count or not, two readers say.
    """
    said: dict[str, list[Decision]] = {}
    for row in store.rows(_SAID_OF_ALL, PageDecision.RESCANNED):
        said.setdefault(row["item"], []).append(_word(row))
    return {
        item: tuple(all_)
        for item, all_ in said.items()
        if status(all_, second_wanted=True) in (Status.SECOND, Status.DISPUTED)
    }


def said_of_slip(store: Store, reading: int) -> list[Decision]:
    """Return what people said about one slip as a whole, the first first."""
    return [_word(row) for row in store.rows(_SAID_OF_SLIP, reading)]


def said_of_page(store: Store, page: int) -> list[Decision]:
    """Return what people said about one page that could not be read, the first first."""
    return [_word(row) for row in store.rows(_SAID_OF_PAGE, page)]


class PageWord(NamedTuple):
    """What somebody says about a page: what it is, by which rule it is invalid, which serial it shows."""

    outcome: PageDecision
    reason: str | None = None
    serial: str | None = None  # as ``1 26 0000042 KMT M3``, of a further page followed by ``/2``

    @property
    def text(self) -> str:
        """What readers are compared by."""
        return slip_word(*self)

    @classmethod
    def of(cls, text: str) -> PageWord:
        """Return the word that `text` gives."""
        outcome, _, more = text.partition(" ")
        serial = outcome == PageDecision.SERIAL
        return cls(PageDecision(outcome), None if serial else more or None, more if serial else None)


def slip_word(outcome: str, *more: str | None) -> str:
    """Return what a decision on a slip or page is compared by: with its rule, or the typed serial."""
    return " ".join(filter(None, (outcome, *more)))


def _word(row: sqlite3.Row) -> Decision:
    return Decision(row["by"], row["at"], slip_word(row["outcome"], row["reason"], row["serial"]), ())


# Of a decision on a slip that made another one of the same serial step back, the last row is
# the decision itself. A typed serial is settled once the page was read with it: at once, where one
# person works alone, else when a second one typed the same.
_SLIPS_SAID: Final = """
    SELECT 'S' || reading AS item, outcome, reason, NULL AS serial, by, at, events.event
    FROM decided_slips JOIN events USING (event)
    WHERE decision IN (SELECT max(decision) FROM decided_slips GROUP BY event) AND act = 'decide_slip'
"""
_SAID_OF_SLIP: Final = f"{_SLIPS_SAID} AND reading = ? ORDER BY decision"
# Likewise of a page: where a word brought an earlier pair's into force, the last row is the word.
_PAGES_SAID: Final = """
    SELECT 'P' || page AS item, outcome, reason, serial, by, at, events.event
    FROM decided_pages JOIN events USING (event)
    WHERE decision IN (SELECT max(decision) FROM decided_pages GROUP BY event) AND act = 'decide_page'
"""
_SAID_OF_PAGE: Final = f"{_PAGES_SAID} AND page = ? ORDER BY decision"
# That a sheet was scanned again, one person said before it took two: it stands.
_SAID_OF_ALL: Final = f"""
    {_SLIPS_SAID}
    UNION ALL
    {_PAGES_SAID} AND NOT EXISTS (SELECT 1 FROM slips WHERE slips.page = decided_pages.page)
        AND (outcome <> ? OR page IN (SELECT page FROM decided_pages WHERE alone IS NOT NULL))
    ORDER BY 7
"""


def unconfirmed(store: Store, period: str) -> list[str]:
    """Return the items that bear on a period and that only one person decided, or several differently."""
    stacks = {
        row["batch"]
        for row in store.rows(
            f"""SELECT batch FROM known_batches WHERE period = ?1
            UNION SELECT batch FROM slips WHERE {IN_PERIOD}""",
            period,
        )
    }
    items = (find_item(store, name) for name in to_confirm(store))
    mine = [one.item for one in items if one.period == period or (one.period is None and one.batch in stacks)]
    return [*mine, *_decisive_alone(store, period)]


def _decisive_alone(store: Store, period: str) -> list[str]:
    """Return the answers by which a slip is valid or not and of which one person spoke, or several differ."""
    rows = store.rows(
        """SELECT DISTINCT reading FROM decided_answers JOIN slips USING (reading)
        WHERE slips.period = ? AND standing = 'counts' AND reason_by_hand IS NULL""",
        period,
    )
    items = doubtful(store, lambda reading, question: False, readings=[row["reading"] for row in rows])
    waits = (Status.SECOND, Status.DISPUTED)
    return [one.item for one in items if one.decides_validity and one.status in waits]
