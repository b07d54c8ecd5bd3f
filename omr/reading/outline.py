"""What the printed boxes look like: the region that their common outline encloses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.patches import BLACK, MARGIN, PATCH, SIDE, Mask, Picture

PRINT_INK: Final = round(0.35 * BLACK)  # steps of ink above which a pixel of the common picture is print


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
    _, labels = cv2.connectedComponents(1 - barrier, connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    outside = np.isin(labels, np.unique(rim[rim > 0]))
    # Free regions that cannot be left, with the printed letter between them.
    held = ((barrier == 0) & ~outside).astype(np.uint8)
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
        if barrier[(wider == 1) & (region == 0)].mean() < 0.5:
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
