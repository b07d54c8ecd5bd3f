"""Paper that was not printed here: its boxes are found, its pages laid on it or refused, its marks read."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from omr.errors import AlignmentError, OmrError
from omr.forms.template import Form, Kind, Option, Question, Traced
from omr.forms.traced import Foreign
from omr.geometry import MM_PER_INCH, Box
from omr.reading.marks.calibrate import load_calibration
from omr.reading.scan.pages import Depth, ScannedPage
from omr.reading.traced.read import TracedPage, TracedPlan, read_traced
from omr.reading.traced.trace import Draft, trace
from omr.simulate.foreign import Survey, box_px, course_evaluation, filled_sheet
from omr.words import AnswerState

DPI = 150  # of most sheets here: half the pixels of 200


def scan_of(survey: Survey, seed: int, page: int, **how: object) -> ScannedPage:
    made = filled_sheet(survey, seed, page, **{"dpi": DPI, **how})
    kind = cv2.IMREAD_GRAYSCALE
    if made.picture.kind == "g4":
        raise AssertionError("grey only")
    grey = np.asarray(cv2.imdecode(np.frombuffer(made.picture.data, np.uint8), kind), np.uint8)
    return ScannedPage("stack.pdf", page, grey, Depth.GREY, float(made.picture.dpi))


@cache
def survey() -> Survey:
    return course_evaluation()


@cache
def draft() -> Draft:
    return trace([scan_of(survey(), 3, 0, empty=True)])


def confirmed(draft: Draft) -> TracedPlan:
    """The form as a person leaves it who changes nothing but the names."""
    mm = MM_PER_INCH / draft.dpi
    questions = []
    for at, members in enumerate(draft.questions, start=1):
        boxes = [draft.boxes[member] for member in members]
        options = tuple(
            Option(str(n), "", n < 3, Box(b.left * mm, b.top * mm, b.width * mm, b.height * mm))
            for n, b in enumerate(boxes, start=1)
        )
        questions.append(Question(f"Q{at}", Kind.SINGLE, "", "", True, False, options, None))
    height, width = draft.print_.shape
    traced = Traced("0" * 64, draft.dpi, width, height, draft.learned, draft.identify)
    form = Form("C", 0, "1", "C", "C", "traced", "en", tuple(questions), (), traced=traced)
    png = cv2.imencode(".png", draft.print_)[1].tobytes()
    return TracedPlan("f" * 64, Foreign(form, png, None))


@cache
def plan() -> TracedPlan:
    return confirmed(draft())


def read(scan: ScannedPage, *plans: TracedPlan) -> TracedPage | None:
    return read_traced(scan, plans or (plan(),), load_calibration())


def test_every_box_is_proposed_where_it_was_printed_and_put_to_its_question() -> None:
    printed = survey().form.questions
    assert [len(question) for question in draft().questions] == [len(q.options) for q in printed]
    # The sheet was fed askew: from box to box the distances are those of the drawing.
    found = np.array([[draft().boxes[at].middle for at in members] for members in draft().questions[1:]])
    drawn = np.array(
        [[np.mean(np.reshape(box_px(o.box, DPI), (2, 2)), axis=0) for o in q.options] for q in printed[1:]]
    )
    steps = np.linalg.norm(np.diff(found, axis=1), axis=2), np.linalg.norm(np.diff(drawn, axis=1), axis=2)
    assert np.abs(steps[0] - steps[1]).max() < 1.0
    height = [box.height / DPI * MM_PER_INCH for box in draft().boxes]
    assert min(height) > 3.6 and max(height) < 4.8  # 4.0 and 4.2 mm, with their lines


def test_what_filled_sheets_share_is_the_form() -> None:
    """Four people's sheets give the boxes that one unfilled sheet gives."""
    shared = trace([scan_of(survey(), 4, page) for page in range(1, 5)])
    assert shared.learned == "shared"
    assert [len(question) for question in shared.questions] == [len(q) for q in draft().questions]


def test_filled_sheets_are_read_without_a_silent_error() -> None:
    asked = said = 0
    for seed, page in ((11, 1), (11, 2), (12, 1)):
        made = filled_sheet(survey(), seed, page, dpi=DPI)
        result = read(scan_of(survey(), seed, page))
        assert result is not None
        meant = [made.slip.answers[question.key] for question in survey().form.questions]
        for answer, codes in zip(result.answers, meant, strict=True):
            said += 1
            asked += answer.state is AnswerState.DOUBTFUL
            assert answer.state is AnswerState.DOUBTFUL or answer.codes == codes
    assert asked <= 0.05 * said


@pytest.mark.parametrize("turns", [1, 2])
def test_a_page_may_lie_any_way_round(turns: int) -> None:
    upright = scan_of(survey(), 21, 1)
    turned = ScannedPage("t", 1, np.ascontiguousarray(np.rot90(upright.grey, turns)), Depth.GREY, 150.0)
    straight, other = read(upright), read(turned)
    assert straight is not None and other is not None
    assert [a.codes for a in straight.answers] == [a.codes for a in other.answers]


def test_a_form_that_shares_a_part_of_the_print_is_not_read_as_this_one() -> None:
    with pytest.raises(AlignmentError) as refused:
        read(scan_of(course_evaluation(rows=3), 31, 1))
    assert refused.value.reason in {"print_incomplete", "print_misaligned", "rows_unlike"}


def test_a_page_without_print_is_of_no_form() -> None:
    assert read(ScannedPage("t", 1, np.full((1754, 1240), 255, np.uint8), Depth.GREY, 150.0)) is None


def _harmed(kind: str) -> np.ndarray:
    grey = scan_of(survey(), 41, 2).grey.copy()
    height, width = grey.shape
    row = round(9.2 / MM_PER_INCH * DPI)  # from row to row of the survey
    middle = height // 2
    match kind:
        case "lost lines":  # of one row and its distance: everything below moves up by it
            return np.vstack([grey[:middle], grey[middle + row :], np.full((row, width), 255, np.uint8)])
        case "repeated lines":
            return np.vstack([grey[: middle + row], grey[middle : height - row]])
        case "swapped halves":
            return np.vstack([grey[middle:], grey[:middle]])
        case "lower half away":
            grey[middle:] = 255
            return grey
        case "stretched":
            return np.asarray(cv2.resize(grey, (width, round(height * 1.12))), np.uint8)
        case _:
            raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind", ["lost lines", "repeated lines", "swapped halves", "lower half away", "stretched"]
)
def test_a_page_that_is_not_whole_is_refused(kind: str) -> None:
    with pytest.raises(AlignmentError):
        assert read(ScannedPage("t", 1, _harmed(kind), Depth.GREY, 150.0)) is None
        raise AlignmentError("of_none")


def test_sheets_of_two_forms_are_not_traced_together() -> None:
    scribble = np.full((1754, 1240), 255, np.uint8)
    rng = np.random.default_rng(1)
    for _ in range(60):
        at = rng.integers(100, 1100, 4)
        cv2.line(scribble, tuple(map(int, at[:2])), tuple(map(int, at[2:])), 0, 2)
    other = ScannedPage("other.png", 1, scribble, Depth.GREY, 150.0)
    with pytest.raises(OmrError) as refused:
        trace([scan_of(survey(), 3, 0, empty=True), other])
    assert refused.value.key == "trace.not_alike"


def test_a_sheet_without_boxes_proposes_no_form() -> None:
    with pytest.raises(OmrError) as refused:
        trace([ScannedPage("t", 1, np.full((1000, 700), 255, np.uint8), Depth.GREY, 100.0)])
    assert refused.value.key == "trace.no_boxes"
