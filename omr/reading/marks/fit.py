"""Labelled boxes -> a calibration with its error curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.marks.calibrate import Calibration, load_calibration
from omr.reading.marks.papers import EVIDENCE, FALLING, RISING, PaperModel, gather, judge
from omr.reading.marks.unknown import overruled
from omr.reading.papers.paper import F
from omr.words import BoxState

Floats = NDArray[np.float64]

RIDGE: Final = 1.0  # penalty on squared weights of standardised evidence
HOLLOW: Final = 0.015  # gain: no more than an empty box
FOLDS: Final = 5  # pages are parted into so many, each judged by what the others taught
# Chances of error from which a person looks: the points of the error curve.
RISKS: Final = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002)
STEPS: Final = 20_000
STILL: Final = 1e-7  # the largest change of a weight in a step at which the fit has settled

_STATES: Final = frozenset(state.value for state in BoxState) - {BoxState.DOUBTFUL.value}


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One measured page whose boxes are known."""

    source: str  # the set it comes from
    features: Floats  # (N, F)
    groups: tuple[str, ...]
    states: tuple[str, ...]  # blank, marked, cancelled; anything else teaches nothing
    classes: tuple[str, ...]  # how it was marked: the lines of the error curve
    weight: float = 1.0  # how much each box counts


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the error curve of one class of marks."""

    marks: str  # the class
    risk: float  # a person looks where the chance of error is larger
    boxes: int
    silent: int  # accepted and wrong
    reviewed: int


def fit(lessons: Sequence[Lesson], name: str, risk: float, provenance: dict[str, Any]) -> Calibration:
    """Fit a calibration of papers; its provenance is extended by the data and the error curve.

    What the shipped calibration says of slips stays. From `risk`, a chance of error, on a person looks.

    The curve is that of pages the weights were not fitted on.
    """
    parts = [lessons[fold::FOLDS] for fold in range(FOLDS)]
    points: list[Point] = []
    for fold, part in enumerate(parts):
        others = [lesson for k, rest in enumerate(parts) if k != fold for lesson in rest]
        if others and part:
            points += error_curve(part, learn(others, name, risk))
    sources = sorted({lesson.source for lesson in lessons})
    told = {
        "data": {
            source: _counts(lesson for lesson in lessons if lesson.source == source) for source in sources
        },
        "curve": [[p.marks, p.risk, p.boxes, p.silent, p.reviewed] for p in _together(points)],
    }
    return replace(learn(lessons, name, risk), provenance=provenance | told)


def error_curve(lessons: Iterable[Lesson], calibration: Calibration) -> list[Point]:
    """Judge known boxes at several limits."""
    points = []
    for lesson in lessons:
        for risk in RISKS:
            judged = judge(lesson.features, lesson.groups, asking_from(calibration.papers, risk))
            for kind in sorted(set(lesson.classes)):
                there = [
                    (state, judgement)
                    for state, judgement, marks in zip(lesson.states, judged, lesson.classes, strict=True)
                    if marks == kind and state in _STATES
                ]
                silent = sum(not judgement.review and judgement.state != state for state, judgement in there)
                reviewed = sum(judgement.review for _, judgement in there)
                points.append(Point(kind, risk, len(there), silent, reviewed))
    return _together(points)


def asking_from(model: PaperModel, risk: float) -> PaperModel:
    """Return a model by which a person looks from this chance of error on."""
    return replace(model, limits=replace(model.limits, blank_below=risk, marked_above=1 - risk))


def _together(points: Iterable[Point]) -> list[Point]:
    """Add up points of the same class and risk."""
    sums: dict[tuple[str, float], Point] = {}
    for p in points:
        old = sums.get((p.marks, p.risk), Point(p.marks, p.risk, 0, 0, 0))
        added = (old.boxes + p.boxes, old.silent + p.silent, old.reviewed + p.reviewed)
        sums[p.marks, p.risk] = Point(p.marks, p.risk, *added)
    return sorted(sums.values(), key=lambda p: (p.marks, -p.risk))


def _counts(lessons: Iterable[Lesson]) -> dict[str, int]:
    counts = {"pages": 0} | dict.fromkeys(sorted(_STATES), 0)
    for lesson in lessons:
        counts["pages"] += 1
        for state in lesson.states:
            if state in counts:
                counts[state] += 1
    return counts


def learn(lessons: Sequence[Lesson], name: str, risk: float = 0.05) -> Calibration:
    """Fit the weights for papers alone, without the error curve."""
    rows, marked, counts = [], [], []
    for lesson in lessons:
        states = np.array(lesson.states)
        # What is decided by rule teaches nothing: cancelled boxes, those no model may judge, and
        # marks that leave the inside empty, as a ring around the box does.
        hollow = (states == BoxState.MARKED) & (lesson.features[:, F["gain"]] < HOLLOW)
        taught = np.isin(states, (BoxState.BLANK, BoxState.MARKED)) & ~hollow & ~overruled(lesson.features)
        rows.append(gather(lesson.features, lesson.groups)[taught])
        marked.append(states[taught] == BoxState.MARKED)
        counts.append(np.full(int(taught.sum()), lesson.weight))
    weights, bias = fit_weights(np.concatenate(rows), np.concatenate(marked), np.concatenate(counts))
    model = asking_from(PaperModel(weights, bias), risk)
    return replace(load_calibration(), name=name, papers=model, provenance={})


def fit_weights(
    evidence: Floats, marked: NDArray[np.bool_], counts: Sequence[float] | Floats
) -> tuple[Floats, float]:
    """Fit the logistic model; no rising evidence weighs against a mark, no falling evidence for it.

    Accelerated projected gradient: the loss is convex, so where it settles is the only
    minimum whatever the machine.

    Parameters
    ----------
    evidence : (N, E) float64 ndarray
    marked : (N,) bool ndarray
    counts : (N,) floats
        How much each box counts.

    Returns
    -------
    weights : (E,) float64 ndarray
    bias : float
    """
    mean, scale = evidence.mean(axis=0), np.maximum(evidence.std(axis=0), 1e-3)
    rows = np.hstack([(evidence - mean) / scale, np.ones((len(evidence), 1))])
    sign, count = np.where(marked, 1.0, -1.0), np.asarray(counts, np.float64)
    low = np.array([0.0 if name in RISING else -np.inf for name in EVIDENCE] + [-np.inf])
    high = np.array([0.0 if name in FALLING else np.inf for name in EVIDENCE] + [np.inf])
    ridge = np.append(np.full(len(EVIDENCE), RIDGE), 0.0)
    # A logistic loss bends at most by a quarter of the squared evidence.
    step = 1.0 / (0.25 * float(np.linalg.eigvalsh((rows * count[:, None]).T @ rows)[-1]) + RIDGE)
    at = ahead = np.zeros(len(low))
    momentum = 1.0
    for _ in range(STEPS):
        wrong = 1.0 / (1.0 + np.exp((sign * (rows @ ahead)).clip(-40, 40)))
        slope = ridge * ahead - rows.T @ (count * wrong * sign)
        following = (ahead - step * slope).clip(low, high)
        if (following - at) @ slope > 0:  # overshot: start the momentum again
            momentum = 1.0
        after = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / after * (following - at)
        change, at, momentum = float(np.abs(following - at).max()), following, float(after)
        if change < STILL:
            break
    weights = at[:-1] / scale
    return weights, float(at[-1] - weights @ mean)
