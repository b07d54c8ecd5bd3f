"""Batches as people look back on them: what was said of a stack, what came of its pages."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from omr.errors import OmrError
from omr.records.intake.orders import Orders
from omr.records.store.store import Store
from omr.words import OF_A_FILE, PageOutcome

# Beside the outcomes of pages, what else of a stack is counted.
FLAGGED: Final = "flagged"
COUNTING: Final = "counting"
EARLIER: Final = "earlier"
SECOND_SIDES: Final = "second_sides"


def second_sides(batch: str) -> str:
    """Return the query for how many pages of a batch are the other side of a sheet that was read, too.

    Parameters
    ----------
    batch : str
        Its name, as it stands in the query.
    """
    return f"""SELECT coalesce(sum(min(fronts, backs)), 0) FROM (
        SELECT sum(form_page % 2 = 1) AS fronts, sum(form_page % 2 = 0) AS backs
        FROM batch_files JOIN read_pages USING (original) JOIN form_pages USING (fingerprint)
        WHERE batch_files.batch = {batch} AND duplex GROUP BY serial, (form_page + 1) / 2)"""


TO_SETTLE: Final = "to_settle"
SLIPS: Final = "slips"
EARLIER_SLIPS: Final = "earlier_slips"
FLAGS_WAIT: Final = "flags_wait"


class BatchState(StrEnum):
    """What is asked of who scanned a batch, the gravest first; its message is ``frame.batch_<word>``."""

    WITHDRAWN = "withdrawn"
    UNFINISHED = "unfinished"
    COUNT_DIFFERS = "count_differs"
    SCAN_AGAIN = "scan_again"
    NONE_COUNTS = "none_counts"
    SOME_HELD = "some_held"
    COMPLETE = "complete"

    @property
    def label(self) -> str:
        """The message that names it."""
        return f"frame.batch_{self}"


@dataclass(frozen=True, slots=True)
class Came:
    """What came of the pages of a stack: the one place that counts its sheets."""

    read: int = 0
    blank_backs: int = 0
    covers: int = 0  # cover sheets
    rejected: int = 0
    flagged: int = 0  # files that hold no page, or in which pages may be missing: no pages, and no paper
    # Of the pages read: those that count, by themselves or because somebody said so, since this batch.
    counting: int = 0
    slips: int = 0  # the slips and questionnaires that these are, or are pages of
    to_settle: int = 0  # rejected, or blank where no back is: nobody scanned them again or said what they are
    flags_wait: int = 0  # of the flagged: nobody said yet that they are settled
    second_sides: int = 0  # of the pages read: backs of sheets whose front was read
    earlier: int = 0  # of the pages read: those that count since an earlier batch, whose file came again
    earlier_slips: int = 0  # the slips that these are

    @classmethod
    def of(cls, outcomes: Mapping[str, int]) -> Came:
        """Return the counts of page outcomes, of `FLAGGED` files, `COUNTING` slips and pages `TO_SETTLE`."""
        return cls(
            outcomes.get(PageOutcome.READ, 0),
            outcomes.get(PageOutcome.BLANK_BACK, 0),
            outcomes.get(PageOutcome.COVER, 0),
            outcomes.get(PageOutcome.REJECTED, 0),
            outcomes.get(FLAGGED, 0),
            outcomes.get(COUNTING, 0),
            outcomes.get(SLIPS, 0),
            outcomes.get(TO_SETTLE, 0),
            outcomes.get(FLAGS_WAIT, 0),
            outcomes.get(SECOND_SIDES, 0),
            outcomes.get(EARLIER, 0),
            outcomes.get(EARLIER_SLIPS, 0),
        )

    @property
    def held(self) -> int:
        """Pages that were read and do not count."""
        return self.read - self.counting - self.earlier

    @property
    def pages(self) -> int:
        """All pages that came in."""
        return self.read + self.blank_backs + self.covers + self.rejected

    @property
    def sheets(self) -> int:
        """Pieces of paper below the cover sheet: a sheet with print on both sides is one."""
        return self.read - self.second_sides + self.rejected

    def missing(self, expected: int | None) -> int:
        """Return how many sheets that were counted by hand did not come; negative: too many."""
        return 0 if expected is None else expected - self.sheets


@dataclass(frozen=True, slots=True)
class Batch:
    """A stack that was taken in, as the register knows it."""

    name: str
    orders: Orders
    at: str  # when reading began, UTC
    by: str
    root: str | None  # over its originals and pages
    withdrawn: bool = False  # somebody took it back: nothing of it counts

    @property
    def complete(self) -> bool:
        """Whether its last page was stored; else it was interrupted, or is being read now."""
        return self.root is not None


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One line of the list of batches."""

    batch: Batch
    came: Came

    @property
    def missing(self) -> int:
        """Sheets that were counted by hand but did not come; negative: too many."""
        return self.came.missing(self.batch.orders.expected)

    @property
    def state(self) -> BatchState:
        """What is asked of who scanned it."""
        came = self.came
        asked = {
            BatchState.WITHDRAWN: self.batch.withdrawn,
            BatchState.UNFINISHED: not self.batch.complete,
            BatchState.COUNT_DIFFERS: self.missing != 0,
            BatchState.SCAN_AGAIN: bool(came.to_settle or came.flags_wait),
            BatchState.NONE_COUNTS: not (came.counting or came.earlier),
            BatchState.SOME_HELD: came.held > 0,
        }
        return next((state for state, so in asked.items() if so), BatchState.COMPLETE)


