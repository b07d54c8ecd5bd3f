"""A form as an XLSForm (xlsform.org): KoboToolbox, ODK Central and others then ask what the paper asks.

Questions have the keys and choices the codes of the paper, so that what comes back is taken in without
a mapping: ``omr electronic import``. The form names itself in a calculated column.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import xlsxwriter

from omr.forms.entries import Shape
from omr.forms.template import Form, Kind, Question, fingerprint

LANGUAGES: Final = {"vi": "Tiếng Việt (vi)", "en": "English (en)"}
FORM, UNIT, UNITS = "form", "unit", "units"  # columns that `electronic import` knows
_ASK_UNIT: Final = {"vi": "Đơn vị giải quyết", "en": "Unit"}
_TWICE: Final = {"vi": "Mỗi hạng chỉ dùng một lần", "en": "Use each rank once"}
_WRONG: Final = {"vi": "Giá trị không hợp lệ", "en": "This value cannot be"}

Row = dict[str, str]


def sheets(form: Form, units: Sequence[tuple[str, str]] = ()) -> dict[str, list[Row]]:
    """Return the rows of the three sheets: survey, choices, settings.

    Parameters
    ----------
    units : sequence of (str, str)
        Codes and names of the units to choose from; without any, the unit is typed in.
    """
    languages = form.language.split("-")
    survey: list[Row] = [
        {"type": "start", "name": "start"},
        {"type": "end", "name": "end"},
        {"type": "calculate", "name": FORM, "calculation": f"'{form.form}'"},
        {
            "type": f"select_one {UNITS}" if units else "text",
            "name": UNIT,
            "required": "yes",
            **({"default": units[0][0]} if len(units) == 1 else {}),  # one counter: nothing to choose
            **_labels(languages, {of: _ASK_UNIT.get(of, _ASK_UNIT["en"]) for of in languages}),
        },
    ]
    lists: dict[tuple[tuple[str, str], ...], str] = {}
    choices: list[Row] = [
        {"list_name": UNITS, "name": code, **_labels(languages, dict.fromkeys(languages, name))}
        for code, name in units
    ]
    for question in form.questions:
        row = {"type": "", "name": question.key, **_labels(languages, _said(form, question.text))}
        if question.kind is Kind.TEXT:
            row |= {"type": "text", "appearance": "multiline"}
        elif question.entry is not None:
            row |= _value(question, languages)
        else:
            options = tuple((option.code, option.label) for option in question.options)
            if options not in lists:
                lists[options] = f"c{len(lists) + 1}"
                choices += [
                    {"list_name": lists[options], "name": code, **_labels(languages, _said(form, label))}
                    for code, label in options
                ]
            kind = "select_multiple" if question.kind is Kind.MULTIPLE else "select_one"
            row["type"] = f"{kind} {lists[options]}"
            row |= _each_once(form, question, languages)
        if question.only_if is not None:
            asked = question.only_if
            row["relevant"] = " or ".join(f"selected(${{{asked.question}}}, '{c}')" for c in asked.codes)
        survey.append(row)
    settings: list[Row] = [
        {
            "form_title": form.title,
            "form_id": form.form,
            "version": f"{form.revision}-{fingerprint(form)[:8]}",
            "default_language": LANGUAGES.get(languages[0], languages[0]),
        }
    ]
    return {"survey": survey, "choices": choices, "settings": settings}


def workbook(form: Form, units: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return the XLSForm as an XLSX file; the same form gives the same bytes."""
    out = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, **safe}) as book:
        book.set_properties({"title": form.title, "comments": fingerprint(form)})
        bold = book.add_format({"bold": True})
        for name, rows in sheets(form, units).items():
            sheet = book.add_worksheet(name)
            columns = list(dict.fromkeys(column for row in rows for column in row))
            sheet.write_row(0, 0, columns, bold)
            for at, row in enumerate(rows, start=1):
                for place, column in enumerate(columns):
                    if row.get(column):
                        sheet.write_string(at, place, row[column])
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(columns), 24)
    return out.getvalue()


def _said(form: Form, text: str) -> dict[str, str]:
    """Return a text by language: bilingual forms have "Nam / Male"."""
    languages = form.language.split("-")
    first, stroke, second = text.partition(" / ")
    if len(languages) == 1 or not stroke:
        return dict.fromkeys(languages, text)
    return {languages[0]: first, languages[1]: second}


def _labels(languages: Sequence[str], said: Mapping[str, str]) -> Row:
    return {f"label::{LANGUAGES.get(of, of)}": _plain(said[of]) for of in languages}


def _plain(text: str) -> str:
    """Return a text that an XLSForm does not take for a reference to a question."""
    return text.replace("${", "$ {").replace("\u00a0", " ")


def _each_once(form: Form, question: Question, languages: Sequence[str]) -> Row:
    """Return what refuses a rank that another row of the ranking above has already."""
    above = [one.key for one in form.questions if one.ranking and one.ranking == question.ranking]
    above = above[: above.index(question.key)] if question.ranking else []
    if not above:
        return {}
    said = {of: _TWICE.get(of, _TWICE["en"]) for of in languages}
    return {
        "constraint": " and ".join(f". != ${{{key}}}" for key in above),
        **{f"constraint_message::{LANGUAGES.get(of, of)}": text for of, text in said.items()},
    }


def _value(question: Question, languages: Sequence[str]) -> Row:
    """Return type and constraint of a value: what the paper's grid cannot hold is refused at once."""
    entry = question.entry
    assert entry is not None
    wrong = {f"constraint_message::{LANGUAGES.get(of, of)}": _WRONG.get(of, _WRONG["en"]) for of in languages}
    if question.kind is Kind.NUMBER:
        rules = list(_between(entry.least, entry.most))
        places = len(entry.places) - entry.decimals
        rules.append(f". < {10**places}")
        if entry.least is None or entry.least >= 0:
            rules.append(". >= 0")
        return {
            "type": "decimal" if entry.decimals else "integer",
            "constraint": " and ".join(rules),
            **wrong,
        }
    if question.kind is Kind.DATE and entry.shape == Shape.DAY:
        rules = [
            f". {sign} date('{day}')" for sign, day in ((">=", entry.earliest), ("<=", entry.latest)) if day
        ]
        return {"type": "date"} | ({"constraint": " and ".join(rules), **wrong} if rules else {})
    if question.kind is Kind.DATE:
        return {
            "type": "text",
            **{f"hint::{LANGUAGES.get(of, of)}": "2026-11" for of in languages},
            "constraint": r"regex(., '^\d{4}-(0[1-9]|1[0-2])$')",
            **wrong,
        }
    shape = "".join(f"[{re.escape(signs)}]" for signs in entry.places)
    return {"type": "text", "constraint": f"regex(., '^{shape}$')", **wrong}


def _between(least: float | None, most: float | None) -> Iterator[str]:
    if least is not None:
        yield f". >= {least:g}"
    if most is not None:
        yield f". <= {most:g}"
