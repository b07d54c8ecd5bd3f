"""All that is wrong in a form's file, each fault with its line there and its places on the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from omr.errors import OmrError, TemplateError
from omr.forms.content import Template, questions_of
from omr.forms.layout import LaidOut, set_out
from omr.forms.layout_checks import Placed
from omr.forms.loading import contradictions, problems_of
from omr.forms.problems import Problem
from omr.forms.template import Form
from omr.geometry import Box
from omr.toml_in import parse_toml

MOST_PLACES: Final = 40  # of one fault: a section that is wrong as a whole is its boxes and words
_TABLE: Final = re.compile(r"\s*\[+\s*([\w.]+)\s*\]+")
_STEP: Final = re.compile(r"\[\d+\]|\.?[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: in words, in the file, on the paper."""

    where: str  # in the file
    said: str
    line: int | None  # of the file, counted from 1
    places: tuple[tuple[int, Box], ...]  # page and rectangle; empty where it is nowhere on the paper


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A form's file as it was looked at."""

    form: Form | None  # None: the file cannot be set at all
    faults: tuple[Fault, ...]


def examine(data: bytes, further: Sequence[Problem] = ()) -> Examined:
    """Look at a form's file: everything that is wrong, and where.

    Parameters
    ----------
    further : sequence of Problem
        What is wrong with it beside the other forms of the office.
    """
    text = data.decode("utf-8", "replace")
    try:
        content = parse_toml(data)
    except OmrError as error:
        line = error.values.get("line")
        return Examined(None, (Fault("TOML", str(error), int(str(line)) if line else None, ()),))
    try:
        template = Template.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        return Examined(None, _faults(text, problems_of(content, error), None, None))
    except TemplateError as error:
        return Examined(None, (Fault("TOML", str(error), None, ()),))
    wrong = list(contradictions(template))
    try:
        laid = set_out(template)
    except (ArithmeticError, LookupError, ValueError, TypeError):
        if not wrong:
            raise
        return Examined(None, _faults(text, wrong, template, None))  # what contradicts itself has no place
    return Examined(laid.form, _faults(text, [*wrong, *laid.problems, *further], template, laid))


def _faults(
    text: str, problems: Sequence[Problem], template: Template | None, laid: LaidOut | None
) -> tuple[Fault, ...]:
    keys = {} if template is None else {one.key: where for where, one in questions_of(template)}
    found = []
    for problem in problems:
        key = problem.where.partition("/")[0]
        in_file = keys.get(key, problem.where)
        places = () if laid is None else tuple(_places(problem, in_file, keys, laid.places))[:MOST_PLACES]
        found.append(Fault(problem.where, problem.said, line_of(text, in_file), places))
    return tuple(found)


def _places(
    problem: Problem, in_file: str, keys: dict[str, str], pages: Sequence[Sequence[Placed]]
) -> Iterator[tuple[int, Box]]:
    """Yield the rectangles of what a fault is about, and of what it comes too near."""
    wanted = _names(problem.where, in_file, keys, pages)
    other = str(problem.values.get("place", problem.values.get("other", "")))
    for number, page in enumerate(pages, 1):
        for name, box in page:
            if name in wanted or name == other:
                yield number, box


def _names(where: str, in_file: str, keys: dict[str, str], pages: Sequence[Sequence[Placed]]) -> set[str]:
    """Return the names under which the page has it: its own, else of what it is a part of."""
    known = {name for page in pages for name, _ in page}
    if where in known:
        return {where}
    while in_file:
        of = {key for key, place in keys.items() if place == in_file or place.startswith(f"{in_file}.")}
        found = {
            name
            for name in known
            if name == in_file
            or name.startswith((f"{in_file}.", f"{in_file}["))
            or name.partition("/")[0] in of
        }
        if found:
            return found
        in_file = in_file[: _last_step(in_file)]
    return set()


def _last_step(where: str) -> int:
    return [found.start() for found in _STEP.finditer(where)][-1]


def line_of(text: str, where: str) -> int | None:
    r"""Return the line at which a place of a form's file stands, None where it has none.

    Examples
    --------
    >>> text = 'form = "A"\n[[section]]\n[[section.question]]\nkey = "B1"\n'
    >>> line_of(text, "section[1].question[1].key"), line_of(text, "form"), line_of(text, "digit")
    (4, 1, None)
    """
    counts = {"section": 0, "section.question": 0}
    table, begins, best = "", 1, None
    steps = _STEP.findall(where)
    for number, line in enumerate(text.splitlines(), 1):
        if head := _TABLE.match(line):
            table, begins = head[1], number
            counts[table] = counts.get(table, 0) + 1
            if table == "section":
                counts["section.question"] = 0
        here = _here(table, counts)
        if not steps or not where.startswith(here):
            continue
        rest = where[len(here) :].lstrip(".")
        if not rest:
            return begins
        best = best or begins if here else best
        name = re.match(r"\s*([\w-]+)\s*=", line)
        if name and re.match(rf"{re.escape(name[1])}(?![\w-])", rest):
            return number
    return best


def _here(table: str, counts: dict[str, int]) -> str:
    if table == "section":
        return f"section[{counts['section']}]"
    if table == "section.question":
        return f"section[{counts['section']}].question[{counts[table]}]"
    return table
