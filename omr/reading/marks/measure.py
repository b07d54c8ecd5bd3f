"""Boxes become numbers: a few named features of each, from the ink layer. Measurement only, never a verdict.

Lengths are in mm, areas in shares of the box's inside, darkness from 0 (the paper around) to 1
(this page's print): the numbers of a 150 dpi photocopy and a 600 dpi colour scan mean the same.
What nobody looked at is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM
from omr.geometry import Points
from omr.reading.marks.pieces import SPECK, Pieces, counted
from omr.reading.page.layer import RUN_MM, InkLayer

Floats = NDArray[np.float64]

VERSION: Final = 2  # of what is measured; 1 is that of `paper`, before the form's print was known


@dataclass(frozen=True, slots=True, eq=False)
class MarkReading:
    """What was measured in one box."""

    question: str
    option: str
    corners_px: Points  # (4, 2) of the box where its outline was found, clockwise from the top left
    features: tuple[float, ...]  # in the order of the `FEATURES` of its version
    version: int = VERSION


FEATURES: Final = (
    "gain",  # mean darkness of the inside beyond print, over that of the bare paper around the box
    "core",  # the same of its inner half
    "peak",  # the same of the darkest straight 1.5 mm inside: a faint line is still a line
    "ink",  # share of the inside that is stroke
    "spread",  # share of nine cells of the inside with strokes in them
    "width",  # of the largest stroke inside, in widths of the inside
    "height",  # the same, in heights
    "depth",  # how far from the edge towards the middle strokes reach, 1 is the middle
    "dark",  # darkness of the strokes inside: that of their darkest fifth
    "share",  # of the strokes that touch the inside, and their tails: how much lies in and on the box
    "own",  # share of the strokes inside whose piece has no more of itself in another box
    "reach",  # mm by which they reach out of the box
    "span",  # mm, the shorter side of the largest of them: a stamp's or a loop's is longer than a mark's
    "solid",  # share of the inside covered by strokes wider than a ballpoint's
    "heavy",  # share of the inside covered by strokes wider than a felt pen's
    "runs",  # strokes met on the way across and down, on average: one for a line, more for a scribble
    "ring",  # share of the 1.7 mm around the box that is stroke
    "around",  # share of twelve directions in which a stroke lies in them
    "circled",  # the same in the 4.5 mm around the box
    "beside",  # mm, the longest stroke near the box that is not the mark of a box, or through the words there
    "missing",  # share of the box's own outline that is not there
    "level",  # darkness from which this page has strokes: its grain
    "grain",  # mean darkness of the bare paper around the box
    "contrast",  # between the page's paper and its print
    "bilevel",  # 1 on a scan of black and white: what is fainter than its threshold is gone
    "streak",  # share of the box's width under dirt on the scanner's glass, which is left out
    "red",  # share of the inside that was the office's red, which is left out; NaN without colour
    "off",  # mm from the middle of the box to that of the frame of all strokes that touch the inside
    "long",  # mm from corner to corner of that frame
    "loose",  # mm, the longest stroke near the box that is neither a box's mark nor the tail of one
    "flat",  # its shorter side in lengths of its longer one: 0 for a line along the sheet's sides
)
F: Final = {name: i for i, name in enumerate(FEATURES)}

EDGE: Final = 3  # px from the box's edge to its inside: the outline and its soft edge
AROUND: Final = 27  # px looked at on every side of a box: as far as the next box in its row begins
NEAR: Final = 10  # px around the box in which a ring is looked for
GAP: Final = 2  # px between outline and ring
CELLS: Final = 3  # across and down
CELL_HELD: Final = 0.06  # of a cell: the end of a stroke
PEN_PX: Final = 5  # 0.8 mm: wider than a ballpoint's line
FELT_PX: Final = 8  # 1.3 mm: wider than a felt pen's
SECTORS: Final = 12
STRONG_PRINT: Final = 120  # of 255: print that must be there
SEEN: Final = 200.0  # of 255, as dark as thin print gets


def measure(
    layer: InkLayer,
    tops_lefts: NDArray[np.intp],
    side: int,
    zones: NDArray[np.intp],
    *,
    bilevel: bool = False,
    streaks: NDArray[np.bool_] | None = None,
    red: NDArray[np.bool_] | None = None,
) -> Floats:
    """Measure all boxes of a page.

    Parameters
    ----------
    layer : InkLayer
    tops_lefts : (N, 2) int ndarray
        Where the boxes were found, px.
    side : int
        Of a box, px.
    zones : (N, 4) int ndarray
        Top, bottom, left and right of what belongs to each box, px: ink there is beside it.
    bilevel : bool
        Whether the scan has black and white only.
    streaks, red : (H, W) bool ndarray, optional
        What was left out of the layer as dirt of the glass, and as the office's stamp.

    Returns
    -------
    (N, F) float64 ndarray
        In the order of `FEATURES`, rounded to what 32 bits hold.
    """
    cut = _Cut(layer, tops_lefts, side)
    strokes, ink = cut.of(layer.strokes), cut.of(layer.ink)
    held = strokes * cut.of(layer.pieces)
    some = np.flatnonzero(strokes.any(axis=(1, 2)))  # most boxes are empty

    def of_some(function: Callable[..., Floats], *windows: NDArray[Any]) -> Floats:
        out = np.zeros(len(strokes))
        if len(some):
            out[some] = function(*(one[some] for one in windows))
        return out

    found = Pieces.of(layer, held, np.asarray(tops_lefts + (side - 1) / 2, np.float64))
    beside, loose = found.beside_mm(zones, tops_lefts[:, 0], side)
    paper = cut.paper()
    dark = ink.astype(np.float64)
    values: dict[str, Floats] = {
        "gain": dark.mean(axis=(1, 2)) / 255 - paper,
        "core": _core(dark) / 255 - paper,
        "ink": strokes.mean(axis=(1, 2)),
        "depth": of_some(_depth, strokes),
        "spread": of_some(_cells, strokes),
        "dark": of_some(_darkest, cut.of(layer.soft), strokes),
        "solid": _opened(cut, PEN_PX),
        "heavy": _opened(cut, FELT_PX),
        "runs": of_some(_runs, strokes),
        "peak": _peak(cut) - paper,
        "missing": 1 - cut.outline(),
        "grain": paper,
        "level": np.full(len(strokes), layer.level),
        "contrast": np.full(len(strokes), layer.contrast),
        "streak": np.zeros(len(strokes)) if streaks is None else cut.of(streaks).mean(axis=(1, 2)),
        "red": np.full(len(strokes), np.nan) if red is None else cut.of(red).mean(axis=(1, 2)),
        "bilevel": np.full(len(strokes), float(bilevel)),
        "beside": np.maximum(beside, _struck_mm(layer, zones)),
        "loose": loose,
    }
    values |= cut.ring()
    values |= _marks(layer, cut, held, found, tops_lefts)
    out = np.stack([values[name] for name in FEATURES], axis=1)
    return out.astype(np.float32).astype(np.float64)


class _Cut:
    """The boxes of a page and what lies around them, to be cut out of the layer."""

    def __init__(self, layer: InkLayer, tops_lefts: NDArray[np.intp], side: int) -> None:
        self.layer, self.side = layer, side
        self.size = side + 2 * AROUND
        height, width = layer.ink.shape
        self.tops = np.clip(tops_lefts[:, 0] - AROUND, 0, height - self.size)
        self.lefts = np.clip(tops_lefts[:, 1] - AROUND, 0, width - self.size)

    def of(self, picture: NDArray[Any], around: int = -EDGE, step: int = 1) -> NDArray[Any]:
        """Return so many px around every box of a picture, (N, size, size); the insides unless told."""
        size, first = self.side + 2 * around, AROUND - around
        windows = sliding_window_view(picture, (size, size))[:, :, ::step, ::step]
        return windows[self.tops + first, self.lefts + first]

    def paper(self) -> Floats:
        """Return the mean darkness of bare paper around each box."""
        ink, printed, strokes = (
            self.of(one, AROUND, step=2) for one in (self.layer.ink, self.layer.printed, self.layer.strokes)
        )
        free = (printed | strokes) == 0
        middle = AROUND // 2
        free[:, middle:-middle, middle:-middle] = False
        count = np.maximum(free.sum(axis=(1, 2)), 1)
        return np.asarray((ink * free).sum(axis=(1, 2)) / count / 255)

    def outline(self) -> Floats:
        """Return how much of each box's outline is there."""
        strong = self.of(self.layer.printed, around=1) > 200
        seen = np.minimum(self.of(self.layer.dark, around=1), SEEN) / SEEN
        return np.asarray((seen * strong).sum(axis=(1, 2)) / np.maximum(strong.sum(axis=(1, 2)), 1))

    def ring(self) -> dict[str, Floats]:
        """Return how much stroke lies around each box, and in how many directions."""
        near, far, bits = _bands(self.size, self.side)
        strokes = self.of(self.layer.strokes, AROUND)
        out = {name: np.zeros(len(strokes)) for name in ("ring", "around", "circled")}
        some = np.flatnonzero(strokes.any(axis=(1, 2)))  # around most boxes there is none
        if not len(some):
            return out
        there = strokes[some].reshape(len(some), -1)
        out["ring"][some] = (there & near.astype(np.uint8)).sum(axis=1) / near.sum()
        for name, part in (("around", near), ("circled", far)):
            met = np.bitwise_or.reduce(there * (bits * part), axis=1)
            out[name][some] = np.bitwise_count(met) / SECTORS
        return out


