"""What speaks for a mark: the measurements of a page's boxes -> one row of evidence per box.

Here the page is looked at as a whole. The marks of one person look alike, and so do the
empty boxes of one scan: how much ink is much depends on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.marks import F

Floats = NDArray[np.float64]

# What a box itself says. More ink never lowers one of these, so with weights that are not
# negative more ink is never less marked.
RISING: Final = ("gain", "ink", "core", "spread", "extent")
# What its surroundings say: the page's noise and the marks beside it.
CONTEXT: Final = ("missing", "noise", "page_marks", "rival")
EVIDENCE: Final = RISING + CONTEXT

FLOOR: Final = 0.03  # ink from which people see a mark


def _log(values: Floats) -> Floats:
    """Compress shares of ink: from 0.03 to 0.1 is as far as from 0.2 to 0.6."""
    return np.asarray(np.log1p(np.maximum(values, 0.0) / FLOOR))


def gather(features: Floats, groups: Sequence[str]) -> Floats:
    """Return the evidence of each box.

    Parameters
    ----------
    features : (N, F) float64 ndarray
        All boxes of one page, as `marks.measure` gives them.
    groups : sequence of str
        Question of each box; boxes with an empty name belong to no question.

    Returns
    -------
    (N, E) float64 ndarray
        In the order of `EVIDENCE`.
    """
    column = {name: features[:, i] for name, i in F.items()}
    gain = _log(column["gain"])
    usable = column["usable"] > 0
    still = noise(column["gain"], groups, usable)
    rows = np.zeros((len(features), len(EVIDENCE)))
    values = {
        "gain": gain,
        "ink": _log(column["ink"]),
        "core": _log(column["core"]),
        "spread": column["spread"],
        "extent": np.maximum(column["width"], column["height"]),
        "missing": column["missing"],
        "noise": np.full(len(features), float(_log(np.array(still)))),
        "page_marks": typical_mark(gain, usable),
        "rival": rivals(gain, groups),
    }
    for i, name in enumerate(EVIDENCE):
        rows[:, i] = values[name]
    return rows


def noise(gain: Floats, groups: Sequence[str], usable: NDArray[np.bool_]) -> float:
    """Return how much ink the page's empty boxes show: nine tenths of each question's emptier half less.

    At most 0.1: more is no noise but a page of marks.
    """
    members: dict[str, list[int]] = {}
    for i in np.flatnonzero(usable).tolist():
        members.setdefault(groups[i], []).append(i)
    low = [g for indices in members.values() for g in sorted(gain[indices].tolist())[: len(indices) // 2]]
    return min(max(float(np.percentile(low, 90)), 0.0), 0.1) if low else 0.0


def typical_mark(gain: Floats, usable: NDArray[np.bool_]) -> Floats:
    """How strong the page's other marks are, (N,): the median of what is clearly more than blank.

    Where no other box is clearly marked it is the strength of a thin cross.
    """
    clear = usable & (gain > _log(np.array(0.15)))
    out = np.full(len(gain), _log(np.array(0.25)))
    order = np.sort(gain[clear])
    for i in range(len(gain)):
        others = np.delete(order, np.searchsorted(order, gain[i])) if clear[i] else order
        if len(others):
            out[i] = np.median(others)
    return out


def rivals(gain: Floats, groups: Sequence[str]) -> Floats:
    """Find the strongest other box of each box's question, (N,); 0 without one."""
    out = np.zeros(len(gain))
    members: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        if group:
            members.setdefault(group, []).append(i)
    for indices in members.values():
        for i in indices:
            out[i] = max((gain[j] for j in indices if j != i), default=0.0)
    return out
