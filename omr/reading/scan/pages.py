"""Files become scanned pages: the one edge of this room (files and decoders).

`find.find_files` -> `open_pages` -> `EncodedPage` (small, goes to worker processes) -> `decode`
-> `ScannedPage`. What is wrong with a file or page travels in the EncodedPage and is
raised by `decode`: one bad page never ends a batch.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import OmrError, ScanError, why
from omr.files import SCAN_HEAD_BYTES, ScanKind, is_archive, scan_kind
from omr.geometry import MM_PER_INCH
from omr.messages import shown
from omr.reading.files.source import Attached, Source, binary
from omr.reading.pictures import tiff
from omr.reading.pictures.jpeg import pictures_behind
from omr.reading.pictures.picture import Picture, load
from omr.reading.pictures.pixels import grey_of
from omr.reading.scan.square import squared

Grey = NDArray[np.uint8]  # (H, W), 0 is black, 255 is white
Colour = NDArray[np.uint8]  # (H, W, 3) RGB

MOST_BYTES: Final = 256 * 2**20  # of a single picture; documents are read page by page
DEEPEST: Final = 3  # files that hang on files that hang on files
MOST_PAGES: Final = 20_000  # of one file: two days' work of the fastest scanner
# Programs that do not know the resolution write 72 or 96; nobody scans slips with more than 1200.
LEAST_DPI: Final = 97.0
MOST_DPI: Final = 1300.0
# Fax pixels are up to twice as high as wide; a smaller difference is for `align` to measure.
SQUARE_PIXELS: Final = 1.2
MOST_STRETCH: Final = 3.0
# A claim by which the page would be shorter than A7 or longer than A3 is a default or a mistake.
SHORTEST_SHEET_MM: Final = 70.0
LONGEST_SHEET_MM: Final = 450.0


class Depth(StrEnum):
    """What the scanner delivered."""

    BILEVEL = "bilevel"
    GREY = "grey"
    COLOUR = "colour"


class Encoding(StrEnum):
    """How a page is kept until it is decoded."""

    PICTURE = "picture"  # a JPEG, PNG or TIFF of one page
    PDF = "pdf"  # of one page
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPage:
    """One side of a sheet as the file holds it: small and picklable."""

    file: str  # file name for people
    page: int  # from 1
    encoding: Encoding
    data: bytes
    orientation: int | None = None  # of a picture, as EXIF counts; None: as it says itself
    dpi: tuple[float, float] | None = None  # of a picture inside a PDF, along x and y of the page
    fault: ScanError | None = None  # what is wrong with a broken page
    identity: str = ""  # SHA-256 of what the page is made of; empty: that of `data`
    older: tuple[str, ...] = ()  # identities that earlier versions stored for such a page
    previews: int = 0  # smaller pictures of the same page that the file holds; they are no pages
    inside: str = ""  # the name of the attached file in which it lies

    @property
    def made_of(self) -> str:
        """The SHA-256 by which the same picture is known again."""
        return self.identity or hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class ScannedPage:
    """One side of a sheet as pixels."""

    file: str  # file name for people
    page: int  # from 1
    grey: Grey
    depth: Depth
    dpi: float | None  # as the file claims; a hint, never trusted
    stretch: float = 1.0  # dpi along x over dpi along y, as claimed
    encoded: EncodedPage | None = None  # for a second look in colour


def open_pages(path: Path) -> Iterator[EncodedPage]:
    """Yield the pages of one file. What is broken is a page that says so.

    Raises
    ------
    OmrError
        If this machine cannot read the file.
    """
    name, number = shown(path.name), 0
    try:
        for number, page in enumerate(_pages(path, 0), start=1):
            if number > MOST_PAGES:
                raise ScanError("too_many_pages", most=MOST_PAGES)
            yield replace(page, file=name, page=number)
        if number == 0:  # a list of pages with nothing in it: a file that says nothing would be lost
            raise ScanError("damaged", detail="0")
    except ScanError as error:
        yield replace(broken(error), file=name, page=number + 1)
    except OSError as error:  # not the file's fault: disk, share, rights
        raise OmrError("page.cannot_open", file=path, detail=why(error)) from error


def decode(page: EncodedPage) -> ScannedPage:
    """Decode to grey, the right way up as far as the file says.

    Raises
    ------
    ScanError
        If the page is broken, too large or too small; the values hold the numbers.
    """
    picture = _picture(page, colour=False)
    grey = grey_of(picture.pixels)
    dpi = _believable(picture.dpi, grey.shape)
    stretch = dpi[0] / dpi[1] if dpi else 1.0
    if dpi and not 1 / SQUARE_PIXELS < stretch < SQUARE_PIXELS:
        grey, finest = squared(grey, dpi)
        dpi = (finest, finest) if finest else None
        stretch = 1.0
    claimed = math.sqrt(dpi[0] * dpi[1]) if dpi else 0.0
    return ScannedPage(
        file=page.file,
        page=page.page,
        grey=grey,
        depth=_depth(picture),
        dpi=claimed if claimed >= LEAST_DPI else None,
        stretch=stretch,
        encoded=page,
    )


def check_whole(scan: ScannedPage) -> None:
    """Refuse a page of which viewers show white where data are missing; others were refused when decoded.

    Raises
    ------
    ScanError
        ``damaged``
    """
    page = scan.encoded
    if page is None:
        return
    if page.encoding is Encoding.PDF:
        from omr.reading.pdf import drawn

        breaks_off = drawn.breaks_off(page.data)
    else:
        is_tiff = scan_kind(page.data[:SCAN_HEAD_BYTES]) is ScanKind.TIFF
        breaks_off = is_tiff and not tiff.is_whole(page.data)
    if breaks_off:
        raise ScanError("damaged", detail="picture")


def colour_of(scan: ScannedPage, reduced: int = 1, top: float = 1.0) -> Colour | None:
    """Decode the page once more, in colour; None when the scanner delivered none.

    Parameters
    ----------
    scan : ScannedPage
    reduced : {1, 2, 4, 8}
        Into how many times fewer pixels a side; a JPEG is decoded faster for it.
    top : float
        The share of the page, from its top, that is wanted; more may come, up to the whole page.
    """
    if scan.depth is not Depth.COLOUR or scan.encoded is None:
        return None
    picture = _picture(scan.encoded, colour=True, reduced=reduced, top=top)
    pixels = picture.pixels
    if pixels.ndim != 3:
        return None
    height, width = scan.grey.shape
    size = math.ceil(width / reduced), math.ceil(round(picture.top * height) / reduced)
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _pages(source: Source, depth: int) -> Iterator[EncodedPage]:
    with binary(source) as file:
        head = file.read(SCAN_HEAD_BYTES)
        size = file.seek(0, io.SEEK_END)
    if size == 0:
        raise ScanError("empty_file")
    match scan_kind(head):
        case ScanKind.PDF:
            from omr.reading.pdf import document  # PDFium: workers that get JPEGs do not need it

            for part in document.split(source, MOST_PAGES):
                if isinstance(part, ScanError):
                    yield broken(part)
                elif isinstance(part, Attached):
                    yield from _attached(part, depth + 1)
                elif part.is_jpeg:
                    yield EncodedPage("", 0, Encoding.PICTURE, part.data, part.orientation, part.dpi)
                else:
                    yield EncodedPage(
                        "", 0, Encoding.PDF, part.data, identity=part.identity, older=part.older
                    )
        case ScanKind.TIFF:
            for frame in tiff.split(source, MOST_PAGES):
                if isinstance(frame, ScanError):
                    yield broken(frame)
                else:
                    yield EncodedPage(
                        *("", 0, Encoding.PICTURE, frame.data, frame.orientation),
                        identity=frame.identity,
                        older=frame.older,
                        previews=frame.previews,
                    )
        case None:
            raise ScanError("archive" if is_archive(head) else "not_a_scan")
        case kind:
            if size > MOST_BYTES:
                raise ScanError("too_many_bytes", megabytes=size // 2**20, most=MOST_BYTES // 2**20)
            with binary(source) as file:
                data = file.read()
            yield EncodedPage("", 0, Encoding.PICTURE, data)
            if kind is ScanKind.JPEG and (more := pictures_behind(data)):
                yield broken(ScanError("pages_may_be_missing", found=1, counted=1 + more))


def _attached(one: Attached, depth: int) -> Iterator[EncodedPage]:
    """Yield the pages of a file that hangs on another."""
    is_empty = True
    try:
        if depth > DEEPEST or scan_kind(one.data[:SCAN_HEAD_BYTES]) is None:
            raise ScanError("attached_not_read", name=one.name)
        for page in _pages(one.data, depth):
            is_empty = False
            yield replace(page, inside=page.inside or one.name)
        if is_empty:
            raise ScanError("damaged", detail="0")
    except ScanError as error:
        yield replace(broken(error), inside=one.name)


def broken(fault: ScanError) -> EncodedPage:
    """Return the page that stands for what could not be opened."""
    return EncodedPage("", 0, Encoding.BROKEN, b"", fault=fault)


def _picture(page: EncodedPage, *, colour: bool, reduced: int = 1, top: float = 1.0) -> Picture:
    if page.fault is not None:
        raise page.fault
    if page.encoding is Encoding.PDF:
        from omr.reading.pdf import render

        return render.load(page.data)
    picture = load(page.data, page.orientation, colour=colour, reduced=reduced, top=top)
    return picture if page.dpi is None else picture._replace(dpi=page.dpi)


def _believable(dpi: tuple[float, float] | None, shape: tuple[int, ...]) -> tuple[float, float] | None:
    """Return a claimed resolution unless it would make the page no sheet of paper."""
    if dpi is None or not all(LEAST_DPI / MOST_STRETCH <= one <= MOST_DPI for one in dpi):
        return None
    if max(dpi) > MOST_STRETCH * min(dpi):
        return None
    longest_mm = max(shape[1] / dpi[0], shape[0] / dpi[1]) * MM_PER_INCH
    return dpi if SHORTEST_SHEET_MM <= longest_mm <= LONGEST_SHEET_MM else None


def _depth(picture: Picture) -> Depth:
    """Tell bilevel from grey; almost every grey scan shows a third level within a few rows."""
    if picture.is_colour or picture.is_bilevel:
        return Depth.COLOUR if picture.is_colour else Depth.BILEVEL
    for part in (np.ascontiguousarray(picture.pixels[::64]), picture.pixels):
        darkest, lightest, _, _ = cv2.minMaxLoc(part)
        between = cv2.inRange(part, darkest + 1, lightest - 1) if lightest - darkest > 1 else None
        if between is not None and cv2.hasNonZero(between):
            return Depth.GREY
    return Depth.BILEVEL
