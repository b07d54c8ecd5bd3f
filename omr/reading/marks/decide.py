"""Measurements become answers: pure, replayable from what is stored.

Two steps: `judge` says what each box of a page is (blank, marked, cancelled, doubtful),
`decide` what each question says. A doubtful box waits for a person; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.forms.template import Kind, Question
from omr.reading.marks import rules
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.evidence import gather
from omr.reading.marks.measure import FEATURES, F, MarkReading
from omr.words import AnswerState, BoxState

SHADOWY: Final = 0.1  # chance of a mark up to which what looks like a shadow is taken for one


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state of one box."""

    state: BoxState
    confidence: float  # chance in [0, 1] that the state is right; where doubtful, that the likelier is
    review: bool


@dataclass(frozen=True, slots=True)
class BoxVerdict:
    """The decided state of one box of a form."""

    question: str
    option: str
    state: BoxState
    confidence: float  # as in `Judgement`
    review: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The decided answer of one question."""

    question: str
    state: AnswerState
    codes: tuple[str, ...]
    confidence: float  # in [0, 1]: that of the least certain box


def judge(
    features: NDArray[np.float64], groups: Sequence[str], calibration: Calibration
) -> tuple[Judgement, ...]:
    """Decide the state of every box of one page.

    Parameters
    ----------
    features : (N, F) float64 ndarray
        As `marks.measure` gives them.
    groups : sequence of str
        Question of each box, may be empty.
    calibration : Calibration

    Returns
    -------
    tuple of Judgement
        One per box, in order.
    """
    if not len(features):
        return ()
    chance = calibration.chance(gather(features, groups))
    limits = calibration.limits
    unsure = rules.overruled(features)
    marked = (chance >= limits.marked_above) & ~unsure
    filled = rules.filled(features, groups, marked, limits)
    withdrawn = rules.withdrawn(features, groups, marked & ~filled, filled)
    struck = rules.perhaps_struck(features, groups, marked, withdrawn, limits)
    struck |= rules.of_other_ink(features, marked) | rules.in_passing(features, marked)
    blank = (chance <= limits.blank_below) | rules.shadows(features, groups, marked) & (chance < SHADOWY)
    unsure |= rules.ringed(features, groups, marked) | rules.traces(features, groups, chance)
    unsure |= rules.beside(features)
    unsure |= rules.more_than_marks(groups, marked) | rules.perhaps_letters(features, groups, marked)
    unsure |= rules.marks_for_print(features, blank)
    out = []
    for i, p in enumerate(chance.tolist()):
        confidence = max(p, 1.0 - p)
        if unsure[i] or not (marked[i] or blank[i]):
            out.append(Judgement(BoxState.DOUBTFUL, confidence if features[i, F["usable"]] else 0.0, True))
        elif not marked[i]:
            out.append(Judgement(BoxState.BLANK, confidence, False))
        elif not filled[i] and not struck[i]:
            out.append(Judgement(BoxState.MARKED, confidence, False))
        elif withdrawn[i]:
            out.append(Judgement(BoxState.CANCELLED, confidence, False))
        else:
            # Filled where this person makes strokes and nothing else is marked, or written over
            # beside another mark: a mark or a withdrawn one, a person must look.
            out.append(Judgement(BoxState.DOUBTFUL, 0.5, True))
    return tuple(out)


def decide(
    questions: Sequence[Question], readings: Sequence[MarkReading], calibration: Calibration
) -> tuple[tuple[BoxVerdict, ...], tuple[Answer, ...]]:
    """Decide every box and every question of a slip.

    Parameters
    ----------
    questions : sequence of Question
        Of the form; those without boxes are passed over.
    readings : sequence of MarkReading
        Of all boxes of the slip.
    calibration : Calibration

    Returns
    -------
    verdicts : tuple of BoxVerdict
        In the order of the readings.
    answers : tuple of Answer
        In the order of the questions.
    """
    features = np.zeros((len(readings), len(FEATURES)))
    for row, reading in zip(features, readings, strict=True):
        row[: len(reading.features)] = reading.features  # an earlier version measured less
    judgements = judge(features, [reading.question for reading in readings], calibration)
    verdicts = tuple(
        BoxVerdict(reading.question, reading.option, j.state, j.confidence, j.review)
        for reading, j in zip(readings, judgements, strict=True)
    )
    answers = [
        _answer(question, [v for v in verdicts if v.question == question.key])
        for question in questions
        if question.kind is not Kind.TEXT
    ]
    odd = sum(answer.state in (AnswerState.DOUBTFUL, AnswerState.MULTIPLE) for answer in answers)
    return verdicts, tuple(_asked_if_multiple(answer) if odd > 1 else answer for answer in answers)


def _asked_if_multiple(answer: Answer) -> Answer:
    """Ask about two answers where one was wanted, on a slip that shows more that is odd.

    One such question is a person's slip of the pen; several are a stamp or a stain over the rows.
    """
    return replace(answer, state=AnswerState.DOUBTFUL) if answer.state is AnswerState.MULTIPLE else answer


def _answer(question: Question, boxes: Sequence[BoxVerdict]) -> Answer:
    """Put the boxes of one question together."""
    confidence = min((box.confidence for box in boxes), default=0.0)
    marked = {box.option for box in boxes if box.state is BoxState.MARKED}
    codes = tuple(option.code for option in question.options if option.code in marked)
    single = question.kind is not Kind.MULTIPLE
    if len(boxes) < len(question.options) or any(box.state is BoxState.DOUBTFUL for box in boxes):
        state = AnswerState.DOUBTFUL
    elif single and len(codes) > 2:
        state = AnswerState.DOUBTFUL  # rarer by hand than a stain or a stamp over the row
    elif not codes:
        state = AnswerState.NO_ANSWER
    elif single and len(codes) > 1:
        state = AnswerState.MULTIPLE
    else:
        state = AnswerState.ANSWERED
    return Answer(question.key, state, codes, confidence)
