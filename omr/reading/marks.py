"""Measure every box: pixels -> numbers. Measurement only, never a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from omr.geometry import Points


@dataclass(frozen=True, slots=True, eq=False)
class MarkReading:
    """What was measured in one box."""

    question: str
    option: str
    corners_px: Points  # (4, 2) of the box where its outline was found, clockwise from the top left
    features: tuple[float, ...]  # in the order of `FEATURES`
