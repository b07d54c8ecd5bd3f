"""Blank backs: the empty other side of a sheet, told apart from anything a person wrote.

Only a page without a single stroke is blank. What is not sure goes on to be located,
and ends as a rejected page that a person looks at.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from omr.geometry import FRAMES, MM_PER_INCH
from omr.reading.pages import Grey, ScannedPage

WORK_PX_PER_MM: Final = 4.0
PRINTED_SHARE: Final = 0.01  # of dark pixels; a form has 5 %, and is not looked at any closer
STROKE_MM: Final = 2.0  # wider than any pen's line
# Share of the paper's brightness by which a stroke is darker. Print showing through from
# the other side stays below a tenth, a hard pencil is above a sixth.
STROKE_CONTRAST: Final = 0.13
BLOT_CONTRAST: Final = 0.35
LEAST_EXTENT_MM: Final = 2.0  # a shorter speck is dust; the smallest tick is 3 mm
MOST_SPECKS_MM2: Final = 4.0  # together; more is writing that fell to pieces


def is_blank(scan: ScannedPage) -> bool:
    """Whether nobody wrote and nobody printed on this page.

    Edges of the sheet, shadows and dark background touch the border of the scan and do
    not count, nor does a streak that runs from border to border.
    """
    sample = scan.grey[::8, ::8]
    paper = float(np.percentile(sample, 75))
    if np.mean(sample[_inner(sample)] < 0.6 * paper) > PRINTED_SHARE:
        return False
    px_per_mm = scan.dpi / MM_PER_INCH if scan.dpi else max(scan.grey.shape) / FRAMES["A5"].height_mm
    factor = max(1, round(px_per_mm / WORK_PX_PER_MM))
    height, width = scan.grey.shape
    small = cv2.resize(scan.grey, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    px_per_mm /= factor
    side = 2 * round(STROKE_MM * px_per_mm / 2) + 1
    around = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    stroke = cv2.subtract(around, small) > STROKE_CONTRAST * paper
    blot = small < (1 - BLOT_CONTRAST) * paper
    ink = np.pad((stroke | blot).astype(np.uint8), 1, constant_values=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    inside = np.arange(len(stats)) != labels[0, 0]
    inside[0] = False
    extent_mm = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) / px_per_mm
    area_mm2 = stats[:, cv2.CC_STAT_AREA] / px_per_mm**2
    if (extent_mm[inside] >= LEAST_EXTENT_MM).any():
        return False
    return bool(area_mm2[inside].sum() <= MOST_SPECKS_MM2)


def _inner(picture: Grey) -> tuple[slice, slice]:
    """Return the middle of a picture, without the dark edges of a feeder."""
    height, width = picture.shape
    return slice(height // 10, -(height // 10)), slice(width // 10, -(width // 10))
