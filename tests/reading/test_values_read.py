"""Values on paper: marked, scanned, read, and never a wrong number that looks right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from form_pieces import DIGITS, HEAD

from omr.forms.entries import boxes_of
from omr.forms.layout import lay_out
from omr.forms.loading import load_template
from omr.forms.template import VALUES, Form, Kind, Option, Question
from omr.geometry import Box
from omr.reading.ink.measure import FEATURES, MarkReading
from omr.reading.ink.measure import F as COLUMN
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.decide import decide
from omr.simulate.oracle import Outcome
from omr.simulate.trials import Condition, try_out
from omr.words import AnswerState, Reason

NOWHERE = np.zeros((4, 2))


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    file = Path(tmp_path_factory.mktemp("form")) / "ks-01.toml"
    file.write_text(HEAD + DIGITS, "utf-8")
    return lay_out(load_template(file), file)


def measured(form: Form, *marked: tuple[str, str]) -> tuple[MarkReading, ...]:
    """Boxes as a plain pen leaves them, and empty ones."""
    ink = {"peak": 0.8, "gain": 0.2, "core": 0.2, "ink": 9.0, "share": 1.0, "own": 1.0, "width": 4.0}
    ink |= {"height": 4.0, "runs": 1.0}
    rows = []
    for question in form.questions:
        for option in question.options:
            features = [0.0] * len(FEATURES)
            if (question.key, option.code) in marked:
                for name, value in ink.items():
                    features[COLUMN[name]] = value
            rows.append(MarkReading(question.key, option.code, NOWHERE, tuple(features)))
    return tuple(rows)


def read(form: Form, **boxes: str) -> dict[str, tuple[AnswerState, tuple[str, ...], str]]:
    """Return what is read where these boxes are marked: ``N1="1_4 2_7"``."""
    marked = [(key, code) for key, codes in boxes.items() for code in codes.split()]
    _, answers = decide(form.questions, measured(form, *marked), load_calibration())
    return {answer.question: (answer.state, answer.codes, answer.reason) for answer in answers}


def test_a_value_is_read_sign_by_sign(form: Form) -> None:
    full = {
        question.key: " ".join(boxes_of(question, value))
        for question, value in zip(form.questions, ("47", "12.5", "2026-11-03", "1230"), strict=True)
    }
    said = read(form, **full)
    assert {key: codes for key, (_, codes, _) in said.items()} == {
        "N1": ("47",),
        "N2": ("12.5",),
        "D1": ("2026-11-03",),
        "K1": ("1230",),
    }
    assert {state for state, _, _ in said.values()} == {AnswerState.ANSWERED}


def test_nothing_marked_is_no_answer(form: Form) -> None:
    assert {state for state, _, _ in read(form).values()} == {AnswerState.NO_ANSWER}


@pytest.mark.parametrize(
    ("key", "boxes", "draft", "reason"),
    [
        ("N1", "1_4", ("4?",), Reason.SIGN_MISSING),
        ("N1", "1_9 2_9", ("99",), Reason.CANNOT_BE),  # older than the form allows
        ("N1", "1_4 1_5 2_7", ("?7",), Reason.TWO_MARKS),
        ("D1", "1_3 2_1 3_0 4_2 5_2 6_0 7_2 8_6", ("31022026",), Reason.CANNOT_BE),
        ("K1", "1_1 2_2 3_3 4_1", ("1231",), Reason.CANNOT_BE),  # the check digit
    ],
)
def test_what_is_not_a_whole_and_possible_value_waits_for_a_person(
    form: Form, key: str, boxes: str, draft: tuple[str, ...], reason: Reason
) -> None:
    state, codes, why = read(form, **{key: boxes})[key]
    assert (state, codes, why) == (AnswerState.DOUBTFUL, draft, reason)


def test_simulated_values_are_read_rightly_or_not_at_all(form: Form) -> None:
    tally = try_out(Condition("everyday"), form, load_calibration(), pages=8, seed=11)
    assert tally.read == 8 and not tally.silent and not tally.lost
    assert tally.count(Outcome.RIGHT) > 0.85 * sum(tally.boxes.values())
    assert all(question.kind in VALUES for question in form.questions)


@pytest.mark.parametrize("options", [2, 3])
@pytest.mark.parametrize("kind", [Kind.SINGLE, Kind.MULTIPLE])
@pytest.mark.parametrize("questions", [1, 2, 5])
def test_a_page_of_which_most_boxes_are_marked_is_not_taken_for_an_empty_one(
    kind: Kind, options: int, questions: int
) -> None:
    """Two boxes a question: half of all are marked, or with several answers all of them."""
    boxes = tuple(Option(str(at), "", False, Box(10.0, 10.0 * at, 4.5, 4.5)) for at in range(options))
    asked = tuple(Question(f"Q{at}", kind, "", "", False, False, boxes, None) for at in range(questions))
    sheet = Form("T", 1, "1", "", "", "A5", "vi", asked, ())
    marked = [(q.key, o.code) for q in asked for o in (boxes if kind is Kind.MULTIPLE else boxes[:1])]
    _, answers = decide(asked, measured(sheet, *marked), load_calibration())
    for question, answer in zip(asked, answers, strict=True):
        meant = tuple(code for key, code in marked if key == question.key)
        assert answer.state is AnswerState.DOUBTFUL or answer.codes == meant
    assert {answer.state for answer in answers} == {AnswerState.ANSWERED}
