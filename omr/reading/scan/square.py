"""Pixels that a file claims to be no squares: what the page shows decides whether that is true.

Fax pixels are up to twice as high as wide, and many a program writes the densities of a fax
into a file whose pixels are squares. The printed markers are squares on paper.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import FRAMES
from omr.reading.pictures.pixels import Pixels

WORK_SIDE_PX: Final = 1400  # 150 dpi of A5: a marker has eight pixels a module
SHEET: Final = math.sqrt(2)  # long over short side of every A size
A_SHEET: Final = 0.1  # how far (as a logarithm) a scan's shape is off that, with a margin at one side
NO_SHEET: Final = 0.2

_IDS: Final = [mark.id for frame in FRAMES.values() for mark in frame.fiducials]
_PRINTED: Final = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
# Our eight markers and no others: they differ in at least 6 bits, so that 2 wrong ones leave no doubt.
_OURS: Final = cv2.aruco.Dictionary(np.ascontiguousarray(_PRINTED.bytesList[_IDS]), 4, 2)


def squared(grey: Pixels, dpi: tuple[float, float]) -> tuple[Pixels, float | None]:
    """Return a picture with square pixels, and its resolution as far as the claim is believed.

    Parameters
    ----------
    dpi : tuple of float
        As claimed, along x and y, clearly unlike.
    """
    height, width = grey.shape
    finest = max(dpi)
    size = round(width * finest / dpi[0]), round(height * finest / dpi[1])
    claimed = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    # Markers are found in either, also twice as wide as high: which of the two shows squares?
    off = _off_square(grey), _off_square(claimed)
    if off[0] != off[1]:
        is_square = off[0] < off[1]
    else:
        is_square = _off_sheet(grey) < A_SHEET and _off_sheet(claimed) > NO_SHEET
    return (grey, None) if is_square else (claimed, finest)


def markers_seen(grey: Pixels, *, exact: bool) -> int:
    """Return how many of our markers a picture shows undistorted; not `exact`, with wrong bits put right."""
    return len(_markers(grey, exact=exact))


def _markers(grey: Pixels, *, exact: bool) -> dict[int, NDArray[np.float32]]:
    """Return the corners of each of our markers, on a picture of `WORK_SIDE_PX`."""
    options = cv2.aruco.DetectorParameters()
    options.errorCorrectionRate = 0.0 if exact else 1.0
    options.perspectiveRemovePixelPerCell = 8
    scale = WORK_SIDE_PX / max(grey.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    quads, ids, _ = cv2.aruco.ArucoDetector(_OURS, options).detectMarkers(
        cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how)
    )
    found = [] if ids is None else [int(one) for one in np.ravel(ids)]
    return {number: np.asarray(quad[0], np.float32) for number, quad in zip(found, quads, strict=False)}


def _off_square(grey: Pixels) -> float:
    """Return by how much (as a logarithm) our markers are not as wide as high; infinite without any."""
    sides = [np.ptp(quad, axis=0) for quad in _markers(grey, exact=True).values()]
    return abs(math.log(float(np.median([x / y for x, y in sides])))) if sides else math.inf


def _off_sheet(grey: Pixels) -> float:
    height, width = grey.shape
    return abs(math.log(max(height, width) / min(height, width) / SHEET))
