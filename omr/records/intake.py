"""A scanned batch comes in: originals are kept, every page is read once, the receipt says what came of it.

Running again with the same files changes nothing; running again after an interruption
goes on where it stopped. Pages in = pages read + blank backs + rejected, always.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from omr.forms.serial import Issue
from omr.forms.template import Form
from omr.reading.decide import Answer, BoxState, BoxVerdict
from omr.reading.pages import EncodedPage, open_pages
from omr.reading.reader import BlankBack, ReadPage, RejectedPage, Result
from omr.reading.streaks import Streak
from omr.records.audit import batch_root
from omr.records.custody import Custody, Place
from omr.records.measured import pack
from omr.records.originals import Original, keep_original
from omr.records.periods import PeriodState, parse_period, state_of
from omr.records.store import Act, Row, Store
from omr.records.units import find_unit
from omr.records.validity import may_say_overall

# One write per page costs 1.2 ms, 50 per write 0.5 ms a page; more is not faster, and
# what an interruption can cost is the reading of so many pages again.
PAGES_PER_ACT: Final = 50

# In the order in which rows refer to each other.
_TABLES: Final = ("pages", "readings", "doubts", "comments", "set_aside", "decidings", "answers")


@dataclass(frozen=True, slots=True)
class Told:
    """What was said about a stack; None: each slip's print run says it."""

    unit: str | None
    period: str | None
    expected: int | None  # sheets


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What an intake ended with."""

    batch: str
    files: tuple[tuple[str, str], ...]  # SHA-256 and name of each file given, in order
    again: bool  # everything was here before; nothing was added


@dataclass(frozen=True, slots=True)
class Sent:
    """A page that is on its way through the reader."""

    original: str
    number: int
    picture: str  # SHA-256


@dataclass(frozen=True, slots=True)
class Ended:
    """A file whose last page was sent."""

    original: str
    pages: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What intake needs besides the files: where facts go and how slips were printed and decided."""

    store: Store
    scans: Path
    forms: Mapping[str, Form]  # by fingerprint, as archived
    calibration: str
    by: str


def take_in(
    desk: Desk,
    files: Sequence[Path],
    read: Callable[[Iterable[EncodedPage]], Iterator[Result]],
    *,
    unit: str | None = None,
    period: str | None = None,
    expected: int | None = None,
    seen: Callable[[Result], None] = lambda result: None,
) -> TakenIn:
    """Read files into a batch, going on with an interrupted one.

    Parameters
    ----------
    read : callable
        Turns encoded pages into results, in order; pure.
    expected : int, optional
        Sheets that somebody counted.
    seen : callable, optional
        Told of every result, for a progress bar.

    Raises
    ------
    OmrError
        If unit or period are unknown, or originals cannot be kept.
    """
    when = parse_period(period) if period else None
    serving = find_unit(desk.store, unit, when).unit if unit else None
    told = Told(serving, when.name if when else None, expected)
    originals = [keep_original(file, desk.scans) for file in files]
    given = tuple((original.sha256, file.name) for original, file in zip(originals, files, strict=True))
    names = dict(given)
    batch, ended, unread = _open_batch(desk, told, originals, names)
    if not ended:
        _Reading(desk, batch, told, names).run(unread, read, seen)
        _end_batch(desk, batch)
    return TakenIn(batch, given, again=ended)


def _open_batch(
    desk: Desk, told: Told, originals: Sequence[Original], names: Mapping[str, str]
) -> tuple[str, bool, list[Original]]:
    """Find the batch to go on with, or begin one; return its name, whether it has ended, what is unread."""
    store = desk.store
    once = {original.sha256: original for original in originals}
    with store.act("begin_batch", by=desk.by) as act:
        unread = [
            original
            for original in once.values()
            if store.row("SELECT 1 FROM original_ends WHERE original = ?", original.sha256) is None
        ]
        batches = [
            row
            for sha256 in once
            for row in store.rows(
                """SELECT batch, unit, period, expected, batch_ends.batch IS NOT NULL AS ended
                FROM batch_files JOIN batches USING (batch) LEFT JOIN batch_ends USING (batch)
                WHERE original = ? ORDER BY batches.event""",
                sha256,
            )
        ]
        interrupted = [
            row["batch"]
            for row in batches
            if not row["ended"] and Told(row["unit"], row["period"], row["expected"]) == told
        ]
        if not interrupted and not unread:
            return batches[0]["batch"], True, []
        if interrupted:
            batch = interrupted[-1]
        else:
            batch = f"B{act.next_id('batches', 'rowid'):06}"
            act.add(
                "batches",
                {"batch": batch, "unit": told.unit, "period": told.period, "expected": told.expected},
            )
        _add_files(store, act, batch, unread, names)
    return batch, False, unread


