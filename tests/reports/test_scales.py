"""Biểu 12 and 14: rankings, other scales than the overall question's, with mean and distribution."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from scanned import FORM, question
from tallying import Slip, count

from omr.figures import Mean
from omr.forms.template import Form, Kind
from omr.records.counts.answers import Given
from omr.records.counts.tallies import Channel, SlipState, Stratum
from omr.records.offices.periods import parse_period
from omr.records.offices.units import Unit, UnitKind
from omr.reports.figures.statistics import Month
from omr.reports.tables.scale_tables import ranking_tables, scale_tables
from omr.words import AnswerState

NUMBERS = tuple(str(value) for value in range(11))
ABOUT = replace(question("S1", codes=NUMBERS), core=False)
RARE = replace(question("R1", codes=("3", "2", "1", "na")))
RARE = replace(RARE, options=(*RARE.options[:3], replace(RARE.options[3], applies=False)))
SCALES: Form = replace(FORM, questions=(*FORM.questions, ABOUT, RARE))


def month(form: Form, *said: dict[str, str]) -> Month:
    at = Stratum("PC06", "f" * 64, Channel.PAPER)
    slips = []
    for answers in said:
        given = {key: Given(AnswerState.ANSWERED, (code,)) for key, code in answers.items()}
        for key, answer in given.items():
            if answer.codes == ("na",):
                given[key] = Given(AnswerState.NOT_APPLICABLE, answer.codes)
        slips.append(Slip(at, SlipState.VALID, "", given))
    forms = {at.fingerprint: form}
    unit = Unit("PC06", "Phòng", UnitKind.DEPARTMENT, None, None, date(2020, 1, 1), None)
    return Month(parse_period("2026-11"), forms, (unit,), count(slips, forms))


def test_each_scale_is_a_table_with_its_mean_and_what_did_not_apply() -> None:
    said = [{"B10": "5", "S1": "10", "R1": "3"}, {"B10": "4", "S1": "7", "R1": "na"}, {"B10": "1", "R1": "1"}]
    numbers, levels = scale_tables(month(SCALES, *said))
    assert (numbers.number, levels.number) == ("12.1", "12.2")
    assert [column.heading for column in numbers.columns[2:13]] == [
        "mức 0",
        *(f"mức {n}" for n in NUMBERS[1:]),
    ]
    (row,) = numbers.rows[1:]
    assert row.cells[0] == "S1" and row.cells[2:13] == (0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1)
    assert row.cells[13:] == (2, 0, Mean(17, 2))
    (rare,) = levels.rows[1:]
    assert rare.cells[2:] == (1, 0, 1, 2, 1, Mean(4, 2))  # the mean is of those who were concerned


def test_what_stands_among_the_criteria_is_not_shown_twice() -> None:
    assert list(scale_tables(month(FORM, {"B10": "5", "B1": "4"}))) == []


def _ranked(*ranks: str) -> Form:
    rows = (
        replace(
            question(f"R1_{name}", Kind.RANK, ranks),
            core=False,
            ranking="R1",
            text=f"Việc trước: {name.title()}",
        )
        for name in ("ROOMS", "CARS", "MEALS")
    )
    return replace(FORM, questions=(*FORM.questions, *rows))


def test_a_ranking_shows_each_rank_and_the_mean_rank_of_each_thing() -> None:
    said = [
        {"B10": "5", "R1_ROOMS": "1", "R1_CARS": "2", "R1_MEALS": "3"},
        {"B10": "5", "R1_ROOMS": "2", "R1_CARS": "1", "R1_MEALS": "3"},
    ]
    (table,) = ranking_tables(month(_ranked("1", "2", "3"), *said))
    assert (table.number, table.title) == ("14", "Thứ hạng: Việc trước")
    assert [row.cells[1:] for row in table.rows] == [
        ("Rooms", 1, 1, 0, 2, Mean(3, 2)),
        ("Cars", 1, 1, 0, 2, Mean(3, 2)),
        ("Meals", 0, 0, 2, 2, Mean(6, 2)),
    ]
    assert list(scale_tables(month(_ranked("1", "2", "3"), *said))) == []  # it is no scale


def test_where_only_the_first_are_ranked_there_is_no_mean() -> None:
    said = {"B10": "5", "R1_ROOMS": "1", "R1_CARS": "2"}
    (table,) = ranking_tables(month(_ranked("1", "2"), said))
    assert [row.cells[2:] for row in table.rows] == [(1, 0, 1, None), (0, 1, 1, None), (0, 0, 0, None)]
