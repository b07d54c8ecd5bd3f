"""The office's red stamp in its zone: present, absent, or unknown on a scan without colour."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from omr.geometry import MM_PER_INCH, Points, apply
from omr.reading.place.align import AlignedPage
from omr.reading.scan.pages import Colour, colour_of
from omr.words import Seal

COARSE_PX_PER_MM: Final = 1.8  # 45 dpi is enough to see a stamp of 30 mm
# Red against the larger of green and blue, in levels: print, blue pens and yellowed paper
# stay below 20, a pale stamp is above.
RED_BY: Final = 28
# Of any colour at all: a grey scan saved as a colour picture has none.
COLOUR_BY: Final = 2
COLOUR_SHARE: Final = 0.0005
PRESENT_MM2: Final = 25.0  # of red; a round stamp of 36 mm has 150 and more
PRESENT_EXTENT_MM: Final = 15.0  # across and down: a red pen's tick is smaller
ABSENT_MM2: Final = 3.0
LEAST_TOP: Final = 0.1  # of the page: what lies further up is no stamp zone


def find_seal(aligned: AlignedPage) -> Seal:
    """Look for red in the stamp zone. A black copy of a stamp is no stamp."""
    scan = aligned.located.scan
    px_per_mm = aligned.dpi / MM_PER_INCH
    reduced = next((by for by in (8, 4, 2) if px_per_mm / by >= COARSE_PX_PER_MM), 1)
    zone_px = apply(aligned.scan_from_page, aligned.located.frame.stamp.corners_mm)
    # No further down than the stamp, because decoding is most of what this costs; only where
    # there is no colour at all, the pens further down may show that the scanner saw any.
    top = (float(zone_px[:, 1].max()) + reduced) / scan.grey.shape[0]
    colour = colour_of(scan, reduced, max(top, LEAST_TOP))
    if colour is None:
        return Seal.UNKNOWN
    if not _has_colour(colour) and ((whole := colour_of(scan, reduced)) is None or not _has_colour(whole)):
        return Seal.UNKNOWN
    zone = _red(colour) & _filled(zone_px, reduced, colour.shape)
    area_mm2 = float(zone.sum()) * (reduced / px_per_mm) ** 2
    if area_mm2 <= ABSENT_MM2:
        return Seal.ABSENT
    rows, columns = np.flatnonzero(zone.any(axis=1)), np.flatnonzero(zone.any(axis=0))
    extent_mm = min(np.ptp(rows), np.ptp(columns)) * reduced / px_per_mm
    return Seal.PRESENT if area_mm2 >= PRESENT_MM2 and extent_mm >= PRESENT_EXTENT_MM else Seal.UNKNOWN


def _has_colour(colour: Colour) -> bool:
    sample = colour[::4, ::4].astype(np.int16)
    return bool((np.ptp(sample, axis=2) > COLOUR_BY).mean() > COLOUR_SHARE)


def _red(colour: Colour) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    red, green, blue = cv2.split(colour)
    return np.asarray(cv2.subtract(red, cv2.max(green, blue)) > RED_BY)


def _filled(
    corners: Points, reduced: int, shape: tuple[int, ...]
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint((corners + 0.5) / reduced - 0.5).astype(np.int32)], 1)
    return mask.astype(np.bool_)
