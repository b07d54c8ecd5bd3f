"""How marks look: one pen and hand over a row of slips, and slips whose marks repeat each other."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.trust.unit_months import SeenSlip

Floats = NDArray[np.float64]

WINDOWS: Final = (5, 8, 12, 20, 32)  # slips in a row that are compared with each other
_AT_ONCE: Final = 200_000  # slips shuffled together: 15 MB of looks
_MOST: Final = 20_000  # orders: the smallest chance that can be told is 1 in 20,001
_MOST_SLIPS: Final = 40_000_000  # shuffled in all: of a unit of 20,000 slips 2,000 orders, in a minute
_ENOUGH: Final = 10  # orders as striking as the real one, after which it is not striking

# Marks that two slips must share to be compared, and the freely varying numbers that a mark
# is taken to have: its 9 features move together. Held by bench/trust/signals.py on drawn marks.
LEAST_MARKS: Final = 6
FREE_PER_MARK: Final = 2
_MOST_ALIKE: Final = 3000  # slips with equal answers compared pair by pair
_STRIKING: Final = 3.0  # standard deviations: less never matters among many pairs


@dataclass(frozen=True, slots=True)
class Alike:
    """Slips that look alike, by their place in the sequence, with the chance of ones so alike."""

    places: tuple[int, ...]
    likeness: float
    chance: float


def one_hand(slips: Sequence[SeenSlip], rng: np.random.Generator) -> Alike | None:
    """Find the row of slips whose marks are most alike, against all orders of the same slips.

    The order is shuffled within a print run and batch, so that another scanner setting is no
    signal. Shuffling stops as soon as the row is plainly not striking (Besag and Clifford 1991).
    `likeness` is the spread of looks in the row over that of all slips: 0 is one stamp.
    """
    places = [at for at, slip in enumerate(slips) if slip.strokes is not None]
    windows = [w for w in WINDOWS if 2 * w <= len(places)]
    if not windows:
        return None
    looks = _looks([slips[at] for at in places])
    _, groups = np.unique([f"{slips[at].run} {slips[at].batch}" for at in places], return_inverse=True)
    looks = looks[np.argsort(groups, kind="stable")]
    places = [places[at] for at in np.argsort(groups, kind="stable")]
    groups = np.sort(groups)
    at_once = max(2, min(100, _AT_ONCE // len(places)))
    most = min(_MOST, _MOST_SLIPS // len(places))
    spreads = [_spread(_shuffled(looks, groups, at_once, rng), w) for w in windows]
    usual = [(float(s.mean()), float(s.std()) or 1.0) for s in spreads]

    def striking(orders: Floats) -> Floats:
        least = [(_spread(orders, w).min(axis=1) - m) / s for w, (m, s) in zip(windows, usual, strict=True)]
        return np.asarray(np.min(least, axis=0), np.float64)

    real = float(striking(looks[None])[0])
    shuffled = found = 0
    while shuffled < most and found < _ENOUGH:
        found += int((striking(_shuffled(looks, groups, at_once, rng)) <= real).sum())
        shuffled += at_once
    own = [_spread(looks[None], w)[0] for w in windows]
    best = min(range(len(windows)), key=lambda i: (own[i].min() - usual[i][0]) / usual[i][1])
    start = int(own[best].argmin())
    alike = math.exp(float(own[best][start]) / 2)
    return Alike(tuple(places[start : start + windows[best]]), alike, (found + 1) / (shuffled + 1))


def _looks(slips: Sequence[SeenSlip]) -> Floats:
    """Return how each slip's marks look, (slips, features), each feature with spread 1."""
    looks = np.array([marks.mean(axis=0) for marks in _beyond_boxes(slips)])
    spread = looks.std(axis=0)
    return np.asarray((looks - looks.mean(axis=0)) / np.where(spread > 0, spread, 1.0), np.float64)


