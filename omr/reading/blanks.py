"""What a box looks like when nobody wrote in it, learned from the page itself.

Print repeats, handwriting does not: what a box shares with other boxes of the page is its
printed outline and letter. Three steps, each on all boxes of one size at once:

1. `snap` finds every box near where it is said to be, by the outline that the page's
   emptier boxes have in common (a box that is hidden by a mark goes with its neighbours);
2. `outline` finds the region that this outline encloses: square, circle or cell;
3. `references` gives each box its own blank: the mean of the nearest-looking empty boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.patches import MARGIN, PATCH, SIDE, Patches

Picture = NDArray[np.float32]  # one patch
Mask = NDArray[np.bool_]  # (PATCH, PATCH)
Floats = NDArray[np.float64]

HALF: Final = PATCH // 2  # the search runs on patches of half size
GOOD_MATCH: Final = 0.55  # correlation from which an outline counts as found
PRINT_INK: Final = 0.35  # density from which a pixel of the common picture is print
MAX_PRINT: Final = 0.40  # share of a box's inside that printed letters can cover; more is a mark
LETTER_RANGE: Final = 1.6  # ink of the fattest letter over that of the page's middling one
TWINS: Final = 3  # nearest empty boxes whose mean is the blank of a box
MAX_CANDIDATES: Final = 80  # more empties add time, not knowledge


def halved(patches: Patches) -> Patches:
    """Return patches of half the size, area averaged."""
    n = len(patches)
    return np.asarray(patches.reshape(n, HALF, 2, HALF, 2).mean(axis=(2, 4)), np.float32)


def emptier(patches: Patches) -> NDArray[np.intp]:
    """Return the indices of the emptier half of the boxes, least ink first."""
    middle = patches[:, MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE].mean(axis=(1, 2))
    order = np.argsort(middle, kind="stable")
    return order[: max(1, (len(order) + 1) // 2)]


# --- 1. where the box is -------------------------------------------------------------------------


def _bank(template: Picture, reach: int) -> tuple[Picture, Picture, NDArray[np.intp]]:
    """Return all shifts of a template and of its window as rows; and the shifts (K, 2) as (x, y)."""
    size = template.shape[0]
    edge = size // 8  # the window: the box and a quarter of a box around it
    window = np.zeros_like(template)
    window[edge:-edge, edge:-edge] = 1.0
    mean = float((template * window).sum() / window.sum())
    centred = (template - mean) * window
    shifts = [(x, y) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)]
    rows = np.stack([_shifted(centred, x, y) for x, y in shifts])
    windows = np.stack([_shifted(window, x, y) for x, y in shifts])
    return rows.reshape(len(shifts), -1), windows.reshape(len(shifts), -1), np.array(shifts, np.intp)


def _shifted(picture: Picture, x: int, y: int) -> Picture:
    """Move a picture by whole pixels, zero where nothing comes in."""
    height, width = picture.shape
    out = np.zeros_like(picture)
    out[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = picture[
        max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)
    ]
    return out


def match(patches: Patches, template: Picture, reach: int) -> tuple[Floats, Floats]:
    """Find the template in each patch within `reach` px.

    Returns
    -------
    shifts : (N, 2) float64 ndarray
        How far the patch's picture lies right of and below the template, px.
    scores : (N,) float64 ndarray
        Normalised correlation there, in [-1, 1].
    """
    rows, windows, shifts = _bank(template, reach)
    flat = patches.reshape(len(patches), -1)
    norms = np.sqrt((rows * rows).sum(axis=1))
    area = windows.sum(axis=1)
    total = flat @ windows.T
    energy = np.maximum((flat * flat) @ windows.T - total * total / area, 1e-6)
    scores = (flat @ rows.T) / (np.sqrt(energy) * np.maximum(norms, 1e-6))
    # Equal scores (no outline at all): the smallest shift wins.
    scores -= 1e-4 * np.hypot(*shifts.T) / max(reach, 1)
    best = scores.argmax(axis=1)
    return shifts[best].astype(np.float64), scores[np.arange(len(best)), best].astype(np.float64)


def snap(patches: Patches, centres: Floats, reach: int) -> tuple[Floats, Floats]:
    """Find the boxes of one size around their stated places.

    Parameters
    ----------
    patches : (N, PATCH, PATCH) float32 ndarray
        Ink density.
    centres : (N, 2) float64 ndarray
        Stated centres in scan px: neighbours on paper move together.
    reach : int
        How far to look, in patch px.

    Returns
    -------
    shifts : (N, 2) float64 ndarray
        Patch px to the right and down; boxes that cannot be seen go with their neighbours.
    scores : (N,) float64 ndarray
    """
    small = halved(patches)
    empties = emptier(patches)
    template = _common_picture(small, empties, reach // 2)
    shifts, scores = match(small, template, reach // 2)
    shifts *= 2
    return _with_neighbours(shifts, scores, centres), scores


def _common_picture(small: Patches, empties: NDArray[np.intp], reach: int) -> Picture:
    """Find the picture most empties agree on: the best example first, then the median of all laid on it."""
    sample = empties[:: max(1, len(empties) // 32)]
    examples = sample[:: max(1, len(sample) // 6)]
    best, best_score = small[examples[0]], -1.0
    for example in examples:
        _, scores = match(small[sample], small[example], reach)
        if (score := float(np.median(scores))) > best_score:
            best, best_score = small[example], score
    if len(sample) < 3:
        return np.asarray(best)
    shifts, scores = match(small[sample], best, reach)
    # The example may itself be off its place: what counts is the typical place.
    offset = np.round(np.median(shifts, axis=0))
    moved = [
        _shifted(small[i], int(offset[0] - x), int(offset[1] - y))
        for i, (x, y), score in zip(sample, shifts, scores, strict=True)
        if score >= GOOD_MATCH
    ]
    return np.asarray(np.median(moved, axis=0), np.float32) if len(moved) >= 3 else np.asarray(best)


def _with_neighbours(shifts: Floats, scores: Floats, centres: Floats) -> Floats:
    """Keep a shift its neighbours agree with; others take the neighbours' median."""
    sure = np.flatnonzero(scores >= GOOD_MATCH)
    if len(sure) < 3:
        return np.where((scores >= GOOD_MATCH)[:, None], shifts, 0.0)
    out = shifts.copy()
    for i, centre in enumerate(centres):
        near = sure[np.argsort(((centres[sure] - centre) ** 2).sum(axis=1), kind="stable")[:9]]
        median = np.median(shifts[near], axis=0)
        if scores[i] < GOOD_MATCH or np.abs(shifts[i] - median).max() > SIDE / 8:
            out[i] = median
    return out


