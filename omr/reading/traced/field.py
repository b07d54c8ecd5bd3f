"""What is left between a print and a page laid on it: small shifts from place to place.

Feeders stretch paper by parts and paper is not flat: after one map for all, tiles of print are looked
for around where they should be. The shifts are taken together as a smooth field; a tile that says
otherwise (a mark on it, a line like the next one) does not move the boxes by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.traced.features import Grey, Points

TILE_MM: Final = 14.0
STEP_MM: Final = 7.0
REACH_MM: Final = 1.6  # a tile may be off after the common map: boxes stand 6 mm apart and more
SURE: Final = 0.55  # likeness from which a tile's shift is believed
LEAST_INK: Final = 0.012  # of a tile that is print: less says nothing of where it is
LEAST_TILES: Final = 8
NEAR_MM: Final = 0.35  # of the field, within which a tile agrees with it

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A smooth field of shifts in mm, quadratic over the sheet."""

    weights: Floats  # (6, 2)
    size_mm: tuple[float, float]
    agreeing: float  # share of the sure tiles that agree with it
    sure: int
    residual_mm: float  # nine tenths of the agreeing tiles are nearer
    tiles_mm: Points  # (N, 2) middles of all tiles that hold print
    found: NDArray[np.bool_]  # (N,) which of them were found on the page

    def at(self, points_mm: Points) -> Points:
        """Return the shifts at points, (N, 2)."""
        return np.asarray(_terms(points_mm, self.size_mm) @ self.weights)


def _terms(points_mm: Points, size_mm: tuple[float, float]) -> Floats:
    x, y = (np.asarray(points_mm, np.float64) / size_mm * 2 - 1).T
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)


def dark(grey: Grey, px_per_mm: float) -> NDArray[np.uint8]:
    """Return how dark each pixel is beyond the paper around it, 0 to 255: shading and grey paper are gone."""
    reach = max(3, round(5 * px_per_mm) | 1)
    paper = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (reach, reach)))
    paper = cv2.blur(paper, (reach, reach))
    return np.asarray(cv2.subtract(paper, grey), np.uint8)


def field(print_: NDArray[np.uint8], page: NDArray[np.uint8], px_per_mm: float) -> Field | None:
    """Find the field from a print to a page that lies on it, both as `dark`; None where too little is sure.

    Parameters
    ----------
    print_, page : (H, W) uint8 ndarray
    """
    height, width = print_.shape
    size_mm = width / px_per_mm, height / px_per_mm
    tile, reach = round(TILE_MM * px_per_mm), max(2, round(REACH_MM * px_per_mm))
    step = round(STEP_MM * px_per_mm)
    strong = print_ > 60
    places, shifts = [], []
    tiles: list[tuple[float, float]] = []
    found: list[bool] = []
    for top in range(reach, height - tile - reach + 1, step):
        for left in range(reach, width - tile - reach + 1, step):
            there = np.s_[top : top + tile, left : left + tile]
            if strong[there].mean() < LEAST_INK:
                continue
            tiles.append((left + tile / 2, top + tile / 2))
            found.append(False)
            around = page[top - reach : top + tile + reach, left - reach : left + tile + reach]
            likeness = cv2.matchTemplate(around, print_[there], cv2.TM_CCOEFF_NORMED)
            _, best, _, (x, y) = cv2.minMaxLoc(likeness)
            if best < SURE or not (0 < x < 2 * reach and 0 < y < 2 * reach):
                continue
            dx = x - reach + _peak(likeness[y, x - 1 : x + 2])
            dy = y - reach + _peak(likeness[y - 1 : y + 2, x])
            found[-1] = True
            places.append(tiles[-1])
            shifts.append((dx, dy))
    if len(places) < LEAST_TILES:
        return None
    weights, agreeing, residual = _fitted(np.array(places) / px_per_mm, np.array(shifts) / px_per_mm, size_mm)
    return Field(
        weights, size_mm, agreeing, len(places), residual, np.array(tiles) / px_per_mm, np.array(found)
    )


def _peak(three: NDArray[Any]) -> float:
    """Return where between three likenesses their parabola is highest, px from the middle one."""
    left, middle, right = (float(value) for value in three)
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))


def _fitted(
    places_mm: Points, shifts_mm: Points, size_mm: tuple[float, float]
) -> tuple[Floats, float, float]:
    """Fit the field to the tiles that agree with each other (iterated reweighting, Huber-like).

    Returns its weights, the share of tiles that agree, and how near nine tenths of those are in mm.
    """
    terms = _terms(places_mm, size_mm)
    ridge = np.diag([0.0, 0.05, 0.05, 0.5, 0.5, 0.5])  # bent only where many tiles say so
    weights = np.zeros((6, 2))
    weights[0] = np.median(shifts_mm, axis=0)
    for _ in range(12):
        off = np.linalg.norm(shifts_mm - terms @ weights, axis=1)
        believed = np.minimum(1.0, NEAR_MM / 2 / np.maximum(off, 1e-9)) * (off < 4 * NEAR_MM)
        if believed.sum() < 3:
            break
        weighted = terms * believed[:, None]
        weights = np.linalg.solve(terms.T @ weighted + ridge, weighted.T @ shifts_mm)
    off = np.linalg.norm(shifts_mm - terms @ weights, axis=1)
    near = off < NEAR_MM
    residual = float(np.percentile(off[near], 90)) if near.any() else float(off.min())
    return weights, float(near.mean()), residual
