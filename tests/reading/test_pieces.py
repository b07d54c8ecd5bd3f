"""Strokes beside boxes: whose tail is whose."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np

from omr.reading.ink.pieces import Pieces
from omr.reading.page.canonical import PX_PER_MM

SIDE = round(4.5 * PX_PER_MM)
LEFT, TOP, STEP = 60, 60, round(11 * PX_PER_MM)


def beside(left_mm: float, top_mm: float, width_mm: float, height_mm: float) -> list[float]:
    """What is beside three boxes, two in a line and one below the first, with a tail of the second's mark."""
    ink = np.zeros((400, 400), np.uint8)
    tops = np.array([TOP, TOP, TOP + round(6.5 * PX_PER_MM)])
    lefts = np.array([LEFT, LEFT + STEP, LEFT])
    ink[TOP + 5 : TOP + SIDE - 5, LEFT + STEP + 5 : LEFT + STEP + SIDE - 5] = 1  # the mark of the second box
    x, y = LEFT + round(left_mm * PX_PER_MM), TOP + round(top_mm * PX_PER_MM)
    ink[y : y + round(height_mm * PX_PER_MM), x : x + round(width_mm * PX_PER_MM)] = 1
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    assert count == 3
    mark = int(pieces[TOP + SIDE // 2, LEFT + STEP + SIDE // 2])
    of_box = np.full(3, 1, np.intp)  # the mark and its tail; of the background nothing is asked
    is_mark = np.arange(3) == mark
    layer = cast(Any, SimpleNamespace(pieces=pieces, stats=stats))
    found = Pieces(layer, np.zeros((3, 3), np.int32), is_mark, of_box, of_box)
    zones = np.stack([tops - 12, tops + SIDE + 12, lefts - 12, lefts + STEP - 6], axis=1)
    return [
        round(float(mm), 1) for mm in found.beside_mm(zones, np.stack([tops, lefts], axis=1), SIDE)["beside"]
    ]


def test_the_tail_of_a_mark_in_the_same_line_is_no_ink_beside_the_next_box() -> None:
    """A value of two places, the first left empty: the second's cross was taken for ink beside the first."""
    first, second, below = beside(8.0, 1.5, 2.0, 0.5)
    assert (first, below) == (0.0, 0.0)
    assert second > 1.5


def test_what_leads_far_from_its_box_is_ink_beside_the_next_one() -> None:
    """A ring around a printed word that a mark in the same row touches."""
    first, _, _ = beside(6.0, 1.0, 4.5, 2.0)
    assert first > 4.0


def test_a_tail_that_comes_up_to_another_row_is_ink_beside_it() -> None:
    _, _, below = beside(7.0, 6.0, 2.0, 1.5)
    assert below > 1.5
