"""What the printed boxes look like: the region that their common outline encloses, and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.patches import BLACK, MARGIN, PATCH, SIDE, Mask, Picture

PRINT_INK: Final = round(0.35 * BLACK)  # steps of ink above which a pixel of the common picture is print
SECTORS: Final = 12  # directions around a box
RIM: Final = (1.5, 4.0)  # px of a patch from the outline: letters leave this strip white, strokes cross it
RING: Final = 13  # px of a patch: what lies within half of it from the outline is around the box


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """What the boxes of one size look like: where the print encloses a region."""

    shape: Mask  # the region with its printed line
    inside: Mask  # without it
    found: bool  # False: nothing is enclosed, the stated quad stands in

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the shape as shares of the patch's box."""
        rows, columns = np.flatnonzero(self.shape.any(axis=1)), np.flatnonzero(self.shape.any(axis=0))
        edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        left, top, right, bottom = ((edge - MARGIN) / SIDE for edge in edges)
        return left, top, right, bottom

    @property
    def parts(self) -> Parts:
        """The parts of the patch in which ink is told apart."""
        return _parts(self.shape.tobytes(), self.inside.tobytes())


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The parts of a patch that an outline makes."""

    core: Mask  # the inner half of the inside
    middle: Mask  # the inside without the strip along its outline: letters are printed there
    rim: tuple[Mask, ...]  # the strip of the inside along the outline, past its blurred edge, by direction
    ring: Mask  # around the shape
    sector: NDArray[np.uint16]  # (PIXELS,) a bit for each direction from the middle, none within the shape
    rows: NDArray[np.intp]  # of the patch, in which the inside lies
    columns: NDArray[np.intp]
    depths: NDArray[np.float32]  # how far pixels lie from the outline towards the middle, 0 to 1, ascending
    depth: NDArray[np.intp]  # (PIXELS,) which of the depths each pixel has
    cell: NDArray[np.intp]  # (PIXELS,) the cell of nine that each pixel is in
    cell_sizes: NDArray[np.intp]  # pixels of the inside; cells without any are not counted


@lru_cache(maxsize=64)  # outlines of one form differ by a pixel or not at all
def _parts(shape_bytes: bytes, inside_bytes: bytes) -> Parts:
    shape, inside = (
        np.frombuffer(held, np.bool_).reshape(PATCH, PATCH) for held in (shape_bytes, inside_bytes)
    )
    depth = np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    core = depth > 0.5 * depth.max()
    middle = depth > min(RIM[1], 0.5 * depth.max())
    rim = (depth > RIM[0]) & (depth <= RIM[1])
    depths, depth_of = np.unique(depth / depth.max(), return_inverse=True)
    ring = cv2.dilate(shape.astype(np.uint8), np.ones((RING, RING), np.uint8)).astype(np.bool_) & ~shape
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    cell, cell_sizes = _cells(inside, rows, columns)
    sector = _sector_bits(shape).ravel()
    way = _directions(shape)
    rims = tuple(part for i in range(SECTORS) if (part := rim & (way == i)).any())
    return Parts(
        core, middle, rims, ring, sector, rows, columns, depths, depth_of.ravel(), cell.ravel(), cell_sizes
    )


def _directions(shape: Mask) -> NDArray[np.intp]:
    """Return the direction of each pixel from the middle of a shape, 0 to `SECTORS` - 1."""
    rows, columns = np.indices(shape.shape)
    y, x = np.argwhere(shape).mean(axis=0)
    way = (np.arctan2(rows - y, columns - x) / np.pi + 1) * SECTORS / 2
    return np.asarray(way.astype(np.intp) % SECTORS)


def _sector_bits(shape: Mask) -> NDArray[np.uint16]:
    near = cv2.dilate(shape.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.where(near, 0, 1 << _directions(shape)).astype(np.uint16)


def _cells(
    inside: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Part the inside into nine cells: which cell each pixel is in, and how many pixels each holds."""
    down, across = np.zeros(len(inside), np.intp), np.zeros(len(inside), np.intp)
    for place, (part, other) in enumerate(
        zip(np.array_split(rows, 3), np.array_split(columns, 3), strict=True)
    ):
        down[part], across[other] = place, place
    cell = 3 * down[:, None] + across[None, :]
    sizes = np.bincount(cell[inside], minlength=9)
    number = np.cumsum(sizes > 0) - 1  # a cell without any pixel does not count
    return number[cell], sizes[sizes > 0]


def find_outline(common: Picture) -> Outline:
    """Find the region that the common picture of the boxes encloses around the middle."""
    ink = (common > PRINT_INK).astype(np.uint8)
    for gap in (1, 3, 5):  # px of a broken outline to bridge
        barrier = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8)) if gap > 1 else ink
        shape = _enclosed(barrier)
        if shape is not None:
            return Outline(shape, _without_line(shape, common), True)
    shape = np.zeros((PATCH, PATCH), np.bool_)
    shape[MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE] = True
    return Outline(shape, _eroded(shape, SIDE // 8), False)


def _enclosed(barrier: NDArray[Any]) -> Mask | None:
    """Find the region in the middle that cannot be left without crossing the barrier."""
    count, labels = cv2.connectedComponents(1 - barrier, connectivity=4)
    kept = np.ones(count, np.uint8)
    kept[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 0
    kept[0] = 0  # the barrier itself
    # Free regions that cannot be left, with the printed letter between them.
    held = kept[labels]
    filled = cv2.morphologyEx(held, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    _, parts = cv2.connectedComponents(filled, connectivity=4)
    stated = parts[MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE]
    shares = np.bincount(stated[stated > 0], minlength=2)
    region = (parts == shares.argmax()).astype(np.uint8)
    contours, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(region, contours, -1, 1, cv2.FILLED)
    area = int(region.sum())
    if not 0.1 * SIDE * SIDE <= area <= 1.7 * SIDE * SIDE or shares.max() < 0.4 * area:
        return None
    # Grow over the printed line itself, at most as far as a line can be thick.
    for _ in range(4):
        wider = cv2.dilate(region, np.ones((3, 3), np.uint8))
        grown = wider - region
        if np.count_nonzero(barrier & grown) < 0.5 * np.count_nonzero(grown):
            break
        region = wider
    return np.asarray(region > 0)


def _eroded(mask: Mask, px: int) -> Mask:
    kernel = np.ones((2 * px + 1, 2 * px + 1), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), kernel) > 0)


def _without_line(shape: Mask, common: Picture) -> Mask:
    """Take the printed line off a shape: rings from the rim, past the darkest, until it ends."""
    inside, darkest = shape, 0.0
    for _ in range(SIDE // 6):
        smaller = _eroded(inside, 1)
        ring = float(common[inside & ~smaller].mean())
        if ring < 0.4 * darkest or not smaller.any():
            break
        inside, darkest = smaller, max(darkest, ring)
    return inside
