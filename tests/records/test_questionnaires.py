"""Questionnaires of several pages: in any order, apart, partly; complete, or by a person's word."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alone import is_the_same_alone
from scanned import BLANK, FORM, Scanner, question, rejected, slip
from tallying import PERIOD, counted

from omr.errors import OmrError
from omr.forms.serial import Issue, parse_typed
from omr.forms.template import Form, Kind
from omr.reading.ink.measure import FEATURES, F, MarkReading
from omr.reading.reader import ReadPage
from omr.records.batches.batches import batches
from omr.records.batches.withdrawal import withdraw_batch
from omr.records.cases.rescans import Sheet, close_rescanned, rescans_of
from omr.records.counts.questionnaires import lacking
from omr.records.counts.slips import current_slips
from omr.records.month.reconcile import reconcile
from omr.records.offices.periods import parse_period
from omr.records.proof.chain import row_problem
from omr.records.review.decide import decide
from omr.records.review.queue import queue
from omr.records.review.whole_slips import to_confirm
from omr.records.store.store import Store
from omr.words import Seal, Standing

SECOND = tuple(
    replace(one, page=2) for one in (question("B1"), question("B2"), question("B10", overall=True))
)
PAGED: Form = replace(
    FORM,
    form="KS-04",
    digit=6,
    questions=(question("A1", Kind.SINGLE, ("1", "2")), replace(question("B0"), page=1), *SECOND),
    further=((),),
    duplex=True,
)
FRONT = {"A1": "1", "B0": "5"}
BACK = {"B1": "5", "B2": "4", "B10": "5"}


@pytest.fixture
def run(issued_run: Callable[..., Issue]) -> Issue:
    return issued_run(20, form=PAGED)


def front(run: Issue, number: int, **said: str) -> ReadPage:
    return slip(run, number, PAGED, 1, **{**FRONT, **said})


def back(run: Issue, number: int, **said: str) -> ReadPage:
    return slip(run, number, PAGED, 2, **{**BACK, **said})


def standings(store: Store) -> list[tuple[str, str | None]]:
    rows = store.rows("SELECT standing, set_aside FROM slips ORDER BY reading")
    return [(row["standing"], row["set_aside"]) for row in rows]


def held(store: Store) -> list[str]:
    return [item.item for item in queue(store, kind="held")]


WHOLE = [("counts", None)] * 2
PARTLY = ("held", "pages_missing")


def test_front_and_back_are_one_questionnaire(scanner: Scanner, store: Store, run: Issue) -> None:
    scanner.take_in(scanner.scan("a.tif", front(run, 1), back(run, 1)))
    assert standings(store) == WHOLE and held(store) == []
    (one,) = current_slips(store)
    assert {key: answer.codes for key, answer in one.answers.items()} == {
        key: (code,) for key, code in {**FRONT, **BACK}.items()
    }
    found = counted(store)
    assert [row.slips for row in found.slips] == [1]


@pytest.mark.parametrize("first", ["front", "back"])
def test_pages_may_come_in_any_order_and_from_different_stacks(
    scanner: Scanner, store: Store, run: Issue, first: str
) -> None:
    pages = [front(run, 1), back(run, 1)] if first == "front" else [back(run, 1), front(run, 1)]
    scanner.take_in(scanner.scan("a.tif", pages[0]))
    assert standings(store) == [PARTLY]
    assert held(store) == ["H1"]
    assert counted(store).slips[0].state == "held"
    scanner.take_in(scanner.scan("b.tif", pages[1]))
    assert standings(store) == WHOLE and held(store) == []
    assert [(row.state, row.slips) for row in counted(store).slips] == [("valid", 1)]


def test_a_page_scanned_twice_is_a_duplicate_and_no_other_page(
    scanner: Scanner, store: Store, run: Issue
) -> None:
    scanner.take_in(scanner.scan("a.tif", front(run, 1), front(run, 1, B0="1")))
    assert standings(store) == [PARTLY, ("held", "duplicate_other_image")]
    scanner.take_in(scanner.scan("b.tif", back(run, 1)))
    assert [standing for standing, _ in standings(store)] == ["counts", "held", "counts"]
    (one,) = current_slips(store)
    assert one.answers["B0"].codes == ("5",) and one.answers["B10"].codes == ("5",)


def test_sheets_are_counted_and_missing_pages_named(scanner: Scanner, store: Store, run: Issue) -> None:
    stack = [front(run, 1), back(run, 1), back(run, 2), front(run, 2), front(run, 3)]
    receipt = scanner.take_in(scanner.scan("a.tif", *stack), expected=3)
    assert (receipt.came.read, receipt.came.sheets, receipt.missing) == (5, 3, 0)
    (told,) = (one for one in receipt.problems if one.reason == "pages_missing")
    printed = run.serial(3).printed
    assert told.values["serial"] == printed and told.values["missing"] == "2 (tờ 1)"
    assert printed in told.detail
    (line,) = batches(store)
    assert line.came.sheets == 3 and line.missing == 0
    (lacks,) = lacking(store, period=PERIOD)
    assert (lacks.serial, lacks.pages, lacks.sheets) == (str(run.serial(3)), (2,), (1,))
    again = scanner.take_in(scanner.scan("b.tif", front(run, 1), back(run, 1)))  # the same sheet once more
    assert again.came.sheets == 1 and again.duplicates == 2


def decided(store: Store, item: str, word: str, by: str = "lan", **more: bool) -> None:
    def unread(*_: object) -> ReadPage:
        raise AssertionError("no serial is typed here")

    decide(store, item, [word], by=by, why="đã xem", read=unread, **more)


def test_a_person_may_let_it_count_without_a_page_and_take_it_back(
    scanner: Scanner, store: Store, run: Issue
) -> None:
    scanner.take_in(scanner.scan("a.tif", back(run, 1), front(run, 2)))
    assert held(store) == ["H1", "H2"]
    decided(store, "H1", "counts", two_persons=True)
    assert "S1" in to_confirm(store)  # a second person is wanted, as for whatever makes a slip count
    with pytest.raises(OmrError):
        decided(store, "H1", "counts", two_persons=True)
    decided(store, "H1", "counts", by="minh", two_persons=True)
    assert to_confirm(store) == {}
    assert standings(store) == [("counts", None), PARTLY]
    assert {(row.state, row.slips) for row in counted(store).slips} == {("valid", 1), ("held", 1)}
    decided(store, "S1", "withdraw")
    assert standings(store) == [PARTLY, PARTLY]
    decided(store, "H2", "refused")
    assert [standing for standing, _ in standings(store)] == ["held", "refused"]
    assert row_problem(store) is None


def test_what_makes_one_page_invalid_makes_the_questionnaire_so(
    scanner: Scanner, store: Store, run: Issue
) -> None:
    scanner.take_in(scanner.scan("a.tif", front(run, 1), back(run, 1)))
    decided(store, "S2", "KHL6")
    (one,) = current_slips(store)
    assert one.reason == "KHL6"
    assert [(row.state, row.reason) for row in counted(store).slips] == [("invalid", "KHL6")]


def test_a_withdrawn_stack_takes_its_pages_along(scanner: Scanner, store: Store, run: Issue) -> None:
    scanner.take_in(scanner.scan("a.tif", front(run, 1)))
    second = scanner.take_in(scanner.scan("b.tif", back(run, 1)))
    withdraw_batch(store, second.batch.name, by="lan", why="nhầm")
    assert standings(store) == [PARTLY]


def test_a_typed_serial_says_which_page_it_is(scanner: Scanner, store: Store, run: Issue) -> None:
    scanner.take_in(scanner.scan("a.tif", front(run, 1), rejected("page_unknown")))
    seen: list[int] = []

    def read(item: object, serial: object, page: int = 1) -> ReadPage:
        seen.append(page)
        return slip(run, 1, PAGED, page, **(BACK if page == 2 else FRONT))

    decide(store, "P2", [f"{run.serial(1)}/2"], by="lan", why="đã xem", read=read)
    assert seen == [2] and standings(store) == WHOLE
    assert parse_typed(f"{run.serial(1).printed} / 2") == (run.serial(1), 2)
    assert parse_typed(str(run.serial(1))) == (run.serial(1), None)
    with pytest.raises(OmrError):
        parse_typed(f"{run.serial(1)}/12")


def inked(page: ReadPage, hand: int) -> ReadPage:
    """The same page with the ink of a hand, which comes back on every scan of the sheet."""
    dice = random.Random(hand)
    marks = []
    for mark in page.marks:
        features = [0.0] * len(FEATURES)
        features[F["gain"]], features[F["core"]] = dice.uniform(0.1, 0.9), dice.uniform(0.1, 0.9)
        marks.append(replace(mark, features=tuple(features)))
    return replace(page, marks=tuple(marks))


def test_a_page_that_came_again_closes_its_own_case_and_no_other_page(
    scanner: Scanner, store: Store, run: Issue
) -> None:
    scanner.take_in(scanner.scan("a.tif", inked(front(run, 1), 1), rejected("serial_unreadable")))
    sheets: list[Sheet] = []

    def look(item: object, sheet: Sheet) -> tuple[tuple[MarkReading, ...], Seal] | None:
        sheets.append(sheet)
        measured = inked(back(run, 1), 2) if sheet.number == 2 else inked(front(run, 1), 9)
        return measured.marks, Seal.UNKNOWN

    scanner.take_in(scanner.scan("b.tif", inked(front(run, 2), 3), inked(back(run, 3), 4)))
    assert close_rescanned(store, "B000002", look, by="lan") == 0
    assert {sheet.number for sheet in sheets} == {1, 2}
    scanner.take_in(scanner.scan("c.tif", inked(back(run, 1), 2)))
    assert close_rescanned(store, "B000003", look, by="lan") == 1
    assert [item.item for item in queue(store, kind="page")] == []
    assert [one.serial for one in rescans_of(store, "B000001")] == [str(run.serial(1))]
    assert row_problem(store) is None


def test_a_random_stack_is_counted_alike_everywhere(
    scanner: Scanner, store: Store, run: Issue, tmp_path: Path
) -> None:
    dice = random.Random(3)
    pages = []
    for number in range(run.first, run.first + 20):
        levels = {key: dice.choice(["5", "1", "", "?", "5 4"]) for key in ("B1", "B2", "B10")}
        both = [front(run, number, B0=dice.choice(["5", ""])), back(run, number, **levels)]
        pages += dice.choice([both, both, both, both[:1], both[1:]])
    dice.shuffle(pages)
    scanner.take_in(scanner.scan("a.tif", *pages))
    found = counted(store)  # tallies, views and single slips
    assert {row.state for row in found.slips} >= {"valid", "held"}
    for name in held(store)[:2]:
        decided(store, name, "counts")
    assert counted(store) != found
    (line,) = (one for one in reconcile(store, parse_period(PERIOD)) if one.unit == "PC06")
    assert line.returned == sum(row.slips for row in counted(store).slips)
    assert {one.standing for one in current_slips(store)} == {Standing.COUNTS, Standing.HELD}
    is_the_same_alone(store, scanner.workspace.path, PERIOD, tmp_path)


def test_the_white_back_of_an_odd_last_sheet_is_a_back_and_no_other_blank_page_is(
    scanner: Scanner, store: Store, issued_run: Callable[..., Issue]
) -> None:
    odd = replace(PAGED, form="KS-05", further=((), ()), questions=(*PAGED.questions, question("E1")))
    odd = replace(odd, questions=(*odd.questions[:-1], replace(odd.questions[-1], page=3)))
    run = issued_run(5, form=odd)

    def page(number: int, of: int) -> ReadPage:
        said = {q.key: q.options[0].code for q in odd.questions if q.page == of}
        return slip(run, number, odd, of, **said)

    stack = [one for number in (1, 2) for one in (page(number, 1), page(number, 2), page(number, 3), BLANK)]
    receipt = scanner.take_in(scanner.scan("a.tif", *stack), expected=4)
    assert (receipt.came.read, receipt.came.sheets, receipt.missing) == (6, 4, 0)
    assert not receipt.problems
    more = [page(4, 1), page(4, 2), page(4, 3), page(5, 1), page(5, 2), page(5, 3)]
    stack = [page(3, 1), page(3, 2), BLANK, page(3, 3), BLANK, *more]
    lone = scanner.take_in(scanner.scan("b.tif", *stack))
    assert [one.reason for one in lone.problems] == ["blank_alone"]
