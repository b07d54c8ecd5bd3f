"""Small cells: nothing that points at a person can be read or computed from a table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from months import make_month

from omr.errors import OmrError
from omr.figures import Nothing, Share
from omr.records.counts.kept_tallies import Told, Withheld
from omr.records.counts.tallies import Tallies
from omr.reports import monthly
from omr.reports.figures.breakdowns import breakdowns
from omr.reports.figures.hiding import hide_small, hide_small_cells
from omr.reports.tables import tidy
from omr.reports.tables.slicing import slices
from omr.reports.tables.told import told_when
from omr.workspace import ReportSettings

LIMIT = 5
shares = st.integers(0, 40).flatmap(lambda n: st.builds(Share, st.integers(0, n), st.just(n)))
tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(shares, min_size=width, max_size=width), min_size=1, max_size=5)
)


@given(tables)
def test_no_small_cell_is_shown(rows):
    shown = hide_small_cells(rows, LIMIT)
    for given_row, shown_row in zip(rows, shown, strict=True):
        for share, (size, told) in zip(given_row[:-1], shown_row[:-1], strict=True):
            if size is not Nothing.SUPPRESSED:
                assert size == 0 or size >= LIMIT
            if told is not Nothing.SUPPRESSED:
                assert told == share
                assert not 0 < told.part < LIMIT and not 0 < told.whole - told.part < LIMIT


@given(tables)
def test_no_hidden_cell_follows_from_a_total(rows):
    """In no row or column is exactly one cell hidden, unless there is no other to hide."""
    shown = hide_small_cells(rows, LIMIT)
    lines = [*shown, *(map(list, zip(*shown, strict=True)) if len(shown) > 1 else [])]
    sizes = [[share.whole for share in row] for row in rows]
    size_lines = [*sizes, *(map(list, zip(*sizes, strict=True)) if len(sizes) > 1 else [])]
    for line, whole in zip(lines, size_lines, strict=True):
        for part in (0, 1):
            hidden = [cell[part] is Nothing.SUPPRESSED for cell in line]
            left = [size for size, gone in zip(whole, hidden, strict=True) if size and not gone]
            taken = [size for size, gone in zip(whole, hidden, strict=True) if gone]
            if taken and left:
                assert len(taken) > 1 and sum(taken) >= LIMIT


def test_who_did_not_say_is_hidden_along_first():
    hidden = hide_small([Share(90, 100), Share(2, 3), Share(8, 14), Share(30, 40)], LIMIT)
    assert [size for size, _ in hidden] == [100, Nothing.SUPPRESSED, 14, Nothing.SUPPRESSED]


def test_who_did_not_say_alone_points_at_nobody():
    assert hide_small([Share(90, 100), Share(50, 60), Share(1, 2)], LIMIT)[2] == (2, Share(1, 2))


def test_breakdowns_add_up_to_the_overall_answers():
    march = make_month("2025-03")
    told = breakdowns(march, 1)
    for breakdown in told:
        whole = march.pool(field=breakdown.field or None).overall
        assert sum((group.share for group in breakdown.groups), Share(0, 0)) == whole
    assert [(b.question, bool(b.field)) for b in told] == [("A1", False), ("A2", False), ("A3", False)] + [
        ("A5", True)
    ] * 4


def test_slices_add_up_whatever_they_are_cut_by():
    march = make_month("2025-03")
    for by in (["unit"], ["field", "channel"], ["unit", "age"], ["procedure"], ["gender"]):
        assert sum((one.share for one in slices(march, by, 1)), Share(0, 0)) == march.pool().overall
    by_question = slices(march, ["question"], 1)
    assert sum((one.share for one in by_question), Share(0, 0)) == march.pool().by_answers
    factors = {one.codes[0]: one.share for one in slices(march, ["factor"], 1)}
    assert factors == dict(march.pool().factors)


def test_slices_by_person_are_hidden_in_rows_and_columns():
    march = make_month("2025-03")
    found = slices(march, ["unit", "age"], LIMIT)
    assert any(one.share is Nothing.SUPPRESSED for one in found)
    assert all(
        one.answered is Nothing.SUPPRESSED or not 0 < one.answered < LIMIT for one in found if one.codes[1]
    )


def test_an_option_of_the_same_code_in_two_forms_is_two_groups_unless_the_words_agree():
    march = make_month("2025-03")
    procedures = {one.labels[0] for one in slices(march, ["procedure"], 1)}
    assert {"Thẩm duyệt thiết kế", "Cấp hộ chiếu phổ thông", "Khác", "Không ghi"} <= procedures
    assert replace(march).period == march.period


def test_a_table_by_person_lists_only_what_the_forms_there_offer():
    march = make_month("2025-03")
    offered = {
        (unit, option.label)
        for stratum in march.pools
        for question in march.forms[stratum.fingerprint].questions
        if question.key == "A5"
        for option in question.options
        for unit in [stratum.unit]
    }
    listed = {one.codes[0:1] + one.labels[1:] for one in slices(march, ["unit", "procedure"], 1)}
    assert listed == offered | {(unit, "Không ghi") for unit, _ in offered}


@pytest.mark.parametrize("more", ["field", "form", "channel"])
def test_a_trait_is_divided_as_the_reports_divide_it_and_by_nothing_else(more):
    """Its tables by field, form and channel could be subtracted from those by unit, and from each other."""
    march = make_month("2025-03")
    for by in (["gender", more], [more, "gender"], ["unit", more, "age"]):
        with pytest.raises(OmrError) as error:
            slices(march, by, LIMIT)
        assert error.value.key == "report.told_by_unit_only" and more in str(error.value)
    assert slices(march, [more, "question"], LIMIT)


@pytest.mark.parametrize("withheld", Withheld)
def test_an_open_month_tells_of_no_respondents_in_anything(withheld):
    """Two drafts of it, a slip apart, would tell what that person said."""
    whole = make_month("2025-03")
    for march in (whole, whole.only("CAX-03")):
        draft = replace(march, told=Told(withheld))
        assert breakdowns(march, LIMIT) and not breakdowns(draft, LIMIT) and not draft.respondents
        (table,) = [table for table in monthly.annex(draft, None, ReportSettings()) if table.number == "05"]
        assert not table.rows and table.notes == told_when(draft)
        asked = {row[7] for row in tidy.count_rows(march, LIMIT)} & {"A1", "A2", "A3", "A5"}
        assert asked and not asked & {row[7] for row in tidy.count_rows(draft, LIMIT)}
        told = monthly.figures(draft, LIMIT)
        assert told["respondents"] == []
        of_people = [of for item, of in told["questions"].items() if "/A" in item]
        assert of_people and all(of["answered"] is None for of in of_people)
        for by in (["gender"], ["unit", "procedure"]):
            with pytest.raises(OmrError) as error:
                slices(draft, by, LIMIT)
            assert error.value.key == f"report.withheld_{withheld}"
        assert draft.pool().overall == march.pool().overall


def test_what_no_form_asks_is_no_dimension():
    with pytest.raises(OmrError) as error:
        slices(make_month("2025-03"), ["visits"], LIMIT)
    assert error.value.key == "report.no_dimension"
    assert slices(replace(make_month("2025-03"), forms={}, tallies=Tallies()), ["visits"], LIMIT) == []
