"""What another program's file says of a page: where its boxes are, and by what the page is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.traced.find import Found, Shape

LANDMARK_PX_PER_MM: Final = 6.0  # of the pictures of landmarks
_BESIDE_MM: Final = 1.0  # from a landmark's ink to what must be white around it
_WHITE_MM: Final = 2.0  # how far that reaches


@dataclass(frozen=True, slots=True)
class Stated:
    """One question: its label, and its boxes, px of the print, with what each stands for."""

    label: str
    values: tuple[str, ...]
    boxes: tuple[Found, ...]
    several: bool = False  # more than one box may be marked


@dataclass(frozen=True, slots=True)
class Place:
    """A box on the sheet, mm from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    shape: Shape = Shape.RECTANGLE


@dataclass(frozen=True, slots=True)
class Field:
    """One question: its label, and its boxes with what each stands for."""

    label: str
    values: tuple[str, ...]
    places: tuple[Place, ...]
    several: bool = False  # more than one box may be marked


@dataclass(frozen=True, slots=True, eq=False)
class Landmark:
    """Something printed at a known place of the sheet: what is dark there, and what is white around it."""

    at_mm: tuple[float, float]
    middle_px: tuple[float, float]  # of it, in the pictures
    ink: NDArray[np.bool_]  # (h, w) at `LANDMARK_PX_PER_MM`
    white: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One page of a form as its maker's file has it."""

    fields: tuple[Field, ...]
    landmarks: tuple[Landmark, ...]
    page: int
    bits: tuple[tuple[Place, bool], ...] = ()  # boxes that are printed black or white to say which page it is


def disc(x_mm: float, y_mm: float, diameter_mm: float) -> Landmark:
    """Return a filled circle around a place."""
    reach = diameter_mm / 2 + _BESIDE_MM / 2 + _WHITE_MM
    side = 2 * round(reach * LANDMARK_PX_PER_MM) + 1
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    off = np.hypot(x, y) / LANDMARK_PX_PER_MM - diameter_mm / 2
    middle = (side - 1) / 2
    return Landmark((x_mm, y_mm), (middle, middle), off < -0.2, (off > _BESIDE_MM / 2) & (off < reach))


def corner(x_mm: float, y_mm: float, right: int, down: int, length_mm: float, width_mm: float) -> Landmark:
    """Return two lines that leave a place at a right angle.

    Parameters
    ----------
    right, down : int
        1 where they lead to the right and down, -1 where to the left and up.
    """
    side = 2 * round((length_mm + _WHITE_MM) * LANDMARK_PX_PER_MM) + 1
    y, x = (np.mgrid[:side, :side] - (side - 1) / 2) / LANDMARK_PX_PER_MM
    along, below = right * x, down * y
    half = width_mm / 2
    across = (abs(below) <= half) & (along >= -half) & (along <= length_mm)
    upright = (abs(along) <= half) & (below >= -half) & (below <= length_mm)
    # What lies in the angle may be anything: outside of it paper is white.
    beyond = (np.minimum(along, below) < -half - 0.4) & (np.minimum(along, below) > -half - _WHITE_MM)
    white = beyond & (np.maximum(along, below) <= length_mm)
    middle = (side - 1) / 2
    return Landmark((x_mm, y_mm), (middle, middle), across | upright, white)