@cache
def _bands(size: int, side: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]:
    """Return which pixels of a window lie near its box, which around it, and a bit for their direction."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    off = np.maximum(abs(y), abs(x))
    outside = off > side / 2 + GAP
    turn = ((np.arctan2(y, x) + np.pi) / (2 * np.pi) * SECTORS).astype(np.intp) % SECTORS
    near = outside & (off <= side / 2 + GAP + NEAR)
    close, anywhere, bit = (one.ravel().astype(np.uint16) for one in (near, outside, 1 << turn))
    return close, anywhere, bit


def _peak(cut: _Cut) -> Floats:
    """Return the mean darkness of each inside's darkest straight line of `LINE_PX`."""
    edge = LINE_PX // 2
    near = cut.of(cut.layer.ink, edge - EDGE)
    count, size, _ = near.shape
    # Side by side: a picture of few long rows is filtered several times as fast as one of many short ones.
    inks = np.ascontiguousarray(near.transpose(1, 0, 2)).reshape(size, -1)
    best = np.zeros_like(inks)
    for kernel in LINES:
        best = cv2.max(best, cv2.filter2D(inks, cv2.CV_8U, kernel, borderType=cv2.BORDER_CONSTANT))
    return np.asarray(best.reshape(size, count, size)[edge:-edge, :, edge:-edge].max(axis=(0, 2)) / 255)


