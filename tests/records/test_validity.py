"""When a returned slip is invalid, and what it still says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned import FORM

from omr.messages import LANGUAGES, choose_language
from omr.records.counts.answers import CurrentAnswer, Given
from omr.records.counts.validity import judge, rules
from omr.words import AnswerState

CORE = ("B1", "B2", "B3", "B10")
STATES = {
    "5": AnswerState.ANSWERED,
    "": AnswerState.NO_ANSWER,
    "*": AnswerState.MULTIPLE,
    "?": AnswerState.DOUBTFUL,
}


def answers(by: str = "machine", **said: str) -> dict[str, CurrentAnswer]:
    """``5`` answered, ``""`` blank, ``*`` several boxes, ``?`` doubtful; B10 is the overall question."""
    return {key: CurrentAnswer(key, Given(STATES[word]), 1.0, by) for key, word in said.items()}


def validity(given: dict[str, CurrentAnswer]) -> str | None:
    return judge(FORM, given, standing="counts", set_aside=None, reason_by_hand=None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"A1": "5", "B1": "5", "B2": "5", "B3": "5", "B10": "5"}, None),
        ({"A1": "", "B1": "5", "B2": "5", "B3": "5", "B10": "5"}, None),  # missing demographics void nothing
        (
            {"A1": "5", "B1": "*", "B2": "5", "B3": "5", "B10": "5"},
            None,
        ),  # a double mark voids the answer only
        ({"A1": "", "B1": "", "B2": "", "B3": "", "B10": ""}, "KHL5"),
        ({"A1": "5", "B1": "", "B2": "", "B3": "", "B10": ""}, "KHL5"),
        ({"A1": "", "B1": "", "B2": "", "B3": "", "B10": "5"}, None),
        ({"A1": "", "B1": "5", "B2": "5", "B3": "", "B10": ""}, None),  # just half: not more than half
        ({"A1": "", "B1": "5", "B2": "", "B3": "*", "B10": "*"}, "KHL5"),
        ({"A1": "", "B1": "5", "B2": "", "B3": "", "B10": "?"}, None),  # it may turn out to be an answer
    ],
)
def test_a_slip_is_invalid_when_it_says_too_little(said: dict[str, str], reason: str | None) -> None:
    assert validity(answers(**said)) == reason


def test_what_a_person_could_not_decide_is_no_answer() -> None:
    said = {"B1": "5", "B2": "", "B3": "", "B10": "?"}
    assert validity(answers("machine", **said)) is None
    assert validity(answers("lan", **said)) == "KHL5"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        # "n": ticked "not applicable", "s": was to be skipped. What does not apply was not left out.
        ({"B1": "5", "B2": "n", "B3": "n", "B10": ""}, None),
        ({"B1": "5", "B2": "s", "B3": "s", "B10": ""}, None),  # 1 of 2 that apply: not more than half
        ({"B1": "5", "B2": "", "B3": "", "B10": "s"}, "KHL5"),  # a skipped overall question says nothing
        ({"B1": "5", "B2": "", "B3": "", "B10": "n"}, None),  # ticked: the person said something there
        ({"B1": "s", "B2": "s", "B3": "s", "B10": "s"}, "KHL5"),
        ({"B1": "n", "B2": "n", "B3": "n", "B10": "n"}, None),
        ({"B2": "5", "B3": "5"}, None),  # the other two were not asked in this revision
        ({"B2": "5"}, "KHL5"),
    ],
)
def test_what_does_not_apply_was_not_left_out(said: dict[str, str], reason: str | None) -> None:
    ticked = {"n": ("0",), "s": ()}
    given = answers(**{key: word for key, word in said.items() if word not in ticked})
    for key, word in said.items():
        if word in ticked:
            given[key] = CurrentAnswer(key, Given(AnswerState.NOT_APPLICABLE, ticked[word]), 1.0, "machine")
    assert validity(given) == reason


@pytest.mark.parametrize(
    ("standing", "set_aside", "by_hand", "reason"),
    [
        ("held", "duplicate_other_image", None, "KHL3"),
        ("duplicate", "same_image", None, "KHL3"),
        ("held", "other_unit", None, "KHL7"),
        ("held", "other_period", None, "KHL7"),
        ("refused", None, None, "KHL3"),
        ("counts", None, "KHL4", "KHL4"),
        ("counts", "other_unit", None, None),  # a person let it count
    ],
)
def test_where_a_slip_stands_decides_first(
    standing: str, set_aside: str | None, by_hand: str | None, reason: str | None
) -> None:
    full = answers(B1="5", B2="5", B3="5", B10="5")
    assert judge(FORM, full, standing=standing, set_aside=set_aside, reason_by_hand=by_hand) == reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_is_explained(language: str) -> None:
    choose_language(language)
    assert list(rules().texts) == [f"KHL{at}" for at in range(1, 8)]
    assert all(rules().text(code) for code in rules().texts)


WORDS = st.fixed_dictionaries({key: st.sampled_from(list(STATES)) for key in ("A1", *CORE)})


@given(WORDS, st.sampled_from(CORE))
def test_one_more_answer_never_makes_a_slip_invalid(said: dict[str, str], key: str) -> None:
    if validity(answers(**said)) is None:
        assert validity(answers(**{**said, key: "5"})) is None
