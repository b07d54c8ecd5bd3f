"""The overall answer by who gave it and for which procedure, with small cells hidden."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from omr.figures import Nothing, Share
from omr.forms.template import Form, Question
from omr.records.counts.tallies import grouping_questions, overall_question
from omr.reports.hiding import hide_small
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

    @property
    def heading(self) -> str:
        """What heads the groups: the question without how to mark it, and whose it is."""
        asked = self.text.partition(" (")[0]
        return f"{asked} – {self.field}" if self.field else asked


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
