"""Streaks: dirt on the scanner's glass draws straight lines along the feed over the whole page.

Told apart from print by where they run: print ends at the margins, a streak does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import Points
from omr.reading.scan.pages import Grey

DARKER: Final = 14  # grey levels below the paper on both sides: twice the noise of an office scanner
# Where that paper is looked at, and once more at half the way: a printed line may lie there.
BESIDE_MM: Final = 2.4
LINES: Final = 128  # so many rows (or columns) of the scan are looked at
LEAST_SHARE: Final = 0.6  # of them must show the streak: it is invisible where it crosses print
MARGIN_SHARE: Final = 0.5  # the same within each of the two margins, where nothing is printed
MARGIN_MM: Final = 4.0  # of paper without any print: the ladder begins 4.5 mm from the edge
JOIN_MM: Final = 0.3  # a gap in a streak's width


@dataclass(frozen=True, slots=True)
class Streak:
    """One streak, in px of the scan: columns `first` to `last`, or rows where the page was turned."""

    first: int
    last: int
    is_column: bool

    def crosses(self, quads: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which boxes, (N, 4, 2) px, it runs through; shape (N,)."""
        across = quads[..., 0 if self.is_column else 1]
        return np.asarray((across.min(axis=1) <= self.last) & (across.max(axis=1) >= self.first))


def find_streaks(grey: Grey, sheet_px: Points, px_per_mm: float) -> tuple[Streak, ...]:
    """Find straight dark lines that run over the whole sheet, margins included.

    Parameters
    ----------
    grey : (H, W) uint8 ndarray
        The page as scanned: a streak is parallel to a side of the picture, however the
        sheet lay.
    sheet_px : (4, 2) float64 ndarray
        The corners of the paper.
    px_per_mm : float

    Returns
    -------
    tuple of Streak
        Columns first, from left to right; then rows, where software has turned the page.
    """
    columns = _along_columns(grey, sheet_px, px_per_mm)
    rows = _along_columns(grey.T, sheet_px[:, ::-1], px_per_mm)
    return tuple(Streak(*one, is_column=True) for one in columns) + tuple(
        Streak(*one, is_column=False) for one in rows
    )


def _along_columns(grey: Grey, corners: Points, px_per_mm: float) -> list[tuple[int, int]]:
    """Return first and last column of each streak that runs down the picture."""
    height, width = grey.shape
    # A skewed sheet: only what is paper all the way down, and all the way across.
    xs, ys = np.sort(corners[:, 0]), np.sort(corners[:, 1])
    left, right = max(int(xs[1]), 0), min(int(xs[2]) + 1, width)
    top, bottom = max(int(ys[1]), 0), min(int(ys[2]) + 1, height)
    beside = max(2, round(BESIDE_MM * px_per_mm))
    if right - left < 4 * beside or bottom - top < LINES:
        return []
    rows = np.linspace(top, bottom - 1, LINES).astype(np.intp)
    margin = max(3, round(MARGIN_MM * px_per_mm * LINES / (bottom - top)))
    # The margins first: on a page without streaks, a few rows of it are all that is looked at.
    above, below = (_darker(grey[some, left:right], beside) for some in (rows[:margin], rows[-margin:]))
    streaky = (above.mean(axis=0) >= MARGIN_SHARE) & (below.mean(axis=0) >= MARGIN_SHARE)
    if not streaky.any():
        return []
    streaky &= _darker(grey[rows, left:right], beside).mean(axis=0) >= LEAST_SHARE
    columns = np.flatnonzero(streaky)
    if not len(columns):
        return []
    gaps = np.flatnonzero(np.diff(columns) > max(1, JOIN_MM * px_per_mm)) + 1
    return [(int(run[0]) + left + beside, int(run[-1]) + left + beside) for run in np.split(columns, gaps)]


def _darker(part: Grey, beside: int) -> NDArray[np.bool_]:
    """Tell which pixels are darker than those on both sides; the first and last `beside` are left out."""
    part = np.ascontiguousarray(part)
    half, count = beside // 2, part.shape[1] - 2 * beside
    middle = part[:, beside : beside + count]
    before = cv2.max(part[:, :count], part[:, half : half + count])
    after = cv2.max(part[:, 2 * beside :], part[:, 2 * beside - half : 2 * beside - half + count])
    return np.asarray(cv2.subtract(cv2.min(before, after), middle) > DARKER)
