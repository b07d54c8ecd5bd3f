"""Figures of small months that anybody can add up by hand, and laws of pooling."""

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

from months import FORMS, SILENT, UNITS, make_month, slips_of
from tallying import Slip, count

from omr.figures import Change, Nothing, Share
from omr.records.counts.answers import Given
from omr.records.counts.tallies import Channel, SlipState, Stratum, Tallies
from omr.records.offices.periods import parse_period
from omr.records.offices.units import Unit, UnitKind
from omr.reports.figures.pools import merge
from omr.reports.figures.statistics import Month, Stock, changed_units, compare, coverage_changed
from omr.words import AnswerState

PC06 = Stratum("PC06", "DL-01@2025-01", Channel.PAPER)
FIELD = FORMS[PC06.fingerprint].field


def slip(state=SlipState.VALID, reason="", stratum=PC06, **answers):
    given = {key: Given(AnswerState.ANSWERED, (code,)) for key, code in answers.items()}
    return Slip(stratum, state, reason, given)


def month(*slips, period="2025-01", **more):
    return Month(parse_period(period), FORMS, UNITS, count(slips, FORMS), **more)


def test_every_share_names_its_own_denominator():
    counted = month(
        slip(B1="5", B3="4", B4="2", B10="4"),
        slip(B1="3", B10="2"),
        slip(B1="5"),
        Slip(PC06, SlipState.VALID, "", {"B10": Given(AnswerState.MULTIPLE, ("5", "4"))}),
        slip(SlipState.INVALID, "KHL6", B10="1"),
    ).pool()
    assert (counted.valid, counted.invalid, counted.returned) == (4, 1, 5)
    assert counted.overall == Share(1, 2)  # slips with a valid overall answer
    assert counted.by_answers == Share(4, 7)  # answers
    assert counted.throughout == Share(1, 3)  # slips that rated anything
    assert counted.items["DL-01", "B1"].share == Share(2, 3)
    assert counted.factors["Cán bộ giải quyết công việc"] == Share(1, 2)
    assert counted.mean.value() == Decimal("3.00")
    assert counted.reasons == {(SlipState.INVALID, "KHL6"): 1}
    assert counted.validity == Share(4, 5)


def test_an_invalid_slip_moves_no_share():
    good = month(slip(B10="5"))
    assert (
        month(slip(B10="5"), slip(SlipState.INVALID, "KHL4", B10="1")).pool().overall == good.pool().overall
    )
    assert month(slip(B10="5"), slip(SlipState.HELD, "KHL7", B10="1")).pool().overall == good.pool().overall


def test_the_city_pools_slips_and_does_not_average_units():
    other = Stratum("PC08", "DL-04@2025-01", Channel.PAPER)
    counted = month(*[slip(B10="5")] * 9, slip(stratum=other, B10="1"))
    assert counted.pool().overall == Share(9, 10)  # the mean of 100 % and 0 % would be 50 %


def test_pools_add_up_over_any_cut():
    whole = make_month("2025-03")
    for cut in (
        [whole.pool(unit=u.unit) for u in UNITS],
        [whole.pool(field=f) for f in whole.fields],
        [whole.pool(channel=c) for c in Channel],
    ):
        total = merge(cut)
        assert total.slips == whole.pool().slips
        assert total.overall == whole.pool().overall
        assert {key: counts.codes for key, counts in total.items.items()} == {
            key: counts.codes for key, counts in whole.pool().items.items()
        }


def test_counting_does_not_depend_on_the_order_of_slips():
    slips = slips_of("2025-02")
    shuffled = random.Random(1).sample(slips, len(slips))
    assert count(slips, FORMS) == count(shuffled, FORMS)
    assert count(slips, FORMS).digest == count(shuffled, FORMS).digest
    assert count(slips, FORMS).digest != count(slips[1:], FORMS).digest


def test_states_and_codes_agree():
    pool = make_month("2025-03").pool()
    for counts in pool.items.values():
        if counts.question.options:
            assert sum(counts.codes.values()) == counts.answered