def _lines() -> list[NDArray[np.float32]]:
    """Return lines of `LINE_PX` in eight directions, two px wide."""
    kernels = []
    for turn in range(8):
        picture = np.zeros((LINE_PX, LINE_PX), np.uint8)
        middle = (LINE_PX - 1) / 2
        dy, dx = np.sin(turn * np.pi / 8) * middle, np.cos(turn * np.pi / 8) * middle
        first, last = ((round((middle + way * dx) * 16), round((middle + way * dy) * 16)) for way in (-1, 1))
        cv2.line(picture, first, last, 255, 1, cv2.LINE_AA, 4)
        kernels.append(np.asarray(picture / picture.sum(dtype=np.float64), np.float32))
    return kernels


LINE_PX: Final = 9
LINES: Final = _lines()


def _core(ink: Floats) -> Floats:
    edge = ink.shape[1] // 4
    return np.asarray(ink[:, edge:-edge, edge:-edge].mean(axis=(1, 2)))


def _depth(strokes: NDArray[np.uint8]) -> Floats:
    """Return how deep the deepest stroke of each box lies, but for a speck."""
    size = strokes.shape[1]
    place = np.minimum(np.arange(size), np.arange(size)[::-1])
    deep = np.minimum(place[:, None], place)
    held = (strokes * (deep + 1)).reshape(len(strokes), -1)
    at = max(held.shape[1] - SPECK, 0)
    return np.asarray(np.partition(held, at, axis=1)[:, at] / (deep.max() + 1))


def _cells(strokes: NDArray[np.uint8]) -> Floats:
    size = strokes.shape[1] // CELLS * CELLS
    cell = size // CELLS
    held = strokes[:, :size, :size].reshape(-1, CELLS, cell, CELLS, cell).mean(axis=(2, 4))
    return np.asarray((held > CELL_HELD).mean(axis=(1, 2)))