def _beyond_boxes(slips: Sequence[SeenSlip]) -> list[Floats]:
    """Return the marks of each slip, less what all marks in the same printed box have in common."""
    of_box: defaultdict[tuple[str, tuple[str, str]], list[NDArray[np.float32]]] = defaultdict(list)
    for slip in slips:
        if slip.strokes is not None:
            for box, mark in zip(slip.boxes, slip.strokes, strict=True):
                of_box[slip.run, box].append(mark)
    usual = {key: np.mean(marks, axis=0) for key, marks in of_box.items()}
    return [
        np.array([m - usual[slip.run, b] for b, m in zip(slip.boxes, slip.strokes, strict=True)], np.float64)
        for slip in slips
        if slip.strokes is not None
    ]


def _shuffled(looks: Floats, groups: NDArray[np.intp], orders: int, rng: np.random.Generator) -> Floats:
    # Sorting random numbers within their group gives a random order within each group.
    keys = rng.random((orders, len(looks))) + groups
    return looks[np.argsort(keys, axis=1)]


def _spread(orders: Floats, window: int) -> Floats:
    """Return the log of the mean variance of looks within each window, (orders, windows)."""
    sums = np.cumsum(np.pad(orders, ((0, 0), (1, 0), (0, 0))), axis=1)
    squares = np.cumsum(np.pad((orders**2).sum(axis=2), ((0, 0), (1, 0))), axis=1)
    total = sums[:, window:] - sums[:, :-window]
    square = squares[:, window:] - squares[:, :-window]
    scatter = (square - (total**2).sum(axis=2) / window) / ((window - 1) * orders.shape[2])
    return np.asarray(np.log(np.maximum(scatter, 1e-9)), np.float64)


def copies(slips: Sequence[SeenSlip]) -> Alike | None:
    """Find the slips whose marks repeat each other's, mark by mark, beyond what a hand can.

    Compared are slips with marks in the same boxes. What the box and what the slip's own pen
    and hand explain is taken away: what is left varies from mark to mark, and is only equal
    on two papers if one is a picture of the other. Null model: it is independent.
    """
    marked = [at for at, slip in enumerate(slips) if len(slip.boxes) >= LEAST_MARKS]
    if len(marked) < 3:
        return None
    rests = _rests([slips[at] for at in marked])
    alike: defaultdict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = defaultdict(list)
    for place, at in enumerate(marked):
        alike[slips[at].run, slips[at].boxes].append(place)
    pairs: list[tuple[float, int, int]] = []
    compared = 0
    for (_, boxes), members in alike.items():
        members = members[:_MOST_ALIKE]
        compared += math.comb(len(members), 2)
        if len(members) < 2:
            continue
        flat = np.array([rests[place].ravel() for place in members])
        lengths = np.linalg.norm(flat, axis=1, keepdims=True)
        flat /= np.where(lengths > 0, lengths, 1.0)
        likeness = np.clip(flat @ flat.T, -1 + 1e-9, 1 - 1e-9)
        z = np.arctanh(likeness) * math.sqrt(FREE_PER_MARK * (len(boxes) - 1) - 3)
        for i, j in np.argwhere(np.triu(z > _STRIKING, 1)).tolist():
            pairs.append((float(z[i, j]), marked[members[i]], marked[members[j]]))
    if not compared:
        return None
    return _copied(pairs, compared)


def _rests(slips: Sequence[SeenSlip]) -> list[Floats]:
    marks = [own - own.mean(axis=0) for own in _beyond_boxes(slips)]
    spread = np.concatenate(marks).std(axis=0)
    return [own / np.where(spread > 0, spread, 1.0) for own in marks]


def _copied(pairs: Sequence[tuple[float, int, int]], compared: int) -> Alike:
    chance = {pair: min(1.0, compared * math.erfc(pair[0] / math.sqrt(2)) / 2) for pair in pairs}
    if not chance:
        return Alike((), 0.0, 1.0)
    best = max(pairs)
    level = max(0.01, chance[best])
    places = sorted({at for pair in pairs if chance[pair] <= level for at in pair[1:]})
    return Alike(tuple(places), best[0], chance[best])
