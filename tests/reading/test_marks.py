"""Measurements of boxes: laws, shapes, hostile input."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from box_pages import BOX, grid, mark, paper
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.papers import judge
from omr.reading.papers.paper import FEATURES, F, found_at, measure
from omr.words import BoxState, Reason


def column(features: np.ndarray, name: str) -> np.ndarray:
    return features[:, F[name]]


@pytest.mark.parametrize("circles", [False, True], ids=["squares", "circles"])
@pytest.mark.parametrize("letters", ["", "ABCDE"], ids=["plain", "lettered"])
def test_empty_boxes_hold_no_ink_whatever_is_printed(circles: bool, letters: str) -> None:
    quads, _ = grid(8, 5)
    features = measure(paper(quads, circles=circles, letters=letters), quads)
    assert column(features, "gain").max() < 0.02
    assert column(features, "found").min() == 1


@pytest.mark.parametrize("circles", [False, True], ids=["squares", "circles"])
@pytest.mark.parametrize("kind", ["cross", "tick", "fill", "scribble", "dash"])
@pytest.mark.parametrize("stamped", [False, True], ids=["by hand", "stamped"])
def test_a_mark_stands_out_from_the_print(circles: bool, kind: str, stamped: bool) -> None:
    quads, _ = grid(8, 5)
    page = paper(quads, circles=circles, letters="ABCDE")
    for row in range(8):
        mark(page, quads[5 * row + row % 5], kind, seed=None if stamped else row)
    gain = column(measure(page, quads), "gain")
    marked = np.array([i // 5 % 5 == i % 5 for i in range(40)])
    assert gain[marked].min() > 0.08
    assert gain[~marked].max() < 0.02


@pytest.mark.parametrize("circles", [False, True], ids=["squares", "circles"])
def test_letters_leave_the_rim_white_and_strokes_cross_it(circles: bool) -> None:
    quads, _ = grid(8, 5)
    lettered = measure(paper(quads, circles=circles, letters="ABCDE"), quads)
    assert (column(lettered, "rim") < 0.2 * column(lettered, "raw")).all()
    blurred = cv2.GaussianBlur(paper(quads, circles=circles, letters="ABCDE"), (0, 0), 1.2)
    assert (column(measure(np.asarray(blurred, np.uint8), quads), "uneven") < 0.25).all()
    for kind in ("cross", "dash"):
        page = paper(quads, circles=circles)
        for i, quad in enumerate(quads):
            mark(page, quad, kind, seed=i)
        marked = measure(page, quads)
        assert np.median(column(marked, "rim") / column(marked, "raw")) > 0.35
        assert np.median(column(marked, "uneven")) > 0.35


def test_a_box_is_found_off_its_stated_place() -> None:
    quads, _ = grid(8, 5)
    page = paper(quads)
    mark(page, quads[12], "cross")
    shifted = quads + np.array([0.2 * BOX, -0.15 * BOX])
    features = measure(page, shifted)
    assert np.abs(found_at(shifted, features) - quads).max() < 1.5
    assert column(features, "gain")[12] > 0.1
    assert np.delete(column(features, "gain"), 12).max() < 0.03


def test_a_cell_around_a_circle_is_measured_inside_the_circle() -> None:
    quads, _ = grid(8, 5)
    page = paper(quads, circles=True, letters="ABCDE")
    centre = quads.mean(axis=1, keepdims=True)
    cells = centre + (quads - centre) * 1.5
    mark(page, quads[7], "fill")
    # A stray line through the cell that misses the circle is no ink of the box.
    x, y = cells[13][0]
    cv2.line(page, (int(x) + 2, int(y) + 2), (int(x) + 2, int(y) + 50), 60, 3)
    features = measure(page, cells)
    assert column(features, "gain")[7] > 0.7
    assert np.delete(column(features, "gain"), 7).max() < 0.03


@pytest.mark.parametrize("dpi", [100, 150, 300, 600])
def test_resolution_does_not_matter(dpi: int) -> None:
    quads, _ = grid(8, 5)
    page = paper(quads)
    for i in range(0, 40, 7):
        mark(page, quads[i], "cross")
    scale = dpi / 200
    other = cv2.resize(
        page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    there = measure(other, (quads + 0.5) * scale - 0.5)
    assert np.abs(column(there, "gain") - column(measure(page, quads), "gain")).max() < 0.05


def test_one_bit_pages_are_measured_like_grey_ones() -> None:
    quads, _ = grid(8, 5)
    page = paper(quads)
    mark(page, quads[3], "tick")
    bits = np.where(page <= 128, 0, 255).astype(np.uint8)
    assert np.abs(column(measure(bits, quads), "gain") - column(measure(page, quads), "gain")).max() < 0.05


def test_the_same_picture_gives_the_same_numbers() -> None:
    quads, _ = grid(4, 5)
    page = paper(quads)
    mark(page, quads[3], "tick")
    assert np.array_equal(measure(page, quads), measure(page.copy(), quads.copy()))


@settings(max_examples=60, deadline=None)
@given(
    page=arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=50)),
    quads=arrays.arrays(
        np.float64,
        st.tuples(st.integers(0, 6), st.just(4), st.just(2)),
        elements=st.one_of(st.floats(-20, 70), st.floats(allow_nan=True, allow_infinity=True)),
    ),
)
def test_any_picture_and_any_corners_give_finite_numbers(page: np.ndarray, quads: np.ndarray) -> None:
    features = measure(page, quads)
    assert features.shape == (len(quads), len(FEATURES))
    assert np.isfinite(features).all()


@settings(max_examples=60, deadline=None)
@given(
    page=arrays.arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90))), count=st.integers(1, 9)
)
def test_boxes_that_lie_on_any_picture_give_finite_numbers(page: np.ndarray, count: int) -> None:
    height, width = page.shape
    quads = np.array([[[0, 0], [width, 0], [width, height], [0, height]]] * count, np.float64) * 0.9
    assert np.isfinite(measure(page, quads)).all()


def test_boxes_off_the_picture_measure_nothing() -> None:
    quads, _ = grid(4, 5)
    page = paper(quads)
    features = measure(page, np.concatenate([quads, quads + 5000, np.full((1, 4, 2), np.nan)]))
    assert (features[:20, F["usable"]] == 1).all()
    assert not features[20:].any()
    assert np.array_equal(features[:20], measure(page, quads))


def test_who_answered_on_a_page_that_does_not_show_its_boxes_did_and_nobody_left_one_empty() -> None:
    """Too pale a scan, a black one, another page; print that the lamp leaves out shows what is answered."""
    quads, groups = grid(8, 5)
    model = load_calibration().papers
    printed = judge(measure(paper(quads), quads, groups), groups, model)
    assert not any(one.review for one in printed)
    for shade in (255, 0):
        page = np.full_like(paper(quads), shade)
        asked = judge(measure(page, quads, groups), groups, model)
        assert {(one.state, one.reason) for one in asked} == {(BoxState.DOUBTFUL, Reason.LOW_CONTRAST)}
    page = np.full_like(paper(quads), 255)
    for row in range(5):
        mark(page, quads[5 * row + row], "cross", seed=row)
    asked = judge(measure(page, quads, groups), groups, model)
    assert all(one.reason == Reason.LOW_CONTRAST for one in asked[25:])
    assert {one.state for one in asked[:25]} == {BoxState.MARKED, BoxState.BLANK}
