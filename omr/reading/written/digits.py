"""Two readers of a handwritten digit, of different kinds: one by its pixels, one by its outlines' directions.

Each is a small network (one hidden layer), fitted by ``python bench ink digits`` to digits of some hundred
people; what is no digit (two signs in one cell, one struck out, a cross, a dash) is a class of its own.
Neither is trusted alone: see `omr.reading.written.values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.bool_]  # (H, W), True is ink
Features = NDArray[np.float32]

SIGNS: Final = "0123456789?"  # the last: no digit
SIDE_PX: Final = 28
GLYPH_PX: Final = 20  # the longer side of a digit in it, its middle of mass in the middle
OUTLINE_PX: Final = 36
OUTLINE_GLYPH_PX: Final = 28
DIRECTIONS: Final = 8
FIELDS: Final = 6  # a side of the grid over which directions are summed
# Pens differ more than hands: every stroke is made at least so wide, in shares of the digit's longer side.
STROKE: Final = 0.11
MODEL: Final = "digits.npz"


class Network(NamedTuple):
    """One hidden layer of rectified sums, then a chance for each of `SIGNS`."""

    hidden: NDArray[np.float32]  # (features, units)
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]  # (units, signs)
    out_bias: NDArray[np.float32]

    def chances(self, features: Features) -> NDArray[np.float64]:
        """Return the chance of each sign, shape (N, 11)."""
        sums = np.maximum(features @ self.hidden + self.hidden_bias, 0) @ self.out + self.out_bias
        grown = np.exp(sums.astype(np.float64) - sums.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True))


@cache
def networks() -> tuple[Network, Network]:
    """Return both readers as they were fitted."""
    with resources.files("omr.reading.written").joinpath(MODEL).open("rb") as file, np.load(file) as stored:
        one, other = (
            Network(*(stored[f"{reader}_{part}"].astype(np.float32) for part in Network._fields))
            for reader in ("pixels", "outlines")
        )
    return one, other


def read_digits(inks: Sequence[Ink]) -> list[tuple[str, str, float]]:
    """Return of each sign what the two readers take it for, and the chance that the less certain gives it."""
    if not inks:
        return []
    glyphs = [evened(ink) for ink in inks]
    by_pixels, by_outlines = networks()
    one = by_pixels.chances(np.stack([pixels(glyph) for glyph in glyphs]))
    other = by_outlines.chances(np.stack([outlines(glyph) for glyph in glyphs]))
    return [
        (SIGNS[int(a.argmax())], SIGNS[int(b.argmax())], float(min(a.max(), b.max())))
        for a, b in zip(one, other, strict=True)
    ]


def evened(ink: Ink) -> NDArray[np.float32]:
    """Return a sign cut to its edges, in strokes of even width; ink of 1."""
    x, y, width, height = cv2.boundingRect(ink.astype(np.uint8))
    sign = np.pad(ink[y : y + height, x : x + width].astype(np.uint8), 2)
    inside = np.asarray(cv2.distanceTransform(sign, cv2.DIST_L2, 3))
    wide = 4 * float(inside[sign > 0].mean())  # of a strip, the mean distance to its edge is a quarter
    lacks = max(0, round(STROKE * max(width, height) - wide))
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (lacks + 1, lacks + 1))
    return np.asarray(cv2.dilate(np.pad(sign, lacks), shape), np.float32)


def placed(glyph: NDArray[np.float32], size: int, side: int) -> NDArray[np.float32]:
    """Return a sign with its longer side of `size`, its middle of mass in the middle of a square."""
    x, y, width, height = cv2.boundingRect((glyph > 0).astype(np.uint8))
    sign = glyph[y : y + height, x : x + width]
    scale = size / max(sign.shape)
    shape = max(1, round(sign.shape[1] * scale)), max(1, round(sign.shape[0] * scale))
    small = cv2.resize(sign, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    wide = np.zeros((2 * side, 2 * side), np.float32)
    top, left = side - small.shape[0] // 2, side - small.shape[1] // 2
    wide[top : top + small.shape[0], left : left + small.shape[1]] = small
    mass = cv2.moments(wide)
    shift = side / 2 - mass["m10"] / mass["m00"], side / 2 - mass["m01"] / mass["m00"]
    return np.asarray(cv2.warpAffine(wide, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), (side, side)))


def pixels(glyph: NDArray[np.float32]) -> Features:
    """Return what the first reader looks at: the picture."""
    return placed(glyph, GLYPH_PX, SIDE_PX).ravel()


def outlines(glyph: NDArray[np.float32]) -> Features:
    """Return what the second reader looks at: which way edges run, by parts of the sign."""
    soft = cv2.GaussianBlur(placed(glyph, OUTLINE_GLYPH_PX, OUTLINE_PX), (3, 3), 0)
    right, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    strength = np.hypot(right, down)
    turn = (np.arctan2(down, right) / (2 * np.pi) * DIRECTIONS) % DIRECTIONS
    first = np.floor(turn).astype(np.intp) % DIRECTIONS
    share = turn - np.floor(turn)
    sums = []
    for direction in range(DIRECTIONS):
        before = (first + 1) % DIRECTIONS == direction
        part = strength * ((first == direction) * (1 - share) + before * share)
        sums.append(cv2.resize(part.astype(np.float32), (FIELDS, FIELDS), interpolation=cv2.INTER_AREA))
    found = np.stack(sums).ravel()
    return np.asarray(np.sqrt(found / (found.sum() + 1e-6)), np.float32)
