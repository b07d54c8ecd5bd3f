"""The scanner's daily self-test: an empty sheet or an unmarked form -> what to clean or to set.

An empty sheet shows dirt, an unmarked form shows size and contrast; streaks, shadows and dark
edges show on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from omr.errors import PageError
from omr.geometry import FRAMES, MM_PER_INCH, Box, Points, apply
from omr.reading.glass.streaks import find_streaks
from omr.reading.place.align import AlignedPage, align
from omr.reading.place.locate import locate
from omr.reading.scan.pages import Depth, Grey, ScannedPage

LEAST_WHITE: Final = 190.0  # grey level of paper; below, pencil and paper come near each other
MOST_BLACK: Final = 110.0  # of print; above, the scan is so light that thin pens vanish
UNEVEN: Final = 0.12  # of the paper's brightness between two parts of the sheet
EDGE: Final = 0.7  # of the paper's brightness: darker is a shadow or the scanner's background
LEAST_EDGE_MM: Final = 3.0  # narrower, it reaches nothing that is printed
LEAST_PX: Final = 100  # of a picture's shorter side; smaller, it is no sheet
SPECK: Final = 0.7  # of the paper's brightness around it
SPECK_MM: Final = 0.4  # the smallest dirt that can be taken for a dot of a pen
MOST_SPECKS: Final = 10  # named one by one; more are dust all over the glass
SCALE: Final = 0.02  # between the resolution that the file states and the form's true size
STRETCH: Final = 0.01  # of the length along the feed against the width


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the scanner; `key` names its message ``glass.<key>``."""

    key: str
    values: dict[str, float | str]  # in mm from the left and the top of the picture, grey levels, dpi


def inspect(scan: ScannedPage) -> tuple[bool, tuple[Fault, ...]]:
    """Test a scanner by one page.

    Parameters
    ----------
    scan : ScannedPage
        An empty sheet, or a form that nobody has marked.

    Returns
    -------
    is_form : bool
        Whether a form was recognised; without one, size and contrast are not tested.
    faults : tuple of Fault
        The most disturbing first.
    """
    if min(scan.grey.shape) < LEAST_PX:
        return False, (Fault("no_sheet", {}),)
    try:
        aligned: AlignedPage | None = align(locate(scan))
    except PageError:
        aligned = None
    height, width = scan.grey.shape
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    px_per_mm = (scan.dpi or max(height, width) / FRAMES["A5"].height_mm * MM_PER_INCH) / MM_PER_INCH
    if aligned is not None:
        frame = aligned.located.frame
        px_per_mm = aligned.dpi / MM_PER_INCH
        sheet = apply(aligned.scan_from_page, Box(0, 0, frame.width_mm, frame.height_mm).corners_mm)
    faults = _streaks(scan.grey, sheet, px_per_mm)
    if aligned is None:
        faults += _dirt(scan.grey, px_per_mm)
    else:
        faults += _size(scan, aligned)
    if scan.depth is not Depth.BILEVEL:
        faults += _tones(scan.grey, is_form=aligned is not None)
    return aligned is not None, tuple(faults + _edges(scan.grey, px_per_mm))


def _streaks(grey: Grey, sheet: Points, px_per_mm: float) -> list[Fault]:
    return [
        Fault(
            "streak" if streak.is_column else "streak_across",
            {"at_mm": (streak.first + streak.last) / 2 / px_per_mm},
        )
        for streak in find_streaks(grey, sheet, px_per_mm)
    ]


def _dirt(grey: Grey, px_per_mm: float) -> list[Fault]:
    """Find specks on an empty sheet, away from the edges of the picture."""
    rim = max(1, round(LEAST_EDGE_MM * px_per_mm))
    if min(grey.shape) < 3 * rim:
        return []
    around = cv2.medianBlur(cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), 15)
    paper = cv2.resize(around, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    dark = (grey < SPECK * paper.astype(np.float32)).astype(np.uint8)[rim:-rim, rim:-rim]
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=8)
    left, top, wide, high = stats[:, :4].T
    # What runs in from the edge is a shadow, a streak or the scanner's background.
    free = (left > 0) & (top > 0) & (left + wide < dark.shape[1]) & (top + high < dark.shape[0])
    large = np.maximum(wide, high) >= SPECK_MM * px_per_mm
    found = [i for i in np.flatnonzero(free & large).tolist() if i]
    if len(found) > MOST_SPECKS:
        return [Fault("dust", {"count": len(found)})]
    at = [(centres[i] + rim) / px_per_mm for i in found]
    return [Fault("dirt", {"at_mm": float(x), "down_mm": float(y)}) for x, y in at]


def _size(scan: ScannedPage, aligned: AlignedPage) -> list[Fault]:
    faults = []
    if not scan.dpi:
        faults.append(Fault("no_dpi", {"dpi": aligned.dpi}))
    elif abs(aligned.dpi / scan.dpi - 1) > SCALE:
        faults.append(Fault("wrong_dpi", {"stated": scan.dpi, "dpi": aligned.dpi}))
    if abs(aligned.stretch - 1) > STRETCH:
        faults.append(Fault("stretched", {"percent": 100 * (aligned.stretch - 1)}))
    return faults


def _tones(grey: Grey, *, is_form: bool) -> list[Fault]:
    """Judge paper white, print black, and whether the light is even, on the inner nine tenths."""
    height, width = grey.shape
    inner = grey[height // 20 : -height // 20 or None : 3, width // 20 : -width // 20 or None : 3]
    if inner.size < 9:
        return []
    white, black = float(np.percentile(inner, 75)), float(np.percentile(inner, 0.5))
    faults = []
    if white < LEAST_WHITE:
        faults.append(Fault("dark", {"white": white}))
    if is_form and black > MOST_BLACK:
        faults.append(Fault("light", {"black": black}))
    thirds = [np.array_split(rows, 3, axis=1) for rows in np.array_split(inner, 3, axis=0)]
    parts = [float(np.percentile(part, 75)) for row in thirds for part in row if part.size]
    if max(parts) - min(parts) > UNEVEN * white:
        faults.append(Fault("uneven", {"least": min(parts), "most": max(parts)}))
    return faults


def _edges(grey: Grey, px_per_mm: float) -> list[Fault]:
    """Find dark bands along the sides of the picture."""
    white = float(np.percentile(grey[::7, ::7], 75))
    faults = []
    turned = {"left": grey.T, "right": grey.T[::-1], "top": grey, "bottom": grey[::-1]}
    for side, picture in turned.items():
        lines = np.median(picture[: picture.shape[0] // 4, ::7], axis=1) < EDGE * white
        band_mm = float(lines.argmin() if not lines.all() else len(lines)) / px_per_mm
        if band_mm >= LEAST_EDGE_MM:
            faults.append(Fault(f"edge_{side}", {"width_mm": band_mm}))
    return faults
