"""What earlier versions called a page: the hash of bytes that PDFium or Pillow wrote for it.

Registers hold these names. A page that came before must be known again, so both are told until
no register holds one any more; new names do not depend on what a library writes.
"""

from __future__ import annotations

import hashlib
import io
import re
from contextlib import suppress
from itertools import accumulate
from types import TracebackType
from typing import IO, Final

import pypdfium2 as pdfium
from PIL import TiffImagePlugin

from omr.errors import ScanError
from omr.reading.files.pictures import DAMAGE, undisturbed
from omr.reading.files.render import PDFIUM
from omr.reading.files.source import Source

# The time and the random name that PDFium gives to every document it saves, near its start and its end.
_ANEW: Final = re.compile(rb"(?<=/CreationDate\(D:)\d{14}|(?<=/ID\[<)[0-9A-F]{32}><[0-9A-F]{32}")
_EDGE_BYTES: Final = 512
# PDFium keeps every picture that it has read until the document is closed.
_MOST_HELD_BYTES: Final = 16 * 2**20
_STRIP_OFFSETS: Final = 273
_STRIP_BYTE_COUNTS: Final = 279
_PIXEL_TAGS: Final = (
    *(256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296),
    *(317, 320, 338, 339, 347, 529, 530, 531, 532),
)


class PdfBefore:
    """The earlier names of a document's pages."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held = 0
        self._document: pdfium.PdfDocument | None = None

    def __enter__(self) -> PdfBefore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def name(self, index: int) -> tuple[str, ...]:
        """Return the earlier name of a page; none where PDFium cannot take it out."""
        with suppress(pdfium.PdfiumError, ScanError), PDFIUM:
            if self._document is None:
                self._document = pdfium.PdfDocument(self._source)
            out = io.BytesIO()
            with pdfium.PdfDocument.new() as single:
                single.import_pages(self._document, [index])
                single.save(out)
            data = out.getvalue()
            self._held += len(data)
            if self._held > _MOST_HELD_BYTES:
                self._close()
            end = max(len(data) - _EDGE_BYTES, _EDGE_BYTES)
            head, tail = (_ANEW.sub(_zeros, part) for part in (data[:_EDGE_BYTES], data[end:]))
            return (hashlib.sha256(head + data[_EDGE_BYTES:end] + tail).hexdigest(),)
        return ()

    def _close(self) -> None:
        if self._document is not None:
            with PDFIUM:
                self._document.close()
        self._document, self._held = None, 0


def _zeros(found: re.Match[bytes]) -> bytes:
    return re.sub(rb"[0-9A-F]", b"0", found[0])


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
