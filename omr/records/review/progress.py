"""How the work stands: what waits, who decided how much, what the scanner does to the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from omr.records.store.store import Store


@dataclass(frozen=True, slots=True)
class ScannerLine:
    """One batch and what speaks for or against its scanner."""

    batch: str
    unit: str | None
    at: str
    pages: int
    rejected: int
    streaked: int  # pages with a streak down the page: the glass wants cleaning


def periods(store: Store) -> list[str]:
    """Return the periods for which slips were issued or read, the latest first."""
    rows = store.rows("SELECT period FROM runs UNION SELECT period FROM readings ORDER BY period DESC")
    return [row["period"] for row in rows]


def waiting_counts(store: Store, *, unit: str | None = None) -> dict[str, int]:
    """Return how many things of each kind wait for a person; pages belong to no unit yet."""
    where, values = ("WHERE unit = ?", (unit,)) if unit else ("", ())
    rows = store.rows(f"SELECT kind, count(*) AS n FROM waiting {where} GROUP BY kind", *values)
    return {row["kind"]: row["n"] for row in rows}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Things of one kind that wait for a person."""

    count: int
    since: str  # when the batch of the oldest came in, UTC


def waiting_since(store: Store) -> dict[str, Waiting]:
    """Return how many things of each kind wait, and since when the oldest does."""
    rows = store.rows(
        """SELECT kind, count(*) AS n, min(at) AS since
        FROM waiting JOIN batches USING (batch) JOIN events ON events.event = batches.event GROUP BY kind"""
    )
    return {row["kind"]: Waiting(row["n"], row["since"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Undecided:
    """Slips of a month whose overall answer is still open."""

    may_come: int  # held slips, pages without serial, doubtful overall answers: not counted today
    may_go: int  # counted today, to be judged as a whole

    def bounds(self, part: int, whole: int) -> tuple[int, int, int, int] | None:
        """Return the least and the greatest share as (part, whole, part, whole); None: nothing is open.

        Examples
        --------
        >>> Undecided(may_come=2, may_go=1).bounds(8, 10)
        (7, 11, 10, 11)
        """
        if not (self.may_come or self.may_go):
            return None
        # who may go was satisfied in the worst case, and was not in the best
        good, bad = min(self.may_go, part), min(self.may_go, whole - part)
        return part - good, whole - good + self.may_come, part + self.may_come, whole - bad + self.may_come


def undecided(store: Store, period: str, *, unit: str | None = None) -> Undecided:
    """Return what can still change a month's overall figure."""
    row = store.row(
        """SELECT
            count(DISTINCT CASE WHEN waiting.kind = 'held' OR (waiting.kind = 'answer' AND overall)
                                THEN reading END)
            + count(CASE WHEN waiting.kind = 'page' THEN 1 END) AS may_come,
            count(DISTINCT CASE WHEN waiting.kind = 'slip' THEN reading END) AS may_go
        FROM waiting
        LEFT JOIN form_questions
          ON form_questions.fingerprint = waiting.fingerprint AND form_questions.question = waiting.question
        LEFT JOIN (SELECT batch AS of_batch, unit AS told_unit, period AS told_period FROM batches)
          ON of_batch = waiting.batch
        WHERE (waiting.period = ?1 OR (waiting.kind = 'page' AND coalesce(told_period, ?1) = ?1))
          AND (?2 IS NULL OR waiting.unit = ?2 OR (waiting.kind = 'page' AND told_unit = ?2))""",
        period,
        unit,
    )
    assert row is not None
    return Undecided(row["may_come"], row["may_go"])


def decided_by(store: Store, period: str) -> dict[str, int]:
    """Return how many answers of a period each reviewer decided."""
    rows = store.rows(
        """SELECT by, count(*) AS n
        FROM decided_answers JOIN events USING (event) JOIN readings USING (reading)
        WHERE period = ? AND state <> 'withdrawn' GROUP BY by ORDER BY n DESC, by""",
        period,
    )
    return {row["by"]: row["n"] for row in rows}


def scanner_lines(store: Store, limit: int = 12) -> list[ScannerLine]:
    """Return the latest batches with what their pages say about the scanner."""
    rows = store.rows(
        """WITH latest AS (
            SELECT batch, unit, event FROM batches
            WHERE batch NOT IN (SELECT batch FROM withdrawn_batches)
              AND EXISTS (SELECT 1 FROM pages WHERE pages.batch = batches.batch)
            ORDER BY event DESC LIMIT ?)
        SELECT latest.batch, latest.unit, at, count(pages.page) AS pages,
               coalesce(sum(outcome = 'rejected'), 0) AS rejected,
               coalesce(sum(streaks IS NOT NULL), 0) AS streaked
        FROM latest JOIN events ON events.event = latest.event
        JOIN pages ON pages.batch = latest.batch LEFT JOIN readings ON readings.page = pages.page
        GROUP BY latest.batch ORDER BY latest.event DESC""",
        limit,
    )
    return [ScannerLine(**dict(row)) for row in rows]


PAUSE_S: Final = 60.0  # between two decisions: who takes longer did something else meanwhile


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """What one reviewer did."""

    read: int  # doubtful answers that this person decided, and did not take back
    again: int  # of them, those on which another person's word stands, too
    agreed: int  # of these, those that say the same
    per_minute: float | None  # while at it; None: too little to say


def own_figures(store: Store, name: str, *, since: str = "") -> OwnFigures:
    """Return the figures of one reviewer.

    Parameters
    ----------
    since : str, optional
        Only what was decided from this moment on, as it is stored: UTC.
    """
    row = store.row(_AGREEMENT, name, since)
    assert row is not None
    return OwnFigures(row["read"], row["again"], row["agreed"], _per_minute(store, name, since))


# Each person's latest word on an answer that stands; several others' count one by one.
_AGREEMENT: Final = """
    WITH standing AS (
        SELECT reading, question, by, at, state, codes FROM decided_answers JOIN events USING (event)
        WHERE decision IN (
            SELECT max(decision) FROM decided_answers JOIN events USING (event)
            GROUP BY reading, question, by)
          AND state <> 'withdrawn' AND act = 'decide_answer')
    SELECT count(DISTINCT mine.reading || ' ' || mine.question) AS read, count(other.by) AS again,
           coalesce(sum(mine.state = other.state AND mine.codes = other.codes), 0) AS agreed
    FROM standing AS mine
    LEFT JOIN standing AS other
      ON other.reading = mine.reading AND other.question = mine.question AND other.by <> mine.by
    WHERE mine.by = ?1 AND mine.at >= ?2
"""


def _per_minute(store: Store, name: str, since: str) -> float | None:
    """Return how many answers a minute were decided, pauses left out."""
    rows = store.rows(
        """SELECT at, count(*) AS n FROM decided_answers JOIN events USING (event)
        WHERE by = ? AND at >= ? AND act = 'decide_answer' AND state <> 'withdrawn'
        GROUP BY event ORDER BY event""",
        name,
        since,
    )
    times = [(datetime.fromisoformat(row["at"]), int(row["n"])) for row in rows]
    gaps = [((b - a).total_seconds(), n) for (a, _), (b, n) in pairwise(times)]
    working = [(gap, n) for gap, n in gaps if gap <= PAUSE_S]
    seconds = sum(gap for gap, _ in working)
    return 60.0 * sum(n for _, n in working) / seconds if seconds >= PAUSE_S else None
