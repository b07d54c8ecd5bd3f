"""Decoded pixels, whoever decoded them: how many there may be, their way up, their tones."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from omr.errors import ScanError

Pixels = NDArray[np.uint8]  # (H, W) grey, or (H, W, 3) RGB

# A4 at 600 dpi has 35 million pixels, A3 70. What claims more is refused before a pixel is decoded.
MOST_PIXELS: Final = 80_000_000
LEAST_SIDE_PX: Final = 300  # an A6 at 75 dpi; below, no marker can be told from dirt
# What Pillow and OpenCV raise on a file that is not as it should be.
DAMAGE: Final = (
    *(OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, AttributeError),
    *(OverflowError, RuntimeError, EOFError, ArithmeticError, MemoryError, cv2.error),
)

# Pillow's own limit of pixels raises without numbers; `check_size` stands in its place.
Image.MAX_IMAGE_PIXELS = None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep Pillow from warning about metadata: they harm no pixel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def check_size(width: int, height: int, *, least: int = LEAST_SIDE_PX) -> None:
    """Refuse a picture by its claimed size, before it is decoded.

    Raises
    ------
    ScanError
        ``too_many_pixels`` or ``too_few_pixels``.
    """
    if width * height > MOST_PIXELS:
        raise ScanError("too_many_pixels", width=width, height=height, most=MOST_PIXELS // 1_000_000)
    if min(width, height) < least:
        raise ScanError("too_few_pixels", width=width, height=height, least=least)


def oriented(pixels: Pixels, orientation: int) -> Pixels:
    """Turn and mirror a picture as its EXIF orientation says.

    Examples
    --------
    >>> oriented(np.array([[1, 2], [3, 4]], np.uint8), 6)  # to be turned clockwise
    array([[3, 1],
           [4, 2]], dtype=uint8)
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def plain(pixels: Pixels) -> Pixels:
    """Return an RGB picture without any colour in it as grey."""
    first = pixels[..., 0]
    if (first == pixels[..., 1]).all() and (first == pixels[..., 2]).all():
        return np.ascontiguousarray(first)
    return np.ascontiguousarray(pixels)


def grey_of(pixels: Pixels) -> Pixels:
    """Return the picture in grey."""
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
