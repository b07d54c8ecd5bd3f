"""Serials: no single error, no swap and no made-up number gets through."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omr.errors import OmrError
from omr.forms.serial import (
    CHECK_ALPHABET,
    GUARD_ALPHABET,
    LENGTH,
    MAX_NUMBER,
    Issue,
    IssuedSerials,
    Serial,
    check_characters,
    parse_serial,
)


def an_issue(**changes: object) -> Issue:
    first = Issue(
        run="r1",
        form="DL-01",
        fingerprint="f" * 64,
        unit="PC06",
        period="2026-11",
        digit=1,
        year=26,
        first=1,
        count=500,
        key=bytes(range(32)),
    )
    return replace(first, **changes)


issues = st.builds(
    an_issue,
    digit=st.integers(0, 9),
    year=st.integers(0, 99),
    first=st.integers(0, MAX_NUMBER - 1000),
    count=st.integers(1, 1000),
    key=st.binary(min_size=32, max_size=32),
)


def is_refused(text: str) -> bool:
    try:
        parse_serial(text)
    except OmrError:
        return True
    return False


def test_published_example():
    """The worked example of ISO/IEC 7064, section 8.2."""
    assert check_characters("ISO79") == "3W"


def test_remainder_of_a_whole_serial_is_one():
    """The definition itself: the sum of value x 36^place leaves 1 when divided by 1271."""
    for serial in an_issue().serials():
        values = [CHECK_ALPHABET.index(character) for character in str(serial)]
        assert sum(v * 36**place for place, v in enumerate(reversed(values))) % 1271 == 1


@pytest.mark.parametrize("digit", range(10))
def test_every_single_error_and_every_adjacent_swap_is_caught(digit: int):
    draw = random.Random(digit)
    issue = an_issue(digit=digit, key=draw.randbytes(32), first=draw.randrange(MAX_NUMBER - 20), count=20)
    for serial in issue.serials():
        text = str(serial)
        for place, wrong in product(range(LENGTH), CHECK_ALPHABET):
            if wrong != text[place]:
                assert is_refused(text[:place] + wrong + text[place + 1 :])
        for place in range(LENGTH - 1):
            a, b = text[place : place + 2]
            if a != b:
                assert is_refused(text[:place] + b + a + text[place + 2 :])


def test_single_errors_and_swaps_are_caught_by_arithmetic_for_all_serials():
    """Not by sampling: at no place does a difference of values, or of a swap, vanish modulo 1271."""
    for place, difference in product(range(LENGTH), range(1, 36)):
        assert difference * 36**place % 1271
        assert difference * (36 ** (place + 1) - 36**place) % 1271


@settings(deadline=None)
@given(issues, st.data())
def test_issue_and_parse_round_trip(issue: Issue, data: st.DataObject):
    serial = issue.serial(data.draw(st.integers(issue.first, issue.last)))
    assert parse_serial(str(serial)) == serial == parse_serial(f"\t{serial.printed.lower()} \n")
    assert parse_serial(serial.printed.replace(" ", "-")) == serial
    assert len(str(serial)) == LENGTH
    assert not set("OI") & set(str(serial)[10:])
    assert issue.holds(serial)


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[0-9]{10}[A-Z]{3}[0-9A-Z]{2}", fullmatch=True))
def test_any_text_is_parsed_or_refused(text: str):
    try:
        assert str(parse_serial(text)) == "".join(text.split()).replace("-", "").upper()
    except OmrError as error:
        assert error.key in {"serial.pattern", "serial.check"}
        assert str(error)


def test_letters_that_only_look_right_in_capitals_are_refused():
    """Capitals of ß and ſ are SS and S, but neither was ever printed."""
    ends_in_s = next(s for s in an_issue(count=5000).serials() if str(s).endswith("S"))
    assert is_refused(str(ends_in_s)[:-1] + "ſ")
    assert is_refused("١" + str(ends_in_s)[1:])  # int() would take Arabic digits


def test_one_guard_in_6859_is_the_issued_one():
    issue = an_issue(count=1)
    made_up = (Serial(1, 26, 1, "".join(letters)) for letters in product(GUARD_ALPHABET, repeat=3))
    assert [serial for serial in made_up if issue.holds(serial)] == [issue.serial(1)]


def test_guard_letters_depend_on_every_part_and_on_the_key():
    runs = [an_issue(), an_issue(key=bytes(32)), an_issue(digit=2), an_issue(year=27)]
    guards = {tuple(serial.guard for serial in run.serials()) for run in runs}
    assert len(guards) == len(runs)
    assert len({serial.guard for serial in an_issue().serials()}) > 450  # of 500: no visible order


def test_a_serial_leads_to_its_print_run_only():
    a, b, c = an_issue(), an_issue(run="r2", first=501, key=bytes(32)), an_issue(run="r3", digit=3)
    issued = pickle.loads(pickle.dumps(IssuedSerials([c, b, a])))
    for run in (a, b, c):
        assert all(issued.find(serial) == run for serial in run.serials())
    unknown = [
        an_issue(first=1001).serial(1001),
        an_issue(first=0).serial(0),
        an_issue(year=25).serial(1),
        an_issue(key=bytes(32)).serial(7),  # the right number, someone else's key
        an_issue(digit=0).serial(5),
    ]
    assert [issued.find(serial) for serial in unknown] == [None] * len(unknown)
    assert IssuedSerials([]).find(a.serial(1)) is None


def test_overlapping_runs_are_no_register():
    with pytest.raises(ValueError, match="r1 and r2 overlap"):
        IssuedSerials([an_issue(), an_issue(run="r2", first=500)])


@pytest.mark.parametrize(
    "changes",
    [{"key": b"short"}, {"count": 0}, {"first": MAX_NUMBER}, {"first": -1}, {"digit": 10}, {"year": 2026}],
    ids=str,
)
def test_impossible_runs_cannot_be_made(changes: dict[str, object]):
    with pytest.raises(ValueError, match="issue r1"):
        an_issue(**changes)


def test_numbers_outside_the_run_have_no_serial():
    with pytest.raises(ValueError, match=r"not in 1\.\.500"):
        an_issue().serial(501)


def test_the_key_is_never_shown():
    assert "key" not in repr(an_issue())
