"""The overall answer by who gave it and for which procedure, with small cells hidden.

A cell of fewer slips than the limit could point at a person, so it is hidden; alone it
could be computed from the total, so the next smallest goes with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from omr.forms.template import Form, Question
from omr.records.tallies import grouping_questions, overall_question
from omr.reports.figures import Nothing, Share
from omr.reports.pools import in_vietnamese
from omr.reports.statistics import Month


@dataclass(frozen=True, slots=True)
class Group:
    """The slips of one answer about the respondent or the procedure."""

    label: str
    slips: int | Nothing  # with a valid overall answer
    share: Share | Nothing  # satisfied among them


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One question's groups; `field` is "" where all fields ask it with the same options."""

    question: str
    text: str
    field: str
    groups: tuple[Group, ...]


NO_ANSWER = ""


def breakdowns(month: Month, smallest: int) -> list[Breakdown]:
    """Return the overall answer by every grouping question, in the order of the forms.

    Parameters
    ----------
    smallest : int
        Cells of 1 to `smallest` - 1 slips are hidden.
    """
    asked: dict[tuple[str, str], list[tuple[str, Form, Question]]] = {}
    for fingerprint, form in sorted(
        month.forms.items(), key=lambda entry: (entry[1].form, entry[1].revision)
    ):
        for question in grouping_questions(form):
            field = "" if _same_everywhere(month, question) else form.field
            asked.setdefault((question.key, field), []).append((fingerprint, form, question))
    counts = _count(month)
    return [
        _breakdown(field, forms, counts, smallest)
        for (_, field), forms in sorted(asked.items(), key=lambda entry: (bool(entry[0][1]),))
    ]


def _same_everywhere(month: Month, question: Question) -> bool:
    codes = {
        tuple(sorted(_codes(other)))
        for form in month.forms.values()
        for other in form.questions
        if other.key == question.key
    }
    return len(codes) == 1


def _codes(question: Question) -> list[str]:
    return [option.code for option in question.options]


def _count(month: Month) -> dict[tuple[str, str, str], Share]:
    """Return the satisfied share per fingerprint, question and code."""
    good: dict[str, set[str]] = {}
    for fingerprint, form in month.forms.items():
        overall = overall_question(form)
        options = overall.options if overall else ()
        good[fingerprint] = {option.code for option in options if option.satisfied}
    shares: defaultdict[tuple[str, str, str], Share] = defaultdict(lambda: Share(0, 0))
    for row in month.tallies.crossed:
        fingerprint = row.stratum.fingerprint
        satisfied = row.slips if row.overall in good[fingerprint] else 0
        shares[fingerprint, row.question, row.code] += Share(satisfied, row.slips)
    return shares


def _breakdown(
    field: str,
    asked: Sequence[tuple[str, Form, Question]],
    counts: dict[tuple[str, str, str], Share],
    smallest: int,
) -> Breakdown:
    _, first, question = asked[0]
    labels = {
        option.code: in_vietnamese(form, option.label)
        for _, form, each in reversed(asked)  # the first form's words win
        for option in each.options
    }
    labels = {code: labels[code] for code in dict.fromkeys((*_codes(question), *labels))}
    labels[NO_ANSWER] = "Không ghi"
    shares = [
        sum((counts[fingerprint, question.key, code] for fingerprint, _, _ in asked), Share(0, 0))
        for code in labels
    ]
    groups = zip(labels.values(), hide_small(shares, smallest), strict=True)
    return Breakdown(
        question.key,
        in_vietnamese(first, question.text),
        field,
        tuple(Group(label, slips, share) for label, (slips, share) in groups),
    )


def hide_small(shares: Sequence[Share], smallest: int) -> list[tuple[int | Nothing, Share | Nothing]]:
    """Return size and share of each group, hiding what could point at a person.

    The last group is of those who did not say: it points at nobody, and is the first to
    be hidden along with another one that the total would give away.

    Examples
    --------
    >>> hidden = hide_small([Share(90, 100), Share(2, 3), Share(50, 60), Share(8, 14)], 5)
    >>> [str(slips) for slips, _ in hidden]
    ['100', '*', '60', '*']
    >>> hidden[0][1]
    Share(part=90, whole=100)
    """
    sizes = [share.whole for share in shares]
    named = range(len(shares) - 1)
    tiny = {i for i in named if 0 < sizes[i] < smallest}
    telling = {
        i for i in named if 0 < shares[i].part < smallest or 0 < shares[i].whole - shares[i].part < smallest
    }
    no_size = _with_company(sizes, tiny, smallest)
    no_share = _with_company(sizes, telling | no_size, smallest)
    return [
        (
            Nothing.SUPPRESSED if i in no_size else share.whole,
            Nothing.SUPPRESSED if i in no_share else share,
        )
        for i, share in enumerate(shares)
    ]


def _with_company(sizes: Sequence[int], small: set[int], smallest: int) -> set[int]:
    """Add groups to hidden ones that the total would give away: the last, then the smallest."""
    hidden = set(small)
    last = len(sizes) - 1
    others = sorted(
        (i for i, size in enumerate(sizes) if size and i not in hidden), key=lambda i: (i != last, sizes[i])
    )
    while hidden and others and (len(hidden) < 2 or sum(sizes[i] for i in hidden) < smallest):
        hidden.add(others.pop(0))
    return hidden