def test_only_one_unit_is_the_same_as_its_pool():
    whole = make_month("2025-03")
    assert whole.only("PC06").pool().overall == whole.pool("PC06").overall
    assert whole.only("PC06").participation() == whole.participation("PC06")


def test_nothing_has_three_kinds():
    march, april = make_month("2025-03"), make_month("2025-04")
    assert march.silent(SILENT)  # "chưa nộp"
    assert not march.silent("PC06")
    assert not april.silent("PC06")  # gave in a count of its stock: "0"
    assert april.pool("PC06").returned == 0
    assert not month().expected("PC06")  # holds no slips at all: "–"
    assert april.pool().overall == Share(0, 0)


def test_participation_counts_paper_at_known_counters():
    online = Stratum("PC06", "DL-01@2025-01", Channel.ELECTRONIC)
    elsewhere = Stratum("PC08", "DL-04@2025-01", Channel.PAPER)
    counted = month(
        slip(B10="5"),
        slip(SlipState.INVALID, "KHL5"),
        slip(stratum=online, B10="5"),
        slip(stratum=elsewhere),
        visits={"PC06": 3},
    )
    assert counted.participation() == Share(2, 3)
    assert counted.participation("PC08") == Share(0, 0)
    assert counted.sufficient("PC06") is False  # 1 valid of the 3 that are needed
    assert counted.sufficient("PC08") is None


def test_stock_balances():
    line = Stock("PC06", "DL-01", opening=10, received=100, returned=70, spoiled=5, in_stock=30, missing=5)
    assert line.handed_out == 75
    assert month(stock=(line,)).return_rate() == Share(70, 75)


def test_comparison_with_the_month_before():
    january = month(slip(B10="5"), slip(B10="1"))
    february = month(slip(B10="5"), period="2025-02")
    assert compare(february, january) == Change(Share(1, 1), Share(1, 2))
    assert compare(january, None) is Nothing.NONE
    assert compare(february, month()) is Nothing.NONE
    assert compare(month(period="2025-02"), january) is Nothing.NONE
    assert compare(february, january, unit="PC08") is Nothing.NONE


def test_another_revision_is_not_comparable():
    february, march = make_month("2025-02"), make_month("2025-03")
    fire = FORMS["DL-02@2025-01"].field
    assert compare(march, february, field=fire) is Nothing.NOT_COMPARABLE
    assert compare(march, february, unit="PC07") is Nothing.NOT_COMPARABLE
    assert isinstance(compare(march, february, unit="PC06"), Change)
    assert compare(march, february) is Nothing.NOT_COMPARABLE  # the total holds the changed form


def test_a_reorganised_unit_is_not_comparable():
    february, march = make_month("2025-02"), make_month("2025-03")
    gone = {"CATN", "CANQ"}
    took_in = {"CAX-10", "CAX-01"}
    assert changed_units(march, february) == gone | took_in
    assert all(compare(march, february, unit=u) is Nothing.NOT_COMPARABLE for u in took_in)
    assert not coverage_changed(march, february)  # replaced inside the city


def test_a_city_that_grew_is_not_comparable():
    june, july = month(slip(B10="5"), period="2025-06"), month(slip(B10="5"), period="2025-07")
    arrived = Unit(
        "LTN", "Công an phường Lê Thanh Nghị", UnitKind.COMMUNE, None, date(2025, 7, 1), None, None
    )
    grown = replace(july, units=(*UNITS, arrived))
    assert coverage_changed(grown, june)
    assert compare(grown, june) is Nothing.NOT_COMPARABLE
    assert isinstance(compare(grown, june, unit="PC06"), Change)


def test_the_empty_month_has_no_figures_and_no_errors():
    pool = Month(parse_period("2025-01"), {}, (), Tallies()).pool()
    assert pool.overall.percent() is None
    assert pool.mean.value() is None
    assert pool.factors == {}