# --- 2. the outline ------------------------------------------------------------------------------


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


def outline(common: Picture) -> Outline:
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


# --- 3. each box's own blank ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """The blank of every box."""

    pictures: Patches  # (N, PATCH, PATCH)
    support: Floats  # (N,) how many empty boxes vouch for it


def references(patches: Patches, outline: Outline) -> References:
    """Give each box the mean of the empty boxes that look most like it.

    Empty are the boxes of the emptier half, and others that have close twins: the same
    letter in another row. A box never vouches for itself, and a picture with more ink
    inside than letters can have is never taken for print.
    """
    n = len(patches)
    window = outline.shape[::2, ::2] & outline.shape[1::2, 1::2]
    looks = halved(np.minimum(patches, 1.0))[:, window]  # (N, pixels)
    ink = np.minimum(patches, 1.0)[:, outline.inside].mean(axis=1)
    low = emptier(patches)
    low = low[ink[low] <= MAX_PRINT]
    # Letters differ in ink, but not as much as a letter and a mark over it.
    most = min(MAX_PRINT, LETTER_RANGE * float(ink[low].max(initial=0.0)) + 0.03)
    plausible = ink <= most
    others = np.setdiff1d(np.flatnonzero(plausible), low)
    pool = _thinned(low)
    others = _thinned(others)
    if len(others):
        both = np.concatenate([pool, others])
        apart = _differences(looks[others], looks[both])
        apart[others[:, None] == both[None, :]] = np.inf
        if apart.shape[1] >= 2:
            # How much two empty boxes differ on this page is the scanner's noise.
            own = _differences(looks[pool], looks[pool])
            np.fill_diagonal(own, np.inf)
            noise = float(np.median(own.min(axis=1))) if len(pool) >= 3 else 0.0
            limit = min(max(2.5 * noise, 0.03 * looks.shape[1]), 0.07 * looks.shape[1])
            pool = np.concatenate([pool, others[np.partition(apart, 1, axis=1)[:, 1] <= limit]])
    if not len(pool):
        return References(np.zeros_like(patches), np.zeros(n))
    apart = _differences(looks, looks[pool])
    apart[np.arange(n)[:, None] == pool[None, :]] = np.inf
    count = min(TWINS, len(pool))
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :count]
    usable = np.isfinite(np.take_along_axis(apart, nearest, axis=1))
    weights = (usable / np.maximum(usable.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    pictures = np.zeros_like(patches)
    for k in range(count):
        pictures += weights[:, k, None, None] * patches[pool[nearest[:, k]]]
    return References(pictures, len(pool) - np.isin(np.arange(n), pool).astype(np.float64))


def _thinned(indices: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most `MAX_CANDIDATES` of the indices, evenly spread."""
    return indices[:: -(-len(indices) // MAX_CANDIDATES)] if len(indices) else indices


def _differences(looks: Picture, blanks: Picture) -> Floats:
    """How badly each blank explains each look: print that is missing costs double, (N, M)."""
    out = np.empty((len(looks), len(blanks)))
    for j, blank in enumerate(blanks):
        gap = looks - blank
        out[:, j] = np.where(gap > 0, 0.5 * gap, -gap).sum(axis=1)
    return out
