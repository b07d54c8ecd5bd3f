"""What is cut out of a month for one unit, and what may be compared: each condition by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from months import FORMS
from test_statistics import PC06, month, slip

from omr.figures import Change, Nothing, Share
from omr.records.counts.tallies import Channel, CrossTally, Stratum
from omr.records.offices.periods import parse_period
from omr.records.offices.statements import Subject
from omr.records.offices.units import Unit, UnitKind
from omr.reports.figures.statistics import (
    Month,
    Opinion,
    Past,
    Stock,
    changed_units,
    compare,
    coverage_changed,
)

PC08 = Stratum("PC08", "DL-04@2025-01", Channel.PAPER)
PA08 = Stratum("PA08", "DL-03@2025-01", Channel.PAPER)
PC06_ROAD = Stratum("PC06", "DL-04@2025-01", Channel.PAPER)
ONLINE = PC06._replace(channel=Channel.ELECTRONIC)
HOUSE, ROAD = FORMS[PC06.fingerprint].field, FORMS[PC08.fingerprint].field


def stock(unit: str, form: str, opening: int = 0, received: int = 0, moved: int = 0) -> Stock:
    return Stock(unit, form, opening, received, 0, 0, None, None, moved=moved)


@pytest.fixture
def whole() -> Month:
    """A city of three units in which each fact stands beside one of another unit."""
    made = month(
        *[slip(B10="5")] * 3,
        slip(B10="1", stratum=PC08),
        visits={"PC06": 3, "PC08": 1},
        stock=(
            stock("PC06", "DL-01", opening=5),
            stock("PC06", "DL-02", received=5),
            stock("PC08", "DL-04", 9),
        ),
        submitted=frozenset({"PC06", "PC08"}),
        opinions=(
            Opinion("PC06", "DL-01", "Khác", "của PC06"),
            Opinion("PC06", "DL-01", "Khác", "đơn của PC06", complaint=True),
            Opinion("PC08", "DL-04", "Khác", "của PC08"),
        ),
        statements={("PC06", Subject.SOLUTIONS): "một", ("PC08", Subject.SOLUTIONS): "hai"},
        other_surveys={"khác": ("DL-09",)},
        past=(Past(parse_period("2024-12"), Share(1, 2), closed=True),),
    )
    crossed = tuple(CrossTally(stratum, "A2", "b", "5", 1) for stratum in (PC06, PC08))
    return replace(made, tallies=replace(made.tallies, crossed=crossed))


def test_a_units_month_holds_nothing_of_another(whole: Month) -> None:
    own = whole.only("PC06")
    assert own.unit == "PC06" and own.city is whole
    assert {form.form for form in own.forms.values()} == {"DL-01", "DL-02"}  # counted, or held in stock
    assert set(own.forms) == {PC06.fingerprint, *(key for key in FORMS if key.startswith(("DL-02", "DL-01")))}
    for rows in (own.tallies.slips, own.tallies.answers, own.tallies.crossed):
        assert rows and {row.stratum.unit for row in rows} == {"PC06"}
    assert {line.unit for line in own.stock} == {"PC06"} and len(own.stock) == 2
    assert dict(own.visits) == {"PC06": 3}
    assert own.submitted == {"PC06"}
    assert [one.text for one in own.opinions] == ["của PC06"]  # a complaint never goes to its unit
    assert own.statements == {("PC06", Subject.SOLUTIONS): "một"}
    assert own.other_surveys == {} and own.past == ()
    assert own.only("PC06").city is whole  # cut again, it still knows the city


def test_a_unit_that_gave_nothing_in_stays_so(whole: Month) -> None:
    assert replace(whole, submitted=frozenset()).only("PC06").submitted == frozenset()


def test_a_pool_is_cut_by_field_and_by_form_together(whole: Month) -> None:
    assert whole.pool(field=HOUSE, form="DL-04").returned == 0
    assert whole.pool(field=ROAD, form="DL-04").returned == 1
    assert {key for key, _ in whole.pool(field=HOUSE).items} == {"DL-01"}
    assert {key for key, _ in whole.pool("PA08").items} == set()
    blank = whole.pool(field=FORMS[PA08.fingerprint].field)  # nothing came in: each question is there, with 0
    assert {key for key, _ in blank.items} == {"DL-03"}
    assert {
        (item.answered, *item.codes.values(), *item.states.values()) for item in blank.items.values()
    } == {(0,)}
    forms = [key for key, _ in whole.pool().items]
    assert forms == sorted(forms)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (stock("PC06", "DL-01"), False),
        (stock("PC06", "DL-01", opening=1), True),
        (stock("PC06", "DL-01", received=1), True),
        (stock("PC06", "DL-01", opening=3, received=3), True),
        (stock("PC06", "DL-01", moved=1), True),
        (stock("PC06", "DL-01", opening=5, moved=-5), False),  # all of it was handed over
        (stock("PC06", "DL-01", opening=5, moved=-4), True),
        (stock("PC08", "DL-01", opening=9), False),  # another unit's
    ],
)
def test_something_is_expected_of_who_holds_slips(line: Stock, expected: bool) -> None:
    made = month(stock=(line,))
    assert made.expected("PC06") is expected
    assert made.silent("PC06") is expected
    assert not month(slip(B10="5"), stock=(line,)).silent("PC06")


def test_rates_are_of_the_unit_that_was_asked_for(whole: Month) -> None:
    lines = (
        Stock("PC06", "DL-01", 10, 0, returned=6, spoiled=0, in_stock=2, missing=2),
        Stock("PC08", "DL-04", 10, 0, returned=1, spoiled=0, in_stock=0, missing=9),
    )
    made = replace(whole, stock=lines)
    assert made.return_rate("PC06") == Share(6, 8)
    assert made.return_rate("PC08") == Share(1, 10)
    assert made.return_rate() == Share(7, 18)


def test_enough_slips_are_paper_of_that_unit_just_enough_included() -> None:
    three = {"PC06": 3}
    enough = month(*[slip(B10="5")] * 3, slip(stratum=PC08), visits=three)
    assert enough.sufficient("PC06") is True  # 3 of 3
    short = month(
        *[slip(B10="5")] * 2, *[slip(stratum=ONLINE, B10="5")] * 5, slip(stratum=PC08), visits=three
    )
    assert short.sufficient("PC06") is False


def test_a_comparison_is_of_the_same_unit_and_field_in_both_months() -> None:
    before = month(slip(B10="5"), slip(B10="1", stratum=PC06_ROAD), slip(B10="1", stratum=PC08))
    now = month(
        *[slip(B10="5")] * 2, slip(B10="1"), slip(B10="5", stratum=PC06_ROAD), slip(B10="5", stratum=PC08),
        period="2025-02",
    )  # fmt: skip
    assert compare(now, before, "PC06", HOUSE) == Change(Share(2, 3), Share(1, 1))
    assert compare(now, before, "PC06") == Change(Share(3, 4), Share(1, 2))
    assert compare(now, before, field=ROAD) == Change(Share(2, 2), Share(0, 2))
    assert compare(now.only("PC06"), before) == Change(Share(3, 4), Share(1, 2))


def test_another_revision_spoils_only_the_comparison_it_is_in() -> None:
    newer = PC06._replace(fingerprint="DL-01@2025-03")
    before = month(slip(B10="5"), slip(B10="5", stratum=PC06_ROAD), slip(B10="5", stratum=PC08))
    now = month(
        slip(B10="5", stratum=newer), slip(B10="5", stratum=PC06_ROAD), slip(B10="5", stratum=PC08),
        period="2025-02",
    )  # fmt: skip
    assert compare(now, before, "PC06") is Nothing.NOT_COMPARABLE
    assert compare(now, before, "PC06", HOUSE) is Nothing.NOT_COMPARABLE
    assert isinstance(compare(now, before, "PC06", ROAD), Change)
    assert isinstance(compare(now, before, "PC08"), Change)
    assert isinstance(compare(now, before, field=ROAD), Change)
    mixed = month(*[slip(B10="5", stratum=s) for s in (PC06, newer, PC08)])
    assert compare(now, mixed, "PC06", HOUSE) is Nothing.NOT_COMPARABLE


def unit(code: str, begins: date, ends: date | None = None, heir: str | None = None) -> Unit:
    return Unit(code, code, UnitKind.COMMUNE, None, begins, ends, heir)


@pytest.mark.parametrize(
    ("entry", "changed"),
    [
        (unit("X", date(2025, 1, 1)), False),  # on the first day of the month before: it was there all of it
        (unit("X", date(2025, 1, 2)), True),
        (unit("X", date(2025, 2, 28)), True),
        (unit("X", date(2025, 3, 1)), False),  # after both
        (unit("X", date(2024, 1, 1), date(2025, 1, 1)), False),  # gone before both
        (unit("X", date(2024, 1, 1), date(2025, 1, 2)), True),
        (unit("X", date(2024, 1, 1), date(2025, 2, 28)), True),
        (unit("X", date(2024, 1, 1), date(2025, 3, 1)), False),  # still there on the last day of both
    ],
)
def test_the_days_on_which_a_change_counts(entry: Unit, changed: bool) -> None:
    before, now = month(), month(period="2025-02")
    assert ("X" in changed_units(replace(now, units=(entry,)), replace(before, units=()))) is changed


def test_a_city_that_gave_a_unit_away_changed_and_one_that_renamed_it_did_not() -> None:
    gone = unit("X", date(2024, 1, 1), date(2025, 2, 1))
    heir = unit("Y", date(2025, 2, 1))
    before, now = replace(month(), units=(gone,)), replace(month(period="2025-02"), units=(gone,))
    assert coverage_changed(now, before)
    renamed = (unit("X", date(2024, 1, 1), date(2025, 2, 1), "Y"), heir)
    assert not coverage_changed(replace(now, units=renamed), replace(before, units=renamed))
    assert coverage_changed(replace(now, units=(gone, heir)), replace(before, units=(gone, heir)))


def test_another_units_revision_of_the_same_form_spoils_nothing() -> None:
    elsewhere = Stratum("PC08", "DL-01@2025-03", Channel.PAPER)
    old = Stratum("PC08", "DL-01@2025-01", Channel.PAPER)
    before = month(slip(B10="5"), slip(B10="5", stratum=old))
    now = month(slip(B10="5"), slip(B10="5", stratum=elsewhere), period="2025-02")
    assert isinstance(compare(now, before, "PC06"), Change)
    assert compare(now, before, "PC08") is Nothing.NOT_COMPARABLE
    assert isinstance(compare(before, replace(now, period=before.period), "PC06"), Change)
