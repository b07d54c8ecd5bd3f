"""Measurements become answers: pure, replayable from what is stored.

What each box is says the judge of the version that measured it (`question`, `papers`, `first`);
`decide` puts the boxes of each question together. A doubtful box waits for a person; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from omr.forms.content import writing_key
from omr.forms.entries import UNKNOWN, box_code, entered, fault_of, place_of
from omr.forms.template import VALUES, Kind, Question
from omr.reading.ink.measure import FEATURES, PAPERS, VERSION, MarkReading
from omr.reading.marks import first, papers, question
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.states import Answer, BoxVerdict, Judgement
from omr.reading.papers.paper import FEATURES as FIRST_FEATURES
from omr.reading.written.values import Written
from omr.words import AnswerState, BoxState, Reason

__all__ = ["Answer", "BoxVerdict", "Judgement", "Written", "decide", "put_together"]


def decide(
    questions: Sequence[Question],
    readings: Sequence[MarkReading],
    calibration: Calibration,
    written: Sequence[Written] = (),
) -> tuple[tuple[BoxVerdict, ...], tuple[Answer, ...]]:
    """Decide every box and every question of a slip.

    Parameters
    ----------
    questions : sequence of Question
        Of the form; those without boxes are passed over.
    readings : sequence of MarkReading
        Of all boxes of the slip.
    calibration : Calibration
    written : sequence of Written
        Where on the slip somebody wrote.

    Returns
    -------
    verdicts : tuple of BoxVerdict
        In the order of the readings.
    answers : tuple of Answer
        In the order of the questions.
    """
    judgements = _judged(questions, readings, calibration)
    verdicts = tuple(
        BoxVerdict(reading.question, reading.option, j.state, j.confidence, j.review, j.reason or "")
        for reading, j in zip(readings, judgements, strict=True)
    )
    leans = {(v.question, v.option) for v, j in zip(verdicts, judgements, strict=True) if j.leans_marked}
    areas = {one.question for one in written}
    # Who writes behind a box and does not mark it may well have meant it.
    forgotten = {
        (v.question, v.option)
        for v in verdicts
        if v.state is BoxState.BLANK and writing_key(v.question, v.option) in areas
    }
    verdicts = tuple(
        replace(v, state=BoxState.DOUBTFUL, review=True, reason=Reason.WRITTEN_BEHIND.value)
        if (v.question, v.option) in forgotten
        else v
        for v in verdicts
    )
    return verdicts, put_together(questions, verdicts, leans | forgotten, written)


def put_together(
    questions: Sequence[Question],
    verdicts: Sequence[BoxVerdict],
    leans: Collection[tuple[str, str]],
    written: Sequence[Written] = (),
) -> tuple[Answer, ...]:
    """Put the boxes of each question together.

    Parameters
    ----------
    leans : collection of (str, str)
        Question and option of the doubtful boxes that look rather marked.
    """
    answers: dict[str, Answer] = {}
    by_hand: dict[str, Answer] = {}
    said = {one.question: one for one in written}
    for asked in questions:
        if asked.cells:
            by_hand[asked.key] = _handwritten(asked, said.get(asked.key))
        elif asked.kind is not Kind.TEXT:
            boxes = [v for v in verdicts if v.question == asked.key]
            answers[asked.key] = (_value if asked.kind in VALUES else _answer)(asked, boxes, leans)
    odd = sum(answer.state in (AnswerState.DOUBTFUL, AnswerState.MULTIPLE) for answer in answers.values())
    if odd > 1:
        answers = {key: _asked_if_multiple(answer) for key, answer in answers.items()}
    found = answers | by_hand
    return tuple(found[asked.key] for asked in questions if asked.key in found)


def _judged(
    questions: Sequence[Question], readings: Sequence[MarkReading], calibration: Calibration
) -> Sequence[Judgement]:
    """Let the judge of the version that measured decide."""
    values = {asked.key for asked in questions if asked.kind in VALUES}
    groups = [
        # Each place of a value is a question of its own: one sign, or none.
        f"{reading.question}#{place_of(reading.option)}" if reading.question in values else reading.question
        for reading in readings
    ]
    if all(reading.version == VERSION for reading in readings):
        kinds = {asked.key: asked.kind for asked in questions}
        features = np.full((len(readings), len(FEATURES)), np.nan)
        for row, reading in zip(features, readings, strict=True):
            row[: len(reading.features)] = reading.features  # what was not looked at then is not known
        of_each = [kinds.get(group, Kind.SINGLE) for group in groups]
        return question.judge(features, groups, of_each, calibration.slips)
    by_papers = all(reading.version == PAPERS for reading in readings)
    # The earliest measured less: what the first judge asks for beyond that it takes for nothing.
    features = np.full((len(readings), len(FIRST_FEATURES)), np.nan if by_papers else 0.0)
    for row, reading in zip(features, readings, strict=True):
        row[: len(reading.features)] = reading.features
    if by_papers:
        return papers.judge(features, groups, calibration.papers)
    return first.judge(features, groups, calibration)


def _asked_if_multiple(answer: Answer) -> Answer:
    """Ask about two answers where one was wanted, on a slip that shows more that is odd.

    One such question is a person's slip of the pen; several are a stamp or a stain over the rows.
    """
    if answer.state is not AnswerState.MULTIPLE:
        return answer
    return replace(answer, state=AnswerState.DOUBTFUL, reason=Reason.TWO_MARKS.value)


def _answer(asked: Question, boxes: Sequence[BoxVerdict], leans: Collection[tuple[str, str]]) -> Answer:
    """Put the boxes of one question together."""
    confidence = min((box.confidence for box in boxes), default=0.0)
    marked = {box.option for box in boxes if box.state is BoxState.MARKED}
    codes = tuple(option.code for option in asked.options if option.code in marked)
    single = asked.kind is not Kind.MULTIPLE
    why = next((box.reason for box in boxes if box.state is BoxState.DOUBTFUL), "")
    if len(boxes) < len(asked.options) or any(box.state is BoxState.DOUBTFUL for box in boxes):
        state = AnswerState.DOUBTFUL
        why = why or Reason.CUT_OFF.value
        codes = tuple(o.code for o in asked.options if o.code in marked or (asked.key, o.code) in leans)
    elif single and len(codes) > 2:
        state, why = AnswerState.DOUBTFUL, Reason.TWO_MARKS.value  # rarer by hand than a stamp over the row
    elif not codes:
        state = AnswerState.NO_ANSWER
    elif single and len(codes) > 1:
        state = AnswerState.MULTIPLE
    else:
        state = AnswerState.ANSWERED
    return Answer(asked.key, state, codes, confidence, why)


def _value(asked: Question, boxes: Sequence[BoxVerdict], leans: Collection[tuple[str, str]]) -> Answer:
    """Put the signs of a value together; what is not whole, or cannot be, waits for a person."""
    confidence = min((box.confidence for box in boxes), default=0.0)
    marked = [box.option for box in boxes if box.state is BoxState.MARKED]
    places = [place_of(option) for option in marked]
    doubtful = [box for box in boxes if box.state is BoxState.DOUBTFUL]
    why = next((box.reason for box in doubtful), "")
    if len(boxes) < len(asked.options):
        why = why or Reason.CUT_OFF.value
    elif not doubtful and len(set(places)) < len(places):
        why = Reason.TWO_MARKS.value
    unsure = {place_of(box.option) for box in doubtful} | {at for at in places if places.count(at) > 1}
    sure = [option for option in marked if place_of(option) not in unsure]
    found = entered(asked, sure, unsure)
    if not why and found.gap:
        why = Reason.SIGN_MISSING.value
    if not why and found.value and fault_of(asked, found.value) is not None:
        why = Reason.CANNOT_BE.value
    if why:
        draft = (found.draft,) if found.draft else ()
        return Answer(asked.key, AnswerState.DOUBTFUL, draft, confidence, why)
    if not found.value:
        return Answer(asked.key, AnswerState.NO_ANSWER, (), confidence)
    return Answer(asked.key, AnswerState.ANSWERED, (found.value,), confidence)


def _handwritten(asked: Question, written: Written | None) -> Answer:
    """Return the value that two machines read alike, signs that make one; anything else a person reads."""
    if written is None:
        return Answer(asked.key, AnswerState.NO_ANSWER, (), 1.0)
    pairs = zip(written.first.ljust(len(asked.cells)), written.second.ljust(len(asked.cells)), strict=True)
    signs = [one if one == other else UNKNOWN for one, other in pairs]
    marked = [box_code(at, sign) for at, sign in enumerate(signs, 1) if sign not in (" ", UNKNOWN)]
    unsure = {at for at, sign in enumerate(signs, 1) if sign == UNKNOWN}
    found = entered(asked, marked, unsure)
    if found.value and written.sure and fault_of(asked, found.value) is None:
        return Answer(asked.key, AnswerState.ANSWERED, (found.value,), written.confidence)
    why = Reason.CANNOT_BE if found.value and written.sure else Reason.HANDWRITTEN
    draft = (found.draft,) if found.draft else ()
    return Answer(asked.key, AnswerState.DOUBTFUL, draft, written.confidence, why.value)
