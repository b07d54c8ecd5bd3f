"""A PDF page -> pixels, as viewers show it: rendered by PDFium, on the grid of its own picture.

PDFium is not thread-safe: one thread at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Final

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from omr.errors import ScanError
from omr.reading.files.source import Source
from omr.reading.pdf.fax import fax_of
from omr.reading.pdf.picture_objects import Size, finer_masks
from omr.reading.pictures.picture import Picture
from omr.reading.pictures.pixels import Pixels, check_size, plain

PDFIUM: Final = RLock()

POINTS_PER_INCH: Final = 72.0
RENDER_DPI: Final = 300.0  # of a page without a picture to go by
FINEST_DPI: Final = 600.0  # of a page of several pictures
RENDER_LONGEST_PX: Final = 5000  # A3 at 300 dpi; a page that claims to be larger gets fewer dpi
RENDER_SECONDS: Final = 60
DEEPEST: Final = 3  # pictures inside forms inside forms
WHOLE_PAGE: Final = 0.9  # share of the page from which a picture's grid is the page's
LEAST_SHARE: Final = 0.01  # smaller pictures are logos: they do not say how fine a page is
# A text layer has a few hundred objects. A page with more is a drawing.
MOST_OBJECTS: Final = 20_000


@contextmanager
def opened(source: Source) -> Iterator[pdfium.PdfDocument]:
    """Open a document in PDFium.

    Raises
    ------
    ScanError
        If it is damaged, or locked with a password.
    """
    with PDFIUM:
        try:
            document = pdfium.PdfDocument(source)
        except pdfium.PdfiumError as error:
            if error.err_code == raw.FPDF_ERR_PASSWORD:
                raise ScanError("encrypted") from error
            raise ScanError("damaged", detail=str(error)) from error
        try:
            yield document
        finally:
            document.close()


def load(document_of_one_page: bytes) -> Picture:
    """Return the page's pixels, upright as the page shows them.

    Raises
    ------
    ScanError
        If the page is damaged, its picture's size is out of bounds, or PDFium cannot make it out and
        poppler is absent.
    """
    picture = fax_of(document_of_one_page)
    if picture is not None:
        return picture
    try:
        with opened(document_of_one_page) as document:
            document.init_forms()
            page = document[0]
            scale = _scale(page, finer_masks(document_of_one_page))
            width, height = page.get_size()
            size = max(1, round(width * scale[0])), max(1, round(height * scale[1]))
            check_size(*size)
            pixels = _drawn(document, page, size)
    except pdfium.PdfiumError:
        # What PDFium cannot make out, poppler may; if not, it says so.
        return _by_poppler(document_of_one_page)
    dpi = scale[0] * POINTS_PER_INCH, scale[1] * POINTS_PER_INCH
    return Picture(pixels, pixels.ndim == 3, dpi)


def _scale(page: pdfium.PdfPage, masks: Mapping[Size, Size]) -> tuple[float, float]:
    """Return pixels per point along the page's x and y.

    A picture that fills the page comes pixel for pixel; with other ink on it, in whole multiples.
    """
    width, height = page.get_size()
    turned = page.get_rotation() % 180 != 0
    found: list[tuple[float, float]] = []
    if raw.FPDFPage_CountObjects(page) <= MOST_OBJECTS:
        for one in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=DEEPEST):
            x, y, share = _grid(one, width * height, masks)
            if share >= WHOLE_PAGE and not found:
                alone = raw.FPDFPage_CountObjects(page) == 1 and not raw.FPDFPage_GetAnnotCount(page)
                times = 1 if alone else math.ceil(RENDER_DPI / POINTS_PER_INCH / max(x, y) - 0.01)
                return (y * times, x * times) if turned else (x * times, y * times)
            if share >= LEAST_SHARE:
                found.append((x, y))
    finest = max((max(one) for one in found), default=0.0)
    dots = min(max(RENDER_DPI, finest * POINTS_PER_INCH), FINEST_DPI) / POINTS_PER_INCH
    dots = min(dots, RENDER_LONGEST_PX / max(width, height, 1.0))
    return dots, dots


def _grid(image: pdfium.PdfImage, page_area: float, masks: Mapping[Size, Size]) -> tuple[float, float, float]:
    """Return a picture's pixels per point along x and y of the unturned page, and its share of the page."""
    size = image.get_px_size()
    columns, rows = masks.get(size, size)
    check_size(columns, rows, least=1)
    matrix = image.get_matrix()
    along, down = math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)
    if along <= 0 or down <= 0:
        return 0.0, 0.0, 0.0
    share = along * down / max(page_area, 1.0)
    x, y = columns / along, rows / down
    return (y, x, share) if abs(matrix.b) > abs(matrix.a) else (x, y, share)


def _drawn(document: pdfium.PdfDocument, page: pdfium.PdfPage, size: tuple[int, int]) -> Pixels:
    """Return the page as pixels of this size, on white."""
    is_grey = draws_one_bit(page)
    bitmap = pdfium.PdfBitmap.new_native(*size, raw.FPDFBitmap_Gray if is_grey else raw.FPDFBitmap_BGR)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
    place = bitmap, page, 0, 0, *size, 0, raw.FPDF_ANNOT
    raw.FPDF_RenderPageBitmap(*place)
    if document.formenv:
        raw.FPDF_FFLDraw(document.formenv, *place)
    pixels = bitmap.to_numpy()
    if is_grey:
        return np.array(pixels.reshape(pixels.shape[:2]), np.uint8)
    return plain(np.asarray(pixels[:, :, ::-1], np.uint8))


def draws_one_bit(page: pdfium.PdfPage) -> bool:
    """Whether a page draws a picture of black and white and nothing else: that is drawn in grey, faster."""
    if raw.FPDFPage_CountObjects(page) != 1 or raw.FPDFPage_GetAnnotCount(page):
        return False
    picture = raw.FPDFPage_GetObject(page, 0)
    about = raw.FPDF_IMAGEOBJ_METADATA()
    return (
        raw.FPDFPageObj_GetType(picture) == raw.FPDF_PAGEOBJ_IMAGE
        and bool(raw.FPDFImageObj_GetImageMetadata(picture, page, about))
        and about.bits_per_pixel == 1
        and about.colorspace == raw.FPDF_COLORSPACE_DEVICEGRAY
    )


def _by_poppler(document_of_one_page: bytes) -> Picture:
    from pdf2image import convert_from_bytes
    from pdf2image.exceptions import (
        PDFInfoNotInstalledError,
        PDFPageCountError,
        PDFPopplerTimeoutError,
        PDFSyntaxError,
    )

    dpi = int(RENDER_DPI)
    try:
        pictures = convert_from_bytes(
            document_of_one_page,
            dpi=dpi,
            last_page=1,
            use_cropbox=True,
            timeout=RENDER_SECONDS,
        )
    except PDFInfoNotInstalledError as error:
        raise ScanError("no_poppler") from error
    except (PDFPageCountError, PDFSyntaxError, PDFPopplerTimeoutError, OSError, ValueError) as error:
        raise ScanError("damaged", detail=type(error).__name__) from error
    if not pictures:
        raise ScanError("damaged", detail="poppler")
    check_size(*pictures[0].size)
    pixels = plain(np.array(pictures[0].convert("RGB")))
    return Picture(pixels, pixels.ndim == 3, (dpi, dpi))
