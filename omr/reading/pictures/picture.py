"""One encoded picture of any kind that is read -> pixels, whatever its mode and way up."""

from __future__ import annotations

import io
import math
import struct
from contextlib import suppress
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from omr.errors import ScanError
from omr.files import SCAN_HEAD_BYTES, ScanKind, scan_kind
from omr.reading.pictures.heard import heard
from omr.reading.pictures.heif import is_refused, open_heif, refuse_holes
from omr.reading.pictures.jpeg import MOST_MCU, jpeg_colour, jpeg_grey, upper_rows
from omr.reading.pictures.pixels import DAMAGE, Pixels, check_size, oriented, plain, undisturbed

_ORIENTATION_TAG: Final = 0x0112
_PHOTOMETRIC_TAG: Final = 262
_WHITE_IS_ZERO: Final = 0
_SHORT: Final = 3  # of TIFF's types of numbers
_FORMATS: Final = {  # Pillow's names
    ScanKind.JPEG: "JPEG",
    ScanKind.PNG: "PNG",
    ScanKind.TIFF: "TIFF",
    ScanKind.BMP: "BMP",
    ScanKind.GIF: "GIF",
    ScanKind.WEBP: "WEBP",
    ScanKind.JPEG2000: "JPEG2000",
}
# What libtiff says where data are missing or wrong and it fills the gap with white.
_TIFF_DAMAGE: Final = ("Bad code word", "Uncompressed data", "Decoding error", "Not enough", "Read error")


class Picture(NamedTuple):
    """Decoded pixels, oriented, with the resolution claimed along x and y."""

    pixels: Pixels
    is_colour: bool  # whether the file holds colour, also when decoded to grey
    dpi: tuple[float, float] | None
    top: float = 1.0  # share of the picture's height, from its top, that the pixels show
    is_bilevel: bool = False  # known to be black and white without looking


def load(
    data: bytes, orientation: int | None, *, colour: bool, reduced: int = 1, top: float = 1.0
) -> Picture:
    """Decode a picture.

    Parameters
    ----------
    data : bytes
        A file of one of the kinds that are read; of a TIFF of several pages the first.
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
        If the file is damaged or truncated, holds several pictures, is stored in a way that is not
        read, or its size is out of bounds.
    """
    kind = scan_kind(data[:SCAN_HEAD_BYTES])
    try:
        with undisturbed():
            header = _opened(data, kind)
            check_size(*header.size)
            pictures = int(getattr(header, "n_frames", 1))
            if pictures > 1 and kind is not ScanKind.TIFF and header.format != "MPO":
                raise ScanError("several_pictures", pictures=pictures)
            if orientation is None:
                orientation = _own_orientation(header, kind)
            dpi = _dpi(header.info.get("dpi"))
            if kind is ScanKind.JPEG and header.mode in ("L", "RGB"):
                is_colour = header.mode == "RGB"
                width, height = header.size
                if colour and is_colour and orientation == 1 and top < 1:
                    rows = min(height, math.ceil(top * height / MOST_MCU) * MOST_MCU)
                    upper = upper_rows(data, width, rows, reduced)
                    if upper is not None:
                        return Picture(upper, True, dpi, rows / height)
                pixels = jpeg_colour(data, reduced) if colour and is_colour else jpeg_grey(data)
            else:
                with heard() as said:
                    pixels = _array(header)
                if kind is ScanKind.TIFF and any(sign in said[0] for sign in _TIFF_DAMAGE):
                    raise ScanError("damaged", detail=said[0].strip().splitlines()[0][:80])
                if kind is ScanKind.HEIF:
                    refuse_holes(pixels)
                is_colour = pixels.ndim == 3
    except MemoryError as error:
        raise ScanError("too_much_memory") from error
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:  # the machine's; damage has no number
            raise
        if kind is ScanKind.HEIF and is_refused(error):
            raise ScanError("unsupported", detail="HEIC") from error
        raise ScanError("damaged", detail=type(error).__name__) from error
    if orientation in (5, 6, 7, 8) and dpi is not None:
        dpi = dpi[1], dpi[0]
    return Picture(oriented(pixels, orientation), is_colour, dpi)


def _opened(data: bytes, kind: ScanKind | None) -> Image.Image:
    """Open a picture by what it is, and by nothing else: Pillow knows forty kinds of files."""
    if kind is ScanKind.HEIF:
        return open_heif(data)
    if kind is ScanKind.TIFF:
        return _tiff(data)
    if kind is None:
        raise ScanError("not_a_scan")
    return Image.open(io.BytesIO(data), formats=[_FORMATS[kind]])


def _tiff(data: bytes) -> Image.Image:
    try:
        return TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    except SyntaxError as error:
        if "unknown pixel mode" in str(error):
            with suppress(SyntaxError):
                return _black_is_zero(data)
        elif "unknown data organization" not in str(error):
            raise
        raise ScanError("unsupported", detail="TIFF") from error


def _black_is_zero(data: bytes) -> Image.Image:
    """Open a TIFF whose 0 is white as if it were black: of 16 bits Pillow knows only some with white.

    Its tags say again what they said: the tones are still to be turned round.

    Raises
    ------
    SyntaxError
        If that is not all that Pillow does not know of it.
    """
    order = "<" if data.startswith(b"II") else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        number = order + ("H" if kind == _SHORT else "I")
        if tag == _PHOTOMETRIC_TAG and struct.unpack_from(number, data, entry + 8) == (_WHITE_IS_ZERO,):
            black = data[: entry + 8] + struct.pack(number, 1).ljust(4, b"\0") + data[entry + 12 :]
            image = TiffImagePlugin.TiffImageFile(io.BytesIO(black))
            image.tag_v2[_PHOTOMETRIC_TAG] = _WHITE_IS_ZERO
            return image
    raise SyntaxError


def _own_orientation(header: Image.Image, kind: ScanKind | None) -> int:
    """Return the orientation that is still to be applied to the decoder's pixels."""
    if kind in (ScanKind.TIFF, ScanKind.HEIF):  # their decoders turn the picture themselves
        return 1
    return int(header.getexif().get(_ORIENTATION_TAG, 1))


def _array(image: Image.Image) -> Pixels:
    """Return the pixels of any mode, 16 bits scaled to 8, transparency over white paper."""
    if image.mode.startswith("I;16"):
        return _upright(np.asarray(np.asarray(image) // 257, np.uint8), image)
    if image.mode == "F":
        return _upright(_of_fractions(np.asarray(image)), image)
    if image.mode in ("I", "LAB", "HSV"):
        raise ScanError("unsupported", detail=f"{image.format} {image.mode}")
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    if image.mode in ("1", "L"):
        return np.array(image.convert("L"))
    return plain(np.array(image.convert("RGB")))


def _of_fractions(pixels: NDArray[np.float32]) -> Pixels:
    """Return a picture of fractions, 0 black and 1 white; of other numbers nobody knows what is white."""
    if not (np.isfinite(pixels).all() and pixels.min() >= 0 and 0 < pixels.max() <= 1):
        raise ScanError("unsupported", detail="TIFF F")
    return np.asarray(np.round(pixels * 255), np.uint8)


def _upright(pixels: Pixels, image: Image.Image) -> Pixels:
    """Turn the tones round where 0 is white: for more than 8 bits Pillow does not."""
    tags = getattr(image, "tag_v2", {})
    return 255 - pixels if tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO else pixels


def _dpi(claim: Any) -> tuple[float, float] | None:
    """Return Pillow's ``dpi``: a pair of numbers or of TIFF's fractions, or nothing."""
    return None if claim is None else (float(claim[0]), float(claim[1]))
