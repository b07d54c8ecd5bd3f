"""What is plain to a person is read, what is not is asked about: a case for each thing that happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import paper
import pytest

from omr.forms.template import Form, Option, Question
from omr.reading.ink.measure import FEATURES, F
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.decide import decide
from omr.reading.marks.question import QUIET, person_of
from omr.reading.reader import Desk, ReadPage, read_page
from omr.words import AnswerState, Reason, SlipDoubt

PX = paper.PRINT_PX_PER_MM
Lines = list[list[tuple[float, float]]]


def draw(page: np.ndarray, lines: Lines, *, darkness: int = 170, width_mm: float = 0.4) -> None:
    """Draw lines through points in mm; ink over print is as dark as the darker of both."""
    pen = np.full_like(page, 255)
    for line in lines:
        for (x0, y0), (x1, y1) in zip(line, line[1:], strict=False):
            ends = ((round(x * PX * 16), round(y * PX * 16)) for x, y in ((x0, y0), (x1, y1)))
            cv2.line(pen, *ends, 255 - darkness, max(1, round(width_mm * PX)), cv2.LINE_AA, 4)
    np.minimum(page, pen, out=page)


def cross(option: Option) -> Lines:
    x, y = option.box.centre_mm
    return [[(x - 1.6, y - 1.6), (x + 1.6, y + 1.6)], [(x - 1.6, y + 1.6), (x + 1.6, y - 1.6)]]


def dot(option: Option, size_mm: float) -> Lines:
    x, y = option.box.centre_mm
    return [[(x + 0.8, y + 0.5), (x + 0.8 + size_mm, y + 0.5)]]


@pytest.fixture
def slip(sheet: np.ndarray, form: Form, desk: Desk, rng: np.random.Generator) -> Callable[..., ReadPage]:
    """Cross the first option of all questions but some, draw more, scan and read it."""

    def read(
        *drawn: tuple[Lines, dict[str, float]], without: tuple[str, ...] = (), dpi: int = 200
    ) -> ReadPage:
        page = sheet.copy()
        for question in form.questions:
            if question.options and question.key not in without:
                draw(page, cross(question.options[0]))
        for lines, how in drawn:
            draw(page, lines, **how)
        result = read_page(paper.page(paper.scan_of(page, rng, dpi=dpi)[0], dpi=dpi), desk)
        assert isinstance(result, ReadPage)
        return result

    return read


@pytest.fixture
def rows(form: Form) -> list:
    """Questions whose boxes stand in one row."""
    found = [
        q for q in form.questions if len({round(o.box.y_mm) for o in q.options}) == 1 and len(q.options) > 2
    ]
    assert len(found) > 4
    return found


def answer(page: ReadPage, key: str):
    return next(one for one in page.answers if one.question == key)


def test_a_fold_through_a_column_is_never_a_mark(slip, rows) -> None:
    """Incident: beside firm marks elsewhere, the faint line of a fold was read as this person's mark."""
    unanswered = [row.key for row in rows[1:5]]
    x = rows[1].options[3].box.centre_mm[0]
    fold = [[(x, rows[0].options[0].box.y_mm - 4), (x + 0.3, rows[-1].options[0].box.y_mm + 10)]]
    for darkness in (30, 60, 90, 120):
        page = slip((fold, {"darkness": darkness, "width_mm": 0.25}), without=tuple(unanswered))
        states = {answer(page, key).state for key in unanswered}
        assert AnswerState.ANSWERED not in states and AnswerState.MULTIPLE not in states


def test_the_tail_of_a_mark_does_not_ask_about_the_empty_row_beside(slip, rows) -> None:
    """The arm of a cross runs over the rule between two rows; the outline and the rule cut it in pieces."""
    marked, empty = rows[2], rows[3]
    x, y = marked.options[0].box.centre_mm
    page = slip(([[(x - 1.6, y - 1.6), (x + 3.4, y + 4.6)]], {}), without=(empty.key,))
    assert answer(page, empty.key).state is AnswerState.NO_ANSWER
    assert answer(page, marked.key).codes == (marked.options[0].code,)


