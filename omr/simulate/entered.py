"""Values that people mark: any that the form allows, short numbers as often as long ones."""

from __future__ import annotations

from typing import Final

from omr.errors import OmrError
from omr.forms.entries import DIGITS, box_code, entered, entry_of, fault_of
from omr.forms.template import Kind, Question
from omr.simulate.pens import Rng

TRIES: Final = 10_000


def draw_value(question: Question, rng: Rng) -> str:
    """Return a value that a question can have.

    Raises
    ------
    OmrError
        If none is found: its check or its bounds leave hardly any.
    """
    entry = entry_of(question)
    if entry.allowed:
        return entry.allowed[int(rng.integers(len(entry.allowed)))]
    for _ in range(TRIES):
        signs = [of[int(rng.integers(len(of)))] for of in entry.places]
        if question.kind is Kind.NUMBER:
            for place in range(int(rng.integers(len(signs) - entry.decimals))):
                signs[place] = DIGITS[0]
        value = entered(question, [box_code(place, sign) for place, sign in enumerate(signs, 1)]).value
        if value and fault_of(question, value) is None:
            return value
    raise OmrError("simulate.no_value", question=question.key)
