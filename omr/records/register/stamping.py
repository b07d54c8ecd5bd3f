"""Which printed serials bear the city police's stamp: PV01 controls quantity by numbering and stamping."""

from __future__ import annotations

from collections.abc import Sequence

from omr.forms.serial import IssuedSerials
from omr.records.register.custody import Span, parse_span
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued
from omr.records.store.store import Store


def stamp(store: Store, texts: Sequence[str], *, by: str, stamped: bool = True, why: str = "") -> list[Span]:
    """Record that serials were stamped, or that they were not after all; return those that changed.

    Raises
    ------
    OmrError
        If a serial or run is unknown.
    """
    with store.act("stamp", by=by, why=why) as act:
        issues = IssuedSerials(issued(store))
        known = stamped_serials(store)
        changed: list[Span] = []
        for span in (parse_span(issues, text) for text in texts):
            has = known.get(span.run, Ranges())
            for first, last in span.ranges - has if stamped else span.ranges & has:
                number = act.next_id("stampings", "stamping")
                changed.append(Span(span.run, first, last))
                act.add("stampings", {"stamping": number, **changed[-1].row, "stamped": int(stamped)})
    return changed


def stamped_serials(store: Store) -> dict[str, Ranges]:
    """Return the stamped numbers of each run."""
    found: dict[str, Ranges] = {}
    for row in store.rows("SELECT run, first, last, stamped FROM stampings ORDER BY stamping"):
        numbers, had = Ranges(((row["first"], row["last"]),)), found.get(row["run"], Ranges())
        found[row["run"]] = had | numbers if row["stamped"] else had - numbers
    return found
