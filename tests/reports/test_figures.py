"""Rounding, intervals and print: public figures as fixtures, laws by hypothesis."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omr.figures import (
    Band,
    Change,
    Mean,
    Share,
    half_up,
    participation_band,
    quotient,
    required_sample,
    vietnamese,
)

shares = st.integers(0, 10**6).flatmap(lambda whole: st.builds(Share, st.integers(0, whole), st.just(whole)))


@pytest.mark.parametrize(
    ("part", "whole", "printed"),
    [
        (3205, 3628, "88.34"),  # Gia Lai police 2020, by answers
        (2518, 2756, "91.36"),
        (927, 1144, "81.03"),
        (6650, 7528, "88.34"),  # printed as 88,33 in the article: truncated, not rounded
        (28849, 29350, "98.29"),  # Ministry of Public Security 2021: slips back of slips out
        (88335, 100000, "88.34"),  # the float 88.335 rounds down
        (1, 8, "12.50"),
        (0, 5, "0.00"),
        (1, 3, "33.33"),
        (2, 3, "66.67"),
    ],
)
def test_public_figures(part, whole, printed):
    assert Share(part, whole).percent() == Decimal(printed)


def test_gia_lai_totals():
    parts = [Share(3205, 3628), Share(2518, 2756), Share(927, 1144)]
    assert sum(parts, Share(0, 0)) == Share(6650, 7528)
    assert str(Share(6650, 7528)) == "6.650/7.528 (88,34%)"


def test_ba_ria_vung_tau_levels():
    assert [str(Share(n, 31).percent(1)) for n in (10, 16, 5, 0)] == ["32.3", "51.6", "16.1", "0.0"]


def test_sample_sizes():
    visits = (0, 50, 200, 500, 1_000, 2_000, 5_000, 20_000, 50_000, 100_000)
    assert [required_sample(n) for n in visits] == [0, 45, 134, 223, 286, 334, 371, 393, 397, 399]


@pytest.mark.parametrize(
    ("part", "whole", "band"),
    [
        (599, 1000, Band.BELOW),
        (5999, 10000, Band.BELOW),  # prints as 59,99
        (59_999, 100_000, Band.BELOW),  # prints as 60,00 and is still below
        (600, 1000, Band.WITHIN),
        (800, 1000, Band.WITHIN),
        (801, 1000, Band.ABOVE),
        (1000, 1000, Band.ABOVE),
        (1001, 1000, Band.IMPOSSIBLE),
        (0, 10, Band.BELOW),
        (0, 0, None),
    ],
)
def test_participation_bands(part, whole, band):
    assert participation_band(Share(part, whole), 60, 80) is band


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(0, 4))
def test_half_up_is_exact(numerator, denominator, places):
    exact = Fraction(numerator, denominator)
    printed = quotient(numerator, denominator, places)
    assert abs(Fraction(printed) - exact) <= Fraction(1, 2 * 10**places)
    assert half_up(-numerator, denominator) == -half_up(numerator, denominator)


@given(st.integers(0, 10**6))
def test_half_up_agrees_with_decimal_on_exact_halves(n):
    assert half_up(2 * n + 1, 2) == int((Decimal(2 * n + 1) / 2).quantize(Decimal(1), ROUND_HALF_UP))


@given(shares)
def test_wilson_holds_its_share(share):
    bounds = share.interval(4)
    if share.whole == 0:
        assert bounds is None
    else:
        low, high = bounds
        assert 0 <= low <= share.percent(4) <= high <= 100


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # scipy.stats.binomtest(k, n).proportion_ci(method="wilson") gives the same.
    [
        (10, 31, "18.57", "49.86"),
        (0, 10, "0.00", "27.75"),
        (10, 10, "72.25", "100.00"),
        (81, 263, "25.53", "36.62"),
    ],
)
def test_wilson_values(part, whole, low, high):
    assert Share(part, whole).interval() == (Decimal(low), Decimal(high))


@given(shares, shares)
def test_change_is_odd(now, before):
    points = Change(now, before).points()
    assert (points is None) == (now.whole == 0 or before.whole == 0)
    if points is not None:
        assert points == -Change(before, now).points()


def test_change_is_rounded_once():
    # 97,96 % against 96,45 %: "tăng 1,51 điểm %"
    assert Change(Share(9796, 10000), Share(9645, 10000)).points() == Decimal("1.51")
    # 66,67 − 33,33 would print 33,34: the exact third is 33,33
    assert Change(Share(2, 3), Share(1, 3)).points() == Decimal("33.33")


def test_no_denominator_is_no_figure():
    assert Share(0, 0).percent() is None
    assert Mean(0, 0).value() is None
    assert str(Share(0, 0)) == "0/0 (–)"


def test_vietnamese_print():
    assert vietnamese(1_234_567) == "1.234.567"
    assert vietnamese(Decimal("0.00"), signed=True) == "0,00"
    assert vietnamese(Decimal("-0.00"), signed=True) == "0,00"
    assert vietnamese(Decimal("-1.50"), signed=True) == "−1,50"


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="-1/3"):
        Share(-1, 3)
