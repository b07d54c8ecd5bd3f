"""The database counts what plain Python counts from the same slips, decisions included."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from scanned import FORM, Scanner, rejected, slip
from tallying import PERIOD, counted

from omr.forms.serial import Issue
from omr.reading.reader import ReadPage
from omr.records.counts.kept_tallies import tallies_of
from omr.records.counts.tallies import AnswerTally, Channel, SlipState, SlipTally, Stratum, Tallies, tally
from omr.records.month.closing import adjust, close
from omr.records.month.reconcile import reconcile
from omr.records.offices.periods import parse_period
from omr.records.register.stock import spoil
from omr.records.review.decide import decide
from omr.records.review.queue import queue
from omr.records.store.store import Store
from omr.words import AnswerState

Issuing = Callable[..., Issue]


def states(tallies: Tallies) -> dict[tuple[str, str], int]:
    return {(row.state.value, row.reason): row.slips for row in tallies.slips}


def said(tallies: Tallies, question: str) -> dict[str, int]:
    rows = [row for row in tallies.answers if row.question == question]
    return {row.code or row.state.value: row.slips for row in rows}


@pytest.fixture
def reviewer(store: Store, scanner: Scanner) -> Callable[..., None]:
    def say(item: str, *answer: str) -> None:

        def unread(*_: object) -> ReadPage:
            raise AssertionError("no serial is typed here")

        decide(store, item, answer, by="lan", why="đã xem ảnh", read=unread)

    return say


def test_counts_by_hand(scanner: Scanner, store: Store, issued_run: Issuing) -> None:
    run = issued_run()
    scanner.take_in(
        scanner.scan("a.tif", slip(run, 1), slip(run, 2, B10="1", A1="2"), slip(run, 3, B10="5 4", B1=""))
    )
    found = counted(store)
    at = Stratum("PC06", next(iter(store.forms)), Channel.PAPER)
    assert found.slips == (SlipTally(at, SlipState.VALID, "", 3, 3, 2),)
    assert said(found, "B10") == {"answered": 2, "5": 1, "1": 1, "multiple": 1}
    assert said(found, "B1") == {"answered": 2, "5": 2, "no_answer": 1}
    assert AnswerTally(at, "A1", AnswerState.ANSWERED, "2", 1) in found.answers
    crossed = {(row.code, row.overall): row.slips for row in found.crossed}
    assert crossed == {("1", "5"): 1, ("2", "1"): 1}


def test_a_random_stack_with_random_decisions(
    scanner: Scanner, store: Store, issued_run: Issuing, reviewer: Callable[..., None]
) -> None:
    dice = random.Random(7)
    runs = [issued_run(60), issued_run(60, unit="PC08")]
    pages = [
        slip(run, number, **{q.key: dice.choice(["5", "4", "1", "", "5 4", "?"]) for q in FORM.questions[1:]})
        for run in runs
        for number in range(run.first, run.first + 60)
    ]
    again = [slip(run, run.first + dice.randrange(60), B10="1") for run in runs * 3]
    stack = scanner.scan("a.tif", *pages, *again, rejected("serial_unknown"))
    scanner.take_in(stack)
    before = counted(store)
    for item in list(queue(store)):
        if item.kind == "answer" and dice.random() < 0.7:
            reviewer(item.item, dice.choice(["5", "1", "none"]))
        elif item.kind == "slip" and dice.random() < 0.5:
            reviewer(item.item, dice.choice(["counts", "refused"]))
    after = counted(store)
    assert after != before
    assert counted(store, "PC08").slips
    decided = tally(store, PERIOD)
    assert 0 < decided.by_people < decided.answers
    # The books of the register count the same slips.
    books = {line.unit: line for line in reconcile(store, parse_period(PERIOD)) if line.unit}
    for unit, line in books.items():
        rows = [row for row in after.slips if row.stratum.unit == unit]
        assert line.returned == sum(row.slips for row in rows)
        assert line.valid == sum(row.slips for row in rows if row.state is SlipState.VALID)


def test_the_same_slip_again_is_counted_once(scanner: Scanner, store: Store, issued_run: Issuing) -> None:
    run = issued_run()
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 1), shades=[5, 5]))
    assert states(counted(store)) == {("valid", ""): 1}


def test_what_says_nothing_is_invalid_and_doubt_is_not(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run = issued_run()
    nothing = dict.fromkeys(("A1", "B1", "B2", "B3", "B10"), "")
    scanner.take_in(scanner.scan("a.tif", slip(run, 1, **nothing), slip(run, 2, **nothing | {"B10": "?"})))
    assert states(counted(store)) == {("invalid", "KHL5"): 1, ("valid", ""): 1}


def test_a_spoiled_slip_did_not_come_back(scanner: Scanner, store: Store, issued_run: Issuing) -> None:
    run = issued_run()
    spoil(store, [str(run.serial(2))], why="in lỗi", by="lan")
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2)))
    assert states(tally(store, PERIOD).tallies) == {("valid", ""): 1}


def test_a_closed_period_does_not_know_late_slips(
    scanner: Scanner, store: Store, issued_run: Issuing
) -> None:
    run, period = issued_run(), parse_period(PERIOD)
    scanner.take_in(scanner.scan("a.tif", slip(run, 1)))
    close(store, period, by="lan")
    closed, books = counted(store), reconcile(store, period)
    scanner.take_in(scanner.scan("b.tif", slip(run, 2)))
    assert tally(store, PERIOD).tallies == closed
    assert reconcile(store, period) == books
    adjust(store, period, by="lan", why="lô nộp muộn")
    assert states(counted(store)) == {("valid", ""): 2}


def test_what_a_closed_period_came_to_is_kept_and_is_what_counting_gives(
    scanner: Scanner, store: Store, issued_run: Issuing, reviewer: Callable[..., None]
) -> None:
    dice, period = random.Random(3), parse_period(PERIOD)
    runs = [issued_run(30), issued_run(30, unit="PC08")]
    pages = [
        slip(run, number, **{q.key: dice.choice(["5", "4", "1", "", "5 4"]) for q in FORM.questions[1:]})
        for run in runs
        for number in range(run.first, run.first + 25)
    ]
    scanner.take_in(scanner.scan("a.tif", *pages))
    for item in list(queue(store)):
        reviewer(item.item, "none")
    assert tallies_of(store, PERIOD) == tally(store, PERIOD)  # open: nothing is kept yet
    close(store, period, by="lan")
    kept, again = tallies_of(store, PERIOD), tally(store, PERIOD)
    assert kept == again and kept.tallies.digest == again.tallies.digest and kept.answers
    assert store.value("SELECT count(*) FROM closed_tallies") == 1
    assert tallies_of(store, PERIOD, unit="PC08") == tally(store, PERIOD, unit="PC08")
    assert (
        tallies_of(store, PERIOD, prints=[]).tallies == tally(store, PERIOD, prints=[]).tallies == Tallies()
    )
    some = {"A1", "B10"}
    part = tallies_of(store, PERIOD, questions=some).tallies
    assert part.answers == tuple(row for row in kept.tallies.answers if row.question in some)
    assert part.slips == kept.tallies.slips and part.crossed
    scanner.take_in(scanner.scan("b.tif", slip(runs[0], 29)))
    assert tallies_of(store, PERIOD) == kept
    adjust(store, period, by="lan", why="lô nộp muộn")
    assert tallies_of(store, PERIOD) == tally(store, PERIOD) != kept
