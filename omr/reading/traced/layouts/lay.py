"""Lay another program's layout on a print: by its landmarks, and only where its boxes are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import OmrError
from omr.geometry import MM_PER_INCH, Affine, apply, fit_affine
from omr.reading.traced.features import Grey
from omr.reading.traced.find import Found, Shape
from omr.reading.traced.layouts.stated import LANDMARK_PX_PER_MM, Field, Landmark, Layout, Stated

SEARCH_MM: Final = 15.0  # that a scan may show the sheet off its corner
STANDS_OUT: Final = 0.5  # of the contrast around it, by which a landmark is darker than what is white beside
MOST_RESIDUAL_MM: Final = 0.6
MOST_STRETCH: Final = 0.06  # of the scan's stated resolution, and from across to down
RIM: Final = 0.22  # of a box's shorter side, in and out of its edge, where its outline is looked for
SAMPLES: Final = 48  # places along an outline
EDGE: Final = 24  # grey levels across an outline, at least: the palest of 15 foreign forms had 40
OUTLINED: Final = 0.7  # of those places, in a box that is there
THERE: Final = 0.7  # of the boxes, on a page of the layout
CLEARER: Final = 0.15  # by which one page's boxes are there more than another's
BLACK: Final = 0.5  # of the way from white to black: a bit that is set


def on_print(layouts: Sequence[Layout], print_: Grey, dpi: float) -> list[Stated]:
    """Find which page of a layout a print is, and where its boxes are, in px of the print.

    Parameters
    ----------
    layouts : sequence of Layout
        Pages of one form.
    print_ : (H, W) uint8 ndarray
        Upright.
    dpi : float

    Raises
    ------
    OmrError
        ``trace.no_landmarks``, ``trace.layout_unlike``, ``trace.layout_ambiguous``.
    """
    maps: dict[tuple[tuple[float, float], ...], Affine | None] = {}
    found: list[tuple[float, list[Stated]]] = []
    for layout in layouts:
        where = tuple(mark.at_mm for mark in layout.landmarks)
        if where not in maps:
            maps[where] = laid(layout.landmarks, print_, dpi)
        map_ = maps[where]
        if map_ is None or not _is_that_page(layout, map_, print_):
            continue
        fields = [_stated(field, map_) for field in layout.fields]
        found.append((share_there(print_, [box for field in fields for box in field.boxes]), fields))
    if not any(map_ is not None for map_ in maps.values()):
        raise OmrError("trace.no_landmarks", dpi=round(dpi))
    found.sort(key=lambda one: -one[0])
    if not found or found[0][0] < THERE:
        raise OmrError("trace.layout_unlike", percent=round(100 * (found[0][0] if found else 0)))
    if len(found) > 1 and found[1][0] > found[0][0] - CLEARER and found[1][1] != found[0][1]:
        raise OmrError("trace.layout_ambiguous")
    return _kinds_numbered(found[0][1])


def _kinds_numbered(fields: Sequence[Stated]) -> list[Stated]:
    """Return the fields with their kinds of boxes numbered from 1, in the order in which they come."""
    seen = dict.fromkeys(box.kind for field in fields for box in field.boxes)
    number = {kind: at for at, kind in enumerate(seen, start=1)}
    return [
        replace(field, boxes=tuple(replace(box, kind=number[box.kind]) for box in field.boxes))
        for field in fields
    ]


def laid(landmarks: Sequence[Landmark], print_: Grey, dpi: float) -> Affine | None:
    """Return the map from mm of the sheet to px of a print, None where its landmarks do not agree."""
    by = LANDMARK_PX_PER_MM * MM_PER_INCH / dpi
    how = cv2.INTER_AREA if by < 1 else cv2.INTER_LINEAR
    small = cv2.resize(print_, None, fx=by, fy=by, interpolation=how)
    margin = round((SEARCH_MM + 30) * LANDMARK_PX_PER_MM)
    darkness = np.pad(255 - np.asarray(small, np.float32), margin)
    places = [_place(darkness, mark, margin) for mark in landmarks]
    if len(places) < 3 or any(place is None for place in places):
        return None
    stated = np.array([mark.at_mm for mark in landmarks])
    seen = (np.array(places) + 0.5) / by - 0.5
    map_ = fit_affine(stated, seen)
    px = dpi / MM_PER_INCH
    residual = np.linalg.norm(apply(map_, stated) - seen, axis=1).max() / px
    sides = np.linalg.svd(map_[:, :2], compute_uv=False) / px
    if residual > MOST_RESIDUAL_MM or abs(np.log(sides)).max() > MOST_STRETCH:
        return None
    return map_


def _place(darkness: NDArray[np.float32], mark: Landmark, margin: int) -> tuple[float, float] | None:
    """Return x and y of a landmark near where it should be, px of the picture without its margin."""
    x, y = (round(at * LANDMARK_PX_PER_MM) + margin for at in mark.at_mm)
    reach = round(SEARCH_MM * LANDMARK_PX_PER_MM)
    height, width = mark.ink.shape
    left, top = x - round(mark.middle_px[0]) - reach, y - round(mark.middle_px[1]) - reach
    part = darkness[max(0, top) : top + height + 2 * reach, max(0, left) : left + width + 2 * reach]
    if min(left, top) < 0 or part.shape != (height + 2 * reach, width + 2 * reach):
        return None
    on, off = (
        cv2.matchTemplate(part, mask.astype(np.float32), cv2.TM_CCORR) / mask.sum()
        for mask in (mark.ink, mark.white)
    )
    _, best, _, (dx, dy) = cv2.minMaxLoc(on - off)
    if best < STANDS_OUT * float(np.ptp(part)):
        return None
    return left + dx + mark.middle_px[0] - margin, top + dy + mark.middle_px[1] - margin


def _stated(field: Field, map_: Affine) -> Stated:
    boxes = []
    for place in field.places:
        corners = np.array([[place.left, place.top], [place.right, place.bottom]])
        x, y = apply(map_, corners.mean(axis=0)[None])[0]
        width, height = np.ptp(corners, axis=0) * np.linalg.norm(map_[:, :2], axis=0) / 2
        size = round((place.right - place.left) * 2) * 100 + round((place.bottom - place.top) * 2)
        kind = 2 * size + (place.shape is Shape.OVAL)
        boxes.append(Found(x - width, y - height, x + width, y + height, place.shape, kind))
    return Stated(field.label, field.values, tuple(boxes), field.several)


def _is_that_page(layout: Layout, map_: Affine, print_: Grey) -> bool:
    """Whether the print says by its black and white boxes that it is this page."""
    if not layout.bits:
        return True
    white = float(np.percentile(print_, 80))
    for place, bit in layout.bits:
        corners = apply(map_, np.array([[place.left, place.top], [place.right, place.bottom]]))
        (x, y), side = corners.mean(axis=0).tolist(), float(np.ptp(corners, axis=0).min())
        # Both kinds have a black outline.
        inner, whole = (
            cv2.getRectSubPix(print_, (max(1, round(share * side)),) * 2, (x, y)) for share in (0.5, 1.2)
        )
        black = min(float(whole.min()), white - 2 * EDGE)
        if (float(inner.mean()) < white - BLACK * (white - black)) is not bit:
            return False
    return True


def share_there(print_: Grey, boxes: Sequence[Found]) -> float:
    """Return the share of stated boxes at whose edges the print has an outline."""
    return float(np.mean([_outlined(print_, box) >= OUTLINED for box in boxes])) if boxes else 0.0


def _outlined(print_: Grey, box: Found) -> float:
    """Return the share of places along a box's edge at which something is printed."""
    turn = np.linspace(0, 2 * np.pi, SAMPLES, endpoint=False)
    x, y = np.cos(turn), np.sin(turn)
    if box.shape is Shape.RECTANGLE:
        x, y = (one / np.maximum(abs(x), abs(y)) for one in (x, y))
    steps = np.linspace(-RIM, RIM, 9) * min(box.width, box.height)
    across = x[:, None] * (box.width / 2 + steps) + box.middle[0]
    down = y[:, None] * (box.height / 2 + steps) + box.middle[1]
    seen = cv2.remap(
        *(print_, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR),
        borderMode=cv2.BORDER_REPLICATE,
    )
    return float((np.ptp(np.asarray(seen, np.float64), axis=1) >= EDGE).mean())
