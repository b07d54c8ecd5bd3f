"""The edges of serials and print runs: what changes of one sign in their code would let through."""

from __future__ import annotations

from typing import Any

import pytest

from omr.errors import OmrError
from omr.forms.serial import MAX_NUMBER, Issue, Serial, parse_serial

GUARD = "ACD"


def issue(**changes: Any) -> Issue:
    words: dict[str, Any] = {
        "run": "r1",
        "form": "DL-01",
        "fingerprint": "f" * 64,
        "unit": "PC06",
        "period": "2026-11",
        "digit": 1,
        "year": 26,
        "first": 1,
        "count": 5,
        "key": bytes(range(32)),
    }
    return Issue(**{**words, **changes})


@pytest.mark.parametrize("digit, year, number", [(0, 0, 0), (9, 99, MAX_NUMBER)])
def test_the_ends_of_every_range_are_serials(digit: int, year: int, number: int) -> None:
    serial = issue(digit=digit, year=year, first=number, count=1).serial(number)
    assert (serial.digit, serial.year, serial.number) == (digit, year, number)
    assert parse_serial(str(serial)) == serial


@pytest.mark.parametrize(
    "digit, year, number",
    [(10, 26, 1), (-1, 26, 1), (1, 100, 1), (1, -1, 1), (1, 26, MAX_NUMBER + 1), (1, 26, -1)],
)
def test_one_beyond_any_end_is_none_and_is_said(digit: int, year: int, number: int) -> None:
    with pytest.raises(ValueError, match=str(max(abs(digit), abs(year), abs(number)))):
        Serial(digit, year, number, GUARD)


def test_wrong_guard_letters_are_named() -> None:
    with pytest.raises(ValueError, match="ABC"):
        Serial(1, 26, 1, "ABC")  # no B: it looks like an 8


@pytest.mark.parametrize("year", [0, 99])
def test_a_run_may_end_with_the_last_number_and_lie_in_any_year(year: int) -> None:
    made = issue(first=MAX_NUMBER - 1, count=2, year=year)
    assert [serial.number for serial in made.serials()] == [MAX_NUMBER - 1, MAX_NUMBER]


@pytest.mark.parametrize("changes", [{"year": 100}, {"year": -1}, {"digit": 10}, {"first": MAX_NUMBER}])
def test_a_run_beyond_any_end_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="r1"):
        issue(**{"count": 2, **changes})


def test_a_run_gives_all_its_serials_and_no_other() -> None:
    made = issue(first=7, count=4)
    assert [serial.number for serial in made.serials()] == [7, 8, 9, 10]
    for number in (6, 11):
        with pytest.raises(ValueError, match=f"{number} is not in 7..10"):
            made.serial(number)


@pytest.mark.parametrize("text, key", [("no serial at all", "serial.pattern"), ("x" * 80, "serial.pattern")])
def test_what_was_typed_stands_in_the_error_cut_to_forty_signs(text: str, key: str) -> None:
    with pytest.raises(OmrError) as error:
        parse_serial(text)
    assert (error.value.key, error.value.values) == (key, {"text": text[:40]})


def test_a_wrong_check_says_what_was_typed() -> None:
    right = str(issue().serial(3))
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    with pytest.raises(OmrError) as error:
        parse_serial(wrong)
    assert (error.value.key, error.value.values) == ("serial.check", {"text": wrong})


def test_the_letters_of_a_serial_are_those_that_were_always_printed() -> None:
    """Slips are out: another way to derive the letters would call every one of them forged."""
    letters = {
        number: issue(first=number, count=1).serial(number).guard for number in (1, 42, 4711, 9_999_999)
    }
    assert letters == {1: "FVJ", 42: "AEW", 4711: "UYV", 9_999_999: "JUU"}
    assert str(issue(digit=3, year=27, first=5, count=1).serial(5)) == "3270000005NRR1G"
