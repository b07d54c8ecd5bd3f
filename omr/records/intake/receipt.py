"""The receipt of a scanned stack: what came in, what came of it, which pages to look at."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from omr.messages import say
from omr.records.store.store import Store
from omr.words import Aside, PageOutcome

if TYPE_CHECKING:  # the reader and its libraries take a second, and the inbox needs none of them
    from omr.records.intake.intake import TakenIn


@dataclass(frozen=True, slots=True)
class Problem:
    """One page that somebody should look at."""

    file: str
    page: int
    reason: str  # stable word
    values: dict[str, object] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """What is wrong, in the language in force."""
        return say(f"{'receipt' if self.reason in set(Aside) else 'page'}.{self.reason}", **self.values)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The figures of one run of ``omr read``; pages = read + blank backs + covers + rejected."""

    batch: str
    files: int
    pages: int
    read: int
    blank_backs: int
    covers: int  # cover sheets
    rejected: dict[str, int]
    duplicates: int  # pages that add nothing, or nothing yet: read before, or of a slip read before
    to_review: int  # slips with a doubtful answer, or held
    expected: int | None
    seconds: float
    problems: tuple[Problem, ...]

    @property
    def sheets(self) -> int:
        """Pieces of paper; forms are printed on one side."""
        return self.pages - self.blank_backs - self.covers

    @property
    def waits(self) -> bool:
        """Whether something waits for a person."""
        return bool(self.rejected or self.to_review or self.expected not in (None, self.sheets))

    @property
    def pages_per_second(self) -> float:
        """Pages over the seconds of this run."""
        return self.pages / self.seconds if self.seconds else 0.0


def receipt(store: Store, taken: TakenIn, *, seconds: float) -> Receipt:
    """Count what came of the pages of an intake; a file that was given twice counts twice."""
    counts: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    problems: list[Problem] = []
    given: set[str] = set()
    for original, name in taken.files:
        slips = {row["page"]: row for row in store.rows("SELECT * FROM slips WHERE original = ?", original)}
        for row in store.rows("SELECT * FROM pages WHERE original = ? ORDER BY number", original):
            counts[row["outcome"]] += 1
            slip = slips.get(row["page"])
            aside = slip["set_aside"] if slip else None
            again = taken.again or row["batch"] != taken.batch or original in given
            counts["duplicates"] += again or bool(aside and Aside(aside).again)
            if row["outcome"] == PageOutcome.REJECTED:
                rejected[row["reason"]] += 1
                problems.append(Problem(name, row["number"], row["reason"], json.loads(row["measured"])))
            elif slip and aside:
                values = {"serial": slip["serial"], "unit": slip["unit"], "period": slip["period"]}
                problems.append(Problem(name, row["number"], aside, values))
        if original not in given:
            slips_that_wait = "SELECT count(DISTINCT reading) FROM waiting WHERE original = ?"
            counts["to_review"] += int(store.value(slips_that_wait, original) or 0)
        given.add(original)
    told = store.row("SELECT expected FROM batches WHERE batch = ?", taken.batch)
    return Receipt(
        batch=taken.batch,
        files=len(taken.files),
        pages=sum(counts[outcome] for outcome in PageOutcome),
        read=counts[PageOutcome.READ],
        blank_backs=counts[PageOutcome.BLANK_BACK],
        covers=counts[PageOutcome.COVER],
        rejected=dict(sorted(rejected.items())),
        duplicates=counts["duplicates"],
        to_review=counts["to_review"],
        expected=told["expected"] if told else None,
        seconds=seconds,
        problems=tuple(problems),
    )


def as_json(made: Receipt) -> dict[str, object]:
    """Return the receipt as the command line prints it."""
    return {
        "batch": made.batch,
        "files": made.files,
        "pages": made.pages,
        "sheets": made.sheets,
        "read": made.read,
        "blank_backs": made.blank_backs,
        "covers": made.covers,
        "rejected": made.rejected,
        "duplicates": made.duplicates,
        "to_review": made.to_review,
        "expected": made.expected,
        "seconds": round(made.seconds, 3),
        "pages_per_second": round(made.pages_per_second, 2),
        "problems": [
            {"file": one.file, "page": one.page, "reason": one.reason, "detail": one.detail}
            for one in made.problems
        ],
    }


def as_text(made: Receipt) -> str:
    """Return the receipt for a person, in the language in force."""
    lines = [
        say("receipt.title", batch=made.batch),
        say("receipt.pages", files=made.files, pages=made.pages, sheets=made.sheets),
        say("receipt.outcome", read=made.read, blank=made.blank_backs, rejected=sum(made.rejected.values())),
        say("receipt.duplicates", duplicates=made.duplicates),
        say("receipt.to_review", to_review=made.to_review),
        say("receipt.speed", seconds=made.seconds, pages_per_second=made.pages_per_second),
    ]
    if made.expected is not None:
        key = "as_expected" if made.expected == made.sheets else "not_as_expected"
        difference = abs(made.expected - made.sheets)
        lines.append(say(f"receipt.{key}", expected=made.expected, sheets=made.sheets, difference=difference))
    if made.problems:
        lines.append(say("receipt.problems"))
        lines += [
            "  " + say("receipt.problem", file=one.file, page=one.page, reason=one.reason, detail=one.detail)
            for one in made.problems
        ]
    return "\n".join(lines)
