"""A form with every position decided: what is printed and what is read.

TOML (`templates/*.toml`) --`load_template`--> `Template` (content) --`layout.lay_out`-->
`Form` (content and exact boxes in mm). Reading and printing know only `Form`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from omr.geometry import FRAMES, Box, PageFrame


class Kind(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    LIKERT = "likert"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Option:
    """One box to tick."""

    code: str
    label: str
    satisfied: bool  # counts towards the satisfied share; data, never derived from the order
    box: Box  # the printed outline's outer edge


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its boxes, or (kind text) with its writing area."""

    key: str
    kind: Kind
    text: str
    factor: str  # "" for questions outside the factors
    core: bool  # one of the satisfaction questions: counts for validity
    overall: bool  # the question of the overall satisfied share
    options: tuple[Option, ...]
    area: Box | None  # kind text only: where people write


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text of the art; (x_mm, y_mm) is the start of its baseline."""

    x_mm: float
    y_mm: float
    text: str
    font: str  # a name of `forms.fonts`
    size_pt: float


@dataclass(frozen=True, slots=True)
class Stroke:
    """A drawn polyline of the art, or with `closed` and `filled` a shape; points in mm."""

    points: tuple[tuple[float, float], ...]
    width_mm: float
    closed: bool = False
    filled: bool = False
    dash_mm: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form's revision as it is printed: immutable once a serial was issued on it."""

    form: str  # "DL-01"
    digit: int  # first digit of its serials; forms of one field share it
    revision: str
    title: str
    field: str
    paper: str  # key of FRAMES
    language: str
    questions: tuple[Question, ...]
    art: tuple[TextLine | Stroke, ...]  # all ink besides fiducials, serial and box outlines

    @property
    def frame(self) -> PageFrame:
        """The page frame of its paper size."""
        return FRAMES[self.paper]
