"""Multi-page TIFF -> one small file per page, without decoding: strips and tiles are copied as they are."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from omr.errors import ScanError
from omr.reading.files.source import Source, binary
from omr.reading.pictures.before import TiffBefore
from omr.reading.pictures.ifd import (
    CIRCLE,
    LONG8,
    BrokenDirectoryError,
    Directory,
    Entry,
    directories,
    written,
)
from omr.reading.pictures.jpeg import end_of_jpeg
from omr.reading.pictures.picture import load
from omr.reading.pictures.pixels import DAMAGE, LEAST_SIDE_PX, check_size, grey_of, undisturbed

SUBFILE_TYPE: Final = 254
OLD_SUBFILE_TYPE: Final = 255
WIDTH, HEIGHT, COMPRESSION, ORIENTATION = 256, 257, 259, 274
FAX: Final = (2, 3, 4)
JPEG: Final = 7
OTHER: Final = hashlib.sha512(b"no fax").digest() * 8  # bits of all kinds: no decoder takes them for white
CHUNKS: Final = ((324, 325), (273, 279))  # tiles, strips: offsets and byte counts
OLD_JPEG: Final = 6  # of before 1995: its tables lie about the file, out of any strip
# What says how the pixels are stored; everything else (names, dates, nested directories)
# is left behind, and with it most of what can be wrong in a file.
PIXEL_TAGS: Final = (
    *(256, 257, 258, 259, 262, 266, 277, 278, 282, 283, 284, 292, 293, 296),
    *(317, 320, 322, 323, 338, 339, 347, 529, 530, 531, 532),
)
SAME_SHAPE: Final = 0.02  # by which a preview's sides may be rounded
# Grey levels by which a preview may differ from its page in its worst patch, both as `_blurred` makes them.
# Simulated previews that average, also as bad JPEG or dithered, differ by at most 8.6; another slip of the
# same form, by the same scanner, by 18 and more (90 of each). What is in doubt is a page.
SAME_PAGE: Final = 12.5
COMPARED_PX: Final = 300
PATCH_PX: Final = 12


@dataclass(frozen=True, slots=True)
class TiffPage:
    """One page as a TIFF of its own."""

    data: bytes
    orientation: int  # as EXIF counts; no longer in `data`, because not every decoder obeys it
    identity: str  # SHA-256 of what is stored of the page, whoever wrote the file
    previews: int  # smaller pictures of the same page, which are no pages
    older: tuple[str, ...] = ()  # what earlier versions called it


def split(source: Source, most_pages: int) -> Iterator[TiffPage | ScanError]:
    """Yield each page of a TIFF as a picture of its own, or the error in its place.

    A picture that calls itself a reduced one is left out only where it is smaller than the page
    before it, has its shape and, if it is fine enough to be read, shows the same. Where the decoder
    counts other pages than stand in the file, the last thing yielded says so.

    Raises
    ------
    ScanError
        If the file has more than `most_pages`.
    """
    with binary(source) as file:
        found: list[Directory] = []
        broken: ScanError | None = None
        try:
            for directory in directories(file):
                if len(found) == most_pages:
                    raise ScanError("too_many_pages", most=most_pages)
                found.append(directory)
        except BrokenDirectoryError as error:
            # The chain of directories is broken here: what follows cannot be found.
            broken = ScanError("damaged", detail=str(error))
        is_big_endian = _starts(file, b"MM")
        before = TiffBefore(file)
        order = ">" if is_big_endian else "<"
        for page, previews, frame in _pages(found, file, order):
            try:
                taken = _page(page, previews, file, order)
                yield taken if frame is None else replace(taken, older=before.name(frame))
            except ScanError as error:
                yield error
            except (*DAMAGE, struct.error) as error:
                yield ScanError("damaged", detail=type(error).__name__)
    counted = _counted(source)
    if broken is not None and not (str(broken.values["detail"]) == CIRCLE and counted == len(found)):
        yield broken
    elif counted is not None and counted != len(found):
        yield ScanError("pages_may_be_missing", found=len(found), counted=counted)


def _pages(
    found: list[Directory], file: IO[bytes], order: str
) -> Iterator[tuple[Directory, int, int | None]]:
    """Yield the pages, each with how many smaller pictures of it follow, and its place in the main chain."""
    page: Directory | None = None
    previews, frame = 0, None
    for number, one in enumerate(found):
        for directory in (one, *one.below):
            may_be = directory is not one or _says_reduced(directory)
            if page is not None and may_be and _is_smaller(directory, page):
                is_coarse = min(directory.number(tag, 0) for tag in (WIDTH, HEIGHT)) < LEAST_SIDE_PX
                if is_coarse or _shows_same(directory, page, file, order):
                    previews += 1
                    continue
            if page is not None:
                yield page, previews, frame
            page, previews, frame = directory, 0, number if directory is one else None
    if page is not None:
        yield page, previews, frame


def _says_reduced(directory: Directory) -> bool:
    return bool(directory.number(SUBFILE_TYPE, 0) & 1) or directory.number(OLD_SUBFILE_TYPE, 1) == 2


def _is_smaller(directory: Directory, page: Directory) -> bool:
    """Return whether a picture may be the same page with fewer pixels."""
    width, height = (directory.number(tag, 0) for tag in (WIDTH, HEIGHT))
    of_page = [page.number(tag, 0) for tag in (WIDTH, HEIGHT)]
    if not (0 < width < of_page[0] and 0 < height < of_page[1]):
        return False
    slack = SAME_SHAPE + 1 / min(width, height)
    return abs(width * of_page[1] / (height * of_page[0]) - 1) < slack


def _shows_same(directory: Directory, page: Directory, file: IO[bytes], order: str) -> bool:
    """Return whether two pictures show the same page; where one cannot be decoded, nobody knows."""
    try:
        ours, theirs = (_blurred(_page(one, 0, file, order)) for one in (directory, page))
    except (ScanError, *DAMAGE, struct.error):
        return False
    return float(cv2.blur(cv2.absdiff(ours, theirs), (PATCH_PX, PATCH_PX)).max()) <= SAME_PAGE


def _blurred(page: TiffPage) -> NDArray[np.float32]:
    """Return a page as little of it as another program's way of making it smaller leaves alone."""
    grey = grey_of(load(page.data, page.orientation, colour=False).pixels)
    # Sides that were rounded may differ a little; then both are made the same.
    size = (COMPARED_PX, COMPARED_PX)
    small = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.5), np.float32)


