"""What the places of numbers, dates and codes may hold; questions whose bounds and rules leave no value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_CEILING, Decimal
from itertools import islice
from typing import Final

from omr.forms.content import AnyQuestion, CodeQuestion, DateQuestion, GridQuestion, NumberQuestion
from omr.forms.entries import CHECK_SIGNS, DIGITS, FIRST_YEAR, LAST_YEAR, PLACES, Check, Shape, fault_of
from omr.forms.patterns import PatternError, codes_of, parse_pattern
from omr.forms.problems import Problem
from omr.forms.template import Entry, Kind, Question
from omr.messages import say

_LEAST_CHECKED: Final = {"luhn": 2, "mod11-2": 2, "mod97-10": 3}  # signs: one of them says something
_CODES_TRIED: Final = 1000  # ten times the remainders of the longest check: that many codes hold a right one


def entry_asked(question: GridQuestion) -> Entry:
    """Return what the places of a question may hold."""
    match question:
        case NumberQuestion():
            places = (DIGITS,) * (question.digits + question.decimals)
            return Entry(places, question.decimals, least=question.least, most=question.most)
        case DateQuestion():
            shape = Shape(question.shape)
            return Entry(PLACES[shape], shape=shape.value, earliest=question.earliest, latest=question.latest)
        case CodeQuestion():
            places = question.places or (DIGITS,) * question.length
            return Entry(places, check=question.check, pattern=question.pattern, allowed=question.allowed)


def no_value(question: AnyQuestion, where: str) -> Iterator[Problem]:
    """Yield bounds and rules of a question that no value can meet."""
    match question:
        case NumberQuestion():
            yield from _number(question, where)
        case DateQuestion():
            yield from _date(question, where)
        case CodeQuestion():
            yield from _code(question, where)


def _number(question: NumberQuestion, where: str) -> Iterator[Problem]:
    step = Decimal(1).scaleb(-question.decimals)
    top = 10**question.digits - step
    least = max(Decimal(0), Decimal(str(question.least or 0)).quantize(step, ROUND_CEILING))
    most = top if question.most is None else Decimal(str(question.most))
    if least > top:
        yield Problem(f"{where}.least", "forms.no_value", {"value": question.least})
    elif least > most:
        yield Problem(f"{where}.most", "forms.no_value", {"value": question.most})


def _date(question: DateQuestion, where: str) -> Iterator[Problem]:
    bounds = {"earliest": question.earliest, "latest": question.latest}
    length = len("2026-11-03" if Shape(question.shape) is Shape.DAY else "2026-11")
    for name, bound in bounds.items():
        if bound and (len(bound) != length or not _is_date(bound)):
            yield Problem(f"{where}.{name}", "forms.no_value", {"value": bound})
            return
    if bounds["earliest"] and bounds["latest"] and bounds["earliest"] > bounds["latest"]:
        yield Problem(f"{where}.latest", "forms.no_value", {"value": question.latest})
    elif bounds["earliest"][:4] > LAST_YEAR:
        yield Problem(f"{where}.earliest", "forms.no_value", {"value": question.earliest})
    elif bounds["latest"] and bounds["latest"][:4] < FIRST_YEAR:
        yield Problem(f"{where}.latest", "forms.no_value", {"value": question.latest})


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return True


def _code(question: CodeQuestion, where: str) -> Iterator[Problem]:
    if question.places and len(question.places) != question.length:
        values: dict[str, object] = {"places": len(question.places), "length": question.length}
        yield Problem(f"{where}.places", "forms.other_length", values)
        return
    places = entry_asked(question).places
    if question.check:
        least, more = _LEAST_CHECKED[question.check], CHECK_SIGNS[Check(question.check)]
        if question.length < least:
            words: dict[str, object] = {"value": question.check, "least": least}
            yield Problem(f"{where}.length", "forms.too_short_to_check", words)
            return
        if not all(set(of) <= set(DIGITS) for of in places[:-1]) or not set(places[-1]) <= set(DIGITS + more):
            yield Problem(f"{where}.check", "forms.check_of_digits", {"value": question.check})
            return
    try:
        pattern = parse_pattern(question.pattern or ".*")
    except PatternError as error:
        said: dict[str, object] = {"value": question.pattern[:40], "part": error}
        yield Problem(f"{where}.pattern", "forms.no_pattern", said)
        return
    entry = entry_asked(question)
    asked = Question(question.key, Kind.CODE, "", "", False, False, (), None, None, entry)
    for value in question.allowed:
        if (fault := fault_of(asked, value)) is not None:
            detail = say(f"entries.{fault}")
            yield Problem(f"{where}.allowed", "forms.bad_code", {"value": value[:20], "detail": detail})
    if not question.allowed and (question.pattern or question.check):
        tried = list(islice(codes_of(pattern, places), _CODES_TRIED))
        if len(tried) < _CODES_TRIED and not any(fault_of(asked, code) is None for code in tried):
            rule = "pattern" if question.pattern else "check"
            yield Problem(f"{where}.{rule}", "forms.no_code_fits", {"value": getattr(question, rule)[:40]})
