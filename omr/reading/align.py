"""Fit page mm to scan px and refuse a bad fit: LocatedPage -> AlignedPage."""

from __future__ import annotations

from dataclasses import dataclass

from omr.geometry import Affine
from omr.reading.locate import LocatedPage


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPage:
    """A page whose every millimetre has a pixel."""

    located: LocatedPage
    scan_from_page: Affine  # (2, 3): page mm -> scan px
    dpi: float  # measured on the paper, not claimed
    residual_mm: float  # worst marker corner
