"""Values that are written by hand into cells: where there is ink, a person reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from omr.forms.template import Question
from omr.reading.place.align import AlignedPage

SURE: Final = 0.98  # of what each of two machines gives the least certain sign of a value


@dataclass(frozen=True, slots=True)
class Written:
    """Somebody wrote here: on a line, or a value into its cells; of a value also what machines read."""

    question: str
    first: str = ""  # a sign a cell, a blank for an empty one; "": nobody read it
    second: str = ""  # the same by a reader of another kind
    confidence: float = 0.0  # chance in [0, 1] of the less certain reader's least certain sign

    @property
    def sure(self) -> bool:
        """Whether two machines read the same, and neither doubts a sign."""
        return bool(self.first) and self.first == self.second and self.confidence >= SURE


def read_value(aligned: AlignedPage, question: Question) -> Written:
    """Return what stands in the cells of a value in which somebody wrote."""
    return Written(question.key)
