"""Strokes followed to where they lead: which belong to the mark of a box, and which lie loose beside.

A stroke that crosses a printed line falls into pieces there: what goes on beyond the line is the
tail of the mark before it, however near to another row it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM
from omr.reading.page.layer import OUTLINE, InkLayer

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

SPECK: Final = 6  # px: smaller is dust
LEAST_PIECE: Final = 12  # px, 0.3 mm²: of ink beside a box
LEAST_MM: Final = 1.0  # of it, from end to end
LARGE_MM: Final = 3.0  # both ways: its frame holds more than itself
MARK_SHARE: Final = 0.25  # of a stroke lies inside of boxes where it is a mark; a word has less
LINE_SHARE: Final = 0.12  # of a line that leads through the middle of its box: a long slash
LONGEST_PX: Final = 240  # 40 mm: longer is a fold, a streak, the edge of the sheet
GAP_PX: Final = 15  # 2.5 mm: a stroke that leaves a box at its corner is hidden by the outline for 2.4 mm
HIDDEN: Final = 0.7  # of the way between two pieces of one stroke is print
ROUNDS: Final = 2  # beyond the box's outline, then beyond the rule between two rows
SLIM: Final = 0.4  # of a line's spread along: its spread across
STRAIGHT_PX: Final = 2.0  # 0.33 mm: spread across of a pen's straight line; letters are 2 mm high and more
SHORT_PX: Final = 36  # 6 mm
AIM_PX: Final = 9.0  # 1.5 mm: by which the line passes the middle of its box
LEAST_HELD: Final = 0.15  # of a mark and its tails lies in the box: long slashes have 0.2 and more
NEAR_PX: Final = 18  # 3 mm: a tail that lies no further from its box
BAND_PX: Final = 3  # above and below the boxes of a row: what comes that near belongs to the row


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The pieces of a page's strokes, and how they lie to its boxes."""

    layer: InkLayer
    inside: Ints  # (N, K): px of each piece within each box
    is_mark: NDArray[np.bool_]  # (K,): the piece is the mark of a box
    of_box: Ints  # (K,): the box whose mark the piece is, or is the tail of; -1 is none's
    goes_on: Ints  # (K,): the same of pieces of any size that go on from a mark: a loop is no tail

    @classmethod
    def of(cls, layer: InkLayer, held: NDArray[np.int32], some: Ints, middles: Floats) -> Pieces:
        """Follow the strokes of a page.

        Parameters
        ----------
        layer : InkLayer
        held : (M, n, n) int32 ndarray
            The pieces within each box that holds any.
        some : (M,) int ndarray
            Which boxes these are.
        middles : (N, 2) float64 ndarray
            Of the boxes, px.
        """
        count, total = len(middles), len(layer.stats)
        there = np.nonzero(held)
        inside = counted(some[there[0]], held[there], count, total)
        area = layer.stats[:, cv2.CC_STAT_AREA]
        of_box, is_mark = np.full(total, -1, np.intp), np.zeros(total, np.bool_)
        if count:
            held_share, box = inside.sum(axis=0) / np.maximum(area, 1), inside.argmax(axis=0)
            is_mark = held_share >= MARK_SHARE
            for piece in np.flatnonzero((held_share >= LINE_SHARE) & ~is_mark).tolist():
                is_mark[piece] = _points_at(_places(layer, piece), middles[box[piece]])
            of_box[is_mark] = box[is_mark]
        goes_on = _with_tails(layer, of_box, middles)
        # What has hardly anything in the box it hangs on stands between two rows: it is no tail.
        belongs = np.flatnonzero(goes_on >= 0)
        whole = np.bincount(goes_on[belongs], area[belongs], minlength=count)
        within = np.bincount(goes_on[belongs], inside.sum(axis=0)[belongs], minlength=count)
        no_tail = (within < LEAST_HELD * whole)[goes_on]
        no_tail |= layer.stats[:, 2:4].min(axis=1) > LARGE_MM * PX_PER_MM
        of_box = np.where(no_tail & ~is_mark, -1, goes_on)
        return cls(layer, inside, is_mark, of_box, goes_on)

    def beside_mm(self, zones: Ints, tops_lefts: Ints, side: int) -> dict[str, Floats]:
        """Return the lengths of the longest strokes in each zone that are no box's mark, mm.

        Parameters
        ----------
        zones : (N, 4) int ndarray
            Top, bottom, left and right of what belongs to each box, px.
        tops_lefts : (N, 2) int ndarray
            Upper and left edges of the boxes, px.
        side : int
            Of a box, px.

        Returns
        -------
        dict of str to (N,) float64 ndarray
            ``beside``: of all but the tails of other boxes' marks that do not come up to this box's row,
            or lie at their own box in it;
            ``loose``: of those in the line of the box that are nobody's tail and no short straight line.
        """
        stats, (tops, lefts) = self.layer.stats, tops_lefts.T
        length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) / PX_PER_MM
        some = (stats[:, cv2.CC_STAT_AREA] >= LEAST_PIECE) & (length >= LEAST_MM) & ~self.is_mark
        some[0] = False
        left, top, width, height = stats[some, :4].T
        meets = (top[:, None] < zones[:, 1]) & ((top + height)[:, None] > zones[:, 0])
        meets &= (left[:, None] < zones[:, 3]) & ((left + width)[:, None] > zones[:, 2])
        # What is wide and high, as the edge of the sheet or a stamp, need not be where its frame is.
        numbers = np.flatnonzero(some)
        for piece, zone in np.argwhere(meets & (np.minimum(width, height) > LARGE_MM * PX_PER_MM)[:, None]):
            first, last, begin, end = zones[zone]
            meets[piece, zone] = (self.layer.pieces[first:last, begin:end] == numbers[piece]).any()
        in_row = (top[:, None] < tops + side + BAND_PX) & ((top + height)[:, None] > tops - BAND_PX)
        middle = (top + height / 2)[:, None]
        in_line = (middle < tops + side + BAND_PX) & (middle > tops - BAND_PX)
        of_box = self.of_box[some][:, None]
        # The tail of a mark in a grid's next column is that mark's; what leads further may mean this box.
        first = lefts[self.of_box[some]]
        near = (left >= first - NEAR_PX) & (left + width <= first + side + NEAR_PX)
        at_its_box = near[:, None] & (np.abs(tops[of_box] - tops) < side / 2)
        counts = (of_box < 0) | (of_box == np.arange(len(zones))) | (in_row & ~at_its_box)
        loose = (of_box < 0) & in_line & ~self._straight(numbers, meets & in_line)[:, None]
        out = {
            name: meets * which * length[some][:, None]
            for name, which in (("beside", counts), ("loose", loose))
        }
        return {name: np.asarray(values.max(axis=0, initial=0.0)) for name, values in out.items()}

    def _straight(self, numbers: Ints, meets: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which pieces that meet a zone are short straight lines: torn ends of marks, but no letters."""
        out = np.zeros(len(numbers), np.bool_)
        for at in np.flatnonzero(meets.any(axis=1)).tolist():
            if self.layer.stats[numbers[at], 2:4].max() > SHORT_PX:
                continue
            places = _places(self.layer, numbers[at])
            spread = np.linalg.eigvalsh(_covariance(places - places.mean(axis=0)))
            out[at] = spread[0] <= STRAIGHT_PX**2
        return out


def _with_tails(layer: InkLayer, of_box: Ints, middles: Floats) -> Ints:
    """Give the pieces in which the stroke of a mark goes on to that mark's box."""
    out = of_box.copy()
    stats = layer.stats
    free = np.flatnonzero((of_box < 0) & (stats[:, cv2.CC_STAT_AREA] >= SPECK))
    free = free[free > 0]
    left, top, width, height = (stats[:, at] for at in range(4))
    free = free[np.maximum(width, height)[free] <= LONGEST_PX]
    marks = np.flatnonzero(out >= 0)
    for _ in range(ROUNDS):
        if not len(marks) or not len(free):
            break
        near = left[free][:, None] - GAP_PX < (left + width)[marks]
        near &= left[marks] < (left + width)[free][:, None] + GAP_PX
        near &= top[free][:, None] - GAP_PX < (top + height)[marks]
        near &= top[marks] < (top + height)[free][:, None] + GAP_PX
        some, is_mark = free[near.any(axis=1)], out >= 0
        out[some] = [_tail_of(layer, piece, is_mark, out, middles) for piece in some.tolist()]
        marks = some[out[some] >= 0]  # who is near none of these would be told the same again
        free = free[out[free] < 0]
    return out


_WAY: Final = np.arange(GAP_PX + 2)


def _tail_of(layer: InkLayer, piece: int, is_mark: NDArray[np.bool_], of_box: Ints, middles: Floats) -> int:
    """Return the box whose mark's stroke goes on in a piece; -1 without one."""
    left, top, width, height, _ = layer.stats[piece].tolist()
    first, begin = max(top - GAP_PX, 0), max(left - GAP_PX, 0)
    there = np.s_[first : top + height + GAP_PX, begin : left + width + GAP_PX]
    pieces = layer.pieces[there]
    marks = is_mark.take(pieces)
    if not marks.any():
        return -1
    away = cv2.distanceTransform((~marks).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    row, column = np.divmod(np.flatnonzero(pieces == piece), pieces.shape[1])
    least = away[row, column]
    at = int(least.argmin())
    if least[at] > GAP_PX:
        return -1
    to_row, to_column = np.divmod(np.flatnonzero(marks), pieces.shape[1])
    to = int(((to_row - row[at]) ** 2 + (to_column - column[at]) ** 2).argmin())
    box = int(of_box[pieces[to_row[to], to_column[to]]])
    steps = 1 + int(least[at])
    y, x = (
        np.rint(_WAY[1:steps] * ((other[to] - one[at]) / steps) + one[at]).astype(np.intp)
        for one, other in ((row, to_row), (column, to_column))
    )
    hidden = np.count_nonzero(layer.printed[there][y, x] > OUTLINE)
    if hidden >= HIDDEN * (steps - 1):
        return box
    return box if _points_at(_places(layer, piece), middles[box]) else -1


def _places(layer: InkLayer, piece: int) -> Ints:
    """Return rows and columns of a piece's pixels, (n, 2)."""
    left, top, width, height, _ = layer.stats[piece].tolist()
    own = np.flatnonzero(layer.pieces[top : top + height, left : left + width] == piece)
    return np.asarray(np.stack(np.divmod(own, width), axis=1) + (top, left))


def _points_at(piece: Ints, middle: Floats) -> bool:
    """Whether a piece is a line that leads to a box, as the end of its mark does and no letter beside it."""
    centre = piece.mean(axis=0)
    spread, ways = np.linalg.eigh(_covariance(piece - centre))
    across = ways[:, 0]  # the way in which it is narrow
    return bool(spread[0] < SLIM**2 * spread[1] and abs((middle - centre) @ across) < AIM_PX)


def _covariance(off: Floats) -> Floats:
    """Return how points, (N, 2), spread around their middle: numpy's own takes five times as long."""
    return np.asarray(off.T @ off / max(len(off) - 1, 1))


def counted(box: Ints, piece: NDArray[np.int32], boxes: int, pieces: int) -> Ints:
    """Return how many of the given pixels belong to each box and piece, (boxes, pieces)."""
    return np.bincount(box * pieces + piece, minlength=boxes * pieces).reshape(boxes, pieces)
