"""What was meant against what was read: every box is right, waits for a person, or is silently wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from omr.forms.entries import UNKNOWN, boxes_of
from omr.forms.template import VALUES, Form, Question
from omr.reading.marks.decide import Answer
from omr.simulate.slips import Truth
from omr.words import AnswerState, BoxState

UNTOUCHED: Final = BoxState.BLANK.value


class Outcome(StrEnum):
    """What became of one box."""

    RIGHT = "right"
    REVIEW = "review"  # its question waits for a person
    SILENT = "silent"  # accepted, and not what was meant


@dataclass(frozen=True, slots=True)
class Position:
    """One box of one slip."""

    question: str
    option: str
    drawn: str  # the habit drawn at it, or `UNTOUCHED`
    outcome: Outcome


def positions(form: Form, truth: Truth, answers: Iterable[Answer]) -> Iterator[Position]:
    """Compare a slip's truth with the answers that were read, box by box.

    A question without an answer, as on a page that lacks a part, waits for a person.
    """
    read = {answer.question: answer for answer in answers}
    for question in form.questions:
        answer = read.get(question.key)
        waits = answer is None or answer.state is AnswerState.DOUBTFUL
        if question.cells:  # a position a value
            meant = tuple(truth.answers.get(question.key, ()))
            right = Outcome.RIGHT if answer and answer.codes == meant else Outcome.SILENT
            yield Position(question.key, "", UNTOUCHED, Outcome.REVIEW if waits else right)
        for option in question.options:
            marked = option.code in _boxes(question, truth.answers.get(question.key, ()))
            said = answer is not None and option.code in _boxes(question, answer.codes)
            right = Outcome.RIGHT if said == marked else Outcome.SILENT
            drawn = truth.marks.get(question.key, {}).get(option.code, UNTOUCHED)
            yield Position(question.key, option.code, drawn, Outcome.REVIEW if waits else right)


def _boxes(question: Question, codes: Sequence[str]) -> Collection[str]:
    """Return the boxes that say an answer: of a value, those of its signs."""
    if question.kind not in VALUES:
        return codes
    return {box for value in codes if UNKNOWN not in value for box in boxes_of(question, value)}


def misread(truth: Mapping[str, Sequence[str]], accepted: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the questions among `accepted` whose codes are not those of the truth."""
    return tuple(key for key, codes in accepted.items() if set(codes) != set(truth.get(key, ())))
