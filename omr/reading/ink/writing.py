"""Is what stands over a box written? Letters turn back: a line across a word meets many strokes.

It meets a cross twice, a slash once. What no mark beside explains counts: the first letter of a word may be
in a box, the others beside it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.ink.windows import windows
from omr.reading.page.layer import InkLayer

Floats = NDArray[np.float64]

BAND_PX: Final = 3  # above and below the box: a low letter's foot


def crossed(
    layer: InkLayer,
    tops_lefts: NDArray[np.intp],
    side: int,
    around: int,
    of_box: NDArray[np.intp],
    inked: NDArray[np.intp],
) -> Floats:
    """Return how many strokes are met on a way across the row, on average of the ways that meet any, (N,).

    Parameters
    ----------
    layer : InkLayer
    tops_lefts : (N, 2) int ndarray
        Of the boxes, px.
    side, around : int
        Of a box, and looked at on every side of it, px.
    of_box : (K,) int ndarray
        Of each piece of the layer the box to whose mark it belongs, -1 where to none.
    inked : (M,) int ndarray
        The boxes to be looked at; the others have 0.
    """
    out = np.zeros(len(tops_lefts))
    if not len(inked):
        return out
    size = side + 2 * BAND_PX, side + 2 * around
    every = windows(layer.pieces, *size)
    corners = np.clip(tops_lefts[inked] - (BAND_PX, around), 0, np.array(every.shape[:2]) - 1)
    # Of each box the pieces that count.
    counts = (of_box < 0) | (of_box == inked[:, None])
    counts[:, 0] = False
    first = np.arange(len(inked))[:, None, None] * len(of_box)
    ink = counts.ravel().take(every[corners[:, 0], corners[:, 1]] + first)
    met = (ink[..., 1:] > ink[..., :-1]).sum(axis=2) + ink[..., 0]
    out[inked] = met.sum(axis=1) / np.maximum(np.count_nonzero(met, axis=1), 1)
    return out
