"""How likely is ink over a box a plain mark of this person's? Boosted trees over a few named numbers.

Words, loops, passing lines and marks of other rows have ink in a box, too. No single number tells them from
marks: a hand that strikes long slashes leaves more ink outside than a word does. Together, and against the
same person's other marks, they do. The trees were grown on real marks and on things that are no marks
(`bench/ink/likeness.py`); what they are worth on hands they were not grown on is in docs/marks.md.
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
)
SHORT_MM: Final = 2.0  # what is shorter lies as far off as something this long
LITTLE: Final = 0.02  # added to both sides of a ratio
FILE: Final = "plain-marks.json"  # among the calibrations


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Boosted trees: each asks one number after the other, what they say at their ends is added up."""

    base: float
    asks: NDArray[np.intp]  # (T, K): which evidence a node asks; -1 at an end
    upto: Floats  # (T, K): the limit up to which it goes on at `low`
    low: NDArray[np.intp]  # (T, K)
    high: NDArray[np.intp]  # (T, K)
    says: Floats  # (T, K): at an end

    def chance(self, evidence: Floats) -> Floats:
        """Return the chance of a plain mark in each box, (N,), from evidence (N, E); NaN where any is NaN."""
        count, trees = len(evidence), len(self.asks)
        tree, box = np.arange(trees)[None], np.arange(count)[:, None]
        at = np.zeros((count, trees), np.intp)
        while (going := (asked := self.asks[tree, at]) >= 0).any():
            lower = evidence[box, np.maximum(asked, 0)] <= self.upto[tree, at]
            at = np.where(going, np.where(lower, self.low[tree, at], self.high[tree, at]), at)
        total = self.base + self.says[tree, at].sum(axis=1)
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
    trees = found["trees"]
    shape = len(trees), max(map(len, trees))
    asks, low, high = (np.full(shape, -1, np.intp) for _ in range(3))
    upto, says = np.zeros(shape), np.zeros(shape)
    for t, tree in enumerate(trees):
        for k, node in enumerate(tree):
            if len(node) == 1:
                says[t, k] = node[0]
            else:
                asks[t, k], upto[t, k], low[t, k], high[t, k] = node
    return Likeness(found["base"], asks, upto, low, high, says)


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
        **{name: column[name] for name in ("off", "crossed", "share", "flat", "ring")},
        **{f"{name}_more": more(name) for name in ("crossed", "share", "solid", "runs", "spread")},
        **{f"{name}_times": times(name) for name in ("long", "gain", "dark", "peak")},
    }
    return np.stack([values[name] for name in EVIDENCE], axis=1)