def _add_files(
    store: Store, act: Act, batch: str, originals: Iterable[Original], names: Mapping[str, str]
) -> None:
    count = int(store.value("SELECT count(*) FROM batch_files WHERE batch = ?", batch) or 0)
    for original in originals:
        if store.row("SELECT 1 FROM originals WHERE original = ?", original.sha256) is None:
            kept = f"{original.path.parent.parent.name}/{original.path.parent.name}/{original.path.name}"
            act.add("originals", {"original": original.sha256, "path": kept, "bytes": original.bytes})
        key = batch, original.sha256
        if store.row("SELECT 1 FROM batch_files WHERE batch = ? AND original = ?", *key) is None:
            count += 1
            name = names[original.sha256]
            act.add(
                "batch_files",
                {"batch": batch, "original": original.sha256, "position": count, "file": name},
            )


def _end_batch(desk: Desk, batch: str) -> None:
    with desk.store.act("end_batch", by=desk.by) as act:
        if desk.store.row("SELECT 1 FROM batch_ends WHERE batch = ?", batch) is None:
            act.add("doubts", *_without_stamp(desk.store, batch))
            root = batch_root(desk.store, batch, last_event=act.event)
            act.add("batch_ends", {"batch": batch, "root": root})


def _without_stamp(store: Store, batch: str) -> list[Row]:
    """Return the doubts about slips without a stamp, where most slips of the batch have one.

    An office that does not stamp, or scans in grey, is not asked about every slip.
    """
    seals = "FROM readings JOIN pages USING (page) WHERE batch = ? AND seal"
    stamped = int(store.value(f"SELECT count(*) {seals} = 'present'", batch) or 0)
    bare = [row["reading"] for row in store.rows(f"SELECT reading {seals} = 'absent'", batch)]
    return [{"reading": reading, "reason": "no_stamp"} for reading in bare] if stamped > len(bare) else []


class _Reading:
    """The pages of one batch on their way from the files through the reader into the store."""

    def __init__(self, desk: Desk, batch: str, told: Told, names: Mapping[str, str]) -> None:
        self._desk = desk
        self._batch = batch
        self._told = told
        self._names = names
        self._sent: deque[Sent | Ended] = deque()  # in the order in which results come back
        self._ended: list[Ended] = []
        self._chunk: list[tuple[Sent, Result]] = []

    def run(
        self,
        originals: Iterable[Original],
        read: Callable[[Iterable[EncodedPage]], Iterator[Result]],
        seen: Callable[[Result], None],
    ) -> None:
        """Read what is unread; what was read is stored, also when this is interrupted."""
        try:
            for result in read(self._feed(originals)):
                self._pass_ends()
                sent = self._sent.popleft()
                assert isinstance(sent, Sent)  # ends were passed above
                self._chunk.append((sent, result))
                seen(result)
                if len(self._chunk) == PAGES_PER_ACT:
                    self._write()
        finally:
            self._pass_ends()
            self._write()

    def _feed(self, originals: Iterable[Original]) -> Iterator[EncodedPage]:
        for original in originals:
            known = self._known(original.sha256)
            count = 0
            for page in open_pages(original.path):
                count = page.page
                if page.page not in known:
                    picture = hashlib.sha256(page.data).hexdigest()
                    self._sent.append(Sent(original.sha256, page.page, picture))
                    yield replace(page, file=self._names[original.sha256])
            self._sent.append(Ended(original.sha256, count))

    def _pass_ends(self) -> None:
        while self._sent and isinstance(self._sent[0], Ended):
            ended = self._sent.popleft()
            assert isinstance(ended, Ended)
            self._ended.append(ended)

    def _known(self, original: str) -> set[int]:
        rows = self._desk.store.rows("SELECT number FROM pages WHERE original = ?", original)
        return {row["number"] for row in rows}

    def _write(self) -> None:
        """Store the chunk in one act; what another program stored meanwhile is left as it is."""
        store = self._desk.store
        with store.act("read", by=self._desk.by) as act:
            known = {sent.original: self._known(sent.original) for sent, _ in self._chunk}
            rows = PageRows(self._desk, self._batch, self._told, act)
            for sent, result in self._chunk:
                if sent.number not in known[sent.original]:
                    rows.add(sent, result)
            rows.insert()
            for ended in self._ended:
                if store.row("SELECT 1 FROM original_ends WHERE original = ?", ended.original) is None:
                    act.add("original_ends", {"original": ended.original, "pages": ended.pages})
        self._chunk.clear()
        self._ended.clear()


