"""A form that was not printed here, as its file says it: the print, its boxes, which of them are a question.

``forms/traced/NAME.toml`` of a workspace, written by ``omr forms trace``, read by people and by
`load_traced`; beside it the print as a PNG. Boxes are px of that picture: what an image viewer shows.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from omr.errors import OmrError, TemplateError, why
from omr.forms.content import Code, Key, SurveyName
from omr.forms.loading import problems_of
from omr.forms.meaning import factors_apart, others_survey, satisfied_levels
from omr.forms.problems import Problem, refuse
from omr.forms.template import Form, Kind, Option, Question, Traced
from omr.geometry import MM_PER_INCH, Box
from omr.toml_in import parse_toml

FOLDER: Final = "traced"  # below the office's own forms
MOST_BYTES: Final = 4 * 2**20  # of the file: 50,000 boxes
LEAST_PX: Final = 5.0  # side of a box: smaller ones cannot be read

Name = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$")]
Words = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
Side = Annotated[float, Field(ge=0, le=30_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class TracedOption(_Part):
    """One box of a question."""

    code: Code
    label: Words = ""
    satisfied: bool = False
    box: Annotated[tuple[Side, Side, Side, Side], Field(strict=False)]  # left, top, right, bottom


class TracedQuestion(_Part):
    """One question of a traced form."""

    key: Key
    text: Words = ""
    kind: Literal["single", "multiple"] = "single"
    factor: Annotated[str, StringConstraints(max_length=200)] = ""
    core: bool = True
    overall: bool = False
    option: Annotated[tuple[TracedOption, ...], Field(min_length=1, max_length=100, strict=False)]


class TracedForm(_Part):
    """The file of a traced form."""

    kind: Literal["traced"]
    form: Name
    revision: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,23}$")]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "vi"
    title: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    field: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    survey: SurveyName
    confirmed: bool  # a person looked at the boxes and questions
    identify: Literal["page", "barcode"] = "page"
    print: Annotated[str, StringConstraints(pattern=r"^[^/\\]{1,200}\.png$")]  # beside this file
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]  # of that picture
    learned: Literal["unfilled", "shared", "filled"]
    dpi: Annotated[float, Field(ge=50, le=1300)]
    size: Annotated[tuple[int, int], Field(strict=False)]  # width and height of the print, px
    question: Annotated[tuple[TracedQuestion, ...], Field(min_length=1, max_length=2000, strict=False)]


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """A traced form with its print."""

    form: Form
    print_png: bytes
    print_file: Path


def load_traced(file: Path) -> tuple[TracedForm, Foreign]:
    """Read a traced form and its print.

    Raises
    ------
    TemplateError
        Naming everything that is wrong.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise TemplateError("forms.unreadable", file=file, detail=why(error)) from error
    if len(data) > MOST_BYTES:
        raise TemplateError("forms.too_long", file=file, limit=MOST_BYTES)
    try:
        content = parse_toml(data)
    except OmrError as error:
        raise TemplateError("forms.no_toml", file=file, detail=error) from error
    try:
        told = TracedForm.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        refuse(file, problems_of(content, error))
        raise
    try:
        picture = file.with_name(told.print).read_bytes()
    except OSError as error:
        raise TemplateError("forms.unreadable", file=file.with_name(told.print), detail=why(error)) from error
    refuse(file, list(_contradictions(told, picture)))
    return told, Foreign(form_of(told), picture, file.with_name(told.print))


def is_traced(file: Path) -> bool:
    """Whether a file says that it is of a traced form; one that says nothing, or cannot be read, is not."""
    try:
        content = parse_toml(file.read_bytes()[:MOST_BYTES])
    except (OSError, OmrError):
        return False
    return content.get("kind") == "traced"


