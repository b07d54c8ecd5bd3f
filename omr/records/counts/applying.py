"""Answers that are in no denominator: "not applicable", what a person was told to skip, broken rankings.

What is stored is what the paper says. Here, where answers are counted, it becomes what it means:
`AnswerState.NOT_APPLICABLE`; the ranks of a ranking in which not every rank is known to stand once
`AnswerState.NO_ANSWER`. Who skips a question as told has left nothing out; who answers it all the
same was not asked. As long as nobody knows what was answered to the question before, the answer
counts as it stands. The views of ``views.sql`` say the same, and a test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from omr.forms.template import Condition, Form
from omr.records.counts.answers import CurrentAnswer, Given
from omr.words import AnswerState


class Applying(NamedTuple):
    """Which answers of a form may be in no denominator."""

    not_applicable: Mapping[str, frozenset[str]]  # by question: codes that say so
    only_if: Mapping[str, Condition]  # by question: who is asked
    rankings: Mapping[str, tuple[str, ...]]  # by ranking: its rows
    ranks: Mapping[str, tuple[str, ...]]  # by ranking: those there are to give, sorted

    def __bool__(self) -> bool:
        return bool(self.not_applicable or self.only_if or self.rankings)


@lru_cache(maxsize=256)
def applying(form: Form) -> Applying:
    """Return which answers of a form may be in no denominator; most forms have none."""
    codes = {q.key: frozenset(o.code for o in q.options if not o.applies) for q in form.questions}
    ranked = [question for question in form.questions if question.ranking]
    return Applying(
        {key: some for key, some in codes.items() if some},
        {q.key: q.only_if for q in form.questions if q.only_if is not None},
        {of: tuple(q.key for q in ranked if q.ranking == of) for of in {q.ranking: 0 for q in ranked}},
        {question.ranking: tuple(sorted(option.code for option in question.options)) for question in ranked},
    )


def as_counted(form: Form, answers: Mapping[str, CurrentAnswer]) -> Mapping[str, CurrentAnswer]:
    """Return a slip's answers as they are counted."""
    rules = applying(form)
    if not rules:
        return answers
    broken = _broken(answers, rules)
    return {key: _counted(answer, answers, rules, broken) for key, answer in answers.items()}


def _broken(answers: Mapping[str, CurrentAnswer], rules: Applying) -> set[str]:
    """Return the rows of rankings in which not every rank stands once."""
    found: set[str] = set()
    for ranking, rows in rules.rankings.items():
        given = sorted(code for row in rows if row in answers for code in answers[row].given.valid)
        if tuple(given) != rules.ranks[ranking]:
            found.update(rows)
    return found


def _counted(
    answer: CurrentAnswer,
    answers: Mapping[str, CurrentAnswer],
    rules: Applying,
    broken: Collection[str],
) -> CurrentAnswer:
    given, key = answer.given, answer.question
    if given.state not in (AnswerState.ANSWERED, AnswerState.NO_ANSWER):
        return answer
    named = given.state is AnswerState.ANSWERED and bool(
        rules.not_applicable.get(key, frozenset()).intersection(given.codes)
    )
    if named or _skipped(rules.only_if.get(key), answers):
        counted = Given(AnswerState.NOT_APPLICABLE, given.codes)
    elif key in broken and given.state is AnswerState.ANSWERED:
        counted = Given(AnswerState.NO_ANSWER, given.codes)
    else:
        return answer
    return CurrentAnswer(key, counted, answer.confidence, answer.by)


def _skipped(condition: Condition | None, answers: Mapping[str, CurrentAnswer]) -> bool:
    """Whether a slip says that a question was to be skipped."""
    before = answers.get(condition.question) if condition else None
    if condition is None or before is None or before.state is not AnswerState.ANSWERED:
        return False
    return not set(before.codes) & set(condition.codes)
