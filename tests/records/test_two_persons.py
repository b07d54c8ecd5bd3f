"""What makes a slip count takes two people, on every door; and no ink counts under two numbers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from scanned import Scanner, rejected, slip

from omr.errors import AccessError, OmrError
from omr.forms.serial import Issue
from omr.office import Office
from omr.reading.ink.measure import FEATURES, F, MarkReading
from omr.reading.reader import ReadPage
from omr.records.month.reconcile import reconcile
from omr.records.offices.periods import parse_period
from omr.records.review.decide import decide
from omr.records.review.whole_slips import to_confirm, unconfirmed
from omr.records.store.store import Store
from omr.words import Carrier
from omr.workspace import Workspace

Issuing = Callable[..., Issue]
WHY = {"why": "đã xem"}


def inked(page: ReadPage, hand: int) -> ReadPage:
    """The same slip with a hand's own ink: what is compared when two scans may be one sheet."""
    chance = np.random.default_rng(hand)
    marks = []
    for mark in page.marks:
        features = np.zeros(len(FEATURES))
        features[[F["gain"], F["core"]]] = chance.uniform(0.2, 0.6, 2)
        marks.append(MarkReading(mark.question, mark.option, np.zeros((4, 2)), tuple(features)))
    return replace(page, marks=tuple(marks))


def office(store: Store, workspace: Workspace, by: str, unit: str | None = None) -> Office:
    """The office as one of several people with accounts sees it."""
    return Office(workspace, store, by).among_persons(unit)


@pytest.fixture
def typed(store: Store, scanner: Scanner, issued_run: Issuing) -> tuple[Issue, Callable[..., None]]:
    """A page whose serial is scribbled over; somebody types one for it."""
    run = issued_run(10)
    scanner.take_in(scanner.scan("a.tif", rejected("serial_unreadable"), inked(slip(run, 5), 5)))

    def type_serial(number: int, by: str, hand: int = 1, word: str = "") -> None:
        def read(item: object, serial: object) -> ReadPage:
            page = inked(slip(run, number), hand)
            return replace(page, page=replace(page.page, carriers=(Carrier.TYPED,)))

        answer = word or str(run.serial(number))
        decide(store, "P1", [answer], by=by, **WHY, read=read, two_persons=True)

    return run, type_serial


def counted(store: Store) -> list[int]:
    return [row["number"] for row in store.rows("SELECT number FROM slips WHERE standing = 'counts'")]


def test_one_persons_typed_serial_counts_nothing_until_another_types_the_same(
    store: Store, typed: tuple[Issue, Callable[..., None]]
) -> None:
    _, type_serial = typed
    type_serial(1, "lan")
    assert counted(store) == [5]
    assert set(to_confirm(store)) == {"P1"}
    with pytest.raises(OmrError) as error:
        type_serial(1, "lan")
    assert error.value.key == "review.same_person"
    type_serial(1, "minh")
    assert counted(store) == [5, 1]
    assert to_confirm(store) == {}


def test_two_who_type_different_serials_need_a_third(
    store: Store, typed: tuple[Issue, Callable[..., None]]
) -> None:
    _, type_serial = typed
    type_serial(1, "lan")
    type_serial(2, "minh")
    assert counted(store) == [5]
    assert unconfirmed(store, "2026-11") == ["P1"]
    type_serial(2, "hoa")
    assert counted(store) == [5, 2]


def test_a_typed_serial_that_was_taken_back_needs_two_again(
    store: Store, typed: tuple[Issue, Callable[..., None]]
) -> None:
    _, type_serial = typed
    type_serial(1, "lan")
    type_serial(1, "lan", word="withdraw")
    type_serial(1, "minh")
    assert counted(store) == [5]


def test_a_sheet_does_not_count_under_another_sheets_number(
    store: Store, typed: tuple[Issue, Callable[..., None]]
) -> None:
    """Its ink counts already: what was typed belongs to another sheet."""
    run, type_serial = typed
    with pytest.raises(OmrError) as error:
        type_serial(1, "lan", hand=5)
    assert (error.value.key, error.value.values["serial"]) == ("review.same_ink", str(run.serial(5)))


