"""How far the reading of a stack is, counted as results come."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from omr.reading.apart import Apart
from omr.reading.limits import Limits
from omr.reading.reader import BlankBack, RejectedPage, Result
from omr.records.batches.receipt import WHOLE_FILE, PageProblem
from omr.records.inbox.inbox import Progress
from omr.words import OF_A_FILE

PROBLEMS_SHOWN: Final = 200  # while reading goes on; the receipt has them all
_TOLD_EVERY_S: Final = 0.4


def count_pages(files: Iterable[Path], limits: Limits) -> int:
    """Return how many pages files have."""
    with Apart(limits) as apart:
        pages = (page for file in files for page in apart.pages(file))
        return sum(page.fault is None or page.fault.reason not in OF_A_FILE for page in pages)


class Counting:
    """Counts results and tells now and then."""

    def __init__(self, tell: Callable[[Progress], None], total: int) -> None:
        self._tell = tell
        self._total = total
        self._started = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._problems: list[PageProblem] = []
        self.tell()

    def seen(self, result: Result) -> None:
        """Count one result."""
        match result:
            case RejectedPage():
                of_a_file = result.reason in OF_A_FILE
                self._counts["rejected"] += not of_a_file
                if len(self._problems) < PROBLEMS_SHOWN:
                    page = WHOLE_FILE if of_a_file else result.page
                    self._problems.append(
                        PageProblem(result.file, page, result.reason, dict(result.measured))
                    )
            case BlankBack():
                self._counts["blank_backs"] += 1
            case _:
                self._counts["read"] += 1
        if time.monotonic() - self._told_at > _TOLD_EVERY_S:
            self.tell()

    def tell(self) -> None:
        """Tell how far the reading is."""
        self._told_at = time.monotonic()
        self._tell(
            Progress(
                total=self._total,
                pages=self._counts.total(),
                read=self._counts["read"],
                blank_backs=self._counts["blank_backs"],
                rejected=self._counts["rejected"],
                seconds=self._told_at - self._started,
                problems=tuple(self._problems),
            )
        )