def test_a_mark_between_two_rows_asks_about_both(slip, rows) -> None:
    upper, lower = rows[2], rows[3]
    (x, y0), (_, y1) = (row.options[1].box.centre_mm for row in (upper, lower))
    y = (y0 + y1) / 2
    mark = [[(x - 1.4, y - 1.5), (x + 1.4, y + 1.5)], [(x - 1.4, y + 1.5), (x + 1.4, y - 1.5)]]
    page = slip((mark, {}), without=(upper.key, lower.key))
    assert {answer(page, row.key).state for row in (upper, lower)} == {AnswerState.DOUBTFUL}


@pytest.mark.parametrize("size_mm", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("off_mm", [-0.3, 0.0, 0.3])
def test_a_small_mark_on_the_rule_between_two_rows_asks_about_both(slip, rows, size_mm, off_mm) -> None:
    """Incident: the printed rule hid it, and both rows were read as unanswered."""
    upper, lower = rows[2], rows[3]
    (x, y0), (_, y1) = (row.options[1].box.centre_mm for row in (upper, lower))
    y = (y0 + y1) / 2 + off_mm
    mark = [
        [(x - size_mm, y - 0.4), (x + size_mm, y + 0.4)],
        [(x - size_mm, y + 0.4), (x + size_mm, y - 0.4)],
    ]
    page = slip((mark, {"width_mm": 0.3, "darkness": 140}), without=(upper.key, lower.key))
    assert {answer(page, row.key).state for row in (upper, lower)} == {AnswerState.DOUBTFUL}


def test_short_ends_of_strokes_close_to_an_unanswered_questions_box_are_asked_about(
    slip, rows, form, desk
) -> None:
    """Incident: of a pale cross on the rule between two rows only ends showed, too short for strokes."""
    row = rows[2]
    marks = []
    for mark in slip(without=(row.key,)).marks:
        features = list(mark.features)
        if (mark.question, mark.option) in {(row.key, row.options[1].code), _first(rows[3])}:
            features[F["around"]] = 2 / 12
        marks.append(replace(mark, features=tuple(features)))
    _, answers = decide(form.questions, marks, desk.calibration)
    assert [(one.question, one.reason) for one in answers if one.reason] == [(row.key, Reason.INK_BESIDE)]


def test_a_rule_between_unanswered_rows_hides_nothing(slip, rows) -> None:
    empty = {row.key for row in rows[1:5]}
    page = slip(without=tuple(empty))
    assert {answer(page, key).state for key in empty} == {AnswerState.NO_ANSWER}


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("across_mm", [-5.0, 5.0])
def test_a_slash_beside_its_box_in_line_with_the_next_rows_is_asked_about(
    slip, rows, below, across_mm
) -> None:
    """Incident: both slashes were one stroke, taken for the mark of the other row: read as unanswered."""
    marked, lost = (rows[2], rows[3]) if below else (rows[3], rows[2])
    x, y = marked.options[2].box.centre_mm
    down = lost.options[2].box.centre_mm[1] - y
    stroke = [[(x - 0.4 * across_mm, y - 0.4 * down), (x + 1.25 * across_mm, y + 1.25 * down)]]
    page = slip((stroke, {}), without=(marked.key, lost.key))
    assert answer(page, lost.key).state is AnswerState.DOUBTFUL


@pytest.mark.parametrize("dpi", [150, 300])
@pytest.mark.parametrize("place", [(0.0, 0.4), (1.0, 0.5), (0.3, 0.0), (0.6, 1.0)])
def test_a_pen_put_down_on_an_outline_is_asked_about(slip, rows, place, dpi) -> None:
    """Incident: the outline hid it, and the question was read as unanswered."""
    row = rows[3]
    box = row.options[1].box
    x, y = box.x_mm + place[0] * box.width_mm, box.y_mm + place[1] * box.height_mm
    page = slip(([[(x - 0.1, y), (x + 0.15, y + 0.05)]], {"width_mm": 0.55}), without=(row.key,), dpi=dpi)
    assert answer(page, row.key).state is AnswerState.DOUBTFUL


@pytest.mark.parametrize("darkness", [45, 60, 90])
def test_a_mark_too_pale_for_a_stroke_beside_its_box_is_asked_about(slip, form, rows, darkness) -> None:
    """Incident: of a hard pencil's marks those in boxes were read, and one between two boxes was not seen."""
    row = rows[3]
    x, y = row.options[1].box.centre_mm
    x += 0.5 * (row.options[2].box.centre_mm[0] - x)
    pale = {"darkness": darkness, "width_mm": 0.35}
    beside = [[(x - 1.5, y - 1.4), (x + 1.5, y + 1.4)], [(x - 1.5, y + 1.4), (x + 1.5, y - 1.4)]]
    others = [question for question in form.questions if question.options and question is not row]
    drawn = [(cross(question.options[0]), pale) for question in others]
    page = slip(*drawn, (beside, pale), without=tuple(question.key for question in form.questions))
    assert answer(page, others[0].key).codes == (others[0].options[0].code,)
    assert answer(page, row.key).state is AnswerState.DOUBTFUL


def test_a_mark_on_the_words_behind_a_box_is_asked_about(slip, form, rows) -> None:
    """Incident: printed words hid it, and the question was read as unanswered."""
    asked = next(q for q in form.questions if q.options and len(q.options) != len(rows[-1].options))
    x, y = asked.options[0].box.centre_mm
    mark = [[(x + 4.0, y - 0.9), (x + 5.6, y + 0.9)], [(x + 4.0, y + 0.9), (x + 5.6, y - 0.9)]]
    page = slip((mark, {"width_mm": 0.35}), without=(asked.key,))
    assert answer(page, asked.key).state is AnswerState.DOUBTFUL


@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_rows_left_out_beside_long_marks_are_unanswered(slip, rows, dpi) -> None:
    """Marks that reach far, and print as it comes out, hide nothing."""
    left, marked = [row.key for row in rows[2::2]], rows[1::2]
    ends = ((-2.4, 3.2), (2.6, -3.4))
    lines = [[(x + dx, y + dy) for dx, dy in ends] for x, y in (q.options[0].box.centre_mm for q in marked)]
    page = slip((lines, {}), without=tuple(left), dpi=dpi)
    assert {answer(page, key).state for key in left} == {AnswerState.NO_ANSWER}


def test_a_long_slash_through_the_middle_of_its_box_is_its_mark(slip, rows) -> None:
    """Two thirds of it lie outside, as who strikes long lines through boxes has it of every mark."""
    row = rows[2]
    x, y = row.options[2].box.centre_mm
    page = slip(([[(x - 4.2, y + 3.0), (x + 4.0, y - 3.0)]], {}), without=(row.key,))
    assert (answer(page, row.key).state, answer(page, row.key).codes) == (
        AnswerState.ANSWERED,
        (row.options[2].code,),
    )


def test_a_line_that_only_passes_a_box_is_asked_about(slip, rows) -> None:
    row = rows[2]
    x, y = row.options[2].box.centre_mm
    page = slip(([[(x + 0.8, y + 2.6), (x + 8.2, y - 2.0)]], {}), without=(row.key,))
    assert answer(page, row.key).state is AnswerState.DOUBTFUL


def test_a_printed_line_through_a_box_is_no_mark(slip, rows) -> None:
    """Incident: columns sent twice by a scanner laid outlines of boxes into boxes: read as marks."""
    row = rows[2]
    box = row.options[2].box
    x, y = box.x_mm + 1.1, box.y_mm
    page = slip(([[(x, y), (x, y + box.height_mm)]], {"width_mm": 0.3, "darkness": 220}), without=(row.key,))
    assert answer(page, row.key).state is AnswerState.DOUBTFUL


def test_dust_beside_a_mark_asks_nothing_and_a_dot_alone_does(slip, rows) -> None:
    beside, alone = rows[2], rows[3]
    page = slip(
        (dot(beside.options[2], 0.1), {"width_mm": 0.25, "darkness": 120}),
        (dot(alone.options[2], 0.3), {"width_mm": 0.9}),
        without=(alone.key,),
    )
    assert answer(page, beside.key).codes == (beside.options[0].code,)
    assert answer(page, beside.key).state is AnswerState.ANSWERED
    assert answer(page, alone.key).state is AnswerState.DOUBTFUL


@pytest.mark.parametrize("word", ["sai", "ko biet", "xem lai"])
def test_a_word_over_a_box_is_never_its_mark(slip, rows, sheet, form, desk, rng, word) -> None:
    """Incident: the first letter of a short word stood in the box, and was read as its mark."""
    row = rows[2]
    page = sheet.copy()
    for question in form.questions:
        if question.options and question.key != row.key:
            draw(page, cross(question.options[0]))
    x, y = row.options[3].box.x_mm, row.options[3].box.y_mm
    for start in (2.4, 2.8, 3.2):
        written = page.copy()
        place = round((x + start) * PX), round((y + 3.9) * PX)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(written, word, place, font, 3.2 * PX / 22, 85, round(0.4 * PX), cv2.LINE_AA)
        read = read_page(paper.page(paper.scan_of(written, rng)[0]), desk)
        assert answer(read, row.key).state is AnswerState.DOUBTFUL


def ring(option: Option, across_mm: float, down_mm: float) -> Lines:
    """A ring that closes, a little askew."""
    (x, y), turns = option.box.centre_mm, np.linspace(0.3, 0.3 + 2 * np.pi, 60)
    return [[(x + 0.1 + across_mm * np.cos(turn), y + down_mm * np.sin(turn)) for turn in turns.tolist()]]


@pytest.mark.parametrize(("across_mm", "down_mm"), [(2.5, 3.4), (3.4, 2.5), (2.6, 2.9), (3.1, 2.45)])
def test_a_ring_that_runs_partly_under_an_outline_is_seen(slip, rows, form, desk, across_mm, down_mm) -> None:
    """Incident: rings that cut the corners of their box left too few directions, and were passed over."""
    row = rows[2]
    page = slip((ring(row.options[3], across_mm, down_mm), {"darkness": 110}))
    assert answer(page, row.key).reason is Reason.RING_AROUND
    encircled = next(
        mark.features[F["encircled"]]
        for mark in page.marks
        if (mark.question, mark.option) == (row.key, row.options[3].code)
    )
    assert encircled >= 0.3
    # On slips measured before nobody looked: nothing is made of that.
    older = [replace(mark, features=mark.features[: F["encircled"]]) for mark in page.marks]
    _, answers = decide(form.questions, older, desk.calibration)
    assert [one for one in answers if one.question != row.key] == [
        one for one in page.answers if one.question != row.key
    ]


@pytest.mark.parametrize("dpi", [150, 300])
def test_a_ring_that_its_boxs_outline_hides_is_seen(slip, rows, dpi) -> None:
    """Incident: a ring drawn close around its box left no stroke at all beyond the outline's soft edge."""
    row = rows[2]
    page = slip((ring(row.options[3], 2.5, 2.5), {"darkness": 90, "width_mm": 0.35}), dpi=dpi)
    values = {(mark.question, mark.option): mark.features for mark in page.marks}
    around = values[row.key, row.options[3].code]
    assert max(around[F[name]] for name in ("circled", "around", "encircled")) < 0.5
    assert around[F["rimmed"]] > 0.08
    assert answer(page, row.key).reason is Reason.RING_AROUND
    assert (
        max(one[F["rimmed"]] for at, one in values.items() if at[0] != row.key and not one[F["ink"]]) < 0.03
    )


def test_a_mark_that_is_ringed_is_asked_about(slip, rows, form, desk) -> None:
    """Who rings a cross may mean it, or take it back: at examinations in Vietnam it is taken back."""
    row = rows[2]
    page = slip((ring(row.options[0], 3.4, 3.3), {}))
    assert answer(page, row.key).reason is Reason.RING_AROUND
    _, answers = decide(form.questions, page.marks, _without(desk.calibration, encircled_mark=9.0))
    assert next(one for one in answers if one.question == row.key).codes == (row.options[0].code,)


def test_tails_of_marks_around_an_empty_box_are_no_ring(slip, rows) -> None:
    """Slashes of the rows above and below reach past a box on both sides of it."""
    at = next(
        i for i in range(1, len(rows) - 1) if len({len(one.options) for one in rows[i - 1 : i + 2]}) == 1
    )
    above, row, below = rows[at - 1 : at + 2]
    box = row.options[2].box
    x, y = box.centre_mm
    left, right = (x + side * (box.width_mm / 2 + 1.0) for side in (-1, 1))
    tails: Lines = []
    for other, aside in ((above, left), (below, right)):
        other_x, other_y = other.options[2].box.centre_mm
        ahead = y + (y - other_y) * 0.15
        tails.append([(2 * other_x - aside, 2 * other_y - ahead), (aside, ahead)])
    without = tuple(one.key for one in (above, below))
    page = slip((tails, {}), without=without)
    values = {(mark.question, mark.option): mark.features for mark in page.marks}
    box_at = row.key, row.options[2].code
    assert values[box_at][F["circled"]] >= 0.3  # they are there
    assert values[box_at][F["encircled"]] == 0
    assert answer(page, row.key).codes == (row.options[0].code,)


def test_a_second_mark_that_no_line_shows_is_asked_about(slip, rows, form, desk) -> None:
    """Incident: a pale cross beside a firm one, on a scan of 150 dpi: its lines were no darker than grain."""
    row = rows[2]
    page = slip((cross(row.options[3]), {"darkness": 18, "width_mm": 0.7}))
    assert answer(page, row.key).reason is Reason.UNCLEAR
    # Its lines by themselves do not show it: the ink of the whole box does.
    _, answers = decide(form.questions, page.marks, _without(desk.calibration, pale=1e9))
    assert next(one for one in answers if one.question == row.key).state is AnswerState.ANSWERED


def test_a_mark_that_is_denser_than_the_others_is_asked_about(slip, rows, form, desk) -> None:
    """Incident: marks scribbled out with a thin pen, on scans of black and white, were read as marks."""
    page, row = slip(), rows[2]
    usual = next(mark.features for mark in page.marks if (mark.question, mark.option) == _first(rows[3]))
    wider = usual[F["heavy"]] + 0.22
    for denser in (
        {"ink": 0.65, "solid": 0.5},
        {"ink": 0.7, "heavy": usual[F["heavy"]] + 0.45},
        {"ink": 0.7, "heavy": wider, "solid": usual[F["solid"]] + 0.26},  # each of them only nearly
        {"gain": 2.6 * usual[F["gain"]]},  # little of the box is covered, as by who marks with thin lines
    ):
        features = list(usual)
        for name, value in denser.items():
            features[F[name]] = value
        marks = [
            replace(mark, features=tuple(features)) if (mark.question, mark.option) == _first(row) else mark
            for mark in page.marks
        ]
        _, answers = decide(form.questions, marks, desk.calibration)
        assert next(one for one in answers if one.question == row.key).reason is Reason.FILLED, denser


def test_a_dense_mark_needs_to_be_a_likely_one(slip, rows, form, desk) -> None:
    """Incident: who marks with thick lines had scribbled a mark out, which was hardly heavier."""
    page, row = slip(), rows[2]
    dense = {"ink": 0.78, "solid": 0.3, "runs": 2.5, "ways": 0.65, "crossed": 1.9, "tangle": 3.0}
    marks = []
    for mark in page.marks:
        features = list(mark.features)
        if (mark.question, mark.option) == _first(row):
            for name, value in dense.items():
                features[F[name]] = value
        marks.append(replace(mark, features=tuple(features)))
    for limit, state in ((0.0, AnswerState.ANSWERED), (1.0, AnswerState.DOUBTFUL)):
        limits = replace(desk.calibration.slips.limits, like_dense=limit)
        slips = replace(desk.calibration.slips, limits=limits)
        _, answers = decide(form.questions, marks, replace(desk.calibration, slips=slips))
        assert next(one for one in answers if one.question == row.key).state is state


@pytest.mark.parametrize(("bilevel", "asked"), [(0.0, False), (1.0, True)])
def test_a_mark_gone_over_is_not_taken_for_a_filled_box(slip, rows, form, desk, bilevel, asked) -> None:
    """Incident: of two marks the one gone over, whose lines had grown on black and white, was withdrawn."""
    row = rows[2]
    page = slip((cross(row.options[3]), {}))
    marks = []
    for mark in page.marks:
        features = list(mark.features)
        features[F["bilevel"]] = bilevel
        if (mark.question, mark.option) == _first(row):
            features[F["heavy"]], features[F["solid"]], features[F["ink"]] = 0.84, 0.81, 0.81
        marks.append(replace(mark, features=tuple(features)))
    _, answers = decide(form.questions, marks, desk.calibration)
    found = next(one for one in answers if one.question == row.key)
    assert (found.state is AnswerState.DOUBTFUL) == asked
    assert asked or found.codes == (row.options[3].code,)


def test_a_trace_in_a_box_of_an_unanswered_question_is_asked_about(slip, rows, form, desk) -> None:
    """Incident: a cross that a person can just see, among firm ones: no line of it stood out."""
    row, other = rows[2], rows[4]
    page = slip(without=(row.key, other.key))
    assert {answer(page, one.key).state for one in (row, other)} == {AnswerState.NO_ANSWER}
    marks = []
    for mark in page.marks:
        features = list(mark.features)
        if (mark.question, mark.option) == (row.key, row.options[3].code):
            features[F["core"]] += 0.015
        marks.append(replace(mark, features=tuple(features)))
    _, answers = decide(form.questions, marks, desk.calibration)
    # Where the scan all but lost one mark, it may have lost another.
    found = {one.question: one for one in answers}
    assert {found[one.key].reason for one in (row, other)} == {Reason.UNCLEAR}
    assert answers != page.answers
    assert [one for one in answers if one.question not in (row.key, other.key)] == [
        one for one in page.answers if one.question not in (row.key, other.key)
    ]
    _, answers = decide(form.questions, marks, _without(desk.calibration, trace=1e9))
    assert next(one for one in answers if one.question == row.key).state is AnswerState.NO_ANSWER


def test_what_shines_through_from_the_back_asks_nothing(slip, rows, form, desk) -> None:
    """All boxes of a page are darker then, by a tenth of the usual mark's ink and more."""
    page = slip()
    rng = np.random.default_rng(6)
    marks = []
    for mark in page.marks:
        features = list(mark.features)
        if features[F["ink"]] == 0:
            features[F["gain"]] += 0.03 + 0.004 * rng.normal()
        marks.append(replace(mark, features=tuple(features)))
    _, answers = decide(form.questions, marks, desk.calibration)
    assert [one.codes for one in answers] == [one.codes for one in page.answers]
    _, answers = decide(form.questions, marks, _without(desk.calibration, pale_apart=-1e9))
    assert any(one.state is AnswerState.DOUBTFUL for one in answers)


def test_grain_of_the_paper_beside_a_mark_asks_nothing(slip, rows, form, desk) -> None:
    page, row = slip(), rows[2]
    marks = []
    for mark in page.marks:
        features = list(mark.features)
        if (mark.question, mark.option) == (row.key, row.options[2].code):
            features[F["peak"]], features[F["gain"]] = 0.12, 0.004
        marks.append(replace(mark, features=tuple(features)))
    _, answers = decide(form.questions, marks, desk.calibration)
    assert next(one for one in answers if one.question == row.key).codes == (row.options[0].code,)
    _, answers = decide(form.questions, marks, _without(desk.calibration, passing=-1.0))
    assert next(one for one in answers if one.question == row.key).reason is Reason.UNCLEAR


@pytest.mark.parametrize(("long_mm", "asked"), [(0.7, False), (2.6, True)])
def test_dots_along_a_line_are_no_speck(slip, rows, form, desk, long_mm, asked) -> None:
    """Incident: what black and white left of a faint second mark, dots along its line, was taken for dust."""
    row = rows[2]
    specks = {"ink": 0.02, "width": 0.1, "height": 0.14, "long": long_mm, "own": 1.0, "share": 1.0}
    marks = []
    for mark in slip().marks:
        features = list(mark.features)
        if (mark.question, mark.option) == (row.key, row.options[2].code):
            for name, value in (specks | {"peak": 0.3, "gain": 0.009}).items():
                features[F[name]] = value
        marks.append(replace(mark, features=tuple(features)))
    _, answers = decide(form.questions, marks, desk.calibration)
    found = next(one for one in answers if one.question == row.key)
    assert (found.reason or None) == (Reason.UNCLEAR if asked else None)


class _Sure:
    """Trees that say one thing of every mark."""

    def __init__(self, chance: float) -> None:
        self.says = chance

    def chance(self, evidence: np.ndarray) -> np.ndarray:
        return np.full(len(evidence), self.says)


@pytest.mark.parametrize(("chance", "asked"), [(0.72, True), (0.95, False)])
def test_a_dot_is_a_mark_only_where_it_surely_is(slip, rows, form, desk, chance, asked) -> None:
    """Incident: dots alone, by a pale pencil, were seen as marks at 0.5 and more."""
    row = rows[2]
    marks = []
    for mark in slip().marks:
        features = list(mark.features)
        if (mark.question, mark.option) == _first(row):
            for name, value in {"width": 0.2, "height": 0.2, "long": 0.9, "flat": 1.0, "solid": 0.0}.items():
                features[F[name]] = value
        marks.append(replace(mark, features=tuple(features)))
    calibration = replace(desk.calibration, slips=replace(desk.calibration.slips, likeness=_Sure(chance)))
    _, answers = decide(form.questions, marks, calibration)
    found = next(one for one in answers if one.question == row.key)
    assert (found.state is AnswerState.DOUBTFUL) == asked
    assert not asked or found.reason is Reason.SMALLER


@pytest.mark.parametrize(
    ("differs", "chance", "asked"),
    [
        ({"gain": 0.25}, 0.5, Reason.UNCLEAR),  # times the usual: the end of a loop
        ({"gain": 0.25}, 0.7, None),
        ({"share": 0.4, "off": 9.0, "span": 12.0}, 0.61, Reason.STAMP),  # a loop's middle
        ({"share": 0.4, "off": 9.0, "span": 12.0}, 0.75, None),
    ],
)
def test_of_a_loop_over_an_empty_row_no_box_is_taken_for_marked(
    slip, rows, form, desk, differs, chance, asked
) -> None:
    """Incident: loops over rows without an answer, one on black and white, one of little ink in the box."""
    row = rows[2]
    marks = []
    for mark in slip().marks:
        features = list(mark.features)
        if (mark.question, mark.option) == _first(row):
            for name, value in differs.items():
                features[F[name]] = value * features[F[name]] if name == "gain" else value
        marks.append(replace(mark, features=tuple(features)))
    calibration = replace(desk.calibration, slips=replace(desk.calibration.slips, likeness=_Sure(chance)))
    _, answers = decide(form.questions, marks, calibration)
    found = next(one for one in answers if one.question == row.key)
    assert (found.reason or None) == asked


def _first(question: Question) -> tuple[str, str]:
    return question.key, question.options[0].code


def _without(calibration: Calibration, **limits: float) -> Calibration:
    """Return a calibration with some limits out of reach."""
    slips = calibration.slips
    return replace(calibration, slips=replace(slips, limits=replace(slips.limits, **limits)))


def test_an_empty_slip_asks_once(slip, form) -> None:
    page = slip(without=tuple(question.key for question in form.questions))
    assert page.doubts == (SlipDoubt.FEW_ANSWERS,)
    asked = [one for one in page.answers if one.state is AnswerState.DOUBTFUL]
    assert not asked, [Reason(one.reason) for one in asked]


def test_what_an_earlier_reader_did_not_measure_is_not_known(slip, form, desk) -> None:
    page = slip()
    known = FEATURES.index("off")
    older = [
        type(mark)(mark.question, mark.option, mark.corners_px, mark.features[:known]) for mark in page.marks
    ]
    _, answers = decide(form.questions, older, desk.calibration)
    assert [one.codes for one in answers] == [one.codes for one in page.answers]


def test_of_five_boxes_three_may_be_marked() -> None:
    """A page with two questions, one of them marked twice: the marks are no measure of its empty boxes."""
    peak = np.array([0.74, 0.77, 0.01, 0.0, 0.71])
    person = person_of(peak, [np.array([0, 1, 2]), np.array([3, 4])])
    assert person.quiet <= QUIET
    alone = person_of(np.array([0.7, 0.0, 0.0]), [np.array([0, 1, 2])])
    assert alone.quiet <= QUIET


def test_on_a_page_of_many_boxes_the_empty_ones_are_still_the_measure() -> None:
    peak = np.tile([0.7, 0.04, 0.04, 0.04, 0.04], 10)
    groups = [np.arange(at, at + 5) for at in range(0, 50, 5)]
    assert person_of(peak, groups).quiet == pytest.approx(0.04)
