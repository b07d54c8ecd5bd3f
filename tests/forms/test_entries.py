"""Values put together from signs: what marks say, what a person may type, what cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omr.forms.entries import (
    DIGITS,
    PLACES,
    Entered,
    Fault,
    Shape,
    box_code,
    boxes_of,
    entered,
    fault_of,
    read_value,
    shown_value,
)
from omr.forms.template import Entry, Kind, Question


def asked(kind: Kind, entry: Entry) -> Question:
    return Question("N1", kind, "Câu", "", False, False, (), None, None, entry)


AGE = asked(Kind.NUMBER, Entry((DIGITS,) * 3, least=16, most=120))
HOURS = asked(Kind.NUMBER, Entry((DIGITS,) * 3, decimals=1))
DAY = asked(Kind.DATE, Entry(PLACES[Shape.DAY], shape="dd/mm/yyyy", latest="2026-12-31"))
MONTH = asked(Kind.DATE, Entry(PLACES[Shape.MONTH], shape="mm/yyyy"))
STAFF = asked(Kind.CODE, Entry((DIGITS,) * 4, check="luhn"))
LISTED = asked(Kind.CODE, Entry(("PC", DIGITS, DIGITS), allowed=("P01", "C12")))


def marked(question: Question, signs: str) -> list[str]:
    """Boxes by signs from the left, ``_`` where a place is empty."""
    return [box_code(place, sign) for place, sign in enumerate(signs, 1) if sign != "_"]


@pytest.mark.parametrize(
    ("question", "signs", "said"),
    [
        (AGE, "___", Entered()),
        (AGE, "047", Entered("47", "047")),
        (AGE, "_47", Entered("47", "47")),
        (AGE, "__7", Entered("7", "7")),
        (AGE, "1_7", Entered(draft="1?7", gap=True)),
        (AGE, "47_", Entered(draft="47?", gap=True)),  # 47, or 470 to whom a zero was too little?
        (HOURS, "_25", Entered("2.5", "25")),
        (HOURS, "__5", Entered(draft="?5", gap=True)),
        (HOURS, "12_", Entered(draft="12?", gap=True)),
        (DAY, "03112026", Entered("2026-11-03", "03112026")),
        (DAY, "_3112026", Entered(draft="?3112026", gap=True)),
        (MONTH, "112026", Entered("2026-11", "112026")),
        (STAFF, "0042", Entered("0042", "0042")),
        (LISTED, "P01", Entered("P01", "P01")),
    ],
)
def test_what_marks_say(question: Question, signs: str, said: Entered) -> None:
    assert entered(question, marked(question, signs)) == said


@pytest.mark.parametrize(
    ("question", "value", "fault"),
    [
        (AGE, "47", None),
        (AGE, "047", Fault.NO_NUMBER),
        (AGE, "15", Fault.OUT_OF_RANGE),
        (AGE, "1200", Fault.NO_NUMBER),
        (AGE, "-5", Fault.NO_NUMBER),
        (AGE, "4٧", Fault.NO_NUMBER),  # digits of another script
        (HOURS, "2.5", None),
        (HOURS, "2", Fault.NO_NUMBER),
        (HOURS, "02.5", Fault.NO_NUMBER),
        (DAY, "2024-02-29", None),
        (DAY, "2026-02-29", Fault.NO_DATE),
        (DAY, "2027-01-01", Fault.OUT_OF_RANGE),
        (DAY, "20261103", Fault.NO_DATE),
        (MONTH, "2026-13", Fault.NO_DATE),
        (STAFF, "0059", None),
        (STAFF, "0058", Fault.CHECK),
        (STAFF, "59", Fault.NO_CODE),
        (LISTED, "C12", None),
        (LISTED, "C13", Fault.NOT_LISTED),
        (LISTED, "X12", Fault.NO_CODE),
    ],
)
def test_what_cannot_be(question: Question, value: str, fault: Fault | None) -> None:
    assert fault_of(question, value) is fault


@pytest.mark.parametrize(
    ("question", "typed", "value"),
    [
        (AGE, " 047 ", "47"),
        (HOURS, "2,5", "2.5"),
        (HOURS, "2", "2.0"),
        (DAY, "3/11/2026", "2026-11-03"),
        (DAY, "2026-11-03", "2026-11-03"),
        (MONTH, "3/2026", "2026-03"),
        (LISTED, "p 01", "P01"),
        (AGE, "bốn mươi", "bốn mươi"),
    ],
)
def test_what_a_person_may_type(question: Question, typed: str, value: str) -> None:
    assert read_value(question, typed) == value


@given(st.sampled_from([AGE, HOURS, DAY, MONTH, STAFF, LISTED]), st.data())
def test_marks_and_values_say_each_other(question: Question, data: st.DataObject) -> None:
    assert question.entry is not None
    signs = "".join(data.draw(st.sampled_from(of)) for of in question.entry.places)
    value = entered(question, marked(question, signs)).value
    again = entered(question, list(boxes_of(question, value))).value
    assert again == value == read_value(question, value)


def _luhn(code: str) -> str:
    return next(code + digit for digit in DIGITS if fault_of(STAFF, code + digit) is None)


@given(st.text(DIGITS, min_size=3, max_size=3), st.integers(0, 3), st.sampled_from(DIGITS))
def test_a_check_digit_shows_every_wrong_digit(code: str, place: int, other: str) -> None:
    right = _luhn(code)
    wrong = right[:place] + other + right[place + 1 :]
    assert (fault_of(STAFF, wrong) is None) == (wrong == right)


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [("mod11-2", ("07940", "079X"), ("07941", "70940")), ("mod97-10", ("79444",), ("79445", "97444"))],
)
def test_the_standards_own_examples(check: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    """ISO/IEC 7064 has 0794-0 and 079-X for MOD 11-2, and 794-44 for MOD 97-10."""

    def fault(code: str) -> Fault | None:
        places = (*(DIGITS,) * (len(code) - 1), DIGITS + "X")
        return fault_of(asked(Kind.CODE, Entry(places, check=check)), code)

    assert all(fault(code) is None for code in right)
    assert all(fault(code) is Fault.CHECK for code in wrong)


def test_options_have_no_places() -> None:
    with pytest.raises(ValueError, match="options"):
        entered(replace(AGE, kind=Kind.SINGLE, entry=None), [])


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Kind.DATE, "1941-07-19", "19/07/1941"),
        (Kind.DATE, "1941-07", "07/1941"),
        (Kind.DATE, "06061?57", "06061?57"),
        (Kind.NUMBER, "12.5", "12,5"),
        (Kind.CODE, "4902", "4902"),
    ],
)
def test_a_value_is_shown_as_people_write_it(kind: Kind, value: str, shown: str) -> None:
    asked = Question("N1", kind, "", "", False, False, (), None)
    assert shown_value(asked, value) == shown
