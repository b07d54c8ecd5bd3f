"""Every hand-over as it was made: one act, one unit, one month, the serials that went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omr.records.register.custody import Span
from omr.records.register.ranges import Ranges
from omr.records.store.store import Store


@dataclass(frozen=True, slots=True)
class HandOver:
    """What one unit was given in one act, to come back in one month."""

    number: int  # of its event
    at: str
    by: str
    unit: str
    period: str
    spans: tuple[Span, ...]

    @property
    def slips(self) -> int:
        """How many slips went."""
        return sum(len(span.ranges) for span in self.spans)


def hand_overs(store: Store, *, number: int | None = None, latest: int = -1) -> list[HandOver]:
    """Return the hand-overs, the latest first.

    Parameters
    ----------
    number : int, optional
        Only those of this act.
    latest : int
        How many rows of the register at most; all of them where negative.
    """
    found: dict[tuple[int, str, str], HandOver] = {}
    for row in store.rows(
        """SELECT event, at, by, unit, period, run, first, last FROM hand_overs JOIN events USING (event)
        WHERE ?1 IS NULL OR event = ?1 ORDER BY event DESC, hand_over LIMIT ?2""",
        number,
        latest,
    ):
        key = row["event"], row["unit"], row["period"]
        known = found[key].spans if key in found else ()
        span = Span(row["run"], row["first"], row["last"])
        found[key] = HandOver(row["event"], row["at"], row["by"], *key[1:], (*known, span))
    return list(found.values())


def handed_over(store: Store) -> Mapping[str, Ranges]:
    """Return, of each run, the numbers that were ever handed over."""
    found: dict[str, Ranges] = {}
    for row in store.rows("SELECT run, first, last FROM hand_overs"):
        found[row["run"]] = found.get(row["run"], Ranges()) | Ranges(((row["first"], row["last"]),))
    return found
