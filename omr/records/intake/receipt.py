"""The receipt of a scanned stack: what came in, what came of it, which pages to look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from omr.messages import say
from omr.records.intake.batches import Batch, Came, find_batch
from omr.records.store.store import Store
from omr.words import Aside, PageOutcome


@dataclass(frozen=True, slots=True)
class Problem:
    """One page that somebody should look at."""

    file: str
    page: int  # in its file
    reason: str  # stable word
    values: dict[str, object] = field(default_factory=dict)
    key: int | None = None  # of the page in the register, once it is there
    to_scan_again: bool = False  # it could not be read, and nobody settled it yet

    @property
    def detail(self) -> str:
        """What is wrong, in the language in force."""
        return say(f"{'receipt' if self.reason in set(Aside) else 'page'}.{self.reason}", **self.values)


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
    problems: tuple[Problem, ...]

    @property
    def missing(self) -> int:
        """Sheets that were counted by hand but did not come; negative: too many."""
        return self.came.missing(self.batch.orders.expected)

    @property
    def waits(self) -> bool:
        """Whether something waits for a person."""
        return bool(self.came.rejected or self.to_review or self.missing)

    @property
    def to_scan_again(self) -> tuple[Problem, ...]:
        """The pages that are to be scanned again, or settled at another desk."""
        return tuple(problem for problem in self.problems if problem.to_scan_again)

    @property
    def pages_per_second(self) -> float:
        """Pages over the seconds of this run."""
        return self.came.pages / self.seconds if self.seconds else 0.0


def receipt_of(store: Store, batch: str) -> Receipt:
    """Return the receipt of a batch as it stands today; how long reading took is not kept.

    Raises
    ------
    OmrError
        If there is no such batch.
    """
    rows = store.rows("SELECT original, file FROM batch_files WHERE batch = ? ORDER BY position", batch)
    return receipt(store, batch, [(row["original"], row["file"]) for row in rows])


def receipt(
    store: Store,
    batch: str,
    files: Sequence[tuple[str, str]],
    *,
    again: bool = False,
    seconds: float = 0.0,
) -> Receipt:
    """Count what came of the pages of files; a file that was given twice counts twice.

    Parameters
    ----------
    files : sequence of (str, str)
        SHA-256 and name of each.
    again : bool
        Whether all of them were here before.
    """
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    duplicates = to_review = 0
    problems: list[Problem] = []
    given: set[str] = set()
    for original, name in files:
        slips = {row["page"]: row for row in store.rows("SELECT * FROM slips WHERE original = ?", original)}
        for row in store.rows(_PAGES, original):
            outcomes[row["outcome"]] += 1
            slip = slips.get(row["page"])
            aside = Aside(slip["set_aside"]) if slip and slip["set_aside"] else None
            known = again or row["batch"] != batch or original in given
            duplicates += known or bool(aside and aside.again)
            if row["outcome"] == PageOutcome.REJECTED:
                reasons[row["reason"]] += 1
                values = json.loads(row["measured"])
                problems.append(
                    Problem(name, row["number"], row["reason"], values, row["page"], bool(row["waits"]))
                )
            elif slip and aside:
                values = {"serial": slip["serial"], "unit": slip["unit"], "period": slip["period"]}
                problems.append(Problem(name, row["number"], aside, values, row["page"]))
        if original not in given:
            slips_that_wait = "SELECT count(DISTINCT reading) FROM waiting WHERE original = ?"
            to_review += int(store.value(slips_that_wait, original) or 0)
        given.add(original)
    return Receipt(
        batch=find_batch(store, batch),
        files=len(files),
        came=Came.of(outcomes),
        reasons=dict(sorted(reasons.items())),
        duplicates=duplicates,
        to_review=to_review,
        seconds=seconds,
        problems=tuple(problems),
    )


_PAGES: Final = """
    SELECT page, batch, number, outcome, reason, measured,
           page IN (SELECT page FROM waiting
                    WHERE kind = 'page' AND waiting.original = pages.original) AS waits
    FROM pages WHERE original = ? ORDER BY number
"""


def as_json(made: Receipt) -> dict[str, object]:
    """Return the receipt as the command line prints it."""
    return {
        "batch": made.batch.name,
        "files": made.files,
        "pages": made.came.pages,
        "sheets": made.came.sheets,
        "read": made.came.read,
        "blank_backs": made.came.blank_backs,
        "covers": made.came.covers,
        "rejected": made.reasons,
        "duplicates": made.duplicates,
        "to_review": made.to_review,
        "expected": made.batch.orders.expected,
        "seconds": round(made.seconds, 3),
        "pages_per_second": round(made.pages_per_second, 2),
        "problems": [
            {"file": one.file, "page": one.page, "reason": one.reason, "detail": one.detail}
            for one in made.problems
        ],
    }


def as_text(made: Receipt) -> str:
    """Return the receipt for a person, in the language in force."""
    came, expected = made.came, made.batch.orders.expected
    lines = [
        say("receipt.title", batch=made.batch.name),
        say("receipt.pages", files=made.files, pages=came.pages, sheets=came.sheets),
        say("receipt.outcome", read=came.read, blank=came.blank_backs, rejected=came.rejected),
        say("receipt.duplicates", duplicates=made.duplicates),
        say("receipt.to_review", to_review=made.to_review),
        say("receipt.speed", seconds=made.seconds, pages_per_second=made.pages_per_second),
    ]
    if expected is not None:
        key = "not_as_expected" if made.missing else "as_expected"
        difference = abs(made.missing)
        lines.append(say(f"receipt.{key}", expected=expected, sheets=came.sheets, difference=difference))
    if made.problems:
        lines.append(say("receipt.problems"))
        lines += [
            "  " + say("receipt.problem", file=one.file, page=one.page, reason=one.reason, detail=one.detail)
            for one in made.problems
        ]
    return "\n".join(lines)
