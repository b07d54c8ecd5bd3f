"""A form's TOML file -> `Template`, or every error in the file at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from omr.errors import OmrError, TemplateError, why
from omr.forms.content import (
    CODE,
    FORM,
    KEY,
    REVISION,
    SURVEY,
    ChoiceQuestion,
    Choices,
    Comment,
    Matrix,
    MatrixQuestion,
    PageBreak,
    Ranking,
    Template,
    questions_of,
    writing_key,
)
from omr.forms.meaning import ruins_figures
from omr.forms.problems import Problem, refuse
from omr.forms.schema import keys_by_table
from omr.forms.serial import MOST_PAGES
from omr.forms.values import no_value
from omr.toml_in import SAID, parse_toml, shown

KINDS: Final = ("choices", "matrix", "ranking", "scale", "digits", "comment", "page")  # of sections
VALUES: Final = ("number", "date", "code")  # of questions of digits
MAX_BYTES: Final = 200_000  # the built-in forms have 6,000

# What a word must look like, said in words instead of by the expression that checks it.
SPELLED: Final = {
    KEY: "forms.spelled_key",
    CODE: "forms.spelled_code",
    SURVEY: "forms.spelled_survey",
    FORM: "forms.spelled_form",
    REVISION: "forms.spelled_revision",
}


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
        raise TemplateError("forms.unreadable", file=file, detail=why(error)) from error
    if len(data) > MAX_BYTES:
        raise TemplateError("forms.too_long", file=file, limit=MAX_BYTES)
    try:
        content = parse_toml(data)
    except OmrError as error:
        raise TemplateError("forms.no_toml", file=file, detail=error) from error
    try:
        # As JSON: there a strict parser takes lists and words where the types are tuples and literals.
        template = Template.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        refuse(file, problems_of(content, error))
        raise
    refuse(file, list(contradictions(template)))
    return template


def contradictions(template: Template) -> Iterator[Problem]:
    """Yield what no single value shows."""
    keys: list[str] = []
    overall = ""
    for where, question in questions_of(template):
        if question.key in keys:
            yield Problem(f"{where}.key", "forms.twice", {"value": question.key})
        keys.append(question.key)
        yield from no_value(question, where)
        if isinstance(question, ChoiceQuestion | Ranking):
            yield from _made_twice(question, where, keys)
        if isinstance(question, ChoiceQuestion | MatrixQuestion) and question.overall:
            if overall:
                yield Problem(f"{where}.overall", "forms.two_overall", {"other": overall})
            overall = question.key
    yield from ruins_figures(template)
    yield from _pages(template)
    codes = 0
    for number, section in enumerate(template.section, 1):
        if isinstance(section, Matrix):
            yield from _repeated([level.code for level in section.levels], f"section[{number}].levels")
            for place, level in enumerate(section.levels, 1):
                if level.not_applicable and level.satisfied:
                    where = f"section[{number}].levels[{place}].not_applicable"
                    yield Problem(where, "forms.not_aside", {"value": level.code})
        elif isinstance(section, Choices):
            yield from _grid_left(section, f"section[{number}]")
        elif isinstance(section, Ranking):
            if section.ranks is not None and section.ranks > len(section.options):
                values: dict[str, object] = {"ranks": section.ranks, "things": len(section.options)}
                yield Problem(f"section[{number}].ranks", "forms.too_many_ranks", values)
        elif isinstance(section, Comment) and section.electronic is not None:
            codes += 1
            if codes > 1:
                yield Problem(f"section[{number}].electronic", "forms.twice", {"value": "electronic"})


def _made_twice(question: ChoiceQuestion | Ranking, where: str, keys: list[str]) -> Iterator[Problem]:
    """Take in the keys of what is written behind options, and of what is ranked: the form's keys, too."""
    made = (
        [option.code for option in question.options]
        if isinstance(question, Ranking)
        else [option.code for option in question.options if option.write]
    )
    codes = [option.code for option in question.options]
    for code in made:
        key = writing_key(question.key, code)
        if key in keys:
            place = len(codes) - codes[::-1].index(code)
            yield Problem(f"{where}.options[{place}].code", "forms.twice", {"value": key})
        keys.append(key)


def _pages(template: Template) -> Iterator[Problem]:
    """Yield pages without anything on them, and more pages than their codes can count."""
    empty = True
    pages = 1
    for number, section in enumerate(template.section, 1):
        if isinstance(section, PageBreak):
            pages += 1
            if empty or number == len(template.section):
                yield Problem(f"section[{number}]", "forms.empty_page", {})
        empty = isinstance(section, PageBreak)
    if pages > MOST_PAGES:
        yield Problem("section", "forms.too_many_pages", {"pages": pages, "most": MOST_PAGES})


def _grid_left(section: Choices, base: str) -> Iterator[Problem]:
    for number, question in enumerate(section.question, 1):
        where = f"{base}.question[{number}]"
        for place, option in enumerate(question.options, 1):
            if option.not_applicable and (option.satisfied or question.kind == "multiple"):
                words = {"value": option.code}
                yield Problem(f"{where}.options[{place}].not_applicable", "forms.not_aside", dict(words))
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


def problems_of(content: dict[str, object], error: ValidationError) -> list[Problem]:
    """Turn pydantic's errors into ours: places as they are written in TOML, counted from 1."""
    problems = []
    for wrong in error.errors(include_url=False):
        where, inside = _place(content, wrong["loc"])
        context = {name: value for name, value in wrong.get("ctx", {}).items() if name != "error"}
        # A list with a wrong item is also called too short, as if the item were not there.
        if wrong["type"] == "too_short" and isinstance(inside, list) and len(inside) >= context["min_length"]:
            continue
        key = SAID.get(wrong["type"], "forms.other")
        if wrong["type"] == "extra_forbidden":
            key, context = _advice(str(wrong["loc"][-1]))
        elif wrong["type"] == "union_tag_not_found":
            context = {"kinds": ", ".join(VALUES if ".question[" in where else KINDS)}
        if context.get("pattern") in SPELLED:
            key, context = SPELLED[str(context["pattern"])], {}
        # Where a value of another kind is there, its quotes tell what is wrong: "true" is no true.
        typed = ".want_" in key and key != "forms.want_pattern"
        value = shown(wrong["input"]) if typed else re.sub(r"\s+", " ", str(wrong["input"]))[:60]
        values = {**context, "value": value, "detail": wrong["msg"]}
        problems.append(Problem(where or "TOML", key, values))
    return problems


def _advice(key: str) -> tuple[str, dict[str, object]]:
    """Return what is said about a key that its table does not have: where it belongs, or which were near."""
    tables = keys_by_table()
    if homes := [table for table, keys in tables.items() if key in keys]:
        return "forms.elsewhere", {"tables": "; ".join(homes)}
    known = sorted({known for keys in tables.values() for known in keys})
    near = get_close_matches(key.lower(), known, n=3, cutoff=0.75)
    return ("forms.unknown_near", {"near": ", ".join(near)}) if near else ("forms.unknown", {})


def _place(content: object, steps: tuple[int | str, ...]) -> tuple[str, object]:
    """Return where pydantic's steps lead to, in words and in the file's content."""
    where, inside = "", content
    for step in steps:
        if isinstance(step, int):
            where += f"[{step + 1}]"
            inside = inside[step] if isinstance(inside, list) and step < len(inside) else None
        elif isinstance(inside, dict) and step not in inside and step in (*KINDS, *VALUES):
            continue  # the kind of a section, which pydantic counts as a step
        else:
            where += f".{step}" if where else step
            inside = inside.get(step) if isinstance(inside, dict) else None
    return where, inside
