"""Is what stands over a box written? Letters turn back: a line across a word meets many strokes.

It meets a cross twice, a slash once. What no mark beside explains counts: the first letter of a word may be
in a box, the others beside it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    for box in inked.tolist():
        top, left = tops_lefts[box].tolist()
        rows = slice(max(top - BAND_PX, 0), top + side + BAND_PX)
        numbers = layer.pieces[rows, max(left - around, 0) : left + side + around]
        of = of_box[numbers]
        ink = ((numbers > 0) & ((of == box) | (of < 0))).view(np.int8)
        met = (np.diff(ink, axis=1, prepend=0) == 1).sum(axis=1)
        out[box] = met.sum() / max(np.count_nonzero(met), 1)
    return out