def _darkest(soft: NDArray[np.uint8], strokes: NDArray[np.uint8]) -> Floats:
    """Return the darkness of the darkest fifth of each box's strokes, its least pixel."""
    counts = strokes.sum(axis=(1, 2))
    ordered = np.sort((soft * strokes).reshape(len(soft), -1), axis=1)[:, ::-1]
    at = np.clip(counts // 5, 0, ordered.shape[1] - 1)
    return np.asarray(ordered[np.arange(len(soft)), at] / 255, np.float64)


def _opened(cut: _Cut, width: int) -> Floats:
    """Return the share of each inside under strokes of at least some width; outlines between them count."""
    near = cut.of(cut.layer.pieces, width - EDGE) > 0
    out = np.zeros(len(near))
    some = np.flatnonzero(near.any(axis=(1, 2)))
    if not len(some):
        return out
    size = near.shape[1]
    black = np.ascontiguousarray(near[some]).view(np.uint8).reshape(-1, size)
    wide = cv2.morphologyEx(black, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    out[some] = wide.reshape(-1, size, size)[:, width:-width, width:-width].mean(axis=(1, 2))
    return out


def _runs(strokes: NDArray[np.uint8]) -> Floats:
    """Return how many strokes are met along a line through the inside, on average of both ways."""
    sides = []
    for axis in (1, 2):
        pad = [(0, 0), (0, 0), (0, 0)]
        pad[axis] = (1, 0)
        begun = np.diff(np.pad(strokes, pad).astype(np.int8), axis=axis) == 1
        met = begun.sum(axis=axis)
        sides.append(met.sum(axis=1) / np.maximum((met > 0).sum(axis=1), 1))
    return np.asarray((sides[0] + sides[1]) / 2)


def _marks(
    layer: InkLayer, cut: _Cut, held: NDArray[np.int32], pieces: Pieces, tops_lefts: NDArray[np.intp]
) -> dict[str, Floats]:
    """Follow the strokes of each inside, and their tails, to where they lead."""
    count, last, _ = held.shape
    names = ("width", "height", "share", "reach", "span", "own", "off", "long", "flat")
    out = {name: np.zeros(count) for name in names}
    box, row, column = np.nonzero(held)
    if not len(box):
        return out
    inside = pieces.inside
    inked = np.flatnonzero(np.bincount(box, minlength=count))
    of_largest = held[box, row, column] == inside.argmax(axis=1)[box]
    for name, place in (("width", column), ("height", row)):
        least, most = np.full(count, last), np.zeros(count, np.intp)
        np.minimum.at(least, box[of_largest], place[of_largest])
        np.maximum.at(most, box[of_largest], place[of_largest])
        out[name][inked] = (most - least + 1)[inked] / last
    out["share"][inked] = out["own"][inked] = 1.0
    # Each box with each of the pieces in it, box by box.
    there = (inside > 0) & (layer.stats[:, cv2.CC_STAT_AREA] >= SPECK)
    of, number = np.nonzero(there)
    if not len(of):
        return out
    first = np.flatnonzero(np.diff(of, prepend=-1))
    some, mine = of[first], inside[of, number]
    own = np.where(mine >= inside.max(axis=0)[number], mine, 0)
    out["own"][some] = np.add.reduceat(own, first) / np.add.reduceat(mine, first)
    out["span"][some] = np.maximum.reduceat(layer.stats[number, 2:4].min(axis=1), first) / PX_PER_MM
    # The same with the pieces in which they go on.
    tails = np.flatnonzero(pieces.goes_on >= 0)
    there[pieces.goes_on[tails], tails] |= there[pieces.goes_on[tails]].any(axis=1)
    of, number = np.nonzero(there)
    first = np.flatnonzero(np.diff(of, prepend=-1))
    left, top, width, height, area = layer.stats[number].T
    on_box = cut.of(layer.pieces, around=1)
    on = np.nonzero(on_box)
    touching = counted(on[0], on_box[on], count, len(layer.stats))[of, number]
    out["share"][some] = np.add.reduceat(touching, first) / np.add.reduceat(area, first)
    low = np.stack([np.minimum.reduceat(at, first) for at in (top, left)], axis=1)
    high = np.stack([np.maximum.reduceat(at, first) for at in (top + height, left + width)], axis=1)
    box_low, size = tops_lefts[some], high - low
    beyond = np.maximum(box_low - low, high - box_low - cut.side).max(axis=1)
    out["reach"][some] = np.maximum(beyond, 0) / PX_PER_MM
    out["off"][some] = np.hypot(*((low + high) / 2 - box_low - cut.side / 2).T) / PX_PER_MM
    out["long"][some] = np.hypot(*size.T) / PX_PER_MM
    out["flat"][some] = size.min(axis=1) / size.max(axis=1)
    return out


def _struck_mm(layer: InkLayer, zones: NDArray[np.intp]) -> Floats:
    """Return the length of a line through the words in each zone, mm; 0 without any."""
    if not cv2.hasNonZero(layer.struck):
        return np.zeros(len(zones))
    there = [layer.struck[top:bottom, left:right].any() for top, bottom, left, right in zones.tolist()]
    return np.where(there, RUN_MM, 0.0)
