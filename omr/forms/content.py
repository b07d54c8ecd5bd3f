"""A form as its author writes it: the tables and keys of its TOML file, and what each may be.

Texts are one string, or a list of two for a bilingual form: ``["Cá nhân", "Individual"]``.
Lengths are mm, type sizes pt. Every key is explained in docs/forms.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

LEAST_PT: Final = 8.5  # smaller print is not for the public
LEAST_MATRIX_ROW_MM: Final = 8.0  # a tick overshoots its box by up to 2 mm: it must not reach the next one
LEAST_CHOICE_ROW_MM: Final = 6.0  # 1.5 mm between boxes: three times the misfit that alignment accepts
LEAST_COLUMN_MM: Final = 11.0


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


def _one_or(most: int) -> WithJsonSchema:
    """Return how editors see a text: a string, or a list of up to so many."""
    one = {"type": "string", "minLength": 1, "maxLength": 500}
    return WithJsonSchema(
        {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": most}]}, mode="validation"
    )


Text = Annotated[
    tuple[Line, ...],
    Field(min_length=1, max_length=2, strict=False),
    BeforeValidator(_listed),
    _one_or(2),
]
Lines = Annotated[
    tuple[Line, ...],
    Field(min_length=1, max_length=4, strict=False),
    BeforeValidator(_listed),
    _one_or(4),
]
CODE: Final = r"^[a-z0-9][a-z0-9_]{0,23}$"
SURVEY: Final = r"^[a-z0-9][a-z0-9-]{0,23}$"
KEY: Final = r"^[A-Z][A-Z0-9_]{0,11}$"
FORM: Final = r"^[A-Z0-9][A-Z0-9-]{0,15}$"
REVISION: Final = r"^[A-Za-z0-9][A-Za-z0-9.-]{0,23}$"
Code = Annotated[str, StringConstraints(pattern=CODE)]
SurveyName = Annotated[str, StringConstraints(pattern=SURVEY)]
Key = Annotated[str, StringConstraints(pattern=KEY)]
Signs = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,36}$")]
Points = Annotated[float, Field(ge=LEAST_PT, le=24)]
Gap = Annotated[float, Field(ge=0, le=40)]


class _Part(BaseModel):
    """What all parts share: nothing unknown, nothing of a wrong type, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Sizes(_Part):
    """Type sizes."""

    body: Points = 8.5
    label: Points = 8.5
    title: Points = 14.0
    field: Points = 9.5


class Header(_Part):
    """The head of the page: agency, title, field, introduction."""

    agency: Lines
    code: Line
    number: Line
    title: Lines
    subtitle: Text
    field: Line | None = None
    intro: Text
    seal: Line | None = None


class Instructions(_Part):
    """How to fill in: a sentence beside the drawn right mark, one beside the drawn correction."""

    mark: Text
    correct: Text
    space: Gap = 1.6


class OnlyIf(_Part):
    """Who is asked: only those who gave one of these answers to another question."""

    question: Key
    codes: Annotated[tuple[Code, ...], Field(min_length=1, max_length=30)]


class Choice(_Part):
    """One box to tick of a question with choices."""

    code: Code
    label: Text
    span: Annotated[int, Field(ge=1, le=12)] | None = None
    satisfied: bool = False
    not_applicable: bool = False
    write: bool = False


class ChoiceQuestion(_Part):
    """A question whose options stand beside it in columns."""

    key: Key
    kind: Literal["single", "multiple"]
    text: Text
    label: Text | None = None
    factor: Annotated[str, StringConstraints(max_length=200)] = ""
    core: bool = False
    overall: bool = False
    span: Annotated[int, Field(ge=1, le=12)] = 1
    beside: Annotated[int, Field(ge=0, le=12)] = 0
    only_if: OnlyIf | None = None
    options: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=30)]


class Choices(_Part):
    """A section of questions with choices, on one grid of columns."""

    kind: Literal["choices"]
    label_width: Annotated[float, Field(ge=10, le=80)] = 22.0
    columns: Annotated[int, Field(ge=1, le=12)] = 4
    row_pitch: Annotated[float, Field(ge=LEAST_CHOICE_ROW_MM, le=20)] = 6.0
    space: Gap = 1.6
    question: Annotated[tuple[ChoiceQuestion, ...], Field(min_length=1, max_length=40)]


class Level(_Part):
    """One column of a matrix."""

    code: Code
    label: Lines
    other: Lines | None = None
    satisfied: bool
    not_applicable: bool = False


class MatrixQuestion(_Part):
    """One row of a matrix."""

    key: Key
    text: Text
    factor: Annotated[str, StringConstraints(max_length=200)] = ""
    core: bool = True
    overall: bool = False
    only_if: OnlyIf | None = None


class Matrix(_Part):
    """Questions with the same levels: columns in the order in which they stand in the file."""

    kind: Literal["matrix"]
    title: Text
    column_pitch: Annotated[float, Field(ge=LEAST_COLUMN_MM, le=40)] = 13.0
    row_pitch: Annotated[float, Field(ge=LEAST_MATRIX_ROW_MM, le=20)] = 8.0
    numbers: Literal["rows", "keys", "none"] = "rows"
    columns: Literal[1, 2] = 1
    space: Gap = 1.6
    levels: Annotated[tuple[Level, ...], Field(min_length=2, max_length=11)]
    question: Annotated[tuple[MatrixQuestion, ...], Field(min_length=1, max_length=60)]


class Ranked(_Part):
    """One of the things that a ranking puts in order."""

    code: Code
    label: Text


