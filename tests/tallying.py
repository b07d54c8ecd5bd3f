"""Tallies of single slips, in plain Python: what the quick way is held to, and what reports are tried on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from omr.forms.surveys import overall_question
from omr.forms.template import Form, Question
from omr.records.counts.answers import Given
from omr.records.counts.tallies import (
    AnswerTally,
    CrossTally,
    SlipState,
    SlipTally,
    Stratum,
    Tallies,
    grouping_questions,
)
from omr.words import AnswerState


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip as it counts today; nothing in it names a person."""

    stratum: Stratum
    state: SlipState
    reason: str  # "KHL1" … of an invalid or held slip, else ""
    answers: Mapping[str, Given]


def count(slips: Iterable[Slip], forms: Mapping[str, Form]) -> Tallies:
    """Count slips one by one.

    Parameters
    ----------
    slips : iterable of Slip
        Each slip that was returned in the period, once.
    forms : mapping
        Fingerprint to form, for all strata.
    """
    states: Counter[tuple[Stratum, SlipState, str]] = Counter()
    rated: Counter[tuple[Stratum, SlipState, str]] = Counter()
    content: Counter[tuple[Stratum, SlipState, str]] = Counter()
    answers: Counter[tuple[Stratum, str, AnswerState, str]] = Counter()
    crossed: Counter[tuple[Stratum, str, str, str]] = Counter()
    for slip in slips:
        at, key = slip.stratum, (slip.stratum, slip.state, slip.reason)
        states[key] += 1
        if slip.state is not SlipState.VALID:
            continue
        form = forms[at.fingerprint]
        for question, given in slip.answers.items():
            answers[at, question, given.state, ""] += 1
            for code in given.codes if given.state is AnswerState.ANSWERED else ():
                answers[at, question, given.state, code] += 1
        good = _goodness(form, slip)
        rated[key] += bool(good)
        content[key] += bool(good) and all(good)
        for group, code, overall in _crossings(form, slip):
            crossed[at, group, code, overall] += 1
    return Tallies(
        tuple(SlipTally(*key, n, rated[key], content[key]) for key, n in sorted(states.items())),
        tuple(AnswerTally(*key, n) for key, n in sorted(answers.items())),
        tuple(CrossTally(*key, n) for key, n in sorted(crossed.items())),
    )


def _answered(slip: Slip, question: Question) -> tuple[str, ...]:
    given = slip.answers.get(question.key)
    return given.codes if given and given.state is AnswerState.ANSWERED else ()


def _goodness(form: Form, slip: Slip) -> list[bool]:
    """Return for each answered core question whether its answer is a satisfied one."""
    return [
        option.satisfied
        for question in form.questions
        if question.core
        for option in question.options
        if option.code in _answered(slip, question)
    ]


def _crossings(form: Form, slip: Slip) -> list[tuple[str, str, str]]:
    question = overall_question(form)
    if question is None:
        return []
    return [
        (group.key, code, overall)
        for overall in _answered(slip, question)
        for group in grouping_questions(form)
        for code in _answered(slip, group) or ("",)
    ]