# All pages of a batch's files, as a receipt counts them, whichever batch stored them first.
_SIDES: Final = second_sides("known.batch")
_OF_A_FILE: Final = ", ".join(f"'{reason}'" for reason in OF_A_FILE)
_LINES: Final = f"""
    SELECT known.*, (
        SELECT json_group_object(came, n) FROM (
            SELECT CASE WHEN reason IN ({_OF_A_FILE}) THEN 'flagged' ELSE outcome END AS came,
                   count(*) AS n
            FROM batch_files JOIN pages USING (original) WHERE batch_files.batch = known.batch GROUP BY came
            UNION ALL SELECT 'second_sides', ({_SIDES})
            UNION ALL
            SELECT CASE WHEN slips.batch = known.batch THEN 'counting' ELSE 'earlier' END AS since, count(*)
            FROM batch_files JOIN slips USING (original)
            WHERE batch_files.batch = known.batch AND standing = 'counts' GROUP BY since
            UNION ALL
            SELECT CASE WHEN slips.batch = known.batch THEN 'slips' ELSE 'earlier_slips' END AS since,
                   count(DISTINCT serial)
            FROM batch_files JOIN slips USING (original)
            WHERE batch_files.batch = known.batch AND standing = 'counts' GROUP BY since
            UNION ALL
            SELECT CASE WHEN reason IN ({_OF_A_FILE}) THEN 'flags_wait' ELSE 'to_settle' END AS kept, count(*)
            FROM batch_files JOIN waiting USING (original)
            WHERE batch_files.batch = known.batch AND kind = 'page' GROUP BY kept)) AS outcomes
    FROM known_batches AS known WHERE unit = ?1 OR ?1 IS NULL ORDER BY known.event DESC LIMIT ?2
"""


def batches(store: Store, *, unit: str | None = None, limit: int = 50) -> list[BatchLine]:
    """Return the latest batches, the newest first; with `unit`, only those told to be of that unit."""
    rows = store.rows(_LINES, unit, limit)
    return [BatchLine(_batch(row), Came.of(json.loads(row["outcomes"]))) for row in rows]


def find_batch(store: Store, name: str) -> Batch:
    """Return one batch.

    Raises
    ------
    OmrError
        If there is none of this name.
    """
    row = store.row("SELECT * FROM known_batches WHERE batch = ?", name)
    if row is None:
        raise OmrError("records.no_batch", batch=name[:40])
    return _batch(row)


def _batch(row: sqlite3.Row) -> Batch:
    orders = Orders(row["unit"], row["period"], row["expected"])
    return Batch(row["batch"], orders, row["at"], row["by"], row["root"], bool(row["withdrawn"]))
