"""Measurements become states and answers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from box_pages import grid, mark, paper, stroke
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from omr.forms.template import Kind, Option, Question
from omr.geometry import Box
from omr.reading.ink.measure import PAPERS, MarkReading
from omr.reading.marks import first
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.decide import Judgement, decide
from omr.reading.marks.papers import NO_MARK, gather, judge
from omr.reading.papers.between import look_between
from omr.reading.papers.paper import FEATURES, measure
from omr.words import AnswerState, BoxState, Reason

CALIBRATION = load_calibration()
ROWS, COLUMNS = 10, 5
ORDER = [BoxState.BLANK, BoxState.DOUBTFUL, BoxState.MARKED]


def states(page: np.ndarray, quads: np.ndarray, groups: list[str]) -> list[BoxState]:
    return [judgement.state for judgement in judge(measure(page, quads), groups, CALIBRATION.papers)]


def slip(kinds: dict[int, str], *, default: str = "cross") -> tuple[np.ndarray, np.ndarray, list[str]]:
    """A slip with one mark a row (box 5 * row + row % 5), and other marks at the given boxes."""
    quads, groups = grid(ROWS, COLUMNS)
    page = paper(quads)
    for row in range(ROWS):
        i = COLUMNS * row + row % COLUMNS
        if i not in kinds:
            mark(page, quads[i], default, seed=row)
    for i, kind in kinds.items():
        mark(page, quads[i], kind, seed=100 + i)
    return page, quads, groups


@pytest.mark.parametrize("kind", ["cross", "tick", "scribble", "fill"])
def test_plain_marks_are_read_without_review(kind: str) -> None:
    page, quads, groups = slip({}, default=kind)
    expected = [BoxState.MARKED if i // 5 % 5 == i % 5 else BoxState.BLANK for i in range(50)]
    assert states(page, quads, groups) == expected


def test_a_filled_box_beside_a_cross_is_cancelled() -> None:
    page, quads, groups = slip({1: "fill"})
    assert states(page, quads, groups)[:2] == [BoxState.MARKED, BoxState.CANCELLED]


def test_a_filled_box_alone_among_crosses_waits_for_a_person() -> None:
    page, quads, groups = slip({0: "fill"})
    assert states(page, quads, groups)[0] is BoxState.DOUBTFUL


def test_a_filled_box_waits_where_few_marks_are_known_and_some_are_none() -> None:
    page, quads, groups = slip({0: "fill", 6: "fill", 12: "fill"})
    some = slice(0, 25)  # five rows: three fills and two crosses
    judged = judge(measure(page, quads[some]), groups[some], CALIBRATION.papers)
    assert all(judged[i].reason is Reason.FILLED for i in (0, 6, 12))


def test_a_much_fainter_mark_alone_in_its_question_waits() -> None:
    """What is left of a rubbed-out mark is none: four of 3,500 real marks had less than 0.4 of the usual."""
    page, quads, groups = slip({}, default="fill")
    (x, y), side = quads[0][0].astype(int), 36
    page[y + 2 : y + side - 2, x + 2 : x + side - 2] = 255
    mark(page, quads[0], "dash", width=4, grey=90)
    judged = judge(measure(page, quads), groups, CALIBRATION.papers)
    assert judged[0].review


def pale(grey: int) -> tuple[np.ndarray, list[str]]:
    """What ten crossed rows measure whose first has a thin pale stroke instead of its cross."""
    page, quads, groups = slip({0: "dash"})
    (x, y), side = quads[0][0].astype(int), 36
    page[y + 2 : y + side - 2, x + 2 : x + side - 2] = 255
    mark(page, quads[0], "dash", width=1.5, grey=grey)
    return measure(page, quads), groups


def test_a_question_without_any_mark_is_blank_only_where_no_box_may_hold_a_pale_one() -> None:
    asked = 0
    for grey in range(208, 160, -6):
        features, groups = pale(grey)
        likely = CALIBRATION.papers.chance(gather(features, groups))[:COLUMNS]
        judged = judge(features, groups, CALIBRATION.papers)[:COLUMNS]
        if all(one.state is BoxState.BLANK for one in judged):
            assert likely.max() <= NO_MARK
        elif likely[0] <= CALIBRATION.papers.limits.blank_below:  # by itself it would pass for an empty box
            asked += 1
            assert judged[0].reason is Reason.UNCLEAR
            # Where a question is not named nothing says that it has no mark.
            alone = judge(features, ["", *groups[1:]], CALIBRATION.papers)
            assert alone[0].state is BoxState.BLANK
            # Beside its question's cross the same stroke is no answer that was lost.
            beside = ["q1", *groups[1:]]
            assert judge(features, beside, CALIBRATION.papers)[0].state is BoxState.BLANK
    assert asked


def test_fills_are_marks_where_the_person_fills() -> None:
    page, quads, groups = slip({}, default="fill")
    mark(page, quads[1], "fill", seed=3)
    assert states(page, quads, groups)[:2] == [BoxState.MARKED, BoxState.MARKED]


def test_an_overshooting_tick_of_a_neighbour_is_no_mark() -> None:
    page, quads, groups = slip({1: "overshoot"})
    mark(page, quads[0], "cross", seed=7)
    assert states(page, quads, groups)[1] is not BoxState.MARKED


def test_a_streak_through_boxes_is_never_a_mark() -> None:
    page, quads, groups = slip({})
    x = int(quads[1][0][0]) + 18
    page[:, x : x + 3] = 30
    crossed = [5 * row + 1 for row in range(ROWS) if row % 5 != 1]
    features = measure(page, quads)
    judged = judge(features, groups, CALIBRATION.papers)
    assert not any(judged[i].state is BoxState.MARKED for i in crossed)
    by_first = first.judge(features, groups, CALIBRATION)
    assert all(by_first[i].state is BoxState.DOUBTFUL for i in crossed)


def ticked(letters: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Eight boxes of fifteen marked with a fine pen in many ways, each a question of its own."""
    quads, groups = grid(3, COLUMNS)
    page = paper(quads, letters=letters)
    for i in range(8):
        mark(page, quads[i], ("tick", "dash")[i % 2], width=1.5, seed=i)
    return page, quads, [f"q{i}" for i in range(15)]


