"""Was a page drawn by a program, and never on paper? Our own print turned into a picture looks like a slip.

A sheet in a scanner is askew, off the corner, and its white is not one grey: each by chance may be next to
nothing, all together on one page hardly, on every page of a file never. What a program draws has none of
it. Whether such a page is an empty print of ours, or was filled in on a screen, is asked by who reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from omr.errors import PageError
from omr.geometry import Box, apply
from omr.reading.place.align import AlignedPage, align
from omr.reading.place.locate import locate
from omr.reading.scan.pages import Depth, ScannedPage

# By `python bench identity pictures 40`: 27 pictures of a print by three programs at 150 to 300 dpi, lossless
# and as JPEG down to quality 20, all told; of 360 simulated scans by office scanners in good order none.
# Of 27 at 72 to 110 dpi, looked at enlarged, 22; of 45 scans none.
MOST_TURN_DEG: Final = 0.006  # pictures at most 0.002; one scan in a hundred is less askew than this
MOST_OFF_MM: Final = 0.5  # of the sheet's corners from the picture's: pictures at most 0.33; scans from 0.32
LEAST_WHITE: Final = 0.6  # share of one grey among the light ones: pictures from 0.68; scans 0.18 to 0.84
# No scan of it can be read, but a print that a program made so coarse still has edges that no scanner leaves:
# twice as large its carriers are read from 72 dpi on (65 dpi is the least that can be aligned then).
ENLARGED: Final = 2
_LIGHT: Final = 160  # grey level above which paper lies, and print does not


def is_drawn(scan: ScannedPage) -> bool:
    """Return whether a page lies as no sheet in a scanner does, on white that no scanner sees."""
    return as_drawn(scan) is not None


def as_drawn(scan: ScannedPage) -> ScannedPage | None:
    """Return a page that was drawn, enlarged where it is too coarse to be read; None of any other."""
    if scan.depth is not Depth.BILEVEL and one_white(scan) < LEAST_WHITE:
        return None
    for page in sizes(scan):
        try:
            place = align(locate(page))
        except PageError as error:
            if error.reason == "too_coarse":
                continue
            return None
        return page if turn_deg(place) <= MOST_TURN_DEG and off_mm(place) <= MOST_OFF_MM else None
    return None


def sizes(scan: ScannedPage) -> Iterator[ScannedPage]:
    """Yield a page as it is, and enlarged, for one that is too coarse to be read."""
    yield scan
    size = (ENLARGED * scan.grey.shape[1], ENLARGED * scan.grey.shape[0])
    larger = cv2.resize(scan.grey, size, interpolation=cv2.INTER_CUBIC)
    yield replace(scan, grey=np.asarray(larger, np.uint8), dpi=None)


def turn_deg(page: AlignedPage) -> float:
    """Return how far a page is from standing upright or lying on a side."""
    x, y = page.scan_from_page[:, 0]
    return float(abs((np.degrees(np.arctan2(y, x)) + 45) % 90 - 45))


def off_mm(page: AlignedPage) -> float:
    """Return how far the corner of the sheet that is off most lies from a corner of the picture."""
    frame, (height, width) = page.located.frame, page.located.scan.grey.shape
    sheet = apply(page.scan_from_page, Box(0, 0, frame.width_mm, frame.height_mm).corners_mm)
    picture = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    apart = np.linalg.norm(sheet[:, None] - picture, axis=2).min(axis=1)
    return float(apart.max() / np.sqrt(abs(np.linalg.det(page.scan_from_page[:, :2]))))


def one_white(scan: ScannedPage) -> float:
    """Return which share of the light pixels has the one grey that most of them have."""
    light = np.bincount(scan.grey.ravel(), minlength=256)[_LIGHT:]
    return float(light.max() / max(1, light.sum()))