def test_a_sheet_that_comes_again_under_its_own_number_is_held_beside_the_typed_one(
    store: Store, scanner: Scanner, typed: tuple[Issue, Callable[..., None]]
) -> None:
    """The number was typed wrong; the clerk scans the sheet once more, and its code is read."""
    run, type_serial = typed
    type_serial(1, "lan", hand=7)
    type_serial(1, "minh", hand=7)
    scanner.take_in(scanner.scan("again.tif", inked(slip(run, 2), 7), inked(slip(run, 3), 8)))
    assert sorted(counted(store)) == [1, 3, 5]
    (held,) = store.rows("SELECT item, reason, other FROM waiting WHERE kind = 'held'")
    typed_reading = store.value("SELECT reading FROM readings WHERE carriers = 'typed'")
    assert held["reason"] == "duplicate_other_image"
    assert held["other"] in (typed_reading, store.value("SELECT reading FROM slips WHERE number = 1"))


def test_a_slip_that_one_person_judged_waits_for_another(
    store: Store, workspace: Workspace, scanner: Scanner, issued_run: Issuing
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)), unit="PC07")
    assert not office(store, workspace, "lan").decide("H1", ["counts"], **WHY)
    assert counted(store) == []
    assert unconfirmed(store, "2026-11") == ["S1"]
    with pytest.raises(OmrError) as error:
        office(store, workspace, "lan").decide("H1", ["refused"], **WHY)
    assert error.value.key == "review.same_person"
    assert office(store, workspace, "minh").decide("H1", ["counts"], **WHY)
    assert counted(store) == [1]
    assert unconfirmed(store, "2026-11") == []


# What people say one after the other about a held slip, and what is in force then.
WORDS = [
    ("lan counts", None),
    ("lan counts, minh refused", None),
    ("lan counts, minh refused, hoa refused", "refused"),
    ("lan KHL4, minh KHL4", "invalid KHL4"),
    ("lan KHL4, minh KHL6", None),
    ("lan counts, lan withdraw, minh counts", None),
    ("lan counts, minh counts, lan withdraw", None),
    ("lan counts, minh counts, hoa refused", "counts"),
    ("lan counts, minh counts, hoa refused, mai refused", "refused"),  # the later two
    ("lan counts, minh counts, hoa refused, mai refused, mai withdraw", "counts"),
    ("lan counts, minh counts, hoa counts, hoa withdraw", "counts"),
    ("lan counts, minh counts, lan withdraw, lan KHL4, minh withdraw, minh KHL4", "invalid KHL4"),
]


@pytest.mark.parametrize(("words", "in_force"), WORDS)
def test_what_two_say_alike_about_a_slip_is_in_force_and_nothing_else(
    store: Store,
    workspace: Workspace,
    scanner: Scanner,
    issued_run: Issuing,
    words: str,
    in_force: str | None,
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)), unit="PC07")
    for said in words.split(", "):
        by, word = said.split()
        office(store, workspace, by).decide("H1", [word], **WHY)
    row = store.row("SELECT standing, outcome_by_hand, reason_by_hand FROM slips")
    assert row is not None
    by_hand = " ".join(filter(None, row[1:]))
    assert by_hand in ({in_force} if in_force else {"", "withdrawn"})
    assert (row["standing"] == "held") == (in_force is None)
    assert bool(unconfirmed(store, "2026-11")) == (in_force is None)


# What people say one after the other about a page with a serial of no print run, what it is then, and
# how many slips of unknown serials the month's books have.
PAGE_WORDS = [
    ("lan not_a_slip", "", 1),
    ("lan not_a_slip, minh not_a_slip", "not_a_slip", 0),
    ("lan rescanned", "", 1),
    ("lan rescanned, minh rescanned", "rescanned", 0),
    ("lan rescanned, minh not_a_slip", "", 1),
    ("lan rescanned, minh not_a_slip, hoa rescanned", "rescanned", 0),
    ("lan KHL6", "", 1),
    ("lan KHL6, minh KHL6", "invalid KHL6", 0),
    ("lan KHL1, minh KHL2", "", 1),
    ("lan KHL1, minh KHL1", "invalid KHL1", 1),
    ("lan not_a_slip, minh not_a_slip, minh withdraw", "", 1),
    ("lan not_a_slip, minh not_a_slip, hoa KHL6", "not_a_slip", 0),
    ("lan not_a_slip, minh not_a_slip, hoa KHL6, mai KHL6", "invalid KHL6", 0),
    ("lan not_a_slip, minh not_a_slip, hoa KHL6, mai KHL6, mai withdraw", "not_a_slip", 0),
    ("lan serial", "", 1),
    ("lan serial, minh not_a_slip", "", 1),
    ("lan serial, minh serial", "serial", 0),
    ("lan serial, minh serial, hoa not_a_slip", "serial", 0),
    ("lan serial, minh serial, hoa not_a_slip, mai not_a_slip", "not_a_slip", 0),
    ("lan serial, minh serial, hoa not_a_slip, mai not_a_slip, mai withdraw", "serial", 0),
    ("lan serial, minh serial, minh withdraw", "", 1),
]


