"""Fiducials and orientation: ScannedPage -> LocatedPage.

First the four corners at about 100 dpi, corners of markers to a part of a pixel at full
resolution. Only where that fails: the whole page, both again at full resolution, and at
last the picture of a marker at the place where the others say it must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import FiducialError, ScanError
from omr.geometry import FRAMES, MM_PER_INCH, Affine, Box, PageFrame, Points, apply, fit_similarity, residuals
from omr.reading.place.hollow import read_rims
from omr.reading.scan.backs import is_pale
from omr.reading.scan.pages import Grey, ScannedPage

LEAST_PAPER: Final = 80.0  # grey level; where nothing is brighter, there is nothing to see
LEAST_FIDUCIALS: Final = 2  # one alone was measured to put the far corner up to 3.7 mm off
ENOUGH_FIDUCIALS: Final = 3  # fix the map; a fourth one is not worth a guess
WORK_PX_PER_MM: Final = 4.0  # 100 dpi: a module of a marker is 5 px, and folds and streaks harm least
RIMS_PX_PER_MM: Final = 6.0  # finer, because a rim has a fifth of a module
CORNER_SHARE: Final = 0.22  # of the short side: 32 mm of A5 hold a marker also at 3 degrees of skew
MARKER_MODULES: Final = 6  # 4 bits and the black border on both sides
SUBPIX_MM: Final = 0.6  # half window of corner refinement: under half a module, so no other corner is in it
SUBPIX_DRIFT_MM: Final = 1.0  # a refined corner further away has left its marker
# How far all corners may be from a similarity before the markers are searched on the whole
# page: 3 % of stretch moves the outer corners by 3 mm, markers of two slips are 20 mm off.
LOOSE_FIT_MM: Final = 5.0
SPARE_MM: Final = 20.0  # room beside the slip in which another slip's marker may be seen
TEMPLATE_REACH_MM: Final = 2.5
TEMPLATE_SCORE: Final = 0.55  # of normalised correlation; other print in the window stays under 0.4
WINDOW_MM: Final = 6.0  # around a predicted marker


@dataclass(frozen=True, slots=True, eq=False)
class FoundFiducial:
    """One marker where the scan shows it."""

    id: int
    corners_px: Points  # (4, 2), in the marker's own order: its printed top left first
    by: str  # which step of the cascade found it: "half", "full", "page", "rims", "template"

    @property
    def is_decoded(self) -> bool:
        """Whether its bits were read; a place found by its picture alone is less sure."""
        return self.by != "template"


@dataclass(frozen=True, slots=True, eq=False)
class LocatedPage:
    """A page of a known paper size with two to four of its markers."""

    scan: ScannedPage
    frame: PageFrame
    fiducials: tuple[FoundFiducial, ...]  # clockwise from the printed top left


def locate(scan: ScannedPage) -> LocatedPage:
    """Find the fiducials of the one slip on a scan, whichever way up it lies.

    Raises
    ------
    FiducialError
        ``no_fiducials``, ``too_few_fiducials`` or, for a scan seen in a mirror, ``mirrored``, and
        with black and white exchanged, ``negative``; of hardly any tone, ``too_pale``.
    ScanError
        ``two_slips``: markers of more than one slip; ``too_dark``: nothing to be seen.
    """
    grey = scan.grey
    factor = _work_factor(scan)
    found = _in_corners(grey, factor, "half")
    if not _is_one_page(found) or _has_spare_room(grey, found):
        found = _on_page(grey, factor, found)
    if len(found) < LEAST_FIDUCIALS and factor > 1:
        found = _on_page(grey, 1, _in_corners(grey, 1, "full"))
    if len(found) < LEAST_FIDUCIALS:
        found = _by_rims(grey, factor) or found
    _refuse_two_slips(found)
    if len(found) < LEAST_FIDUCIALS:
        _refuse_mirrored(grey, factor)
        _refuse_negative(grey, factor)
        white = float(np.percentile(grey[::16, ::16], 95))
        if white < LEAST_PAPER:
            raise ScanError("too_dark", white=white, least=LEAST_PAPER)
        if is_pale(scan):
            raise FiducialError("too_pale")
        if not found:
            raise FiducialError("no_fiducials")
        raise FiducialError("too_few_fiducials", found=len(found), needed=LEAST_FIDUCIALS)
    frame = _frame_of(found)
    if len(found) < len(frame.fiducials):
        found = [*found, *_predicted(grey, frame, found)]
    order = [mark.id for mark in frame.fiducials]
    return LocatedPage(scan, frame, tuple(sorted(found, key=lambda one: order.index(one.id))))


_IDS: Final = tuple(mark.id for frame in FRAMES.values() for mark in frame.fiducials)
_PRINTED: Final = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
# Our eight markers and no others: they differ in at least 6 bits, so that one wrong bit
# (half of the two allowed here) can be put right; all fifty of the dictionary allow none.
_OURS: Final = cv2.aruco.Dictionary(np.ascontiguousarray(_PRINTED.bytesList[list(_IDS)]), 4, 2)
WRONG_BITS: Final = 0.5


def marker_picture(marker: int, module_px: int, quiet_modules: int = 1) -> Grey:
    """Return a marker as it is printed, with its quiet zone.

    Examples
    --------
    >>> marker_picture(0, 5).shape
    (40, 40)
    """
    side = MARKER_MODULES * module_px
    picture = cv2.aruco.generateImageMarker(_PRINTED, marker, side)
    quiet = quiet_modules * module_px
    return np.asarray(np.pad(picture, quiet, constant_values=255), np.uint8)


def _work_factor(scan: ScannedPage) -> int:
    """Return by how much to reduce the scan for the first look."""
    longest_mm = FRAMES["A5"].height_mm
    px_per_mm = scan.dpi / MM_PER_INCH if scan.dpi else max(scan.grey.shape) / longest_mm
    return max(1, round(px_per_mm / WORK_PX_PER_MM))


def _detect(picture: Grey, least_side_px: float) -> list[tuple[int, Points]]:
    """Find our markers in a picture; corners in its own pixels."""
    options = cv2.aruco.DetectorParameters()
    options.errorCorrectionRate = WRONG_BITS
    options.minMarkerPerimeterRate = 4 * least_side_px / max(picture.shape)
    corners, ids, _ = cv2.aruco.ArucoDetector(_OURS, options).detectMarkers(picture)
    if ids is None:
        return []
    # OpenCV 5 gives ids as (N,), OpenCV 4 as (N, 1).
    return [
        (_IDS[int(index)], np.asarray(quad, np.float64).reshape(4, 2))
        for index, quad in zip(np.ravel(ids), corners, strict=True)
    ]


def _reduced(grey: Grey, factor: int) -> Grey:
    if factor == 1:
        return grey
    height, width = grey.shape[0] // factor * factor, grey.shape[1] // factor * factor
    size = width // factor, height // factor
    return np.asarray(cv2.resize(grey[:height, :width], size, interpolation=cv2.INTER_AREA), np.uint8)


def _in_corners(grey: Grey, factor: int, by: str) -> list[FoundFiducial]:
    """Look at the four corners of the scan, laid side by side as one picture."""
    height, width = grey.shape
    side = int(min(height, width) * CORNER_SHARE) // factor * factor
    tops, lefts = (0, height - side), (0, width - side)
    tiles = [[_reduced(grey[y : y + side, x : x + side], factor) for x in lefts] for y in tops]
    small = side // factor
    found = []
    for marker, quad in _detect(np.block(tiles), small / CORNER_SHARE * 0.02):
        row, column = int(quad[:, 1].mean() >= small), int(quad[:, 0].mean() >= small)
        inside = quad - (column * small, row * small)
        found.append((marker, _enlarged(inside, factor) + (lefts[column], tops[row])))
    return [FoundFiducial(marker, _refined(grey, quad), by) for marker, quad in found]


def _on_page(grey: Grey, factor: int, known: Sequence[FoundFiducial]) -> list[FoundFiducial]:
    """Look everywhere; a marker that is known already keeps its place."""
    page = _reduced(grey, factor)
    found = list(known)
    for marker, quad in _detect(page, min(page.shape) * 0.02):
        full = _enlarged(quad, factor)
        side = _side(full)
        if not any(np.linalg.norm(one.corners_px.mean(axis=0) - full.mean(axis=0)) < side for one in known):
            found.append(FoundFiducial(marker, _refined(grey, full), "page"))
    return found


def _enlarged(points: Points, factor: int) -> Points:
    """Return points of a reduced picture in the full one; pixel centres are at whole numbers."""
    return np.asarray((points + 0.5) * factor - 0.5)


def _side(corners: Points) -> float:
    """Return the mean side of a quad in px."""
    return float(np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1).mean())


def _refined(grey: Grey, corners: Points) -> Points:
    """Return the corners to a part of a pixel; one that wanders off stays where it was."""
    px_per_mm = _side(corners) / _MARKER_MM
    half = max(2, round(SUBPIX_MM * px_per_mm))
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2 * half - 2, 0)
    high = np.ceil(corners.max(axis=0)).astype(int) + 2 * half + 3
    part = np.ascontiguousarray(grey[low[1] : high[1], low[0] : high[0]])
    start = (corners - low).astype(np.float32)[:, None]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.02)
    fine = cv2.cornerSubPix(part, start.copy(), (half, half), (-1, -1), criteria)
    refined = fine.reshape(4, 2).astype(np.float64) + low
    strayed = np.linalg.norm(refined - corners, axis=1) > SUBPIX_DRIFT_MM * px_per_mm
    return np.where(strayed[:, None], corners, refined)


_MARKER_MM: Final = FRAMES["A5"].fiducials[0].box.width_mm


def _frame_of(found: Sequence[FoundFiducial]) -> PageFrame:
    ids = {one.id for one in found}
    return next(frame for frame in FRAMES.values() if ids <= {mark.id for mark in frame.fiducials})


def _correspondences(frame: PageFrame, found: Sequence[FoundFiducial]) -> tuple[Points, Points]:
    boxes: dict[int, Box] = {mark.id: mark.box for mark in frame.fiducials}
    page = np.vstack([boxes[one.id].corners_mm for one in found])
    return page, np.vstack([one.corners_px for one in found])


def _similarity(frame: PageFrame, found: Sequence[FoundFiducial]) -> Affine:
    return fit_similarity(*_correspondences(frame, found))


def _scale(map_: Affine) -> float:
    """Return px per mm."""
    return float(np.hypot(map_[0, 0], map_[1, 0]))


def _is_one_page(found: Sequence[FoundFiducial]) -> bool:
    """Whether the markers could be those of one page: each once, one paper size, about in place."""
    ids = [one.id for one in found]
    if len(ids) < LEAST_FIDUCIALS or len(set(ids)) < len(ids):
        return False
    if not any(set(ids) <= {mark.id for mark in frame.fiducials} for frame in FRAMES.values()):
        return False
    page, scan = _correspondences(_frame_of(found), found)
    map_ = fit_similarity(page, scan)
    return bool(residuals(map_, page, scan).max() < LOOSE_FIT_MM * _scale(map_))


def _has_spare_room(grey: Grey, found: Sequence[FoundFiducial]) -> bool:
    """Whether the scan shows more than the slip: then another slip may lie there."""
    frame = _frame_of(found)
    map_ = _similarity(frame, found)
    sheet = apply(map_, Box(0, 0, frame.width_mm, frame.height_mm).corners_mm)
    height, width = grey.shape
    room = (*sheet.min(axis=0), *((width, height) - sheet.max(axis=0)))
    return bool(max(room) > SPARE_MM * _scale(map_))


def _refuse_two_slips(found: Sequence[FoundFiducial]) -> None:
    ids = [one.id for one in found]
    papers = [frame for frame in FRAMES.values() if {mark.id for mark in frame.fiducials} & set(ids)]
    if len(papers) > 1 or len(set(ids)) < len(ids):
        raise ScanError("two_slips", markers=len(found))


def _refuse_mirrored(grey: Grey, factor: int) -> None:
    page = _reduced(grey, factor)
    seen = _detect(np.ascontiguousarray(page[:, ::-1]), min(page.shape) * 0.02)
    if len({marker for marker, _ in seen}) >= LEAST_FIDUCIALS:
        raise FiducialError("mirrored")


def _refuse_negative(grey: Grey, factor: int) -> None:
    page = _reduced(grey, factor)
    seen = _detect(255 - page, min(page.shape) * 0.02)
    if len({marker for marker, _ in seen}) >= LEAST_FIDUCIALS:
        raise FiducialError("negative")


def _by_rims(grey: Grey, factor: int) -> list[FoundFiducial]:
    """Look for markers whose black areas are hollow; none where fewer than two show."""
    factor = max(1, round(factor * WORK_PX_PER_MM / RIMS_PX_PER_MM))
    page = _reduced(grey, factor)
    options = cv2.aruco.DetectorParameters()
    options.minMarkerPerimeterRate = 4 * 0.02 * min(page.shape) / max(page.shape)
    _, _, quads = cv2.aruco.ArucoDetector(_OURS, options).detectMarkers(page)
    best: dict[int, tuple[float, Points]] = {}
    for quad in quads:
        rims = read_rims(page, np.asarray(quad, np.float64).reshape(4, 2))
        if rims is not None and rims[2] > best.get(rims[0], (0.0, None))[0]:
            best[rims[0]] = rims[2], rims[1]
    found = [
        FoundFiducial(marker, _refined(grey, _enlarged(corners, factor)), "rims")
        for marker, (_, corners) in best.items()
    ]
    return found if _is_one_page(found) else []


def _predicted(grey: Grey, frame: PageFrame, found: Sequence[FoundFiducial]) -> list[FoundFiducial]:
    """Look for the missing markers where the found ones say that they must be."""
    map_ = _similarity(frame, found)
    known = {one.id for one in found}
    missing = [mark for mark in frame.fiducials if mark.id not in known]
    decoded = [_decoded_near(grey, map_, mark.id, mark.box) for mark in missing]
    results = [one for one in decoded if one is not None]
    if len(found) + len(results) < ENOUGH_FIDUCIALS:
        known |= {one.id for one in results}
        matched = [_matched_near(grey, map_, mark.id, mark.box) for mark in missing if mark.id not in known]
        results += [one for one in matched if one is not None]
    return results


def _window(grey: Grey, map_: Affine, box: Box, margin_mm: float) -> tuple[Grey, NDArray[np.int64]] | None:
    """Return the part of the scan around a box and its top left pixel; None if it is off the scan."""
    corners = apply(map_, box.grown(margin_mm).corners_mm)
    height, width = grey.shape
    low = np.clip(np.floor(corners.min(axis=0)), 0, None).astype(np.int64)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, (width, height)).astype(np.int64)
    if (high - low).min() < box.width_mm * _scale(map_) * 0.75:
        return None
    return grey[low[1] : high[1], low[0] : high[0]], low


def _decoded_near(grey: Grey, map_: Affine, marker: int, box: Box) -> FoundFiducial | None:
    window = _window(grey, map_, box, WINDOW_MM)
    if window is None:
        return None
    part, low = window
    reach = WINDOW_MM * _scale(map_)
    for factor in (1, 2):
        for seen, quad in _detect(_reduced(part, factor), 0.6 * box.width_mm * _scale(map_) / factor):
            full = _enlarged(quad, factor) + low
            off = np.linalg.norm(full.mean(axis=0) - apply(map_, np.array(box.centre_mm)))
            if seen == marker and off < reach:
                return FoundFiducial(marker, _refined(grey, full), "full")
    return None


def _matched_near(grey: Grey, map_: Affine, marker: int, box: Box) -> FoundFiducial | None:
    """Compare the marker's picture with the scan around the predicted place."""
    window = _window(grey, map_, box, TEMPLATE_REACH_MM + 2.0)
    if window is None:
        return None
    part, low = window
    factor = max(1, round(_scale(map_) / (2 * WORK_PX_PER_MM)))
    part = _reduced(part, factor)
    # The template covers the marker and 1 mm around it, turned as the page is.
    module_px = 12
    picture = marker_picture(marker, module_px)
    side = box.width_mm * _scale(map_) / factor
    turned = map_[:, :2] / _scale(map_)
    extent = int(np.ceil((side + 2 * _scale(map_) / factor) * np.abs(turned[0]).sum()))
    from_picture = turned * side / (MARKER_MODULES * module_px)
    middle = np.full(2, (picture.shape[0] - 1) / 2)
    offset = np.full(2, (extent - 1) / 2) - from_picture @ middle
    template = cv2.warpAffine(
        cv2.GaussianBlur(picture, (0, 0), MARKER_MODULES * module_px / side / 2),
        np.hstack([from_picture, offset[:, None]]),
        (extent, extent),
        flags=cv2.INTER_LINEAR,
        borderValue=255,
    )
    if min(part.shape) < extent:
        return None
    scores = cv2.matchTemplate(part, template, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    if best < TEMPLATE_SCORE:
        return None
    peak = np.array([x + _parabola(scores[y], x), y + _parabola(scores[:, x], y)])
    centre = _enlarged(peak + (extent - 1) / 2, factor) + low
    predicted = apply(map_, box.corners_mm)
    shift = centre - predicted.mean(axis=0)
    if np.linalg.norm(shift) > TEMPLATE_REACH_MM * _scale(map_):
        return None
    return FoundFiducial(marker, predicted + shift, "template")


def _parabola(values: NDArray[Any], at: int) -> float:
    """Return how far the peak of sampled values is beside its highest sample."""
    if not 0 < at < len(values) - 1:
        return 0.0
    left, middle, right = (float(one) for one in values[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if bend < 0 else 0.0
