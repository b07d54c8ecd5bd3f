"""Fit page mm to scan px and refuse a bad fit: LocatedPage -> AlignedPage.

A feeder's scan is affine, so the map is an affine least squares fit over all corners of
the markers; four points would fit anything, sixteen can tell. The map is believed only
when its scale, stretch, shear and residual are those of paper. The page is never warped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import AlignmentError
from omr.geometry import MM_PER_INCH, Affine, Points, fit_affine, fit_similarity, residuals
from omr.reading.place.locate import LEAST_FIDUCIALS, FoundFiducial, LocatedPage

# Resolutions in which boxes can be measured: 150 to 600 dpi with paper printed at 90-105 %.
LEAST_DPI: Final = 130.0
MOST_DPI: Final = 700.0
# Print scale against what the file claims. Printers that fit to the page shrink to 93-97 %.
LEAST_SCALE: Final = 0.88
MOST_SCALE: Final = 1.07
MOST_STRETCH: Final = 0.04  # of one axis against the other; feed rollers err by up to 3 %
MOST_SHEAR: Final = 0.02  # rad; a sheet that turns in the feeder is rotated, hardly sheared
# Corners of good markers lie within 0.2 mm also at 150 dpi in 1-bit with feed wobble.
OUTLIER_MM: Final = 0.35
MOST_RESIDUAL_MM: Final = 0.5
TEMPLATE_WEIGHT: Final = 0.2  # markers placed by correlation are off by up to 0.35 mm
LEAST_CORNERS: Final = 2  # of a marker, to count as a marker at all


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPage:
    """A page whose every millimetre has a pixel."""

    located: LocatedPage
    scan_from_page: Affine  # (2, 3): page mm -> scan px
    dpi: float  # measured on the paper, not claimed
    residual_mm: float  # worst marker corner of those that count
    stretch: float = 1.0  # scale along the page's y over that along its x
    review: bool = False  # only two markers: a person must look


def align(located: LocatedPage) -> AlignedPage:
    """Fit the map and check it against what paper and scanners do.

    Raises
    ------
    AlignmentError
        ``too_coarse``, ``too_fine``, ``print_scale``, ``stretched``, ``perspective`` or ``misaligned``,
        with the measured numbers and the limits.
    """
    page, scan, map_, residual_mm, markers = _fitted(located, located.fiducials)
    decoded = tuple(one for one in located.fiducials if one.is_decoded)
    if residual_mm > MOST_RESIDUAL_MM and LEAST_FIDUCIALS <= len(decoded) < len(located.fiducials):
        page, scan, map_, residual_mm, markers = _fitted(located, decoded)
    linear = map_[:, :2]
    px_per_mm = float(np.sqrt(abs(np.linalg.det(linear))))
    dpi = px_per_mm * MM_PER_INCH
    if residual_mm > MOST_RESIDUAL_MM:
        if markers == len(located.frame.fiducials) and _is_perspective(page, scan, px_per_mm):
            raise AlignmentError("perspective", residual_mm=residual_mm, most=MOST_RESIDUAL_MM)
        raise AlignmentError("misaligned", residual_mm=residual_mm, most=MOST_RESIDUAL_MM)
    stretch, shear = _shape(linear)
    claimed = _shape(np.diag([1.0, located.scan.stretch]) @ linear)[0]
    if min(abs(stretch - 1), abs(claimed - 1)) > MOST_STRETCH or abs(shear) > MOST_SHEAR:
        raise AlignmentError("stretched", percent=100 * (stretch - 1), shear_deg=float(np.degrees(shear)))
    if dpi < LEAST_DPI:
        raise AlignmentError("too_coarse", dpi=dpi, least=LEAST_DPI)
    if dpi > MOST_DPI:
        raise AlignmentError("too_fine", dpi=dpi, most=MOST_DPI)
    _check_print_scale(located, px_per_mm)
    return AlignedPage(located, map_, dpi, residual_mm, stretch, review=markers < 3)


def _fitted(
    located: LocatedPage, fiducials: tuple[FoundFiducial, ...]
) -> tuple[Points, Points, Affine, float, int]:
    """Return the corners on page and scan, the map, its worst residual in mm, and how many markers fix it."""
    boxes = {mark.id: mark.box for mark in located.frame.fiducials}
    page = np.vstack([boxes[one.id].corners_mm for one in fiducials])
    scan = np.vstack([one.corners_px for one in fiducials])
    weights = np.repeat([1.0 if one.is_decoded else TEMPLATE_WEIGHT for one in fiducials], 4)
    return page, scan, *_robust_fit(page, scan, weights)


def _robust_fit(page: Points, scan: Points, weights: NDArray[np.float64]) -> tuple[Affine, float, int]:
    """Fit, leave out the worst corner while it is off and enough remain, and fit again.

    Returns the map, the worst residual of the corners that count in mm, and how many
    markers they belong to.
    """
    keep = np.ones(len(page), np.bool_)
    while True:
        per_marker = keep.reshape(-1, 4).sum(axis=1)
        markers = int((per_marker >= LEAST_CORNERS).sum())
        if markers >= 3:
            map_ = fit_affine(page[keep], scan[keep], weights[keep])
        else:
            map_ = fit_similarity(page[keep], scan[keep])
        off = residuals(map_, page, scan) / np.sqrt(abs(np.linalg.det(map_[:, :2])))
        worst = int(np.argmax(np.where(keep, off, 0.0)))
        residual = float(off[worst])
        if residual <= OUTLIER_MM:
            return map_, residual, markers
        # Every marker keeps corners: a marker that is off as a whole must be seen, not dropped.
        if keep.sum() <= 3 * len(per_marker) - 1 or per_marker[worst // 4] <= LEAST_CORNERS:
            return map_, residual, markers
        keep[worst] = False


def _shape(linear: Affine) -> tuple[float, float]:
    """Return y scale over x scale, and the shear in rad, of a map without its rotation."""
    x, y = linear[:, 0], linear[:, 1]
    along = float(np.hypot(*x))
    across = float(np.linalg.det(linear)) / along
    return across / along, float(x @ y) / along / across


def _is_perspective(page: Points, scan: Points, px_per_mm: float) -> bool:
    """Whether straight lines explain what parallels do not: a photograph, or curled paper."""
    map_, _ = cv2.findHomography(page, scan)
    if map_ is None:
        return False
    seen = cv2.perspectiveTransform(page[:, None], map_)[:, 0]
    return bool(np.linalg.norm(seen - scan, axis=1).max() / px_per_mm < OUTLIER_MM)


def _check_print_scale(located: LocatedPage, px_per_mm: float) -> None:
    """Refuse a slip that was printed or copied to another size.

    The file's resolution is only a hint: where it disagrees, the sheet that fills the
    whole scan is believed instead.
    """
    scan, frame = located.scan, located.frame
    if scan.dpi is None:
        return
    by_claim = px_per_mm * MM_PER_INCH / scan.dpi
    height, width = scan.grey.shape
    by_sheet = px_per_mm * np.sqrt(frame.width_mm * frame.height_mm / (width * height))
    if not any(LEAST_SCALE <= one <= MOST_SCALE for one in (by_claim, by_sheet)):
        raise AlignmentError("print_scale", percent=100 * by_claim, dpi=scan.dpi)
