"""Ranges behave as the sets of numbers they stand for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from omr.records.register.ranges import Ranges

PAIRS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda one: (one[0], one[0] + one[1])), max_size=8
)


def numbers(ranges: Ranges) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(PAIRS, PAIRS)
def test_ranges_are_sets(one: list[tuple[int, int]], two: list[tuple[int, int]]) -> None:
    a, b = Ranges.of(one), Ranges.of(two)
    x, y = numbers(a), numbers(b)
    assert x == {number for first, last in one for number in range(first, last + 1)}
    assert Ranges.of_numbers(x) == a
    assert (numbers(a | b), numbers(a & b), numbers(a - b)) == (x | y, x & y, x - y)
    assert len(a) == len(x)
    assert all((number in a) == (number in x) for number in range(60))
    for result in (a, a | b, a & b, a - b):
        assert all(left[1] + 1 < right[0] for left, right in pairwise(result))


def test_an_empty_range_holds_nothing() -> None:
    assert len(Ranges.of([(5, 4)])) == 0
    assert not Ranges()
