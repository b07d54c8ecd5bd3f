"""Batches as people look back on them: what came in, when, and which sheets to scan again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from omr.records.intake.intake import TakenIn
from omr.records.intake.receipt import Receipt, receipt
from omr.records.store.store import Store
from omr.words import PageOutcome


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One line of the list of batches."""

    batch: str
    unit: str | None
    period: str | None
    expected: int | None
    at: str
    by: str
    ended: bool
    pages: int
    read: int
    blank_backs: int
    rejected: int

    @property
    def sheets(self) -> int:
        """Pieces of paper; forms are printed on one side."""
        return self.pages - self.blank_backs

    @property
    def missing(self) -> int:
        """Sheets that were counted by hand but did not come through the scanner; negative: too many."""
        return 0 if self.expected is None else self.expected - self.sheets


@dataclass(frozen=True, slots=True)
class BadPage:
    """A page that could not be read and that nobody settled yet."""

    page: int
    file: str
    number: int  # in its file
    reason: str


_LINES: Final = f"""
    SELECT batches.batch, unit, period, expected, at, by, batch_ends.batch IS NOT NULL AS ended,
           count(page) AS pages, coalesce(sum(outcome = '{PageOutcome.READ}'), 0) AS read,
           coalesce(sum(outcome = '{PageOutcome.BLANK_BACK}'), 0) AS blank_backs,
           coalesce(sum(outcome = '{PageOutcome.REJECTED}'), 0) AS rejected
    FROM batches JOIN events ON events.event = batches.event
    LEFT JOIN batch_ends ON batch_ends.batch = batches.batch
    LEFT JOIN pages ON pages.batch = batches.batch
    WHERE {{where}}
    GROUP BY batches.batch ORDER BY batches.event DESC LIMIT ?
"""


def batches(store: Store, *, unit: str | None = None, limit: int = 50) -> list[BatchLine]:
    """Return the latest batches, the newest first; with `unit`, only those told to be of that unit."""
    if unit is None:
        rows = store.rows(_LINES.format(where="1"), limit)
    else:
        rows = store.rows(_LINES.format(where="unit = ?"), unit, limit)
    return [_line(dict(row)) for row in rows]


def find_batch(store: Store, batch: str) -> BatchLine | None:
    """Return one batch."""
    row = store.row(_LINES.format(where="batches.batch = ?"), batch, 1)
    return None if row is None else _line(dict(row))


def receipt_of(store: Store, batch: str) -> Receipt:
    """Return the receipt of a batch as it stands today; how long reading took is not kept."""
    rows = store.rows("SELECT original, file FROM batch_files WHERE batch = ? ORDER BY position", batch)
    files = tuple((row["original"], row["file"]) for row in rows)
    return receipt(store, TakenIn(batch, files, again=False), seconds=0.0)


def bad_pages(store: Store, batch: str) -> list[BadPage]:
    """Return the pages of a batch that are to be scanned again, or settled at another desk."""
    rows = store.rows(
        """SELECT page, file, number, pages.reason FROM pages
        JOIN batch_files ON batch_files.batch = pages.batch AND batch_files.original = pages.original
        WHERE pages.batch = ? AND outcome = 'rejected' AND coalesce((
            SELECT outcome FROM decided_pages WHERE decided_pages.page = pages.page
            ORDER BY decision DESC LIMIT 1), 'withdrawn') = 'withdrawn'
        ORDER BY position, number""",
        batch,
    )
    return [BadPage(row["page"], row["file"], row["number"], row["reason"]) for row in rows]


def _line(row: dict[str, object]) -> BatchLine:
    return BatchLine(**{**row, "ended": bool(row["ended"])})  # type: ignore[arg-type]
