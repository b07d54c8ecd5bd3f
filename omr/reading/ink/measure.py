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
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM
from omr.geometry import Points
from omr.packed import Packed
from omr.reading.ink.hidden import faint, foreign_mm, outlined_mm, rimmed_mm
from omr.reading.ink.pieces import SPECK, Pieces, counted
from omr.reading.ink.windows import means, totals, windows
from omr.reading.ink.writing import written
from omr.reading.page.layer import RUN_MM, InkLayer
from omr.reading.page.ruled import Rules

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

VERSION: Final = 2  # of what is measured here
PAPERS: Final = 3  # of what `paper` measures, decided by `papers`; 1 is the same, decided by `first`


@dataclass(frozen=True, slots=True, eq=False)
class MarkReading(Packed):
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
    "ruled",  # mm, over which a printed rule near the box is thicker than elsewhere: ink that it hides
    "crossed",  # strokes met on a way across the row, of the mark and of what is nobody's, on average
    "foreign",  # mm, how much of another row's mark stands in the line of the box
    "outlined",  # mm, by how much a stretch of its outline is thicker than outlines are: ink that it hides
    "lettered",  # mm, by how much more ink than its own the words beside the box show, over their height
    "faint",  # darkness of the darkest straight 1.5 mm beside the box; NaN in rows with strokes in a box
    "ways",  # share of the strokes over the box that runs in their two main directions: of letters less
    "tangle",  # mm, area of all strokes that touch the inside over their frame's diagonal: pens' widths
    "encircled",  # share of six ways across the box that meet a stroke close to it on both sides, no other's
    "rimmed",  # mm, by how much every side of its outline is thicker than elsewhere: a ring that it hides
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
SEEN: Final = 200  # of 255, as dark as thin print gets


