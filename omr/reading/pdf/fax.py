"""A page of a PDF that is one fax picture and nothing else -> pixels, by libtiff.

In half the time that PDFium takes, which also draws some of them a part of a pixel wider and so makes
grey of black and white. Only pages on which it has nothing to decide are taken, and only data of which
libtiff does not say a word; all others are rendered.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pikepdf
from pikepdf import Dictionary, Name, Object
from PIL import TiffImagePlugin

from omr.reading.pdf.only_picture import (
    MISSHAPEN,
    POINTS_PER_INCH,
    Matrix,
    OtherError,
    page_box,
    sole_image,
)
from omr.reading.pictures.heard import heard
from omr.reading.pictures.ifd import Entry, written
from omr.reading.pictures.picture import Picture
from omr.reading.pictures.pixels import DAMAGE, check_size, undisturbed

OFF_PX: Final = 0.01  # by which the picture may miss the page's edges and still be drawn pixel for pixel
NO_CODE: Final = 11 * "0"  # begins the sign for the end, which is it and a 1, twice; no other code holds it
GROUP_4: Final = 4  # of TIFF's kinds of compression
STRIP: Final = 273  # where the data of a TIFF begin
_IMAGE_KEYS: Final = {
    *("/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent", "/Filter", "/Length"),
    *("/DecodeParms", "/Name", "/Metadata", "/Intent"),
}
_FAX_KEYS: Final = {"/K", "/Columns", "/Rows", "/BlackIs1", "/EndOfBlock"}


def fax_of(document_of_one_page: bytes) -> Picture | None:
    """Return the pixels of a page that is one fax picture, upright; None for a page to be rendered."""
    try:
        with pikepdf.open(io.BytesIO(document_of_one_page), suppress_warnings=True) as document:
            page = document.pages[0].obj
            if int(page.get("/Rotate", 0)) % 360:
                return None
            image, matrix, clips = sole_image(page, words=False)
            width, height = int(image.Width), int(image.Height)
            if clips or not _is_plain(image) or not _fills(page_box(page), matrix, width, height):
                return None
            data = image.read_raw_bytes()
        if not _is_whole(data):
            return None
        check_size(width, height)
        with (
            undisturbed(),
            heard() as said,
            TiffImagePlugin.TiffImageFile(_tiff(data, width, height)) as picture,
        ):
            bits = picture.tobytes("raw", "L")
        if said[0]:
            return None
    except (OtherError, *MISSHAPEN, *DAMAGE):
        return None
    pixels = np.frombuffer(bits, np.uint8).reshape(height, width)
    # In the precision of PDFium, which says it of all other pages.
    along, down = float(np.float32(matrix[0])), float(np.float32(matrix[3]))
    dpi = width / along * POINTS_PER_INCH, height / down * POINTS_PER_INCH
    return Picture(pixels, False, dpi, is_bilevel=True)


def _is_plain(image: Object) -> bool:
    """Whether a picture is fax data as they are: black is black."""
    if not set(image.keys()) <= _IMAGE_KEYS or image.Filter != Name.CCITTFaxDecode:
        return False
    how = image.get("/DecodeParms")
    return (
        isinstance(how, Dictionary)
        and set(how.keys()) <= _FAX_KEYS
        and int(how.get("/K", 0)) == -1
        and not how.get("/BlackIs1", False)
        and int(how.get("/Columns", 1728)) == int(image.Width)
        and int(how.get("/Rows", 0)) in (0, int(image.Height))
        and int(image.BitsPerComponent) == 1
        and image.ColorSpace == Name.DeviceGray
    )


def _fills(shown: tuple[float, float, float, float], matrix: Matrix, width: int, height: int) -> bool:
    """Whether a picture lies upright on the whole page, each of its pixels on one of the page's."""
    a, b, c, d, e, f = matrix
    left, bottom, right, top = shown
    if b or c or a <= 0 or d <= 0:
        return False
    x, y = width / a, height / d
    off = (e - left) * x, (f - bottom) * y, (right - left - a) * x, (top - bottom - d) * y
    return max(map(abs, off)) < OFF_PX


def _is_whole(data: bytes) -> bool:
    """Whether the sign for the end comes once, at the end: libtiff makes white of all that follows one."""
    bits = f"{int.from_bytes(data):0{8 * len(data)}b}"
    found = bits.find(NO_CODE)
    return found >= 0 and bits[found:].strip("0") == f"1{NO_CODE}1"


def _tiff(data: bytes, width: int, height: int) -> io.BytesIO:
    """Return fax data as the plainest TIFF."""
    values = {256: width, 257: height, 258: 1, 259: GROUP_4, 262: 0, STRIP: 0, 277: 1, 278: height}
    tags = {tag: Entry(4, (value,)) for tag, value in {**values, 279: len(data)}.items()}
    return io.BytesIO(written(tags, "<", [data], STRIP))
