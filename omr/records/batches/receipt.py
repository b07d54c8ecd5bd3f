"""The receipt of a scanned stack: what came in, what came of it, which pages to look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from omr.clock import moment
from omr.forms.serial import as_printed
from omr.messages import month, say
from omr.reading.files.find import LeftOut
from omr.records.batches.batches import (
    COUNTING,
    EARLIER,
    EARLIER_SLIPS,
    FLAGGED,
    FLAGS_WAIT,
    SECOND_SIDES,
    SLIPS,
    TO_SETTLE,
    Batch,
    Came,
    find_batch,
    second_sides,
)
from omr.records.counts.questionnaires import lacking
from omr.records.counts.readings import name_of_file
from omr.records.intake.elsewhere import is_found
from omr.records.intake.left_out import left_out_of
from omr.records.store.store import Store
from omr.words import BLANK_ALONE, OF_A_FILE, Aside, NotRead, PageOutcome, Standing

WHOLE_FILE: Final = 0
FILE_AGAIN: Final = "file_again"
FILE_TWICE: Final = "file_twice"
# Where the messages of reasons stand that are not those of rejected pages.
_AREAS: Final = {"receipt": {*Aside, FILE_AGAIN, FILE_TWICE, BLANK_ALONE}, "left_out": set(NotRead)}


@dataclass(frozen=True, slots=True)
class PageProblem:
    """One page, or one file, that somebody should look at."""

    file: str
    page: int  # in its file; `WHOLE_FILE`: all of it
    reason: str  # stable word
    values: dict[str, object] = field(default_factory=dict)
    key: int | None = None  # of the page in the register, once it is there
    to_scan_again: bool = False  # it could not be read, and nobody settled it yet

    @property
    def detail(self) -> str:
        """What is wrong, in the language in force."""
        area = next((area for area, words in _AREAS.items() if self.reason in words), "page")
        return say(f"{area}.{self.reason}", **self.values)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The figures of a batch, or of one run of ``omr read``."""

    batch: Batch
    files: int
    came: Came
    reasons: dict[str, int]  # of the rejected pages
    duplicates: int  # pages that add nothing, or nothing yet: read before, or of a slip read before
    to_review: int  # slips with a doubtful answer, or held
    seconds: float
    expected: int | None  # sheets that somebody counted: as told now, else when it was read first
    problems: tuple[PageProblem, ...]
    left_out: tuple[LeftOut, ...] = ()  # of what was given
    head: str = ""  # of the chain when it was made: proves later that nothing was cut off since
    elsewhere: dict[str, int] = field(default_factory=dict)  # pages of forms not printed here, by form
    backs: tuple[PageProblem, ...] = ()  # the blank pages, to be looked at as small pictures
    again: bool = False  # all of the files were here before: nothing counts since this run

    @property
    def missing(self) -> int:
        """Sheets that were counted by hand but did not come; negative: too many."""
        return self.came.missing(self.expected)

    @property
    def may_be_in_a_file(self) -> bool:
        """Whether sheets that are missing may be pages of a file that did not open, or not to its end."""
        return self.missing > 0 and any(problem.reason in OF_A_FILE for problem in self.problems)

    @property
    def waits(self) -> bool:
        """Whether something waits for a person."""
        unread = self.came.to_settle or self.came.flags_wait or any(one.reason.waits for one in self.left_out)
        alone = any(one.reason == BLANK_ALONE for one in self.problems)
        return bool(unread or alone or self.to_review or self.missing)

    @property
    def troubles(self) -> tuple[PageProblem, ...]:
        """All that somebody should look at: files that were not read, and pages."""
        files = [
            PageProblem(one.path, WHOLE_FILE, one.reason, {"files": one.files})
            for one in self.left_out
            if one.reason.waits
        ]
        return (*files, *self.problems)

    @property
    def to_scan_again(self) -> tuple[PageProblem, ...]:
        """The pages that are to be scanned again, or settled at another desk."""
        return tuple(problem for problem in self.problems if problem.to_scan_again)

    @property
    def pages_per_second(self) -> float:
        """Pages over the seconds of this run; 0 where nobody looked at the clock, or nothing was read."""
        return self.came.pages / self.seconds if self.seconds and not self.again else 0.0


# Slips of a file about which a person is asked; the pages of a questionnaire are one.
_THAT_WAIT: Final = """SELECT count(DISTINCT CASE
    WHEN fingerprint IN (SELECT fingerprint FROM form_pages) THEN serial ELSE reading END)
    FROM waiting WHERE original = ?"""


def receipt_of(store: Store, batch: str, *, again: bool = False) -> Receipt:
    """Return the receipt of a batch as it stands today; how long reading took is not kept.

    Parameters
    ----------
    again : bool
        Whether it is shown because its files came once more.

    Raises
    ------
    OmrError
        If there is no such batch.
    """
    rows = store.rows("SELECT original, file FROM batch_files WHERE batch = ? ORDER BY position", batch)
    files = [(row["original"], row["file"]) for row in rows]
    return receipt(store, batch, files, again=again, expected=find_batch(store, batch).orders.expected)


