"""Numbers, dates and codes from the slip to the figures: typed, counted, exported as what they are."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from alone import is_the_same_alone
from scanned import FORM, Scanner, slip
from tallying import PERIOD, counted

from omr.errors import OmrError
from omr.figures import Mean, Nothing
from omr.forms.entries import DIGITS, PLACES, Shape, box_code
from omr.forms.serial import Issue
from omr.forms.template import Entry, Form, Kind, Option, Question
from omr.geometry import Box
from omr.office import Office
from omr.records.counts.slips import current_slips
from omr.records.month.closing import adjust, close_as_it_is
from omr.records.month.parquet import export as export_parquet
from omr.records.offices.periods import parse_period
from omr.records.review.queue import queue, shown
from omr.records.store.store import Store
from omr.reports import monthly
from omr.reports.tables.scale_tables import numbers_table
from omr.reports.tables.tidy import count_rows
from omr.words import AnswerState


def value(key: str, kind: Kind, entry: Entry) -> Question:
    boxes = tuple(
        Option(box_code(place, sign), sign, False, Box(10.0 + 11 * place, 60.0 + 6 * at, 4.5, 4.5))
        for place, signs in enumerate(entry.places, 1)
        for at, sign in enumerate(signs)
    )
    return Question(key, kind, f"Câu {key}", "", False, False, boxes, None, None, entry)


ASKING: Form = replace(
    FORM,
    form="KS-02",
    digit=8,
    questions=(
        *FORM.questions,
        value("N1", Kind.NUMBER, Entry((DIGITS,) * 2, least=16, most=90)),
        value("N2", Kind.NUMBER, Entry((DIGITS,) * 3, decimals=1)),
        value("D1", Kind.DATE, Entry(PLACES[Shape.DAY], shape="dd/mm/yyyy")),
        value("K1", Kind.CODE, Entry((DIGITS,) * 4, check="luhn")),
    ),
)
FULL = {"A1": "1", "B1": "5", "B2": "5", "B3": "5", "B10": "5"}


@pytest.fixture
def read(scanner: Scanner, issued_run: Callable[..., Issue]) -> Callable[..., None]:
    """Take slips in; of each, what is said beside full marks."""

    def take(*said: dict[str, str]) -> None:
        run = issued_run(len(said), form=ASKING)
        pages = [slip(run, run.first + at, form=ASKING, **FULL, **one) for at, one in enumerate(said)]
        scanner.take_in(scanner.scan("a.tif", *pages))

    return take


def test_what_people_type_is_a_value_or_is_refused(
    read: Callable[..., None], scanner: Scanner, store: Store
) -> None:
    read({"N1": "?", "D1": "?", "K1": "?"})
    office = Office(scanner.workspace, store, "lan")
    items = {item.question: item.item for item in queue(store) if item.kind == "answer"}
    words = [choice.word for choice in shown(store, items["N1"]).choices]
    assert words == ["…", "none", "multiple", "undecidable", "withdraw"]  # no box is an answer
    for key, typed in (("N1", "147"), ("N1", "12"), ("D1", "31/2/2026"), ("K1", "1231"), ("N1", "4 7")):
        with pytest.raises(OmrError) as refused:
            office.decide(items[key], typed.split(), why="đã xem")
        assert refused.value.key == "entries.wrong", typed
    for key, typed in (("N1", "047"), ("D1", "3/11/2026"), ("K1", "1230")):
        office.decide(items[key], [typed], why="đã xem")
    (one,) = current_slips(store)
    said = {key: answer.codes for key, answer in one.answers.items() if key in items}
    assert said == {"N1": ("47",), "D1": ("2026-11-03",), "K1": ("1230",)}


def test_values_are_counted_and_exported_as_what_they_are(
    read: Callable[..., None], scanner: Scanner, store: Store, tmp_path: Path
) -> None:
    dice = random.Random(5)
    hours = [f"{dice.randrange(99)}.{dice.randrange(10)}" for _ in range(30)]
    ages = [dice.choice(["16", "47", "90", "", "?"]) for _ in hours]
    read(
        *(
            {"N1": age, "N2": hour, "D1": "2026-11-03", "K1": "1230"}
            for age, hour in zip(ages, hours, strict=True)
        )
    )
    found = counted(store)  # tallies, single slips and views agree
    by_code = {row.code: row.slips for row in found.answers if row.question == "N1" and row.code}
    assert by_code == {age: ages.count(age) for age in ("16", "47", "90")}
    # Whom a code or a day names is in no table of counts.
    assert not any(row.code for row in found.answers if row.question in ("D1", "K1"))
    is_the_same_alone(store, scanner.workspace.path, PERIOD, tmp_path)
    export_parquet(store, tmp_path / "parquet")
    rows = pq.read_table(tmp_path / "parquet" / "answers" / f"period={PERIOD}" / "part-0.parquet").to_pylist()
    said = {
        (row["question"], row["number"], row["day"]) for row in rows if row["serial"] == rows[0]["serial"]
    }
    assert ("N2", float(hours[0]), None) in said and ("D1", None, date(2026, 11, 3)) in said
    assert ("K1", None, None) in said and ("B10", None, None) in said
    (draft,) = numbers_table(monthly.gather(store, PERIOD), 5)
    assert {row.cells[4:] for row in draft.rows} == {(Nothing.NONE,) * 4}  # of an open month no value
    assert "lập khi chốt" in draft.notes[-1] and draft.rows[1].cells[2] == len(hours)
    close_anyway(store)
    month = monthly.gather(store, PERIOD)
    (table,) = numbers_table(month, 5)
    known = sorted(int(age) for age in ages if age.isdecimal())
    n1, n2, d1, k1 = (row.cells for row in table.rows)
    assert n1[2:5] == (len(known), 0, Mean(sum(known), len(known)))
    tenths = sorted(int(hour.replace(".", "")) for hour in hours)
    assert n2[4].value() == Mean(sum(tenths), 10 * len(tenths)).value()
    # An extreme that fewer than five wrote is one person's; one that many wrote is nobody's.
    ends = [tenths[0], tenths[-1]]
    few = [Nothing.SUPPRESSED if tenths.count(end) < 5 else Mean(end, 10) for end in ends]
    assert list(n2[6:8]) == few
    (of_many,) = numbers_table(month, 2)
    assert (of_many.rows[0].cells[6], of_many.rows[0].cells[7]) == (Mean(known[0], 1), Mean(known[-1], 1))
    assert d1[2:] == k1[2:] == (30, 0, *[Nothing.NONE] * 4)
    counts = [row for row in count_rows(month) if row[7] == "N1"]
    assert {(row[10], row[11]) for row in counts} <= {(state, "") for state in AnswerState}


def test_two_means_of_an_adjusted_month_give_nobodys_number_away(
    read: Callable[..., None], scanner: Scanner, store: Store
) -> None:
    """Eleven times the later mean less ten times the first one would be what the eleventh wrote."""
    read(*({"N1": f"{20 + at}"} for at in range(10)))
    close_anyway(store)
    (first,) = numbers_table(monthly.gather(store, PERIOD), 5)
    assert first.rows[0].cells[2] == 10 and isinstance(first.rows[0].cells[4], Mean)
    adjust(store, parse_period(PERIOD), by="hung", why="tìm thấy hòm phiếu")
    read({"N1": "77"})
    for unit in (None, "PC06"):
        for _ in range(2):  # while it is adjusted, and closed again
            month = monthly.gather(store, PERIOD, unit=unit)
            assert month.pool().overall.whole == 11
            (later,) = numbers_table(month, 5)
            assert later.rows == first.rows and "giữ số liệu chốt ngày" in later.notes[-1]
            if month.adjusting:
                close_anyway(store)


def close_anyway(store: Store) -> None:
    with store.act("close_period", by="hung") as act:
        close_as_it_is(store, act, parse_period(PERIOD))


def test_of_few_answers_no_value_is_shown(read: Callable[..., None], scanner: Scanner, store: Store) -> None:
    read({"N1": "47"}, {"N1": "90"})
    close_anyway(store)
    month = monthly.gather(store, PERIOD)
    (table,) = numbers_table(month, 5)
    assert table.rows[0].cells[2:] == (2, 0, *[Nothing.NONE] * 4)
