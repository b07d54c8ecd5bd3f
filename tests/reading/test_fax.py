"""Pages that are one fax picture: its pixels as they are, or left to PDFium."""

import io
import struct

import numpy as np
import pikepdf
import pytest
from PIL import Image, TiffImagePlugin

from omr.reading.pdf import render
from omr.reading.pdf.fax import fax_of

WIDTH, HEIGHT = 583, 827
USUAL = "/ColorSpace /DeviceGray /DecodeParms << /K -1 /Columns 583 /Rows 827 >>"


@pytest.fixture(scope="module")
def fax():
    noise = np.random.default_rng(5).random((HEIGHT, WIDTH))
    picture = np.where((noise > 0.97) | (np.indices(noise.shape).sum(axis=0) % 90 < 6), 0, 255)
    out = io.BytesIO()
    image = Image.fromarray(picture.astype(np.uint8)).convert("1", dither=Image.Dither.NONE)
    image.save(out, "TIFF", compression="group4", strip_size=10**9)
    with TiffImagePlugin.TiffImageFile(io.BytesIO(out.getvalue())) as saved:
        (offset,), (count,) = saved.tag_v2[273], saved.tag_v2[279]
    return out.getvalue()[offset : offset + count]


def page_of(
    data, entries=USUAL, program=b"q 279.84 0 0 396.96 0 0 cm /Im Do Q", box=(0, 0, 279.84, 396.96), **more
):
    document = pikepdf.new()
    image = pikepdf.Object.parse(
        b"<< /Subtype /Image /Width 583 /Height 827 /BitsPerComponent 1 /Filter /CCITTFaxDecode %s >>"
        % entries.encode()
    )
    stream = pikepdf.Stream(document, data, image)
    document.add_blank_page()
    page = document.pages[0].obj
    page.MediaBox = pikepdf.Array(box)
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=document.make_indirect(stream)))
    page.Contents = document.make_stream(program)
    for key, value in more.items():
        page["/" + key] = value
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def page_as_tiff(data):
    values = {256: WIDTH, 257: HEIGHT, 258: 1, 259: 4, 262: 0, 273: 8 + 2 + 9 * 12 + 4, 277: 1, 278: HEIGHT}
    values[279] = len(data)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(values.items()))
    return struct.pack("<2sHIH", b"II", 42, 8, len(values)) + entries + bytes(4) + data


def drawn(page, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(render, "fax_of", lambda _: None)
        return render.load(page)


def test_a_fax_picture_comes_pixel_for_pixel(fax, monkeypatch):
    page = page_of(fax)
    taken, shown = fax_of(page), drawn(page, monkeypatch)
    assert taken is not None and set(np.unique(taken.pixels)) == {0, 255}
    tiff = io.BytesIO(page_as_tiff(fax))
    with TiffImagePlugin.TiffImageFile(tiff) as wanted:
        assert np.array_equal(taken.pixels, np.array(wanted.convert("L")))
    # PDFium draws this one a part of a pixel wider, so that its black and white become grey.
    assert taken.pixels.shape == shown.pixels.shape
    assert taken.dpi == shown.dpi and taken.is_colour == shown.is_colour


def test_where_pdfium_draws_pixel_for_pixel_both_are_the_same(fax, monkeypatch):
    program, box = b"q 583 0 0 827 0 0 cm /Im Do Q", (0, 0, 583, 827)
    page = page_of(fax, program=program, box=box)
    taken, shown = fax_of(page), drawn(page, monkeypatch)
    assert taken is not None and np.array_equal(taken.pixels, shown.pixels) and taken.dpi == shown.dpi


@pytest.mark.parametrize(
    "change",
    [
        {"entries": USUAL.replace("/K -1", "/K -1 /BlackIs1 true")},
        {"entries": USUAL + " /Decode [1 0]"},
        {"entries": USUAL.replace("/K -1", "/K 0")},
        {"entries": USUAL.replace("/ColorSpace /DeviceGray", "/ImageMask true")},
        {"entries": USUAL.replace("/Columns 583", "/Columns 584")},
        {"entries": USUAL + " /Mask [0 0]"},
        {"program": b"q 279.84 0 0 396.96 0 0 cm /Im Do Q 0 0 9 9 re f"},
        {"program": b"q 279.84 0 0 396.96 0 0 cm /Im Do Q BT 3 Tr (a) Tj ET"},
        {"program": b"q 20 20 90 90 re W n 279.84 0 0 396.96 0 0 cm /Im Do Q"},
        {"program": b"q 279.84 0 0 396.96 1 0 cm /Im Do Q"},
        {"program": b"q 0 396.96 -279.84 0 279.84 0 cm /Im Do Q"},
        {"program": b"q -279.84 0 0 396.96 279.84 0 cm /Im Do Q"},
        {"box": (0, 0, 279.84, 390)},
        {"Rotate": 90},
        {"UserUnit": 2},
    ],
    ids=lambda change: str(*change.values())[:40],
)
def test_whatever_pdfium_might_decide_is_left_to_it(fax, change):
    assert fax_of(page_of(fax, **change)) is None


@pytest.mark.parametrize(
    "harm", [lambda data: data[: len(data) // 2], lambda data: data[:900] + b"\0" * 60 + data[960:]]
)
def test_damaged_data_are_left_to_pdfium(fax, harm):
    assert fax_of(page_of(harm(fax))) is None


def test_no_bytes_raise_anything():
    assert fax_of(b"") is None
    assert fax_of(b"%PDF-1.4 nothing") is None
