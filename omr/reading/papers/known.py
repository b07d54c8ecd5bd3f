"""The print of other people's forms, known from other sheets: an unfilled copy, or what filled ones share.

A sheet is laid on the page by what both show alike, print as a rule; then every box is cut out of
it where it is on the page, moved by what is left to lie on the page's own box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.patches import BLACK, INK, PATCH, Patches, Quads, sizes

FEATURES: Final = 4000  # corners of print looked for on a sheet; a page of text has as many
SEEN_PX: Final = 1400  # longer side at which sheets are compared: letters are shapes, noise is gone
LIKE: Final = 0.8  # of the second best likeness that the best one may have to count
NEAR_PX: Final = 4.0  # at that size, how far a corner may lie from where its sheet says
LEAST_ALIKE: Final = 40  # corners that agree: other forms of one office share 20, of their letterhead
SHEETS_THAT_SHARE: Final = 4  # filled sheets from which on what they share is print
SHARED: Final = 0.3  # of the sheets, those lightest there, show ink where all have print
EDGE: Final = 0.6  # of print's darkness that a pixel beside it may have: print is laid to half a pixel
STILL_OFF: Final = 7  # px of a patch that a box may be off after laying: paper is not flat

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Another sheet of the form, and where the page's boxes lie on it."""

    grey: Grey
    quads: Quads  # (N, 4, 2)


def lay(sheet: Grey, page: Grey, quads: Quads) -> Laid | None:
    """Find the page's boxes on another sheet of the form, None where the two are not alike.

    Parameters
    ----------
    sheet, page : (H, W) uint8 ndarray
        Scans of any size, upright.
    quads : (N, 4, 2) float64 ndarray
        Boxes in px of the page.
    """
    there, at_there, scale_there = _corners(sheet)
    here, at_here, scale_here = _corners(page)
    if there is None or here is None:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(here, there, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < LIKE * pair[1].distance]
    if len(good) < LEAST_ALIKE:
        return None
    source = np.array([at_here[match.queryIdx] for match in good])
    target = np.array([at_there[match.trainIdx] for match in good])
    # Sheets are fed askew and stretched, photographs have perspective, too.
    map_, agree = cv2.findHomography(source, target, cv2.RANSAC, NEAR_PX)
    if map_ is None or int(agree.sum()) < LEAST_ALIKE:
        return None
    moved_px = cv2.perspectiveTransform((quads.reshape(-1, 1, 2) + 0.5) * scale_here - 0.5, map_)
    moved: Quads = ((moved_px.reshape(-1, 4, 2) + 0.5) / scale_there - 0.5).astype(np.float64)
    before, after = sizes(quads) / sizes(quads).mean(), sizes(moved) / max(sizes(moved).mean(), 1e-6)
    if np.abs(np.log(np.maximum(after, 1e-3) / np.maximum(before, 1e-3))).max(initial=0.0) > 0.25:
        return None  # squeezed: the corners agreed by chance
    return Laid(sheet, moved)


def _corners(grey: Grey) -> tuple[NDArray[np.uint8] | None, NDArray[np.float32], float]:
    scale = min(1.0, SEEN_PX / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    soft = cv2.GaussianBlur(small, (0, 0), 1.2)
    finder = cv2.ORB.create(FEATURES, fastThreshold=10)
    points, words = finder.detectAndCompute(soft, None)
    places = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
    return (None if words is None else np.asarray(words, np.uint8)), places, scale


def prints(patches: Patches, others: Sequence[Patches]) -> Patches:
    """Return the print of each box: what the other sheets show in its place.

    Parameters
    ----------
    patches : (N, PATCH, PATCH) uint8 ndarray
        The page's boxes, as ink density.
    others : sequence of (N, PATCH, PATCH) uint8 ndarray
        The same boxes of the other sheets: one unfilled copy, or `SHEETS_THAT_SHARE` and more.
    """
    laid = np.stack([_laid(other, patches) for other in others])
    at = int(SHARED * (len(laid) - 1))
    shared = np.asarray(np.partition(laid, at, axis=0)[at], np.uint8)
    return _as_dark(shared, patches)


def _as_dark(shared: Patches, patches: Patches) -> Patches:
    """Print what is shared as dark and as fat as on this page: printers and scans differ."""
    printed = shared > INK
    here = np.minimum(patches, BLACK).astype(np.float64).sum(where=printed, axis=(1, 2))
    there = shared.astype(np.float64).sum(where=printed, axis=(1, 2))
    known = there > 0
    darker = float(np.median(here[known] / there[known])) if known.any() else 1.0
    level = np.clip(shared * min(max(darker, 0.7), 1.4), 0, 255).astype(np.uint8)
    fat = np.stack([cv2.dilate(one, np.ones((3, 3), np.uint8)) for one in level])
    return np.asarray(np.maximum(level, (fat * EDGE).astype(np.uint8)), np.uint8)


def _laid(other: Patches, patches: Patches) -> Patches:
    """Move each box of a sheet so that its print lies on the page's: ink on either says nothing of it."""
    out = np.empty_like(other)
    inner = np.s_[STILL_OFF : PATCH - STILL_OFF, STILL_OFF : PATCH - STILL_OFF]
    for moved, blank, patch in zip(out, other, patches, strict=True):
        core = np.minimum(blank, BLACK)[inner]
        dx = dy = 0
        if core.std() > 0.03 * BLACK:
            likeness = cv2.matchTemplate(np.minimum(patch, BLACK), core, cv2.TM_CCOEFF_NORMED)
            _, best, _, (x, y) = cv2.minMaxLoc(likeness)
            if best > 0.3:
                dx, dy = x - STILL_OFF, y - STILL_OFF
        map_ = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
        moved[:] = cv2.warpAffine(blank, map_, (PATCH, PATCH), borderMode=cv2.BORDER_REPLICATE)
    return out
