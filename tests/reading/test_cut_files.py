"""What breaks off is never a blank back: white that stands for lost data is no paper."""

from __future__ import annotations

import io
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from omr.errors import ScanError
from omr.reading.pictures.ifd import Entry, directories, written
from omr.reading.pictures.tiff import PIXEL_TAGS
from omr.reading.scan.backs import is_blank
from omr.reading.scan.pages import check_whole, decode, open_pages

# Even paper with ink in the lowest fifth: what is lost first takes all of it away.
PAPER = np.asarray(np.random.default_rng(1).normal(244, 1.5, (840, 600)).clip(0, 255), np.uint8).copy()
for _row in range(700, 800, 20):
    PAPER[_row : _row + 4, 100:500] = 20
GREY, BITS = Image.fromarray(PAPER), Image.fromarray(PAPER > 128)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def fax(image: Image.Image) -> bytes:
    """Return the Group 4 data of a picture, in one piece."""
    data = saved(image, "TIFF", compression="group4", tiffinfo={278: image.height})
    with Image.open(io.BytesIO(data)) as tiff:
        start, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
    return data[start : start + length]


def pdf(stream: bytes, content: bytes = b"q 300 0 0 420 0 0 cm /Im Do Q", **entries: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.Pdf.new() as document:
        given = {"Width": 600, "Height": 840, "BitsPerComponent": 8, **entries}
        if "ImageMask" not in given:
            given.setdefault("ColorSpace", Name.DeviceGray)
        image = document.make_indirect(pikepdf.Stream(document, stream, Subtype=Name.Image, **given))
        page = Dictionary(Type=Name.Page, MediaBox=[0, 0, 300, 420], Contents=document.make_stream(content))
        page.Resources = Dictionary(XObject=Dictionary(Im=image))
        document.pages.append(pikepdf.Page(document.make_indirect(page)))
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


G4 = Dictionary(K=-1, Columns=600, Rows=840, BlackIs1=True)
PACKED = np.packbits(PAPER > 128, axis=1).tobytes()
STREAMS: dict[str, Callable[[float], bytes]] = {
    # the stream inside breaks off, the document around it is sound
    "flate": lambda share: pdf(cut(zlib.compress(PAPER.tobytes(), 1), share), Filter=Name.FlateDecode),
    "short flate": lambda share: pdf(zlib.compress(cut(PAPER.tobytes(), share), 1), Filter=Name.FlateDecode),
    "raw": lambda share: pdf(cut(PAPER.tobytes(), share)),
    "bits": lambda share: pdf(cut(PACKED, share), BitsPerComponent=1),
    "icc": lambda share: pdf(
        zlib.compress(cut(PAPER.tobytes(), share), 1),
        ColorSpace=Array([Name.Indexed, Name.DeviceGray, 255, pikepdf.String(bytes(range(256)))]),
        Filter=Name.FlateDecode,
    ),
    "fax": lambda share: pdf(
        cut(fax(BITS), share), BitsPerComponent=1, Filter=Name.CCITTFaxDecode, DecodeParms=G4
    ),
    "dct": lambda share: pdf(
        cut(saved(GREY, "JPEG"), share), b"q 290 0 0 410 5 5 cm /Im Do Q", Filter=Name.DCTDecode
    ),
    "jpx": lambda share: pdf(cut(saved(GREY, "JPEG2000"), share), Filter=Name.JPXDecode),
    "inside a form": lambda share: in_form(cut(zlib.compress(PAPER.tobytes(), 1), share)),
}
FILES: dict[str, bytes] = {
    "jpg": saved(GREY, "JPEG"),
    "progressive.jpg": saved(GREY, "JPEG", progressive=True),
    "png": saved(GREY, "PNG"),
    "tif": saved(GREY, "TIFF"),
    "lzw.tif": saved(GREY, "TIFF", compression="tiff_lzw", tiffinfo={278: 840}),
    "deflate.tif": saved(GREY, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: 840}),
    "packbits.tif": saved(BITS, "TIFF", compression="packbits", tiffinfo={278: 840}),
    "g4.tif": saved(BITS, "TIFF", compression="group4", tiffinfo={278: 840}),
    "g3.tif": saved(BITS, "TIFF", compression="group3", tiffinfo={278: 840}),
    "jpeg.tif": saved(GREY, "TIFF", compression="jpeg", tiffinfo={278: 840}),
    "bmp": saved(GREY, "BMP"),
    "gif": saved(GREY, "GIF"),
    "webp": saved(GREY, "WEBP", quality=80),
    "lossless.webp": saved(GREY, "WEBP", lossless=True, method=0),
    "avif": saved(GREY, "AVIF", speed=10),
    "jp2": saved(GREY, "JPEG2000"),
    "pdf": pdf(zlib.compress(PAPER.tobytes(), 1), Filter=Name.FlateDecode),
    "jpeg.pdf": pdf(saved(GREY, "JPEG"), Filter=Name.DCTDecode),
}


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def in_form(stream: bytes) -> bytes:
    """Return a page whose picture is drawn by a form."""
    with pikepdf.open(io.BytesIO(pdf(stream, Filter=Name.FlateDecode))) as document:
        page = document.pages[0].obj
        form = document.make_stream(b"q 300 0 0 420 0 0 cm /Im Do Q")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, [0, 0, 300, 420]
        form.Resources = page.Resources
        page.Resources = Dictionary(XObject=Dictionary(Fm=form))
        page.Contents = document.make_stream(b"/Fm Do")
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def blanks(path: Path) -> int:
    """Return how many pages of a file would be blank backs."""
    found = 0
    for page in open_pages(path):
        try:
            scan = decode(page)
            if is_blank(scan):
                check_whole(scan)
                found += 1
        except ScanError:
            pass
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_breaks_off_has_no_blank_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"scan.{name}"
    for share in (0.3, 0.6, 0.8):
        path.write_bytes(cut(FILES[name], share))
        assert blanks(path) == 0, share
    path.write_bytes(FILES[name])
    assert blanks(path) == 0