@pytest.mark.parametrize(("words", "in_force", "unknown"), PAGE_WORDS)
def test_what_two_say_alike_about_a_page_is_in_force_and_nothing_else(
    store: Store, scanner: Scanner, issued_run: Issuing, words: str, in_force: str, unknown: int
) -> None:
    run, november = issued_run(3), parse_period("2026-11")
    told = {"unit": "PC06", "period": "2026-11"}
    scanner.take_in(scanner.scan("a.tif", rejected("serial_unknown"), slip(run, 2)), **told)

    def read(*_: object) -> ReadPage:
        page = inked(slip(run, 1), 7)
        return replace(page, page=replace(page.page, carriers=(Carrier.TYPED,)))

    by = ""
    for said in words.split(", "):
        by, word = said.split()
        word = str(run.serial(1)) if word == "serial" else word
        decide(store, "P1", [word], by=by, **WHY, read=read, two_persons=True)
    waits = store.value("SELECT count(*) FROM waiting WHERE item = 'P1'")
    row = store.row(
        """SELECT outcome, reason FROM decided_pages
        WHERE page = 1 AND alone IS NULL ORDER BY decision DESC LIMIT 1"""
    )
    stands = " ".join(filter(None, row)) if row is not None else ""
    assert (stands if stands != "withdrawn" else "", waits) == (in_force, in_force == "")
    assert sum(line.unknown for line in reconcile(store, november)) == unknown
    assert counted(store) == [2, 1] if in_force == "serial" else [2]
    assert unconfirmed(store, "2026-11") == ([] if in_force else ["P1"])
    said_by = store.rows("SELECT DISTINCT by FROM decided_pages JOIN events USING (event)")
    assert {row["by"] for row in said_by} == {one.split()[0] for one in words.split(", ")}  # all is kept


def test_two_who_type_at_the_same_time_are_two(store: Store, scanner: Scanner, issued_run: Issuing) -> None:
    """While one of them waits for the page to be read, the other one says the same."""
    run = issued_run(3)
    scanner.take_in(scanner.scan("a.tif", rejected("serial_unreadable")))

    def read(item: object, serial: object) -> ReadPage:
        page = inked(slip(run, 1), 7)
        return replace(page, page=replace(page.page, carriers=(Carrier.TYPED,)))

    def read_meanwhile(item: object, serial: object) -> ReadPage:
        decide(store, "P1", [str(run.serial(1))], by="minh", **WHY, read=read, two_persons=True)
        return read(item, serial)

    assert decide(store, "P1", [str(run.serial(1))], by="lan", **WHY, read=read_meanwhile, two_persons=True)
    assert counted(store) == [1]


def test_what_one_person_said_about_a_page_before_there_were_accounts_stands_until_others_differ(
    store: Store, workspace: Workspace, scanner: Scanner, issued_run: Issuing
) -> None:
    issued_run(3)
    scanner.take_in(
        scanner.scan("a.tif", *[rejected("serial_unreadable")] * 2), unit="PC06", period="2026-11"
    )
    alone = Office(workspace, store, "lan")
    alone.decide("P1", ["not_a_slip"], **WHY)
    alone.decide("P2", ["rescanned"], **WHY)

    def waits() -> list[str]:
        return [row["item"] for row in store.rows("SELECT item FROM waiting ORDER BY item")]

    assert (waits(), unconfirmed(store, "2026-11")) == ([], ["P1"])
    office(store, workspace, "minh").decide("P1", ["KHL6"], **WHY)
    assert (waits(), unconfirmed(store, "2026-11")) == (["P1"], ["P1"])
    office(store, workspace, "hoa").decide("P1", ["not_a_slip"], **WHY)
    assert (waits(), unconfirmed(store, "2026-11")) == ([], [])


