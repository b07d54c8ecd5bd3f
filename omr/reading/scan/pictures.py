"""One encoded picture (JPEG, PNG, TIFF) -> pixels, whatever its mode and way up."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

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

_ORIENTATION_TAG: Final = 0x0112
_END_OF_IMAGE: Final = b"\xff\xd9"
_START_OF_SCAN: Final = b"\xff\xda"
_BASELINE: Final = (0xC0, 0xC1)
# Progressive and the like, whose scans each run over the whole height, and the start of a scan.
_OTHER_FRAMES: Final = (0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xDA)
MOST_MCU: Final = 32  # px: the highest block that a JPEG is made of

# In RGB at once: turning OpenCV's BGR round takes four times as long as decoding, and twice the
# memory. Of a "reduced grey" only the reduction has a bit of its own.
_COLOUR: Final = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_8,
}

# Pillow's own limit of pixels raises without numbers; `check_size` stands in its place.
Image.MAX_IMAGE_PIXELS = None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep Pillow from warning about metadata: they harm no pixel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Picture(NamedTuple):
    """Decoded pixels, oriented, with the resolution claimed along x and y."""

    pixels: Pixels
    is_colour: bool  # whether the file holds colour, also when decoded to grey
    dpi: tuple[float, float] | None
    top: float = 1.0  # share of the picture's height, from its top, that the pixels show


def load(
    data: bytes, orientation: int | None, *, colour: bool, reduced: int = 1, top: float = 1.0
) -> Picture:
    """Decode a picture.

    Parameters
    ----------
    data : bytes
        A JPEG, PNG or TIFF file; of several pages the first.
    orientation : int or None
        As EXIF counts; None takes the picture's own.
    colour : bool
        Whether a colour JPEG comes in colour; grey is decoded faster. Other files come
        as they are.
    reduced : {1, 2, 4, 8}
        How much smaller a colour JPEG may come.
    top : float
        The share of its height, from its top, that is wanted of a colour JPEG; more may come.

    Raises
    ------
    ScanError
        If the file is damaged or truncated, or its size is out of bounds.
    """
    try:
        with undisturbed():
            header = Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "TIFF"])
            check_size(*header.size)
            if orientation is None:
                orientation = int(header.getexif().get(_ORIENTATION_TAG, 1))
            dpi = _dpi(header.info.get("dpi"))
            if data.startswith(b"\xff\xd8") and header.mode in ("L", "RGB"):
                is_colour = header.mode == "RGB"
                width, height = header.size
                if colour and is_colour and orientation == 1 and top < 1:
                    rows = min(height, math.ceil(top * height / MOST_MCU) * MOST_MCU)
                    upper = _upper(data, width, rows, reduced)
                    if upper is not None:
                        return Picture(upper, True, dpi, rows / height)
                pixels = _jpeg(data, _COLOUR[reduced] if colour else cv2.IMREAD_GRAYSCALE)
            else:
                pixels = _array(header)
                is_colour = pixels.ndim == 3
    except DAMAGE as error:
        raise ScanError("damaged", detail=type(error).__name__) from error
    if orientation in (5, 6, 7, 8) and dpi is not None:
        dpi = dpi[1], dpi[0]
    return Picture(oriented(pixels, orientation), is_colour, dpi)


def check_size(width: int, height: int) -> None:
    """Refuse a picture by its claimed size, before it is decoded.

    Raises
    ------
    ScanError
        ``too_many_pixels`` or ``too_few_pixels``.
    """
    if width * height > MOST_PIXELS:
        raise ScanError("too_many_pixels", width=width, height=height, most=MOST_PIXELS // 1_000_000)
    if min(width, height) < LEAST_SIDE_PX:
        raise ScanError("too_few_pixels", width=width, height=height, least=LEAST_SIDE_PX)


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


def _jpeg(data: bytes, mode: int) -> Pixels:
    # Decoders fill what is missing with grey and go on. An entropy-coded scan holds
    # neither of these two markers, so a file that was cut has no end after its last scan.
    if data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN):
        raise EOFError
    # OpenCV turns by EXIF on its own, also inside a PDF, where nobody else does.
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), mode | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise ValueError
    return np.asarray(pixels, np.uint8)


def _upper(data: bytes, width: int, rows: int, reduced: int) -> Pixels | None:
    """Decode the upper rows of a JPEG; None where the file is not as scanners write it.

    A decoder goes as far as the height that the header states, so a smaller height is stated.
    Pillow, because OpenCV reports on standard error that bytes are left over.
    """
    at = _frame_header(data)
    if at is None:
        return None
    short = data[: at + 5] + rows.to_bytes(2, "big") + data[at + 7 :]
    try:
        image = Image.open(io.BytesIO(short), formats=["JPEG"])
        image.draft("RGB", (width // reduced, rows // reduced))
        pixels = np.asarray(image)
    except DAMAGE:
        return None
    return pixels if pixels.shape == (-(-rows // reduced), -(-width // reduced), 3) else None


def _frame_header(data: bytes) -> int | None:
    """Return where the header of a baseline JPEG's frame begins; its height stands 5 bytes further."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        if data[at + 1] in _BASELINE:
            return at
        if data[at + 1] in _OTHER_FRAMES:
            return None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _array(image: Image.Image) -> Pixels:
    """Return the pixels of any mode, 16 bits scaled to 8, transparency over white paper."""
    if image.mode.startswith("I"):
        return np.asarray(np.clip(np.asarray(image), 0, 65535) // 257, np.uint8)
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    if image.mode in ("1", "L"):
        return np.array(image.convert("L"))
    return plain(np.array(image.convert("RGB")))


def _dpi(claim: Any) -> tuple[float, float] | None:
    """Return Pillow's ``dpi``: a pair of numbers or of TIFF's fractions, or nothing."""
    return None if claim is None else (float(claim[0]), float(claim[1]))
