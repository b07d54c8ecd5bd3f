"""Each rule of `judge` by itself, on measurements made by hand: what it asks, what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omr.forms.template import Kind, Option, Question
from omr.geometry import Box
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.decide import decide, judge
from omr.reading.marks.evidence import PRINT, THIN_CROSS, noise, strongest_boxes, usual
from omr.reading.marks.measure import FEATURES, F, MarkReading
from omr.words import AnswerState, BoxState

CALIBRATION = load_calibration()
ROWS, COLUMNS = 10, 5
GROUPS = [f"q{i // COLUMNS}" for i in range(ROWS * COLUMNS)]

BLANK = {"support": 1.0, "usable": 1.0, "found": 1.0, "match": 1.0}
CROSS = BLANK | {
    "gain": 0.28, "ink": 0.40, "core": 0.45, "spread": 0.85, "dark": 0.95, "solid": 0.15, "around": 0.3,
    "ring": 0.02, "width": 1.0, "height": 1.0, "share": 0.8, "through": 0.5, "depth": 0.9,
}  # fmt: skip
FILL = CROSS | {
    "gain": 0.85,
    "ink": 0.95,
    "core": 0.95,
    "spread": 1.0,
    "solid": 0.9,
    "heavy": 0.9,
    "around": 0.1,
}


def page(usual_mark: dict[str, float], boxes: dict[int, dict[str, float]]) -> np.ndarray:
    """Measure, by hand, a page: one mark a row in its first box, and other things at given boxes."""
    out = np.zeros((ROWS * COLUMNS, len(FEATURES)))
    for i, row in enumerate(out):
        there = boxes.get(i, usual_mark if i % COLUMNS == 0 else BLANK)
        for name, value in there.items():
            row[F[name]] = value
    return out


def state(box: int, usual_mark: dict[str, float], boxes: dict[int, dict[str, float]]) -> BoxState:
    return judge(page(usual_mark, boxes), GROUPS, CALIBRATION)[box].state


# ---- what no model may judge ----


@pytest.mark.parametrize(
    ("gain", "expected"),
    [(0.08, BoxState.DOUBTFUL), (0.5, BoxState.DOUBTFUL), (0.65, BoxState.MARKED)],
)
def test_over_print_as_dark_as_a_mark_only_a_bold_mark_is_sure(gain: float, expected: BoxState) -> None:
    blurred = FILL | {"gain": gain, "raw": 0.4 + 0.6 * gain}
    assert state(5, FILL, {5: blurred}) is expected


@pytest.mark.parametrize(
    ("printed", "support", "expected"),
    [(0.15, 1.0, BoxState.DOUBTFUL), (0.0, 0.3, BoxState.DOUBTFUL), (0.0, 1.0, BoxState.MARKED)],
)
def test_a_letter_like_no_other_is_no_mark(printed: float, support: float, expected: BoxState) -> None:
    boxes: dict[int, dict[str, float]] = {i: BLANK | {"raw": printed} for i in range(50)}
    thin = {"gain": 0.12, "raw": printed + 0.12, "ink": 0.2, "core": 0.3, "spread": 0.7, "dark": 1.0}
    assert state(5, BLANK, boxes | {5: BLANK | thin | {"support": support}}) is expected
    bold = boxes | {5: CROSS | {"raw": printed + 0.28, "support": support}}
    assert state(5, BLANK, bold) is BoxState.MARKED
    many = {i: BLANK | thin | {"support": 1.0} for i in range(0, 40, COLUMNS)}
    assert state(5, BLANK, boxes | many) is BoxState.MARKED


def test_most_options_of_most_questions_marked_is_no_slip_but_a_scan_gone_wrong() -> None:
    rows = {i: FILL for i in range(30) if i % COLUMNS < 4}
    assert state(0, FILL, rows) is BoxState.DOUBTFUL
    assert state(45, FILL, rows) is BoxState.DOUBTFUL
    few = {i: FILL for i in range(20) if i % COLUMNS < 4}
    assert state(45, FILL, few) is BoxState.MARKED


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"usable": 0.0}, id="off the picture"),
        pytest.param({"paper": 0.6}, id="paper as dark as ink"),
        pytest.param({"through": 1.0, "ink": 0.1, "gain": 0.08}, id="a line from edge to edge"),
        pytest.param({"through": 0.65, "gain": 0.05, "height": 1.0, "width": 0.04}, id="a fold"),
        pytest.param({"support": 0.1, "gain": 0.1}, id="too few empty boxes to know the print"),
        pytest.param({"missing": 0.4, "gain": 0.1}, id="the print is not there"),
    ],
)
def test_what_the_model_does_not_know_waits_for_a_person(odd: dict[str, float]) -> None:
    assert state(7, CROSS, {7: BLANK | odd}) is BoxState.DOUBTFUL


def test_a_firm_mark_is_one_though_its_print_is_not_there() -> None:
    assert (
        state(5, CROSS, {5: FILL | {"missing": 0.4}, **{i: FILL for i in range(10, 50, 5)}})
        is BoxState.MARKED
    )


def test_a_cross_over_a_streak_is_a_cross() -> None:
    assert state(5, CROSS, {5: CROSS | {"through": 1.0, "gain": 0.37}}) is BoxState.MARKED


# ---- all marks are weak; one is ----


@pytest.mark.parametrize("gain", [0.055, 0.07, 0.09])
def test_dashes_are_marks_where_this_person_makes_dashes(gain: float) -> None:
    dash = CROSS | {"gain": gain, "ink": 0.12, "core": 0.2, "spread": 0.33, "solid": 0.0}
    assert {j.state for j in judge(page(dash, {}), GROUPS, CALIBRATION)[::COLUMNS]} == {BoxState.MARKED}


def test_a_lone_faint_dash_among_firm_crosses_waits_for_a_person() -> None:
    dash = CROSS | {"gain": 0.07, "ink": 0.12, "core": 0.2, "spread": 0.33, "solid": 0.0, "dark": 0.6}
    assert state(5, CROSS, {5: dash}) is BoxState.DOUBTFUL


def test_a_shadow_is_no_mark_where_the_pen_is_firm() -> None:
    shadow = BLANK | {"gain": 0.06, "ink": 0.03, "core": 0.05, "spread": 0.1, "dark": 0.27}
    assert state(6, CROSS, {6: shadow}) is BoxState.BLANK


def test_noise_of_an_empty_page_makes_no_usual_mark() -> None:
    grain = {i: BLANK | {"gain": 0.04 + 0.003 * (i % COLUMNS), "dark": 0.4} for i in range(ROWS * COLUMNS)}
    features = page(BLANK, grain)
    gain = features[:, F["gain"]]
    assert noise(gain, GROUPS, gain > 0) > 0.03
    assert strongest_boxes(gain, GROUPS, gain > 0) == {}
    assert BoxState.MARKED not in {j.state for j in judge(features, GROUPS, CALIBRATION)}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0, 1))
def test_the_usual_mark_is_the_median_of_the_other_questions(values: list[float], unknown: float) -> None:
    groups = [f"q{i}" for i in range(len(values))] + [""]
    found = usual(
        np.array([*values, 0.0]), groups, {group: i for i, group in enumerate(groups[:-1])}, unknown
    )
    for i in range(len(values)):
        assert found[i] == np.median([unknown, *values[:i], *values[i + 1 :]])
    assert found[-1] == np.median([unknown, *values])


def test_where_nothing_is_known_a_mark_is_a_thin_black_cross() -> None:
    nothing: dict[str | int, int] = {}
    assert usual(np.zeros(3), ["a", "b", ""], nothing, THIN_CROSS).tolist() == [THIN_CROSS] * 3
    assert usual(np.zeros(3), ["a", "b", ""], nothing, PRINT).tolist() == [PRINT] * 3


# ---- all are marked ----


def test_where_every_box_is_crossed_the_crosses_are_not_taken_for_print() -> None:
    crossed = {i: BLANK | {"raw": 0.3, "solid": 0.2, "gain": 0.01} for i in range(ROWS * COLUMNS)}
    assert {j.state for j in judge(page(BLANK, crossed), GROUPS, CALIBRATION)} == {BoxState.DOUBTFUL}


@pytest.mark.parametrize(
    "shared",
    [
        pytest.param({"raw": 0.12, "rim": 0.06, "uneven": 0.4}, id="slashes that run up to the outline"),
        pytest.param({"raw": 0.5, "rim": 0.4, "missing": 0.03}, id="fills, not quite alike"),
        pytest.param({"raw": 0.35, "rim": 0.18, "uneven": 0.4}, id="crosses over letters"),
    ],
)
def test_what_is_no_letter_is_not_taken_for_print_though_every_box_has_it(shared: dict[str, float]) -> None:
    boxes = {i: BLANK | shared for i in range(ROWS * COLUMNS)}
    assert {j.state for j in judge(page(BLANK, boxes), GROUPS, CALIBRATION)} == {BoxState.DOUBTFUL}


def test_among_few_boxes_nobody_knows_what_is_print() -> None:
    alike = np.array(
        [[(BLANK | {"raw": 0.2, "support": 0.1}).get(name, 0.0) for name in F] for _ in range(4)]
    )
    assert {j.state for j in judge(alike, ["q"] * 4, CALIBRATION)} == {BoxState.DOUBTFUL}


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param({"raw": 0.2, "rim": 0.02}, id="letters"),
        pytest.param({"raw": 0.35, "rim": 0.04}, id="fat letters"),
        pytest.param({"raw": 0.09, "rim": 0.1}, id="the outline itself, blurred"),
        pytest.param({"raw": 0.27, "rim": 0.1, "uneven": 0.2}, id="letters and outline, blurred"),
    ],
)
def test_what_is_printed_in_every_box_is_print(printed: dict[str, float]) -> None:
    boxes = {i: BLANK | printed for i in range(ROWS * COLUMNS)}
    assert {j.state for j in judge(page(BLANK, boxes), GROUPS, CALIBRATION)} == {BoxState.BLANK}


def test_printed_letters_are_no_crosses() -> None:
    lettered = {i: BLANK | {"raw": 0.3, "gain": 0.01} for i in range(ROWS * COLUMNS)}
    assert {j.state for j in judge(page(BLANK, lettered), GROUPS, CALIBRATION)} == {BoxState.BLANK}


# ---- rings ----

# What a scan hardly shows: a dry pen's marks in four questions.
DRY = BLANK | {"gain": 0.02, "ink": 0.02, "core": 0.02, "dark": 0.3}


def test_traces_of_a_dry_pen_in_several_questions_wait_for_a_person() -> None:
    dry = {5 * row: DRY for row in range(4)}
    found = judge(page(CROSS, dry), GROUPS, CALIBRATION)
    assert [found[i].state for i in dry] == [BoxState.DOUBTFUL] * 4
    assert found[1].state is BoxState.BLANK


def test_a_trace_in_one_skipped_question_is_dirt() -> None:
    assert state(5, CROSS, {5: DRY}) is BoxState.BLANK


RING = BLANK | {"around": 0.75, "ring": 0.08}


def test_a_ring_around_a_box_of_an_unanswered_question_waits_for_a_person() -> None:
    assert state(7, CROSS, {5: BLANK, 7: RING}) is BoxState.DOUBTFUL


def test_the_ends_of_a_neighbouring_mark_are_no_ring() -> None:
    assert state(6, CROSS, {6: RING}) is BoxState.BLANK


def test_a_bold_ring_beside_a_mark_waits_for_a_person() -> None:
    assert state(7, CROSS, {7: RING | {"around": 1.0}}) is BoxState.DOUBTFUL


def test_whoever_marks_by_rings_is_asked_about_every_mark() -> None:
    """The arcs cut into the boxes beside: they look like that person's marks."""
    rings = {5 * row: RING | {"around": 1.0, "ring": 0.2} for row in range(ROWS)}
    arc = CROSS | {"gain": 0.11, "ink": 0.12, "spread": 0.4, "core": 0.05}
    found = judge(page(CROSS, rings | {6: arc}), GROUPS, CALIBRATION)
    assert found[6].state is not BoxState.MARKED
    assert {found[i].state for i in rings} == {BoxState.DOUBTFUL}


