"""Fiducials and orientation: ScannedPage -> LocatedPage."""

from __future__ import annotations

from dataclasses import dataclass

from omr.geometry import PageFrame, Points
from omr.reading.pages import ScannedPage


@dataclass(frozen=True, slots=True, eq=False)
class FoundFiducial:
    """One marker where the scan shows it."""

    id: int
    corners_px: Points  # (4, 2), in the marker's own order: its printed top left first
    by: str  # which step of the cascade found it: "half", "full", "page", "template"


@dataclass(frozen=True, slots=True, eq=False)
class LocatedPage:
    """A page of a known paper size with two to four of its markers."""

    scan: ScannedPage
    frame: PageFrame
    fiducials: tuple[FoundFiducial, ...]
