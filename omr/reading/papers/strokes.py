"""Strokes: connected pieces of ink, in and around boxes.

Most boxes of a slip hold none: only those that hold ink are gone into. Their pixels of ink
are handled together, each with its box, its place in the patch and its piece of ink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.outline import SECTORS, Outline, Parts
from omr.reading.papers.patches import (
    BLACK,
    GAP,
    INK,
    PATCH,
    PIXELS,
    Floats,
    Patches,
    one_by_one,
    side_by_side,
    sums,
)

PEN_LINE: Final = 5  # px of a patch: 0.7 mm of a 4.5 mm box, wider than a ballpoint line
FELT_LINE: Final = 9  # px: 1.3 mm, wider than a felt pen's line
SPECK: Final = 9  # px: 0.18 mm² of a 4.5 mm box
MOST_ROUND: Final = 0.75  # from which it is worth asking whether it is strokes that go round a box
RUNS_OUT: Final = 0.25  # share of a stroke's pixels on the patch's edge
_RIM: Final = ~np.pad(np.ones((PATCH - 2, PATCH - 2), np.bool_), 1).ravel()  # the patch's outermost pixels

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Ink:
    """Pixels of ink, those of the first box first, as equally long columns."""

    box: Indices
    place: Indices  # in the patch, 0 to PIXELS - 1
    piece: Indices  # of ink that hangs together, numbered over all boxes

    def only(self, which: NDArray[np.bool_]) -> _Ink:
        return _Ink(self.box[which], self.place[which], self.piece[which])


def _pixels(inks: NDArray[np.uint8]) -> _Ink:
    """Find the pixels that are ink in patches of 0 and 1."""
    _, labels = cv2.connectedComponents(side_by_side(inks), connectivity=8)
    pixels = np.flatnonzero(inks.view(np.bool_))
    piece = one_by_one(labels).ravel()[pixels].astype(np.intp)
    return _Ink(pixels // PIXELS, pixels % PIXELS, piece)


def goes_round(beyond: Patches, kind: Outline) -> Floats:
    """Return the share of the directions around each box in which strokes lie, (N,).

    Table lines and shaded paper run out of the patch; a ring around the box hardly does.
    """
    inks = (beyond > INK).view(np.uint8)
    every = _directions(inks, kind.parts)
    perhaps = np.flatnonzero(every >= MOST_ROUND)
    if len(perhaps):
        ink = _pixels(inks[perhaps])
        areas = np.bincount(ink.piece)
        runs_out = np.bincount(ink.piece[_RIM[ink.place]], minlength=len(areas))
        strokes = ink.only(((areas >= SPECK) & (runs_out <= RUNS_OUT * areas))[ink.piece])
        kept = np.zeros((len(perhaps), PATCH, PATCH), np.uint8)
        kept.reshape(-1, PIXELS)[strokes.box, strokes.place] = 1
        every[perhaps] = _directions(kept, kind.parts)
    return every


def _directions(inks: NDArray[np.uint8], parts: Parts) -> Floats:
    met = np.bitwise_or.reduce(inks.reshape(-1, PIXELS) * parts.sector, axis=1)
    return np.asarray(np.bitwise_count(met) / SECTORS, np.float64)


def measure_strokes(patches: Patches, beyond: Patches, kind: Outline) -> dict[str, Floats]:
    """Measure the strokes of boxes with ink inside.

    Parameters
    ----------
    patches, beyond : (N, PATCH, PATCH) uint8 ndarray
        Ink density, with print and beyond it.
    kind : Outline

    Returns
    -------
    dict of str to (N,) float64 ndarray
        Features by name.
    """
    count, inside = len(patches), kind.inside
    out = dict.fromkeys(("share", "width", "height", "depth", "spread", "dark"), np.zeros(count))
    inks = (beyond > INK).view(np.uint8)
    out["through"] = _longest_run(inks, kind.parts)
    # Letters are thinner than either pen: here the print may stay in.
    blacks = side_by_side((patches > INK).view(np.uint8))
    out["solid"], out["heavy"] = (_wider(blacks, width, kind) for width in (PEN_LINE, FELT_LINE))

    ink = _pixels(inks)
    areas = np.bincount(ink.piece)
    ink = ink.only(inside.ravel()[ink.place])
    within = np.bincount(ink.piece, minlength=len(areas))
    box_of = np.zeros(len(areas), np.intp)
    box_of[ink.piece] = ink.box

    def by_box(which: NDArray[np.bool_], values: NDArray[np.intp]) -> Floats:
        return np.asarray(np.bincount(box_of[which], values[which], count))

    strokes = (within > 0) & (areas >= SPECK)
    inked = by_box(strokes, within)
    out["specks"] = by_box((within > 0) & (areas < SPECK), within) / by_box(within > 0, within)
    out["share"] = inked / np.maximum(by_box(strokes, areas), 1)
    ink = ink.only(strokes[ink.piece])
    if not len(ink.box):
        return out
    # The largest piece of each box: sorted by size, the last one written stays.
    order = np.flatnonzero(strokes)[np.argsort(-within[strokes], kind="stable")[::-1]]
    largest = np.zeros(count, np.intp)
    largest[box_of[order]] = order
    main = ink.only(ink.piece == largest[ink.box])
    row, column = np.divmod(main.place, PATCH)
    out["width"] = _extent(main.box, column, count) / max(len(kind.parts.columns) - 1, 1)
    out["height"] = _extent(main.box, row, count) / max(len(kind.parts.rows) - 1, 1)
    out["spread"] = _spread(ink, kind.parts, count)

    out["depth"] = _deep(ink, kind.parts, count)
    out["dark"] = _darkest(ink.box, beyond.reshape(count, -1)[ink.box, ink.place], count)
    return out


def _held(box: Indices, values: NDArray[Any], count: int, below: int) -> NDArray[np.intp]:
    """Count how often each box holds each whole number below a limit, (N, limit)."""
    return np.bincount(box * below + values, minlength=count * below).reshape(count, below)


def _extent(box: Indices, at: Indices, count: int) -> Indices:
    """Return how far the places of each box lie apart, (N,)."""
    held = _held(box, at, count, PATCH) > 0
    first, last = held.argmax(axis=1), PATCH - 1 - held[:, ::-1].argmax(axis=1)
    return np.where(held.any(axis=1), last - first, 0)


def _deep(ink: _Ink, parts: Parts, count: int) -> Floats:
    """Return how far towards the middle the ink of each box reaches, but for a twentieth, (N,)."""
    upto = _held(ink.box, parts.depth[ink.place], count, len(parts.depths)).cumsum(axis=1)
    rank = (upto[:, -1:] - 1) * 95 // 100
    return np.asarray(parts.depths[(upto > rank).argmax(axis=1)], np.float64)


def _darkest(box: Indices, ink: NDArray[np.uint8], count: int) -> Floats:
    """Return how dark the darkest quarter of each box's ink is, (N,)."""
    held = _held(box, ink, count, 256)[:, ::-1]  # the darkest first
    quarter = np.maximum(held.sum(axis=1) // 4, 1)
    taken = np.diff(np.minimum(held.cumsum(axis=1), quarter[:, None]), axis=1, prepend=0)
    return np.asarray(taken @ np.arange(256)[::-1] / (quarter * BLACK))


def _spread(ink: _Ink, parts: Parts, count: int) -> Floats:
    """Return the share of the cells of each box that strokes lie in, (N,)."""
    cells = len(parts.cell_sizes)
    held = np.bincount(ink.box * cells + parts.cell[ink.place], minlength=count * cells)
    return np.asarray((held.reshape(count, cells) / parts.cell_sizes > 0.08).sum(axis=1) / cells)


def _wider(blacks: NDArray[np.uint8], width: int, kind: Outline) -> Floats:
    """Return the share of the inside of each box, side by side, that is covered by wide strokes, (N,)."""
    square = np.ones((width, width), np.uint8)
    # Beyond the patch there is paper, above and below as on the sides.
    opened = cv2.morphologyEx(blacks, cv2.MORPH_OPEN, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return sums(one_by_one(opened), kind.inside)[:, 0] / np.count_nonzero(kind.inside)


def _longest_run(inks: NDArray[np.uint8], parts: Parts) -> Floats:
    """How much of the patch's height or width the straightest line through the inside inks, (N,)."""
    wide = side_by_side(inks)
    beside = cv2.dilate(wide, np.ones((1, 3), np.uint8))
    above = cv2.dilate(wide, np.ones((3, 1), np.uint8))
    down = cv2.reduce(beside, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S).reshape(-1, PATCH + GAP)
    across = cv2.reduce(above.reshape(-1, PATCH + GAP), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).reshape(
        PATCH, -1
    )
    longest = np.maximum(down[:, parts.columns].max(axis=1), across[parts.rows].max(axis=0))
    return np.asarray(longest / PATCH, np.float64)
