"""Is all that a PDF page draws there? A picture that is missing or breaks off is shown as white paper.

Viewers draw what they have and say nothing; white that stands for lost data is no blank back.
"""

from __future__ import annotations

import io
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

from omr.errors import ScanError
from omr.reading.pdf.picture_objects import pictures_of
from omr.reading.pictures.ifd import Entry
from omr.reading.pictures.picture import load
from omr.reading.pictures.tiff import reaches_end

# What pikepdf raises on what is not as it should be.
_DAMAGE: Final = (pikepdf.PdfError, ValueError, TypeError, KeyError, IndexError, RuntimeError, AttributeError)
_WRAPPERS: Final = {
    *("/ASCII85Decode", "/ASCIIHexDecode", "/FlateDecode", "/LZWDecode", "/RunLengthDecode"),
    *("/A85", "/AHx", "/Fl", "/LZW", "/RL"),
}
_COMPONENTS: Final = {
    **{"/DeviceGray": 1, "/CalGray": 1, "/G": 1, "/Indexed": 1, "/I": 1, "/Separation": 1},
    **{"/DeviceRGB": 3, "/CalRGB": 3, "/RGB": 3, "/Lab": 3, "/DeviceCMYK": 4, "/CMYK": 4},
}


def lacks_picture(page: Dictionary) -> bool:
    """Return whether a page draws something that is not in the document any more."""
    try:
        if not isinstance(page.get("/Contents"), pikepdf.Stream | Array):  # no program ever wrote such a scan
            return True
        return any(one is None for one in pictures_of(pikepdf.Page(page), page.get("/Resources"), 0))
    except _DAMAGE:  # no program that could be followed: what it shows is what there is
        return False


def breaks_off(document_of_one_page: bytes) -> bool:
    """Return whether a picture that a page draws ends before its last row, or cannot be made out at all."""
    with Pdf.open(io.BytesIO(document_of_one_page), suppress_warnings=True) as document:
        page = document.pages[0]
        pictures = list(pictures_of(page, page.obj.get("/Resources"), 0))
        return not all(one is not None and _is_whole(one) for one in pictures)


def _is_whole(image: pikepdf.Stream) -> bool:
    """Return whether a picture's data reach its last row."""
    found = image.get("/Filter", Array())
    filters = [str(one) for one in found] if isinstance(found, Array) else [str(found)]
    try:
        match filters[-1:]:
            case ["/DCTDecode" | "/DCT" | "/JPXDecode"]:
                load(_unwrapped(image, filters), 1, colour=False)
            case ["/CCITTFaxDecode" | "/CCF"]:
                return reaches_end(*_fax(image, _unwrapped(image, filters)))
            case [] | [_] if set(filters) <= _WRAPPERS:
                return len(image.read_bytes()) >= _least_bytes(image)
    except ScanError as error:
        return error.reason not in ("damaged", "not_a_scan")
    except _DAMAGE:
        return False
    return True


def _unwrapped(image: pikepdf.Stream, filters: list[str]) -> bytes:
    data = image.read_raw_bytes()
    if len(filters) == 1:
        return data
    with Pdf.new() as empty:
        return pikepdf.Stream(empty, data, Filter=Array(map(Name, filters[:-1]))).read_bytes()


def _least_bytes(image: pikepdf.Stream) -> int:
    """Return how many bytes the rows of an unpacked picture have; 0 where its colours are not known."""
    bits, count = int(image.get("/BitsPerComponent", 1)), 1
    if not image.get("/ImageMask", False):
        space = image.ColorSpace
        name = str(space[0] if isinstance(space, Array) else space)
        count = _COMPONENTS.get(name, 0)
        if name == "/ICCBased":
            count = int(space[1].N)
        elif name == "/DeviceN":
            count = len(space[1])
    return -(-int(image.Width) * bits * count // 8) * int(image.Height)


def _fax(image: pikepdf.Stream, data: bytes) -> tuple[dict[int, Entry], list[bytes], str, int]:
    """Return fax data as the parts of a TIFF."""
    told = image.get("/DecodeParms", Dictionary())
    told = told[-1] if isinstance(told, Array) else told
    kind = int(told.get("/K", 0))
    columns, rows = int(told.get("/Columns", 1728)), int(image.Height)
    tags = {
        **{256: Entry(4, (columns,)), 257: Entry(4, (rows,)), 258: Entry(3, (1,)), 277: Entry(3, (1,))},
        **{259: Entry(3, (4 if kind < 0 else 3,)), 278: Entry(4, (rows,))},
        **{273: Entry(4, (0,)), 279: Entry(4, (len(data),))},
    }
    if kind > 0:
        tags[292] = Entry(4, (1,))
    return tags, [data], "<", 273
