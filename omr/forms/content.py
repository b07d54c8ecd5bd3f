"""A form as its author writes it: a TOML file -> `Template`, or every error in it at once.

Texts are one string, or a list of two for a bilingual form: ``["Cá nhân", "Individual"]``.
Lengths are mm, type sizes pt. Every key is explained in docs/forms.md.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from omr.errors import TemplateError
from omr.messages import say

MAX_BYTES: Final = 200_000  # the built-in forms have 6,000
LEAST_PT: Final = 8.5  # smaller print is not for the public
LEAST_MATRIX_ROW_MM: Final = 8.0  # a tick overshoots its box by up to 2 mm: it must not reach the next one
LEAST_CHOICE_ROW_MM: Final = 6.0  # 1.5 mm between boxes: three times the misfit that alignment accepts
LEAST_COLUMN_MM: Final = 11.0


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Text = Annotated[tuple[Line, ...], Field(min_length=1, max_length=2, strict=False), BeforeValidator(_listed)]
Lines = Annotated[tuple[Line, ...], Field(min_length=1, max_length=4, strict=False), BeforeValidator(_listed)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,23}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,11}$")]
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


class Instructions(_Part):
    """How to fill in: a sentence beside the drawn right mark, one beside the drawn correction."""

    mark: Text
    correct: Text
    space: Gap = 1.6


class Choice(_Part):
    """One box to tick of a question with choices."""

    code: Code
    label: Text
    span: Annotated[int, Field(ge=1, le=12)] | None = None
    satisfied: bool = False


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


class MatrixQuestion(_Part):
    """One row of a matrix."""

    key: Key
    text: Text
    factor: Annotated[str, StringConstraints(max_length=200)] = ""
    core: bool = True
    overall: bool = False


class Matrix(_Part):
    """Questions with the same levels: columns in the order in which they stand in the file."""

    kind: Literal["matrix"]
    title: Text
    column_pitch: Annotated[float, Field(ge=LEAST_COLUMN_MM, le=40)] = 13.0
    row_pitch: Annotated[float, Field(ge=LEAST_MATRIX_ROW_MM, le=20)] = 8.0
    space: Gap = 1.6
    levels: Annotated[tuple[Level, ...], Field(min_length=2, max_length=11)]
    question: Annotated[tuple[MatrixQuestion, ...], Field(min_length=1, max_length=60)]


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


class Footer(_Part):
    """The thanks below everything."""

    thanks: Text


Section = Annotated[Choices | Matrix | Comment, Field(discriminator="kind")]


class Template(_Part):
    """A whole form before its layout."""

    form: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$")]
    digit: Annotated[int, Field(ge=0, le=9)]
    revision: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,23}$")]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]{2})?$")]
    paper: Literal["A4", "A5"]
    title: Line
    field: Line
    sizes: Sizes = Sizes()
    header: Header
    instructions: Instructions
    section: Annotated[tuple[Section, ...], Field(min_length=1, max_length=20)]
    footer: Footer


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a form's file: where, and what was expected."""

    where: str
    key: str
    values: dict[str, object]

    @property
    def said(self) -> str:
        """What is wrong, in the language in force."""
        return say(self.key, **self.values)

    def __str__(self) -> str:
        return f"{self.where}: {self.said}"


class Problems(tuple[Problem, ...]):
    """All problems of a file, as the value of one error: a line each."""

    def __str__(self) -> str:
        return "\n".join(f"  {problem}" for problem in self)


def refuse(file: object, problems: list[Problem]) -> None:
    """Raise one TemplateError with all problems (its value ``problems``), if there are any."""
    if problems:
        raise TemplateError("forms.wrong", file=file, count=len(problems), problems=Problems(problems))


