"""Signs that people write one a cell: digits as strokes of the pen, other signs as letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from omr.geometry import Box, Points
from omr.simulate.handwriting import letter_points
from omr.simulate.ink import Sheet, draw_line, write
from omr.simulate.pens import Hand, Rng

# Each way of writing a digit: its strokes as control points, x to the right and y down, per cent of its size.
_DIGITS: Final[dict[str, tuple[str, ...]]] = {
    "0": ("50,0 10,30 10,75 50,100 90,70 88,25 55,2",),
    "1": ("25,22 55,0|55,0 55,50 55,100", "50,0 50,50 50,100"),
    "2": ("12,22 45,0 85,22 60,60 10,98|10,98 50,97 92,98", "12,22 45,0 85,22 60,60 12,95 30,85 92,96"),
    "3": ("12,10 60,0 85,22 50,46|50,46 88,70 55,100 10,88",),
    "4": (
        "55,0 30,35 10,65|10,65 50,65 90,65|66,38 64,70 62,100",
        "15,5 15,35 18,52|18,52 50,52 88,50|80,5 78,60 76,100",
    ),
    "5": ("80,2 50,2 25,2|25,2 20,25 18,45|18,45 60,38 85,68 50,100 10,90",),
    "6": ("70,2 25,40 15,80 50,100 82,75 50,55 18,75",),
    "7": ("10,3 50,3 88,3|88,3 60,50 45,100", "10,3 50,3 88,3|88,3 60,50 45,100|30,50 50,49 75,48"),
    "8": ("75,15 45,0 22,20 50,46 80,72 50,100 20,74 50,46 76,20 70,10",),
    "9": ("82,22 45,0 15,28 45,52 80,25|80,25 78,60 60,100",),
}  # fmt: skip


def write_signs(sheet: Sheet, cells: Sequence[tuple[Box, str]], hand: Hand, rng: Rng) -> None:
    """Write a sign into each cell."""
    slant, size = rng.normal(0.06, 0.10), rng.uniform(0.60, 0.82)
    for cell, sign in cells:
        strokes = _strokes(sign, rng)
        high = cell.height_mm * size * rng.uniform(0.9, 1.1)
        wide = min(high * rng.uniform(0.5, 0.68), cell.width_mm * 0.8)
        centre = np.array(cell.centre_mm) + rng.normal(0, (0.35, 0.3))
        lines = []
        for points in strokes:
            unit = points - 0.5 + rng.normal(0, 0.025, points.shape)
            mm = unit * (wide, high)
            mm[:, 0] -= slant * mm[:, 1]
            lines.append(draw_line(mm + centre, hand, rng, flick=0.2))
        write(sheet, lines, hand, rng)


def _strokes(sign: str, rng: Rng) -> list[Points]:
    if sign not in _DIGITS:
        return [letter_points(sign)]
    ways = _DIGITS[sign]
    way = ways[int(rng.integers(len(ways)))]
    return [
        np.array([[float(v) for v in pair.split(",")] for pair in stroke.split()]) / 100
        for stroke in way.split("|")
    ]
