"""What is in no denominator: "not applicable", and what a person was told to skip."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alone import is_the_same_alone
from scanned import FORM, Scanner, question, slip
from tallying import PERIOD, counted

from omr.forms.serial import Issue
from omr.forms.template import Condition, Form, Kind, Question
from omr.records.counts.answers import CurrentAnswer, Given
from omr.records.counts.applying import as_counted
from omr.records.counts.slips import current_slips
from omr.records.counts.tallies import SlipState, tally
from omr.records.counts.validity import judge
from omr.records.store.store import Store
from omr.words import AnswerState

IF_YES = Condition("A1", ("yes",))


def rated(key: str, only_if: Condition | None = None) -> Question:
    """A question with a box that says "not applicable"."""
    asked = question(key, codes=("5", "4", "1", "na"))
    *levels, aside = asked.options
    return replace(asked, options=(*levels, replace(aside, applies=False)), only_if=only_if)


ASKING: Form = replace(
    FORM,
    form="KS-01",
    digit=7,
    questions=(
        question("A1", Kind.SINGLE, ("yes", "no")),
        rated("B1", IF_YES),
        rated("B2", IF_YES),
        rated("B3"),
        question("B10", overall=True),
    ),
)


def said(**codes: str) -> dict[str, CurrentAnswer]:
    states = (AnswerState.NO_ANSWER, AnswerState.ANSWERED)
    return {
        key: CurrentAnswer(key, Given(states[bool(code)], tuple(code.split())), 1.0, "machine")
        for key, code in codes.items()
    }


def as_states(**codes: str) -> dict[str, str]:
    return {key: answer.state.value for key, answer in as_counted(ASKING, said(**codes)).items()}


@pytest.mark.parametrize(
    ("answers", "states"),
    [
        ({"A1": "yes", "B1": "5", "B2": "", "B3": "na"}, "answered answered no_answer not_applicable"),
        ({"A1": "no", "B1": "", "B2": "", "B3": "4"}, "answered not_applicable not_applicable answered"),
        ({"A1": "no", "B1": "1", "B2": "", "B3": "4"}, "answered not_applicable not_applicable answered"),
        ({"A1": "", "B1": "1", "B2": "", "B3": ""}, "no_answer answered no_answer no_answer"),
    ],
    ids=["not applicable", "skipped as told", "answered although to be skipped", "nobody knows"],
)
def test_what_an_answer_comes_to(answers: dict[str, str], states: str) -> None:
    assert " ".join(as_states(**answers).values()) == states


@pytest.mark.parametrize("state", [AnswerState.DOUBTFUL, AnswerState.MULTIPLE])
def test_nothing_is_skipped_because_of_an_answer_that_is_none(state: AnswerState) -> None:
    answers = said(A1="no", B1="5")
    answers["A1"] = CurrentAnswer("A1", Given(state, ("no",)), 0.6, "machine")
    assert as_counted(ASKING, answers)["B1"].state is AnswerState.ANSWERED


def test_a_form_without_such_answers_is_counted_as_it_stands() -> None:
    answers = said(A1="1", B1="5", B10="5")
    assert as_counted(FORM, answers) is answers


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"A1": "no", "B1": "", "B2": "", "B3": "5", "B10": ""}, None),  # one of two that were asked
        ({"A1": "yes", "B1": "", "B2": "", "B3": "5", "B10": ""}, "KHL5"),  # three of four were left out
        ({"A1": "yes", "B1": "na", "B2": "na", "B3": "na", "B10": ""}, "KHL5"),
        ({"A1": "", "B1": "", "B2": "", "B3": "", "B10": ""}, "KHL5"),
        ({"A1": "no", "B1": "", "B2": "", "B3": "", "B10": ""}, "KHL5"),
    ],
)
def test_who_skips_as_told_left_nothing_out(answers: dict[str, str], reason: str | None) -> None:
    given = as_counted(ASKING, said(**answers))
    assert judge(ASKING, given, standing="counts", set_aside=None, reason_by_hand=None) == reason


def test_figures_validity_and_views_agree_on_a_random_stack(
    scanner: Scanner, store: Store, issued_run: Callable[..., Issue], tmp_path: Path
) -> None:
    dice = random.Random(11)
    run = issued_run(120, form=ASKING)
    pages = []
    for number in range(run.first, run.first + 120):
        levels = {key: dice.choice(["5", "4", "1", "na", "", "?"]) for key in ("B1", "B2", "B3")}
        about = {"A1": dice.choice(["yes", "no", "no", "", "?"]), "B10": dice.choice(["5", "1", "", ""])}
        pages.append(slip(run, number, form=ASKING, **about, **levels))
    scanner.take_in(scanner.scan("a.tif", *pages))
    found = counted(store)  # tallies, single slips and views say the same
    states = {(row.question, row.state): row.slips for row in found.answers if not row.code}
    assert states["B3", AnswerState.NOT_APPLICABLE] > 5
    assert states["B1", AnswerState.NOT_APPLICABLE] > states["B3", AnswerState.NOT_APPLICABLE]
    assert not any(row.code == "na" for row in found.answers)
    assert {row.state for row in found.slips} == {SlipState.VALID, SlipState.INVALID}
    # So does the stand-alone check of an export, which knows nothing of this program.
    is_the_same_alone(store, scanner.workspace.path, PERIOD, tmp_path)
    # Counted by few questions, an answer knows whether it was asked.
    some = tally(store, PERIOD, questions=["B1"]).tallies
    of_b1 = {row for row in found.answers if row.question == "B1"}
    assert len({row.state for row in of_b1}) > 2
    assert not any(row.code == "na" for row in some.answers)


def test_answers_keep_what_the_paper_says(
    scanner: Scanner, store: Store, issued_run: Callable[..., Issue]
) -> None:
    run = issued_run(form=ASKING)
    marks = {"A1": "no", "B1": "5", "B3": "na", "B10": "5"}
    scanner.take_in(scanner.scan("a.tif", slip(run, 1, form=ASKING, **marks)))
    (one,) = current_slips(store)
    assert {key: answer.codes for key, answer in one.answers.items()} == {
        "A1": ("no",),
        "B1": ("5",),
        "B2": (),
        "B3": ("na",),
        "B10": ("5",),
    }
    assert one.answers["B1"].state is AnswerState.NOT_APPLICABLE
    raw = {row["question"]: row["state"] for row in store.rows("SELECT question, state FROM current_answers")}
    assert raw["B1"] == "answered"


RANKS = ("1", "2", "3")
THINGS = tuple(
    replace(question(f"R1_{name}", Kind.RANK, RANKS), core=False, ranking="R1", only_if=IF_YES)
    for name in ("ROOMS", "CARS", "MEALS")
)
RANKING: Form = replace(ASKING, form="KS-02", questions=(*ASKING.questions, *THINGS))


@pytest.mark.parametrize(
    ("ranks", "state"),
    [
        (("2", "1", "3"), "answered"),
        (("2", "1", "1"), "no_answer"),
        (("2", "1", ""), "no_answer"),
        (("", "", ""), "no_answer"),
    ],
    ids=["each once", "one twice", "one missing", "none"],
)
def test_a_ranking_counts_where_every_rank_stands_once(ranks: tuple[str, ...], state: str) -> None:
    keys = [row.key for row in THINGS]
    given = said(A1="yes", **dict(zip(keys, ranks, strict=True)))
    found = as_counted(RANKING, given)
    assert {found[key].state.value for key in keys} == {state}
    assert tuple(" ".join(found[key].codes) for key in keys) == ranks  # what the paper says is kept
    skipped = as_counted(RANKING, said(A1="no", **dict(zip(keys, ranks, strict=True))))
    assert {skipped[key].state.value for key in keys} == {"not_applicable"}


def test_rankings_count_alike_in_figures_views_and_the_stand_alone_check(
    scanner: Scanner, store: Store, issued_run: Callable[..., Issue], tmp_path: Path
) -> None:
    dice = random.Random(12)
    run = issued_run(60, form=RANKING)
    pages = []
    for number in range(run.first, run.first + 60):
        ranks = dice.choice(
            [["1", "2", "3"], ["3", "1", "2"], ["1", "1", "2"], ["1", "", ""], ["", "2", "?"]]
        )
        rows = dict(zip((row.key for row in THINGS), ranks, strict=True))
        about = {"A1": dice.choice(["yes", "yes", "no", ""]), "B10": dice.choice(["5", ""])}
        pages.append(slip(run, number, form=RANKING, **about, **rows))
    scanner.take_in(scanner.scan("a.tif", *pages))
    found = counted(store)
    of_row = {row.state: row.slips for row in found.answers if row.question == "R1_CARS" and not row.code}
    assert set(of_row) == {AnswerState.ANSWERED, AnswerState.NO_ANSWER, AnswerState.NOT_APPLICABLE}
    is_the_same_alone(store, scanner.workspace.path, PERIOD, tmp_path)
