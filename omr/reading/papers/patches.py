"""Boxes cut from the page: quads in scan pixels -> deskewed patches of one size, as ink density.

Every box becomes a square patch of `PATCH` pixels: the box itself is `SIDE` pixels wide in
its middle, with half a box of surroundings on every side. The page itself is never warped.

Ink is kept in bytes, `BLACK` steps from paper to print: finer than the scan's own levels, and
a quarter of the memory that passes over all boxes go through. What OpenCV does to each box it
does to all at once, `side_by_side` in one wide picture: a few long lines of pixels cost a
fraction of many short ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import Points

Quads = NDArray[np.float64]  # (N, 4, 2) scan px, clockwise from the top left
Patches = NDArray[np.uint8]  # (N, PATCH, PATCH) ink density: 0 paper, `BLACK` print
Picture = NDArray[np.uint8]  # (PATCH, PATCH)
Mask = NDArray[np.bool_]  # (PATCH, PATCH)
Floats = NDArray[np.float64]

SIDE: Final = 32  # px of a box's side in a patch: a 0.3 mm pen line in a 4.5 mm box is 2 px wide
MARGIN: Final = 16  # px of surroundings on each side
PATCH: Final = SIDE + 2 * MARGIN
BLACK: Final = 170  # steps of ink from paper to print; a mark may be blacker than thin print, up to 255
GAP: Final = 8  # columns of paper after each patch in a wide picture: more than any window reaches
# Steps of ink beyond print above which a pixel is ink: above paper grain and show-through.
INK: Final = round(0.25 * BLACK)
PIXELS: Final = PATCH * PATCH

MIN_SIDE_PX: Final = 4.0  # below, a box has no inside to look at
MAX_SIDE_PX: Final = 2000.0  # above, it is no box: 600 dpi makes 106 px of 4.5 mm
MIN_CONTRAST: Final = 64.0  # grey levels from paper to ink; less is noise on an empty page


@dataclass(frozen=True, slots=True, eq=False)
class Tones:
    """Grey levels of paper and print on one page."""

    white: float
    black: float


def usable(quads: Quads, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which quads are boxes that lie on the page, shape (N,).

    A box is on the page when all four corners are within a quarter of a box of it.
    """
    with np.errstate(all="ignore"):
        finite = np.asarray(np.isfinite(quads).all(axis=(1, 2)))
        safe = np.where(finite[:, None, None], quads, 0.0).clip(-1e7, 1e7)
        right, down = _sides(safe)
        width, height = np.hypot(*right.T), np.hypot(*down.T)
        short, long = np.minimum(width, height), np.maximum(width, height)
        area = right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]
        square = (short >= MIN_SIDE_PX) & (long <= MAX_SIDE_PX) & (area >= 0.5 * width * height)
        limit = np.array([shape[1], shape[0]], np.float64)
        slack = 0.25 * short[:, None, None]
        inside = ((safe >= -slack) & (safe <= limit - 1 + slack)).all(axis=(1, 2))
    return np.asarray(finite & square & inside)


def _sides(quads: Quads) -> tuple[Points, Points]:
    """Return the mean side to the right and the mean side down of each quad, (N, 2) each."""
    right = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    return right, down


def sizes(quads: Quads) -> Floats:
    """Width and height of each quad in px, (N, 2)."""
    right, down = _sides(quads)
    return np.stack([np.hypot(*right.T), np.hypot(*down.T)], axis=1)


def subquads(
    quads: Quads, left: Floats | float, top: Floats | float, right: Floats | float, bottom: Floats | float
) -> Quads:
    """Return the part of each quad between the given shares of its sides, (N, 4, 2)."""
    along, down = _sides(quads)
    centre = quads.mean(axis=1)
    shares = ((left, top), (right, top), (right, bottom), (left, bottom))
    corners = [centre + along * _column(x - 0.5) + down * _column(y - 0.5) for x, y in shares]
    return np.stack(corners, axis=1)


