"""A form with every position decided: what is printed and what is read.

TOML (`templates/*.toml`) --`loading.load_template`--> `Template` (content) --`layout.lay_out`-->
`Form` (content and exact boxes in mm). Reading and printing know only `Form`, and the
register keeps it as canonical JSON: a scan is read with the form that was printed.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Final

from pydantic import TypeAdapter, ValidationError

from omr.errors import TemplateError
from omr.geometry import FRAMES, MM_PER_INCH, Box, PageFrame, bare_frame

BOX_MM: Final = 4.5  # outer edge of a box to tick
OUTLINE_MM: Final = 0.25  # its printed line, inside that edge: 2 px at 200 dpi


class Kind(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    LIKERT = "likert"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CODE = "code"
    RANK = "rank"


# Kinds of which one option is marked.
ONE_OPTION: Final = (Kind.SINGLE, Kind.LIKERT, Kind.RANK)

# Kinds whose answer is a value that was put together from signs, not one of the options: `forms.entries`.
VALUES: Final = (Kind.NUMBER, Kind.DATE, Kind.CODE)


@dataclass(frozen=True, slots=True)
class Option:
    """One box to tick."""

    code: str
    label: str
    satisfied: bool  # counts towards the satisfied share; data, never derived from the order
    box: Box  # the printed outline's outer edge
    applies: bool = True  # False: "not applicable", an answer that is in no denominator


@dataclass(frozen=True, slots=True)
class Condition:
    """Who is asked: only those who gave one of some answers to another question."""

    question: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What may stand in the places of a value, sign by sign, and how a value is checked."""

    places: tuple[str, ...]  # the signs of each place, from the left
    decimals: int = 0  # of a number: so many of the last places stand behind the comma
    shape: str = ""  # of a date, `entries.Shape`
    least: float | None = None  # of a number
    most: float | None = None
    earliest: str = ""  # of a date, as it is stored
    latest: str = ""
    check: str = ""  # of a code, `entries.Check`
    pattern: str = ""  # of a code: a regular expression that all of it fits
    allowed: tuple[str, ...] = ()  # of a code: these and no others


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
    area: Box | None  # where people write: kind text, and values by hand
    only_if: Condition | None = None  # whoever answered otherwise was told to skip it
    entry: Entry | None = None  # of the kinds in `VALUES`; their options are the signs of each place
    page: int = 1  # of the form that it stands on
    cells: tuple[Box, ...] = ()  # of a value that is written by hand: one a place, instead of options
    ranking: str = ""  # kind rank: the question that it is a row of, its key


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
class Electronic:
    """Room for the QR code of the electronic form; printed, with its caption, where an address is set."""

    box: Box  # the code with its quiet zone
    caption: tuple[TextLine, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """Of a form that was not printed here: its print, as a picture that the originals keep."""

    print: str  # SHA-256
    dpi: float
    width_px: int
    height_px: int
    learned: str  # from an "unfilled" sheet, from what filled ones have "shared", from one that is "filled"
    identify: str  # its pages by "barcode", or by file and "page"


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
    electronic: Electronic | None = None
    survey: str = ""  # the programme that it belongs to: see `forms.surveys`
    traced: Traced | None = None  # it was printed elsewhere: no fiducials, no serials
    further: tuple[tuple[TextLine | Stroke, ...], ...] = ()  # art of the second page and the next ones
    duplex: bool = False  # printed on both sides: pages 1 and 2 are one sheet, 3 and 4 the next
    electronic_page: int = 1  # on which the room for the electronic form's code stands
    number: int = 1  # of the page that this is, where `page` cut one out of the whole

    @property
    def frame(self) -> PageFrame:
        """The page frame of its paper size."""
        if self.traced is None:
            return FRAMES[self.paper]
        mm = MM_PER_INCH / self.traced.dpi
        return bare_frame(self.paper, self.traced.width_px * mm, self.traced.height_px * mm)

    @property
    def pages(self) -> int:
        """How many pages a questionnaire has: its sides with print."""
        return 1 + len(self.further)

    @property
    def sides(self) -> int:
        """How many pages of its file a questionnaire takes: on both sides, whole sheets."""
        return self.pages + self.pages % 2 if self.duplex else self.pages

    @property
    def sheets(self) -> int:
        """How many sheets of paper a questionnaire has."""
        return self.sheet_of(self.pages)

    def sheet_of(self, page: int) -> int:
        """Return which sheet, from 1, a page is printed on."""
        return (page + 1) // 2 if self.duplex else page

    def page(self, number: int) -> Form:
        """Return one page as a form of its own: what is printed on it and read from it.

        Raises
        ------
        IndexError
            If the form has no such page.
        """
        if self.pages == 1 and number == self.number:
            return self
        art = (self.art, *self.further)[number - 1]
        return replace(
            self,
            questions=tuple(question for question in self.questions if question.page == number),
            art=art,
            further=(),
            electronic=self.electronic if self.electronic_page == number else None,
            number=number,
        )


def canonical(form: Form) -> str:
    """Return the whole form as JSON with sorted keys, in NFC: equal forms give equal text."""
    # Through the parser once: a length given as 5 and one given as 5.0 are the same length.
    return _as_json(form_from_json(_as_json(form)))


def fingerprint(form: Form) -> str:
    """Return the SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(form).encode()).hexdigest()


def form_from_json(text: str) -> Form:
    """Return the form of a canonical JSON text, as it was archived.

    Raises
    ------
    TemplateError
        If the text is no form.
    """
    try:
        return _parser().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TemplateError("forms.archive", where=where, detail=first["msg"]) from error


@cache
def _parser() -> TypeAdapter[Form]:
    return TypeAdapter(Form)


# What parts of a form learnt to say after the first forms were printed: where they do not say it, it
# stands in no archive, and those forms keep their fingerprint.
_LATER: Final[dict[str, dict[str, object]]] = {
    "form": {
        "survey": "",
        "traced": None,
        "further": (),
        "duplex": False,
        "electronic_page": 1,
        "number": 1,
    },
    "question": {"only_if": None, "entry": None, "page": 1, "ranking": "", "cells": ()},
    "option": {"applies": True},
}


def _as_json(form: Form) -> str:
    content = asdict(form)
    _leave_out(content, "form")
    for question in content["questions"]:
        _leave_out(question, "question")
        for option in question["options"]:
            _leave_out(option, "option")
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return unicodedata.normalize("NFC", text)


def _leave_out(content: dict[str, object], part: str) -> None:
    for name, unsaid in _LATER[part].items():
        if content[name] == unsaid:
            del content[name]
