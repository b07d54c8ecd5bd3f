"""What earlier versions called a page of a PDF: the hash of bytes that PDFium wrote for it.

Registers hold these names. A page that came before must be known again, so both are told until
no register holds one any more; new names do not depend on what a library writes.
"""

from __future__ import annotations

import hashlib
import io
import re
from contextlib import suppress
from types import TracebackType
from typing import Final

import pypdfium2 as pdfium

from omr.errors import ScanError
from omr.reading.files.source import Source
from omr.reading.pdf.render import PDFIUM

# The time and the random name that PDFium gives to every document it saves, near its start and its end.
_ANEW: Final = re.compile(rb"(?<=/CreationDate\(D:)\d{14}|(?<=/ID\[<)[0-9A-F]{32}><[0-9A-F]{32}")
_EDGE_BYTES: Final = 512
# PDFium keeps every picture that it has read until the document is closed.
_MOST_HELD_BYTES: Final = 16 * 2**20


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
