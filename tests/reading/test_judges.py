"""What was measured is judged by the judge of its time, box by box, and every word of it comes through."""

from __future__ import annotations

import numpy as np
import pytest

from omr.forms.template import Entry, Kind, Option, Question
from omr.geometry import Box
from omr.reading.ink.measure import FEATURES, PAPERS, VERSION, F, MarkReading
from omr.reading.marks import first, papers, question
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.decide import decide
from omr.reading.marks.states import Answer, BoxVerdict, Judgement
from omr.reading.papers.paper import FEATURES as FIRST_FEATURES
from omr.reading.written.values import Written
from omr.words import AnswerState, BoxState, Reason

CALIBRATION = load_calibration()
NOWHERE = np.zeros((4, 2))
PLAIN = {"peak": 0.8, "gain": 0.2, "core": 0.2, "ink": 9.0, "share": 1.0, "own": 1.0, "width": 4.0}
PLAIN |= {"height": 4.0, "runs": 1.0}
FIRST = 1  # the version that `first` judges


def asked(key: str, kind: Kind = Kind.SINGLE, codes: tuple[str, ...] = ("1", "2", "3", "4")) -> Question:
    options = tuple(Option(code, code, satisfied=False, box=Box(0, 0, 4, 4)) for code in codes)
    entry = Entry(("0123456789", "0123456789")) if kind is Kind.NUMBER else None
    return Question(key, kind, key, "", core=True, overall=False, options=options, area=None, entry=entry)


def boxes(*questions: Question, **marks: str) -> list[MarkReading]:
    """Measurements of today: plain marks in the boxes named, a number for how dark, empty ones else."""
    rows = []
    for one in questions:
        dark = dict(word.split("=") if "=" in word else (word, "0.8") for word in marks[one.key].split())
        for option in one.options:
            features = [0.0] * len(FEATURES)
            if option.code in dark:
                for name, value in (PLAIN | {"peak": float(dark[option.code])}).items():
                    features[F[name]] = value
            rows.append(MarkReading(one.key, option.code, NOWHERE, tuple(features)))
    return rows


def as_said(readings: list[MarkReading], judged: list[Judgement] | tuple[Judgement, ...]) -> list[BoxVerdict]:
    return [
        BoxVerdict(box.question, box.option, one.state, one.confidence, one.review, one.reason or "")
        for box, one in zip(readings, judged, strict=True)
    ]


SINGLE, SEVERAL = asked("A1"), asked("B1", Kind.MULTIPLE)
OTHERS = (asked("A2"), asked("A3"), asked("A4"), asked("A5"))
USUAL = {one.key: "1" for one in OTHERS}


def test_every_word_of_the_judge_comes_through() -> None:
    """Two marks where one is wanted, two where several may be, a faint one, an empty row: box by box."""
    form = (SINGLE, SEVERAL, *OTHERS, asked("A6"), asked("A7"))
    readings = boxes(*form, A1="1 3", B1="1 3", A6="", A7="2=0.07", **USUAL)
    kinds = [one.kind for one in form for _ in one.options]
    features = np.array([box.features for box in readings])
    judged = question.judge(features, [box.question for box in readings], kinds, CALIBRATION.slips)
    verdicts, answers = decide(form, readings, CALIBRATION)
    assert list(verdicts) == as_said(readings, judged)
    assert {box.state for box in verdicts} == {BoxState.MARKED, BoxState.BLANK, BoxState.DOUBTFUL}
    found = {one.question: (one.state, one.codes, one.reason) for one in answers}
    assert found["A1"] == (AnswerState.DOUBTFUL, ("1", "3"), Reason.TWO_MARKS)  # both lean to a mark
    assert found["B1"] == (AnswerState.ANSWERED, ("1", "3"), "")
    assert found["A2"] == (AnswerState.ANSWERED, ("1",), "")
    assert found["A7"][0] is AnswerState.DOUBTFUL
    # Beside a mark that is almost none an empty row may hold still less; beside plain ones it is empty.
    assert found["A6"] == (AnswerState.DOUBTFUL, (), Reason.UNCLEAR)
    assert [one.question for one in answers] == [one.key for one in form]
    _, answers = decide(form, boxes(*form, A1="1", B1="1 3", A6="", A7="2", **USUAL), CALIBRATION)
    assert [(one.question, one.state) for one in answers if not one.codes] == [("A6", AnswerState.NO_ANSWER)]


def test_the_places_of_a_value_are_each_a_question_of_their_own() -> None:
    """47: a four among the tens, a seven among the units, and these are not two marks of one question."""
    signs = tuple(f"{place}_{sign}" for place in (1, 2) for sign in range(10))
    number = asked("N1", Kind.NUMBER, signs)
    readings = boxes(number, *OTHERS, N1="1_4 2_7", **USUAL)
    _, answers = decide((number, *OTHERS), readings, CALIBRATION)
    assert (answers[0].state, answers[0].codes) == (AnswerState.ANSWERED, ("47",))
    twice = boxes(number, *OTHERS, N1="1_4 1_5 2_7", **USUAL)
    _, answers = decide((number, *OTHERS), twice, CALIBRATION)
    assert (answers[0].state, answers[0].reason) == (AnswerState.DOUBTFUL, Reason.TWO_MARKS)


def test_a_box_of_no_question_of_the_form_is_judged_as_one_of_a_single_answer() -> None:
    readings = boxes(SINGLE, *OTHERS, A1="1 3", **USUAL)
    judged, _ = decide(OTHERS, readings, CALIBRATION)
    assert [box.reason for box in judged if box.question == "A1"].count(Reason.TWO_MARKS) == 2


