"""PDF -> pages: the embedded picture of a scan as it is, any other page rendered.

PDFium takes documents apart, one thread at a time: it is not thread-safe. Poppler renders
through pdf2image.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Final

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

from omr.errors import MissingToolError, ScanError
from omr.reading.scan.pictures import Picture, check_size, oriented, plain

_PDFIUM: Final = RLock()

POINTS_PER_INCH: Final = 72.0
RENDER_DPI: Final = 300.0
RENDER_LONGEST_PX: Final = 5000  # A3 at 300 dpi; a page that claims to be larger gets fewer dpi
RENDER_SECONDS: Final = 60
# PDFium keeps every picture that it has read until the document is closed: after so many bytes
# it is opened anew, which takes a millisecond, so that a file of any length takes the same memory.
MOST_HELD_BYTES: Final = 16 * 2**20
# A text layer has a few hundred objects. A page with more is a drawing: render it.
MOST_OBJECTS: Final = 20_000
# Share of the page by which a picture may miss its edges and still be the whole page
# (sizes in a PDF are often rounded to whole points).
EDGE_TOLERANCE: Final = 0.01
# A picture turned by more than this (sine) was straightened by software: render it.
TURN_TOLERANCE: Final = 0.002

# Colours in which a JPEG means the same inside a PDF and on its own; CMYK and palettes do not.
_JPEG_SPACES: Final = {
    raw.FPDF_COLORSPACE_DEVICEGRAY,
    raw.FPDF_COLORSPACE_DEVICERGB,
    raw.FPDF_COLORSPACE_CALGRAY,
    raw.FPDF_COLORSPACE_CALRGB,
    raw.FPDF_COLORSPACE_ICCBASED,
}
# The time and the random name that PDFium gives to every document it saves, near its start and its end.
_ANEW: Final = re.compile(rb"(?<=/CreationDate\(D:)\d{14}|(?<=/ID\[<)[0-9A-F]{32}><[0-9A-F]{32}")
_EDGE_BYTES: Final = 512
# EXIF orientation of a picture whose right and down directions point this way on the page.
_ORIENTATION: Final = {
    ((1, 0), (0, 1)): 1,
    ((-1, 0), (0, 1)): 2,
    ((-1, 0), (0, -1)): 3,
    ((1, 0), (0, -1)): 4,
    ((0, 1), (1, 0)): 5,
    ((0, 1), (-1, 0)): 6,
    ((0, -1), (-1, 0)): 7,
    ((0, -1), (1, 0)): 8,
}


@dataclass(frozen=True, slots=True)
class PdfPart:
    """One page on its own: a JPEG and how it lies on the page, or a PDF of one page."""

    data: bytes
    is_jpeg: bool
    orientation: int = 1  # of a JPEG, as EXIF counts
    dpi: tuple[float, float] | None = None  # of a JPEG, along the page's x and y


def split(path: Path, most_pages: int) -> Iterator[PdfPart | ScanError]:
    """Yield each page, or the error in its place.

    Raises
    ------
    ScanError
        If the document cannot be opened: damaged, or locked with a password.
    """
    index, count = 0, 1
    while index < count:
        held = 0
        with _opened(path) as document:
            with _PDFIUM:
                count = len(document)
            if count > most_pages:
                raise ScanError("too_many_pages", most=most_pages)
            while index < count and held < MOST_HELD_BYTES:
                part: PdfPart | ScanError
                try:
                    with _PDFIUM:
                        part = _part(document, index)
                    held += len(part.data)
                except pdfium.PdfiumError as error:
                    part = ScanError("damaged", detail=str(error))
                index += 1
                yield part


def load(document_of_one_page: bytes) -> Picture:
    """Return the page's pixels, upright as the page shows them.

    Raises
    ------
    ScanError
        If the page is damaged or its picture's size is out of bounds.
    MissingToolError
        If the page must be rendered and poppler is absent.
    """
    longest_inch = 1.0
    # What PDFium cannot make out, poppler may; if not, it says so.
    with suppress(pdfium.PdfiumError), _PDFIUM, _opened(document_of_one_page) as document:
        page = document[0]
        longest_inch = max(longest_inch, max(page.get_size()) / POINTS_PER_INCH)
        found = _only_picture(page)
        if found is not None:
            image, orientation = found
            check_size(*image.get_px_size())
            pixels = oriented(_pixels(image), orientation)
            return Picture(pixels, pixels.ndim == 3, _dpi(image, orientation))
    return _rendered(document_of_one_page, int(min(RENDER_DPI, RENDER_LONGEST_PX / longest_inch)))


@contextmanager
def _opened(source: Path | bytes) -> Iterator[pdfium.PdfDocument]:
    try:
        with _PDFIUM:
            document = pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise ScanError("encrypted") from error
        raise ScanError("damaged", detail=str(error)) from error
    try:
        yield document
    finally:
        with _PDFIUM:
            document.close()


def _part(document: pdfium.PdfDocument, index: int) -> PdfPart:
    page = document[index]
    try:
        with suppress(pdfium.PdfiumError):  # the page by itself will show what it is
            found = _only_picture(page)
            if found is not None and _is_plain_jpeg(found[0]):
                image, orientation = found
                data = bytes(image.get_data(decode_simple=True))
                return PdfPart(data, True, orientation, _dpi(image, orientation))
        return PdfPart(_alone(document, index), False)
    finally:
        page.close()


def _is_plain_jpeg(image: pdfium.PdfImage) -> bool:
    return image.get_filters()[-1:] == ["DCTDecode"] and image.get_metadata().colorspace in _JPEG_SPACES


def _only_picture(page: pdfium.PdfPage) -> tuple[pdfium.PdfImage, int] | None:
    """Return the picture that is all one sees of the page, with its orientation.

    A layer of invisible text (a scan after OCR) does not count, nor does what lies
    under a picture that covers the page.
    """
    if raw.FPDFPage_CountObjects(page) > MOST_OBJECTS:
        return None
    visible = [one for one in page.get_objects(max_depth=1) if not _is_invisible(one)]
    images = [one for one in visible if isinstance(one, pdfium.PdfImage)]
    if len(images) != 1 or visible[-1] is not images[0]:
        return None
    image = images[0]
    # A stencil has no colours of its own; PDFium gives where it paints, which is a negative.
    is_stencil = image.get_metadata().colorspace == raw.FPDF_COLORSPACE_UNKNOWN
    if is_stencil or raw.FPDFPageObj_HasTransparency(image):
        return None
    left, bottom, right, top = page.get_cropbox()
    slack_x, slack_y = (right - left) * EDGE_TOLERANCE, (top - bottom) * EDGE_TOLERANCE
    x0, y0, x1, y1 = image.get_bounds()
    if x0 < left - slack_x or y0 < bottom - slack_y or x1 > right + slack_x or y1 > top + slack_y:
        return None  # the page shows a part of the picture
    covers = x0 < left + slack_x and y0 < bottom + slack_y and x1 > right - slack_x and y1 > top - slack_y
    if len(visible) > 1 and not covers:
        return None
    orientation = _orientation(image.get_matrix(), page.get_rotation())
    return None if orientation is None else (image, orientation)


def _is_invisible(one: pdfium.PdfObject) -> bool:
    if one.type != raw.FPDF_PAGEOBJ_TEXT:
        return False
    return bool(raw.FPDFTextObj_GetTextRenderMode(one) == raw.FPDF_TEXTRENDERMODE_INVISIBLE)


def _orientation(matrix: pdfium.PdfMatrix, rotation_deg: int) -> int | None:
    """Return the EXIF orientation of a picture drawn with `matrix` on a page turned clockwise."""
    right, down = (matrix.a, -matrix.b), (-matrix.c, matrix.d)  # y points down from here on
    for _ in range(rotation_deg // 90 % 4):
        right, down = (-right[1], right[0]), (-down[1], down[0])
    signs = []
    for x, y in (right, down):
        longer, shorter = max(abs(x), abs(y)), min(abs(x), abs(y))
        if longer == 0 or shorter > TURN_TOLERANCE * longer:
            return None
        signs.append((int(np.sign(x)), 0) if abs(x) > abs(y) else (0, int(np.sign(y))))
    return _ORIENTATION.get((signs[0], signs[1]))


def _dpi(image: pdfium.PdfImage, orientation: int) -> tuple[float, float]:
    """Return the resolution along the page's x and y; `_orientation` made sure that no side is 0."""
    width, height = image.get_px_size()
    matrix = image.get_matrix()
    x = width / math.hypot(matrix.a, matrix.b) * POINTS_PER_INCH
    y = height / math.hypot(matrix.c, matrix.d) * POINTS_PER_INCH
    return (y, x) if orientation in (5, 6, 7, 8) else (x, y)


