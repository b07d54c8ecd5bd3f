"""The audit by hand: the published sample sizes, a draw that anybody can repeat, a bound that holds."""

import hashlib
import random
import shutil
import subprocess
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from omr.messages import choose_language
from omr.trust.audit_sample import (
    GAMMA,
    RISK_LIMIT,
    Claim,
    assure,
    clean_sample,
    draw,
    measured_risk,
    most_differing,
    statement,
    ticket,
)
from omr.trust.rekeying import Comparison, Draw

SERIALS = [f"HP1260000{number:03}" for number in range(500)]
CLAIM = Claim.within(960, 1000, 1000, Fraction(5, 2))


@pytest.mark.parametrize(("margin", "slips"), [(0.02, 312), (0.05, 125), (0.10, 63)])
def test_clean_samples_are_those_that_arlo_publishes(margin, slips):
    assert clean_sample(margin, 0.05) == slips


def test_points_are_half_the_margin():
    assert CLAIM.margin == pytest.approx(0.05)
    assert CLAIM.sample_size == 125
    # With a floor of one half the margin is that of an election: (winner - loser) / ballots.
    assert Claim(600, 1000, 2000, Fraction(1, 2)).margin == pytest.approx((600 - 400) / 2000)


@given(st.integers(1, 2000), st.integers(0, 500), st.fractions(Fraction(1, 10), 50))
def test_a_clean_sample_always_proves(answered, unsatisfied, points):
    claim = Claim.within(max(0, answered - unsatisfied), answered, answered, points)
    pairs = [(True, True)] * claim.sample_size
    assert measured_risk(claim, pairs) <= RISK_LIMIT


def test_the_risk_is_the_super_simple_product():
    """One and two votes overstated, as Stark's formula has them: floor one half, slips as ballots."""
    claim, n = Claim(600, 1000, 1000, Fraction(1, 2)), 200
    pairs = [(True, True)] * (n - 4) + [(True, None), (True, False), (False, None), (False, True)]
    one_over, two_over, one_under, two_under = (1 - e / GAMMA for e in (0.5, 1.0, -0.5, -1.0))
    expected = (1 - 0.2 / (2 * GAMMA)) ** n / (one_over * two_over * one_under * two_under)
    assert measured_risk(claim, pairs) == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.sampled_from([True, False, None]), max_size=200), st.data())
def test_a_slip_that_is_worse_on_paper_never_lowers_the_risk(papers, data):
    pairs = [(True, paper) for paper in papers]
    better = [(True, True if data.draw(st.booleans()) else paper) for paper in papers]
    assert measured_risk(CLAIM, better) <= measured_risk(CLAIM, pairs) + 1e-12


def test_false_claims_are_rarely_confirmed():
    """Of months whose share is just below the floor, at most one in twenty slips through."""
    dice = random.Random(1)
    truly_bad = 26  # of 1,000 slips that were counted as satisfied: 2.6 points too much
    slips = [(True, False)] * truly_bad + [(True, True)] * (960 - truly_bad) + [(False, False)] * 40
    confirmed = sum(
        measured_risk(CLAIM, dice.sample(slips, CLAIM.sample_size)) <= RISK_LIMIT for _ in range(2000)
    )
    assert 0 < confirmed <= 100 + 3 * 10  # 5% of 2000, and three standard deviations of such a count


def test_the_whole_stack_leaves_nothing_to_chance():
    claim = Claim.within(90, 100, 100, Fraction(1))
    same = [(True, True)] * 90 + [(False, False)] * 10
    assert measured_risk(claim, same) == 0.0
    assert measured_risk(claim, [*same[:88], (True, False), (True, False), *same[90:]]) == 1.0


def test_a_draw_depends_on_seed_and_serials_only():
    drawn = draw("2026-12-01 gieo 6 xúc xắc: 4 1 6 2 2 5", SERIALS, 20)
    assert drawn == draw("2026-12-01 gieo 6 xúc xắc: 4 1 6 2 2 5", reversed(SERIALS * 2), 20)
    assert drawn != draw("2026-12-01 gieo 6 xúc xắc: 4 1 6 2 2 6", SERIALS, 20)
    assert drawn[:10] == draw("2026-12-01 gieo 6 xúc xắc: 4 1 6 2 2 5", SERIALS, 10)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this machine")
def test_sha256sum_gives_the_same_ticket():
    ran = subprocess.run(
        ["sha256sum"], input=f"83914,{SERIALS[7]}", capture_output=True, text=True, check=True
    )
    assert ran.stdout.split()[0] == ticket("83914", SERIALS[7])


def test_every_slip_is_drawn_as_often():
    hits = {serial: 0 for serial in SERIALS}
    for seed in range(400):
        for _, serial in draw(str(seed), SERIALS, 50):
            hits[serial] += 1
    # 400 draws of a tenth: 40 each, standard deviation 6; sum of squares over 500 slips.
    spread = sum((count - 40) ** 2 for count in hits.values()) / (400 * 0.1 * 0.9)
    assert 400 < spread < 600


@pytest.mark.parametrize(("differing", "drawn"), [(0, 1), (0, 125), (1, 125), (7, 63), (62, 63)])
def test_the_bound_on_differing_slips_leaves_exactly_the_risk(differing, drawn):
    assert binom.cdf(differing, drawn, most_differing(differing, drawn)) == pytest.approx(RISK_LIMIT)
    assert most_differing(drawn, drawn) == 1.0


def outcomes(count=125, **changed):
    same = Comparison("S", True, True, False, 14, 0, False)
    return [same] * (count - len(changed)) + list(changed.values())


MADE = Draw(
    1,
    "2026-11",
    "seed",
    Fraction(5, 2),
    960,
    1000,
    1000,
    hashlib.sha256().hexdigest(),
    tuple(str(n) for n in range(125)),
)


def test_the_statement_says_what_was_proven():
    choose_language("vi")
    said = statement(assure(MADE, outcomes(), changed=False))
    assert "960/1.000 (96,00%) được xác nhận không thấp hơn 93,50%" in said
    assert "0/1.750" in said


def test_nothing_is_proven_before_all_are_keyed_or_after_figures_changed():
    choose_language("vi")
    assert not assure(MADE, outcomes(124), changed=False).proven
    assert "124/125" in statement(assure(MADE, outcomes(124), changed=False))
    assert not assure(MADE, outcomes(), changed=True).proven
    assert "rút mẫu mới" in statement(assure(MADE, outcomes(), changed=True))


def test_a_paper_that_is_not_found_counts_as_the_worst():
    lost = Comparison("S", True, False, True, 0, 0, True)
    shown = assure(MADE, outcomes(lost=lost), changed=False)
    assert (shown.not_found, shown.overstated, shown.proven) == (1, 1, False)
    assert shown.risk > RISK_LIMIT