class Ranking(_Part):
    """Things to be put in order: a row each, a column for each rank, every rank given once."""

    kind: Literal["ranking"]
    key: Key
    text: Text
    ranks: Annotated[int, Field(ge=2, le=10)] | None = None
    first: Lines | None = None
    last: Lines | None = None
    column_pitch: Annotated[float, Field(ge=LEAST_COLUMN_MM, le=40)] = 11.0
    row_pitch: Annotated[float, Field(ge=LEAST_MATRIX_ROW_MM, le=20)] = 8.0
    space: Gap = 1.6
    only_if: OnlyIf | None = None
    options: Annotated[tuple[Ranked, ...], Field(min_length=2, max_length=10)]


class ScaleQuestion(_Part):
    """One question with a numbered scale."""

    key: Key
    text: Text
    factor: Annotated[str, StringConstraints(max_length=200)] = ""
    only_if: OnlyIf | None = None


class Scale(_Part):
    """Questions on a scale of numbers, each with its row of boxes below it; counted with a mean."""

    kind: Literal["scale"]
    first: Annotated[int, Field(ge=0, le=1)] = 0
    last: Annotated[int, Field(ge=3, le=10)] = 10
    low: Text
    high: Text
    column_pitch: Annotated[float, Field(ge=LEAST_COLUMN_MM, le=20)] = 11.0
    space: Gap = 1.6
    question: Annotated[tuple[ScaleQuestion, ...], Field(min_length=1, max_length=20)]


class NumberQuestion(_Part):
    """A number, marked digit by digit."""

    kind: Literal["number"]
    key: Key
    text: Text
    digits: Annotated[int, Field(ge=1, le=8)] = 2
    decimals: Annotated[int, Field(ge=0, le=3)] = 0
    least: float | None = None
    most: float | None = None
    only_if: OnlyIf | None = None


class DateQuestion(_Part):
    """A day or a month, marked digit by digit."""

    kind: Literal["date"]
    key: Key
    text: Text
    shape: Literal["dd/mm/yyyy", "mm/yyyy"] = "dd/mm/yyyy"
    earliest: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] = ""
    latest: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] = ""
    only_if: OnlyIf | None = None


class CodeQuestion(_Part):
    """A code of so many signs: the number of a student, a unit."""

    kind: Literal["code"]
    key: Key
    text: Text
    length: Annotated[int, Field(ge=1, le=15)]
    places: tuple[Signs, ...] = ()
    check: Literal["", "luhn", "mod11-2", "mod97-10"] = ""
    pattern: Annotated[str, StringConstraints(max_length=200)] = ""
    allowed: Annotated[tuple[Line, ...], Field(max_length=500)] = ()
    only_if: OnlyIf | None = None


GridQuestion = Annotated[NumberQuestion | DateQuestion | CodeQuestion, Field(discriminator="kind")]


class Digits(_Part):
    """Values sign by sign, as many in a band as there is room: a grid of boxes each, or cells to write in."""

    kind: Literal["digits"]
    fill: Literal["marks", "hand"] = "marks"
    column_pitch: Annotated[float, Field(ge=LEAST_COLUMN_MM, le=20)] = 11.0
    row_pitch: Annotated[float, Field(ge=LEAST_CHOICE_ROW_MM, le=12)] = 6.5
    space: Gap = 1.6
    question: Annotated[tuple[GridQuestion, ...], Field(min_length=1, max_length=20)]


class Electronic(_Part):
    """Room for the QR code of the electronic form, printed where the office has set its address."""

    caption: Line
    size: Annotated[float, Field(ge=12, le=40)] = 15.0


class Comment(_Part):
    """Room for free writing on dotted lines."""

    kind: Literal["comment"]
    key: Key
    text: Text
    note: Text
    lines: Annotated[int, Field(ge=1, le=30)] = 3
    line_pitch: Annotated[float, Field(ge=6, le=15)] = 7.0
    space: Gap = 1.6
    electronic: Electronic | None = None


class PageBreak(_Part):
    """What follows stands on the next page."""

    kind: Literal["page"]


class Footer(_Part):
    """The thanks below everything."""

    thanks: Text


Section = Annotated[
    Choices | Matrix | Ranking | Scale | Digits | Comment | PageBreak, Field(discriminator="kind")
]


class Template(_Part):
    """A whole form before its layout."""

    form: Annotated[str, StringConstraints(pattern=FORM)]
    digit: Annotated[int, Field(ge=0, le=9)]
    revision: Annotated[str, StringConstraints(pattern=REVISION)]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]{2})?$")]
    paper: Literal["A4", "A5"]
    title: Line
    field: Line
    survey: SurveyName | None = None
    duplex: bool = False
    sizes: Sizes = Sizes()
    header: Header
    instructions: Instructions
    section: Annotated[tuple[Section, ...], Field(min_length=1, max_length=20)]
    footer: Footer


AnyQuestion = (
    ChoiceQuestion
    | MatrixQuestion
    | ScaleQuestion
    | NumberQuestion
    | DateQuestion
    | CodeQuestion
    | Comment
    | Ranking
)


def questions_of(template: Template) -> Iterator[tuple[str, AnyQuestion]]:
    """Yield each question with the place of its table in the file."""
    for number, section in enumerate(template.section, 1):
        if isinstance(section, Comment | Ranking):
            yield f"section[{number}]", section
        if isinstance(section, Comment | Ranking | PageBreak):
            continue
        questions: tuple[AnyQuestion, ...] = section.question
        for place, question in enumerate(questions, 1):
            yield f"section[{number}].question[{place}]", question


def writing_key(question: str, option: str) -> str:
    """Return the key under which the writing behind an option stands.

    Examples
    --------
    >>> writing_key("A5", "other")
    'A5_OTHER'
    """
    return f"{question}_{option}".upper()
