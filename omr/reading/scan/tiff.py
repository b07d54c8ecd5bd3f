"""Multi-page TIFF -> one small file per page, without decoding: strips are copied as they are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Final

from PIL import TiffImagePlugin

from omr.errors import ScanError
from omr.reading.scan.pictures import DAMAGE, check_size, undisturbed

SUBFILE_TYPE: Final = 254
STRIP_OFFSETS: Final = 273
STRIP_BYTE_COUNTS: Final = 279
# What says how the pixels are stored; everything else (names, dates, nested directories)
# is left behind, and with it most of what can be wrong in a file.
PIXEL_TAGS: Final = (
    *(256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296),
    *(317, 320, 338, 339, 347, 529, 530, 531, 532),
)


def split(path: Path, most_pages: int) -> Iterator[bytes | ScanError]:
    """Yield each page of a TIFF as a picture of its own, or the error in its place.

    Reduced pictures (previews) are no pages and are left out.

    Raises
    ------
    ScanError
        If the file cannot be opened or has more than `most_pages`.
    """
    try:
        with undisturbed():
            image = TiffImagePlugin.TiffImageFile(path)
    except DAMAGE as error:
        raise ScanError("damaged", detail=type(error).__name__) from error
    with image:
        for frame in range(most_pages):
            try:
                with undisturbed():
                    image.seek(frame)
            except EOFError:
                return
            except DAMAGE as error:
                # The chain of directories is broken here: what follows cannot be found.
                yield ScanError("damaged", detail=type(error).__name__)
                return
            try:
                if not int(image.tag_v2.get(SUBFILE_TYPE, 0)) & 1:
                    with undisturbed():
                        page = _page(image, path)
                    yield page
            except ScanError as error:
                yield error
            except DAMAGE as error:
                yield ScanError("damaged", detail=type(error).__name__)
        raise ScanError("too_many_pages", most=most_pages)


def _page(image: TiffImagePlugin.TiffImageFile, path: Path) -> bytes:
    check_size(*image.size)
    if STRIP_OFFSETS in image.tag_v2 and STRIP_BYTE_COUNTS in image.tag_v2:
        return _copied(image.tag_v2, path)
    # Tiles, or the JPEG of before 1995: rare enough to be decoded here.
    out = io.BytesIO()
    mode = "RGB" if image.mode in ("CMYK", "YCbCr", "LAB") else image.mode
    image.convert(mode).save(out, "PNG", compress_level=1, dpi=image.info.get("dpi"))
    return out.getvalue()


def _copied(old: TiffImagePlugin.ImageFileDirectory_v2, path: Path) -> bytes:
    """Return one page as a TIFF of its own, its strips as they are."""
    offsets, counts = old[STRIP_OFFSETS], old[STRIP_BYTE_COUNTS]
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        ends = [offset + count for offset, count in zip(offsets, counts, strict=True)]
        if min(*offsets, *counts) < 0 or max(ends) > size or sum(counts) > size:
            raise ValueError("strips outside the file")
        strips = []
        for offset, count in zip(offsets, counts, strict=True):
            file.seek(offset)
            strips.append(file.read(count))
    new = TiffImagePlugin.ImageFileDirectory_v2(prefix=old.prefix)
    for tag in PIXEL_TAGS:
        if tag in old:
            new.tagtype[tag] = old.tagtype[tag]
            new[tag] = old[tag]
    new[STRIP_OFFSETS] = tuple(accumulate(counts[:-1], initial=0))  # `save` adds where the directory ends
    new[STRIP_BYTE_COUNTS] = counts
    out = io.BytesIO()
    new.save(out)
    out.write(b"".join(strips))
    return out.getvalue()