def receipt(
    store: Store,
    batch: str,
    files: Sequence[tuple[str, str]],
    *,
    again: bool = False,
    seconds: float = 0.0,
    expected: int | None = None,
) -> Receipt:
    """Count what came of the pages of files; a file that was given twice counts twice.

    Parameters
    ----------
    files : sequence of (str, str)
        SHA-256 and name of each.
    again : bool
        Whether all of them were here before.
    expected : int, optional
        Sheets that somebody counted.
    """
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    duplicates = to_review = 0
    problems: list[PageProblem] = []
    given: set[str] = set()
    counting: set[str] = set()
    earlier: set[str] = set()
    backs: list[PageProblem] = []
    for original, name in files:
        problems += _read_before(store, batch, original, name, again=again, twice=original in given)
        slips = {row["page"]: row for row in store.rows("SELECT * FROM slips WHERE original = ?", original)}
        for row in store.rows(_PAGES, original):
            if row["reason"] in OF_A_FILE:
                outcomes[FLAGGED] += 1
                outcomes[FLAGS_WAIT] += bool(row["waits"])
                values = json.loads(row["measured"])
                problems.append(PageProblem(name, WHOLE_FILE, row["reason"], values, row["page"]))
                continue
            outcomes[row["outcome"]] += 1
            outcomes[TO_SETTLE] += bool(row["waits"])
            if row["outcome"] == PageOutcome.BLANK_BACK and original not in given:
                back = PageProblem(name, row["number"], BLANK_ALONE, key=row["page"])
                backs.append(back)
                problems += [back] if row["waits"] else []
            slip = slips.get(row["page"])
            if slip and is_found(slip["serial"], slip["form"]):
                elsewhere[slip["form"]] += 1
            aside = Aside(slip["set_aside"]) if slip and slip["set_aside"] else None
            if slip and slip["standing"] == Standing.COUNTS:
                here = row["batch"] == batch
                outcomes[COUNTING if here else EARLIER] += 1
                (counting if here else earlier).add(slip["serial"])
            known = again or row["batch"] != batch or original in given
            duplicates += known or bool(aside and aside.again)
            if row["outcome"] == PageOutcome.REJECTED:
                reasons[row["reason"]] += 1
                values = json.loads(row["measured"])
                file = name_of_file(name, values)
                problems.append(
                    PageProblem(file, row["number"], row["reason"], values, row["page"], bool(row["waits"]))
                )
            elif slip and aside:
                values = {
                    "serial": as_printed(slip["serial"]),
                    "unit": slip["unit"],
                    "period": month(slip["period"]),
                }
                if aside is Aside.PAGES_MISSING:
                    (lacks,) = lacking(store, serial=slip["serial"])
                    values["missing"] = lacks.said
                problems.append(PageProblem(name, row["number"], aside, values, row["page"]))
        if original not in given:
            to_review += int(store.value(_THAT_WAIT, original) or 0)
        given.add(original)
    outcomes[SLIPS], outcomes[EARLIER_SLIPS] = len(counting), len(earlier)
    outcomes[SECOND_SIDES] = int(store.value(second_sides("?1"), batch) or 0)
    return Receipt(
        batch=find_batch(store, batch),
        files=len(files),
        came=Came.of(outcomes),
        reasons=dict(sorted(reasons.items())),
        duplicates=duplicates,
        to_review=to_review,
        seconds=seconds,
        expected=expected,
        problems=tuple(problems),
        left_out=tuple(left_out_of(store, batch)),
        head=store.head,
        elsewhere=dict(sorted(elsewhere.items())),
        backs=tuple(backs),
        again=again,
    )


def _read_before(
    store: Store, batch: str, original: str, name: str, *, again: bool, twice: bool
) -> Iterator[PageProblem]:
    """Say of a file that was read before where and when that was."""
    if twice:
        yield PageProblem(name, WHOLE_FILE, FILE_TWICE)
        return
    row = store.row(
        """SELECT batch, file, at FROM batch_files JOIN events USING (event)
        WHERE original = ? ORDER BY event LIMIT 1""",
        original,
    )
    if row is not None and (again or row["batch"] != batch):
        yield PageProblem(
            *(name, WHOLE_FILE, FILE_AGAIN),
            {"batch": row["batch"], "name": row["file"], "at": moment(row["at"])},
        )


_PAGES: Final = """
    SELECT page, batch, number, outcome, reason, measured,
           page IN (SELECT page FROM waiting
                    WHERE kind = 'page' AND waiting.original = pages.original) AS waits
    FROM pages WHERE original = ? ORDER BY number
"""