def test_thin_marks_are_no_letters_where_the_empty_boxes_hold_none() -> None:
    page, quads, groups = ticked("")
    features = measure(page, quads)
    judged = judge(features, groups, CALIBRATION.papers)
    assert [one.state for one in judged] == [BoxState.MARKED] * 8 + [BoxState.BLANK] * 7
    # Measured before anybody looked for letters in the empty boxes: then a person is asked, as ever.
    asked = [
        Question(key, Kind.MULTIPLE, "", "", False, False, question(Kind.MULTIPLE).options[:1], None)
        for key in groups
    ]
    before = [
        MarkReading(group, "1", quad, tuple(row[:-1]), PAPERS)
        for group, quad, row in zip(groups, quads, features.tolist(), strict=True)
    ]
    verdicts, _ = decide(asked, before, CALIBRATION)
    assert sum(one.reason == Reason.PRINT_UNKNOWN for one in verdicts[:8]) >= 5


def test_what_a_few_boxes_share_is_no_letter_where_the_others_hold_none() -> None:
    """Six of fifteen boxes with the same stroke: three of them vouched for the others as print."""
    quads, groups = grid(3, COLUMNS)
    page = paper(quads)
    for i in range(6):
        mark(page, quads[i], "dash", width=1.5)
    for i in (8, 9):
        mark(page, quads[i], "cross", seed=i)
    judged = judge(measure(page, quads), [f"q{i}" for i in range(15)], CALIBRATION.papers)
    for i, one in enumerate(judged):
        assert one.review or one.state is (BoxState.MARKED if i < 6 or i in (8, 9) else BoxState.BLANK)


def test_thin_marks_may_be_letters_where_boxes_hold_letters() -> None:
    page, quads, groups = ticked("ABCDE")
    judged = judge(measure(page, quads), groups, CALIBRATION.papers)
    for i, one in enumerate(judged):
        assert one.review or one.state is (BoxState.MARKED if i < 8 else BoxState.BLANK)
    assert sum(one.review for one in judged) >= 4


