"""A receipt as people and programs get it: figures with their names, text in a terminal, JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from omr.clock import moment
from omr.messages import form_label, month, say
from omr.records.batches.receipt import WHOLE_FILE, PageProblem, Receipt
from omr.text import number

FOLDED_FROM: Final = 4  # pages in a row of which the same is said


def as_json(made: Receipt) -> dict[str, object]:
    """Return the receipt as the command line prints it."""
    return {
        "batch": made.batch.name,
        "withdrawn": made.batch.withdrawn,
        "root": made.batch.root,
        "head": made.head,
        "files": made.files,
        "pages": made.came.pages,
        "sheets": made.came.sheets,
        "read": made.came.read,
        "blank_backs": made.came.blank_backs,
        "covers": made.came.covers,
        "rejected": made.reasons,
        "again": made.again,
        "counting": made.came.counting,
        "counting_earlier": made.came.earlier,
        "flagged": made.came.flagged,
        "not_printed_here": made.elsewhere,
        "duplicates": made.duplicates,
        "to_review": made.to_review,
        "expected": made.expected,
        "seconds": round(made.seconds, 3),
        "pages_per_second": round(made.pages_per_second, 2),
        "problems": [
            {"file": one.file, "page": one.page, "reason": one.reason, "detail": one.detail}
            for one in made.troubles
        ],
        "left_out": [
            {"path": one.path, "files": one.files, "reason": one.reason, "detail": one.detail}
            for one in made.left_out
        ],
    }


def figures(made: Receipt, by: str = "") -> list[tuple[str, str]]:
    """Return what a receipt says, on a screen as on paper: the word of ``receipt.name_<word>``, and a value.

    Parameters
    ----------
    by : str, optional
        How who had it read signs; without it, under their login name.
    """
    batch, came = made.batch, made.came
    told: list[tuple[str, object]] = [
        ("unit", batch.orders.unit or say("receipt.by_run")),
        ("period", month(batch.orders.period) if batch.orders.period else say("receipt.by_run")),
        ("scanned_at", f"{moment(batch.at)} ({by or batch.by})"),
        ("files", made.files),
        ("counted", "–" if made.expected is None else made.expected),
        ("sheets", came.sheets),
        ("read", came.read),
        ("blank", came.blank_backs),
        ("rejected", came.rejected),
        ("counting", came.slips),
        *([("earlier", came.earlier_slips)] if came.earlier_slips else []),
        ("again", made.duplicates),
        ("review", made.to_review),
        ("root", batch.root or say("receipt.unfinished")),
        ("head", made.head),
    ]
    return [(name, number(value) if isinstance(value, int) else str(value)) for name, value in told]


def said_again(made: Receipt) -> str:
    """Return what stands on top of a receipt whose files came once more: where and when they were read."""
    return say("receipt.again", batch=made.batch.name, at=made.batch.at)


def sheets_message(missing: int) -> str:
    """Return the message on counted and scanned sheets: a double feed loses sheets, it makes none."""
    if not missing:
        return "receipt.as_expected"
    return "receipt.not_as_expected" if missing > 0 else "receipt.too_many_sheets"


def as_text(made: Receipt) -> str:
    """Return the receipt for a person, in the language in force."""
    came, expected = made.came, made.expected
    lines = [
        say("receipt.title", batch=made.batch.name),
        *([said_again(made)] if made.again else []),
        say("receipt.pages", files=made.files, pages=came.pages, sheets=came.sheets),
        say("receipt.outcome", read=came.read, blank=came.blank_backs, rejected=came.rejected),
        say(
            "receipt.counting" if came.slips == came.counting else "receipt.counting_pages",
            slips=came.slips,
            counting=came.counting,
            read=came.read,
        ),
        say("receipt.duplicates", duplicates=made.duplicates),
        say("receipt.to_review", to_review=made.to_review),
    ]
    if came.earlier_slips:
        lines.insert(-2, say("receipt.counting_earlier", slips=came.earlier_slips))
    if made.pages_per_second:
        lines.append(say("receipt.speed", seconds=made.seconds, pages_per_second=made.pages_per_second))
    if made.elsewhere:
        lines.append(
            say(
                "trace.receipt",
                pages=sum(made.elsewhere.values()),
                forms=", ".join(map(form_label, made.elsewhere)),
            )
        )
    if expected is not None:
        key = sheets_message(made.missing)
        difference = abs(made.missing)
        lines.append(say(key, expected=expected, sheets=came.sheets, difference=difference))
        lines += [say("receipt.maybe_in_a_file")] if made.may_be_in_a_file else []
    if made.batch.withdrawn:
        lines.append(say("receipt.withdrawn", batch=made.batch.name))
    lines.append(say("receipt.head", head=made.head))
    if made.troubles:
        lines.append(say("receipt.problems"))
        lines += ["  " + line for line in _lines(made.troubles)]
    unmeant = [one for one in made.left_out if not one.reason.waits]
    if unmeant:
        lines.append(say("receipt.left_out"))
        lines += ["  " + say("receipt.file_problem", file=one.path, detail=one.detail) for one in unmeant]
    return "\n".join(lines)


def _lines(troubles: Sequence[PageProblem]) -> Iterator[str]:
    """Yield a line each; pages in a row that lack the same, in their serials different, are one."""

    def same(one: PageProblem) -> tuple[str, str, str]:
        values = {name: value for name, value in one.values.items() if name != "serial"}
        return one.file, one.reason, repr(values)

    for _, group in groupby(troubles, same):
        pages = list(group)
        first, last = pages[0], pages[-1]
        in_a_row = last.page - first.page == len(pages) - 1
        if len(pages) < FOLDED_FROM or not in_a_row or "serial" not in first.values:
            yield from map(_line, pages)
            continue
        about = {"file": first.file, "first": first.page, "last": last.page, "count": len(pages)}
        yield say("receipt.problem_many", **about, detail=first.detail)


def _line(one: PageProblem) -> str:
    if one.page == WHOLE_FILE:
        return say("receipt.file_problem", file=one.file, detail=one.detail)
    return say("receipt.problem", file=one.file, page=one.page, reason=one.reason, detail=one.detail)
