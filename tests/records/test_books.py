"""The books of one month with everything in it that moves a serial, figure by figure.

Three print runs of PC06, two of PC08 and one of a second form; the expected figures were added up by hand
from the list in `month`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from entered import Stacks
from scanned import FORM, rejected, slip

from omr.forms.serial import Issue
from omr.forms.template import fingerprint
from omr.reading.traced.read import TracedPage
from omr.records.month.reconcile import Line, reconcile, spans
from omr.records.offices.periods import parse_period
from omr.records.register.register import archive_form
from omr.records.register.stock import count, receive, spoil
from omr.records.store.store import Store

Issuing = Callable[..., Issue]
OTHER = replace(FORM, form="DL-02", digit=2)
NOVEMBER = parse_period("2026-11")
NOTHING: Final = dict.fromkeys(("A1", "B1", "B2", "B3", "B10"), "")


@pytest.fixture
def stacks(store: Store) -> Stacks:
    return Stacks(store)


def at(run: Issue, first: int, last: int | None = None) -> str:
    """The first, or the first to the last slip of a run, counted from 1."""
    numbers = (run.first + one - 1 for one in dict.fromkeys((first, last or first)))
    return "..".join(str(run.serial(number)) for number in numbers)


@pytest.fixture
def month(store: Store, issued_run: Issuing, stacks: Stacks) -> dict[str, Issue]:
    """October leaves stock; in November all happens; December opens with what was counted."""

    def of(run: Issue, *numbers: int, **said: str) -> list[Any]:
        form = OTHER if run.form == "DL-02" else FORM
        usual = {"A1": "1", "B1": "5", "B2": "5", "B3": "5", "B10": "5"} | said
        return [slip(run, run.first + one - 1, form, **usual) for one in numbers]

    old = issued_run(10, period="2026-10")
    mine, theirs = issued_run(20), issued_run(8, unit="PC08")
    other, late = issued_run(6, unit="PC08", form=OTHER), issued_run(5, period="2026-12")
    stacks(*of(old, 1, 2))
    count(store, [at(old, 5, 10)], unit="PC06", form="DL-01", period="2026-10", by="lan")
    for number in (9, 10):  # moved, in two hand-overs
        receive(store, [at(old, number)], unit="PC08", period="2026-11", by="lan")
    receive(store, [at(theirs, 1, 2)], unit="PC06", period="2026-11", by="lan")  # received
    spoil(store, [at(mine, 1, 2)], why="rách", by="lan")
    spoil(store, [at(other, 6)], why="rách", by="lan")
    whole = issued_run(2, unit="PC08", form=OTHER)
    spoil(store, [at(whole, 1)], why="rách", by="lan")  # of a run of which nothing came back
    stacks(*of(mine, 1, 2, 3, 4, 5), *of(old, 5), unit="PC06")  # 1 and 2 were recorded as spoiled: held
    stacks(*of(mine, 6, **NOTHING), *of(mine, 5), unit="PC06")  # 5 again, as another sheet
    stacks.decided("counts", mine.serial(mine.first + 1))  # a person lets the spoiled one count
    stacks.decided("invalid", mine.serial(mine.first + 3), "KHL4")
    stacks(*of(theirs, 3), *of(mine, 7), unit="PC08")  # of PC06: held
    stacks(*of(other, 1, 2), *of(old, 9), unit="PC08")
    count(store, [at(mine, 18, 20)], unit="PC06", form="DL-01", period="2026-11", by="lan")  # corrected by
    count(store, [at(mine, 4), at(mine, 15, 16)], unit="PC06", form="DL-01", period="2026-11", by="lan")
    count(store, [], unit="PC08", form="DL-02", period="2026-11", by="lan")
    return {"old": old, "mine": mine, "theirs": theirs, "other": other, "late": late}


def books(store: Store, period: str) -> dict[tuple[str | None, str | None], Line]:
    lines = reconcile(store, parse_period(period))
    assert [*lines] == sorted(lines, key=lambda line: (line.unit or "~", line.form or "~"))
    return {(line.unit, line.form): line for line in lines}


def told(line: Line) -> dict[str, int]:
    return {name: number for name, number in line.figures.items() if number}


def named(numbers: dict[str, Any], month: dict[str, Issue]) -> str:
    """Serials as run and place in the run."""
    runs = {issue.run: (name, issue.first) for name, issue in month.items()}
    parts = [
        f"{runs[run][0]} {first - runs[run][1] + 1}" + (f"-{last - runs[run][1] + 1}" if last > first else "")
        for run in numbers
        for first, last in numbers[run]
    ]
    return ", ".join(sorted(parts))


def test_every_figure_of_a_month_with_everything(store: Store, month: dict[str, Issue]) -> None:
    found = books(store, "2026-11")
    assert set(found) == {("PC06", "DL-01"), ("PC08", "DL-01"), ("PC08", "DL-02")}
    mine, theirs, other = (found[key] for key in sorted(found, key=str))
    assert told(mine) == {
        "opening": 4,  # old 5-8
        "received": 22,  # mine 1-20, theirs 1-2
        "returned": 7,  # mine 2-7, old 5
        "valid": 4,
        "invalid": 3,  # mine 4 by hand, 6 empty, 7 held
        "spoiled": 1,  # mine 1; 2 came back
        "in_stock": 3,  # mine 4, 15-16
        "missing": 16,  # old 6-8, mine 8-14 and 17-20, theirs 1-2
    }
    assert named(mine.missing_numbers, month) == "mine 17-20, mine 8-14, old 6-8, theirs 1-2"
    assert named(mine.contradictions, month) == "mine 4"  # returned, and counted in stock
    assert (mine.difference, mine.balanced, mine.counted) == (1, False, True)
    assert named(mine.spoiled_numbers, month) == "mine 1"
    assert named(mine.in_stock_numbers, month) == "mine 15-16, mine 4"
    assert named(mine.received_numbers, month) == "mine 1-20, theirs 1-2"
    assert (mine.moved_in, mine.moved_out) == (0, 2)
    assert told(theirs) == {"received": 8, "returned": 2, "valid": 2, "missing": 6}
    assert named(theirs.received_numbers, month) == "theirs 3-8"  # old 9-10 were moved, not received
    assert (theirs.moved_in, theirs.moved_out, theirs.counted) == (2, 0, False)
    assert told(other) == {"received": 8, "returned": 2, "valid": 2, "spoiled": 2, "missing": 4}
    assert (other.counted, other.balanced, other.contradictions == {}) == (True, True, False)
    assert mine.books | {"opening": 6, "moved": -2, "received": 22} == mine.books
    assert theirs.books | {"opening": 0, "moved": 2, "received": 6} == theirs.books
    assert not any(line.only_moved for line in found.values())


def test_the_months_around_hold_only_what_is_theirs(store: Store, month: dict[str, Issue]) -> None:
    assert told(books(store, "2026-10")["PC06", "DL-01"]) == {
        "received": 10,
        "returned": 2,
        "valid": 2,
        "in_stock": 6,
        "missing": 2,
    }
    december = books(store, "2026-12")
    assert told(december["PC06", "DL-01"]) == {"opening": 3, "received": 5, "missing": 8}
    assert named(december["PC06", "DL-01"].missing_numbers, month) == "late 1-5, mine 15-16, mine 4"
    assert set(december) == {("PC06", "DL-01")}


def test_stock_that_was_only_handed_on_is_no_line_of_its_own(
    store: Store, issued_run: Issuing, stacks: Stacks
) -> None:
    run = issued_run(4, period="2026-10")
    count(store, [at(run, 1, 4)], unit="PC06", form="DL-01", period="2026-10", by="lan")
    receive(store, [at(run, 1, 4)], unit="PC08", period="2026-11", by="lan")
    found = books(store, "2026-11")
    assert found["PC06", "DL-01"].only_moved and not found["PC08", "DL-01"].only_moved
    assert (
        found["PC06", "DL-01"].books | {"opening": 4, "moved": -4, "received": 0}
        == found["PC06", "DL-01"].books
    )
    count(store, [], unit="PC06", form="DL-01", period="2026-11", by="lan")
    assert not books(store, "2026-11")["PC06", "DL-01"].only_moved  # somebody looked: it is a line


# What is told of a stack and what its slips say, and whose the page with a foreign serial is then.
WHOSE = [
    ("told", {"unit": "PC08", "period": "2026-11"}, "", ("PC08", None)),
    ("told, of another month", {"unit": "PC08", "period": "2026-12"}, "", None),
    ("its slips say it", {}, "mine", ("PC06", "DL-01")),
    ("its slips say it, of another month", {}, "late", None),
    ("told beats what slips say", {"unit": "PC08", "period": "2026-11"}, "mine", ("PC08", "DL-01")),
    ("slips of two units", {}, "mine theirs", (None, "DL-01")),
    ("slips of two forms", {}, "theirs other", ("PC08", None)),
    ("slips of two months", {}, "mine late", ("PC06", "DL-01")),
    ("nobody knows", {}, "", (None, None)),
]


@pytest.mark.parametrize(("stack", "orders", "slips", "whose"), WHOSE)
def test_whose_a_page_with_a_foreign_serial_is(
    store: Store,
    issued_run: Issuing,
    stacks: Stacks,
    stack: str,
    orders: dict[str, str],
    slips: str,
    whose: tuple[str | None, str | None] | None,
) -> None:
    runs = {
        "mine": issued_run(4),
        "theirs": issued_run(4, unit="PC08"),
        "other": issued_run(4, unit="PC08", form=OTHER),
        "late": issued_run(4, period="2026-12"),
    }
    pages = [slip(runs[name], runs[name].first, OTHER if name == "other" else FORM) for name in slips.split()]
    for page, name in zip(pages, slips.split(), strict=True):
        assert page.page.issue == runs[name]
    *_, page = stacks(*pages, rejected("serial_unknown", serial="?"), **orders)
    before = {key: line.unknown for key, line in books(store, "2026-11").items()}
    stacks.judged("not_a_slip", page)  # it is in nobody's books any more: whose was it?
    after = {key: line.unknown for key, line in books(store, "2026-11").items()}
    found = {key: number - after.get(key, 0) for key, number in before.items() if number != after.get(key, 0)}
    assert found == ({whose: 1} if whose else {})


def test_a_foreign_serial_names_the_form_of_its_digit(
    store: Store, issued_run: Issuing, stacks: Stacks
) -> None:
    run = issued_run(4, unit="PC08", form=OTHER)
    foreign = Issue("F", "DL-02", "0" * 64, "X", "2026-11", OTHER.digit, 26, 1, 9, b"9" * 32)
    nobody = Issue("F", "DL-09", "0" * 64, "X", "2026-11", 9, 26, 1, 9, b"9" * 32).serial(3)
    pages = [
        rejected("serial_unknown", serial=text)
        for text in (*map(str, (foreign.serial(3), foreign.serial(4))), str(nobody), "xyz")
    ]
    stacks(*pages, rejected("serial_unknown"), unit="PC08", period="2026-11")
    found = {key: line.unknown for key, line in books(store, "2026-11").items()}
    assert found == {("PC08", "DL-02"): 2, ("PC08", None): 3}
    assert run.digit == 2
    issued_run(4, unit="PC08", form=replace(OTHER, form="DL-07"))  # two forms have the digit now
    assert books(store, "2026-11")["PC08", None].unknown == 5


# What a page was refused for, what people said of it, and whether it is a slip with a foreign serial.
PAGES = [
    ("serial_unknown", [], True),
    ("serial_unreadable", [], False),
    ("serial_unreadable", [("invalid", "KHL1")], True),
    ("serial_unreadable", [("invalid", "KHL2")], True),
    ("serial_unreadable", [("invalid", "KHL6")], False),
    ("serial_unknown", [("not_a_slip", None)], False),
    ("serial_unknown", [("rescanned", None)], False),
    ("serial_unknown", [("invalid", "KHL6")], False),
    ("serial_unknown", [("not_a_slip", None), ("withdrawn", None)], True),
    ("serial_unreadable", [("invalid", "KHL1"), ("withdrawn", None)], False),
    ("serial_unreadable", [("invalid", "KHL6"), ("invalid", "KHL2")], True),
]


def test_which_pages_are_slips_with_a_foreign_serial(store: Store, stacks: Stacks) -> None:
    expected = 0
    for reason, words, is_foreign in PAGES:
        (page,) = stacks(rejected(reason), unit="PC06", period="2026-11")
        for outcome, rule in words:
            stacks.judged(outcome, page, rule)
        expected += is_foreign
        found = books(store, "2026-11").get(("PC06", None))
        assert (found.unknown if found else 0) == expected, (reason, words)


def test_a_spoiled_slip_that_came_back_hides_none_that_came_after_it(
    store: Store, issued_run: Issuing, stacks: Stacks
) -> None:
    run = issued_run(4)
    spoil(store, [at(run, 1)], why="rách", by="lan")
    stacks(slip(run, 1), unit="PC06")  # held: it was recorded as spoiled
    stacks(slip(run, 2), slip(run, 3), rejected("serial_unknown"), unit="PC06", period="2026-11")
    stacks.decided("invalid", run.serial(2), "KHL4")
    stacks.decided("invalid", run.serial(3), "KHL6")
    line = books(store, "2026-11")["PC06", "DL-01"]
    assert (line.returned, line.invalid, line.valid, line.spoiled, line.missing) == (2, 2, 0, 1, 1)


def test_spans_are_written_as_one_serial_or_as_two(month: dict[str, Issue], store: Store) -> None:
    runs = {issue.run: issue for issue in month.values()}
    mine = month["mine"]
    line = books(store, "2026-11")["PC06", "DL-01"]
    assert list(spans(line.in_stock_numbers, runs)) == [at(mine, 4), at(mine, 15, 16)]
    several = {month["theirs"].run: line.received_numbers[month["theirs"].run], **line.in_stock_numbers}
    assert list(spans(several, runs))[-1] == at(month["theirs"], 1, 2)


def test_a_page_of_a_stack_of_two_months_is_in_the_books_of_both(
    store: Store, issued_run: Issuing, stacks: Stacks
) -> None:
    """Nobody knows of which of them it is: it is looked for in each, also in the later one."""
    now, late = issued_run(4), issued_run(4, period="2026-12")
    stacks(slip(now, 1), slip(late, late.first), rejected("serial_unknown"))
    stacks(slip(late, late.first + 1), rejected("serial_unknown"))  # of one month
    assert [books(store, f"2026-{at}")["PC06", "DL-01"].unknown for at in (11, 12)] == [1, 2]


def test_serials_that_are_not_the_units_and_foreign_ones_are_unknown_together(
    store: Store, issued_run: Issuing, stacks: Stacks
) -> None:
    """Spoiled in one unit, then written down as handed over to another, as earlier versions let one do."""
    run = issued_run(6)
    (waste,) = spoil(store, [at(run, 1, 2)], why="rách", by="lan")
    with store.act("receive", by="lan") as act:
        place = {"unit": "PC08", "period": "2026-11"}
        act.add("hand_overs", {"hand_over": 1, **replace(waste, last=3).row, **place})
    stacks(slip(run, 6), rejected("serial_unknown"), unit="PC06")
    line = books(store, "2026-11")["PC06", "DL-01"]
    assert told(line) == {
        "received": 3,
        "returned": 1,
        "valid": 1,
        "spoiled": 2,
        "missing": 2,
        "unknown": 1 + 2,
    }
    assert (named(line.contradictions, {"run": run}), line.difference) == ("run 1-2", 2)


def test_sheets_of_other_makers_are_in_no_books_and_end_none(
    store: Store, issued_run: Issuing, stacks: Stacks
) -> None:
    """Nothing was issued of them; what stands behind them in the list is counted all the same."""
    run, other = issued_run(4), replace(FORM, form="NG-01")
    with store.act("trace", by="test") as act:
        archive_form(store, act, other)
    said = slip(run, 1)  # nothing to say about it: it stands before the others
    page = TracedPage(
        *("a.tif", 1, "NG-01", fingerprint(other), "", np.eye(2, 3), 200.0, 0.1),
        *(said.marks, said.verdicts, said.answers, "default"),
    )
    stacks(page, unit="PC06", period="2026-11")
    stacks(slip(run, 1), slip(run, 2), unit="PC06", period="2026-11")
    assert store.value("SELECT count(DISTINCT run) FROM readings WHERE period = '2026-11'") == 2
    found = books(store, "2026-11")
    assert set(found) == {("PC06", "DL-01")}
    assert (found["PC06", "DL-01"].returned, found["PC06", "DL-01"].missing) == (2, 2)