def _page(page: Directory, previews: int, file: IO[bytes], order: str) -> TiffPage:
    check_size(page.number(WIDTH, 0), page.number(HEIGHT, 0))
    if page.number(COMPRESSION, 1) == OLD_JPEG:
        raise ScanError("unsupported", detail="TIFF 6.0 JPEG")
    offsets_tag, counts_tag = next(pair for pair in CHUNKS if pair[0] in page.tags or pair is CHUNKS[-1])
    chunks = list(_chunks(file, page.numbers(offsets_tag), page.numbers(counts_tag)))
    tags = {tag: page.tags[tag] for tag in PIXEL_TAGS if tag in page.tags}
    tags[offsets_tag] = page.tags[offsets_tag]
    tags[counts_tag] = Entry(4, tuple(len(chunk) for chunk in chunks))
    tags = {tag: Entry(4, one.values) if one.type in LONG8 else one for tag, one in tags.items()}
    digest = hashlib.sha256(order.encode())
    for tag in sorted(tags):
        if tag != offsets_tag:
            digest.update(f"{tag}:{tags[tag].type}:{tags[tag].values};".encode())
    for chunk in chunks:
        digest.update(chunk)
    orientation = page.number(ORIENTATION, 1)
    data = written(tags, order, chunks, offsets_tag)
    return TiffPage(data, orientation if 1 <= orientation <= 8 else 1, digest.hexdigest(), previews)


def is_whole(data: bytes) -> bool:
    """Return whether the data of a page, as `split` yields it, reach its last row."""
    page = next(directories(io.BytesIO(data)))
    offsets_tag, counts_tag = next(pair for pair in CHUNKS if pair[0] in page.tags)
    chunks = list(_chunks(io.BytesIO(data), page.numbers(offsets_tag), page.numbers(counts_tag)))
    return reaches_end(page.tags, chunks, "<" if data[:1] == b"I" else ">", offsets_tag)


def reaches_end(tags: Mapping[int, Entry], chunks: Sequence[bytes], order: str, offsets_tag: int) -> bool:
    """Return whether data hold all rows of a picture; of fax and JPEG the decoder does not say it.

    It fills the rows that it lacks with white or grey. Where more bytes behind the data change what comes
    out of them, they were too few.
    """
    compression = tags[COMPRESSION].values[0] if COMPRESSION in tags else 1
    if compression == JPEG:
        return all(end_of_jpeg(chunk) is not None for chunk in chunks)
    if compression not in FAX:
        return True
    found = []
    for more in (b"", OTHER):
        longer = [chunk + more for chunk in chunks]
        counts_tag = next(counts for offsets, counts in CHUNKS if offsets == offsets_tag)
        told = {**tags, counts_tag: Entry(4, tuple(map(len, longer)))}
        try:
            found.append(load(written(told, order, longer, offsets_tag), 1, colour=False).pixels)
        except ScanError as error:
            return error.reason != "damaged"
    return bool((found[0] == found[1]).all())


def _chunks(file: IO[bytes], offsets: tuple[int, ...], counts: tuple[int, ...]) -> Iterator[bytes]:
    size = file.seek(0, io.SEEK_END)
    if not counts and len(offsets) == 1:  # as old programs write an uncompressed picture
        counts = (size - offsets[0],)
    ends = [offset + count for offset, count in zip(offsets, counts, strict=True)]
    if not ends or min(*offsets, *counts) < 0 or max(ends) > size or sum(counts) > size:
        raise ValueError("strips outside the file")
    for offset, count in zip(offsets, counts, strict=True):
        file.seek(offset)
        yield file.read(count)


def _starts(file: IO[bytes], with_these: bytes) -> bool:
    file.seek(0)
    return file.read(len(with_these)) == with_these


def _counted(source: Source) -> int | None:
    """Return how many pictures the decoder finds in the file; None where it finds no way in."""
    try:
        with binary(source) as file, undisturbed(), TiffImagePlugin.TiffImageFile(file) as image:
            return int(image.n_frames)
    except DAMAGE:
        return None
