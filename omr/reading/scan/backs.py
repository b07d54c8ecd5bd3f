"""Blank backs: the empty other side of a sheet, told apart from anything a person wrote.

Only a page without a single stroke is blank. What is not sure goes on to be located,
and ends as a rejected page that a person looks at.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from omr.geometry import FRAMES, MM_PER_INCH
from omr.reading.scan.pages import Grey, ScannedPage

# Changes between light and dark along a line across the page. Paper on a dark background
# has two, a printed form has fifteen: it is not looked at any closer.
PRINTED_CHANGES: Final = 5.0
LEAST_PAPER: Final = 80.0  # grey level of the brighter half; a darker scan shows no paper at all
WORK_PX_PER_MM: Final = 4.0
STROKE_MM: Final = 2.0  # wider than any pen's line
# Share of the paper's brightness by which a stroke is darker. Print showing through from
# the other side stays below a tenth, a hard pencil is above a sixth.
STROKE_CONTRAST: Final = 0.12
BLOT_CONTRAST: Final = 0.35
LEAST_EXTENT_MM: Final = 1.2  # a shorter speck is dust; the smallest tick is 3 mm
MOST_SPECKS: Final = 60  # more is writing that fell to pieces, or a page to be looked at anyway


def is_blank(scan: ScannedPage) -> bool:
    """Whether nobody wrote and nobody printed on this page.

    Edges of the sheet, shadows and dark background touch the border of the scan and do
    not count, nor does a streak that runs from border to border.
    """
    rows = scan.grey[:: max(1, scan.grey.shape[0] // 64)]
    some = np.sort(rows[:, ::8], axis=None)
    paper = float(some[len(some) * 3 // 4])
    if paper < LEAST_PAPER:
        return False
    dark = rows < int(0.6 * paper)
    if np.count_nonzero(dark[:, 1:] != dark[:, :-1]) > PRINTED_CHANGES * len(rows):
        return False
    small, px_per_mm = _reduced(scan)
    side = 2 * round(STROKE_MM * px_per_mm / 2) + 1
    around = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    stroke = cv2.subtract(around, small) > STROKE_CONTRAST * paper
    blot = small < (1 - BLOT_CONTRAST) * paper
    ink = (stroke | blot).astype(np.uint8)
    shapes, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    specks = 0
    for shape in shapes:
        x, y, width, height = cv2.boundingRect(shape)
        if x == 0 or y == 0 or x + width == small.shape[1] or y + height == small.shape[0]:
            continue
        specks += 1
        if max(width, height) >= LEAST_EXTENT_MM * px_per_mm or specks > MOST_SPECKS:
            return False
    return True


def _reduced(scan: ScannedPage) -> tuple[Grey, float]:
    """Return the page at about `WORK_PX_PER_MM`, its noise smoothed, and the px per mm it has then."""
    px_per_mm = scan.dpi / MM_PER_INCH if scan.dpi else max(scan.grey.shape) / FRAMES["A5"].height_mm
    factor = max(1, round(px_per_mm / WORK_PX_PER_MM))
    height, width = scan.grey.shape
    small = cv2.resize(scan.grey, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(small, (3, 3)), np.uint8), px_per_mm / factor