def _alone(document: pdfium.PdfDocument, index: int) -> bytes:
    """Return one page as a document, always the same bytes: their hash tells a page that came twice."""
    out = io.BytesIO()
    with pdfium.PdfDocument.new() as single:
        single.import_pages(document, [index])
        single.save(out)
    data = out.getvalue()
    end = max(len(data) - _EDGE_BYTES, _EDGE_BYTES)
    head, tail = (_ANEW.sub(_zeros, part) for part in (data[:_EDGE_BYTES], data[end:]))
    return head + data[_EDGE_BYTES:end] + tail


def _zeros(found: re.Match[bytes]) -> bytes:
    return re.sub(rb"[0-9A-F]", b"0", found[0])


def _pixels(image: pdfium.PdfImage) -> NDArray[np.uint8]:
    pixels = image.get_bitmap().to_numpy()
    if pixels.ndim == 3 and pixels.shape[2] >= 3:
        return plain(pixels[:, :, 2::-1])  # PDFium gives BGR or BGRx
    return np.array(pixels.reshape(pixels.shape[:2]), np.uint8)


def _rendered(document_of_one_page: bytes, dpi: int) -> Picture:
    from pdf2image import convert_from_bytes
    from pdf2image.exceptions import (
        PDFInfoNotInstalledError,
        PDFPageCountError,
        PDFPopplerTimeoutError,
        PDFSyntaxError,
    )

    try:
        pictures = convert_from_bytes(
            document_of_one_page,
            dpi=dpi,
            last_page=1,
            use_cropbox=True,
            timeout=RENDER_SECONDS,
        )
    except PDFInfoNotInstalledError as error:
        raise MissingToolError("poppler", "poppler-utils") from error
    except (PDFPageCountError, PDFSyntaxError, PDFPopplerTimeoutError, OSError, ValueError) as error:
        raise ScanError("damaged", detail=type(error).__name__) from error
    if not pictures:
        raise ScanError("damaged", detail="poppler")
    pixels = plain(np.array(pictures[0].convert("RGB")))
    return Picture(pixels, pixels.ndim == 3, (dpi, dpi))
