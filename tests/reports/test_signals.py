"""Signals: chances that hold, tampering that is found, honesty that is left alone."""

import random
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import combine_pvalues, false_discovery_control
from trust import signals as world

from omr.forms.layout import find_form
from omr.trust.chances import (
    both,
    chance_of_rate,
    corrected,
    log_run_bound,
    repeats,
    spread_of_rates,
    surprising_run,
)
from omr.trust.signals import SignalKind, find_signals
from omr.trust.strokes import copies, one_hand
from omr.trust.unit_months import STROKE_FEATURES


@pytest.fixture(scope="module")
def crowd():
    return world.draw_crowd(find_form("DL-01", None), 3000, np.random.default_rng(1))


# --- chances -------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("AABC"), min_size=2, max_size=6), st.integers(2, 5))
def test_the_bound_on_runs_is_never_below_the_truth(patterns, length):
    alike = patterns.count("A")
    orders = list(permutations(patterns))
    hits = sum("A" * length in "".join(order) for order in orders)
    assert np.exp(log_run_bound(len(patterns), alike, length)) >= hits / len(orders) - 1e-12


@given(st.lists(st.sampled_from("AAAAABBCDE"), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_chance_of_a_run_depends_on_order_only(patterns, dice):
    run = surprising_run(patterns)
    if run is not None:
        assert 0 < run.chance <= 1
        assert len(set(patterns[run.start : run.start + run.length])) == 1
    grouped = surprising_run(sorted(patterns))
    dice.shuffle(patterns)
    shuffled = surprising_run(patterns)
    if shuffled is not None:
        assert grouped.chance <= shuffled.chance


def test_chances_of_runs_are_as_small_as_they_say():
    """Of shuffled honest slips at most 5 % get a chance below 5 %."""
    dice = random.Random(2)
    mix = ["5"] * 60 + ["4"] * 20 + [f"other {i // 2}" for i in range(40)]
    found = 0
    for _ in range(400):
        dice.shuffle(mix)
        run = surprising_run(mix)
        found += run is not None and run.chance <= 0.05
    assert found <= 20 + 3 * 4.4  # three standard deviations of 400 draws


def test_one_column_for_everybody_surprises_nobody():
    assert surprising_run(["5"] * 300).chance == 1.0


def test_neighbours_that_are_alike_by_habit_surprise_less():
    paired = [answer for i in range(60) for answer in (f"family {i % 30}",) * 2]
    usual = repeats([paired])
    assert usual > 0.4
    stuffed = [*paired, *["five alike"] * 5]
    assert surprising_run(stuffed, 0.0).chance < 1e-4 < surprising_run(stuffed, usual).chance
    assert repeats([[f"{i % 7}" for i in range(200)]]) == 0.0


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0, 0.3))
def test_low_and_high_add_up(part, whole, spread):
    part = min(part, whole)
    low, high = chance_of_rate(part, whole, [(90, 100), (180, 200)], spread)
    alone = low + high - 1  # of exactly this count, which is in both
    assert -1e-9 <= alone <= min(low, high) + 1e-9


def test_rates_that_move_more_surprise_less():
    steady = chance_of_rate(100, 100, [(90, 100)] * 6, 0.0)[1]
    moving = chance_of_rate(100, 100, [(90, 100)] * 6, 0.05)[1]
    assert steady < 0.001 < moving


def test_the_spread_of_rates_is_found_again():
    rng = np.random.default_rng(3)
    a, b = 0.9 * (1 / 0.03 - 1), 0.1 * (1 / 0.03 - 1)
    groups = [[(int(rng.binomial(200, p)), 200) for p in rng.beta(a, b, 6)] for _ in range(200)]
    assert spread_of_rates(groups) == pytest.approx(0.03, rel=0.15)
    plain = [[(int(rng.binomial(200, 0.9)), 200) for _ in range(6)] for _ in range(200)]
    assert spread_of_rates(plain) < 0.002


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrected_chances_keep_the_order_and_only_grow(chances):
    fixed = corrected(chances)
    assert fixed == pytest.approx(list(false_discovery_control(chances)))


@given(st.floats(1e-9, 1), st.floats(1e-9, 1))
def test_two_chances_together_are_fishers(one, two):
    assert both(one, two) == pytest.approx(combine_pvalues([one, two]).pvalue, abs=1e-12)


# --- units ---------------------------------------------------------------------------------------


def test_honest_months_raise_at_most_one_alarm_in_a_hundred_unit_months(crowd):
    rng = np.random.default_rng(11)
    alarms = world.false_alarms(crowd, 120, 0.06, 10, rng)
    assert alarms["found"] <= 2  # of 200 unit-months


