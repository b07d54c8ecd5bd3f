"""Measurements become answers: pure, replayable from what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BoxState(StrEnum):
    """What one box says."""

    BLANK = "blank"
    MARKED = "marked"
    CANCELLED = "cancelled"
    DOUBTFUL = "doubtful"


class AnswerState(StrEnum):
    """What one question says."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    MULTIPLE = "multiple"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class BoxVerdict:
    """The decided state of one box."""

    question: str
    option: str
    state: BoxState
    confidence: float  # probability in [0, 1] that the state is right
    review: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The decided answer of one question."""

    question: str
    state: AnswerState
    codes: tuple[str, ...]
    confidence: float  # in [0, 1]: that of the least certain box