def form_of(told: TracedForm) -> Form:
    """Return the form as the register keeps it: boxes in mm of the print."""
    mm = MM_PER_INCH / told.dpi
    questions = tuple(
        Question(
            key=one.key,
            kind=Kind(one.kind),
            text=one.text or one.key,
            factor=one.factor,
            core=one.core,
            overall=one.overall,
            options=tuple(
                Option(
                    option.code,
                    option.label or option.code,
                    option.satisfied,
                    Box(
                        option.box[0] * mm,
                        option.box[1] * mm,
                        (option.box[2] - option.box[0]) * mm,
                        (option.box[3] - option.box[1]) * mm,
                    ),
                )
                for option in one.option
            ),
            area=None,
        )
        for one in told.question
    )
    return Form(
        form=told.form,
        digit=0,  # none of it is ever printed, none of its numbers is a serial
        revision=told.revision,
        title=told.title,
        field=told.field,
        paper="traced",
        language=told.language,
        questions=questions,
        art=(),
        survey=told.survey,
        traced=Traced(
            print=told.sha256,
            dpi=told.dpi,
            width_px=told.size[0],
            height_px=told.size[1],
            learned=told.learned,
            identify=told.identify,
        ),
    )


def traced_files(own: Path | None) -> dict[str, Path]:
    """Return the files of an office's traced forms, by name."""
    if own is None:
        return {}
    return {file.stem.upper(): file for file in sorted((own / FOLDER).glob("*.toml")) if file.is_file()}


def confirmed_forms(own: Path | None) -> dict[str, Foreign]:
    """Return the traced forms that a person has confirmed, by name.

    Raises
    ------
    TemplateError
        If the file of one is wrong: nothing is read by a form that cannot be understood.
    """
    loaded = (load_traced(file) for file in traced_files(own).values())
    return {told.form: foreign for told, foreign in loaded if told.confirmed}


def _contradictions(told: TracedForm, picture: bytes) -> Iterator[Problem]:
    if hashlib.sha256(picture).hexdigest() != told.sha256:
        yield Problem("sha256", "forms.other_print", {"print": told.print})
    width, height = told.size
    keys = Counter(question.key for question in told.question)
    overall = [question.key for question in told.question if question.overall]
    if len(overall) > 1:
        yield Problem("question.overall", "forms.two_overall", {"other": overall[0]})
    yield from others_survey(told.survey, told.field)
    yield from factors_apart((f"question[{at}]", one.factor) for at, one in enumerate(told.question, 1))
    for at, question in enumerate(told.question, 1):
        where = f"question[{at}]"
        if question.overall:
            told_satisfied = [option.satisfied for option in question.option]
            yield from satisfied_levels(told_satisfied, f"{where}.option")
        if keys[question.key] > 1:
            yield Problem(f"{where}.key", "forms.twice", {"value": question.key})
        codes = Counter(option.code for option in question.option)
        for place, option in enumerate(question.option, 1):
            left, top, right, bottom = option.box
            here = f"{where}.option[{place}]"
            if codes[option.code] > 1:
                yield Problem(f"{here}.code", "forms.twice", {"value": option.code})
            if right - left < LEAST_PX or bottom - top < LEAST_PX or right > width or bottom > height:
                yield Problem(f"{here}.box", "forms.no_box", {"width": width, "height": height})
    yield from _over_each_other(told)


def _over_each_other(told: TracedForm) -> Iterator[Problem]:
    """Yield boxes that lie on another one: a mark would be read twice."""
    boxes = sorted(
        (option.box, f"question[{at}].option[{place}]")
        for at, question in enumerate(told.question, 1)
        for place, option in enumerate(question.option, 1)
    )
    open_: list[tuple[tuple[float, float, float, float], str]] = []
    for box, where in boxes:
        open_ = [other for other in open_ if other[0][2] > box[0]]
        for other, elsewhere in open_:
            across = min(box[2], other[2]) - max(box[0], other[0])
            down = min(box[3], other[3]) - max(box[1], other[1])
            small = min((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
            if across > 0 and down > 0 and across * down > 0.25 * max(small, 1e-9):
                yield Problem(f"{where}.box", "forms.box_over_box", {"other": elsewhere})
        open_.append((box, where))
