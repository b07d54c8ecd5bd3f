"""How likely is ink over a box a plain mark of this person's? Boosted trees over a few named numbers.

Words, loops, passing lines and marks of other rows have ink in a box, too. No single number tells them from
marks: a hand that strikes long slashes leaves more ink outside than a word does. Together, and against the
same person's other marks, they do. The trees were grown on real marks and on things that are no marks
(`bench/ink/likeness.py`); what they are worth on hands they were not grown on is in docs/marks-measured.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.workspace import shipped

Floats = NDArray[np.float64]

# What the trees look at. "more" and "times" are against the median of this person's other marks.
EVIDENCE: Final = (
    "off_of_length",  # how far off the box's middle it lies, of its own length
    "off",
    "crossed_more",  # strokes met on a way across the row
    "crossed",
    "share",  # of its ink that lies in and on the box
    "share_more",
    "long_times",
    "flat",
    "gain_times",
    "dark_times",
    "peak_times",
    "solid_more",
    "runs_more",
    "spread_more",
    "ring",
    "ways",  # share of it that runs in its two main directions
    "ways_more",
    "tangle",  # its area over its length
    "tangle_times",
)
LATER: Final = EVIDENCE[15:]  # what was not measured from the first: the trees know slips without it, too
UNKNOWN: Final = 99.0  # stands for it there: more than any
SHORT_MM: Final = 2.0  # what is shorter lies as far off as something this long
LITTLE: Final = 0.02  # added to both sides of a ratio
FILE: Final = "plain-marks.json"  # among the calibrations
MOST_ENDS: Final = 64  # of a tree: each is a bit
ALL: Final = np.uint64(2**MOST_ENDS - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Boosted trees: each asks one number after the other, what they say at their ends is added up.

    All questions of all trees are asked at once. An answer rules out some of its tree's ends; the first
    from the left that is left is where the tree would have led (QuickScorer, Lucchese et al. 2015).
    """

    base: float
    asks: NDArray[np.intp]  # (M,): which evidence each question looks at, tree by tree
    upto: Floats  # (M,): the limit; what is more, or NaN, leads to the right
    left: NDArray[np.uint64]  # (M,): a bit for each end that is left where it is more, the lowest leftmost
    first: NDArray[np.intp]  # (T,): of each tree's questions
    says: Floats  # (T, K): at its ends, from the left

    def chance(self, evidence: Floats) -> Floats:
        """Return the chance of a plain mark in each box, (N,), from evidence (N, E).

        NaN where any is NaN of what was measured from the first.
        """
        left = np.where(evidence[:, self.asks] <= self.upto, ALL, self.left)
        ends = np.bitwise_and.reduceat(left, self.first, axis=1)
        end = np.bitwise_count((ends - np.uint64(1)) & ~ends)  # how many are ruled out before the first
        total = self.base + self.says[np.arange(len(self.first)), end].sum(axis=1)
        out = np.asarray(1 / (1 + np.exp(-total.clip(-40, 40))))
        out[np.isnan(evidence).any(axis=1)] = np.nan
        return out


@cache
def shipped_likeness() -> Likeness:
    """Return the trees that are shipped."""
    return from_json((shipped("calibration") / FILE).read_text("utf-8"))


def from_json(text: str) -> Likeness:
    """Read trees: each a list of nodes, [evidence, limit, low, high], or [what an end says]."""
    found = json.loads(text)
    if found["evidence"] != list(EVIDENCE):
        raise ValueError(f"trees ask for {found['evidence']}")
    questions: list[tuple[int, float, int]] = []
    first: list[int] = []
    says: list[list[float]] = []
    for tree in found["trees"]:
        asked, ends = _walked(tree)
        first.append(len(questions))
        questions += asked
        says.append(ends)
    asks, upto, left = zip(*questions, strict=True)
    most = max(map(len, says))
    return Likeness(
        found["base"],
        np.array(asks, np.intp),
        np.array(upto),
        np.array(left, np.uint64),
        np.array(first, np.intp),
        np.array([ends + [0.0] * (most - len(ends)) for ends in says]),
    )


def _walked(tree: list[list[float]]) -> tuple[list[tuple[int, float, int]], list[float]]:
    """Return a tree's questions, each with the ends that are left beyond its limit, and what its ends say."""
    questions: list[tuple[int, float, int]] = []
    ends: list[float] = []

    def walk(node: list[float]) -> None:
        if len(node) == 1:
            ends.append(node[0])
            return
        begun = len(ends)
        walk(tree[int(node[2])])
        lower = (1 << len(ends)) - (1 << begun)
        questions.append((int(node[0]), node[1], int(ALL) & ~lower))
        walk(tree[int(node[3])])

    walk(tree[0])
    if len(ends) > MOST_ENDS:
        raise ValueError(f"a tree has {len(ends)} ends")
    return questions or [(0, np.inf, int(ALL))], ends


def evidence(column: Mapping[str, Floats], usual: Callable[[Floats], Floats]) -> Floats:
    """Return what the trees look at, (N, E).

    Parameters
    ----------
    column : mapping of str to (N,) float64 ndarray
        What was measured in the boxes of a page.
    usual : callable
        Gives what is usual among this person's other marks, for each box.
    """

    def more(name: str) -> Floats:
        return column[name] - usual(column[name])

    def times(name: str) -> Floats:
        values = np.maximum(column[name], 0)
        return np.log((values + LITTLE) / (usual(values) + LITTLE))

    values = {
        "off_of_length": column["off"] / np.maximum(column["long"], SHORT_MM),
        **{name: column[name] for name in ("off", "crossed", "share", "flat", "ring", "ways", "tangle")},
        **{f"{name}_more": more(name) for name in ("crossed", "share", "solid", "runs", "spread", "ways")},
        **{f"{name}_times": times(name) for name in ("long", "gain", "dark", "peak", "tangle")},
    }
    for name in LATER:
        values[name] = np.where(np.isnan(values[name]), UNKNOWN, values[name])
    return np.stack([values[name] for name in EVIDENCE], axis=1)
