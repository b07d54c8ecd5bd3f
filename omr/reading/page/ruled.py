"""Ink under printed rules: what a rule between two rows hides, seen by how much thicker it makes the rule.

A small mark that stands on such a rule leaves nothing beside it. But the rule is as thick everywhere
as it was printed and scanned: where it is thicker, and no stroke of a box's mark crosses it, somebody
wrote there.
"""

from __future__ import annotations

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
        for row, left, right in self.places.tolist():
            near = (zones[:, 0] <= row) & (row < zones[:, 1])
            if not near.any():
                continue
            thick = self._thicker(layer, of_box, row, left, right)
            if not thick.any():
                continue
            for first, last in _runs(thick):
                meets = near & (zones[:, 2] < left + last) & (left + first < zones[:, 3])
                out[meets] = np.maximum(out[meets], (last - first) / PX_PER_MM)
        return out

    @staticmethod
    def _thicker(
        layer: InkLayer, of_box: NDArray[np.intp], row: int, left: int, right: int
    ) -> NDArray[np.bool_]:
        """Return where along a rule there is more ink than the rule itself has."""
        reach = AROUND_PX + SEARCH_PX
        if row - reach < 0 or row + reach >= len(layer.dark):
            return np.zeros(right - left, np.bool_)
        dark = layer.dark[row - reach : row + reach + 1, left:right]
        # Bytes that are sorted as stable are counted, in a quarter of the time.
        ordered = np.sort(dark[AROUND_PX : AROUND_PX + 2 * SEARCH_PX + 1], axis=1, kind="stable")
        upper, lower = ordered[:, (right - left) // 2], ordered[:, (right - left - 1) // 2]
        first = int((lower + (upper - 2.0 * NOMINAL)).argmax())
        band = np.s_[first : first + 2 * AROUND_PX + 1]
        total = _added(dark[band])
        over = (total - _percentile(total, USUAL))[None]
        if np.asarray(cv2.blur(over, (AVERAGE_PX, 1))).max() <= THICKER:  # as most rules are
            return np.zeros(right - left, np.bool_)
        printed = _added(layer.printed[row - reach : row + reach + 1, left:right][band])
        # Letters and drawings close to the rule.
        over -= np.maximum(printed - _percentile(printed, 0.5), 0)
        thicker = np.asarray(cv2.blur(over, (AVERAGE_PX, 1))).ravel() > THICKER
        if not thicker.any():
            return thicker
        numbers = layer.pieces[row - reach : row + reach + 1, left:right][band]
        of_marks = np.asarray(((numbers > 0) & (of_box[numbers] >= 0)).any(axis=0), np.uint8)
        near_marks = np.asarray(cv2.dilate(of_marks[None], np.ones((1, 2 * OWN_PX + 1), np.uint8)))
        return np.asarray(thicker & (near_marks.ravel() == 0))


def _added(rows: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the sum of each column of a few rows."""
    return np.asarray(cv2.reduce(rows, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S), np.uint16).ravel()


def _percentile(values: NDArray[np.uint16], share: float) -> float:
    """Return what numpy's percentile gives, a tenth of the time of asking it."""
    at, part = divmod((len(values) - 1) * share, 1)
    low, high = np.partition(values, (int(at), int(at) + 1))[int(at) : int(at) + 2].tolist()
    return float(low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part))


def _runs(some: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return first and beyond the last of each run of True, (R, 2)."""
    edges = np.diff(np.pad(some.view(np.int8), 1))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)