def measure(
    layer: InkLayer,
    tops_lefts: NDArray[np.intp],
    side: int,
    zones: NDArray[np.intp],
    rules: Rules,
    *,
    lettered: Floats,
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
    rules : Rules
        What is printed across the rows.
    lettered : (N,) float64 ndarray
        How much more ink than their own the words beside each box show, mm.
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
    every, ink = cut.of(layer.strokes), cut.of(layer.ink)
    share = means(every)
    some = np.flatnonzero(share)  # most boxes are empty
    strokes = every[some]
    held = strokes * cut.of(layer.pieces, some=some)

    def of_some(function: Callable[..., Floats], *windows: NDArray[Any]) -> Floats:
        out = np.zeros(len(every))
        if len(some):
            out[some] = function(*windows)
        return out

    found = Pieces.of(layer, held, some, np.asarray(tops_lefts + (side - 1) / 2, np.float64))
    beside = found.beside_mm(zones, tops_lefts, side)
    paper = cut.paper()
    values: dict[str, Floats] = {
        "gain": means(ink) / 255 - paper,
        "core": _core(ink) / 255 - paper,
        "ink": share,
        "depth": of_some(_depth, strokes),
        "spread": of_some(_cells, strokes),
        "dark": of_some(_darkest, cut.of(layer.soft, some=some), strokes),
        "solid": _opened(cut, PEN_PX),
        "heavy": _opened(cut, FELT_PX),
        "runs": of_some(_runs, strokes),
        "peak": _peak(cut) - paper,
        "missing": 1 - cut.outline(),
        "grain": paper,
        "level": np.full(len(every), layer.level),
        "contrast": np.full(len(every), layer.contrast),
        "streak": np.zeros(len(every)) if streaks is None else cut.of(streaks).mean(axis=(1, 2)),
        "red": np.full(len(every), np.nan) if red is None else cut.of(red).mean(axis=(1, 2)),
        "bilevel": np.full(len(every), float(bilevel)),
        "ruled": rules.thicker_mm(layer, found.of_box, zones),
    }
    values |= written(layer, tops_lefts, side, AROUND, found.of_box, some)
    values |= {
        "foreign": foreign_mm(found, zones, tops_lefts, side),
        "outlined": outlined_mm(layer, tops_lefts, side, found.of_box),
        "rimmed": rimmed_mm(layer, tops_lefts, side, found.of_box, paper),
        "lettered": lettered,
        "faint": faint(layer, zones, tops_lefts, side, found.of_box, share, _darkest_lines) - paper,
    }
    values |= beside | {"beside": np.maximum(beside["beside"], _struck_mm(layer, zones))}
    values |= cut.ring(found.of_box)
    values |= _marks(layer, cut, held, some, found, tops_lefts)
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

    def of(self, picture: NDArray[Any], around: int = -EDGE, some: Ints | None = None) -> NDArray[Any]:
        """Return so many px around boxes of a picture, (N, size, size); the insides of all unless told."""
        size, first = self.side + 2 * around, AROUND - around
        tops, lefts = (self.tops, self.lefts) if some is None else (self.tops[some], self.lefts[some])
        return windows(picture, size, size)[tops + first, lefts + first]

    def paper(self) -> Floats:
        """Return the mean darkness of bare paper around each box: of every other pixel, both ways."""
        ink, printed, strokes = (
            windows(one, self.size, self.size)[:, :, ::2][self.tops, self.lefts]
            for one in (self.layer.ink, self.layer.printed, self.layer.strokes)
        )
        free = ((printed | strokes) == 0) & _beyond(self.size)
        return totals(ink * free) / np.maximum(totals(free), 1) / 255

    def outline(self) -> Floats:
        """Return how much of each box's outline is there."""
        strong = self.of(self.layer.printed, around=1) > 200
        dark = self.of(self.layer.dark, around=1).reshape(len(strong), -1)
        seen = np.asarray(cv2.threshold(dark, SEEN, 0, cv2.THRESH_TRUNC)[1]).reshape(strong.shape)
        return totals(seen * strong) / SEEN / np.maximum(totals(strong), 1)

    def ring(self, of_box: Ints) -> dict[str, Floats]:
        """Return how much stroke lies around each box, in how many directions, and in which on both sides.

        Marks of other boxes, and their tails, count among the directions; two ends that face each other are a
        ring's, or what else lies around this box.
        """
        near, bits = _bands(self.size, self.side)
        strokes = self.of(self.layer.strokes, AROUND)
        out = {name: np.zeros(len(strokes)) for name in ("ring", "around", "circled", "encircled")}
        some = np.flatnonzero(totals(strokes))  # around most boxes there is none
        if not len(some):
            return out
        there = strokes[some].reshape(len(some), -1)
        out["ring"][some] = totals(there & near) / near.sum()
        met = np.bitwise_or.reduce(there * bits, axis=1)
        for name, its in (("around", met >> SECTORS), ("circled", met & (1 << SECTORS) - 1)):
            out[name][some] = np.bitwise_count(its) / SECTORS
        faced = np.flatnonzero(_facing(met >> SECTORS))  # nearly all of them have a mark of their own
        some, pieces = some[faced], self.of(self.layer.pieces, AROUND, some[faced])
        whose = of_box[pieces].reshape(len(some), there.shape[1])
        own = there[faced] & ((whose < 0) | (whose == some[:, None]))
        met = np.bitwise_or.reduce(own * bits, axis=1)
        out["encircled"][some] = np.bitwise_count(_facing(met >> SECTORS)) / (SECTORS // 2)
        return out


def _facing(met: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return of directions met, a bit for each, those met on the other side, too: half of the bits."""
    return met & (met >> np.uint32(SECTORS // 2))


@cache
def _beyond(size: int) -> NDArray[np.bool_]:
    """Return every other column of every other row of a window, but for the box in its middle."""
    out = np.zeros(((size + 1) // 2, size), np.bool_)
    out[:, ::2] = True
    middle = AROUND // 2
    out[middle:-middle, 2 * middle : -2 * middle] = False
    return out


@cache
def _bands(size: int, side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Return which pixels of a window lie near its box, and a bit for the direction of each around it.

    The bits of those near it come once more, above the others.
    """
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    off = np.maximum(abs(y), abs(x))
    outside = off > side / 2 + GAP
    turn = ((np.arctan2(y, x) + np.pi) / (2 * np.pi) * SECTORS).astype(np.intp) % SECTORS
    near = outside & (off <= side / 2 + GAP + NEAR)
    bits = (outside + (near.astype(np.uint32) << SECTORS)) << turn
    return near.ravel().astype(np.uint8), bits.ravel().astype(np.uint32)


def _peak(cut: _Cut) -> Floats:
    """Return the mean darkness of each inside's darkest straight line of `LINE_PX`."""
    edge = LINE_PX // 2
    near = cut.of(cut.layer.ink, edge - EDGE)
    count, size, _ = near.shape
    # Side by side: a picture of few long rows is filtered several times as fast as one of many short ones.
    inks = np.ascontiguousarray(near.transpose(1, 0, 2)).reshape(size, -1)
    best = _darkest_lines(inks)
    return np.asarray(best.reshape(size, count, size)[edge:-edge, :, edge:-edge].max(axis=(0, 2)) / 255)


def _darkest_lines(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return for each pixel the mean darkness of the darkest of `LINES` through it."""
    best = np.zeros_like(ink)
    for kernel in LINES:
        best = np.asarray(
            cv2.max(best, cv2.filter2D(ink, cv2.CV_8U, kernel, borderType=cv2.BORDER_CONSTANT)), np.uint8
        )
    return best


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


def _core(ink: NDArray[np.uint8]) -> Floats:
    edge = ink.shape[1] // 4
    return means(np.ascontiguousarray(ink[:, edge:-edge, edge:-edge]))


def _depth(strokes: NDArray[np.uint8]) -> Floats:
    """Return how deep the deepest stroke of each box lies, but for a speck."""
    count, size, _ = strokes.shape
    place = np.minimum(np.arange(size), np.arange(size)[::-1])
    deep = np.minimum(place[:, None], place) + 1
    deepest = int(deep.max())
    levels = _counts((strokes * deep).reshape(count, -1), deepest + 1)
    # The least level that all but `SPECK` pixels reach at most.
    beyond = np.cumsum(levels[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(((beyond >= SPECK).sum(axis=1) - 1) / deepest, np.float64)


def _counts(values: NDArray[Any], levels: int) -> NDArray[np.intp]:
    """Return how often each level comes in each row, (N, levels)."""
    count = len(values)
    placed = values + np.arange(count)[:, None] * levels
    return np.bincount(placed.ravel(), minlength=count * levels).reshape(count, levels)


def _cells(strokes: NDArray[np.uint8]) -> Floats:
    size = strokes.shape[1] // CELLS * CELLS
    cell = size // CELLS
    held = strokes[:, :size, :size].reshape(-1, CELLS, cell, CELLS, cell).mean(axis=(2, 4))
    return np.asarray((held > CELL_HELD).mean(axis=(1, 2)))


def _darkest(soft: NDArray[np.uint8], strokes: NDArray[np.uint8]) -> Floats:
    """Return the darkness of the darkest fifth of each box's strokes, its least pixel."""
    counts = totals(strokes)
    ordered = np.sort((soft * strokes).reshape(len(soft), -1), axis=1)[:, ::-1]
    at = np.clip(counts.astype(np.intp) // 5, 0, ordered.shape[1] - 1)
    return np.asarray(ordered[np.arange(len(soft)), at] / 255, np.float64)


def _opened(cut: _Cut, width: int) -> Floats:
    """Return the share of each inside under strokes of at least some width; outlines between them count."""
    near = cut.of(cut.layer.joined, width - EDGE)
    out = np.zeros(len(near))
    some = np.flatnonzero(totals(near))
    if not len(some):
        return out
    size = near.shape[1]
    wide = cv2.morphologyEx(
        near[some].reshape(-1, size), cv2.MORPH_OPEN, np.ones((width, width), np.uint8)
    ).reshape(-1, size, size)
    out[some] = means(np.ascontiguousarray(wide[:, width:-width, width:-width]))
    return out


def _runs(strokes: NDArray[np.uint8]) -> Floats:
    """Return how many strokes are met along a line through the inside, on average of both ways."""
    sides = []
    for along in (strokes, strokes.transpose(0, 2, 1)):
        met = (along[:, 1:] > along[:, :-1]).sum(axis=1) + along[:, 0]
        sides.append(met.sum(axis=1) / np.maximum((met > 0).sum(axis=1), 1))
    return np.asarray((sides[0] + sides[1]) / 2)


def _marks(
    layer: InkLayer,
    cut: _Cut,
    held: NDArray[np.int32],
    inked: Ints,
    pieces: Pieces,
    tops_lefts: NDArray[np.intp],
) -> dict[str, Floats]:
    """Follow the strokes of each inside, and their tails, to where they lead."""
    count, last = len(tops_lefts), held.shape[1]
    names = ("width", "height", "share", "reach", "span", "own", "off", "long", "flat", "tangle")
    out = {name: np.zeros(count) for name in names}
    at, row, column = np.nonzero(held)
    if not len(at):
        return out
    inside, box = pieces.inside, inked[at]
    of_largest = held[at, row, column] == inside.argmax(axis=1)[box]
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
    on_box = cut.of(layer.pieces, 1, inked)
    on = np.nonzero(on_box)
    touching = counted(inked[on[0]], on_box[on], count, len(layer.stats))[of, number]
    out["share"][some] = np.add.reduceat(touching, first) / np.add.reduceat(area, first)
    low = np.stack([np.minimum.reduceat(at, first) for at in (top, left)], axis=1)
    high = np.stack([np.maximum.reduceat(at, first) for at in (top + height, left + width)], axis=1)
    box_low, size = tops_lefts[some], high - low
    beyond = np.maximum(box_low - low, high - box_low - cut.side).max(axis=1)
    out["reach"][some] = np.maximum(beyond, 0) / PX_PER_MM
    out["off"][some] = np.hypot(*((low + high) / 2 - box_low - cut.side / 2).T) / PX_PER_MM
    out["long"][some] = np.hypot(*size.T) / PX_PER_MM
    out["flat"][some] = size.min(axis=1) / size.max(axis=1)
    out["tangle"][some] = np.add.reduceat(area, first) / np.hypot(*size.T) / PX_PER_MM
    return out


def _struck_mm(layer: InkLayer, zones: NDArray[np.intp]) -> Floats:
    """Return the length of a line through the words in each zone, mm; 0 without any."""
    if not cv2.hasNonZero(layer.struck):
        return np.zeros(len(zones))
    there = [
        cv2.hasNonZero(layer.struck[top:bottom, left:right]) for top, bottom, left, right in zones.tolist()
    ]
    return np.where(there, RUN_MM, 0.0)
