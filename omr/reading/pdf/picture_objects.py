"""The pictures that a PDF page's program draws, also by forms, as pikepdf finds them."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from typing import Final

import pikepdf
from pikepdf import Dictionary, Name, Object, Pdf

DEEPEST: Final = 4  # forms inside forms
# What pikepdf raises on what is not as it should be.
_DAMAGE: Final = (pikepdf.PdfError, ValueError, TypeError, KeyError, IndexError, RuntimeError, AttributeError)

Size = tuple[int, int]  # columns, rows


def pictures_of(
    program: pikepdf.Page | pikepdf.Stream, resources: Object | None, depth: int
) -> Iterator[pikepdf.Stream | None]:
    """Yield the pictures that a program draws, also by forms; None for what is not there."""
    things = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    names = {str(one.operands[0]) for one in pikepdf.parse_content_stream(program, "Do") if one.operands}
    for name in names:
        thing = things.get(name) if isinstance(things, Dictionary) else None
        if not isinstance(thing, pikepdf.Stream):
            yield None
        elif thing.get("/Subtype") == Name.Image:
            yield thing
        elif depth < DEEPEST:
            yield from pictures_of(thing, thing.get("/Resources", resources), depth + 1)


def finer_masks(document_of_one_page: bytes) -> dict[Size, Size]:
    """Return of pictures whose masks have more pixels than they: their size, and that of the finest mask.

    Scanners that tear a page apart put its writing into the mask of a picture of one colour, which may be
    a single pixel.
    """
    found: dict[Size, Size] = {}
    with suppress(*_DAMAGE), Pdf.open(io.BytesIO(document_of_one_page), suppress_warnings=True) as document:
        page = document.pages[0]
        pictures = [one for one in pictures_of(page, page.obj.get("/Resources"), 0) if one is not None]
        for picture, key in product(pictures, ("/SMask", "/Mask")):
            mask = picture.get(key)
            if isinstance(mask, pikepdf.Stream):
                size, finer = ((int(one.Width), int(one.Height)) for one in (picture, mask))
                if math.prod(finer) > math.prod(found.get(size, size)):
                    found[size] = finer
    return found