def test_fills_that_run_over_their_boxes_are_no_rings() -> None:
    over = FILL | {"around": 1.0, "ring": 0.3}
    assert {j.state for j in judge(page(over, {}), GROUPS, CALIBRATION)[::5]} == {BoxState.MARKED}


def test_shading_around_all_boxes_of_a_question_is_no_ring() -> None:
    shaded = RING | {"around": 1.0, "ring": 0.3}
    assert state(7, CROSS, {i: shaded for i in range(5, 10)}) is BoxState.BLANK


# ---- withdrawn, and not meant ----


def test_a_fill_beside_a_cross_is_cancelled_where_this_person_makes_crosses() -> None:
    assert state(7, CROSS, {7: FILL}) is BoxState.CANCELLED
    assert state(5, CROSS, {7: FILL}) is BoxState.MARKED


def test_a_felt_cross_whose_lines_run_together_is_not_withdrawn_beside_a_tick() -> None:
    """Seed 286718093151699, page 8, B6=5: of two marks that were meant one was taken for withdrawn."""
    tick = CROSS | {"gain": 0.34, "ink": 0.35, "core": 0.55, "spread": 0.67, "solid": 0.34, "through": 0.38}
    cross = CROSS | {"gain": 0.65, "ink": 0.67, "core": 0.65, "spread": 0.89, "solid": 0.66, "heavy": 0.25}
    assert state(6, tick, {6: cross | {"through": 0.61}}) is BoxState.DOUBTFUL
    assert state(5, tick, {6: cross | {"through": 0.61}}) is BoxState.MARKED


