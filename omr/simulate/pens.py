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

    Colours, widths and darkness follow real scans at 200 dpi, where the darkest fifth of a filled
    cell ends near grey level 105 for pencils and near 70 for a blue pen.
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
        Pen("blue ballpoint", (0.62, 0.30, 0.17), 0.05, (0.32, 0.60), (0.88, 1.0), 0.15, 0.04),
        Pen("black ballpoint", (0.22, 0.18, 0.18), 0.03, (0.32, 0.60), (0.88, 1.0), 0.15, 0.04),
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
        size=float(np.clip(rng.normal(0.95, 0.15), 0.62, 1.35)),
        offset_mm=(float(rng.normal(0.0, 0.22)), float(rng.normal(0.0, 0.22))),
        slant=float(rng.normal(0.0, 0.12)),
        tremor_mm=float(rng.uniform(0.015, 0.06)),
        care=float(rng.beta(5.0, 2.0)),
    )
