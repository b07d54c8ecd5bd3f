"""The page once more, upright and in the form's own millimetres: from here on every place is a constant.

The scan is averaged down to about the resolution that is wanted and then resampled a single time.
Marks, print, writing and stamps are all looked at on this picture.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from omr.forms.printing.raster import PX_PER_MM
from omr.geometry import Affine, PageFrame
from omr.reading.scan.pages import Grey

OUTSIDE: Final = 255  # what lies beyond the scan counts as paper: nothing is written there


def canonical(grey: Grey, scan_from_page: Affine, frame: PageFrame) -> Grey:
    """Resample a scan to the form's millimetres at `PX_PER_MM`.

    Parameters
    ----------
    grey : (H, W) or (H, W, 3) uint8 ndarray
    scan_from_page : (2, 3) float64 ndarray
        Page mm to scan px.
    frame : PageFrame
        How large the page is.

    Returns
    -------
    (height, width) or (height, width, 3) uint8 ndarray
        Pixel (row, column) shows the paper at ((column + .5) / PX_PER_MM, (row + .5) / PX_PER_MM) mm.
    """
    finer = float(np.sqrt(abs(np.linalg.det(scan_from_page[:, :2])))) / PX_PER_MM
    # Averaged by whole numbers first: a pixel of the result then stands for all that lies under it.
    by = max(1, int(finer + 0.35))
    map_ = scan_from_page.astype(np.float64)
    if by > 1:
        height, width = grey.shape[0] // by, grey.shape[1] // by
        grey = np.asarray(
            cv2.resize(grey[: height * by, : width * by], (width, height), interpolation=cv2.INTER_AREA)
        )
        map_ = np.column_stack([map_[:, :2] / by, (map_[:, 2] + 0.5) / by - 0.5])
    linear = map_[:, :2] / PX_PER_MM
    scan_from_picture = np.column_stack([linear, map_[:, 2] + linear @ (0.5, 0.5)])
    size = round(frame.width_mm * PX_PER_MM), round(frame.height_mm * PX_PER_MM)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    beyond = (OUTSIDE,) * 3
    return np.asarray(
        cv2.warpAffine(grey, scan_from_picture, size, flags=flags, borderValue=beyond), np.uint8
    )
