"""Where the picture shows something else than the slip's ink: dirt on the glass, the office's red stamp.

Both are found by what the page shows, never by what was decided about it, and left out of the ink layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM, Raster
from omr.geometry import Affine, apply, invert
from omr.reading.glass.streaks import Streak
from omr.reading.page.canonical import canonical
from omr.reading.page.layer import InkLayer
from omr.reading.scan.pages import ScannedPage, colour_of

STREAK_MARGIN_MM: Final = 0.25  # on both sides of a streak: its soft edges
RED_BY: Final = 28  # levels of red over green and blue: blue and black pens and paper stay below 20
STAMP_MM: Final = 12.0  # across and down: no mark is as large, a stamp has 30
RED_PEN: Final = 0.3  # of the strokes in boxes, away from the stamp: who writes in red loses nothing

Mask = NDArray[np.bool_]


def under_streaks(
    streaks: Sequence[Streak], scan_from_page: Affine, raster: Raster, shape: tuple[int, ...]
) -> Mask | None:
    """Return which pixels of the raster's band lie under dirt of the glass; None without any."""
    if not streaks:
        return None
    mask = np.zeros(raster.ink.shape, np.uint8)
    margin = STREAK_MARGIN_MM * float(np.sqrt(abs(np.linalg.det(scan_from_page[:, :2]))))
    page_from_scan = invert(scan_from_page)
    height, width = shape[:2]
    for streak in streaks:
        first, last = streak.first - margin, streak.last + margin
        ends = height if streak.is_column else width
        corners = np.array([[first, 0], [last, 0], [last, ends], [first, ends]], np.float64)
        places = apply(page_from_scan, corners if streak.is_column else corners[:, ::-1])
        places = places * PX_PER_MM - (0.5, 0.5 + raster.first)
        cv2.fillPoly(mask, [np.rint(places * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(np.bool_)


def red_stamp(
    scan: ScannedPage,
    scan_from_page: Affine,
    raster: Raster,
    layer: InkLayer,
    boxes: Mask,
) -> Mask | None:
    """Return which canonical pixels show a red stamp that lies over the rows of boxes.

    Parameters
    ----------
    layer : InkLayer
        Of the grey page: the colour is decoded only where something as large as a stamp lies there.
    boxes : (H, W) bool ndarray
        The insides of the boxes: what is written there is no stamp.

    Returns
    -------
    (H, W) bool ndarray or None
        None: nothing so large, no colour, nothing red, or a pen that is red itself.
    """
    _, _, width, height, _ = layer.stats.T
    large = np.minimum(width, height) >= STAMP_MM * PX_PER_MM
    if large[1:].any():  # the dark edge of a scan is large, too, but lies outside of the boxes' rows
        there = np.bincount(layer.pieces[raster.answers, raster.columns].ravel(), minlength=len(large))
        large &= there > 0
    large[0] = False
    if not large.any() or (colour := colour_of(scan)) is None:
        return None
    red, green, blue = cv2.split(canonical(colour, scan_from_page, raster.ink.shape, raster.first))
    is_red = np.asarray(cv2.subtract(red, cv2.max(green, blue)) > RED_BY)
    written = (layer.strokes > 0) & boxes & ~large[layer.pieces]
    if written.sum() and is_red[written].mean() > RED_PEN:
        return None
    if not is_red[large[layer.pieces]].any():
        return None
    return np.asarray(cv2.dilate(is_red.astype(np.uint8), np.ones((3, 3), np.uint8)), np.bool_)