@pytest.mark.parametrize("kind", ["fill", "dash"])
def test_a_mark_unlike_the_others_waits_where_nobody_named_its_question(kind: str) -> None:
    """It may stand beside another mark: filled it is withdrawn, faint it is that one's tail."""
    page, quads, groups = slip({1: kind}, default="cross" if kind == "fill" else "fill")
    judged = judge(measure(page, quads), [""] * len(groups), CALIBRATION.papers)
    assert judged[1].state is BoxState.DOUBTFUL
    assert [one.state for one in judged if one.review] == [BoxState.DOUBTFUL]


def test_a_cross_between_two_boxes_is_seen_where_nobody_named_their_question() -> None:
    page, quads, groups = slip({})
    quads = quads.copy()
    quads[:, :, 0] = (quads[:, :, 0] - 60) * 1.4 + 60  # room for a mark between the boxes
    wide = quads.copy()
    wide[:, 1:3, 0] = wide[:, [0, 3], 0] + 36
    page = paper(wide)
    for row in range(1, ROWS):
        mark(page, wide[COLUMNS * row + row % COLUMNS], "cross", seed=row)
    (x, y), (x1, _) = wide[1][1], wide[2][0]
    middle = np.array([[(x + x1) / 2 - 16, y]] * 4) + [[0, 0], [32, 0], [32, 32], [0, 32]]
    mark(page, middle, "cross", seed=50)
    for named in (groups, [""] * len(groups)):
        features = look_between(page, wide, named, measure(page, wide, named))
        judged = judge(features, named, CALIBRATION.papers)
        assert {one.reason for one in judged[1:3]} == {Reason.INK_BESIDE}
        assert not any(one.review for one in judged[5:])


def test_what_was_measured_then_is_decided_as_it_was_then() -> None:
    page, quads, groups = slip({1: "fill", 7: "dash"})
    features = measure(page, quads)
    by_first = first.judge(features, groups, CALIBRATION)
    assert [one.state for one in by_first[:2]] == [BoxState.MARKED, BoxState.CANCELLED]
    keys = list(dict.fromkeys(groups))
    asked = [
        Question(key, Kind.SINGLE, "", "", False, False, question(Kind.SINGLE).options, None) for key in keys
    ]
    readings = {
        version: [
            MarkReading(group, str(i % COLUMNS + 1), quad, tuple(row), version)
            for i, (group, quad, row) in enumerate(zip(groups, quads, features.tolist(), strict=True))
        ]
        for version in (1, PAPERS)
    }
    for version, judged in ((1, by_first), (PAPERS, judge(features, groups, CALIBRATION.papers))):
        verdicts, _ = decide(asked, readings[version], CALIBRATION)
        assert [one.state for one in verdicts] == [one.state for one in judged]


def test_boxes_off_the_picture_wait_for_a_person() -> None:
    quads, groups = grid(2, 5)
    judged = judge(measure(np.full((5, 5), 255, np.uint8), quads), groups, CALIBRATION.papers)
    assert judged == (Judgement(BoxState.DOUBTFUL, 0.0, Reason.CUT_OFF),) * 10


@settings(max_examples=20, deadline=None)
@given(
    box=st.integers(0, 49),
    points=st.lists(st.tuples(st.floats(-0.1, 1.1), st.floats(-0.1, 1.1)), min_size=2, max_size=5),
    more=st.lists(st.tuples(st.floats(-0.1, 1.1), st.floats(-0.1, 1.1)), min_size=2, max_size=5),
    width=st.floats(1.0, 6.0),
    grey=st.integers(20, 170),
)
def test_more_ink_is_never_less_marked(
    box: int, points: list[tuple[float, float]], more: list[tuple[float, float]], width: float, grey: int
) -> None:
    page, quads, groups = slip({})
    x, y = quads[box][0]
    size = quads[box][2][0] - x
    before = []
    for strokes in (points, more):
        stroke(page, [(x + u * size, y + v * size) for u, v in strokes], width, grey)
        before.append(states(page, quads, groups)[box])
    first, second = before
    assume(first is not BoxState.CANCELLED and second is not BoxState.CANCELLED)
    # An accepted state is never taken back towards blank; it may become doubtful (a fill).
    assert not (first is BoxState.MARKED and second is BoxState.BLANK)
    assert not (first is BoxState.DOUBTFUL and second is BoxState.BLANK)


