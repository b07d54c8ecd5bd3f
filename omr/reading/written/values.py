"""Values that are written by hand into cells: cut out, and read by two readers; the rest people read.

A cell is empty, or holds one sign. Only digits are read by machine: where a place may hold letters, a
person reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.entries import DIGITS, UNKNOWN, entry_of
from omr.forms.template import Question
from omr.geometry import Box, apply
from omr.reading.page.comments import cut
from omr.reading.place.align import AlignedPage
from omr.reading.written.digits import Ink, read_digits

SURE: Final = 0.98  # of what each of two readers gives the least certain sign: figures in docs/forms.md
PX_PER_MM: Final = 8.0  # 200 dpi: a pen's line is 3 px wide
EDGE_MM: Final = 0.45  # the cell's own line, and what a page may be laid off
DARK: Final = 0.4  # of the way from paper to the darkest of the ink: what is ink
FAINT: Final = 0.06  # of the paper's brightness: a third of a hard pencil's line
SPECK_MM: Final = 0.7  # a smaller part is dust
LEAST_MM2: Final = 0.7  # a "1" by the finest pen has 1.2
MOST_EMPTY_MM2: Final = 0.15
EMPTY: Final = " "


@dataclass(frozen=True, slots=True)
class Written:
    """Somebody wrote here: on a line, or a value into its cells; of a value also what two readers say."""

    question: str
    first: str = ""  # a sign a cell, a blank for an empty one; "": nobody read it
    second: str = ""  # the same by a reader of another kind
    confidence: float = 0.0  # chance in [0, 1] of the less certain reader's least certain sign

    @property
    def sure(self) -> bool:
        """Whether two readers say the same, and neither doubts a sign."""
        return bool(self.first) and self.first == self.second and self.confidence >= SURE


def read_value(aligned: AlignedPage, question: Question) -> Written:
    """Return what stands in the cells of a value in which somebody wrote."""
    inks, clear = _inks(aligned, question.cells)
    read = iter(read_digits([ink for ink in inks if ink.any()]))
    first, second, confidence = "", "", 1.0
    for ink, seen, may in zip(inks, clear, entry_of(question).places, strict=True):
        if not ink.any():
            one, other, chance = EMPTY, EMPTY, 1.0
        else:
            one, other, chance = next(read)
            area = np.count_nonzero(ink) / PX_PER_MM**2
            if not seen or area < LEAST_MM2 or not set(may) <= set(DIGITS):
                one = other = UNKNOWN
        first, second, confidence = first + one, second + other, min(confidence, chance)
    return Written(question.key, first, second, confidence)


def _inks(aligned: AlignedPage, cells: tuple[Box, ...]) -> tuple[list[Ink], list[bool]]:
    """Return the ink in each cell, none where it holds no more than dust, and whether it is clearly so."""
    inside = [cell.grown(-EDGE_MM) for cell in cells]
    size = round(inside[0].width_mm * PX_PER_MM), round(inside[0].height_mm * PX_PER_MM)
    grey = aligned.located.scan.grey
    pictures = [cut(grey, apply(aligned.scan_from_page, box.corners_mm), size) for box in inside]
    paper = float(np.percentile(np.stack(pictures), 90))
    dark = float(np.percentile(np.stack(pictures), 0.5))
    strong = [_clean(picture < paper - max(DARK * (paper - dark), FAINT * paper)) for picture in pictures]
    faint = [_clean(picture < (1 - FAINT) * paper) for picture in pictures]
    # A "1" that the pen hardly wrote is not there for the first look: such a cell is not empty.
    clear = [bool(sure.any()) or not hint.any() for sure, hint in zip(strong, faint, strict=True)]
    return [sure if sure.any() else hint for sure, hint in zip(strong, faint, strict=True)], clear


def _clean(ink: NDArray[np.bool_]) -> Ink:
    """Leave out dust, and what the cell's own line leaves along an edge."""
    height, width = ink.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    found = np.zeros(ink.shape, np.bool_)
    for part, (x, y, wide, high, _) in enumerate(stats[1:].tolist(), start=1):
        at_edge = x == 0 or y == 0 or x + wide == width or y + high == height
        line = at_edge and min(wide, high) <= SPECK_MM * PX_PER_MM / 2
        if max(wide, high) >= SPECK_MM * PX_PER_MM and not line:
            found |= labels == part
    if np.count_nonzero(found) < MOST_EMPTY_MM2 * PX_PER_MM**2:
        return np.zeros(ink.shape, np.bool_)
    return found
