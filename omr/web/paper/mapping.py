"""What the columns of an export are, chosen on the desk where the program does not find them itself.

What `--map` says in a file is chosen here from lists: a column for each thing by its place, and for
each answer that is no option's word the option that it means.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from omr.forms.template import Form
from omr.messages import say
from omr.records.exchange.columns import DAY, RESPONSE, UNIT, ColumnMap, columns_found
from omr.records.exchange.responses import strange_answers
from omr.records.offices.units import Unit
from omr.tables_in import Sheet

FIELD: Final = re.compile(r"column-[\w]{1,20}|unit-of-all|answer-[0-9a-f]{12}")
OF_ALL: Final = "unit-of-all"
MOST_ANSWERS: Final = 60  # that are asked about at once


@dataclass(frozen=True, slots=True)
class Ask:
    """Something to choose."""

    name: str  # of the field
    label: str
    chosen: str
    choices: tuple[tuple[str, str], ...]  # value and label


def chosen_map(form: Form, sheet: Sheet, told: Mapping[str, str]) -> ColumnMap:
    """Return what was chosen as the map that the import takes."""
    headings = {str(at): heading for at, heading in enumerate(sheet.columns) if heading}
    columns = {
        what: headings[at] for what in _things(form) if (at := told.get(f"column-{what}", "")) in headings
    }
    chosen = ColumnMap(unit=told.get(OF_ALL, ""), columns=columns)
    values: dict[str, dict[str, str]] = {}
    if any(name.startswith("answer-") for name in told):
        for question, text in strange_answers(form, sheet, chosen):
            code = told.get(_field_of(question, text), "")
            if code in dict(_options(form, question)):
                values.setdefault(question, {})[text] = code
    return chosen.model_copy(update={"values": values})


def asks(form: Form, sheet: Sheet, told: Mapping[str, str], units: list[Unit]) -> list[Ask]:
    """Return what may be chosen, with what the program found, or somebody chose before."""
    chosen = chosen_map(form, sheet, told)
    found = columns_found(form, sheet, chosen)
    headings = [(str(at), heading[:80]) for at, heading in enumerate(sheet.columns) if heading]
    nothing = ("", "–")
    places = {heading: str(at) for at, heading in enumerate(sheet.columns)}
    result = [
        Ask(f"column-{what}", label, places.get(found.get(what, ""), ""), (nothing, *headings))
        for what, label in _things(form).items()
    ]
    of_all = tuple((unit.unit, f"{unit.unit} – {unit.name}") for unit in units)
    result.append(Ask(OF_ALL, say("columns.unit_of_all"), chosen.unit, (nothing, *of_all)))
    plain = chosen.model_copy(update={"values": {}})
    for question, text in strange_answers(form, sheet, plain)[:MOST_ANSWERS]:
        label, name = say("columns.answer", question=question, text=text[:60]), _field_of(question, text)
        result.append(Ask(name, label, told.get(name, ""), (nothing, *_options(form, question))))
    return result


def _things(form: Form) -> dict[str, str]:
    words = {DAY: say("columns.day"), UNIT: say("columns.unit"), RESPONSE: say("columns.response")}
    return words | {question.key: f"{question.key}. {question.text[:90]}" for question in form.questions}


def _options(form: Form, key: str) -> list[tuple[str, str]]:
    return [
        (one.code, one.label)
        for question in form.questions
        if question.key == key
        for one in question.options
    ]


def _field_of(question: str, text: str) -> str:
    return "answer-" + hashlib.sha256(f"{question}/{text}".encode()).hexdigest()[:12]