@settings(max_examples=20, deadline=None)
@given(
    angle=st.floats(-3, 3),
    shift=st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    white=st.integers(170, 255),
    black=st.integers(0, 60),
    kind=st.sampled_from(["cross", "tick", "fill", "scribble"]),
)
def test_rotation_translation_and_brightness_change_no_answer_without_review(
    angle: float, shift: tuple[float, float], white: int, black: int, kind: str
) -> None:
    page, quads, groups = slip({7: "dash"}, default=kind)
    before = states(page, quads, groups)
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn[:, 2] += shift
    turned = cv2.warpAffine(page, turn, (width, height), borderValue=255)
    dimmed = np.rint(black + turned / 255.0 * (white - black)).astype(np.uint8)
    after = states(dimmed, quads @ turn[:, :2].T + turn[:, 2], groups)
    doubt = BoxState.DOUBTFUL
    assert all(a is b or doubt in (a, b) for a, b in zip(before, after, strict=True))


@settings(max_examples=60, deadline=None)
@given(
    features=arrays.arrays(
        np.float64, st.tuples(st.integers(0, 12), st.just(len(FEATURES))), elements=st.floats(-1, 2)
    ),
    data=st.data(),
)
def test_any_measurements_are_judged_and_what_is_sure_needs_no_person(
    features: np.ndarray, data: st.DataObject
) -> None:
    groups = data.draw(
        st.lists(st.sampled_from(["", "a", "b"]), min_size=len(features), max_size=len(features))
    )
    judged = judge(features, groups, CALIBRATION.papers)
    assert len(judged) == len(features)
    assert all(0.0 <= one.confidence <= 1.0 for one in judged)
    assert all(one.review == (one.state is BoxState.DOUBTFUL) for one in judged)


def question(kind: Kind, codes: str = "12345") -> Question:
    options = tuple(Option(code, code, False, Box(0, 0, 4.5, 4.5)) for code in codes)
    return Question("q0", kind, "", "", True, False, options, None)


@pytest.mark.parametrize(
    ("kind", "marks", "state"),
    [
        (Kind.SINGLE, {0: "cross"}, AnswerState.ANSWERED),
        (Kind.LIKERT, {0: "cross", 3: "cross"}, AnswerState.MULTIPLE),
        (Kind.MULTIPLE, {0: "cross", 3: "cross"}, AnswerState.ANSWERED),
        (Kind.SINGLE, {}, AnswerState.NO_ANSWER),
        (Kind.SINGLE, {0: "fill", 3: "cross"}, AnswerState.ANSWERED),
        (Kind.SINGLE, {0: "fill"}, AnswerState.DOUBTFUL),
    ],
)
def test_questions(kind: Kind, marks: dict[int, str], state: AnswerState) -> None:
    quads, groups = grid(ROWS, COLUMNS)
    page = paper(quads)
    for i, name in marks.items():
        mark(page, quads[i], name, seed=i)
    for row in range(1, ROWS):
        mark(page, quads[5 * row + row % 5], "cross", seed=50 + row)
    features = measure(page, quads)
    readings = [
        MarkReading(group, str(1 + i % 5), quad, tuple(map(float, row)), 1)
        for i, (group, quad, row) in enumerate(zip(groups, quads, features, strict=True))
    ]
    verdicts, answers = decide([question(kind)], readings, CALIBRATION)
    assert len(verdicts) == 50
    assert answers[0].state is state
    if state is not AnswerState.DOUBTFUL:
        plain = tuple(str(1 + i) for i, name in sorted(marks.items()) if name == "cross")
        assert answers[0].codes == plain
    assert 0.0 <= answers[0].confidence <= 1.0