def test_a_fill_alone_waits_for_a_person_where_this_person_makes_crosses() -> None:
    assert state(5, CROSS, {5: FILL}) is BoxState.DOUBTFUL


def test_two_fills_are_two_marks_where_this_person_fills() -> None:
    assert state(7, FILL, {7: FILL}) is BoxState.MARKED


def test_two_crosses_alike_are_two_marks() -> None:
    assert state(7, CROSS, {7: CROSS | {"gain": 0.33}}) is BoxState.MARKED


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"gain": 0.42, "ink": 0.6}, id="lines through a cross"),
        pytest.param({"through": 0.85}, id="one line from edge to edge"),
        pytest.param({"gain": 0.18, "share": 0.62}, id="the tail of a word written below"),
        pytest.param({"through": 0.66, "gain": 0.35, "solid": 0.25}, id="two short lines through a cross"),
        pytest.param({"solid": 0.35}, id="the rim of a stamp"),
        pytest.param({"gain": 0.12, "ink": 0.2}, id="the arm of a neighbour's cross"),
        pytest.param({"share": 0.5}, id="a pen that slipped from one box to the next but one"),
    ],
)
def test_a_second_mark_unlike_the_others_waits_for_a_person(odd: dict[str, float]) -> None:
    assert state(7, CROSS, {7: CROSS | odd}) is BoxState.DOUBTFUL


