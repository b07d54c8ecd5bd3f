"""What a month with everything in it comes to, added up by hand from the list in `month`.

Two units, two forms, paper and the electronic form; answers that nobody gave, several where one is
asked, doubtful ones that a person decided or not, codes that name somebody, a question that only some
are asked; slips that are held, refused, invalid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Final

import pytest
from entered import Stacks
from scanned import FORM, question, slip
from tallying import counted

from omr.forms.serial import Issue
from omr.forms.template import Condition, Form, Kind, fingerprint
from omr.records.counts.kept_tallies import tallies_of
from omr.records.counts.tallies import (
    AnswerTally,
    Channel,
    CheckTally,
    CrossTally,
    SlipState,
    SlipTally,
    Stratum,
    Tallies,
    first_period,
    prints_of,
    tally,
    with_conditions,
)
from omr.records.register.register import archive_form
from omr.records.store.store import Store
from omr.words import AnswerState

Issuing = Callable[..., Issue]
NOVEMBER: Final = "2026-11"
NOTHING: Final = dict.fromkeys(("A1", "B1", "B2", "B3", "B10"), "")
MORE: Form = replace(
    FORM,
    form="KS-01",
    digit=7,
    questions=(
        question("A1", Kind.SINGLE, ("1", "2")),
        question("M1", Kind.MULTIPLE, ("a", "b", "c")),
        question("C1", Kind.CODE, ("77", "78")),
        replace(question("B1"), only_if=Condition("A1", ("1",))),
        question("B10", overall=True),
    ),
)
SAME, OTHER = fingerprint(FORM), fingerprint(MORE)
MINE, THEIRS = Stratum("PC06", SAME, Channel.PAPER), Stratum("PC08", OTHER, Channel.PAPER)
ONLINE = Stratum("PC06", SAME, Channel.ELECTRONIC)
VALID, INVALID, HELD = SlipState.VALID, SlipState.INVALID, SlipState.HELD
GIVEN, NONE = AnswerState.ANSWERED, AnswerState.NO_ANSWER
MULTIPLE, DOUBTFUL = AnswerState.MULTIPLE, AnswerState.DOUBTFUL


def online(store: Store, period: str, *slips: dict[str, str], unit: str = "PC06", form: Form = FORM) -> int:
    """Enter responses of the electronic form as one import; return its number."""
    with store.act("import_electronic", by="test") as act:
        archive_form(store, act, form)
        first = act.next_id("electronic_slips", "response")
        for number, said in enumerate(slips, start=first):
            about = {
                "form": form.form,
                "fingerprint": fingerprint(form),
                "unit": unit,
                "period": period,
                "day": "",
            }
            sent = {"name": f"r{number}", "digest": f"{number:064}", "file": "e.csv"}
            act.add("electronic_slips", {"response": number, **about, **sent})
            for key, codes in said.items():
                state = ("no_answer", "answered", "multiple")[min(len(codes.split()), 2)]
                row = {"question": key, "state": state, "codes": codes if state == "answered" else ""}
                act.add("electronic_answers", {"response": number, **row})
    return store.last_event


@pytest.fixture
def month(store: Store, issued_run: Issuing) -> Stacks:
    stacks = Stacks(store)
    mine, theirs = issued_run(12), issued_run(8, unit="PC08", form=MORE)
    stacks(
        slip(mine, 1),  # all well
        slip(mine, 2, A1="2", B2="1", B10="4"),
        slip(mine, 3, **NOTHING | {"B1": "3", "B10": "5 4"}),  # three of four core questions: invalid
        slip(mine, 4, **NOTHING | {"A1": "1 2", "B10": "1"}),
        slip(mine, 5, B1="?"),
        slip(mine, 6, B10="?"),
        slip(mine, 7),
        slip(mine, 8, **NOTHING | {"A1": "1"}),  # no core question: invalid
        slip(mine, 9),
        slip(mine, 10),  # as 1: counted together where a few questions are looked at
        unit="PC06",
    )
    stacks.answered(mine.serial(5), "B1", "2")
    stacks.decided("invalid", mine.serial(7), "KHL4")
    stacks.decided("refused", mine.serial(9))
    first = theirs.first
    stacks(
        slip(theirs, first, MORE, A1="1", M1="?", C1="77", B1="5", B10="5"),
        slip(theirs, first + 1, MORE, A1="2", M1="", C1="78", B1="1", B10="5"),  # was not to answer B1
        slip(theirs, first + 2, MORE, A1="", M1="b", C1="", B1="4", B10="2"),
        unit="PC08",
    )
    stacks.answered(theirs.serial(first), "M1", "a", "c")
    stacks(slip(mine, 11), unit="PC08")  # of another unit's stack: held
    return stacks


PAPER: Final = Tallies(
    slips=(
        SlipTally(MINE, HELD, "KHL7", 1, 0, 0),
        SlipTally(MINE, INVALID, "KHL3", 1, 0, 0),
        SlipTally(MINE, INVALID, "KHL4", 1, 0, 0),
        SlipTally(MINE, INVALID, "KHL5", 2, 0, 0),
        SlipTally(MINE, VALID, "", 6, 6, 3),
        SlipTally(THEIRS, VALID, "", 3, 3, 2),
    ),
    answers=(
        AnswerTally(MINE, "A1", GIVEN, "", 5),
        AnswerTally(MINE, "A1", GIVEN, "1", 4),
        AnswerTally(MINE, "A1", GIVEN, "2", 1),
        AnswerTally(MINE, "A1", MULTIPLE, "", 1),
        AnswerTally(MINE, "B1", GIVEN, "", 5),
        AnswerTally(MINE, "B1", GIVEN, "2", 1),
        AnswerTally(MINE, "B1", GIVEN, "5", 4),
        AnswerTally(MINE, "B1", NONE, "", 1),
        AnswerTally(MINE, "B10", GIVEN, "", 5),
        AnswerTally(MINE, "B10", GIVEN, "1", 1),
        AnswerTally(MINE, "B10", GIVEN, "4", 1),
        AnswerTally(MINE, "B10", GIVEN, "5", 3),
        AnswerTally(MINE, "B10", DOUBTFUL, "", 1),
        AnswerTally(MINE, "B2", GIVEN, "", 5),
        AnswerTally(MINE, "B2", GIVEN, "1", 1),
        AnswerTally(MINE, "B2", GIVEN, "5", 4),
        AnswerTally(MINE, "B2", NONE, "", 1),
        AnswerTally(MINE, "B3", GIVEN, "", 5),
        AnswerTally(MINE, "B3", GIVEN, "5", 5),
        AnswerTally(MINE, "B3", NONE, "", 1),
        AnswerTally(THEIRS, "A1", GIVEN, "", 2),
        AnswerTally(THEIRS, "A1", GIVEN, "1", 1),
        AnswerTally(THEIRS, "A1", GIVEN, "2", 1),
        AnswerTally(THEIRS, "A1", NONE, "", 1),
        AnswerTally(THEIRS, "B1", GIVEN, "", 2),
        AnswerTally(THEIRS, "B1", GIVEN, "4", 1),
        AnswerTally(THEIRS, "B1", GIVEN, "5", 1),
        AnswerTally(THEIRS, "B1", AnswerState.NOT_APPLICABLE, "", 1),
        AnswerTally(THEIRS, "B10", GIVEN, "", 3),
        AnswerTally(THEIRS, "B10", GIVEN, "2", 1),
        AnswerTally(THEIRS, "B10", GIVEN, "5", 2),
        AnswerTally(THEIRS, "C1", GIVEN, "", 2),  # whom it names is not counted
        AnswerTally(THEIRS, "C1", NONE, "", 1),
        AnswerTally(THEIRS, "M1", GIVEN, "", 2),
        AnswerTally(THEIRS, "M1", GIVEN, "a", 1),
        AnswerTally(THEIRS, "M1", GIVEN, "b", 1),
        AnswerTally(THEIRS, "M1", GIVEN, "c", 1),
        AnswerTally(THEIRS, "M1", NONE, "", 1),
    ),
    crossed=(
        CrossTally(MINE, "A1", "", "1", 1),
        CrossTally(MINE, "A1", "1", "5", 3),
        CrossTally(MINE, "A1", "2", "4", 1),
        CrossTally(THEIRS, "A1", "", "2", 1),
        CrossTally(THEIRS, "A1", "1", "5", 1),
        CrossTally(THEIRS, "A1", "2", "5", 1),
        CrossTally(THEIRS, "M1", "", "5", 1),
        CrossTally(THEIRS, "M1", "a", "5", 1),
        CrossTally(THEIRS, "M1", "b", "2", 1),
        CrossTally(THEIRS, "M1", "c", "5", 1),
    ),
)
CHECKED: Final = (CheckTally(MINE, 30, 1), CheckTally(THEIRS, 15, 1))


def test_every_figure_of_a_month_on_paper(month: Stacks, store: Store) -> None:
    found = tally(store, NOVEMBER)
    assert (found.tallies, found.checked) == (PAPER, CHECKED)
    assert counted(store) == PAPER  # and single slips and the views say the same
    assert (found.answers, found.by_people) == (45, 2)
    assert tally(store, "2026-12").tallies == Tallies()


ANSWERS = {"A1": "1", "B1": "5", "B2": "5", "B3": "5", "B10": "5"}


def test_the_electronic_form_is_counted_beside_paper_by_nobodys_hand(month: Stacks, store: Store) -> None:
    """Also what a wrong import brought is gone once it was withdrawn."""
    online(store, "2026-12", ANSWERS)
    wrong = online(store, NOVEMBER, ANSWERS, ANSWERS | {"B10": "3"})
    with store.act("withdraw_import", by="minh", why="nhầm") as act:
        act.add("withdrawn_imports", {"imported": wrong})
    silent = dict.fromkeys(ANSWERS, "")
    online(store, NOVEMBER, ANSWERS | {"A1": ""}, ANSWERS | {"B2": "2"}, silent)
    online(store, NOVEMBER, ANSWERS, unit="PC08")
    found = tally(store, NOVEMBER, unit="PC06")
    assert [row for row in found.tallies.slips if row.stratum == ONLINE] == [
        SlipTally(ONLINE, INVALID, "KHL5", 1, 0, 0),
        SlipTally(ONLINE, VALID, "", 2, 2, 1),
    ]
    assert [row[1:] for row in found.tallies.crossed if row.stratum == ONLINE] == [
        ("A1", "", "5", 1),
        ("A1", "1", "5", 1),
    ]
    assert [row for row in found.tallies.answers if row.stratum == ONLINE and row.question == "B2"] == [
        AnswerTally(ONLINE, "B2", GIVEN, "", 2),
        AnswerTally(ONLINE, "B2", GIVEN, "2", 1),
        AnswerTally(ONLINE, "B2", GIVEN, "5", 1),
    ]
    assert found.checked == CHECKED[:1]  # nobody reads what came by machine
    units = {row.stratum.unit for row in tally(store, NOVEMBER).tallies.slips}
    assert units == {"PC06", "PC08"}


PARTS: Final = product(
    (None, "PC06", "PC08", "PC07"),
    (None, (), (SAME,), (OTHER,), (SAME, OTHER)),
    (None, ("A1", "B10"), ("B1", "B10"), ("B2",), ()),
)


def test_what_is_asked_for_is_a_part_of_the_whole(month: Stacks, store: Store) -> None:
    """Of one unit, of some forms, about some questions: the same rows."""
    online(store, NOVEMBER, ANSWERS, ANSWERS, ANSWERS | {"B10": "2"})
    whole = tally(store, NOVEMBER)
    for unit, prints, questions in PARTS:
        found = tally(store, NOVEMBER, unit=unit, prints=prints, questions=questions)
        part, asked = found.tallies, {*(questions or ()), *("A1" for key in questions or () if key == "B1")}
        mine = [
            tuple(
                row
                for row in rows
                if unit in (None, row.stratum.unit) and (prints is None or row.stratum.fingerprint in prints)
            )
            for rows in (whole.tallies.slips, whole.tallies.answers, whole.tallies.crossed, whole.checked)
        ]
        if questions is None:
            assert [part.slips, part.answers, part.crossed, found.checked] == mine
        elif "B10" in questions:  # by the overall question alone a slip is valid
            about = [tuple(row for row in rows if row.question in asked) for rows in mine[1:3]]
            assert [part.answers, part.crossed] == about
            assert sum(row.slips for row in part.slips) == sum(row.slips for row in mine[0])
        else:
            assert {row.question for row in part.answers} <= asked
        kept = tallies_of(store, NOVEMBER, unit=unit, prints=prints, questions=questions)
        assert kept == found


def test_answers_by_hand_and_by_machine_that_are_alike_are_one_row(store: Store, issued_run: Issuing) -> None:
    stacks, run = Stacks(store), issued_run(4)
    stacks(slip(run, 1), slip(run, 2), slip(run, 3, A1="?", B1="?"), unit="PC06")
    stacks.answered(run.serial(3), "A1", "1")
    stacks.answered(run.serial(3), "B1", "5")
    found = tally(store, NOVEMBER)
    assert found.checked == (CheckTally(MINE, 15, 2),)
    for key, code in (("A1", "1"), ("B1", "5")):
        rows = [row for row in found.tallies.answers if row.question == key]
        assert rows == [AnswerTally(MINE, key, GIVEN, "", 3), AnswerTally(MINE, key, GIVEN, code, 3)]
    assert found.tallies.crossed == (CrossTally(MINE, "A1", "1", "5", 3),)


def test_a_valid_slip_may_have_rated_nothing(store: Store, issued_run: Issuing) -> None:
    """Where the question of the whole visit is none of those that are asked about single things."""
    whole = replace(question("B10", overall=True), core=False)
    bare = replace(MORE, form="KS-02", digit=8, questions=(question("A1", Kind.SINGLE, ("1", "2")), whole))
    stacks, run = Stacks(store), issued_run(3, form=bare)
    stacks(slip(run, run.first, bare, B10="5"), slip(run, run.first + 1, bare, B10="1"), unit="PC06")
    at = Stratum("PC06", fingerprint(bare), Channel.PAPER)
    assert tally(store, NOVEMBER).tallies.slips == (SlipTally(at, VALID, "", 2, 0, 0),)


def test_electronic_answers_on_another_form_end_no_list(store: Store) -> None:
    said = {"A1": "1", "M1": "a", "C1": "77", "B1": "5", "B10": "5"}
    online(store, NOVEMBER, said, form=MORE)
    online(store, NOVEMBER, ANSWERS)
    online(store, NOVEMBER, said, form=MORE)
    for form, count in ((SAME, 1), (OTHER, 2)):
        rows = tally(store, NOVEMBER, prints=(form,)).tallies.slips
        assert [(row.stratum.fingerprint, row.slips) for row in rows] == [(form, count)]


def test_questions_bring_those_that_say_who_was_asked(month: Stacks, store: Store) -> None:
    assert set(with_conditions(store, ["B1"])) == {"A1", "B1"}
    assert set(with_conditions(store, ["B10", "nobody"])) == {"B10", "nobody"}


def test_the_first_month_and_the_forms_of_a_month(store: Store, issued_run: Issuing) -> None:
    assert first_period(store) is None
    stacks, run = Stacks(store), issued_run(3, period="2026-12")
    assert first_period(store) == "2026-12"
    other = issued_run(3, unit="PC08", form=MORE)
    assert first_period(store) == "2026-11"
    assert prints_of(store, NOVEMBER) == set()  # printed is not yet returned
    stacks(slip(run, 1), slip(other, other.first, MORE))
    assert (prints_of(store, NOVEMBER), prints_of(store, "2026-12")) == ({OTHER}, {SAME})
    online(store, "2026-10", ANSWERS)
    assert (first_period(store), prints_of(store, "2026-10")) == ("2026-10", {SAME})
    wrong = online(store, NOVEMBER, ANSWERS)
    assert prints_of(store, NOVEMBER) == {SAME, OTHER}
    with store.act("withdraw_import", by="minh", why="nhầm") as act:
        act.add("withdrawn_imports", {"imported": wrong})
    assert prints_of(store, NOVEMBER) == {OTHER}


def test_a_digest_is_of_every_row_and_stays_what_it_was() -> None:
    """It stands on reports that were signed: a later version must not say another one of the same figures."""
    at = Stratum("CA Đồ Sơn", "f", Channel.PAPER)
    tallies = Tallies(
        (SlipTally(at, VALID, "", 2, 1, 1),),
        (AnswerTally(at, "B1", GIVEN, "5", 2),),
        (CrossTally(at, "A1", "1", "5", 2),),
    )
    assert tallies.digest == "7f2ebdf44584c6c3916802e47e6d30f55916b8a97eb96a3000d159283618b23d"
    parts = [replace(tallies, slips=()), replace(tallies, answers=()), replace(tallies, crossed=())]
    assert len({tallies.digest, *(one.digest for one in parts)}) == 4