class PageRows:
    """The rows of one act of reading, collected by table and inserted together."""

    def __init__(self, desk: Desk, batch: str, told: Told, act: Act) -> None:
        self._desk = desk
        self._batch = batch
        self._told = told
        self._act = act
        self._tables: dict[str, list[Row]] = {table: [] for table in _TABLES}
        self._next = {
            column: act.next_id(table, column)
            for table, column in (("pages", "page"), ("readings", "reading"), ("decidings", "deciding"))
        }
        self._known: dict[str, list[tuple[int, str]]] = {}  # serial -> its readings and their pictures
        self._custody: Custody | None = None  # as it is while this act is written

    def insert(self) -> None:
        """Write all rows."""
        for table, rows in self._tables.items():
            self._act.add(table, *rows)

    def add(self, sent: Sent, result: Result) -> None:
        """Add the rows of one page."""
        page = self._number("page")
        row: dict[str, str | int | None] = {
            "page": page,
            "batch": self._batch,
            "original": sent.original,
            "number": sent.number,
            "picture": sent.picture,
            "outcome": "read",
            "reason": None,
            "measured": None,
        }
        if isinstance(result, BlankBack):
            row["outcome"] = "blank_back"
        elif isinstance(result, RejectedPage):
            measured = json.dumps(result.measured, ensure_ascii=False, default=str)
            row.update(outcome="rejected", reason=result.reason, measured=measured)
        self._tables["pages"].append(row)
        if isinstance(result, ReadPage):
            self.add_reading(page, sent.picture, result)

    def add_reading(self, page: int, picture: str, result: ReadPage) -> None:
        """Add the rows of the slip that was read on a page."""
        reading = self._number("reading")
        slip = result.page
        place = self._place(slip.issue, slip.serial.number)
        form = self._desk.forms[slip.issue.fingerprint]
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
                "marks": pack(form, result.marks),
                "seal": result.seal.value,
                "streaks": _streaks(result.streaks),
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
        reason, other = self._why_aside(reading, picture, result, place)
        if reason is not None:
            self._tables["set_aside"].append({"reading": reading, "reason": reason, "other": other})
        deciding = self._number("deciding")
        self._tables["decidings"].append(
            {
                "deciding": deciding,
                "reading": reading,
                "calibration": self._desk.calibration,
                "overall": int(may_say_overall(form, result.answers)),
                "verdicts": _verdicts(result.verdicts),
            }
        )
        self._tables["answers"] += [_answer(deciding, answer) for answer in result.answers]

    def _why_aside(
        self, reading: int, picture: str, result: ReadPage, place: Place
    ) -> tuple[str | None, int | None]:
        """Return why a slip does not count by itself, and the reading of the same serial that came first."""
        earlier = self._readings_of(str(result.page.serial))
        earlier.append((reading, picture))
        if len(earlier) > 1:
            same = any(picture == known for _, known in earlier[:-1])
            return "same_image" if same else "duplicate_other_image", earlier[0][0]
        if self._told.unit not in (None, place.unit):
            return "other_unit", None
        if self._told.period not in (None, place.period):
            return "other_period", None
        if self._spoiled(result):
            return "spoiled", None
        if state_of(self._desk.store, place.period) is PeriodState.CLOSED:
            return "period_closed", None
        return None, None

    def _spoiled(self, result: ReadPage) -> bool:
        spoiling = self._desk.store.row(
            "SELECT 1 FROM spoilings WHERE run = ? AND ? BETWEEN first AND last",
            result.page.issue.run,
            result.page.serial.number,
        )
        return spoiling is not None

    def _place(self, issue: Issue, number: int) -> Place:
        """Return where the serial is registered; hand-overs and stock counts may have moved it."""
        if self._custody is None:
            self._custody = Custody(self._desk.store)
        return self._custody.place(issue.run, number) or Place(issue.unit, issue.period)

    def _readings_of(self, serial: str) -> list[tuple[int, str]]:
        if serial not in self._known:
            rows = self._desk.store.rows(
                """SELECT reading, picture FROM slips JOIN pages USING (page)
                WHERE serial = ? ORDER BY reading""",
                serial,
            )
            self._known[serial] = [(row["reading"], row["picture"]) for row in rows]
        return self._known[serial]

    def _number(self, column: str) -> int:
        self._next[column] += 1
        return self._next[column] - 1


def _streaks(streaks: Iterable[Streak]) -> str | None:
    found = [[streak.first, streak.last, streak.is_column] for streak in streaks]
    return json.dumps(found) if found else None


def _verdicts(verdicts: Iterable[BoxVerdict]) -> str:
    """Return all boxes that are not plainly blank, as JSON: [question, option, state, confidence, review]."""
    told = [
        [one.question, one.option, one.state.value, round(one.confidence, 6), one.review]
        for one in verdicts
        if one.review or one.state is not BoxState.BLANK
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _answer(deciding: int, answer: Answer) -> Row:
    return {
        "deciding": deciding,
        "question": answer.question,
        "state": answer.state.value,
        "codes": " ".join(answer.codes),
        "confidence": float(answer.confidence),
    }