def load_template(file: Path) -> Template:
    """Read and check a form's TOML file.

    Raises
    ------
    TemplateError
        With every error in the file: which key, and what was expected.
    """
    try:
        with file.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise TemplateError("forms.unreadable", file=file, detail=error.strerror or error) from error
    if len(data) > MAX_BYTES:
        raise TemplateError("forms.too_long", file=file, limit=MAX_BYTES)
    try:
        content = tomllib.loads(unicodedata.normalize("NFC", data.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TemplateError("forms.no_toml", file=file, detail=error) from error
    try:
        # As JSON: there a strict parser takes lists and words where the types are tuples and literals.
        template = Template.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        refuse(file, [_problem(content, wrong) for wrong in error.errors(include_url=False)])
        raise
    refuse(file, list(_contradictions(template)))
    return template


def questions_of(template: Template) -> Iterator[tuple[str, ChoiceQuestion | MatrixQuestion | Comment]]:
    """Yield each question with the place of its table in the file."""
    for number, section in enumerate(template.section, 1):
        if isinstance(section, Comment):
            yield f"section[{number}]", section
            continue
        questions: tuple[ChoiceQuestion | MatrixQuestion, ...] = section.question
        for place, question in enumerate(questions, 1):
            yield f"section[{number}].question[{place}]", question


def _contradictions(template: Template) -> Iterator[Problem]:
    """Yield what no single value shows."""
    keys: list[str] = []
    overall = ""
    for where, question in questions_of(template):
        if question.key in keys:
            yield Problem(f"{where}.key", "forms.twice", {"value": question.key})
        keys.append(question.key)
        if not isinstance(question, Comment) and question.overall:
            if overall:
                yield Problem(f"{where}.overall", "forms.two_overall", {"other": overall})
            overall = question.key
    codes = 0
    for number, section in enumerate(template.section, 1):
        if isinstance(section, Matrix):
            yield from _repeated([level.code for level in section.levels], f"section[{number}].levels")
        elif isinstance(section, Choices):
            yield from _grid_left(section, f"section[{number}]")
        elif section.electronic is not None:
            codes += 1
            if codes > 1:
                yield Problem(f"section[{number}].electronic", "forms.twice", {"value": "electronic"})


def _grid_left(section: Choices, base: str) -> Iterator[Problem]:
    for number, question in enumerate(section.question, 1):
        where = f"{base}.question[{number}]"
        yield from _repeated([option.code for option in question.options], f"{where}.options")
        if question.beside and number == 1:
            yield Problem(f"{where}.beside", "forms.beside_nothing", {})
        span = max(option.span or question.span for option in question.options)
        if question.beside + span > section.columns:
            values: dict[str, object] = {"span": question.beside + span, "columns": section.columns}
            yield Problem(where, "forms.off_grid", values)


def _repeated(codes: list[str], where: str) -> Iterator[Problem]:
    for place, code in enumerate(codes, 1):
        if code in codes[: place - 1]:
            yield Problem(f"{where}[{place}].code", "forms.twice", {"value": code})


# Kinds of error of pydantic -> what we say, with what pydantic measured.
_SAID: Final = {
    "missing": "forms.missing",
    "extra_forbidden": "forms.unknown",
    "string_type": "forms.want_text",
    "string_pattern_mismatch": "forms.want_pattern",
    "string_too_short": "forms.empty",
    "string_too_long": "forms.text_too_long",
    "int_type": "forms.want_whole",
    "int_from_float": "forms.want_whole",
    "float_type": "forms.want_number",
    "finite_number": "forms.want_number",
    "bool_type": "forms.want_bool",
    "tuple_type": "forms.want_list",
    "too_short": "forms.too_few",
    "too_long": "forms.too_many",
    "greater_than_equal": "forms.at_least",
    "less_than_equal": "forms.at_most",
    "literal_error": "forms.one_of",
    "union_tag_invalid": "forms.one_of_tags",
    "union_tag_not_found": "forms.no_tag",
    "model_type": "forms.want_table",
    "model_attributes_type": "forms.want_table",
}


def _problem(content: dict[str, object], wrong: object) -> Problem:
    """Turn one of pydantic's errors into ours: the place as it is written in TOML, counted from 1."""
    assert isinstance(wrong, dict)
    where = ""
    inside: object = content
    for part in wrong["loc"]:
        if isinstance(part, int):
            where += f"[{part + 1}]"
            inside = inside[part] if isinstance(inside, list) and part < len(inside) else None
        elif isinstance(inside, dict) and part not in inside and part in ("choices", "matrix", "comment"):
            continue  # the kind of a section, which pydantic counts as a step
        else:
            where += f".{part}" if where else str(part)
            inside = inside.get(part) if isinstance(inside, dict) else None
    values = {name: value for name, value in wrong.get("ctx", {}).items() if name != "error"}
    value = re.sub(r"\s+", " ", str(wrong["input"]))[:60]
    return Problem(
        where or "TOML",
        _SAID.get(wrong["type"], "forms.other"),
        {**values, "value": value, "detail": wrong["msg"]},
    )
