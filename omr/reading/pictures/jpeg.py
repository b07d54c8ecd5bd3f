"""JPEG: where one ends, what follows it, and its pixels, in grey, in colour or the upper part alone.

What is damaged is refused, though decoders fill the gap and go on.
"""

from __future__ import annotations

import io
import re
from typing import Final

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from omr.reading.pictures.pixels import DAMAGE, Pixels, undisturbed

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


def jpeg_grey(data: bytes) -> Pixels:
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


def jpeg_colour(data: bytes, reduced: int) -> Pixels:
    """Decode a JPEG whose grey was decoded before, 1, 2, 4 or 8 times smaller."""
    # OpenCV turns by EXIF on its own, also inside a PDF, where nobody else does.
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _COLOUR[reduced] | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise ValueError
    return np.asarray(pixels, np.uint8)


def upper_rows(data: bytes, width: int, rows: int, reduced: int) -> Pixels | None:
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
