"""Values that are put together from signs, one a place: numbers, dates, codes.

A grid has a column of boxes for each place. What its marks say is a value, spelt one way: ``47`` and
``12.5`` without leading zeros, days and months as ISO 8601 has them, codes as they are. Whether a value
can be is checked here, too, whoever says it: the marks, a person, or a file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from omr.forms import patterns
from omr.forms.template import Entry, Kind, Question
from omr.geometry import Box
from omr.messages import NUMBER_SIGNS, language
from omr.text import day_of

DIGITS: Final = "0123456789"
UNKNOWN: Final = "?"  # of a place in what is proposed to a person


class Shape(StrEnum):
    """How a date stands on paper."""

    DAY = "dd/mm/yyyy"
    MONTH = "mm/yyyy"


# Signs of each place of a date: no day is the 45th, and nobody asks about the year 3000.
PLACES: Final = {
    Shape.DAY: ("0123", DIGITS, "01", DIGITS, "12", "09", DIGITS, DIGITS),
    Shape.MONTH: ("01", DIGITS, "12", "09", DIGITS, DIGITS),
}


# Without bounds of its own a date is of these years: what a grid has boxes for, and cells nothing else.
FIRST_YEAR: Final = "1900"
LAST_YEAR: Final = "2099"


class Check(StrEnum):
    """How the last sign of a code follows from the others."""

    LUHN = "luhn"
    MOD11_2 = "mod11-2"  # ISO/IEC 7064, its last sign may be X
    MOD97_10 = "mod97-10"  # ISO/IEC 7064, two digits


class Fault(StrEnum):
    """Why a value cannot be; its message is ``entries.<word>``."""

    NO_NUMBER = "no_number"
    NO_DATE = "no_date"
    NO_CODE = "no_code"
    OUT_OF_RANGE = "out_of_range"
    CHECK = "check_differs"
    NOT_LISTED = "not_listed"


def box_code(place: int, sign: str) -> str:
    """Return the code of a box of a grid; places are counted from 1, from the left.

    Examples
    --------
    >>> box_code(2, "7")
    '2_7'
    """
    return f"{place}_{sign}"


def place_of(code: str) -> int:
    """Return the place, from 1, that a box of a grid belongs to."""
    return int(code.partition("_")[0])


@dataclass(frozen=True, slots=True)
class Entered:
    """What the marks of a grid say."""

    value: str = ""  # "": nothing, or nothing that can be read as a value
    draft: str = ""  # what can be read of it, `UNKNOWN` in the other places
    gap: bool = False  # a place is empty between others, or behind them


def entered(question: Question, marked: Collection[str], unsure: Collection[int] = ()) -> Entered:
    """Return the value that marked boxes make; of each place, one at most is marked.

    Parameters
    ----------
    unsure : collection of int
        Places, from 1, of which nobody knows what they say: then there is a draft, and no value.
    """
    entry = entry_of(question)
    signs = [next((s for s in of if box_code(at, s) in marked), "") for at, of in enumerate(entry.places, 1)]
    signs = [UNKNOWN if at in unsure else sign for at, sign in enumerate(signs, 1)]
    if not any(signs):
        return Entered()
    first = next(at for at, sign in enumerate(signs) if sign)
    if question.kind is Kind.NUMBER:  # 7 may be written without the zero before it
        wanted = min(first, len(signs) - 1 - entry.decimals)
        signs = signs[wanted:]
    if not all(signs):
        return Entered(draft="".join(sign or UNKNOWN for sign in signs), gap=True)
    text = "".join(signs)
    return Entered("" if UNKNOWN in signs else _spelt(question, text), text)


def entry_of(question: Question) -> Entry:
    """Return what a question's places may hold.

    Raises
    ------
    ValueError
        If the question is answered with options.
    """
    if question.entry is None:
        raise ValueError(f"{question.key} is answered with options, not with a value")
    return question.entry


def _spelt(question: Question, signs: str) -> str:
    """Return the one spelling of a value from the signs of its places, none missing."""
    entry = entry_of(question)
    if question.kind is Kind.NUMBER:
        whole, part = (signs[: -entry.decimals], signs[-entry.decimals :]) if entry.decimals else (signs, "")
        return f"{int(whole)}.{part}" if part else str(int(whole))
    if question.kind is Kind.DATE:
        parts = (signs[4:], signs[2:4], signs[:2]) if entry.shape == Shape.DAY else (signs[2:], signs[:2])
        return "-".join(parts)
    return signs


def boxes_of(question: Question, value: str) -> Iterator[str]:
    """Yield the codes of the boxes that say a value; numbers are marked without leading zeros."""
    entry = entry_of(question)
    if question.kind is Kind.NUMBER:
        signs = value.replace(".", "")
    elif question.kind is Kind.DATE:
        signs = "".join(reversed(value.split("-")))
    else:
        signs = value
    start = len(entry.places) - len(signs)
    return (box_code(start + at, sign) for at, sign in enumerate(signs, 1))


def cells_of(question: Question, value: str) -> list[tuple[Box, str]]:
    """Return each cell that a value is written into, with its sign; short numbers stand right."""
    places = (code.partition("_") for code in boxes_of(question, value))
    return [(question.cells[int(place) - 1], sign) for place, _, sign in places]


def read_value(question: Question, text: str) -> str:
    """Return the one spelling of a value as somebody types it: ``12,5``, ``3/11/2026``, `` b12 ``.

    What cannot be read comes back as it is: `fault_of` tells what is wrong with it.
    """
    entry, text = entry_of(question), text.strip()
    if question.kind is Kind.NUMBER:
        found = re.fullmatch(r"([0-9]+)(?:[.,]([0-9]+))?", text)
        if found is None:
            return text
        part = (found[2] or "").ljust(entry.decimals, "0")
        return f"{int(found[1])}.{part}" if part else str(int(found[1]))
    if question.kind is Kind.DATE:
        if entry.shape == Shape.MONTH:
            month = re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{4})", text)
            return f"{month[2]}-{int(month[1]):02}" if month else text
        day = day_of(text, whole=True)
        return day.isoformat() if day else text
    return "".join(text.split()).upper()


def shown_value(question: Question, value: str) -> str:
    """Return a value as people write it: 19/07/1941, 07/1941, in Vietnamese 12,5; a draft as it is."""
    match question.kind:
        case Kind.DATE if UNKNOWN not in value:
            return "/".join(reversed(value.split("-")))
        case Kind.NUMBER:
            return value.translate(NUMBER_SIGNS[language()])
        case _:
            return value


def value_word(question: Question) -> str:
    """Return the message that says how a value is typed, "" for a question with options."""
    if question.entry is None:
        return ""
    if question.kind is Kind.NUMBER:
        return "entries.decimal" if question.entry.decimals else "entries.number"
    if question.kind is Kind.DATE:
        return "entries.date" if question.entry.shape == Shape.DAY else "entries.month"
    return "entries.code"


def fault_of(question: Question, value: str) -> Fault | None:
    """Return why a question cannot have this value, None if it can."""
    entry = entry_of(question)
    match question.kind:
        case Kind.NUMBER:
            return _fault_of_number(entry, value)
        case Kind.DATE:
            return _fault_of_date(entry, value)
        case _:
            return _fault_of_code(entry, value)


def _fault_of_number(entry: Entry, value: str) -> Fault | None:
    decimals = rf"\.[0-9]{{{entry.decimals}}}" if entry.decimals else ""
    wholes = len(entry.places) - entry.decimals
    if not re.fullmatch(rf"(0|[1-9][0-9]{{0,{wholes - 1}}}){decimals}", value):
        return Fault.NO_NUMBER
    low, high = entry.least, entry.most
    inside = (low is None or float(value) >= low) and (high is None or float(value) <= high)
    return None if inside else Fault.OUT_OF_RANGE


def _fault_of_date(entry: Entry, value: str) -> Fault | None:
    whole = value if entry.shape == Shape.DAY else f"{value}-01"
    try:
        date.fromisoformat(whole)
    except ValueError:
        return Fault.NO_DATE
    if len(whole) != 10 or whole.count("-") != 2:  # 20261103 and 2026-W45-1 are ISO 8601, too
        return Fault.NO_DATE
    low, high = entry.earliest or FIRST_YEAR, entry.latest or f"{LAST_YEAR}-12-31"
    return None if low <= value <= high else Fault.OUT_OF_RANGE


def _fault_of_code(entry: Entry, value: str) -> Fault | None:
    fits = len(value) == len(entry.places) and all(s in of for s, of in zip(value, entry.places, strict=True))
    if not fits or (entry.pattern and not _has_pattern(value, entry.pattern)):
        return Fault.NO_CODE
    if entry.allowed and value not in entry.allowed:
        return Fault.NOT_LISTED
    if entry.check and not _CHECKS[Check(entry.check)](value):
        return Fault.CHECK
    return None


def _has_pattern(value: str, pattern: str) -> bool:
    try:
        return patterns.fits(patterns.parse_pattern(pattern), value)
    except patterns.PatternError:  # of a form that was archived when every regular expression was taken
        return re.fullmatch(pattern, value) is not None


def _luhn(code: str) -> bool:
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(code)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def _mod11_2(code: str) -> bool:
    remainder = 0
    for sign in code[:-1]:
        remainder = (remainder + int(sign)) * 2 % 11
    last = 10 if code[-1] == "X" else int(code[-1])
    return (remainder + last) % 11 == 1


def _mod97_10(code: str) -> bool:
    return int(code) % 97 == 1


_CHECKS: Final = {Check.LUHN: _luhn, Check.MOD11_2: _mod11_2, Check.MOD97_10: _mod97_10}
# What each check can be reckoned over: digits in all places, and what else in the last.
CHECK_SIGNS: Final = {Check.LUHN: "", Check.MOD11_2: "X", Check.MOD97_10: ""}
