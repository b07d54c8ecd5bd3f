"""Tallies: how many slips said what, the only thing the statistics are computed from.

`count` makes them from single slips in plain Python; the database makes the same rows
with SQL. A test holds the two to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import NamedTuple

from omr.forms.template import Form, Kind, Question
from omr.reading.decide import AnswerState


class Channel(StrEnum):
    """How an opinion came in."""

    PAPER = "paper"
    ELECTRONIC = "electronic"


class SlipState(StrEnum):
    """Whether a slip counts."""

    VALID = "valid"
    INVALID = "invalid"
    HELD = "held"  # returned, but a person has to decide: duplicate, foreign unit or period


class Stratum(NamedTuple):
    """Slips of one unit, on one revision of a form, through one channel."""

    unit: str
    fingerprint: str
    channel: Channel


class Given(NamedTuple):
    """What one slip says on one question."""

    state: AnswerState
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip as it counts today; nothing in it names a person."""

    stratum: Stratum
    state: SlipState
    reason: str  # "KHL1" … of an invalid or held slip, else ""
    answers: Mapping[str, Given]


class SlipTally(NamedTuple):
    """`slips` of one state and reason; of valid ones, how many rated something and how many only well."""

    stratum: Stratum
    state: SlipState
    reason: str
    slips: int
    rated: int  # with a valid answer to at least one core question
    content: int  # and every such answer a satisfied one


class AnswerTally(NamedTuple):
    """Valid slips per answer. With `code` "": all slips in that state; else those that chose the code."""

    stratum: Stratum
    question: str
    state: AnswerState
    code: str
    slips: int


class CrossTally(NamedTuple):
    """Valid slips with an overall answer, by what they say about the respondent or the procedure."""

    stratum: Stratum
    question: str
    code: str  # "" without an answer to this question
    overall: str  # code of the overall answer
    slips: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """Everything counted in one period, each sequence in the order of its rows."""

    slips: tuple[SlipTally, ...] = ()
    answers: tuple[AnswerTally, ...] = ()
    crossed: tuple[CrossTally, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 hex over all rows: two reports with the same digest have the same figures."""
        text = json.dumps(astuple(self), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def overall_question(form: Form) -> Question | None:
    """Return the question of the overall satisfied share."""
    return next((question for question in form.questions if question.overall), None)


def grouping_questions(form: Form) -> tuple[Question, ...]:
    """Return the questions about the respondent and the procedure."""
    kinds = (Kind.SINGLE, Kind.MULTIPLE)
    return tuple(question for question in form.questions if question.kind in kinds and not question.core)


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
