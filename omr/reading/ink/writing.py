"""Is what stands over a box written? Letters turn back, and lead in many ways: a mark has one or two.

A line across a word meets many strokes, one across a cross two, one across a slash one. A cross runs in two
directions, a tick too; an `o` in all. What no mark beside explains counts: the first letter of a word may be
in a box, the others beside it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.ink.windows import windows
from omr.reading.page.layer import InkLayer

Floats = NDArray[np.float64]

BAND_PX: Final = 3  # above and below the box: a low letter's foot
WAYS: Final = 12  # directions told apart, of 15 degrees each
AROUND_PX: Final = 5  # over which a stroke's direction is looked for: a pen's width and its soft edges
FLAT: Final = 100.0  # of squared slopes: what is flatter has no direction


def written(
    layer: InkLayer,
    tops_lefts: NDArray[np.intp],
    side: int,
    around: int,
    of_box: NDArray[np.intp],
    inked: NDArray[np.intp],
) -> dict[str, Floats]:
    """Return how much like writing the strokes over each box are, (N,).

    Parameters
    ----------
    layer : InkLayer
    tops_lefts : (N, 2) int ndarray
        Of the boxes, px.
    side, around : int
        Of a box, and looked at on every side of it, px.
    of_box : (K,) int ndarray
        Of each piece of the layer the box to whose mark it belongs, -1 where to none.
    inked : (M,) int ndarray
        The boxes to be looked at; the others have 0.

    Returns
    -------
    dict of str to (N,) float64 ndarray
        ``crossed``: how many strokes are met on a way across the row, on average of the ways that meet any;
        ``ways``: the share of the strokes that runs in their two main directions.
    """
    out = {name: np.zeros(len(tops_lefts)) for name in ("crossed", "ways")}
    if not len(inked):
        return out
    size = side + 2 * BAND_PX, side + 2 * around
    pieces = windows(layer.pieces, *size)
    corners = np.clip(tops_lefts[inked] - (BAND_PX, around), 0, np.array(pieces.shape[:2]) - 1)
    rows, columns = corners.T
    # Of each box the pieces that count.
    counts = (of_box < 0) | (of_box == inked[:, None])
    counts[:, 0] = False
    first = np.arange(len(inked))[:, None, None] * len(of_box)
    strokes = counts.ravel().take(pieces[rows, columns] + first)
    met = (strokes[..., 1:] > strokes[..., :-1]).sum(axis=2) + strokes[..., 0]
    out["crossed"][inked] = met.sum(axis=1) / np.maximum(np.count_nonzero(met, axis=1), 1)
    out["ways"][inked] = in_two_ways(windows(layer.ink, *size)[rows, columns], strokes)
    return out


def in_two_ways(ink: NDArray[np.uint8], strokes: NDArray[np.bool_]) -> Floats:
    """Return the share of the strokes of each window, (M, H, W), that runs in their two main directions.

    A direction is that in which darkness changes least around a pixel (the structure tensor of Bigün and
    Granlund, 1987); where it changes as much in all, as where strokes cross, the pixel counts less.
    """
    count, height, width = ink.shape
    # One below the other, as one picture; at their seams nothing is looked at.
    flat = ink.reshape(-1, width)
    down, across = (cv2.Sobel(flat, cv2.CV_32F, dx, 1 - dx) for dx in (0, 1))
    yy, xx, xy = (
        cv2.blur(one, (AROUND_PX, AROUND_PX)) for one in (down * down, across * across, across * down)
    )
    seen = strokes.copy()
    seen[:, : AROUND_PX // 2] = seen[:, -(AROUND_PX // 2) :] = False
    at = np.flatnonzero(seen)
    yy, xx, xy = (one.ravel()[at] for one in (yy, xx, xy))
    sure = np.hypot(xx - yy, 2 * xy) / (xx + yy + FLAT)
    way = (WAYS * (0.5 + np.arctan2(2 * xy, xx - yy) / (2 * np.pi))).astype(np.intp) % WAYS
    lies = at // (height * width) * WAYS + way
    of_ways = np.bincount(lies, sure, count * WAYS).astype(np.float64).reshape(count, WAYS)
    of_ways /= np.maximum(of_ways.sum(axis=1, keepdims=True), 1e-9)
    every = np.arange(count)
    total = np.zeros(count)
    for _ in range(2):  # a pen's line turns a little: three neighbouring directions are one
        wide = of_ways + np.roll(of_ways, 1, axis=1) + np.roll(of_ways, -1, axis=1)
        best = wide.argmax(axis=1)
        total += wide[every, best]
        for by in (-1, 0, 1):
            of_ways[every, (best + by) % WAYS] = 0
    return total
