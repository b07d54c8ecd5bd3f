"""Labelled boxes -> the weights of a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.evidence import EVIDENCE, RISING

Floats = NDArray[np.float64]

RIDGE: Final = 1.0  # penalty on squared weights of standardised evidence
STEPS: Final = 20_000
STILL: Final = 1e-7  # the largest change of a weight in a step at which the fit has settled


def fit_weights(
    evidence: Floats, marked: NDArray[np.bool_], counts: Sequence[float] | Floats
) -> tuple[Floats, float]:
    """Fit the logistic model; weights of rising evidence are kept from being negative.

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
    high = np.array([0.0 if name == "missing" else np.inf for name in EVIDENCE] + [np.inf])
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
