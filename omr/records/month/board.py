"""The month as a board: of every unit what is there and what lacks before the month can be closed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from omr.records.counts.slips import IN_PERIOD
from omr.records.month.reconcile import Line, reconcile
from omr.records.offices.periods import Period
from omr.records.offices.units import list_units
from omr.records.offices.visits import visits_of
from omr.records.store.store import Store
from omr.words import Standing

# What may lack, in the order in which it is mended; each has a message and a place where it is done.
LACKS: Final = ("returned", "held", "waiting", "in_stock", "visits", "comments")

_HELD: Final = f"SELECT unit, count(*) AS n FROM slips WHERE {IN_PERIOD} AND standing = ?2 GROUP BY unit"
_WAITING: Final = """
    SELECT unit, count(*) AS n FROM waiting WHERE period = ? AND kind <> 'held' GROUP BY unit
"""
_ELECTRONIC: Final = "SELECT unit, count(*) AS n FROM current_responses WHERE period = ? GROUP BY unit"
_COMMENTS: Final = f"""
    SELECT unit, count(*) AS n, count(transcripts.reading) AS typed FROM comments
    JOIN slips USING (reading)
    LEFT JOIN current_transcripts AS transcripts USING (reading, question)
    WHERE {IN_PERIOD} AND standing = ?2 GROUP BY unit
"""


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit in one month; None: nobody said."""

    unit: str
    name: str
    received: int  # serials that the unit had: carried over and handed over
    returned: int
    valid: int
    held: int
    waiting: int  # answers and slips that a person must decide
    spoiled: int
    in_stock: int | None
    uncounted: tuple[str, ...]  # forms whose stock nobody counted
    missing: int | None
    visits: int | None
    electronic: int
    comments: int
    comments_typed: int

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is not there yet, as words of `LACKS`."""
        found = {
            "returned": self.returned == 0,
            "held": self.held > 0,
            "waiting": self.waiting > 0,
            "in_stock": bool(self.uncounted),
            "visits": self.visits is None,
            "comments": self.comments_typed < self.comments,
        }
        return tuple(word for word in LACKS if found[word])


def month_board(store: Store, period: Period) -> list[UnitLine]:
    """Return a line for every unit that takes part in a month: that had serials, slips, answers or visits."""
    books: defaultdict[str, list[Line]] = defaultdict(list)
    for line in reconcile(store, period):
        if line.unit is not None:
            books[line.unit].append(line)
    held = _by_unit(store, _HELD, period.name, Standing.HELD)
    waiting = _by_unit(store, _WAITING, period.name)
    electronic = _by_unit(store, _ELECTRONIC, period.name)
    visits = visits_of(store, period.name)
    comments = {
        row["unit"]: (row["n"], row["typed"]) for row in store.rows(_COMMENTS, period.name, Standing.COUNTS)
    }
    names = {unit.unit: unit.name for unit in list_units(store)}
    units = sorted({*books, *held, *waiting, *electronic, *visits})
    return [
        _line(
            unit,
            names.get(unit, unit),
            books[unit],
            held=held.get(unit, 0),
            waiting=waiting.get(unit, 0),
            electronic=electronic.get(unit, 0),
            visits=visits.get(unit),
            comments=comments.get(unit, (0, 0)),
        )
        for unit in units
    ]


def _line(
    unit: str,
    name: str,
    books: list[Line],
    *,
    held: int,
    waiting: int,
    electronic: int,
    visits: int | None,
    comments: tuple[int, int],
) -> UnitLine:
    uncounted = tuple(str(line.form) for line in books if line.form is not None and not line.counted)
    return UnitLine(
        unit=unit,
        name=name,
        received=sum(line.opening + line.received for line in books),
        returned=sum(line.returned for line in books),
        valid=sum(line.valid for line in books),
        held=held,
        waiting=waiting,
        spoiled=sum(line.spoiled for line in books),
        in_stock=None if uncounted else sum(line.in_stock for line in books),
        uncounted=uncounted,
        missing=None if uncounted else sum(line.missing for line in books),
        visits=visits,
        electronic=electronic,
        comments=comments[0],
        comments_typed=comments[1],
    )


def _by_unit(store: Store, sql: str, *values: str) -> dict[str, int]:
    return {row["unit"]: row["n"] for row in store.rows(sql, *values) if row["unit"] is not None}
