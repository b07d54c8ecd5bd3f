"""The page once more, upright and in the form's own millimetres: from here on every place is a constant.

The scan is averaged down to about the resolution that is wanted and then resampled a single time.
Marks, print, writing and stamps are all looked at on this picture.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM
from omr.geometry import Affine, apply
from omr.reading.scan.pages import Grey

OUTSIDE: Final = 255  # what lies beyond the scan counts as paper: nothing is written there


def canonical(grey: Grey, scan_from_page: Affine, shape: tuple[int, ...], first: int = 0) -> Grey:
    """Resample a scan, or a band of it, to the form's millimetres at `PX_PER_MM`.

    Parameters
    ----------
    grey : (H, W) or (H, W, 3) uint8 ndarray
    scan_from_page : (2, 3) float64 ndarray
        Page mm to scan px.
    shape : tuple of int
        Rows and columns of the result.
    first : int
        Row of the page with which it begins.

    Returns
    -------
    (rows, columns) or (rows, columns, 3) uint8 ndarray
        Pixel (row, column) shows the paper at ((column + .5) / PX_PER_MM, (first + row + .5) / PX_PER_MM) mm.
    """
    linear = scan_from_page[:, :2].astype(np.float64) / PX_PER_MM
    scan_from_picture = np.column_stack([linear, scan_from_page[:, 2] + linear @ (0.5, first + 0.5)])
    # Averaged by whole numbers first: a pixel of the result then stands for all that lies under it.
    by = max(1, int(float(np.sqrt(abs(np.linalg.det(linear)))) + 0.35))
    if by > 1:
        part, origin = _under(grey, scan_from_picture, shape, by)
        size = part.shape[1] // by, part.shape[0] // by
        grey = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        scan_from_picture[:, 2] += 0.5 - origin
        scan_from_picture /= by
        scan_from_picture[:, 2] -= 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    beyond = (OUTSIDE,) * 3
    return np.asarray(
        cv2.warpAffine(grey, scan_from_picture, shape[1::-1], flags=flags, borderValue=beyond), np.uint8
    )


def _under(
    grey: Grey, scan_from_picture: Affine, shape: tuple[int, ...], by: int
) -> tuple[Grey, NDArray[np.intp]]:
    """Return the part of a scan that lies under a picture, in whole steps, and the x and y of its corner."""
    height, width = shape[:2]
    corners = apply(scan_from_picture, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    most = np.array(grey.shape[1::-1]) // by
    low = np.clip(np.floor(corners.min(axis=0) / by) - 1, 0, most - 1).astype(np.intp)
    high = np.clip(np.ceil(corners.max(axis=0) / by) + 1, low + 1, most).astype(np.intp)
    (left, top), (right, bottom) = low * by, high * by
    return grey[top:bottom, left:right], low * by
