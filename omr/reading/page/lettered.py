"""Ink over printed words: what letters hide, seen by how much more ink the words show than their own.

A small mark on the words behind a box leaves nothing beside them. But over the height of a line of text print
adds up to what the form has there, however soft or fat it came out: so much of its letters, so much of their
rims, alike all over the page. Where there is more, somebody wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM, Raster
from omr.reading.page.layer import InkLayer

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

BEYOND_PX: Final = 3  # above and below a line of text: its soft edges
SPREAD_PX: Final = 4.0  # 0.7 mm along it, fading: at a sharp edge half a pixel makes a stem count or not
IN_LINE_PX: Final = 10  # from the middle of a box to that of the words behind it
STRONG: Final = 0.5  # of print: inside a letter
ROUNDS: Final = 3  # of fitting, each without what shows more than most
MOST: Final = 0.85  # of the places
LEAST_COLUMNS: Final = 60  # by which a page's print is known


@dataclass(frozen=True, slots=True, eq=False)
class Lettered:
    """The words printed in line with the boxes of a form."""

    rows: Ints  # (R, 2): first and beyond the last of each line of text, px
    row: Ints  # (P,): the line in which a piece of text stands
    columns: Ints  # (P, 2): its first and last column, px
    box: (
        Ints  # (P,): the box that is nearest: the piece moves with it, and what is over it is beside that box
    )
    known: Floats  # (C, 2): letters and rims at each place of all pieces, averaged along the line

    @classmethod
    def of(cls, raster: Raster, tops_lefts: Ints, side: int, zones: Ints) -> Lettered:
        """Find them in a form's print."""
        middles = tops_lefts[:, 0] + side / 2
        found: list[tuple[tuple[int, int], int, int, int]] = []
        for top, bottom, left, right in raster.words.tolist():
            near = np.abs(middles - (top + bottom) / 2) < IN_LINE_PX
            near &= (zones[:, 2] < right) & (left < zones[:, 3])
            some = np.flatnonzero(near)
            if len(some):
                off = np.abs(tops_lefts[some, 1] + side / 2 - (left + right) / 2)
                found.append(((top - BEYOND_PX, bottom + BEYOND_PX), left, right, int(some[off.argmin()])))
        rows = sorted({one[0] for one in found})
        letters = (raster.ink > STRONG).astype(np.uint8)
        rims = cv2.dilate(letters, np.ones((3, 3), np.uint8)) - letters
        along = [
            [_along(picture[first:last]) for picture in (raster.ink, rims.astype(np.float32))]
            for first, last in rows
        ]
        at = np.array([rows.index(one[0]) for one in found], np.intp)
        columns = np.array([one[1:3] for one in found], np.intp).reshape(-1, 2)
        known = [
            np.stack([line[left:right] for line in along[row]], axis=1)
            for row, (left, right) in zip(at.tolist(), columns.tolist(), strict=True)
        ]
        return cls(
            np.array(rows, np.intp).reshape(-1, 2),
            at,
            columns,
            np.array([one[3] for one in found], np.intp),
            np.concatenate(known) if known else np.zeros((0, 2)),
        )

    def over_mm(self, layer: InkLayer, shifts: Ints) -> Floats:
        """Return how much more ink than their own the words beside each box show over their height, mm.

        Parameters
        ----------
        layer : InkLayer
        shifts : (N, 2) int ndarray
            How far below and right of its place on the form each box was found, px.
        """
        out = np.zeros(len(shifts))
        if len(self.known) < LEAST_COLUMNS:
            return out
        lines: dict[tuple[int, int], Floats] = {}
        seen = []
        for row, (left, right), box in zip(
            self.row.tolist(), self.columns.tolist(), self.box.tolist(), strict=True
        ):
            down, across = shifts[box].tolist()
            if (row, down) not in lines:
                first, last = (self.rows[row] + down).tolist()
                lines[row, down] = _along(layer.dark[max(first, 0) : last]) / 255
            seen.append(lines[row, down].take(np.arange(left + across, right + across), mode="clip"))
        over = _over(np.concatenate(seen), self.known)
        begins = np.cumsum([0, *(len(one) for one in seen[:-1])])
        np.maximum.at(out, self.box, np.maximum.reduceat(over, begins))
        return out / PX_PER_MM


def _along(picture: NDArray[np.float32] | NDArray[np.uint8]) -> Floats:
    """Return what adds up over the height of a line of text, averaged along it."""
    total = picture.sum(axis=0, dtype=np.float64)[None]
    return np.asarray(cv2.GaussianBlur(total, (0, 0), SPREAD_PX, borderType=cv2.BORDER_REPLICATE)[0])


def _over(seen: Floats, known: Floats) -> Floats:
    """Return how much more is seen than print explains: most of a page is print and nothing else."""
    usual, over, most = np.arange(len(seen)), seen, round(MOST * len(seen))
    for _ in range(ROUNDS):
        own, ink = known[usual], seen[usual]
        shares, *_ = np.linalg.lstsq(own.T @ own, own.T @ ink, rcond=None)
        over = seen - known @ shares
        usual = over.argpartition(most - 1)[:most]
    return over
