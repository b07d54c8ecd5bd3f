"""Boxes on a form's print: closed outlines, rectangles and ovals, of which there are several alike in rows.

What is proposed here a person looks at before anything is read by it: a box too many is deleted from the
form file, a missing one is written in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.traced.features import Grey
from omr.reading.traced.field import dark

LEAST_MM: Final = 1.2  # the narrowest ovals of 15 foreign forms are 1.6 mm wide inside
LEAST_LONG_MM: Final = 2.2  # the longer side
LEAST_OVAL_MM: Final = 2.4  # of ovals: from 2.2 on, letters of a title of 15 points were taken for some
MOST_MM: Final = 13.0  # the longer side; larger ones are cells to write in
THRESHOLDS: Final = (
    25,
    50,
    90,
    140,
)  # of 255 darker than the paper: boxes may be pale, and lines beside them dark
SOLID: Final = 0.90  # area over that of the convex hull: boxes have no dents
RECTANGLE: Final = 0.88  # area over that of the frame; an ellipse has 0.785
OVAL: Final = 0.68
ALIKE: Final = 0.16  # by which the sides of boxes of one kind may differ
SAME_PLACE: Final = 0.5  # of a side: two outlines of one box, its inner and its outer edge
LEAST_OF_KIND: Final = 4
IN_LINE: Final = 0.3  # of a side that boxes of a row may be off each other
LIKE_OTHERS: Final = 0.6  # likeness of a gap in rows and columns to the boxes of its kind, to be one of them
OUTLINED: Final = 0.75  # or share of their outline that is there: a box that is filled on every sheet
THICKEST_MM: Final = 1.2  # outline of a box, with a shadow
DOTS_MM: Final = (0.35, 0.6, 0.9)  # gaps of dotted outlines that are closed


class Shape(StrEnum):
    """What a box looks like."""

    RECTANGLE = "rectangle"
    OVAL = "oval"


@dataclass(frozen=True, slots=True)
class Found:
    """A box on the print, px: the frame of its outline."""

    left: float
    top: float
    right: float
    bottom: float
    shape: Shape
    kind: int = 0  # boxes of one size and shape share it

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle, (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top


def find_boxes(print_: Grey, dpi: float) -> tuple[Found, ...]:
    """Propose the boxes of a form, by kind, then from top to bottom.

    Parameters
    ----------
    print_ : (H, W) uint8 ndarray
        An unfilled scan, or what several sheets share.
    dpi : float
    """
    px_per_mm = dpi / 25.4
    darkness = dark(print_, px_per_mm)
    outlines = _once(list(_outlines(darkness, px_per_mm)))
    kinds = [kind for kind in _kinds(outlines) if len(kind) >= LEAST_OF_KIND]
    kinds = [rows for kind in kinds if len(rows := _in_rows(kind)) >= LEAST_OF_KIND]
    kinds = _without_containers(kinds)
    whole = [_with_outline(_completed(kind, darkness), darkness, px_per_mm) for kind in kinds]
    found = []
    for number, kind in enumerate(sorted(whole, key=len, reverse=True), start=1):
        found += [_numbered(box, number) for box in sorted(kind, key=lambda box: (box.top, box.left))]
    return tuple(found)


def _outlines(darkness: NDArray[np.uint8], px_per_mm: float) -> Iterator[Found]:
    sizes = sorted({3, *(max(3, round(gap * px_per_mm) | 1) for gap in DOTS_MM)})
    closes = [cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) for size in sizes]
    for threshold in THRESHOLDS:
        ink = (darkness > threshold).astype(np.uint8)
        closed = [np.asarray(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, close), np.uint8) for close in closes]
        for picture in (ink, *closed):
            contours, tree = cv2.findContours(picture, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
            if tree is None:
                continue
            for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True):
                if parent >= 0 and (box := _as_box(contour, px_per_mm)) is not None:
                    yield box


def _as_box(contour: NDArray[Any], px_per_mm: float) -> Found | None:
    left, top, width, height = cv2.boundingRect(contour)
    # OpenCV's border of a hole runs along the ink around it.
    width, height = width - 1, height - 1
    short, long_ = min(width, height) / px_per_mm, max(width, height) / px_per_mm
    if short < LEAST_MM or long_ < LEAST_LONG_MM or long_ > MOST_MM:
        return None
    area, hull = cv2.contourArea(contour), cv2.contourArea(cv2.convexHull(contour))
    if area < SOLID * hull:
        return None
    share = area / max(width * height, 1)
    if share < OVAL:
        return None
    shape = Shape.RECTANGLE if share >= RECTANGLE else Shape.OVAL
    if shape is Shape.OVAL and long_ < LEAST_OVAL_MM:
        return None
    return Found(left, top, left + width, top + height, shape)


def _once(boxes: Sequence[Found]) -> list[Found]:
    """Keep one outline of each box: the one seen first, at the lowest threshold, is the most complete."""
    cells: dict[tuple[int, int], list[Found]] = {}
    kept = []
    for box in boxes:
        x, y = box.middle
        at = int(x // 32), int(y // 32)
        near = [o for dx in (-1, 0, 1) for dy in (-1, 0, 1) for o in cells.get((at[0] + dx, at[1] + dy), ())]
        if not any(_same(box, other) for other in near):
            kept.append(box)
            cells.setdefault(at, []).append(box)
    return kept


def _same(one: Found, other: Found) -> bool:
    """Whether two outlines are of one box: about one middle, of about one size."""
    (x, y), (u, v) = one.middle, other.middle
    small = min(one.width, other.width), min(one.height, other.height)
    near = abs(x - u) < SAME_PLACE * small[0] and abs(y - v) < SAME_PLACE * small[1]
    large = max(one.width, other.width), max(one.height, other.height)
    return near and large[0] < 1.5 * small[0] and large[1] < 1.5 * small[1]


def _kinds(boxes: Sequence[Found]) -> list[list[Found]]:
    """Part boxes by size and shape, the largest kind first."""
    left = list(boxes)
    kinds = []
    while left:
        sizes = np.array([[box.width, box.height] for box in left])
        rectangles = np.array([box.shape is Shape.RECTANGLE for box in left])
        best = np.zeros(len(left), np.bool_)
        for size, rectangle in {((w, h), r) for (w, h), r in zip(map(tuple, sizes), rectangles, strict=True)}:
            near = (np.abs(np.log(sizes / size)) < ALIKE).all(axis=1) & (rectangles == rectangle)
            if near.sum() > best.sum():
                best = near
        kinds.append([box for box, is_near in zip(left, best, strict=True) if is_near])
        left = [box for box, is_near in zip(left, best, strict=True) if not is_near]
    return kinds


def _in_rows(kind: Sequence[Found]) -> list[Found]:
    """Keep the boxes that stand in a row or a column with another one of their kind."""
    middles = np.array([box.middle for box in kind])
    width, height = np.median([[box.width, box.height] for box in kind], axis=0)
    off = np.abs(middles[:, None] - middles[None])
    row = (off[..., 1] < IN_LINE * height) & (off[..., 0] > 0.5 * width)
    column = (off[..., 0] < IN_LINE * width) & (off[..., 1] > 0.5 * height)
    with_others = (row.sum(axis=1) >= 1) | (column.sum(axis=1) >= 2)
    return [box for box, keeps in zip(kind, with_others, strict=True) if keeps]


def _without_containers(kinds: Sequence[list[Found]]) -> list[list[Found]]:
    """Leave out what only holds boxes, as the cells of a table, and what lies in boxes, as letters."""
    out = []
    everything = [box for kind in kinds for box in kind]
    for kind in kinds:
        others = [box for box in everything if not any(box is one for one in kind)]
        outer = sum(any(_holds(box, other) for other in others) for box in kind)
        inner = sum(any(_holds(other, box) for other in others) for box in kind)
        holders = [other for other in others if any(_holds(other, box) for box in kind)]
        # Letters are fewer than the boxes they stand in; boxes are as many as the cells they stand in.
        letters = inner > 0.5 * len(kind) and holders and len(holders) > 1.3 * len(kind)
        holds = outer > 0.3 * len(kind)
        if _letters_inside(kind, others) if holds else not letters:
            out.append(kind)
    return out


def _letters_inside(kind: Sequence[Found], others: Sequence[Found]) -> bool:
    """Whether what lies in the boxes of a kind is letters: there are fewer than boxes, or of other places."""
    held = [other for other in others if any(_holds(box, other) for box in kind)]
    return len(held) < 0.75 * len(kind)


def _holds(outer: Found, inner: Found) -> bool:
    return (
        outer.left < inner.left
        and outer.top < inner.top
        and outer.right > inner.right
        and outer.bottom > inner.bottom
    )


def _completed(kind: Sequence[Found], darkness: NDArray[np.uint8]) -> list[Found]:
    """Add the boxes whose outline is broken: where a row and a column cross, and it looks like the others."""
    width, height = np.median([[box.width, box.height] for box in kind], axis=0)
    margin = max(2, round(0.2 * min(width, height)))
    size = round(width) + 2 * margin, round(height) + 2 * margin
    usual = np.median([cv2.getRectSubPix(darkness, size, box.middle) for box in kind], axis=0).astype(
        np.uint8
    )
    outline = usual > 0.5 * np.percentile(usual, 97)
    reach = max(2, round(0.25 * min(width, height)))
    around = size[0] + 2 * reach, size[1] + 2 * reach
    middles = np.array([box.middle for box in kind])
    turn = skew(middles, width, height)
    level = middles @ turn
    rows, columns = _lines(level[:, 1], IN_LINE * height), _lines(level[:, 0], IN_LINE * width)
    found, added = list(kind), [(0.0, 0.0)][:0]
    for y in rows:
        for x in columns:
            there = np.vstack([level, np.array(added).reshape(-1, 2)])
            if (np.abs(there - (x, y)) < (0.6 * width, 0.6 * height)).all(axis=1).any():
                continue
            u, v = (np.array([x, y]) @ turn.T).tolist()
            part = cv2.getRectSubPix(darkness, around, (u, v))
            likeness = cv2.matchTemplate(part, usual, cv2.TM_CCOEFF_NORMED)
            _, best, _, (dx, dy) = cv2.minMaxLoc(likeness)
            if best < LIKE_OTHERS:  # filled on every sheet: the outline alone says what it is
                dark_there = (part > 0.4 * usual[outline].mean()).astype(np.float32)
                held = cv2.matchTemplate(dark_there, outline.astype(np.float32), cv2.TM_CCORR)
                _, most, _, (dx, dy) = cv2.minMaxLoc(held / max(outline.sum(), 1))
                if most < OUTLINED or dark_there.mean() > 0.8:
                    continue
            u, v = u + dx - reach, v + dy - reach
            found.append(Found(u - width / 2, v - height / 2, u + width / 2, v + height / 2, kind[0].shape))
            added.append((x, y))
    return found


def _with_outline(kind: Sequence[Found], darkness: NDArray[np.uint8], px_per_mm: float) -> list[Found]:
    """Grow boxes from the inside of their outline, which was found, to its outer edge."""
    width, height = (
        round(float(np.median([getattr(box, name) for box in kind]))) for name in ("width", "height")
    )
    margin = max(3, round(min(THICKEST_MM * px_per_mm, 0.3 * min(width, height))))
    size = width + 2 * margin, height + 2 * margin
    usual = np.median([cv2.getRectSubPix(darkness, size, box.middle) for box in kind], axis=0)
    across = usual[margin + height // 3 : margin + height - height // 3].mean(axis=0)
    down = usual[:, margin + width // 3 : margin + width - width // 3].mean(axis=1)
    left, right = _thickness(across[: margin + 2][::-1]), _thickness(across[-margin - 2 :])
    top, bottom = _thickness(down[: margin + 2][::-1]), _thickness(down[-margin - 2 :])
    return [
        Found(box.left - left, box.top - top, box.right + right, box.bottom + bottom, box.shape, box.kind)
        for box in kind
    ]


def _thickness(outward: NDArray[np.float64]) -> float:
    """Return how far a line reaches outward, px, from darknesses that begin 2 px inside of it."""
    peak = float(outward.max())
    at = int(outward.argmax())
    if peak < 20:
        return 0.0
    beyond = np.flatnonzero(outward[at:] < 0.4 * peak)
    return float(max(0, at + int(beyond[0]) - 2)) if len(beyond) else 0.0


def skew(middles: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    """Return the rotation that makes rows of boxes level, (2, 2), for points as rows."""
    off = middles[None] - middles[:, None]
    beside = (off[..., 0] > 1.2 * width) & (off[..., 0] < 12 * width) & (abs(off[..., 1]) < 0.4 * height)
    if beside.sum() < 3:
        return np.eye(2)
    angle = float(np.median(np.arctan2(off[..., 1][beside], off[..., 0][beside])))
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _lines(values: Iterable[float], near: float) -> list[float]:
    """Return the middles of groups of values that are near each other."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] < near:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [float(np.mean(group)) for group in groups]


def _numbered(box: Found, kind: int) -> Found:
    return Found(box.left, box.top, box.right, box.bottom, box.shape, kind)
