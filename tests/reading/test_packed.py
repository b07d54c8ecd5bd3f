"""What travels between processes by the hundred arrives as it was; what each makes itself does not travel."""

from __future__ import annotations

import pickle

import numpy as np

from omr.forms.layout import find_form
from omr.forms.serial import IssuedSerials
from omr.forms.template import fingerprint
from omr.reading.ink.measure import MarkReading
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.states import Answer, BoxVerdict
from omr.reading.reader import Desk
from omr.words import AnswerState, BoxState


def test_verdicts_answers_and_measurements_arrive_whole() -> None:
    verdict = BoxVerdict("C1", "2", BoxState.DOUBTFUL, 0.7, True, "two_marks")
    answer = Answer("C1", AnswerState.ANSWERED, ("2",), 0.99)
    mark = MarkReading("C1", "2", np.arange(8.0).reshape(4, 2), (0.1, float("inf")), version=1)
    came = pickle.loads(pickle.dumps([verdict, answer, mark], protocol=5))
    assert came[:2] == [verdict, answer]
    assert (came[2].question, came[2].features, came[2].version) == ("C1", (0.1, float("inf")), 1)
    assert (came[2].corners_px == mark.corners_px).all()


def test_a_form_is_prepared_when_a_page_of_it_comes_and_stays_where_it_was() -> None:
    form = find_form("DL-01", None)
    desk = Desk(IssuedSerials([]), {fingerprint(form): form}, load_calibration())
    unprepared = len(pickle.dumps(desk))
    plan = desk.plan(fingerprint(form), 1)
    assert plan is not None and plan.form == form.page(1)
    assert desk.plan(fingerprint(form), 1) is plan
    assert desk.plan(fingerprint(form), form.pages + 1) is None
    assert desk.plan("unknown", 1) is None
    assert len(pickle.dumps(desk)) == unprepared