def _column(values: Floats | float) -> Floats:
    """Return one value for all boxes, or one for each, as a column."""
    return np.atleast_1d(np.asarray(values, np.float64))[:, None]


def cut(grey: NDArray[np.uint8], quads: Quads, fill: float) -> NDArray[np.uint8]:
    """Cut each box, deskewed, with half a box around it.

    Parameters
    ----------
    grey : (H, W) uint8 ndarray
    quads : (N, 4, 2) float64 ndarray
        Usable ones, see `usable`.
    fill : float
        Grey level where a patch reaches over the edge of the scan.

    Returns
    -------
    (N, PATCH, PATCH) uint8 ndarray
    """
    patches = np.empty((len(quads), PATCH, PATCH), np.uint8)
    if not len(quads):
        return patches
    # Bilinear sampling skips pixels above a reduction of two and would lose thin lines.
    factor = max(1, int(median(sizes(quads).min(axis=1)) / SIDE))
    if factor > 1:
        low = np.maximum(np.floor(quads.min(axis=(0, 1)) - sizes(quads).max()), 0).astype(int)
        high = np.ceil(quads.max(axis=(0, 1)) + sizes(quads).max()).astype(int)
        part = grey[low[1] : high[1], low[0] : high[0]]
        width, height = max(1, part.shape[1] // factor), max(1, part.shape[0] // factor)
        part = part[: height * factor, : width * factor]
        grey = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        # Pixel centres: x at full size is (x + 0.5) / factor - 0.5 in the reduced picture.
        quads = (quads - low + 0.5) / factor - 0.5
    right, down = _sides(quads)
    corner = quads.mean(axis=1) - right / 2 - down / 2
    x, y = right / SIDE, down / SIDE
    scan_from_patches = np.stack([x, y, corner - (MARGIN - 0.5) * (x + y)], axis=2)
    size, flags = (PATCH, PATCH), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for patch, scan_from_patch in zip(patches, scan_from_patches, strict=True):
        cv2.warpAffine(grey, scan_from_patch, size, patch, flags, cv2.BORDER_CONSTANT, fill)
    return patches


def levels(patches: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many pixels of each patch have at most each grey level, (N, 256)."""
    counts = [np.zeros((0, 256), np.float32)]
    for first in range(0, len(patches), 256):
        # One histogram of two bytes, that of the grey level and that of the patch: OpenCV takes
        # as long to begin with a patch as to count its pixels.
        few = patches[first : first + 256].reshape(-1, patches[0].size)
        which = np.empty_like(few)
        which[:] = np.arange(len(few), dtype=np.uint8)[:, None]
        both = cv2.calcHist([which, few], [0, 1], None, [len(few), 256], [0, len(few), 0, 256])
        counts.append(np.asarray(both, np.float32))
    return np.concatenate(counts).cumsum(axis=1, dtype=np.int64)


def tones(upto: NDArray[np.int64]) -> Tones:
    """Take paper white and print black from the grey levels of all the page's boxes."""
    white = float(median(percentiles(upto, 85)))
    # Outlines are 5-15 % of a patch: the darkest 2 % are print or pen, not noise.
    black = float(percentiles(upto.sum(axis=0, keepdims=True), 2)[0])
    return Tones(white, min(black, white - MIN_CONTRAST))


def shades(upto: NDArray[np.int64], page: Tones) -> NDArray[np.uint8]:
    """Return what ink each grey level is, for each box by its grey levels, (N, 256).

    A shadow or grey paper lowers the white of a single box, a large fill must not: the
    local white is the patch's brightest fifth, but at most a third of the way from paper
    to black.
    """
    floor = page.white - (page.white - page.black) / 3
    white = percentiles(upto, 80).clip(floor, 255.0)
    scale = np.maximum(white - page.black, 0.5 * MIN_CONTRAST)
    ink = (white[:, None] - np.arange(256)) / scale[:, None]
    return np.rint(ink * BLACK).clip(0, 255).astype(np.uint8)


def density(patches: NDArray[np.uint8], tables: NDArray[np.uint8]) -> Patches:
    """Turn grey patches into ink density by the table of each box: 0 is paper, `BLACK` is print."""
    ink = np.empty_like(patches)
    # On even paper all boxes have the same table: those next to each other are looked up together.
    changes = np.flatnonzero((tables[1:] != tables[:-1]).any(axis=1)) + 1
    for first, end in pairwise([0, *changes.tolist(), len(patches)]):
        some = np.s_[first:end]
        cv2.LUT(patches[some].reshape(-1, PATCH), tables[first], dst=ink[some].reshape(-1, PATCH))
    return ink


def side_by_side(patches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put patches beside each other into one picture, each with `GAP` columns of paper after it."""
    wide = np.zeros((PATCH, len(patches), PATCH + GAP), np.uint8)
    wide[:, :, :PATCH] = patches.transpose(1, 0, 2)
    return wide.reshape(PATCH, -1)


def one_by_one(wide: NDArray[Any]) -> NDArray[Any]:
    """Return the patches that are `side_by_side`, (N, PATCH, PATCH)."""
    return np.ascontiguousarray(wide.reshape(PATCH, -1, PATCH + GAP)[:, :, :PATCH].transpose(1, 0, 2))


def capped(patches: Patches) -> Patches:
    """Return patches in which nothing is darker than print."""
    _, tall = cv2.threshold(patches.reshape(-1, patches.shape[2]), BLACK, 0, cv2.THRESH_TRUNC)
    return np.asarray(tall, np.uint8).reshape(patches.shape)


def sums(patches: Patches, *masks: Mask) -> Floats:
    """Return the sum of each patch over each mask, (N, masks): whole numbers, exactly."""
    pixels = patches.reshape(len(patches), -1)
    out = np.zeros((len(patches), len(masks)))
    for column, mask in enumerate(masks if len(patches) else ()):
        masked = pixels & np.negative(mask.view(np.uint8).ravel())  # all bits of a byte, or none
        out[:, column] = cv2.reduce(masked, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    return out


def percentiles(upto: NDArray[np.int64], percent: float) -> Floats:
    """Return what np.percentile gives, from how many pixels have at most each grey level, (N,)."""
    at = (upto[:, -1] - 1) * (percent / 100)
    below = np.floor(at)
    low, high = ((upto > rank[:, None]).argmax(axis=1) for rank in (below, below + 1))
    part, gap = at - below, high - low
    return np.asarray(np.where(part < 0.5, low + gap * part, low + gap - gap * (1 - part)))


def percentile(values: Floats, percent: float) -> float:
    """Return what np.percentile gives, of a few values much sooner."""
    ordered = np.sort(values)
    at = (len(ordered) - 1) * (percent / 100)
    low, high = (float(ordered[min(int(at) + more, len(ordered) - 1)]) for more in (0, 1))
    part, gap = at - int(at), high - low
    return low + gap * part if part < 0.5 else high - gap * (1 - part)


def median(values: NDArray[Any], axis: int = 0) -> NDArray[Any]:
    """Return what np.median gives, of a few values much sooner."""
    ordered, n = np.sort(values, axis=axis), values.shape[axis]
    return np.asarray((ordered.take((n - 1) // 2, axis) + ordered.take(n // 2, axis)) / 2)


def at_rank(values: NDArray[np.uint8], rank: int) -> NDArray[np.uint8]:
    """Return which byte of each column, (N, M), has a rank in its order, the lowest has 0: (M,).

    It is found bit by bit, for all columns at once: the highest byte that no more than `rank`
    bytes of the column are below. Sorting the columns takes several times as long.
    """
    found = np.zeros(values.shape[1], np.uint8)
    for bit in (128, 64, 32, 16, 8, 4, 2, 1):
        higher = found | np.uint8(bit)
        below = cv2.reduce((values < higher).view(np.uint8), 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
        found = np.where(below[0] <= rank, higher, found)
    return found
