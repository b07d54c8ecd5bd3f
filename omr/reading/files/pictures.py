"""One encoded picture of any kind that is read -> pixels, whatever its mode and way up."""

from __future__ import annotations

import io
import math
import os
import re
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from tempfile import TemporaryFile
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from omr.errors import ScanError
from omr.files import SCAN_HEAD_BYTES, ScanKind, scan_kind
from omr.reading.files.heif import is_refused, open_heif, refuse_holes

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
# What libjpeg says where data are missing or wrong and it fills the gap; it also complains of
# harmless things, such as bytes between two segments or an unknown version of JFIF.
_JPEG_DAMAGE: Final = ("premature end", "bad Huffman", "resync", "instead of RST", "bad progression")

_BASELINE: Final = (0xC0, 0xC1)
# Progressive and the like, whose scans each run over the whole height, and the start of a scan.
_OTHER_FRAMES: Final = (0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xDA)
# A marker, but for those inside of a scan: an escaped 0xFF, restarts, and bytes that fill up to a marker.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
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


@contextmanager
def heard() -> Iterator[list[str]]:
    """Give what decoders write on standard error meanwhile: libtiff tells nobody else that data are damaged.

    Pictures are decoded by processes that do nothing else; what another thread says is heard, too.
    It goes through a pipe, which needs no disk that may be full; what no longer fits into it is lost.
    """
    said = [""]
    sys.stderr.flush()
    mouth = os.dup(2)
    try:
        with _ear() as (lips, heard_so_far):
            try:
                os.dup2(lips, 2)
                yield said
            finally:
                os.dup2(mouth, 2)
                said[0] = heard_so_far().decode("ascii", "replace")
    finally:
        os.close(mouth)


@contextmanager
def _ear() -> Iterator[tuple[int, Callable[[], bytes]]]:
    """Give where to write what is to be heard, and how to hear it at the end: writing never waits."""
    if not hasattr(os, "set_blocking"):  # Windows before Python 3.12, where a full pipe would be waited for
        with TemporaryFile() as file:

            def read() -> bytes:
                file.seek(0)
                return file.read()

            yield file.fileno(), read
        return
    ear, lips = os.pipe()
    with os.fdopen(ear, "rb") as heard_so_far, ExitStack() as open_end:
        open_end.callback(os.close, lips)
        os.set_blocking(lips, False)

        def read_all() -> bytes:
            open_end.close()  # else there is no end
            return heard_so_far.read()

        yield lips, read_all


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
                    upper = _upper(data, width, rows, reduced)
                    if upper is not None:
                        return Picture(upper, True, dpi, rows / height)
                pixels = _jpeg_colour(data, _COLOUR[reduced]) if colour and is_colour else _jpeg_grey(data)
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


def end_of_jpeg(data: bytes) -> int | None:
    r"""Return where a JPEG ends; None where it breaks off before.

    Its header may hold a small JPEG of its own, so the segments are followed, not searched.

    Examples
    --------
    >>> end_of_jpeg(b"\xff\xd8\xff\xda\x00\x02..\xff\x00..\xff\xd9 and more")
    14
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:
            return at + 2
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            at = _end_of_scan(data, at)
    return at + 2 if data[at : at + 2] == b"\xff\xd9" else None


def pictures_behind(data: bytes) -> int:
    """Return how many pictures no smaller than the first follow in its file: programs show only that one."""
    end = end_of_jpeg(data)
    found = 0
    size = _size(data)
    while end is not None and (end := data.find(b"\xff\xd8\xff", end)) >= 0:
        width, height = _size(data[end:])
        found += width >= size[0] and height >= size[1] > 0
        after = end_of_jpeg(data[end:])
        end = None if after is None else end + after
    return found


def _size(data: bytes) -> tuple[int, int]:
    try:
        with undisturbed(), Image.open(io.BytesIO(data), formats=["JPEG"]) as header:
            return header.size
    except DAMAGE:
        return 0, 0


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the next marker is that does not belong to the entropy-coded data."""
    found = _MARKER.search(data, at)
    return len(data) if found is None else found.start()


def _jpeg_grey(data: bytes) -> Pixels:
    """Decode a JPEG to grey; what is damaged is refused, though decoders fill it with grey and go on."""
    if end_of_jpeg(data) is None:
        raise EOFError
    try:
        pixels = simplejpeg.decode_jpeg(data, "GRAY", strict=True)
    except ValueError as error:
        if any(sign in str(error) for sign in _JPEG_DAMAGE):
            raise
        pixels = simplejpeg.decode_jpeg(data, "GRAY", strict=False)
    return np.asarray(pixels[..., 0], np.uint8)


def _jpeg_colour(data: bytes, mode: int) -> Pixels:
    """Decode a JPEG whose grey was decoded before."""
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
