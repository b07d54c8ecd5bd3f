"""What each box looks like when nobody wrote in it, learned from the page itself.

Print repeats, handwriting does not: what a box shares with other boxes of the page is its
printed outline and letter. Each box gets the mean of the empty boxes that look most like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.outline import Outline
from omr.reading.patches import Floats, Patches, Picture
from omr.reading.snap import halved

MAX_PRINT: Final = 0.40  # share of a box's inside that printed letters can cover; more is a mark
NO_LETTER: Final = 0.06  # share that an empty box without a letter shows at most, dust and all
DUST: Final = 0.015  # how much that share differs from box to box: less than a dot of the pen
LETTER_NOISE: Final = 0.03  # how much the same letter's share differs from print to print
LETTER_RANGE: Final = 1.25  # ink of the fattest letter over that of nine tenths of the empty boxes
SAME_INK: Final = 0.02  # difference of ink inside between two empty boxes with the same letter
BLUR: Final = 0.15  # darkness of a pixel that the edge of the same print can differ by
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
    patches : (N, PATCH, PATCH) float32 ndarray
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
    looks = halved(np.minimum(patches, 1.0))[:, window]  # (N, pixels)
    ink = np.minimum(patches, 1.0)[:, kind.inside].mean(axis=1).astype(np.float64)
    apart = _Apart(looks)
    most = _most_print(apart, ink, empties, groups)
    pool = _thinned(empties[ink[empties] <= most[empties]])
    pool = _with_twins(apart, pool, np.flatnonzero(ink <= most), pixels=looks.shape[1])
    pool = pool[_unmarked(apart, pool, ink[pool])]
    if not len(pool):
        return References(np.zeros_like(patches), most, np.zeros(n))
    differences = apart.between(np.arange(n), pool)
    count = min(TWINS, len(pool))
    nearest = np.argsort(differences, axis=1, kind="stable")[:, :count]
    usable = np.isfinite(np.take_along_axis(differences, nearest, axis=1))
    weights = (usable / np.maximum(usable.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    pictures = np.zeros_like(patches)
    for k in range(count):
        pictures += weights[:, k, None, None] * patches[pool[nearest[:, k]]]
    return References(pictures, most, len(pool) - np.isin(np.arange(n), pool).astype(np.float64))


def _most_print(apart: _Apart, ink: Floats, empties: Indices, groups: Sequence[str]) -> Floats:
    """Return how much ink inside each box can be its letter, (N,), from that of the likely empty boxes.

    Empty boxes without letters are alike; so are those with the same letter, and where the
    same place in every question has the same letter, each place is held to its own. Else
    letters differ in ink, but not as much as a letter and a mark over it.
    """
    if not len(empties):
        return np.zeros(len(ink))
    low, middle = np.percentile(ink[empties], [20, 60])
    if middle <= NO_LETTER:
        return np.full(len(ink), low + DUST)
    place = _places(groups)
    names = np.unique(place[empties])
    if len(names) > 1 and _letters_by_place(apart, empties, place[empties]):
        out = np.zeros(len(ink))
        for name in np.unique(place):
            # Some boxes in each place are empty, whoever filled in the slip.
            here = place == name
            out[here] = np.percentile(ink[here], 15) + LETTER_NOISE
    else:
        out = np.full(len(ink), LETTER_RANGE * float(np.percentile(ink[empties], 90)) + 0.02)
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


def _with_twins(apart: _Apart, pool: Indices, plausible: Indices, pixels: int) -> Indices:
    """Add the plausible boxes that look just like another one: fat letters the pool may lack."""
    others = _thinned(np.setdiff1d(plausible, pool))
    if len(pool) < 3 or not len(others):
        return pool
    # How much two empty boxes differ on this page is the scanner's noise.
    noise = float(np.percentile(apart.between(pool, pool).min(axis=1), 90)) / pixels
    nearest = apart.between(others, np.concatenate([pool, others])).min(axis=1)
    limit = min(max(1.5 * noise, 0.015), 0.05) * pixels
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

    def __init__(self, looks: Picture) -> None:
        self._looks = looks
        self._from: dict[int, Floats] = {}

    def between(self, looks: Indices, blanks: Indices) -> Floats:
        """Return the differences, (N, M); infinite between a box and itself."""
        return np.stack([self._all_from(blank)[looks] for blank in blanks.tolist()], axis=1)

    def _all_from(self, blank: int) -> Floats:
        if blank not in self._from:
            gap = self._looks - self._looks[blank]
            beyond, missing = np.maximum(gap - BLUR, 0.0), np.maximum(-gap - BLUR, 0.0)
            found = np.asarray((EXCESS * beyond + missing).sum(axis=1), np.float64)
            found[blank] = np.inf
            self._from[blank] = found
        return self._from[blank]
