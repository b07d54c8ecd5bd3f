"""Files become scanned pages: the one edge of this room (files and decoders)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]  # (H, W), 0 is black, 255 is white


class Depth(StrEnum):
    """What the scanner delivered."""

    BILEVEL = "bilevel"
    GREY = "grey"
    COLOUR = "colour"


@dataclass(frozen=True, slots=True, eq=False)
class ScannedPage:
    """One side of a sheet as pixels."""

    file: str  # file name for people
    page: int  # from 1
    grey: Grey
    depth: Depth
    dpi: float | None  # as the file claims; a hint, never trusted
    encoded: bytes  # the page's own picture, for a second look in colour
