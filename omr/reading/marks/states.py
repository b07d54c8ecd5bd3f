"""What a box and a question can be said to be, and why a person is asked."""

from __future__ import annotations

from dataclasses import dataclass

from omr.packed import Packed
from omr.words import AnswerState, BoxState, Reason


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state of one box."""

    state: BoxState
    confidence: float  # chance in [0, 1] that the state is right; where doubtful, that the likelier is
    reason: Reason | None = None  # where doubtful
    leans_marked: bool = False  # where doubtful: what is likelier

    @property
    def review(self) -> bool:
        """Whether a person must look."""
        return self.state is BoxState.DOUBTFUL


@dataclass(frozen=True, slots=True)
class BoxVerdict(Packed):
    """The decided state of one box of a form."""

    question: str
    option: str
    state: BoxState
    confidence: float  # as in `Judgement`
    review: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Packed):
    """The decided answer of one question."""

    question: str
    state: AnswerState
    codes: tuple[str, ...]  # where doubtful, those to which the machine leans
    confidence: float  # in [0, 1]: that of the least certain box
    reason: str = ""  # where doubtful, a word of `Reason`
