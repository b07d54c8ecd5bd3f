"""What speaks for a mark: the measurements of a page's boxes -> one row of evidence per box.

Here the page is looked at as a whole. The marks of one person look alike, and so do the
empty boxes of one scan: how much ink is much depends on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.marks.measure import F

Floats = NDArray[np.float64]

# What a box itself says. With weights that are not negative, more of it is never less marked.
RISING: Final = ("gain", "core", "spread", "darkness")
# What its surroundings say: the marks of the other questions, and the other boxes of its own.
# With weights that are not positive, a box among firm marks has to be firmer itself.
CONTEXT: Final = ("page_marks", "rival")
EVIDENCE: Final = RISING + CONTEXT

FLOOR: Final = 0.03  # ink from which people see a mark
PRESENT: Final = 0.045  # gain: a short thin dash; the strongest box of a question with less is empty
OVER_NOISE: Final = 2.5  # times the ink of the page's empty boxes, which a mark has at least
THIN_CROSS: Final = 0.25  # gain of a ballpoint's cross: the usual mark where nothing else is known
PRINT: Final = 1.0  # darkness of a firm pen, that of print
# A page where all is weaker or fainter than this shows folds or a streak, or is for a person to read.
LEAST_USUAL: Final = 0.08  # gain of dashes by a ballpoint
LEAST_DARK: Final = 0.6  # darkness of a pencil; folds have 0.4


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
    gain, usable = column["gain"], column["usable"] > 0
    strongest = strongest_boxes(gain, groups, usable)
    usual_dark = usual(column["dark"], groups, strongest, PRINT)
    values = {
        "gain": _log(gain),
        "core": _log(column["core"]),
        "spread": column["spread"],
        # Shadows, folds and smudges are fainter than this person's pen.
        "darkness": np.minimum(column["dark"] / np.maximum(usual_dark, LEAST_DARK), 1.0),
        "page_marks": _log(np.maximum(usual(gain, groups, strongest, THIN_CROSS), LEAST_USUAL)),
        "rival": rivals(_log(gain), groups),
    }
    return np.stack([values[name] for name in EVIDENCE], axis=1)


def strongest_boxes(gain: Floats, groups: Sequence[str], usable: NDArray[np.bool_]) -> dict[str | int, int]:
    """Find the strongest box of each question, where it holds more than the page's noise.

    A box without a question is one of its own, under its number.
    """
    least = max(PRESENT, OVER_NOISE * noise(gain, groups, usable))
    strongest: dict[str | int, int] = {}
    for i in np.flatnonzero(usable & (gain >= least)).tolist():
        question = groups[i] or i
        if question not in strongest or gain[i] > gain[strongest[question]]:
            strongest[question] = i
    return strongest


def usual(values: Floats, groups: Sequence[str], strongest: dict[str | int, int], unknown: float) -> Floats:
    """Return what the marks of the other questions have, (N,): the median of their strongest boxes.

    One mark is always known, `unknown`: a single mark on a page says little about the next.
    """
    known = {question: float(values[i]) for question, i in strongest.items()}
    everything = sorted([unknown, *known.values()])
    middle = _median(everything)
    medians: dict[str | int, float] = {}
    for question, value in known.items():
        others = everything.copy()
        others.remove(value)
        medians[question] = _median(others)
    return np.array([medians.get(group or i, middle) for i, group in enumerate(groups)])


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def noise(gain: Floats, groups: Sequence[str], usable: NDArray[np.bool_]) -> float:
    """Return how much ink the page's empty boxes show: nine tenths of each question's emptier half less.

    At most 0.1: more is no noise but a page of marks.
    """
    members: dict[str, list[int]] = {}
    for i in np.flatnonzero(usable).tolist():
        members.setdefault(groups[i], []).append(i)
    low = [g for indices in members.values() for g in sorted(gain[indices].tolist())[: len(indices) // 2]]
    return min(max(float(np.percentile(low, 90)), 0.0), 0.1) if low else 0.0


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