def test_what_stands_beside_a_withdrawn_fill_is_the_answer() -> None:
    bold = CROSS | {"gain": 0.38, "solid": 0.3, "share": 0.55}
    assert state(5, CROSS, {5: bold, 7: FILL}) is BoxState.MARKED
    assert state(5, CROSS, {5: bold, 7: bold}) is BoxState.DOUBTFUL
    assert state(5, CROSS, {5: bold | {"through": 0.9}, 7: FILL}) is BoxState.DOUBTFUL


@pytest.mark.parametrize(("dark", "expected"), [(0.4, BoxState.BLANK), (0.55, BoxState.DOUBTFUL)])
def test_a_fold_beside_a_mark_is_no_second_mark(dark: float, expected: BoxState) -> None:
    fold = BLANK | {"gain": 0.05, "ink": 0.04, "core": 0.06, "spread": 0.33, "dark": dark}
    assert state(7, CROSS, {7: fold}) is expected
    assert state(7, CROSS, {5: BLANK, 7: fold}) is not BoxState.MARKED


def test_a_thicker_fill_beside_a_fill_is_a_second_mark() -> None:
    light = FILL | {"gain": 0.65, "solid": 0.6}
    assert state(7, light, {7: FILL}) is BoxState.MARKED


def test_a_stamps_rim_along_a_boxs_edge_is_no_answer() -> None:
    """As on a 1-bit scan, where the ink of a stamp is as dark as a pen's."""
    rim = CROSS | {"gain": 0.19, "core": 0.1, "spread": 0.67, "through": 0.66, "share": 0.6, "solid": 0.0}
    assert state(6, CROSS, {5: BLANK, 6: rim}) is BoxState.DOUBTFUL
    assert state(6, CROSS, {5: BLANK, 6: rim | {"through": 0.4}}) is BoxState.MARKED


