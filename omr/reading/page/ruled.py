"""Ink under printed rules: what a rule between two rows hides, seen by how much thicker it makes the rule.

A small mark that stands on such a rule leaves nothing beside it. But the rule is as thick everywhere
as it was printed and scanned: where it is thicker, and no stroke of a box's mark crosses it, somebody
wrote there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM, Raster
from omr.reading.page.layer import InkLayer

Floats = NDArray[np.float64]

LEAST_RULE_MM: Final = 30.0  # longer than any word or box: a rule
PRINTED: Final = 0.1  # of print
AROUND_PX: Final = 5  # above and below a rule, 0.8 mm: half way to the boxes
SEARCH_PX: Final = 4  # by which paper moves between rows
REACH_PX: Final = AROUND_PX + SEARCH_PX
AVERAGE_PX: Final = 6  # 1 mm along the rule
NOMINAL: Final = np.abs(np.arange(-SEARCH_PX, SEARCH_PX + 1))  # px off
USUAL: Final = 0.9  # of the rule is no thicker: a 1-bit scan leaves a thin rule in dashes
THICKER: Final = 1.0 * 255  # px of full darkness more than that, on average over 1 mm: half a pen's line
OWN_PX: Final = 5  # along the rule around a stroke that belongs to a box's mark


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """The rules printed across the rows of a form."""

    places: NDArray[np.intp]  # (R, 3): row, first and last column, px of the raster's band

    @classmethod
    def of(cls, raster: Raster) -> Rules:
        """Find them in a form's print."""
        printed = (raster.ink > PRINTED).astype(np.uint8)
        along = np.ones((1, round(LEAST_RULE_MM * PX_PER_MM)), np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(printed, cv2.MORPH_OPEN, along))
        left, top, width, height = stats[1:, :4].T
        return cls(np.stack([top + height // 2, left, left + width], axis=1).astype(np.intp))

    def thicker_mm(self, layer: InkLayer, of_box: NDArray[np.intp], zones: NDArray[np.intp]) -> Floats:
        """Return over what length a rule in each box's zone is thicker than elsewhere, mm.

        Parameters
        ----------
        layer : InkLayer
        of_box : (K,) int ndarray
            Of each piece of the layer the box to whose mark it belongs, -1 where to none.
        zones : (N, 4) int ndarray
            Top, bottom, left and right of what belongs to each box, px.
        """
        out = np.zeros(len(zones))
        for rule, band, over in self._thick(layer):
            row, left, right = self.places[rule].tolist()
            near = (zones[:, 0] <= row) & (row < zones[:, 1])
            if not near.any():
                continue
            thick = _unexplained(layer, of_box, band, slice(left, right), over)
            for first, last in _runs(thick) if thick.any() else ():
                meets = near & (zones[:, 2] < left + last) & (left + first < zones[:, 3])
                out[meets] = np.maximum(out[meets], (last - first) / PX_PER_MM)
        return out

    def _thick(self, layer: InkLayer) -> Iterator[tuple[int, slice, Floats]]:
        """Yield the rules that are thicker somewhere: which, its rows, how much more it shows along it."""
        row, left, right = self.places.T
        within = (row - REACH_PX >= 0) & (row + REACH_PX < len(layer.dark))
        for begin, end in {(int(a), int(b)) for a, b in zip(left[within], right[within], strict=True)}:
            some = np.flatnonzero(within & (left == begin) & (right == end))
            dark = layer.dark[row[some][:, None] + np.arange(-REACH_PX, REACH_PX + 1), begin:end]
            # Bytes that are sorted as stable are counted, in a quarter of the time.
            ordered = np.sort(dark[:, AROUND_PX : AROUND_PX + 2 * SEARCH_PX + 1], axis=2, kind="stable")
            upper, lower = ordered[..., (end - begin) // 2], ordered[..., (end - begin - 1) // 2]
            first = (lower + (upper - 2.0 * NOMINAL)).argmax(axis=1)
            rows = np.arange(len(some))[:, None], first[:, None] + np.arange(2 * AROUND_PX + 1)
            total = dark[rows].sum(axis=1, dtype=np.uint16)
            over = total - _percentiles(total, USUAL)[:, None]
            most = cv2.blur(over, (AVERAGE_PX, 1)).max(axis=1)
            for at in np.flatnonzero(most > THICKER).tolist():
                top = int(row[some[at]]) - REACH_PX + int(first[at])
                yield int(some[at]), slice(top, top + 2 * AROUND_PX + 1), over[at : at + 1]


def _unexplained(
    layer: InkLayer, of_box: NDArray[np.intp], band: slice, along: slice, over: Floats
) -> NDArray[np.bool_]:
    """Return where along a rule the ink that it shows is neither printed nor the stroke of a box's mark."""
    printed = layer.printed[band, along].sum(axis=0, dtype=np.uint16)[None]
    # Letters and drawings close to the rule.
    over = over - np.maximum(printed - _percentiles(printed, 0.5)[:, None], 0)
    thicker = np.asarray(cv2.blur(over, (AVERAGE_PX, 1))).ravel() > THICKER
    if not thicker.any():
        return thicker
    numbers = layer.pieces[band, along]
    of_marks = np.asarray(((numbers > 0) & (of_box[numbers] >= 0)).any(axis=0), np.uint8)
    near_marks = np.asarray(cv2.dilate(of_marks[None], np.ones((1, 2 * OWN_PX + 1), np.uint8)))
    return np.asarray(thicker & (near_marks.ravel() == 0))


def _percentiles(values: NDArray[np.uint16], share: float) -> Floats:
    """Return what numpy's percentile gives of each row, a tenth of the time of asking it."""
    at, part = divmod((values.shape[1] - 1) * share, 1)
    low, high = np.partition(values, (int(at), int(at) + 1), axis=1)[:, int(at) : int(at) + 2].T.astype(float)
    return np.asarray(low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part))


def _runs(some: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return first and beyond the last of each run of True, (R, 2)."""
    edges = np.diff(np.pad(some.view(np.int8), 1))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)
