"""A file that is still being written is told from one that is whole, wherever the writing stands."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from omr.reading.files.endings import is_whole


def _picture(size: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (size, size), np.uint8))


def _saved(form: str, **how: object) -> bytes:
    out = io.BytesIO()
    _picture().save(out, form, **how)
    return out.getvalue()


def _pages(**how: object) -> bytes:
    return _saved("TIFF", save_all=True, append_images=[_picture(32), _picture(48)], **how)


def _pdf() -> bytes:
    canvas = Canvas(out := io.BytesIO())
    canvas.drawString(50, 50, "page")
    canvas.save()
    return out.getvalue()


def _thumbnailed() -> bytes:
    """A JPEG whose EXIF segment holds a whole JPEG, as cameras write it."""
    plain, inner = _saved("JPEG"), _saved("JPEG", quality=20)
    segment = b"Exif\0\0" + inner
    return plain[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + plain[2:]


def _boxes() -> bytes:
    return b"\0\0\0\x10ftypheic\0\0\0\0" + b"\0\0\0\x20meta" + bytes(24) + b"\0\0\1\0mdat" + bytes(248)


# kind -> makers of whole files
WHOLE: dict[str, tuple[Callable[[], bytes], ...]] = {
    "pdf": (_pdf,),
    "jpeg": (
        lambda: _saved("JPEG"),
        lambda: _saved("JPEG", progressive=True),
        lambda: _saved("JPEG", restart_marker_blocks=1),
        _thumbnailed,
    ),
    "png": (lambda: _saved("PNG"),),
    "tiff": (
        _pages,
        lambda: _pages(compression="tiff_lzw"),
        lambda: _pages(big_tiff=True),
        lambda: _saved("TIFF"),
    ),
    "webp": (lambda: _saved("WEBP"),),
    "bmp": (lambda: _saved("BMP"),),
    "gif": (lambda: _saved("GIF"),),
    "heif": (_boxes,),
    "jpeg2000": (lambda: _saved("JPEG2000"), lambda: _saved("JPEG2000", no_jp2=True)),
}
# bytes behind what is needed: the line's end of a PDF, and how TIFF is filled up to whole words
SPARE = {"pdf": 1, "tiff": 16}
ENDED_BY_A_SIGN = ("pdf", "jpeg", "png", "gif")
BETWEEN = {("heif", 0): (0x10, 0x30), ("jpeg2000", 0): (12, 32, 77)}
CASES = [(kind, at) for kind, makers in WHOLE.items() for at in range(len(makers))]


@cache
def made(kind: str, at: int) -> bytes:
    return WHOLE[kind][at]()


@pytest.mark.parametrize(("kind", "at"), CASES)
def test_a_whole_file_is_whole_also_with_a_filled_up_block(tmp_path: Path, kind: str, at: int) -> None:
    file = tmp_path / "scan"
    for padding in (b"", bytes(8), bytes(104)):
        file.write_bytes(made(kind, at) + padding)
        assert is_whole(file, kind), padding


@pytest.mark.parametrize(("kind", "at"), CASES)
def test_every_beginning_of_a_file_is_not_whole(tmp_path: Path, kind: str, at: int) -> None:
    file, whole = tmp_path / "scan", made(kind, at)
    end = len(whole) - SPARE.get(kind, 0)
    for cut in {*range(0, end, max(1, end // 60)), *range(max(0, end - 20), end)}:
        if cut in BETWEEN.get((kind, at), ()):  # between two boxes: nothing says that another one follows
            continue
        file.write_bytes(whole[:cut])
        assert not is_whole(file, kind), cut
        # Copying over a network may set the size first, and the bytes come later.
        file.write_bytes(whole[:cut] + bytes(len(whole) - cut))
        assert kind not in ENDED_BY_A_SIGN or cut > end - 16 or not is_whole(file, kind), cut


def test_an_early_end_inside_a_linearized_pdf_is_not_the_end(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    first = b"%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L 900 /H [ 1 2 ] /O 3 >>\nendobj\nstartxref\n0\n%%EOF\n"
    file.write_bytes(first)
    assert not is_whole(file, "pdf")
    file.write_bytes(first + bytes(900 - len(first) - 6) + b"%%EOF\n")
    assert is_whole(file, "pdf")


def test_a_directory_that_points_at_itself_ends(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    file.write_bytes(b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0")
    assert is_whole(file, "tiff")  # damaged, and all of it is there: the reader says so


def test_what_no_rule_knows_passes_and_nothing_does_not(tmp_path: Path) -> None:
    file = tmp_path / "a.xyz"
    file.write_bytes(b"words")
    assert is_whole(file, None)
    file.write_bytes(b"")
    assert not is_whole(file, None)
