"""Is a returned slip valid? Rules as versioned data (`validity.toml`), judged the same way everywhere."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from omr.forms.template import Form, Kind
from omr.messages import language
from omr.reading.marks.decide import Answer
from omr.records.counts.answers import MACHINE, CurrentAnswer
from omr.words import RULE_OF_REFUSED, AnswerState, Aside, Standing


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the rules."""

    version: str
    most_core_unanswered: float
    texts: Mapping[str, Mapping[str, str]]  # code -> language -> text

    def text(self, code: str) -> str:
        """Return what a code means, in the language in force."""
        return self.texts[code][language()]


@cache
def rules() -> Rules:
    """Return the rules in force."""
    data = tomllib.loads(resources.files("omr.records.counts").joinpath("validity.toml").read_text("utf-8"))
    texts = {rule["code"]: {"vi": rule["vi"], "en": rule["en"]} for rule in data["rules"]}
    return Rules(data["version"], data["most_core_unanswered"], texts)


def judge(
    form: Form,
    answers: Mapping[str, CurrentAnswer],
    *,
    standing: str,
    set_aside: str | None,
    reason_by_hand: str | None,
) -> str | None:
    """Return the code of the rule that makes a slip invalid, or None if it is valid.

    A doubtful answer that nobody decided yet makes no slip invalid: it may turn out to be an answer.
    A question that did not apply to the person, or was to be skipped, was not left out.

    Parameters
    ----------
    answers : mapping
        As they are counted, see `applying`.
    standing : str
        As the view `slips` says.
    set_aside : str or None
        Why intake set it aside.
    reason_by_hand : str or None
        The code a person gave.
    """
    if reason_by_hand is not None:
        return reason_by_hand
    if standing != Standing.COUNTS:
        return Aside(set_aside).meanwhile.rule if set_aside else RULE_OF_REFUSED
    return "KHL5" if _says_nothing(form, answers) else None


def may_say_overall(form: Form, answers: Sequence[Answer]) -> bool:
    """Return whether the machine found an answer, or perhaps one, to the overall question.

    Such a slip is valid by what it says; only the others need to be judged one by one.
    """
    overall = {question.key for question in form.questions if question.overall}
    states = {answer.state for answer in answers if answer.question in overall}
    return bool(states & {AnswerState.ANSWERED, AnswerState.DOUBTFUL})


def _says_nothing(form: Form, answers: Mapping[str, CurrentAnswer]) -> bool:
    questions = [question for question in form.questions if question.kind is not Kind.TEXT]
    said = {question.key for question in questions if _may_be_valid(answers.get(question.key))}
    core = [
        question.key
        for question in questions
        if question.core and not _does_not_apply(answers.get(question.key))
    ]
    overall = {question.key for question in questions if question.overall}
    unanswered = sum(key not in said for key in core)
    return not said or (not overall & said and unanswered > rules().most_core_unanswered * len(core))


def _may_be_valid(answer: CurrentAnswer | None) -> bool:
    if answer is None:
        return False
    undecided = answer.state is AnswerState.DOUBTFUL and answer.by == MACHINE
    # A rank says something also in a ranking that is in no figure.
    ticked = answer.state in (AnswerState.NOT_APPLICABLE, AnswerState.NO_ANSWER) and bool(answer.codes)
    return undecided or ticked or answer.state is AnswerState.ANSWERED


def _does_not_apply(answer: CurrentAnswer | None) -> bool:
    return answer is not None and answer.state is AnswerState.NOT_APPLICABLE
