"""The overall answer by who gave it and for which procedure, with small cells hidden.

What is hidden is decided once, on the table of all units and the city: a unit's table hides what the
city's and the other units' would give away, and the other way round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from omr.figures import Nothing, Share
from omr.forms.surveys import in_vietnamese, overall_question
from omr.forms.template import Form, Question
from omr.records.counts.tallies import grouping_questions
from omr.reports.figures.hiding import hide_table
from omr.reports.figures.questions import Item, Wordings
from omr.reports.figures.statistics import Month


@dataclass(frozen=True, slots=True)
class Group:
    """The slips of one answer about the respondent or the procedure."""

    code: str  # "" of those who did not say
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
    items: frozenset[Item] = frozenset()  # the questions that were counted together

    @property
    def hides_sizes(self) -> bool:
        """Whether the size of any group is hidden."""
        return any(isinstance(group.slips, Nothing) for group in self.groups)

    @property
    def heading(self) -> str:
        """What heads the groups: the question without how to mark it, and whose it is."""
        asked = self.text.partition(" (")[0]
        return f"{asked} – {self.field}" if self.field else asked


NO_ANSWER = ""


def breakdowns(month: Month, smallest: int) -> list[Breakdown]:
    """Return the overall answer by every grouping question, in the order of the forms; none of an open month.

    Parameters
    ----------
    smallest : int
        Cells of 1 to `smallest` - 1 slips are hidden.
    """
    whole = month.as_told.city or month.as_told
    # Of the forms that somebody answered: what else lies in stock, here or there, must not part the table
    # of one report otherwise than that of another.
    answered = {row.stratum.fingerprint for row in whole.respondents}
    asked: dict[tuple[str, str, str], list[tuple[str, Form, Question]]] = {}
    forms = {mark: form for mark, form in whole.forms.items() if mark in answered}
    for fingerprint, form in sorted(forms.items(), key=lambda entry: (entry[1].form, entry[1].revision)):
        for question in grouping_questions(form):
            field = "" if _same_everywhere(whole.wordings, forms.values(), question) else form.field
            asks = whole.wordings.of(form, question)
            asked.setdefault((question.key, field, asks), []).append((fingerprint, form, question))
    counts = _count(whole)
    return [
        _breakdown(month, field, prints, counts, smallest)
        for (_, field, _), prints in sorted(asked.items(), key=lambda entry: (bool(entry[0][1]),))
        if any(fingerprint in month.forms for fingerprint, _, _ in prints)
    ]


def _same_everywhere(said: Wordings, forms: Collection[Form], question: Question) -> bool:
    """Whether all forms ask it in the same words with the same answers."""
    asked = {
        (said.of(form, other), said.scale(form, other))
        for form in forms
        for other in form.questions
        if other.key == question.key
    }
    return len(asked) == 1


def _count(month: Month) -> dict[tuple[str, str, str, str], Share]:
    """Return the satisfied share per unit, fingerprint, question and code, of all units."""
    good: dict[str, set[str]] = {}
    for fingerprint, form in month.forms.items():
        overall = overall_question(form)
        options = overall.options if overall else ()
        good[fingerprint] = {option.code for option in options if option.satisfied}
    shares: defaultdict[tuple[str, str, str, str], Share] = defaultdict(lambda: Share(0, 0))
    for row in month.respondents:
        at = row.stratum
        satisfied = row.slips if row.overall in good[at.fingerprint] else 0
        shares[at.unit, at.fingerprint, row.question, row.code] += Share(satisfied, row.slips)
    return shares


def _breakdown(
    month: Month,
    field: str,
    asked: Sequence[tuple[str, Form, Question]],
    counts: dict[tuple[str, str, str, str], Share],
    smallest: int,
) -> Breakdown:
    _, first, question = asked[0]
    said = (month.city or month).wordings
    # Answers of several prints are one group where codes agree and words say the same; the first are shown.
    labels: dict[tuple[str, str], str] = {}
    for _, form, each in asked:
        for option in each.options:
            same = option.code, said.label(form, option)
            labels.setdefault(same, in_vietnamese(form, option.label))

    def of(form: Form, each: Question) -> list[tuple[str, str]]:
        return [(option.code, labels[option.code, said.label(form, option)]) for option in each.options]

    nothing = (NO_ANSWER, "Không ghi")  # stands last
    groups = dict.fromkeys([*(group for _, form, each in asked for group in of(form, each)), nothing])
    units = sorted({unit for unit, *_ in counts} | {month.unit} - {""})
    table = {unit: dict.fromkeys(groups, Share(0, 0)) for unit in units}
    for fingerprint, form, each in asked:
        for unit in units:
            for code, label in (*of(form, each), nothing):
                table[unit][code, label] += counts.get((unit, fingerprint, each.key, code), Share(0, 0))
    rows, total = hide_table([list(row.values()) for row in table.values()], smallest)
    shown = rows[units.index(month.unit)] if month.unit else total
    shown = shown or [(0, Share(0, 0))] * len(groups)
    offered = {group for mark, form, each in asked if mark in month.forms for group in of(form, each)}
    offered.add(nothing)
    return Breakdown(
        question.key,
        in_vietnamese(first, question.text),
        field,
        tuple(
            Group(*group, slips, share)
            for group, (slips, share) in zip(groups, shown, strict=True)
            if group in offered
        ),
        frozenset(month.items[mark, each.key] for mark, _, each in asked if mark in month.forms),
    )