@pytest.mark.parametrize(
    ("tampering", "size", "kind"),
    [
        ("stuffed, one pattern", 120, SignalKind.RUN),
        ("stuffed, one column", 400, SignalKind.RUN),
        ("removed", 300, SignalKind.REMOVAL),
    ],
)
def test_tampering_with_one_slip_in_twenty_is_found_in_at_least_half_of_the_months(
    crowd, tampering, size, kind
):
    by = world.found(crowd, tampering, size, 0.06, 10, np.random.default_rng(12))
    assert by[kind.value] >= 5


def test_stuffing_that_looks_like_honest_slips_is_not_claimed_to_be_found(crowd):
    by = world.found(crowd, "stuffed, like honest", 120, 0.06, 10, np.random.default_rng(13))
    assert by["found"] <= 1


def test_the_slips_to_look_at_are_the_stuffed_ones(crowd):
    rng = np.random.default_rng(14)
    months = world.honest_months(crowd, [200] * 10, 0.06, rng)
    before = {slip.serial: slip.answers for slip in months[3].slips}
    months[3] = world.stuff_one_pattern(months[3], crowd, rng)
    signal = next(s for s in find_signals(months) if s.striking)
    assert (signal.unit, signal.kind) == ("U003", SignalKind.RUN)
    assert len(signal.serials) >= 10
    assert len(months[3].slips) == len(before) + 10


def test_more_slips_than_visitors_is_always_a_signal(crowd):
    months = world.honest_months(crowd, [50] * 6, 0.06, np.random.default_rng(15))
    months[0] = replace(months[0], visits=49)
    found = [s for s in find_signals(months) if s.kind is SignalKind.PARTICIPATION and s.striking]
    assert [(s.unit, s.chance) for s in found] == [("U000", 0.0)]


def test_slips_without_a_stamp_stand_out_only_where_others_have_one(crowd):
    def unstamped(month, many):
        bare = [replace(slip, seal="absent") for slip in month.slips[:many]]
        return replace(month, slips=(*bare, *month.slips[many:]))

    months = world.honest_months(crowd, [100] * 8, 0.06, np.random.default_rng(16))
    one = [unstamped(months[0], 6), *months[1:]]
    assert {(s.unit, s.kind) for s in find_signals(one) if s.striking} == {("U000", SignalKind.STAMP)}
    every = [unstamped(month, 90) for month in months]
    assert not any(s.striking for s in find_signals(every))


def test_the_same_month_gives_the_same_signals(crowd):
    months = world.honest_months(crowd, [60] * 6, 0.06, np.random.default_rng(17))
    assert find_signals(months) == find_signals(months)


def test_nothing_is_asked_of_an_empty_month():
    assert find_signals([]) == []


# --- strokes -------------------------------------------------------------------------------------

BOXES = tuple((f"B{i}", "5") for i in range(12))


def marked(number, hand, rng, wobble=0.5):
    strokes = hand + rng.normal(0, wobble, (len(BOXES), len(STROKE_FEATURES)))
    slip = world._slip("U", number, f"A={number}", "B=5", True)
    return replace(slip, boxes=BOXES, strokes=strokes.astype(np.float32))


def hands(many, rng):
    return [marked(i, rng.normal(0, 1, len(STROKE_FEATURES)), rng) for i in range(many)]


def test_one_hand_over_a_row_is_found_and_different_hands_are_not():
    rng = np.random.default_rng(21)
    slips = hands(80, rng)
    assert one_hand(slips, np.random.default_rng(1)).chance > 0.01
    same = rng.normal(0, 1, len(STROKE_FEATURES))
    slips[30:42] = [marked(i, same, rng) for i in range(30, 42)]
    found = one_hand(slips, np.random.default_rng(1))
    assert found.chance < 1e-3
    assert set(found.places) & set(range(30, 42)) == set(found.places)


def test_another_setting_of_the_scanner_is_no_hand():
    """Two batches, one darker: the row that a batch is must not be taken for one pen."""
    rng = np.random.default_rng(22)
    slips = [
        replace(slip, batch="B2", strokes=slip.strokes + 6) if slip.number >= 40 else slip
        for slip in hands(80, rng)
    ]
    assert one_hand(slips, np.random.default_rng(1)).chance > 0.01


def test_a_copied_slip_is_found_and_one_hand_is_no_copy():
    rng = np.random.default_rng(23)
    slips = hands(40, rng)
    same = rng.normal(0, 1, len(STROKE_FEATURES))
    slips[5:15] = [marked(i, same, rng) for i in range(5, 15)]
    assert copies(slips).chance > 0.01
    noise = rng.normal(0, 0.1, slips[20].strokes.shape)
    slips[33] = replace(slips[33], strokes=(slips[20].strokes + noise).astype(np.float32))
    found = copies(slips)
    assert found.chance < 1e-6
    assert found.places == (20, 33)
