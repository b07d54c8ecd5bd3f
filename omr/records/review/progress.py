"""How the work stands: what waits, who decided how much, what the scanner does to the pages."""

from __future__ import annotations

from dataclasses import dataclass

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
        """SELECT batches.batch, batches.unit, at, count(pages.page) AS pages,
               coalesce(sum(outcome = 'rejected'), 0) AS rejected,
               coalesce(sum(streaks IS NOT NULL), 0) AS streaked
        FROM batches JOIN events ON events.event = batches.event
        JOIN pages ON pages.batch = batches.batch LEFT JOIN readings ON readings.page = pages.page
        GROUP BY batches.batch ORDER BY batches.event DESC LIMIT ?""",
        limit,
    )
    return [ScannerLine(**dict(row)) for row in rows]
