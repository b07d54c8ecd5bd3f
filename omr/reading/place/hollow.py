"""Markers of which a scan shows the rims alone: phone apps that threshold each pixel by its neighbours.

Such a threshold keeps the edges of a large black area and whitens its middle. A marker's
outline is still a square with its bits drawn as rims, which are compared with all our markers.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import FRAMES, Points
from omr.reading.scan.pages import Grey

MODULE_PX: Final = 8  # of the upright picture in which rims are compared
SPARE_PX: Final = 3  # by which an outline may be off
RIMS_PX: Final = (
    1,
    2,
    3,
)  # an eighth to three eighths of a module: thicker rims fill it
# Correlation. Of 623 markers in scans thresholded with windows of 0.6 to 3.5 mm, upright and turned, the
# right one scored at least 0.675 and was 0.07 ahead of the next in 99 of 100; the 13,684 other quads of those
# pages, most of them boxes, scored at most 0.660, and the best of them were at most 0.044 ahead.
LEAST_SCORE: Final = 0.67
LEAST_AHEAD: Final = 0.06

_IDS: Final = tuple(mark.id for frame in FRAMES.values() for mark in frame.fiducials)
_PRINTED: Final = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
_SIDE_PX: Final = 6 * MODULE_PX


def read_rims(grey: Grey, quad: Points) -> tuple[int, Points, float] | None:
    """Tell which marker's rims a quad shows, if it surely shows one.

    Parameters
    ----------
    quad : (4, 2) ndarray
        Corners in px, clockwise.

    Returns
    -------
    tuple or None
        Its id, the corners in the marker's own order, the correlation.
    """
    room = MODULE_PX + SPARE_PX
    upright = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * _SIDE_PX + room
    map_ = cv2.getPerspectiveTransform(np.asarray(quad, np.float32), upright)
    side = _SIDE_PX + 2 * room
    patch = cv2.warpPerspective(grey, map_, (side, side), flags=cv2.INTER_AREA, borderValue=(255.0,))
    patch = cv2.GaussianBlur(patch, (3, 3), 0)
    scores: dict[tuple[int, int], float] = {}
    for (marker, turn), pictures in _pictures().items():
        scores[marker, turn] = max(
            float(cv2.matchTemplate(patch, picture, cv2.TM_CCOEFF_NORMED).max()) for picture in pictures
        )
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    best, next_best = scores[ranked[0]], scores[ranked[1]]
    if best < LEAST_SCORE or best - next_best < LEAST_AHEAD:
        return None
    marker, turn = ranked[0]
    return marker, np.roll(quad, -turn, axis=0), best


@cache
def _pictures() -> dict[tuple[int, int], list[NDArray[Any]]]:
    """Return the rims of every marker, turned so that its top left comes to each corner, clockwise."""
    pictures: dict[tuple[int, int], list[NDArray[Any]]] = {}
    for marker in _IDS:
        solid = np.pad(
            cv2.aruco.generateImageMarker(_PRINTED, marker, _SIDE_PX), MODULE_PX, constant_values=255
        )
        inside = cv2.distanceTransform((solid == 0).astype(np.uint8), cv2.DIST_L2, 5)
        for turn in range(4):
            pictures[marker, turn] = [
                cv2.GaussianBlur(
                    np.rot90(np.where((inside > 0) & (inside <= rim), 0, 255).astype(np.uint8), -turn).copy(),
                    *((3, 3), 0),
                )
                for rim in RIMS_PX
            ]
    return pictures
