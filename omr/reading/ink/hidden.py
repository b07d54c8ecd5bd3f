"""What hides: ink under the outline of a box, in the stroke of another row's mark, or too faint for a stroke.

A question whose boxes are all empty is unanswered only where nothing of this kind stands in its row. It is
measured where it is cheap to look: paleness only beside the boxes of rows without a stroke.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM
from omr.reading.ink.pieces import Pieces
from omr.reading.ink.windows import totals, windows
from omr.reading.page.layer import InkLayer

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ACROSS_PX: Final = 3  # on either side of an outline: its soft edges, and half a pen's line
CORNER_PX: Final = 2  # beyond the box's corners
ALONG_PX: Final = 4  # 0.7 mm along the outline: a pen put down
MARGIN_PX: Final = CORNER_PX + ACROSS_PX + 1
INWARD_PX: Final = 3  # from a box's edge, and outward all of the margin: a ring close to the box lies there
SEEN: Final = 10  # of 255, on average of 3 by 3 px: what is fainter is paper
STROKES: Final = 0.025  # of a box under strokes: a row without more has no mark that stands in it
APART_PX: Final = 2  # around the strokes of marks: their soft edges


def outlined_mm(layer: InkLayer, tops_lefts: Ints, side: int, of_box: Ints) -> Floats:
    """Return by how much a stretch of each box's outline is thicker than outlines of this page are, mm, (N,).

    Across an outline darkness adds up to the same however soft the scan is and wherever the line lies between
    two pixels. What all boxes have in the same place, as their corners, is print. A box with the stroke of a
    mark over it has 0: that stroke is known.

    Parameters
    ----------
    layer : InkLayer
    tops_lefts : (N, 2) int ndarray
        Of the boxes, px.
    side : int
        Of a box, px.
    of_box : (K,) int ndarray
        Of each piece of the layer the box to whose mark it belongs, -1 where to none.
    """
    dark = _around(layer.dark, tops_lefts, side)
    first, last = MARGIN_PX - ACROSS_PX, MARGIN_PX + ACROSS_PX + 1
    there = slice(MARGIN_PX - CORNER_PX, MARGIN_PX + side + CORNER_PX)
    sides = []
    for lines in (dark, dark.transpose(0, 2, 1)):
        for begin, end in ((first, last), (first + side - 1, last + side - 1)):
            sides.append(lines[:, begin:end, there].sum(axis=1, dtype=np.uint16))
    thick = np.stack(sides, axis=1) / 255
    thick -= _median(thick)
    thick -= _median(np.ascontiguousarray(thick.transpose(1, 2, 0))).transpose(2, 0, 1)
    count, _, length = thick.shape
    flat = thick.reshape(count * 4, length)
    over = cv2.blur(flat, (ALONG_PX, 1), borderType=cv2.BORDER_REPLICATE).reshape(count, -1).max(axis=1)
    some = np.flatnonzero(totals(_around(layer.joined, tops_lefts, side)))  # around most boxes there is none
    own = _around(layer.pieces, tops_lefts[some], side)
    of_marks = (of_box >= 0)[own] & (own > 0)
    over[some[of_marks.any(axis=(1, 2))]] = 0.0
    return np.asarray(over / PX_PER_MM)


def rimmed_mm(layer: InkLayer, tops_lefts: Ints, side: int, of_box: Ints, paper: Floats) -> Floats:
    """Return by how much each side of a box, at least, is thicker than this page's boxes have it, mm, (N,).

    A ring drawn close around a box lies where its outline hides ink. Darkness is added up over 1.5 mm across
    the middle half of each side; what paper and further print have there is taken off. A side with the stroke
    of another box's mark has 0.

    Parameters
    ----------
    layer, tops_lefts, side, of_box
        As of `outlined_mm`.
    paper : (N,) float64 ndarray
        Mean darkness of the bare paper around each box.
    """
    if not len(tops_lefts):
        return np.zeros(0)
    dark, printed = (_sides(_around(one, tops_lefts, side)) for one in (layer.dark, layer.printed))
    over = dark.mean(axis=(2, 3)) - paper[:, None] * 255
    over -= np.median(over, axis=0)
    more_print = printed.mean(axis=(2, 3))
    over -= np.maximum(more_print - np.median(more_print, axis=0), 0)
    some = np.flatnonzero((over > 0).all(axis=1))
    whose = of_box[_sides(_around(layer.pieces, tops_lefts[some], side))]
    others = (whose >= 0) & (whose != some[:, None, None, None])
    over[some] *= ~others.any(axis=(2, 3))
    across = INWARD_PX + MARGIN_PX
    return np.asarray(np.maximum(over.min(axis=1), 0) * across / 255 / PX_PER_MM)


def _sides(around: NDArray[Any]) -> NDArray[Any]:
    """Return the middle half of each side of boxes with `MARGIN_PX` around them, (N, 4, across, along)."""
    size = around.shape[1]
    quarter = (size - 2 * MARGIN_PX) // 4
    across, along = INWARD_PX + MARGIN_PX, slice(MARGIN_PX + quarter, size - MARGIN_PX - quarter)
    bands = (one[:, there, along] for one in (around, around.transpose(0, 2, 1)) for there in _ends(across))
    return np.stack(list(bands), axis=1)


def _ends(count: int) -> tuple[slice, slice]:
    return slice(None, count), slice(-count, None)


def _median(values: Floats) -> Floats:
    """Return the median along the last axis, which stays: sorted at once, faster than numpy's own."""
    ordered, length = np.sort(values, axis=-1), values.shape[-1]
    return np.asarray((ordered[..., (length - 1) // 2, None] + ordered[..., length // 2, None]) / 2)


def foreign_mm(pieces: Pieces, zones: Ints, tops_lefts: Ints, side: int) -> Floats:
    """Return what height of another row's mark stands in the line of each box, mm, (N,).

    A slash set beside its box that goes on in the slash of the next row hangs together with that row's mark.
    """
    stats, tops = pieces.layer.stats, tops_lefts[:, 0]
    marks = np.flatnonzero(pieces.is_mark)
    out = np.zeros(len(tops))
    if not len(marks):
        return out
    left, top, width, height = stats[marks, :4].T
    meets = (top[:, None] < tops + side) & ((top + height)[:, None] > tops)
    meets &= (left[:, None] < zones[:, 3]) & ((left + width)[:, None] > zones[:, 2])
    meets &= np.abs(tops[pieces.of_box[marks]][:, None] - tops) > side
    for at, box in np.argwhere(meets).tolist():
        begin, end = zones[box, 2:]
        there = (pieces.layer.pieces[tops[box] : tops[box] + side, begin:end] == marks[at]).any(axis=1)
        rows = np.flatnonzero(there)
        if len(rows):
            out[box] = max(out[box], (rows[-1] - rows[0] + 1) / PX_PER_MM)
    return out


def faint(
    layer: InkLayer,
    zones: Ints,
    tops_lefts: Ints,
    side: int,
    of_box: Ints,
    held: Floats,
    darkest: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
) -> Floats:
    """Return the darkness of the darkest straight line beside each box of rows without a stroke, (N,).

    Parameters
    ----------
    held : (N,) float64 ndarray
        Share of each box under strokes. Where a row has some, nobody looks: NaN.
    darkest : callable
        Gives for each pixel of a picture the mean darkness of the darkest line through it.
    """
    out = np.full(len(zones), np.nan)
    tops = tops_lefts[:, 0]
    for top in np.unique(tops[held <= STROKES]).tolist():
        row = np.flatnonzero(np.abs(tops - top) <= side // 2)
        if (held[row] > STROKES).any() or not np.isnan(out[row]).all():
            continue
        left, right = int(zones[row, 2].min()), int(zones[row, 3].max())
        there = np.s_[int(tops[row].min()) : int(tops[row].max()) + side, left:right]
        out[row] = 0.0
        soft = layer.soft[there]
        if soft.max(initial=0) < SEEN:  # as beside most boxes
            continue
        ink = layer.ink[there].copy()
        numbers = layer.pieces[there]
        of_marks = ((of_box >= 0)[numbers] & (numbers > 0)).astype(np.uint8)
        reach = 2 * APART_PX + 1
        ink[cv2.dilate(of_marks, np.ones((reach, reach), np.uint8)) > 0] = 0
        for x in tops_lefts[row, 1].tolist():
            ink[:, max(x - left, 0) : x - left + side] = 0  # what is in a box is measured there
        lines = darkest(ink)
        for box in row.tolist():
            begin, end = (zones[box, 2:] - left).tolist()
            out[box] = lines[:, begin:end].max(initial=0) / 255
    return out


def _around(picture: NDArray[Any], tops_lefts: Ints, side: int) -> NDArray[Any]:
    """Return each box with `MARGIN_PX` around it, (N, size, size)."""
    size = side + 2 * MARGIN_PX
    every = windows(picture, size, size)
    corners = np.clip(tops_lefts - MARGIN_PX, 0, np.array(every.shape[:2]) - 1)
    return np.asarray(every[corners[:, 0], corners[:, 1]])