def test_an_answer_that_makes_a_slip_valid_wants_two_before_the_month_is_closed(
    store: Store, workspace: Workspace, scanner: Scanner, issued_run: Issuing
) -> None:
    run = issued_run(3)
    empty = {"A1": "", "B1": "", "B2": "", "B3": ""}
    pages = slip(run, 1, **empty, B10="?"), slip(run, 2, B1="?")  # only the first one's answer decides it
    scanner.take_in(scanner.scan("a.tif", *pages))
    for by, alone in [("lan", ["A1-B10"]), ("minh", [])]:
        for item in ("A1-B10", "A2-B1"):
            office(store, workspace, by).decide(item, ["none"], **WHY)
        assert unconfirmed(store, "2026-11") == alone


def test_another_sheet_of_the_number_steps_back_once_two_say_so_and_stands_up_again(
    store: Store, workspace: Workspace, scanner: Scanner, issued_run: Issuing
) -> None:
    run = issued_run(3)
    scanner.take_in(scanner.scan("a.tif", inked(slip(run, 1), 1)))
    scanner.take_in(scanner.scan("b.tif", inked(slip(run, 1), 2)))

    def standings() -> list[str]:
        return [row["standing"] for row in store.rows("SELECT standing FROM slips ORDER BY reading")]

    seen = [standings()]
    for by, word in [("lan", "counts"), ("minh", "counts"), ("hoa", "counts"), ("hoa", "withdraw")]:
        office(store, workspace, by).decide("H2", [word], **WHY)
        seen.append(standings())
    office(store, workspace, "minh").decide("H2", ["withdraw"], **WHY)
    seen.append(standings())
    before, after = ["counts", "held"], ["refused", "counts"]
    assert seen == [before, before, after, after, after, before]


def test_what_one_person_decided_before_there_were_accounts_stands_until_others_differ(
    store: Store, workspace: Workspace, scanner: Scanner, issued_run: Issuing
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)), unit="PC07")
    Office(workspace, store, "lan").decide("H1", ["counts"], **WHY)
    assert (counted(store), unconfirmed(store, "2026-11")) == ([1], ["S1"])
    office(store, workspace, "minh").decide("S1", ["refused"], **WHY)
    assert (counted(store), unconfirmed(store, "2026-11")) == ([], ["S1"])


@pytest.mark.parametrize("item", ["A2-B1", "S2", "P1"])
def test_nobody_decides_about_the_own_unit_unless_a_setting_says_so(
    store: Store, workspace: Workspace, scanner: Scanner, issued_run: Issuing, item: str
) -> None:
    run = issued_run(3)
    scanner.take_in(scanner.scan("a.tif", rejected("serial_unreadable"), slip(run, 1, B1="?")), unit="PC06")
    item = item.replace("2", str(store.value("SELECT max(reading) FROM readings")))
    answer = {"A": "5", "S": "KHL4", "P": "not_a_slip"}[item[0]]
    with pytest.raises(AccessError) as error:
        office(store, workspace, "lan", "PC06").decide(item, [answer], **WHY)
    assert (error.value.key, error.value.values["unit"]) == ("review.own_unit", "PC06")
    office(store, workspace, "lan", "PC07").decide(item, [answer], **WHY)
    (workspace.path / "omr.toml").write_text("[access]\nown_unit = true\n")
    allowed = Workspace.open(workspace.path)
    office(store, allowed, "minh", "PC06").decide(item, [answer], **WHY)


def test_who_works_alone_decides_alone(
    store: Store, workspace: Workspace, scanner: Scanner, issued_run: Issuing
) -> None:
    """One desk without accounts: as it was."""
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)), unit="PC07")
    with closing(store):
        alone = Office(workspace, store, "lan")
        alone.decide("H1", ["counts"], **WHY)
        alone.decide("H1", ["refused"], **WHY)
        assert counted(store) == []
        assert parse_period("2026-11").name == "2026-11"
