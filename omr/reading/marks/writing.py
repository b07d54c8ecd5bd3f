"""Is what stands over a box written? Letters turn back: a line across meets many strokes, and they close.

A cross meets a line twice, a slash once, neither encloses paper. What nobody's mark beside explains
counts: the first letter of a word may be in a box, the others beside it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM
from omr.reading.page.layer import InkLayer

Floats = NDArray[np.float64]

BAND_PX: Final = 3  # above and below the box: a low letter's foot
LEAST_HOLE_PX: Final = 8  # 0.2 mm²: less is a gap between strokes that cross a printed line


def writing(
    layer: InkLayer,
    tops_lefts: NDArray[np.intp],
    side: int,
    around: int,
    of_box: NDArray[np.intp],
    inked: NDArray[np.intp],
) -> dict[str, Floats]:
    """Measure how much like writing the ink over and around some boxes is.

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

    Returns
    -------
    dict of str to (N,) float64 ndarray
        ``crossed``: strokes met on a way across the row, on average of the ways that meet any;
        ``holes``: mm² of paper that strokes enclose.
    """
    out = {name: np.zeros(len(tops_lefts)) for name in ("crossed", "holes")}
    height, width = layer.pieces.shape
    for box in inked.tolist():
        top, left = tops_lefts[box].tolist()
        first, begin = max(top - around, 0), max(left - around, 0)
        there = np.s_[first : min(top + side + around, height), begin : min(left + side + around, width)]
        numbers = layer.pieces[there]
        of = of_box[numbers]
        ink = ((numbers > 0) & ((of == box) | (of < 0))).astype(np.uint8)
        band = ink[max(top - BAND_PX - first, 0) : top + side + BAND_PX - first]
        met = (np.diff(band.view(np.int8), axis=1, prepend=0) == 1).sum(axis=1)
        out["crossed"][box] = met.sum() / max(np.count_nonzero(met), 1)
        out["holes"][box] = _enclosed(ink) / PX_PER_MM**2
    return out


def _enclosed(ink: NDArray[np.uint8]) -> int:
    """Return how many pixels without ink cannot be reached from the edge of a picture."""
    paper = cv2.copyMakeBorder(1 - ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    area = stats[1:, cv2.CC_STAT_AREA]
    holes = np.delete(area, np.flatnonzero(stats[1:, cv2.CC_STAT_LEFT] == 0))
    return int(holes[holes >= LEAST_HOLE_PX].sum())