@pytest.mark.parametrize("name", STREAMS)
def test_a_picture_that_breaks_off_inside_of_a_document_is_no_blank_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "scan.pdf"
    for share in (0.0, 0.3, 0.6, 0.8):
        path.write_bytes(STREAMS[name](share))
        assert blanks(path) == 0, share


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("tif")])
@pytest.mark.parametrize("is_white", [False, True])
def test_a_strip_of_a_tiff_that_breaks_off_is_no_blank_back(
    tmp_path: Path, name: str, is_white: bool
) -> None:
    """The file is whole, its data are not: decoders fill the rest, some without a word."""
    page = next(directories(io.BytesIO(FILES[name])))
    start, ends = page.numbers(273)[0], page.numbers(279)
    strips = FILES[name][start : start + sum(ends)]
    tags = {tag: one for tag, one in page.tags.items() if tag in (*PIXEL_TAGS, 273, 279)}
    tags[278] = Entry(4, (840,))
    if is_white and tags[259].values[0] in (3, 4):
        tags[262] = Entry(3, (0,))
    if len(ends) > 1:
        pytest.skip("written in several strips")
    for share in (0.3, 0.6, 0.8):
        data = cut(strips, share)
        tags[279] = Entry(4, (len(data),))
        (tmp_path / "scan.tif").write_bytes(written(tags, "<", [data], 273))
        assert blanks(tmp_path / "scan.tif") == 0, share


@pytest.mark.parametrize("gone", [b"/Im ", b"/Contents "])
def test_what_a_page_draws_and_the_document_lost_is_said(tmp_path: Path, gone: bytes) -> None:
    data = pdf(zlib.compress(PAPER.tobytes(), 1), Filter=Name.FlateDecode)
    at = data.index(gone) + len(gone)
    path = tmp_path / "scan.pdf"
    path.write_bytes(data[:at] + b"9" * len(data[at : data.index(b" ", at)]) + data[data.index(b" ", at) :])
    (page,) = open_pages(path)
    assert page.fault is not None and page.fault.reason == "damaged"


def test_an_empty_side_stays_a_blank_back(tmp_path: Path) -> None:
    """However it is stored: what is whole and even is paper."""
    white = np.full_like(PAPER, 244)
    bits = Image.fromarray(np.ones(PAPER.shape, bool))
    path = tmp_path / "scan.pdf"
    for data in (
        pdf(zlib.compress(white.tobytes()), Filter=Name.FlateDecode),
        pdf(fax(bits), BitsPerComponent=1, Filter=Name.CCITTFaxDecode, DecodeParms=G4),
        pdf(saved(Image.fromarray(white), "JPEG2000"), Filter=Name.JPXDecode),
        pdf(b"", b""),
    ):
        path.write_bytes(data)
        assert blanks(path) == 1
    for how in ("group3", "group4", "packbits", "jpeg", "tiff_lzw"):
        image = Image.fromarray(white) if how == "jpeg" else bits
        image.save(tmp_path / "scan.tif", compression=how)
        assert blanks(tmp_path / "scan.tif") == 1, how


@pytest.mark.skipif(shutil.which("gs") is None, reason="needs Ghostscript")
def test_an_empty_side_as_another_program_writes_it_stays_a_blank_back(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(
        pdf(zlib.compress(np.full_like(PAPER, 244).tobytes()), Filter=Name.FlateDecode)
    )
    for device in ("pdfimage8", "pdfimage24", "pdfwrite"):
        made = tmp_path / f"{device}.pdf"
        words = ["gs", "-q", "-dBATCH", "-dNOPAUSE", f"-sDEVICE={device}", "-r150", "-o", made]
        subprocess.run([*words, tmp_path / "a.pdf"], check=True)
        assert blanks(made) == 1
