"""Where the boxes are: near their stated places, by the outline the page's emptier boxes share.

A box that is hidden by a mark goes with its neighbours: paper moves as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.patches import MARGIN, SIDE, Floats, Patches, Picture

GOOD_MATCH: Final = 0.55  # correlation from which an outline counts as found
CLEAR_MATCH: Final = 0.75  # correlation from which it is found whatever the neighbours did


def halved(patches: Patches) -> Patches:
    """Return patches of half the size, area averaged: what the search runs on."""
    upper = patches[:, ::2, ::2] + patches[:, ::2, 1::2]
    lower = patches[:, 1::2, ::2] + patches[:, 1::2, 1::2]
    return np.asarray((upper + lower) / np.float32(4), np.float32)


def median_picture(pictures: Patches) -> Picture:
    """Return the median of each pixel, (H, W): what np.median gives, in a fifth of the time."""
    n, height, width = pictures.shape
    # Each pixel's values side by side: sorting short rows is what processors are good at.
    values = np.sort(np.ascontiguousarray(pictures.reshape(n, -1).T), axis=1)
    middle = values[:, n // 2] if n % 2 else (values[:, n // 2 - 1] + values[:, n // 2]) / np.float32(2)
    return np.asarray(middle.reshape(height, width), np.float32)


def emptier(patches: Patches, groups: Sequence[str]) -> NDArray[np.intp]:
    """Return the boxes that are likely empty, least ink first: two thirds of each question's.

    Where one of two options is marked on every line, half of all boxes hold a mark, and a
    thin mark beside a thin letter has less ink than a fat letter: within its question the
    marked box stands out all the same. Of boxes of no question the emptier half is taken.
    """
    middle = patches[:, MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE].mean(axis=(1, 2))
    order = np.argsort(middle, kind="stable")
    sizes = Counter(groups)
    alone = {group for group, size in sizes.items() if not group or size == 1}
    left = {group: size * 2 // 3 for group, size in sizes.items() if group not in alone}
    left[""] = (sum(sizes[group] for group in alone) + 1) // 2
    kept = []
    for i in order.tolist():
        name = "" if groups[i] in alone else groups[i]
        if left[name]:
            left[name] -= 1
            kept.append(i)
    return np.array(kept, np.intp)


class _Search:
    """Pictures in which templates of one size are sought; what does not depend on the template, once."""

    def __init__(self, pictures: Patches, reach: int) -> None:
        size = pictures.shape[1]
        edge = size // 8  # the window: the box and a quarter of a box around it
        self._window = np.zeros((size, size), np.float32)
        self._window[edge:-edge, edge:-edge] = 1.0
        self._reach = reach
        side = range(-reach, reach + 1)
        self._shifts = np.array([(x, y) for y in side for x in side], np.intp)
        self._flat = pictures.reshape(len(pictures), -1)
        windows = _all_shifts(self._window, reach)
        total = self._flat @ windows.T
        energy = (self._flat * self._flat) @ windows.T - total * total / windows.sum(axis=1)
        self._scale = np.sqrt(np.maximum(energy, 1e-6))

    def likeness(self, template: Picture) -> Floats:
        """Return how well the template fits each picture where it fits best, (N,), see `match`."""
        return np.asarray(self._scores(template).max(axis=1), np.float64)

    def match(self, template: Picture) -> tuple[Floats, Floats]:
        """Find the template in each picture.

        Returns
        -------
        shifts : (N, 2) float64 ndarray
            How far the picture lies right of and below the template, px.
        scores : (N,) float64 ndarray
            Normalised correlation there, in [-1, 1].
        """
        scores = self._scores(template)
        best = scores.argmax(axis=1)
        side = 2 * self._reach + 1
        at = self._shifts[best] + _between(scores.reshape(-1, side, side), best)
        return at, scores[np.arange(len(best)), best].astype(np.float64)

    def _scores(self, template: Picture) -> NDArray[np.float32]:
        mean = float((template * self._window).sum() / self._window.sum())
        rows = _all_shifts((template - mean) * self._window, self._reach)
        norms = np.sqrt((rows * rows).sum(axis=1))
        scores = (self._flat @ rows.T) / (self._scale * np.maximum(norms, 1e-6))
        # Equal scores (no outline at all): the smallest shift wins.
        scores -= 1e-4 * np.hypot(*self._shifts.T) / max(self._reach, 1)
        return np.asarray(scores, np.float32)


def _all_shifts(picture: Picture, reach: int) -> Picture:
    """Return the picture moved by up to `reach` px, one shift a row, those to the top left first."""
    padded = np.pad(picture, reach)
    views = np.lib.stride_tricks.sliding_window_view(padded, picture.shape)
    return views[::-1, ::-1].reshape(-1, picture.size)


def _shifted(picture: Picture, x: int, y: int) -> Picture:
    """Move a picture by whole pixels, zero where nothing comes in."""
    height, width = picture.shape
    out = np.zeros_like(picture)
    out[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = picture[
        max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)
    ]
    return out


def _between(scores: NDArray[np.float32], best: NDArray[np.intp]) -> Floats:
    """Return how far past the best whole shift the peak of the scores lies, (N, 2), each in [-0.5, 0.5]."""
    side = scores.shape[1]
    every, row, column = np.arange(len(best)), best // side, best % side
    out = np.zeros((len(best), 2))
    for axis, (down, across) in enumerate(((0, 1), (1, 0))):
        place = column if axis == 0 else row
        inner = (place > 0) & (place < side - 1)
        before = scores[every, np.maximum(row - down, 0), np.maximum(column - across, 0)]
        after = scores[every, np.minimum(row + down, side - 1), np.minimum(column + across, side - 1)]
        bend = before - 2 * scores[every, row, column] + after
        steep = inner & (bend < -1e-6)
        out[steep, axis] = (0.5 * (before - after)[steep] / bend[steep]).clip(-0.5, 0.5)
    return out


def snap(patches: Patches, empties: NDArray[np.intp], centres: Floats, reach: int) -> tuple[Floats, Floats]:
    """Find the boxes of one size around their stated places.

    Parameters
    ----------
    patches : (N, PATCH, PATCH) float32 ndarray
        Ink density.
    empties : (M,) int ndarray
        Boxes that are likely empty.
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
    template = _common_picture(small, empties, reach // 2)
    shifts, scores = _Search(small, reach // 2).match(template)
    shifts *= 2
    return _with_neighbours(shifts, scores, centres), scores


def _common_picture(small: Patches, empties: NDArray[np.intp], reach: int) -> Picture:
    """Find the picture most empties agree on: the best example first, then the median of all laid on it."""
    sample = empties[:: max(1, len(empties) // 32)]
    examples = sample[:: max(1, len(sample) // 6)]
    search = _Search(small[sample], reach)
    best, best_score = small[examples[0]], -1.0
    for example in examples:
        if (score := float(np.median(search.likeness(small[example])))) > best_score:
            best, best_score = small[example], score
    if len(sample) < 3:
        return np.asarray(best)
    shifts, scores = search.match(best)
    # The example may itself be off its place: what counts is the typical place.
    offset = np.round(np.median(shifts, axis=0))
    moved = [
        _shifted(small[i], round(offset[0] - x), round(offset[1] - y))
        for i, (x, y), score in zip(sample, shifts, scores, strict=True)
        if score >= GOOD_MATCH
    ]
    return median_picture(np.stack(moved)) if len(moved) >= 3 else np.asarray(best)


def _with_neighbours(shifts: Floats, scores: Floats, centres: Floats) -> Floats:
    """Keep a shift its neighbours agree with; others take the neighbours' median."""
    sure = np.flatnonzero(scores >= GOOD_MATCH)
    if len(sure) < 3:
        return np.where((scores >= GOOD_MATCH)[:, None], shifts, 0.0)
    distance = ((centres[:, None] - centres[sure]) ** 2).sum(axis=2)
    near = sure[np.argsort(distance, axis=1, kind="stable")[:, :9]]
    median = np.median(shifts[near], axis=1)
    apart = np.abs(shifts - median).max(axis=1) > SIDE / 8
    alone = (scores < GOOD_MATCH) | (apart & (scores < CLEAR_MATCH))
    return np.where(alone[:, None], median, shifts)
