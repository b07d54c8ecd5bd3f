"""The fast ways, all boxes at once, give what plain ones give for each box, to the last bit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from box_pages import grid, mark, paper
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from omr.reading.papers.blanks import BLUR, EXCESS, _Apart, references
from omr.reading.papers.outline import Outline, find_outline
from omr.reading.papers.paper import UNDER_PRINT, written
from omr.reading.papers.patches import (
    BLACK,
    INK,
    MIN_CONTRAST,
    PATCH,
    Mask,
    Patches,
    Tones,
    at_rank,
    cut,
    density,
    levels,
    median,
    one_by_one,
    shades,
    side_by_side,
    sums,
    tones,
)
from omr.reading.papers.snap import emptier, halved, median_picture
from omr.reading.papers.strokes import (
    FELT_LINE,
    MOST_ROUND,
    PEN_LINE,
    RUNS_OUT,
    SPECK,
    goes_round,
    measure_strokes,
)

stacks = arrays(
    np.uint8,
    st.tuples(st.integers(1, 5), st.just(PATCH), st.just(PATCH)),
    elements=st.integers(0, 255),
    fill=st.integers(0, 255),
)


def plain_tones(patches: np.ndarray) -> Tones:
    white = float(np.median(np.percentile(patches.reshape(len(patches), -1), 85, axis=1)))
    return Tones(white, min(float(np.percentile(patches, 2)), white - MIN_CONTRAST))


def plain_density(patches: np.ndarray, page: Tones) -> Patches:
    white = np.percentile(patches.reshape(len(patches), -1), 80, axis=1)
    white = white.clip(page.white - (page.white - page.black) / 3, 255.0)
    scale = np.maximum(white - page.black, 0.5 * MIN_CONTRAST)
    ink = (white[:, None, None] - patches) / scale[:, None, None]
    return np.rint(ink * BLACK).clip(0, 255).astype(np.uint8)


def check_tones(patches: np.ndarray) -> None:
    counts = levels(patches)
    page, plain = tones(counts), plain_tones(patches)
    assert (page.white, page.black) == (plain.white, plain.black)
    assert np.array_equal(density(patches, shades(counts, page)), plain_density(patches, page))


@settings(deadline=None)  # a busy machine is no error
@given(stacks)
def test_tones_and_density_are_those_of_plain_percentiles(patches: np.ndarray) -> None:
    check_tones(patches)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_on_what_scanners_deliver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey = rng.normal(230, 6, (40, PATCH, PATCH))
    grey[:, 16:48, 16:19] = rng.normal(60, 20, (40, 32, 3))
    check_tones(grey.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 33, 64])
def test_halves_and_medians_are_those_of_plain_means_and_medians(count: int) -> None:
    patches = np.random.default_rng(count).integers(0, 256, (count, PATCH, PATCH), np.uint8)
    half = PATCH // 2
    four = patches.reshape(count, half, 2, half, 2).sum(axis=(2, 4), dtype=np.uint16)
    assert np.array_equal(halved(patches), (four + 2) // 4)
    assert np.array_equal(median_picture(patches), np.median(patches, axis=0).astype(np.uint8))
    alike = patches // 64 * 85  # among few values the two in the middle are often the same
    assert np.array_equal(median_picture(alike), np.median(alike, axis=0).astype(np.uint8))


@settings(deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 300), st.integers(1, 9)), fill=st.integers(0, 255)), st.data()
)
def test_ranks_and_medians_are_those_of_sorted_values(values: np.ndarray, data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, len(values) - 1))
    assert np.array_equal(at_rank(values, rank), np.sort(values, axis=0)[rank])
    assert np.array_equal(median(values / 7, axis=0), np.median(values / 7, axis=0))
    assert np.array_equal(median(values / 7, axis=1), np.median(values / 7, axis=1))


@settings(deadline=None)
@given(stacks)
def test_boxes_of_no_question_are_judged_like_questions_of_one_box(patches: np.ndarray) -> None:
    names = [str(i) for i in range(len(patches))]
    assert emptier(patches, [""] * len(patches)).tolist() == emptier(patches, names).tolist()


@settings(deadline=None)
@given(stacks, arrays(np.bool_, (3, PATCH, PATCH)))
def test_sums_over_masks_are_those_of_the_masked_pixels(patches: np.ndarray, masks: np.ndarray) -> None:
    assert sums(patches, *masks).tolist() == [[int(p[m].sum()) for m in masks] for p in patches]
    assert np.array_equal(one_by_one(side_by_side(patches)), patches)


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 40)), elements=st.integers(0, BLACK)))
def test_all_pairs_at_once_differ_as_they_do_one_by_one(looks: np.ndarray) -> None:
    everyone = np.arange(len(looks))
    found = _Apart(looks).between(everyone, everyone[::-1])
    for i in everyone:
        for k, j in enumerate(everyone[::-1]):
            gap = looks[i].astype(int) - looks[j]
            cost = EXCESS * np.maximum(gap - BLUR, 0).sum() + np.maximum(-gap - BLUR, 0).sum()
            assert found[i, k] == (np.inf if i == j else cost / (BLACK * looks.shape[1]))


def plain_written(patch: np.ndarray, blank: np.ndarray) -> np.ndarray:
    print_ = cv2.dilate(blank, np.ones((3, 3), np.uint8))
    free = print_ <= INK
    beyond = np.maximum(patch.astype(int) - print_, 0)
    out, near = beyond.copy(), UNDER_PRINT // 2
    for y, x in np.argwhere(~free):
        around = np.s_[max(y - near, 0) : y + near + 1, max(x - near, 0) : x + near + 1]
        if (count := free[around].sum()) > 0:
            under = int(beyond[around][free[around]].sum() / count)
            out[y, x] = max(beyond[y, x], min(under, patch[y, x]))
    return out.astype(np.uint8)


def plain_round(beyond: np.ndarray, kind: Outline) -> float:
    """Share of the directions around one box in which ink lies, strokes alone where that is most of them."""
    ink = (beyond > INK).astype(np.uint8)
    count, labels = cv2.connectedComponents(ink, connectivity=8)
    rim = np.ones((PATCH, PATCH), bool)
    rim[1:-1, 1:-1] = False
    stroke = [False] * count
    for piece in range(1, count):
        area = (labels == piece).sum()
        stroke[piece] = area >= SPECK and (rim & (labels == piece)).sum() <= RUNS_OUT * area
    near = cv2.dilate(kind.shape.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    middle_y, middle_x = np.argwhere(kind.shape).mean(axis=0)

    def met(which: Mask) -> float:
        rows, columns = np.nonzero(which & ~near)
        turn = np.arctan2(rows - middle_y, columns - middle_x) / np.pi + 1
        return len(set((turn * 6).astype(int) % 12)) / 12

    every = met(ink > 0)
    return every if every < MOST_ROUND else met(np.array(stroke)[labels])


def plain_strokes(patch: np.ndarray, beyond: np.ndarray, kind: Outline) -> dict[str, float]:
    """Measure the strokes of one box."""
    inside, ink = kind.inside, (beyond > INK).astype(np.uint8)
    out = dict.fromkeys(
        ("through", "solid", "heavy", "specks", "share", "width", "height", "depth", "spread", "dark"), 0.0
    )
    if not ink[inside].any():
        return out
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    down = cv2.dilate(ink, np.ones((1, 3), np.uint8))[:, columns].mean(axis=0).max()
    across = cv2.dilate(ink, np.ones((3, 1), np.uint8))[rows].mean(axis=1).max()
    out["through"] = max(down, across)
    black = (patch > INK).astype(np.uint8)
    for name, width in (("solid", PEN_LINE), ("heavy", FELT_LINE)):
        opened = cv2.morphologyEx(np.pad(black, width), cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
        opened = opened[width:-width, width:-width]
        out[name] = opened[inside].sum() / inside.sum()
    count, labels = cv2.connectedComponents(ink, connectivity=8)
    areas = np.array([(labels == piece).sum() for piece in range(1, count)])
    within = np.array([(inside & (labels == piece)).sum() for piece in range(1, count)])
    out["specks"] = within[areas < SPECK].sum() / within.sum()
    strokes = (within > 0) & (areas >= SPECK)
    if not strokes.any():
        return out
    out["share"] = within[strokes].sum() / areas[strokes].sum()
    piece = (labels == 1 + np.where(strokes, within, 0).argmax()) & inside
    out["width"] = np.ptp(np.flatnonzero(piece.any(axis=0))) / (len(columns) - 1)
    out["height"] = np.ptp(np.flatnonzero(piece.any(axis=1))) / (len(rows) - 1)
    kept = np.append(False, areas >= SPECK)[labels] & inside
    towards = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    deep = np.sort(towards[kept])
    out["depth"] = float(deep[(len(deep) - 1) * 95 // 100] / towards.max())
    nine = [
        kept[np.ix_(part, other)].sum() / cell.sum()
        for part in np.array_split(rows, 3)
        for other in np.array_split(columns, 3)
        if (cell := inside[np.ix_(part, other)]).any()
    ]
    out["spread"] = float(np.mean(np.array(nine) > 0.08))
    dark = np.sort(beyond[kept])
    quarter = dark[-max(1, len(dark) // 4) :]
    out["dark"] = quarter.sum() / (len(quarter) * BLACK)
    return out


def check_strokes(patches: Patches, beyond: Patches, kind: Outline) -> None:
    around = goes_round(beyond, kind)
    assert around.tolist() == [plain_round(found, kind) for found in beyond]
    inked = np.flatnonzero((beyond > INK)[:, kind.inside].any(axis=1))
    found = measure_strokes(patches[inked], beyond[inked], kind)
    for row, box in enumerate(inked):
        plain = plain_strokes(patches[box], beyond[box], kind)
        assert {name: values[row] for name, values in found.items()} == plain


@pytest.mark.parametrize("circles", [False, True], ids=["squares", "circles"])
def test_all_boxes_at_once_are_measured_as_each_alone(circles: bool) -> None:
    """What a box holds must not depend on what lies beside it."""
    quads, _ = grid(8, 5)
    page = paper(quads, circles=circles, letters="ABCDE")
    for i, kind in zip(range(0, 40, 3), ["cross", "tick", "fill", "scribble", "dash"] * 8, strict=False):
        mark(page, quads[i], kind, seed=i)
    rng = np.random.default_rng(7)
    noisy = (page + rng.normal(0, 14, page.shape)).clip(0, 255).astype(np.uint8)
    cv2.line(noisy, (0, 5), (noisy.shape[1], noisy.shape[0] - 9), 90, 3)
    cv2.circle(noisy, tuple(quads[22].mean(axis=0).astype(int)), 24, 60, 2)
    patches = cut(noisy, quads, 255.0)
    upto = levels(patches)
    patches = density(patches, shades(upto, tones(upto)))
    names = [str(question) for question in np.arange(40) // 5]
    empties = emptier(patches, names)
    kind = find_outline(median_picture(patches[empties]))
    blanks = references(patches, empties, names, kind).pictures
    beyond = written(patches, blanks)
    for patch, blank, found in zip(patches, blanks, beyond, strict=True):
        assert np.array_equal(found, plain_written(patch, blank))
    check_strokes(patches, beyond, kind)
    assert goes_round(beyond, kind).max() >= MOST_ROUND


def test_strokes_of_any_picture_are_those_of_each_alone() -> None:
    quads, _ = grid(8, 5)
    patches = cut(paper(quads), quads, 255.0)
    counts = levels(patches)
    kind = find_outline(median_picture(density(patches, shades(counts, tones(counts)))))
    rng = np.random.default_rng(3)
    for share in (0.02, 0.3, 0.6):
        beyond = np.where(rng.random((6, PATCH, PATCH)) < share, rng.integers(0, 256, (6, PATCH, PATCH)), 0)
        beyond = cv2.blur(beyond.astype(np.uint8).reshape(-1, PATCH), (3, 3)).reshape(-1, PATCH, PATCH)
        check_strokes(beyond, beyond, kind)
