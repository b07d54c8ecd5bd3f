"""What came of pages, as rows: collected by table and written together in one act."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from omr.forms.template import Form
from omr.reading.glass.streaks import Streak
from omr.reading.reader import BlankBack, ReadPage, RejectedPage, Result
from omr.reading.traced.read import TracedPage
from omr.records.counts.answers import answer_row
from omr.records.counts.validity import may_say_overall
from omr.records.intake.elsewhere import FoundSheets
from omr.records.intake.orders import Orders
from omr.records.intake.standing import Admission, Seen
from omr.records.store.act import Act, Row
from omr.records.store.measured import pack
from omr.records.store.store import Store
from omr.records.store.verdicts import pack_verdicts
from omr.words import PageOutcome, Seal

# In the order in which rows refer to each other.
_TABLES: Final = (
    "runs",
    "run_ends",
    "pages",
    "readings",
    "doubts",
    "comments",
    "handwriting",
    "set_aside",
    "decidings",
    "answers",
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A page that is on its way through the reader."""

    original: str
    number: int
    picture: str  # SHA-256
    older: tuple[str, ...]  # what earlier versions would call it


@dataclass(frozen=True, slots=True)
class CoverSheet:
    """The sheet on top of the stack, which says whose it is."""


class PageRows:
    """The rows of one act of reading, collected by table and inserted together."""

    def __init__(self, store: Store, act: Act, batch: str, orders: Orders) -> None:
        self._forms = store.forms
        self._batch = batch
        self._act = act
        self._tables: dict[str, list[Row]] = {table: [] for table in _TABLES}
        self._next = {
            column: act.next_id(table, column)
            for table, column in (("pages", "page"), ("readings", "reading"), ("decidings", "deciding"))
        }
        self._admission = Admission(store, orders)
        self._found = FoundSheets(store, orders)

    def insert(self) -> None:
        """Write all rows."""
        self._tables["runs"], self._tables["run_ends"] = self._found.runs()
        for table, rows in self._tables.items():
            self._act.add(table, *rows)

    def add(self, sent: Sent, result: Result | CoverSheet) -> None:
        """Add the rows of one page."""
        page = self._number("page")
        row: dict[str, str | int | None] = {
            "page": page,
            "batch": self._batch,
            "original": sent.original,
            "number": sent.number,
            "picture": sent.picture,
            "outcome": PageOutcome.READ,
            "reason": None,
            "measured": None,
        }
        if isinstance(result, BlankBack):
            row["outcome"] = PageOutcome.BLANK_BACK
        elif isinstance(result, CoverSheet):
            row["outcome"] = PageOutcome.COVER
        elif isinstance(result, RejectedPage):
            measured = json.dumps(result.measured, ensure_ascii=False, default=str)
            row.update(outcome=PageOutcome.REJECTED, reason=result.reason, measured=measured)
        self._tables["pages"].append(row)
        if isinstance(result, ReadPage):
            self.add_reading(page, sent.picture, result, sent.older)
        elif isinstance(result, TracedPage):
            self._add_traced(page, sent, result)

    def add_reading(self, page: int, picture: str, result: ReadPage, older: tuple[str, ...] = ()) -> None:
        """Add the rows of the slip that was read on a page."""
        reading = self._number("reading")
        slip = result.page
        place = self._admission.place(slip.issue, slip.serial.number)
        form = self._forms[slip.issue.fingerprint].page(slip.number)
        marks = pack(form, result.marks)
        self._tables["readings"].append(
            {
                "reading": reading,
                "page": page,
                "serial": str(slip.serial),
                "run": slip.issue.run,
                "number": slip.serial.number,
                "unit": place.unit,
                "period": place.period,
                "carriers": " ".join(slip.carriers),
                "dpi": float(slip.aligned.dpi),
                "residual_mm": float(slip.aligned.residual_mm),
                "scan_from_page": json.dumps(slip.aligned.scan_from_page.ravel().tolist()),
                "marks": marks,
                "seal": result.seal.value,
                "streaks": _streaks(result.streaks),
                "form_page": slip.number if slip.number > 1 else None,
            }
        )
        self._tables["doubts"] += [{"reading": reading, "reason": doubt} for doubt in result.doubts]
        self._tables["comments"] += [
            {
                "reading": reading,
                "question": comment.question,
                "ink_mm2": float(comment.ink_mm2),
                "corners_px": json.dumps(np.round(comment.corners_px, 2).tolist()),
            }
            for comment in result.comments
            if comment.has_ink
        ]
        self._tables["handwriting"] += [
            {
                "reading": reading,
                "question": one.question,
                "first": one.first,
                "second": one.second,
                "confidence": float(one.confidence),
            }
            for one in result.written
        ]
        seen = Seen(reading, picture, marks, result.seal, older)
        reason, other = self._admission.why_aside(
            form, str(slip.serial), slip.issue, slip.serial.number, seen
        )
        if reason is not None:
            self._tables["set_aside"].append({"reading": reading, "reason": reason, "other": other})
        self._add_deciding(reading, form, result)

    def _add_traced(self, page: int, sent: Sent, result: TracedPage) -> None:
        """Add the rows of a page of somebody else's form: known by its bar code, or by file and page."""
        reading = self._number("reading")
        form = self._forms[result.fingerprint]
        sheet = self._found.sheet(result, page)
        self._tables["readings"].append(
            {
                "reading": reading,
                "page": page,
                "serial": sheet.name,
                "run": sheet.run,
                "number": sheet.number,
                "unit": sheet.unit,
                "period": sheet.period,
                "carriers": "",
                "dpi": float(result.dpi),
                "residual_mm": float(result.residual_mm),
                "scan_from_page": json.dumps(result.scan_from_page.ravel().tolist()),
                "marks": pack(form, result.marks),
                "seal": Seal.UNKNOWN.value,
                "streaks": None,
            }
        )
        self._tables["doubts"] += [{"reading": reading, "reason": doubt} for doubt in result.doubts]
        reason, other = self._found.why_aside(sheet, reading, sent.picture, sent.older)
        if reason is not None:
            self._tables["set_aside"].append({"reading": reading, "reason": reason, "other": other})
        self._add_deciding(reading, form, result)

    def _add_deciding(self, reading: int, form: Form, result: ReadPage | TracedPage) -> None:
        deciding = self._number("deciding")
        self._tables["decidings"].append(
            {
                "deciding": deciding,
                "reading": reading,
                "calibration": result.calibration,
                "overall": int(may_say_overall(form, result.answers)),
                "verdicts": pack_verdicts(result.verdicts),
            }
        )
        self._tables["answers"] += [answer_row(deciding, answer) for answer in result.answers]

    def _number(self, column: str) -> int:
        self._next[column] += 1
        return self._next[column] - 1


def _streaks(streaks: Iterable[Streak]) -> str | None:
    found = [[streak.first, streak.last, streak.is_column] for streak in streaks]
    return json.dumps(found) if found else None
