"""The life of serials after printing, and the books of every unit and form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from scanned import Scanner, rejected, slip

from omr.errors import RegisterError
from omr.forms.serial import Issue
from omr.records.counts.slips import current_slips
from omr.records.month.reconcile import Line, reconcile, size, spans
from omr.records.offices.periods import parse_period
from omr.records.register.custody import Custody, Place
from omr.records.register.stock import count, receive, spoil
from omr.records.review.decide import decide
from omr.records.store.store import Store

Issuing = Callable[..., Issue]


def serials(run: Issue, first: int, last: int | None = None) -> str:
    return f"{run.serial(first)}..{run.serial(last or first)}"


def books(store: Store, period: str = "2026-11") -> dict[str, Line]:
    lines = reconcile(store, parse_period(period))
    assert len({(line.unit, line.form) for line in lines}) == len(lines)
    return {str(line.unit): line for line in lines}


def figures(line: Line) -> dict[str, int]:
    return {name: number for name, number in line.figures.items() if number}


def test_every_serial_of_a_month_is_somewhere(scanner: Scanner, store: Store, issued_run: Issuing) -> None:
    run = issued_run(20)
    scanner.take_in(
        scanner.scan(
            "a.tif", *(slip(run, at) for at in range(1, 11)), slip(run, 11, B1="", B2="", B3="", B10="")
        )
    )
    spoil(store, [serials(run, 12, 13)], why="rách", by="lan")
    count(store, [serials(run, 15, 18)], unit="PC06", form="ĐL-01", period="2026-11", by="lan")
    line = books(store)["PC06"]
    assert figures(line) == {
        "received": 20,
        "returned": 11,
        "valid": 10,
        "invalid": 1,
        "spoiled": 2,
        "in_stock": 4,
        "missing": 3,
    }
    assert list(spans(line.missing_numbers, {run.run: run})) == [str(run.serial(14)), serials(run, 19, 20)]
    assert (line.balanced, line.counted, size(line.contradictions)) == (True, True, 0)


def test_stock_opens_the_next_month_and_its_slips_belong_there(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(10)
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2)))
    count(store, [serials(run, 3, 8)], unit="PC06", form="DL-01", period="2026-11", by="lan")
    scanner.take_in(
        scanner.scan("b.tif", *(slip(run, at) for at in (3, 4, 9))), unit="PC06", period="2026-12"
    )
    # 9 was missing in November: it does not become a slip of December because it came late.
    assert figures(books(store)["PC06"]) == {
        "received": 10,
        "returned": 3,
        "valid": 2,
        "invalid": 1,
        "in_stock": 6,
        "missing": 1,
    }
    assert figures(books(store, "2026-12")["PC06"]) == {"opening": 6, "returned": 2, "valid": 2, "missing": 4}
    count(store, [serials(run, 5, 8)], unit="PC06", form="DL-01", period="2026-12", by="lan")
    assert figures(books(store, "2026-12")["PC06"]) == {
        "opening": 6,
        "returned": 2,
        "valid": 2,
        "in_stock": 4,
    }
    assert figures(books(store, "2027-01")["PC06"]) == {"opening": 4, "missing": 4}
    assert all(
        line.balanced
        for period in ("2026-11", "2026-12", "2027-01")
        for line in books(store, period).values()
    )


def test_a_hand_over_moves_serials_between_the_books(store: Store, issued_run: Issuing) -> None:
    run = issued_run(10)
    receive(store, [serials(run, 4, 6), serials(run, 10)], unit="Phòng cảnh sát giao thông", by="lan")
    assert {unit: figures(line) for unit, line in books(store).items()} == {
        "PC06": {"received": 6, "missing": 6},
        "PC08": {"received": 4, "missing": 4},
    }
    count(store, [serials(run, 5, 6)], unit="PC08", form="DL-01", period="2026-11", by="lan")
    receive(store, [serials(run, 6)], unit="PC06", by="lan")
    assert {unit: figures(line) for unit, line in books(store, "2026-12").items()} == {
        "PC06": {"received": 1, "missing": 1},
        "PC08": {"opening": 1, "missing": 1},
    }


def test_spoiled_sheets_are_not_handed_over_and_the_others_are_named(
    store: Store, issued_run: Issuing
) -> None:
    run = issued_run(6)
    spoil(store, [serials(run, 2, 3)], why="rách", by="lan")
    with pytest.raises(RegisterError) as among:
        receive(store, [serials(run, 1, 4)], unit="PC08", by="lan")
    printed = {number: run.serial(number).printed for number in range(1, 5)}
    assert among.value.key == "register.spoiled_among"
    assert among.value.values == {
        "ranges": f"{printed[2]}..{printed[3]}",
        "left": f"{printed[1]}, {printed[4]}",
    }
    with pytest.raises(RegisterError) as whole:
        receive(store, [serials(run, 3)], unit="PC08", by="lan")
    assert (whole.value.key, whole.value.values) == ("register.spoiled_all", {"ranges": printed[3]})
    receive(store, [serials(run, 1), serials(run, 4)], unit="PC08", by="lan")
    assert {unit: figures(line) for unit, line in books(store).items()} == {
        "PC06": {"received": 4, "spoiled": 2, "missing": 2},
        "PC08": {"received": 2, "missing": 2},
    }


def test_slips_held_for_another_unit_count_once_the_hand_over_is_recorded(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(5)
    made = scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2)), unit="PC08", period="2026-11")
    assert made.to_review == 2
    assert figures(books(store)["PC06"]) == {"received": 5, "returned": 2, "invalid": 2, "missing": 3}
    receive(store, [serials(run, 1, 5)], unit="PC08", by="lan", why="sổ giao nhận 12")
    assert figures(books(store)["PC08"]) == {"received": 5, "returned": 2, "valid": 2, "missing": 3}
    assert [(one.unit, one.valid) for one in current_slips(store)] == [("PC08", True)] * 2


def test_slips_held_for_another_period_count_once_the_stock_is_counted(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(5)
    scanner.take_in(scanner.scan("a.tif", slip(run, 3)), unit="PC06", period="2026-12")
    assert figures(books(store)["PC06"]) == {"received": 5, "returned": 1, "invalid": 1, "missing": 4}
    assert count(store, [serials(run, 3, 5)], unit="PC06", form="DL-01", period="2026-11", by="lan") == []
    assert figures(books(store)["PC06"]) == {"received": 5, "in_stock": 3, "missing": 2}
    assert figures(books(store, "2026-12")["PC06"]) == {"opening": 3, "returned": 1, "valid": 1, "missing": 2}


def test_a_serial_that_is_returned_and_in_stock_is_a_contradiction_with_its_place(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(5)
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2)))
    twice = count(store, [serials(run, 2, 4)], unit="PC06", form="DL-01", period="2026-11", by="lan")
    assert [(span.first, span.last) for span in twice] == [(2, 2)]
    line = books(store)["PC06"]
    assert (line.balanced, line.difference) == (False, 1)
    assert list(spans(line.contradictions, {run.run: run})) == [str(run.serial(2))]
    count(store, [serials(run, 3, 4)], unit="PC06", form="DL-01", period="2026-11", by="lan", why="đếm lại")
    assert books(store)["PC06"].balanced


def test_a_count_that_is_recorded_late_moves_the_slips_that_came_after_it(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(5)
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2)))
    count(store, [serials(run, 2, 4)], unit="PC06", form="DL-01", period="2026-11", by="lan", late=True)
    assert figures(books(store)["PC06"]) == {
        "received": 5,
        "returned": 1,
        "valid": 1,
        "in_stock": 3,
        "missing": 1,
    }
    assert figures(books(store, "2026-12")["PC06"]) == {"opening": 3, "returned": 1, "valid": 1, "missing": 2}


def test_what_came_back_is_neither_handed_over_nor_spoiled(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(5)
    scanner.take_in(scanner.scan("a.tif", slip(run, 2)))
    events = store.value("SELECT count(*) FROM events")
    with pytest.raises(RegisterError) as error:
        receive(store, [serials(run, 1, 3)], unit="PC08", by="lan")
    assert error.value.key == "register.returned"
    with pytest.raises(RegisterError) as error:
        spoil(store, [serials(run, 1, 3)], why="rách", by="lan")
    assert error.value.values["ranges"] == run.serial(2).printed
    assert store.value("SELECT count(*) FROM events") == events
    receive(store, [serials(run, 1, 3)], unit="PC08", by="lan", late=True)
    assert figures(books(store)["PC08"]) == {"received": 3, "returned": 1, "valid": 1, "missing": 2}


def test_a_spoiled_slip_that_is_scanned_waits_and_is_counted_once(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(5)
    spoil(store, [serials(run, 1, 2), str(run.serial(4))], why="in mờ", by="lan")
    assert spoil(store, [serials(run, 2, 3)], why="rách", by="lan")[0].first == 3
    made = scanner.take_in(scanner.scan("a.tif", slip(run, 2), slip(run, 5)))
    assert [one.reason for one in made.problems] == ["spoiled"]
    assert figures(books(store)["PC06"]) == {"received": 5, "returned": 1, "valid": 1, "spoiled": 4}
    decide(store, "H1", ["counts"], by="lan", why="ghi nhầm là hỏng", read=lambda item, serial: slip(run, 2))
    assert figures(books(store)["PC06"]) == {"received": 5, "returned": 2, "valid": 2, "spoiled": 3}


def test_foreign_slips_are_counted_where_their_stack_belongs(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run(5)
    foreign = run.serial(1).printed.replace("0000001", "0000001")
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), rejected("serial_unknown", serial=foreign)))
    scanner.take_in(
        scanner.scan("b.tif", rejected("serial_unknown", serial="?")), unit="PC08", period="2026-11"
    )
    scanner.take_in(
        scanner.scan("c.tif", rejected("serial_unknown", serial="?")), unit="PC08", period="2026-10"
    )
    found = books(store)
    assert (found["PC06"].unknown, found["PC06"].form, found["PC08"].unknown, found["PC08"].form) == (
        1,
        "DL-01",
        1,
        None,
    )
    decide(store, "P3", ["not_a_slip"], by="lan", why="tờ quảng cáo", read=lambda item, serial: slip(run, 1))
    assert "PC08" not in books(store)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("abc", "serial.pattern"),
        ("", "serial.pattern"),
        ("{1}..{2}..{3}", "register.bad_range"),
        ("{3}..{1}", "register.two_runs"),
        ("{1}..{other}", "register.two_runs"),
        ("{forged}", "register.not_issued"),
    ],
)
def test_a_range_is_of_serials_that_were_issued_together(
    store: Store, issued_run: Issuing, text: str, key: str
) -> None:
    from dataclasses import replace

    run, other = issued_run(3), issued_run(3)
    forged = replace(run, first=900, count=5).serial(901)
    words = {"other": other.serial(4), "forged": forged}
    text = text.format("", run.serial(1), run.serial(2), run.serial(3), **words)
    with pytest.raises(Exception) as error:
        receive(store, [text], unit="PC06", by="lan")
    assert getattr(error.value, "key", None) == key


def test_what_a_unit_does_not_have_it_cannot_count(store: Store, issued_run: Issuing) -> None:
    run = issued_run(3)
    for unit, form, period, key in [
        ("PC08", "DL-01", "2026-11", "register.not_there"),
        ("PC06", "DL-01", "2026-12", "register.not_there"),
        ("PC06", "DL-09", "2026-11", "register.no_form"),
    ]:
        with pytest.raises(RegisterError) as error:
            count(store, [serials(run, 1, 2)], unit=unit, form=form, period=period, by="lan")
        assert error.value.key == key


def test_no_period_that_has_not_begun_is_counted(store: Store, issued_run: Issuing) -> None:
    run = issued_run(3)
    told = {"unit": "PC06", "form": "DL-01", "by": "lan"}
    with pytest.raises(RegisterError) as error:
        count(store, [serials(run, 1)], **told, period="2026-11", today=date(2026, 10, 31))
    assert error.value.key == "register.count_to_come" and not books(store)["PC06"].counted
    assert count(store, [serials(run, 1)], **told, period="2026-11", today=date(2026, 11, 1)) == []


def test_slips_are_given_out_ahead_for_the_coming_period_at_most(store: Store, issued_run: Issuing) -> None:
    run, told = issued_run(5), {"unit": "PC08", "by": "lan"}  # of 2026-11
    with pytest.raises(RegisterError) as error:
        receive(store, [serials(run, 1)], **told, period="2027-01", today=date(2026, 11, 30))
    assert error.value.key == "register.far_ahead" and Custody(store).place(run.run, 1).unit == "PC06"
    receive(store, [serials(run, 1)], **told, period="2026-12", today=date(2026, 11, 30))
    receive(store, [serials(run, 2)], **told, today=date(2026, 9, 1))  # printed for it, long ahead
    assert [Custody(store).place(run.run, n).period for n in (1, 2, 3)] == ["2026-12", "2026-11", "2026-11"]


def test_where_a_serial_is(store: Store, issued_run: Issuing) -> None:
    run = issued_run(6)
    receive(store, [serials(run, 4, 6)], unit="PC08", by="lan", period="2026-12")
    count(store, [serials(run, 2, 3)], unit="PC06", form="DL-01", period="2026-11", by="lan")
    custody = Custody(store)
    assert [custody.place(run.run, number) for number in range(1, 8)] == [
        Place("PC06", "2026-11"),
        Place("PC06", "2026-12", carried=True),
        Place("PC06", "2026-12", carried=True),
        Place("PC08", "2026-12"),
        Place("PC08", "2026-12"),
        Place("PC08", "2026-12"),
        None,
    ]
    november = Custody(store, until=parse_period("2026-11"))
    assert {november.place(run.run, number) for number in range(1, 7)} == {Place("PC06", "2026-11")}
