"""Is every row of a page that row? The print beside the boxes of each question must be that of the form.

A page may lie well as a whole and have lines of the scan lost, repeated or swapped. What is printed beside a
question's boxes is compared with what the form has there: letters dark, the white between them white.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.traced.features import Points

STRONG: Final = 0.5  # of the print's own darkness: inside of its strokes
BESIDE_MM: Final = 0.5  # from print to what must be white
BEFORE_MM: Final = 45.0  # left of the first box, as far as words are looked at
AFTER_MM: Final = 12.0  # right of the last one
AROUND_MM: Final = 0.6  # above and below the boxes, and around each, where marks reach
SEARCH_MM: Final = 0.9  # that a row may be off its place: the next one is 4 mm away and more
LEAST_MM2: Final = 3.0  # of print: a number of two digits; less is no words


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What is printed beside the boxes of one question, at the resolution of comparison."""

    question: str
    top: int
    left: int
    middle_mm: tuple[float, float]
    print_: NDArray[np.bool_]  # (h, w): strokes
    white: NDArray[np.bool_]  # (h, w): what lies away from strokes and boxes


def rows_of(
    darkness: NDArray[np.uint8], px_per_mm: float, questions: Sequence[tuple[str, NDArray[np.float64]]]
) -> list[Row]:
    """Return the rows of a print that have words.

    Parameters
    ----------
    darkness : (H, W) uint8 ndarray
        The print as `field.dark`.
    questions : sequence of (str, (N, 4) ndarray)
        Key and boxes of each: left, top, right, bottom, px of this picture.
    """
    level = float(np.percentile(darkness[darkness > 40], 80)) if (darkness > 40).any() else 255.0
    strokes = (darkness > STRONG * level).astype(np.uint8)
    reach = max(1, round(BESIDE_MM * px_per_mm))
    near = cv2.dilate(strokes, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    open_ = np.ones(darkness.shape, np.bool_)
    around = round(AROUND_MM * px_per_mm)
    everything = np.vstack([boxes for _, boxes in questions]) if questions else np.zeros((0, 4))
    for left, top, right, bottom in np.rint(everything).astype(int).tolist():
        open_[max(0, top - around) : bottom + around + 1, max(0, left - around) : right + around + 1] = False
    rows = []
    for key, boxes in questions:
        left, top, right, bottom = _band(boxes, everything, px_per_mm, darkness.shape)
        there = np.s_[top:bottom, left:right]
        print_, white = (strokes[there] > 0) & open_[there], ~near[there] & open_[there]
        if print_.sum() >= LEAST_MM2 * px_per_mm**2 / 4 and white.sum() >= LEAST_MM2 * px_per_mm**2:
            middle = (left + right) / 2 / px_per_mm, (top + bottom) / 2 / px_per_mm
            rows.append(Row(key, top, left, middle, print_, white))
    return rows


def _band(
    boxes: NDArray[np.float64], everything: NDArray[np.float64], px_per_mm: float, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Return the strip in which a question's words stand: left, top, right, bottom."""
    around = AROUND_MM * px_per_mm
    top, bottom = boxes[:, 1].min() - around, boxes[:, 3].max() + around
    first, last = boxes[:, 0].min(), boxes[:, 2].max()
    beside = (everything[:, 1] < bottom) & (everything[:, 3] > top)
    before = everything[beside & (everything[:, 2] < first), 2]
    after = everything[beside & (everything[:, 0] > last), 0]
    left = max(first - BEFORE_MM * px_per_mm, float(before.max(initial=0.0)))
    right = min(last + AFTER_MM * px_per_mm, float(after.min(initial=shape[1])))
    height, width = shape
    return max(0, round(left)), max(0, round(top)), min(width, round(right)), min(height, round(bottom) + 1)


def contrasts(
    page: NDArray[np.uint8], rows: Sequence[Row], shifts_mm: Points, px_per_mm: float
) -> NDArray[np.float64]:
    """Return how much darker a page is on each row's strokes than beside them, (N,).

    Parameters
    ----------
    page : (H, W) uint8 ndarray
        A page that lies on the print, as `field.dark`.
    shifts_mm : (N, 2) float64 ndarray
        Of each row, from the field.
    """
    reach = max(1, round(SEARCH_MM * px_per_mm))
    out = np.zeros(len(rows))
    padded = np.pad(page, 8 * reach)
    for at, (row, shift) in enumerate(zip(rows, shifts_mm, strict=True)):
        dx, dy = np.rint(shift * px_per_mm).astype(int)
        height, width = row.print_.shape
        top, left = row.top + dy + 7 * reach, row.left + dx + 7 * reach
        part = padded[max(0, top) : top + height + 2 * reach, max(0, left) : left + width + 2 * reach]
        if part.shape != (height + 2 * reach, width + 2 * reach):
            continue
        on = cv2.matchTemplate(part, (row.print_ * 1).astype(np.uint8), cv2.TM_CCORR) / row.print_.sum()
        off = cv2.matchTemplate(part, (row.white * 1).astype(np.uint8), cv2.TM_CCORR) / row.white.sum()
        out[at] = float((on - off).max())
    return out
