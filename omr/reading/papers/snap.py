"""Where the boxes are: near their stated places, by the outline the page's emptier boxes share.

A box that is hidden by a mark goes with its neighbours: paper moves as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.patches import MARGIN, SIDE, Floats, Patches, Picture, at_rank, median, sums

GOOD_MATCH: Final = 0.55  # correlation from which an outline counts as found
CLEAR_MATCH: Final = 0.75  # correlation from which it is found whatever the neighbours did
_MIDDLE: Final = np.pad(np.ones((SIDE, SIDE), np.bool_), MARGIN)  # the box in its patch


def halved(patches: Patches) -> Patches:
    """Return patches of half the size, area averaged: what the search runs on."""
    n, height, width = patches.shape
    tall = np.ascontiguousarray(patches).reshape(n * height, width)
    small = cv2.resize(tall, (width // 2, n * height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).reshape(n, height // 2, width // 2)


def median_picture(pictures: Patches) -> Picture:
    """Return the median of each pixel, (H, W), rounded down."""
    values, n = pictures.reshape(len(pictures), -1), len(pictures)
    middle = at_rank(values, (n - 1) // 2)
    if n % 2 == 0:
        # The next in order is the same once more, or the least of those that are higher.
        higher = values > middle
        again = n - np.count_nonzero(higher, axis=0) > n // 2
        next_ = np.where(higher, values, np.uint8(255)).min(axis=0)
        next_ = np.where(again, middle, next_)
        middle = ((middle.astype(np.uint16) + next_) // 2).astype(np.uint8)
    return np.asarray(middle.reshape(pictures.shape[1:]))


def emptier(patches: Patches, groups: Sequence[str]) -> NDArray[np.intp]:
    """Return the boxes that are likely empty, least ink first: two thirds of each question's.

    Where one of two options is marked on every line, half of all boxes hold a mark, and a
    thin mark beside a thin letter has less ink than a fat letter: within its question the
    marked box stands out all the same. Of boxes of no question the emptier half is taken.
    """
    order = np.argsort(sums(patches, _MIDDLE)[:, 0], kind="stable")
    if not any(groups):
        return order[: (len(order) + 1) // 2]
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
        self._reach = reach
        self._window, windows, self._far = _windows(pictures.shape[1], reach)
        # Whole numbers in 64 bits: no sum here is rounded, so that it is the same in whatever order, by
        # however many threads, a processor adds.
        self._flat = pictures.reshape(len(pictures), -1).astype(np.float64)
        total = self._flat @ windows.T
        energy = (self._flat * self._flat) @ windows.T - total * total / windows.sum(axis=1)
        self._scale = np.sqrt(np.maximum(energy, 1.0))

    def among(self, some: NDArray[np.intp]) -> _Search:
        """Return the search in some of the pictures."""
        search = copy(self)
        search._flat, search._scale = self._flat[some], self._scale[some]
        return search

    def scores(self, templates: Patches) -> NDArray[np.float32]:
        """Return how well each template fits each picture at each shift, (T, N, shifts)."""
        window = self._window.astype(np.float64)
        totals = (templates * window).sum(axis=(1, 2))
        # Less their mean, times the number of pixels: whole numbers again.
        centred = (templates * window.sum() - totals[:, None, None]) * window
        rows = _all_shifts(centred, self._reach)
        norms = np.sqrt(np.einsum("tsp,tsp->ts", rows, rows))
        found = self._flat @ rows.reshape(-1, rows.shape[2]).T
        scores = found.reshape(len(self._flat), *norms.shape).transpose(1, 0, 2)
        scores /= self._scale * np.maximum(norms, window.sum())[:, None]
        scores -= self._far
        return np.asarray(scores, np.float32)

    def peaks(self, scores: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Find where one template fits best.

        Parameters
        ----------
        scores : (N, shifts) float32 ndarray

        Returns
        -------
        shifts : (N, 2) float64 ndarray
            How far the picture lies right of and below the template, px.
        scores : (N,) float64 ndarray
            Normalised correlation there, in [-1, 1].
        """
        best = scores.argmax(axis=1)
        side = 2 * self._reach + 1
        whole = np.stack([best % side, best // side], axis=1) - self._reach
        at = whole + _between(scores, best, side)
        return at, scores[np.arange(len(best)), best].astype(np.float64)


@lru_cache(maxsize=8)
def _windows(size: int, reach: int) -> tuple[NDArray[np.float32], Floats, NDArray[np.float32]]:
    """Return the part of a template that counts, that at all shifts, and what each shift costs."""
    edge = size // 8  # the box and a quarter of a box around it
    window = np.zeros((size, size), np.float32)
    window[edge:-edge, edge:-edge] = 1.0
    down, across = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    # Equal scores (no outline at all): the smallest shift wins.
    far = 1e-4 * np.hypot(down, across).ravel() / max(reach, 1)
    return window, _all_shifts(window[None].astype(np.float64), reach)[0], far.astype(np.float32)


def _all_shifts(pictures: Floats, reach: int) -> Floats:
    """Return each picture moved by up to `reach` px, (T, shifts, pixels), those to the top left first."""
    count, size, _ = pictures.shape
    side, wide = 2 * reach + 1, size + 2 * reach
    padded = np.zeros((count, wide, wide))
    padded[:, reach : reach + size, reach : reach + size] = pictures
    picture, down, across = padded.strides
    # What `sliding_window_view` gives, which takes longer than the copy.
    views: Floats = np.ndarray(
        (count, side, side, size, size), np.float64, padded, 0, (picture, down, across, down, across)
    )
    return views[:, ::-1, ::-1].reshape(count, -1, size * size)


def _between(scores: NDArray[np.float32], best: NDArray[np.intp], side: int) -> Floats:
    """Return how far past the best whole shift the peak of the scores lies, (N, 2), each in [-0.5, 0.5]."""
    every, at = scores.ravel(), np.arange(len(best)) * scores.shape[1] + best
    out = np.zeros((len(best), 2))
    for axis, (place, step) in enumerate(((best % side, 1), (best // side, side))):
        inner = step * ((place > 0) & (place < side - 1))  # a peak at the end of the search has no other side
        before, peak, after = every[at - inner], every[at], every[at + inner]
        bend = before - 2 * peak + after
        steep = bend < -1e-6
        out[steep, axis] = (0.5 * (before - after)[steep] / bend[steep]).clip(-0.5, 0.5)
    return out


def snap(patches: Patches, empties: NDArray[np.intp], centres: Floats, reach: int) -> tuple[Floats, Floats]:
    """Find the boxes of one size around their stated places.

    Parameters
    ----------
    patches : (N, PATCH, PATCH) uint8 ndarray
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
    search = _Search(small, reach // 2)
    template = _common_picture(small, search, empties)
    (everywhere,) = search.scores(template[None])
    shifts, scores = search.peaks(everywhere)
    shifts *= 2
    return _with_neighbours(shifts, scores, centres), scores


def _common_picture(small: Patches, search: _Search, empties: NDArray[np.intp]) -> Picture:
    """Find the picture most empties agree on: the best example first, then the median of all laid on it."""
    sample = empties[:: max(1, len(empties) // 32)]
    examples = small[sample[:: max(1, len(sample) // 6)]]
    search = search.among(sample)
    fits = search.scores(examples)
    best = int(median(fits.max(axis=2), axis=1).argmax())
    if len(sample) < 3:
        return np.asarray(examples[best])
    shifts, scores = search.peaks(fits[best])
    # The example may itself be off its place: what counts is the typical place.
    by = np.rint(np.rint(median(shifts)) - shifts).astype(int)
    by = by[good := scores >= GOOD_MATCH]
    if len(by) < 3:
        return np.asarray(examples[best])
    most, size = int(np.abs(by).max()), small.shape[1]
    padded = np.zeros((len(by), size + 2 * most, size + 2 * most), np.uint8)
    padded[:, most : most + size, most : most + size] = small[sample[good]]
    moved = [
        picture[most - y : most - y + size, most - x : most - x + size]
        for picture, (x, y) in zip(padded, by.tolist(), strict=True)
    ]
    return median_picture(np.stack(moved))


def _with_neighbours(shifts: Floats, scores: Floats, centres: Floats) -> Floats:
    """Keep a shift its neighbours agree with; others take the neighbours' median."""
    sure = np.flatnonzero(scores >= GOOD_MATCH)
    if len(sure) < 3:
        return np.where((scores >= GOOD_MATCH)[:, None], shifts, 0.0)
    unclear = np.flatnonzero(scores < CLEAR_MATCH)
    distance = ((centres[unclear, None] - centres[sure]) ** 2).sum(axis=2)
    near = sure[np.argsort(distance, axis=1, kind="stable")[:, :9]]
    of_them = median(shifts[near], axis=1)
    apart = np.abs(shifts[unclear] - of_them).max(axis=1) > SIDE / 8
    alone = (scores[unclear] < GOOD_MATCH) | apart
    out = shifts.copy()
    out[unclear[alone]] = of_them[alone]
    return out
