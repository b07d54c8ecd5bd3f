"""Ink between the boxes of a question that seems unanswered: a mark that stands between two options.

Only where the form prints nothing between its boxes: what most gaps of a page hold is print.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.paper import F
from omr.reading.papers.patches import Quads, sizes

HEIGHT: Final = 32  # px of a gap, as high as its boxes
CLEAR: Final = 0.2  # box sides beside a box that are its own: its outline, the tail of a mark in it
LEAST_WIDE: Final = 0.8  # box sides of a gap in which a mark has room
ANSWERED: Final = 0.06  # gain from which the question has an answer and what stands beside it is its tail
INK: Final = 0.35  # of the way from paper to the page's ink
PRINTED: Final = 0.01  # of a gap's area: where a third of the gaps hold more, they hold print
LEAST_CONTRAST: Final = 60  # grey levels from paper to ink

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Gap:
    """What lies between two neighbouring boxes of a question."""

    question: str
    boxes: tuple[int, int]
    area: float  # share under ink
    length: float  # of its largest piece of ink, in box sides


def look_between(
    grey: Grey, corners_px: Quads, groups: Sequence[str], features: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the features with ``beside`` measured where a question seems to have no answer.

    Boxes without a question count as one with those in their line.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        if group and features[i, F["usable"]]:
            rows[group].append(i)
    unnamed = [i for i, group in enumerate(groups) if not group and features[i, F["usable"]]]
    for number, line in enumerate(_lines(corners_px, unnamed)):
        rows[f"\0{number}"] = line
    gaps = [gap for group, boxes in rows.items() for gap in _gaps(grey, corners_px, group, boxes)]
    if not gaps or np.percentile([gap.area for gap in gaps], 67) > PRINTED:
        return features
    out = features.copy()
    for gap in gaps:
        if features[rows[gap.question], F["gain"]].max() < ANSWERED:
            boxes = list(gap.boxes)
            out[boxes, F["beside"]] = np.maximum(out[boxes, F["beside"]], gap.length)
    return out


def _lines(corners_px: Quads, boxes: Sequence[int]) -> list[list[int]]:
    """Part boxes whose questions nobody named into the lines they stand in."""
    if not boxes:
        return []
    height = corners_px[list(boxes)].mean(axis=1)[:, 1]
    order = np.argsort(height)
    apart = np.flatnonzero(np.diff(height[order]) > sizes(corners_px[list(boxes)]).mean() / 2) + 1
    return [[boxes[i] for i in part.tolist()] for part in np.split(order, apart)]


def _gaps(grey: Grey, corners_px: Quads, group: str, boxes: Sequence[int]) -> list[_Gap]:
    """Measure the gaps between a question's neighbouring boxes that stand in one row."""
    quads = corners_px[list(boxes)]
    side = sizes(quads).mean()
    order = np.argsort(quads.mean(axis=1)[:, 0])
    found = []
    for left, right in zip(order, order[1:], strict=False):
        y0, y1 = quads[left][:, 1].mean(), quads[right][:, 1].mean()
        low = quads[left][:, 0].max() + CLEAR * side
        high = quads[right][:, 0].min() - CLEAR * side
        if abs(y1 - y0) > 0.5 * side or high - low < LEAST_WIDE * side:
            continue
        top = min(y0, y1) - side / 2
        part = grey[max(0, round(top)) : round(top + side), max(0, round(low)) : round(high)]
        if part.size == 0:
            continue
        area, length = _ink(part, side)
        found.append(_Gap(group, (boxes[left], boxes[right]), area, length / side))
    return found


def _ink(part: Grey, side: float) -> tuple[float, float]:
    """Return the share of a picture under ink, and the length of its largest piece in px of the page."""
    scale = HEIGHT / side
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=how)
    paper = float(np.percentile(small, 80))
    black = min(float(small.min()), paper - LEAST_CONTRAST)
    ink = (small < paper - INK * (paper - black)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if count < 2:
        return 0.0, 0.0
    widest = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max()
    return float(ink.mean()), float(widest) / scale
