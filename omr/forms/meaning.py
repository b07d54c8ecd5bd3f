"""What can be printed and would give figures that mean nothing, or other ones than they seem to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from omr.forms.content import (
    ChoiceQuestion,
    Choices,
    Matrix,
    MatrixQuestion,
    OnlyIf,
    PageBreak,
    Ranking,
    Scale,
    Template,
    questions_of,
)
from omr.forms.problems import Problem
from omr.forms.surveys import FIELDS, PROGRAMME, of_programme, plain
from omr.text import unaccented

LANGUAGES: Final = ("vi", "en", "vi-en")  # in which the words of the program itself are there
_CODES: Final = re.compile(r"(?<![A-Z0-9-])[A-Z]{1,6}-[0-9]{1,3}(?:-[A-Z0-9]+)*(?![A-Z0-9-])")


def ruins_figures(template: Template) -> Iterator[Problem]:
    """Yield everything of a form by which its figures would mislead."""
    if template.language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        yield Problem("language", "forms.unknown_language", {"value": template.language, "known": known})
    yield from _other_forms(template)
    yield from others_survey(template.survey, template.field)
    if template.duplex and not any(isinstance(section, PageBreak) for section in template.section):
        yield Problem("duplex", "forms.one_page", {})
    yield from _conditions(template)
    yield from factors_apart(
        (where, getattr(question, "factor", "")) for where, question in questions_of(template)
    )
    for number, section in enumerate(template.section, 1):
        where = f"section[{number}]"
        match section:
            case Matrix():
                yield from _other_numbers(section, where)
                yield from _alike([level.label for level in section.levels], f"{where}.levels", "label")
                # How often something happens is no satisfaction.
                if any(question.core or question.overall for question in section.question):
                    told = [level.satisfied for level in section.levels if not level.not_applicable]
                    yield from satisfied_levels(told, f"{where}.levels")
            case Choices():
                for place, question in enumerate(section.question, 1):
                    options = f"{where}.question[{place}].options"
                    yield from _alike([option.label for option in question.options], options, "label")
                    if question.overall:
                        yield from _overall(question, options)
            case Ranking():
                yield from _alike([thing.label for thing in section.options], f"{where}.options", "label")
        if isinstance(section, Matrix | Choices | Scale):
            yield from _alike([question.text for question in section.question], f"{where}.question", "text")


def others_survey(survey: str | None, field: str) -> Iterator[Problem]:
    """Yield a field that would be counted in the programme's figure and is none of its four."""
    if survey == PROGRAMME and not of_programme(field):
        values: dict[str, object] = {"value": survey, "field": field[:60], "known": "; ".join(FIELDS)}
        yield Problem("survey", "forms.not_in_survey", values)


def factors_apart(told: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    """Yield factors of nothing but blanks, and those that are another one spelt otherwise: pooled apart."""
    spelt: dict[str, str] = {}
    for where, factor in told:
        if factor and not plain(factor):
            yield Problem(f"{where}.factor", "forms.blank_factor", {})
        elif factor and spelt.setdefault(plain(factor), factor) != factor:
            values: dict[str, object] = {"value": factor[:60], "other": spelt[plain(factor)][:60]}
            yield Problem(f"{where}.factor", "forms.factor_apart", values)


def _other_forms(template: Template) -> Iterator[Problem]:
    """Yield places of the head in which another form is named."""
    titles = [(f"header.title[{place}]", line) for place, line in enumerate(template.header.title, 1)]
    for where, text in [("header.code", template.header.code), *titles]:
        for code in _CODES.findall(unaccented(text).upper()):
            if code != template.form and not template.form.startswith(f"{code}-"):
                yield Problem(where, "forms.other_code", {"value": code, "form": template.form})


def _conditions(template: Template) -> Iterator[Problem]:
    """Yield conditions that no answer can meet, or every one, and those at the overall question."""
    before: dict[str, set[str]] = {}
    for where, question in questions_of(template):
        only_if: OnlyIf | None = getattr(question, "only_if", None)
        if only_if is not None:
            known = before.get(only_if.question)
            if known is None:
                values: dict[str, object] = {"value": only_if.question, "known": ", ".join(before)}
                yield Problem(f"{where}.only_if.question", "forms.asks_nothing_before", values)
            elif unknown := [code for code in only_if.codes if code not in known]:
                values = {"value": ", ".join(unknown), "known": ", ".join(sorted(known))}
                yield Problem(f"{where}.only_if.codes", "forms.no_such_code", values)
            elif known <= set(only_if.codes):
                yield Problem(f"{where}.only_if.codes", "forms.nobody_skips", {"value": only_if.question})
            if isinstance(question, ChoiceQuestion | MatrixQuestion) and question.overall:
                yield Problem(f"{where}.only_if", "forms.overall_skipped", {})
        if isinstance(question, ChoiceQuestion) and question.kind == "single":
            before[question.key] = {option.code for option in question.options}


def _overall(question: ChoiceQuestion, where: str) -> Iterator[Problem]:
    """Yield what keeps a question with choices from having a satisfied share over everybody."""
    for place, option in enumerate(question.options, 1):
        if option.not_applicable:
            yield Problem(f"{where}[{place}].not_applicable", "forms.overall_aside", {})
    yield from satisfied_levels([one.satisfied for one in question.options if not one.not_applicable], where)


def satisfied_levels(told: Sequence[bool], where: str) -> Iterator[Problem]:
    """Yield levels that say nothing of satisfaction, or of which a satisfied one stands beyond others."""
    if len(set(told)) < 2:
        yield Problem(where, "forms.all_satisfied" if any(told) else "forms.no_satisfied", {})
    elif [satisfied for satisfied, _ in groupby(told)].count(True) > 1:
        yield Problem(where, "forms.satisfied_apart", {})


def _alike(texts: Sequence[Sequence[str]], where: str, key: str) -> Iterator[Problem]:
    """Yield texts that stand a second time: who reads them cannot tell which is meant."""
    seen: dict[str, int] = {}
    for place, text in enumerate(texts, 1):
        said = " ".join(" ".join(text).split()).casefold()
        if said in seen:
            values: dict[str, object] = {"value": " ".join(text)[:60], "place": seen[said]}
            yield Problem(f"{where}[{place}].{key}", "forms.same_words", values)
        seen.setdefault(said, place)


def _other_numbers(section: Matrix, where: str) -> Iterator[Problem]:
    """Yield the first row whose printed number is not that of its key: who reads B8 looks for 8 on paper."""
    if section.numbers != "rows" or len({question.key for question in section.question}) < len(
        section.question
    ):
        return
    for row, question in enumerate(section.question, 1):
        told = re.search("[0-9]+$", question.key)
        if told and int(told[0]) != row:
            yield Problem(f"{where}.numbers", "forms.other_numbers", {"row": row, "question": question.key})
            return