def test_what_was_not_looked_at_then_is_not_known() -> None:
    """Measured before the last numbers were thought of: they are NaN, not 0, and no error."""
    readings = boxes(SINGLE, *OTHERS, A1="", **USUAL)
    short = [
        MarkReading(box.question, box.option, box.corners_px, box.features[: F["ruled"]]) for box in readings
    ]
    features = np.full((len(short), len(FEATURES)), np.nan)
    features[:, : F["ruled"]] = 0.0
    for row, box in zip(features, short, strict=True):
        row[: F["ruled"]] = box.features
    kinds = [Kind.SINGLE] * len(short)
    judged = question.judge(features, [box.question for box in short], kinds, CALIBRATION.slips)
    verdicts, answers = decide((SINGLE, *OTHERS), short, CALIBRATION)
    assert list(verdicts) == as_said(short, judged)
    assert answers[0].state is AnswerState.NO_ANSWER


def of_then(version: int, columns: int, seed: int = 2) -> list[MarkReading]:
    """Ten questions as they were measured then; so many of the numbers of that time were looked at."""
    rng = np.random.default_rng(seed)
    rows = rng.uniform(0.0, 0.02, (40, len(FIRST_FEATURES)))
    for row in range(10):
        rows[4 * row + row % 4] += rng.uniform(0.2, 0.6, len(FIRST_FEATURES))
    return [
        MarkReading(f"q{at // 4}", str(at % 4 + 1), NOWHERE, tuple(row[:columns]), version)
        for at, row in enumerate(rows.tolist())
    ]


@pytest.mark.parametrize("missing", [0, 1, 4])
def test_the_papers_judge_is_told_nothing_of_what_was_not_looked_at(missing: int) -> None:
    readings = of_then(PAPERS, len(FIRST_FEATURES) - missing)
    features = np.full((len(readings), len(FIRST_FEATURES)), np.nan)
    for row, box in zip(features, readings, strict=True):
        row[: len(box.features)] = box.features
    judged = papers.judge(features, [box.question for box in readings], CALIBRATION.papers)
    form = [asked(f"q{at}") for at in range(10)]
    # By their words: a chance that nobody knows is NaN.
    assert repr(list(decide(form, readings, CALIBRATION)[0])) == repr(as_said(readings, judged))


@pytest.mark.parametrize("missing", [0, 1, 5])
@pytest.mark.parametrize("mixed", [False, True])
def test_the_first_judge_takes_for_nothing_what_was_not_looked_at(missing: int, mixed: bool) -> None:
    """Also where a slip was measured by several versions: the one that needs least judges all of it."""
    readings = of_then(FIRST, len(FIRST_FEATURES) - missing)
    if mixed:
        readings[7:9] = of_then(PAPERS, len(FIRST_FEATURES) - missing)[7:9]
        readings[9:11] = [
            MarkReading(box.question, box.option, NOWHERE, box.features, VERSION) for box in readings[9:11]
        ]
    features = np.zeros((len(readings), len(FIRST_FEATURES)))
    for row, box in zip(features, readings, strict=True):
        row[: len(box.features)] = box.features
    judged = first.judge(features, [box.question for box in readings], CALIBRATION)
    form = [asked(f"q{at}") for at in range(10)]
    assert repr(list(decide(form, readings, CALIBRATION)[0])) == repr(as_said(readings, judged))


def test_who_writes_behind_an_empty_box_may_have_meant_it() -> None:
    """The words "other: ..." with the box left empty: a person looks, and sees that box proposed."""
    other = asked("A1", codes=("1", "2", "other"))
    readings = boxes(other, *OTHERS, A1="", **USUAL)
    written = [Written("A1_OTHER")]
    (*_, behind), (answer, *rest) = (
        [box for box in decide((other, *OTHERS), readings, CALIBRATION, written)[0] if box.question == "A1"],
        decide((other, *OTHERS), readings, CALIBRATION, written)[1],
    )
    before = [box for box in decide((other, *OTHERS), readings, CALIBRATION)[0] if box.question == "A1"][-1]
    assert before.state is BoxState.BLANK and not before.review
    reason = Reason.WRITTEN_BEHIND.value
    assert behind == BoxVerdict("A1", "other", BoxState.DOUBTFUL, before.confidence, True, reason)
    assert answer == Answer("A1", AnswerState.DOUBTFUL, ("other",), answer.confidence, reason)
    assert all(one.state is AnswerState.ANSWERED for one in rest)


@pytest.mark.parametrize("written", ["A2_OTHER", "A1", "A1_1", ""])
def test_writing_elsewhere_makes_no_box_doubtful(written: str) -> None:
    """Behind a marked box, or behind none: nothing is asked."""
    other = asked("A1", codes=("1", "2", "other"))
    readings = boxes(other, *OTHERS, A1="1", **USUAL)
    plain = decide((other, *OTHERS), readings, CALIBRATION)
    assert decide((other, *OTHERS), readings, CALIBRATION, [Written(written)]) == plain


def test_a_value_by_hand_comes_from_what_was_written() -> None:
    cells = (Box(0, 0, 5, 7), Box(6, 0, 5, 7))
    entry = Entry(("0123456789", "0123456789"))
    number = Question("N1", Kind.NUMBER, "", "", False, False, (), None, entry=entry, cells=cells)
    _, answers = decide([number], [], CALIBRATION, [Written("N1", "47", "47", 0.99)])
    assert answers == (Answer("N1", AnswerState.ANSWERED, ("47",), 0.99),)
