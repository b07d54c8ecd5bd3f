"""What earlier versions called a page of a TIFF: the hash of bytes that Pillow wrote for it.

Registers hold these names, as those of `omr.reading.pdf.before`.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from itertools import accumulate
from typing import IO, Final

from PIL import TiffImagePlugin

from omr.reading.pictures.pixels import DAMAGE, undisturbed

_STRIP_OFFSETS: Final = 273
_STRIP_BYTE_COUNTS: Final = 279
_PIXEL_TAGS: Final = (
    *(256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296),
    *(317, 320, 338, 339, 347, 529, 530, 531, 532),
)


class TiffBefore:
    """The earlier names of a TIFF's pages."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._image: TiffImagePlugin.TiffImageFile | None = None
        with suppress(*DAMAGE), undisturbed():
            file.seek(0)
            self._image = TiffImagePlugin.TiffImageFile(file)

    def name(self, frame: int) -> tuple[str, ...]:
        """Return the earlier name of a page; none where Pillow cannot take it out."""
        if self._image is None:
            return ()
        with suppress(*DAMAGE), undisturbed():
            self._image.seek(frame)
            return (hashlib.sha256(_copied(self._image.tag_v2, self._file)).hexdigest(),)
        return ()


def _copied(old: TiffImagePlugin.ImageFileDirectory_v2, file: IO[bytes]) -> bytes:
    """Return one page as a TIFF of its own, its strips as they are."""
    offsets, counts = old[_STRIP_OFFSETS], old[_STRIP_BYTE_COUNTS]
    size = file.seek(0, io.SEEK_END)
    if (
        max(offset + count for offset, count in zip(offsets, counts, strict=True)) > size
        or sum(counts) > size
    ):
        raise ValueError("strips outside the file")
    strips = []
    for offset, count in zip(offsets, counts, strict=True):
        file.seek(offset)
        strips.append(file.read(count))
    new = TiffImagePlugin.ImageFileDirectory_v2(prefix=old.prefix)
    for tag in _PIXEL_TAGS:
        if tag in old:
            new.tagtype[tag] = old.tagtype[tag]
            new[tag] = old[tag]
    new[_STRIP_OFFSETS] = tuple(accumulate(counts[:-1], initial=0))  # `save` adds where the directory ends
    new[_STRIP_BYTE_COUNTS] = counts
    out = io.BytesIO()
    new.save(out)
    out.write(b"".join(strips))
    return out.getvalue()
