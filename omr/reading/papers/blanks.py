"""What each box looks like when nobody wrote in it, learned from the page itself.

Print repeats, handwriting does not: what a box shares with other boxes of the page is its
printed outline and letter. Each box gets the mean of the empty boxes that look most like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.outline import Outline
from omr.reading.papers.patches import BLACK, Floats, Patches, capped, percentile, sums
from omr.reading.papers.snap import halved

MAX_PRINT: Final = 0.40  # share of a box's inside that printed letters can cover; more is a mark
NO_LETTER: Final = 0.06  # share that an empty box without a letter shows at most, dust and all
DUST: Final = 0.015  # how much that share differs from box to box: less than a dot of the pen
LETTER_NOISE: Final = 0.03  # how much the same letter's share differs from print to print
LETTER_RANGE: Final = 1.25  # ink of the fattest letter over that of nine tenths of the empty boxes
SAME_INK: Final = 0.02  # difference of ink inside between two empty boxes with the same letter
BLUR: Final = round(0.15 * BLACK)  # steps of ink that a pixel at the edge of the same print can differ by
EXCESS: Final = 0.5  # what ink beyond a blank costs against print that is missing: ink may be a mark
TWINS: Final = 3  # nearest empty boxes whose mean is the blank of a box
MAX_CANDIDATES: Final = 80  # more empties add time, not knowledge

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """The blank of every box."""

    pictures: Patches  # (N, PATCH, PATCH)
    most: Floats  # (N,) ink inside beyond which it is not print, whatever the picture says
    support: Floats  # (N,) how many empty boxes vouch for it


def references(patches: Patches, empties: Indices, groups: Sequence[str], kind: Outline) -> References:
    """Give each box its own blank.

    Parameters
    ----------
    patches : (N, PATCH, PATCH) uint8 ndarray
        Ink density of boxes of one size, laid on each other.
    empties : (M,) int ndarray
        Boxes that are likely empty. Others with the same letter join them.
    groups : sequence of str
        Question of each box: the same place in two questions has the same letter, as a rule.
    kind : Outline
        What the boxes look like.

    A box never vouches for itself.
    """
    n = len(patches)
    window = kind.shape[::2, ::2] & kind.shape[1::2, 1::2]
    looks = capped(patches)
    ink = sums(looks, kind.inside)[:, 0] / (BLACK * max(int(kind.inside.sum()), 1))
    apart = _Apart(halved(looks)[:, window])
    most = _most_print(apart, ink, empties, groups)
    pool = _thinned(empties[ink[empties] <= most[empties]])
    pool = _with_twins(apart, pool, np.flatnonzero(ink <= most))
    pool = pool[_unmarked(apart, pool, ink[pool])]
    if not len(pool):
        return References(np.zeros_like(patches), most, np.zeros(n))
    differences = apart.between(np.arange(n), pool)
    nearest = np.argsort(differences, axis=1, kind="stable")[:, :TWINS]
    in_pool = np.zeros(n, np.bool_)
    in_pool[pool] = True
    support = (len(pool) - in_pool).astype(np.float64)
    pictures = np.zeros_like(patches)
    for twins in range(1, nearest.shape[1] + 1):
        # A pool of a few boxes has a twin less for those that are in it.
        which = np.minimum(support, TWINS) == twins
        if which.any():
            pictures[which] = _mean(patches, pool[nearest[which, :twins]])
    return References(pictures, most, support)


def _mean(patches: Patches, twins: Indices) -> Patches:
    """Return the mean of some patches for each box, (N, PATCH, PATCH), from which ones, (N, twins)."""
    wider = patches.astype(np.uint16)
    total = wider[twins[:, 0]]
    for which in twins[:, 1:].T:
        total += wider[which]
    total += twins.shape[1] // 2  # rounded, halves up
    total //= twins.shape[1]
    return total.astype(np.uint8)


def _most_print(apart: _Apart, ink: Floats, empties: Indices, groups: Sequence[str]) -> Floats:
    """Return how much ink inside each box can be its letter, (N,), from that of the likely empty boxes.

    Empty boxes without letters are alike; so are those with the same letter, and where the
    same place in every question has the same letter, each place is held to its own. Else
    letters differ in ink, but not as much as a letter and a mark over it.
    """
    if not len(empties):
        return np.zeros(len(ink))
    low, middle = percentile(ink[empties], 20), percentile(ink[empties], 60)
    if middle <= NO_LETTER:
        return np.full(len(ink), low + DUST)
    place = _places(groups)
    names = np.unique(place[empties])
    if len(names) > 1 and _letters_by_place(apart, empties, place[empties]):
        out = np.zeros(len(ink))
        for name in np.unique(place):
            # Some boxes in each place are empty, whoever filled in the slip.
            here = place == name
            out[here] = percentile(ink[here], 15) + LETTER_NOISE
    else:
        out = np.full(len(ink), LETTER_RANGE * percentile(ink[empties], 90) + 0.02)
    return np.minimum(out, MAX_PRINT)


def _places(groups: Sequence[str]) -> Indices:
    """Return the place of each box within its question, (N,); boxes of no question have place 0."""
    seen: dict[str, int] = {}
    out = np.zeros(len(groups), np.intp)
    for i, group in enumerate(groups):
        if group:
            out[i] = seen.get(group, 0)
            seen[group] = int(out[i]) + 1
    return out


def _letters_by_place(apart: _Apart, empties: Indices, place: Indices) -> bool:
    """Tell whether the box that looks most like another one has the same place in its question."""
    empties, place_of = _thinned(empties), _thinned(place)
    nearest = apart.between(empties, empties).argmin(axis=1)
    alike = float((place_of[nearest] == place_of).mean())
    by_chance = 1.0 / len(np.unique(place))
    return alike >= (1.0 + by_chance) / 2


def _with_twins(apart: _Apart, pool: Indices, plausible: Indices) -> Indices:
    """Add the plausible boxes that look just like another one: fat letters the pool may lack."""
    others = _thinned(plausible[(plausible[:, None] != pool).all(axis=1)])
    if len(pool) < 3 or not len(others):
        return pool
    # How much two empty boxes differ on this page is the scanner's noise.
    noise = percentile(apart.between(pool, pool).min(axis=1), 90)
    nearest = apart.between(others, np.concatenate([pool, others])).min(axis=1)
    limit = min(max(1.5 * noise, 0.015), 0.05)
    return np.concatenate([pool, others[nearest <= limit]])


def _unmarked(apart: _Apart, pool: Indices, ink: Floats) -> NDArray[np.bool_]:
    """Tell which candidates hold no more ink than their likes, (M,).

    Where every second box is marked with a thin line, some of the emptier half are marked:
    they show it beside boxes with the same letter.
    """
    if len(pool) < 4:
        return np.ones(len(pool), np.bool_)
    differences = apart.between(pool, pool)
    nearest = np.argsort(differences, axis=1, kind="stable")[:, :5]
    distance = np.take_along_axis(differences, nearest, axis=1)
    # Another letter is no like, unless nothing nearer is there.
    likes = np.where(distance <= 2.0 * distance[:, :1] + 1e-6, ink[nearest], np.inf)
    second = np.sort(likes, axis=1)[:, 1]  # the first may be a chance
    return np.asarray(ink <= second + SAME_INK)


def _thinned(indices: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most `MAX_CANDIDATES` of the indices, evenly spread."""
    return indices[:: -(-len(indices) // MAX_CANDIDATES)] if len(indices) else indices


class _Apart:
    """How badly the blank of one box explains the look of another: missing print costs most.

    Each box is compared with all others when it is first asked for, and only then.
    """

    def __init__(self, looks: NDArray[np.uint8]) -> None:
        self._looks = looks  # (N, pixels), at most BLACK
        self._wider = looks + np.uint8(BLUR)
        self._total = looks.sum(axis=1, dtype=np.int64)
        self._total_wider = self._total + BLUR * looks.shape[1]
        self._column: dict[int, int] = {}
        self._from = np.empty((len(looks), 0))

    def between(self, looks: Indices, blanks: Indices) -> Floats:
        """Return the mean differences, (N, M); infinite between a box and itself."""
        new = [blank for blank in blanks.tolist() if blank not in self._column]
        if new:
            self._column |= {blank: len(self._column) + k for k, blank in enumerate(new)}
            self._from = np.concatenate([self._from, self._all_from(np.array(new))], axis=1)
        columns = np.array([self._column[blank] for blank in blanks.tolist()], np.intp)
        return np.asarray(self._from[looks[:, None], columns])

    def _all_from(self, blanks: Indices) -> Floats:
        """Return the differences of all boxes from some, (N, M).

        What one picture has more than another is half of what their sums and what all their
        pixels differ by: sum(max(a - b, 0)) = (sum(a) - sum(b) + sum(abs(a - b))) / 2.
        """
        beyond = self._total[:, None] - self._total_wider[blanks]
        beyond += _city_block(self._looks, self._wider[blanks])
        missing = self._total[blanks] - self._total_wider[:, None]
        missing += _city_block(self._wider, self._looks[blanks])
        cost = (EXCESS * beyond + missing) / (2 * BLACK * max(self._looks.shape[1], 1))
        cost[blanks, np.arange(len(blanks))] = np.inf
        return np.asarray(cost, np.float64)


def _city_block(some: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the sum of absolute differences of every pair of rows, (N, M)."""
    if not some.size or not others.size:
        return np.zeros((len(some), len(others)), np.int32)
    # With as many neighbours as there are others, each comes with its distance, nearest first.
    distances, order = cv2.batchDistance(some, others, cv2.CV_32S, normType=cv2.NORM_L1, K=len(others))
    out = np.empty((len(some), len(others)), np.int32)
    out[np.arange(len(some))[:, None], order] = distances
    return out
