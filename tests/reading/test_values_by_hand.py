"""Values by hand, and writing behind boxes: two machines that agree, or a person; nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from form_pieces import CHOICES, DIGITS, HEAD

from omr.forms.layout import lay_out
from omr.forms.loading import load_template
from omr.forms.template import Form, form_from_json
from omr.forms.template import canonical as as_json
from omr.reading.ink.measure import FEATURES, MarkReading
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.decide import Written, decide
from omr.reading.scan.pages import Depth
from omr.simulate.oracle import Outcome
from omr.simulate.trials import Condition, try_out
from omr.words import AnswerState, Reason

BY_HAND = DIGITS.replace('kind = "digits"', 'kind = "digits"\nfill = "hand"', 1)
CALIBRATION = load_calibration()


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    file = Path(tmp_path_factory.mktemp("form")) / "ks-01.toml"
    file.write_text(HEAD + CHOICES + BY_HAND, "utf-8")
    return lay_out(load_template(file), file)


@pytest.fixture(scope="module")
def decided(form: Form) -> Callable[..., dict[str, tuple[AnswerState, tuple[str, ...], str]]]:
    """Return what a slip with empty boxes says where this was written."""
    blank = (0.0,) * len(FEATURES)
    marks = [
        MarkReading(question.key, option.code, np.zeros((4, 2)), blank)
        for question in form.questions
        for option in question.options
    ]

    def read(*written: Written) -> dict[str, tuple[AnswerState, tuple[str, ...], str]]:
        _, answers = decide(form.questions, marks, CALIBRATION, written)
        return {answer.question: (answer.state, answer.codes, answer.reason) for answer in answers}

    return read


def test_a_value_by_hand_has_a_cell_a_place_and_no_boxes(form: Form) -> None:
    age, hours, day, code = form.questions[-4:]
    assert [len(one.cells) for one in (age, hours, day, code)] == [2, 3, 8, 4]
    assert not any(one.options for one in (age, hours, day, code))
    assert len({cell.y_mm for one in (age, hours, day, code) for cell in one.cells}) == 1
    for one in (age, hours, day, code):
        assert one.area is not None
        assert one.area.x_mm == one.cells[0].x_mm
        assert one.area.width_mm == pytest.approx(
            one.cells[-1].x_mm + one.cells[-1].width_mm - one.cells[0].x_mm, abs=0.002
        )
    steps = [round(b.x_mm - a.x_mm, 2) for a, b in zip(day.cells, day.cells[1:], strict=False)]
    assert steps[1] == steps[3] > steps[0]  # day, month and year stand apart
    assert form_from_json(as_json(form)) == form


@pytest.mark.parametrize(
    ("key", "first", "second", "confidence", "state", "codes", "why"),
    [
        ("N1", "47", "47", 0.999, "answered", ("47",), ""),
        ("N1", "47", "47", 0.9, "doubtful", ("47",), Reason.HANDWRITTEN),
        ("N1", "47", "41", 0.999, "doubtful", ("4?",), Reason.HANDWRITTEN),
        ("N1", "", "", 0.0, "doubtful", (), Reason.HANDWRITTEN),
        ("N1", "4 ", "4 ", 0.999, "doubtful", ("4?",), Reason.HANDWRITTEN),  # 4, or 40?
        ("N1", " 9", " 9", 0.999, "doubtful", ("9",), Reason.CANNOT_BE),  # younger than 16
        ("N2", " 12", " 12", 0.999, "answered", ("1.2",), ""),
        ("D1", "03112026", "03112026", 0.999, "answered", ("2026-11-03",), ""),
        ("D1", "31022026", "31022026", 0.999, "doubtful", ("31022026",), Reason.CANNOT_BE),
        ("D1", "17091083", "17091083", 0.999, "doubtful", ("17091083",), Reason.CANNOT_BE),
        ("K1", "1230", "1230", 0.999, "answered", ("1230",), ""),
        ("K1", "1231", "1231", 0.999, "doubtful", ("1231",), Reason.CANNOT_BE),  # its check differs
    ],
)
def test_two_machines_that_read_the_same_or_a_person(
    decided: Callable[..., dict[str, tuple[AnswerState, tuple[str, ...], str]]],
    key: str,
    first: str,
    second: str,
    confidence: float,
    state: str,
    codes: tuple[str, ...],
    why: str,
) -> None:
    said = decided(Written(key, first, second, confidence))
    assert said[key] == (state, codes, why)
    others = {one: found for one, found in said.items() if one != key}
    assert {found[0] for found in others.values()} == {AnswerState.NO_ANSWER}


def test_many_values_that_wait_make_no_second_mark_doubtful(form: Form) -> None:
    """Who writes by hand has made no slip of the pen: the rule is about boxes."""
    written = [Written(question.key) for question in form.questions if question.cells]
    _, answers = decide(form.questions, [], CALIBRATION, written)
    assert [answer.reason for answer in answers][-4:] == [Reason.HANDWRITTEN] * 4


def test_who_writes_behind_a_box_without_marking_it_is_asked_about(
    decided: Callable[..., dict[str, tuple[AnswerState, tuple[str, ...], str]]],
) -> None:
    assert decided()["A2"] == (AnswerState.NO_ANSWER, (), "")
    assert decided(Written("A2_OTHER"))["A2"] == (AnswerState.DOUBTFUL, ("other",), Reason.WRITTEN_BEHIND)
    assert decided(Written("A2_OTHER"))["A1"][0] is AnswerState.NO_ANSWER


def test_simulated_hands_are_never_read_wrong(form: Form) -> None:
    """People mark, write and forget: what is wrong waits."""
    tally = try_out(Condition("grey", Depth.GREY, 200), form, CALIBRATION, pages=10, seed=4)
    assert tally.read == tally.pages
    assert not tally.silent and tally.count(Outcome.SILENT) == 0
