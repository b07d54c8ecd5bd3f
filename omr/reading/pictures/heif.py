"""HEIC and AVIF, as phones write them.

A phone's picture is a grid of tiles. Where one of them cannot be decoded, libheif leaves its place as it
was begun and says nothing; other viewers refuse such a file, and so do we: nobody knows what stood there.
"""

from __future__ import annotations

import io
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from omr.errors import ScanError

_AVIF: Final = (b"avif", b"avis")
# What libheif shows where nothing was decoded: luma and both chromas 0 (BT.601, full range), a green that
# no ink, paper or lamp has over a whole tile. Tiles are of 512 px, of some cameras 256.
_NOTHING: Final = (0, 136, 0)  # without colour it is black
_STEP_PX: Final = 32
_FILLED: Final = 0.98  # of its bounds: black ink may touch it
_MANY: Final = 9  # of every 32nd pixel in both directions: less than a tile of 128 px


def open_heif(data: bytes) -> Image.Image:
    """Open a picture, turned and cropped as its file says.

    Raises
    ------
    ScanError
        ``unsupported``, if the file holds no still picture that is known how to show: a burst, a picture
        that needs what nobody has defined yet.
    """
    if data[8:12] in _AVIF:
        return Image.open(io.BytesIO(data), formats=["AVIF"])
    import pi_heif  # a phone's pictures: rare, and nothing else needs it

    pi_heif.register_heif_opener(thumbnails=False)
    try:
        return Image.open(io.BytesIO(data), formats=["HEIF"])
    except UnidentifiedImageError as error:
        raise ScanError("unsupported", detail="HEIC") from error


def is_refused(error: Exception) -> bool:
    """Whether libheif will not decode what is no damage: a crop of a picture that is much larger."""
    return "Security limit" in str(error)


def refuse_holes(pixels: NDArray[np.uint8]) -> None:
    """Refuse a picture of which a tile is missing.

    Raises
    ------
    ScanError
        ``damaged``.
    """
    some = pixels[::_STEP_PX, ::_STEP_PX]
    nothing = some == 0 if pixels.ndim == 2 else (some == _NOTHING).all(axis=2)
    if np.count_nonzero(nothing) >= _MANY and (pixels.ndim == 3 or _has_black_block(pixels)):
        raise ScanError("damaged", detail="HEIC")


def _has_black_block(grey: NDArray[np.uint8]) -> bool:
    """Whether what is as black as nothing fills a rectangle, as a tile does and a dark table does not."""
    _, _, found, _ = cv2.connectedComponentsWithStats((grey == 0).astype(np.uint8), connectivity=4)
    width, height, area = found[1:, 2], found[1:, 3], found[1:, 4]
    return bool(((area >= _MANY * _STEP_PX**2) & (area >= _FILLED * width * height)).any())
