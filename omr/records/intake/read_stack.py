"""A stack from the inbox is read into a batch; the inbox is told how far it is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

from omr.forms.serial import IssuedSerials
from omr.reading import reader
from omr.reading.crew import read_pages
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import BlankBack, RejectedPage, Result
from omr.reading.scan.pages import open_pages
from omr.records.intake.inbox import Inbox, Progress, Stack
from omr.records.intake.intake import Desk, take_in
from omr.records.intake.receipt import Problem
from omr.records.register.register import end_interrupted, issued
from omr.records.store.store import Store
from omr.workspace import Workspace

PROBLEMS_SHOWN: Final = 200  # while reading goes on; the receipt has them all
_TOLD_EVERY_S: Final = 0.4


def read_stack(workspace: Workspace, stack: Stack, *, workers: int | None = None) -> str:
    """Read a stack into a batch and return its name; run again after an interruption, it goes on.

    Raises
    ------
    OmrError
        If the stack cannot be read at all; a page that cannot be read is no error.
    """
    inbox = Inbox(workspace)
    files = inbox.files(stack)
    calibration = load_calibration(own=workspace.calibration)
    with Store.open(workspace.database) as store:
        end_interrupted(store, by=stack.by)
        forms = store.forms
        desk = Desk(store, workspace.scans, forms, calibration.name, stack.by)
        reading = reader.Desk(IssuedSerials(issued(store)), forms, calibration)
        counting = _Counting(lambda progress: inbox.tell(stack, progress))
        counting.begin(sum(1 for file in files for _ in open_pages(file)))
        batch = take_in(
            desk,
            files,
            partial(read_pages, desk=reading, workers=workers),
            unit=stack.unit,
            period=stack.period,
            expected=stack.expected,
            seen=counting.seen,
        ).batch
        counting.tell()
    inbox.finish(stack, batch)
    return batch


class _Counting:
    """Counts results and tells now and then."""

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._started = self._told_at = time.monotonic()
        self._total = 0
        self._counts: Counter[str] = Counter()
        self._problems: list[Problem] = []

    def begin(self, total: int) -> None:
        """Tell how many pages there are."""
        self._total = total
        self.tell()

    def seen(self, result: Result) -> None:
        """Count one result."""
        match result:
            case RejectedPage():
                self._counts["rejected"] += 1
                if len(self._problems) < PROBLEMS_SHOWN:
                    self._problems.append(
                        Problem(result.file, result.page, result.reason, dict(result.measured))
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
