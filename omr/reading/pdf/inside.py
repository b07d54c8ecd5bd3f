"""What lies inside of a PDF beside its own pages: documents joined to it, and files that hang on it.

A scan sent as an attachment, or a portfolio of scans, is paper like any other; what no viewer
shows any more (an attachment that somebody removed) is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import pikepdf
from pikepdf import Dictionary, Object, Pdf

from omr.messages import shown
from omr.reading.files.source import Attached, Source, binary

# Begins another document behind the end of one: two were joined by copying them together.
_JOINED: Final = re.compile(rb"%%EOF\s{0,64}(?=%PDF-\d)")
_BLOCK: Final = 1 << 20
_OVERLAP: Final = 80  # what a match may reach over the edge of a block
# What pikepdf raises on what is not as it should be.
_DAMAGE: Final = (pikepdf.PdfError, ValueError, TypeError, KeyError, IndexError, RuntimeError, AttributeError)


def joined(source: Source) -> list[Source]:
    """Return the documents that a file was joined from; only itself where they do not stand alone.

    Viewers show one of them, whichever they please.
    """
    starts = _starts(source)
    if len(starts) == 1:
        return [source]
    with binary(source) as file:
        data = file.read()
    parts: list[Source] = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    return parts if all(map(_stands_alone, parts)) else [source]


def joins(source: Source) -> int:
    """Return how many documents follow the first in a file."""
    return len(_starts(source)) - 1


def attached(document: Pdf, pages: Iterable[Dictionary | None]) -> Iterator[Attached]:
    """Yield the files that a viewer lists beside a document or shows as a pin on a page, each once.

    One of which nothing can be taken out is empty.
    """
    seen: set[tuple[int, int]] = set()
    for name, spec in _listed(document, pages):
        stream, data = _content(spec), b""
        if stream is not None:
            if stream.objgen in seen:
                continue
            seen.add(stream.objgen)
            with suppress(*_DAMAGE):
                data = stream.read_bytes()
        yield Attached(_name(spec, name), data)


def _starts(source: Source) -> list[int]:
    """Return where documents begin in a file; the first at its beginning."""
    found, at, kept = [0], 0, b""
    with binary(source) as file:
        while block := file.read(_BLOCK):
            here = at - len(kept)
            found += [here + one.end() for one in _JOINED.finditer(kept + block)]
            at += len(block)
            kept = (kept + block)[-_OVERLAP:]
    return sorted(set(found))


def _stands_alone(part: Source) -> bool:
    try:
        with binary(part) as file, Pdf.open(file, attempt_recovery=False, suppress_warnings=True):
            return True
    except pikepdf.PasswordError:
        return True
    except _DAMAGE:
        return False


def _listed(document: Pdf, pages: Iterable[Dictionary | None]) -> Iterator[tuple[str, Object]]:
    """Yield names and specifications of the files in the document's list, then of those pinned to pages."""
    with suppress(*_DAMAGE):
        for name, spec in document.attachments.items():
            yield name, spec.obj
    for page in pages:
        with suppress(*_DAMAGE):
            for note in page.get("/Annots", ()) if page is not None else ():
                if isinstance(note, Dictionary) and isinstance(note.get("/FS"), Dictionary):
                    yield "", note.FS


def _content(spec: Object) -> Object | None:
    """Return the stream of a file, under whichever system's name it stands."""
    with suppress(*_DAMAGE):
        for key in ("/UF", "/F", "/Unix", "/DOS", "/Mac"):
            one = spec.EF.get(key)
            if isinstance(one, pikepdf.Stream):
                return one
    return None


def _name(spec: Object, listed: str) -> str:
    with suppress(*_DAMAGE):
        for key in ("/UF", "/F"):
            if key in spec:
                return shown(str(spec[key]).replace("\\", "/").rpartition("/")[2]) or shown(listed)
    return shown(listed)