def test_faint_ink_that_runs_over_a_box_waits_for_a_person() -> None:
    stamp = CROSS | {"gain": 0.17, "ink": 0.26, "core": 0.2, "dark": 0.6, "around": 0.75, "solid": 0.1}
    assert state(5, CROSS, {5: stamp}) is BoxState.DOUBTFUL


def test_a_light_pencil_fill_inside_its_circle_is_a_mark() -> None:
    light = FILL | {"gain": 0.35, "dark": 0.6, "around": 0.0}
    assert state(5, FILL, {5: light}) is BoxState.MARKED


# ---- questions ----


@pytest.mark.parametrize(
    ("kind", "expected"), [(Kind.SINGLE, AnswerState.DOUBTFUL), (Kind.MULTIPLE, AnswerState.ANSWERED)]
)
def test_three_marks_where_one_is_asked_for_are_a_stain_or_a_stamp(kind: Kind, expected: AnswerState) -> None:
    features = page(CROSS, {6: CROSS, 7: CROSS})
    readings = [
        MarkReading(group, str(i % COLUMNS), np.zeros((4, 2)), tuple(row))
        for i, (group, row) in enumerate(zip(GROUPS, features.tolist(), strict=True))
    ]
    options = tuple(Option(str(k), str(k), False, Box(0, 0, 4.5, 4.5)) for k in range(COLUMNS))
    question = Question("q1", kind, "", "", True, False, options, None)
    _, answers = decide([question], readings, CALIBRATION)
    assert answers[0].state is expected


def test_two_answers_to_one_question_are_a_slip_of_the_pen_and_to_two_questions_a_stamp() -> None:
    for second, expected in ((6, AnswerState.MULTIPLE), (11, AnswerState.DOUBTFUL)):
        features = page(CROSS, {6: CROSS, second: CROSS})
        readings = [
            MarkReading(group, str(i % COLUMNS), np.zeros((4, 2)), tuple(row))
            for i, (group, row) in enumerate(zip(GROUPS, features.tolist(), strict=True))
        ]
        options = tuple(Option(str(k), str(k), False, Box(0, 0, 4.5, 4.5)) for k in range(COLUMNS))
        asked = [Question(f"q{k}", Kind.LIKERT, "", "", True, False, options, None) for k in range(ROWS)]
        _, answers = decide(asked, readings, CALIBRATION)
        assert answers[1].state is expected


# ---- laws ----


@given(
    box=st.integers(0, ROWS * COLUMNS - 1),
    first=st.floats(0, 1), more=st.floats(0, 1), spread=st.floats(0, 1),
)  # fmt: skip
def test_more_of_everything_never_makes_a_box_less_likely_marked(
    box: int, first: float, more: float, spread: float
) -> None:
    from omr.reading.marks.evidence import gather

    boxes = [
        BLANK | {"gain": g, "ink": g, "core": g, "dark": g, "spread": s}
        for g, s in ((first, spread), (first + more * (1 - first), max(spread, more)))
    ]
    less, most = (CALIBRATION.chance(gather(page(CROSS, {box: b}), GROUPS))[box] for b in boxes)
    assert most >= less - 1e-12
