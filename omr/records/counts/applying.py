"""Answers that are in no denominator: "not applicable", and questions that a person was told to skip.

What is stored is what the paper says. Here, where answers are counted, it becomes what it means:
`AnswerState.NOT_APPLICABLE`. Who skips a question as told has left nothing out; who answers it all the
same was not asked. As long as nobody knows what was answered to the question before, the answer
counts as it stands. The views of ``views.sql`` say the same, and a test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from omr.forms.template import Condition, Form
from omr.records.counts.answers import CurrentAnswer, Given
from omr.words import AnswerState


class Applying(NamedTuple):
    """Which answers of a form may be in no denominator."""

    not_applicable: Mapping[str, frozenset[str]]  # by question: codes that say so
    only_if: Mapping[str, Condition]  # by question: who is asked

    def __bool__(self) -> bool:
        return bool(self.not_applicable or self.only_if)


@lru_cache(maxsize=256)
def applying(form: Form) -> Applying:
    """Return which answers of a form may be in no denominator; most forms have none."""
    codes = {q.key: frozenset(o.code for o in q.options if not o.applies) for q in form.questions}
    return Applying(
        {key: some for key, some in codes.items() if some},
        {q.key: q.only_if for q in form.questions if q.only_if is not None},
    )


def as_counted(form: Form, answers: Mapping[str, CurrentAnswer]) -> Mapping[str, CurrentAnswer]:
    """Return a slip's answers as they are counted."""
    rules = applying(form)
    if not rules:
        return answers
    return {key: _counted(answer, answers, rules) for key, answer in answers.items()}


def _counted(answer: CurrentAnswer, answers: Mapping[str, CurrentAnswer], rules: Applying) -> CurrentAnswer:
    given, key = answer.given, answer.question
    if given.state not in (AnswerState.ANSWERED, AnswerState.NO_ANSWER):
        return answer
    named = given.state is AnswerState.ANSWERED and bool(
        rules.not_applicable.get(key, frozenset()).intersection(given.codes)
    )
    if not named and not _skipped(rules.only_if.get(key), answers):
        return answer
    counted = Given(AnswerState.NOT_APPLICABLE, given.codes)
    return CurrentAnswer(key, counted, answer.confidence, answer.by)


def _skipped(condition: Condition | None, answers: Mapping[str, CurrentAnswer]) -> bool:
    """Whether a slip says that a question was to be skipped."""
    before = answers.get(condition.question) if condition else None
    if condition is None or before is None or before.state is not AnswerState.ANSWERED:
        return False
    return not set(before.codes) & set(condition.codes)
