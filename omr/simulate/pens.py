"""Pens and the hands that hold them: what a line of ink looks like on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

Rng = np.random.Generator
Range = tuple[float, float]
Bgr = tuple[float, float, float]  # share of light sent back, in [0, 1], per scanner channel


@dataclass(frozen=True, slots=True)
class Pen:
    """One kind of pen.

    Colours, widths and darkness follow real scans: strokes of ballpoints are 0.40 to 0.63 mm wide
    (medians of 20 people) and take 0.61 to 0.78 of the light; fine and faint ones of 13 others are
    0.14 to 0.28 mm wide and take 0.36 to 0.55. The darkest fifth of a cell that is filled in
    pencil ends near grey level 105.
    """

    name: str
    ink: Bgr  # where the line is solid
    ink_spread: float  # how much the ink of two such pens differs, per channel
    width_mm: Range  # line width of one such pen
    density: Range  # share of the paper that the line covers where it is pressed
    grain: float  # how much the paper's tooth shows through, in [0, 1]
    skips: float  # share of the line where the ink runs thin


PENS: Final = {
    pen.name: pen
    for pen in (
        Pen("blue ballpoint", (0.62, 0.30, 0.17), 0.05, (0.30, 0.64), (0.80, 1.0), 0.15, 0.04),
        Pen("black ballpoint", (0.22, 0.18, 0.18), 0.03, (0.30, 0.64), (0.72, 0.94), 0.15, 0.04),
        # Half of one survey's ink takes no more than 35 to 55 of 100 parts of the light, in lines of 0.2 mm.
        Pen("fine ballpoint", (0.70, 0.46, 0.36), 0.05, (0.18, 0.32), (0.66, 0.96), 0.20, 0.06),
        Pen("blue gel", (0.58, 0.24, 0.10), 0.04, (0.45, 0.75), (0.94, 1.0), 0.04, 0.01),
        Pen("felt", (0.20, 0.17, 0.16), 0.04, (0.80, 1.40), (0.94, 1.0), 0.03, 0.0),
        Pen("pencil", (0.26, 0.26, 0.25), 0.03, (0.45, 0.75), (0.80, 0.98), 0.35, 0.02),
        Pen("red ballpoint", (0.28, 0.22, 0.80), 0.05, (0.35, 0.60), (0.88, 1.0), 0.15, 0.04),
        # The two that make trouble: a hard pencil held lightly and a ballpoint that runs dry.
        Pen("faint pencil", (0.42, 0.42, 0.41), 0.03, (0.35, 0.60), (0.48, 0.70), 0.50, 0.08),
        Pen("dry ballpoint", (0.58, 0.34, 0.24), 0.05, (0.25, 0.45), (0.50, 0.72), 0.40, 0.30),
    )
}


@dataclass(frozen=True, slots=True)
class Hand:
    """One person with one pen: what their marks on a slip have in common."""

    pen: Pen
    ink: Bgr
    width_mm: float
    density: float
    size: float  # of a mark, relative to its box
    offset_mm: tuple[float, float]  # where this person aims, from the box's centre
    slant: float  # lean of the marks in radians
    tremor_mm: float  # unsteadiness of a line
    care: float  # in [0, 1]: 1 repeats the same mark, 0 is careless


def take_pen(pen: Pen, rng: Rng) -> Hand:
    """Return a person who takes up such a pen."""
    shift = rng.normal(0.0, pen.ink_spread, 3) + rng.normal(0.0, pen.ink_spread)
    ink = np.clip(np.asarray(pen.ink) + shift * 0.7, 0.04, 0.92)
    return Hand(
        pen=pen,
        ink=(float(ink[0]), float(ink[1]), float(ink[2])),
        width_mm=float(rng.uniform(*pen.width_mm)),
        density=float(rng.uniform(*pen.density)),
        # 33 people's crosses, ticks and slashes: 1.15 boxes across in the median, a tenth below 0.65
        # and a tenth above 1.55; their middles 0.4 mm beside the box's and 0.24 mm above or below.
        size=float(np.clip(np.exp(rng.normal(np.log(1.12), 0.32)), 0.55, 1.65)),
        offset_mm=(float(rng.normal(0.0, 0.40)), float(rng.normal(0.0, 0.24))),
        slant=float(rng.normal(0.0, 0.12)),
        tremor_mm=float(rng.uniform(0.015, 0.06)),
        care=float(rng.beta(5.0, 2.0)),
    )
