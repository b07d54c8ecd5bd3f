"""Files of every kind give the same page, and a broken one costs only itself."""

import io
import pickle
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from omr.errors import ScanError
from omr.reading.pdf import render
from omr.reading.pictures.pixels import MOST_PIXELS, oriented
from omr.reading.scan.pages import Depth, EncodedPage, Encoding, colour_of, decode, open_pages

WIDTH, HEIGHT = 583, 827  # A5 at 100 dpi
SIZE_PT = (WIDTH * 0.72, HEIGHT * 0.72)


@pytest.fixture(scope="module")
def picture():
    """A picture that shows which way up it is and whether it was mirrored."""
    pixels = np.full((HEIGHT, WIDTH), 255, np.uint8)
    cv2.putText(pixels, "Rg7", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 5, 0, 20)
    pixels[700:760, 400:560] = 0
    return pixels


def jpeg(pixels, mode="L", **options):
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, "JPEG", quality=90, dpi=(100, 100), **options)
    return out.getvalue()


def pdf_of(*pages, size=SIZE_PT, **options):
    """A PDF by functions that draw on a canvas, one a page."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, **options)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def raw_pdf(*images):
    """A PDF written by hand, one picture a page: (entries of its dictionary, stream)."""
    kids = " ".join(f"{3 * n + 3} 0 R" for n in range(len(images)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(images)} /Kids [{kids}] >>".encode(),
    ]
    for n, (entries, stream) in enumerate(images):
        content = b"q 400 0 0 600 0 0 cm /Im Do Q"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 600] /Contents {3 * n + 4} 0 R"
            f" /Resources << /XObject << /Im {3 * n + 5} 0 R >> >> >>".encode(),
            b"<< /Length %d >> stream\n%s\nendstream" % (len(content), content),
            b"<< /Type /XObject /Subtype /Image %s /Length %d >> stream\n%s\nendstream"
            % (entries.encode(), len(stream), stream),
        ]
    out = b"%PDF-1.4\n"
    for number, body in enumerate(objects, start=1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    return out + b"trailer << /Root 1 0 R >>\n%%EOF\n"  # without a table: PDFium makes its own


def drawn(data, x=0.0, y=0.0, size=SIZE_PT):
    return lambda canvas: canvas.drawImage(ImageReader(io.BytesIO(data)), x, y, *size)


def pages_of(tmp_path: Path, data: bytes, name: str = "scan"):
    path = tmp_path / name
    path.write_bytes(data)
    return list(open_pages(path))


def same(got, wanted, tolerance=8.0):
    return got.shape == wanted.shape and np.abs(got.astype(int) - wanted).mean() < tolerance


def reason_of(page: EncodedPage) -> str:
    with pytest.raises(ScanError) as caught:
        decode(page)
    assert str(caught.value)  # the catalogues know the reason and its numbers
    return caught.value.reason


@pytest.mark.parametrize(
    ("mode", "kind", "options", "depth"),
    [
        ("1", "TIFF", {"compression": "group4"}, Depth.BILEVEL),
        ("1", "TIFF", {"compression": "group3"}, Depth.BILEVEL),
        ("L", "TIFF", {"compression": "tiff_lzw"}, Depth.GREY),
        ("L", "TIFF", {"compression": "jpeg"}, Depth.GREY),
        ("RGB", "TIFF", {"compression": "tiff_adobe_deflate"}, Depth.GREY),  # no colour in it
        ("L", "TIFF", {}, Depth.GREY),
        ("I;16", "TIFF", {}, Depth.GREY),
        ("1", "PNG", {}, Depth.BILEVEL),
        ("L", "PNG", {}, Depth.GREY),
        ("P", "PNG", {}, Depth.GREY),
        ("LA", "PNG", {}, Depth.GREY),
        ("I;16", "PNG", {}, Depth.GREY),
        ("L", "JPEG", {}, Depth.GREY),
        ("RGB", "JPEG", {"progressive": True}, Depth.COLOUR),
        ("CMYK", "JPEG", {}, Depth.GREY),  # decoded in full: here one sees that there is no colour
    ],
)
def test_every_encoding_gives_the_same_page(tmp_path, picture, mode, kind, options, depth):
    shaded = np.where(picture > 127, 250, 20).astype(np.uint8)  # three levels, so that it is grey
    shaded[:40] = 128
    source = picture if mode == "1" else shaded
    if mode == "I;16":
        image = Image.fromarray(source.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(source).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, dpi=(200, 200), **options)
    (page,) = pages_of(tmp_path, out.getvalue(), "scan.pdf")  # the name lies
    scan = decode(pickle.loads(pickle.dumps(page)))
    assert same(scan.grey, source)
    assert scan.depth is depth
    assert scan.dpi == pytest.approx(200, abs=0.1)
    assert (scan.file, scan.page) == ("scan.pdf", 1)


def test_transparency_is_paper(tmp_path, picture):
    pixels = np.dstack([np.zeros_like(picture)] * 3 + [255 - picture])  # black everywhere, mostly clear
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    (page,) = pages_of(tmp_path, out.getvalue())
    assert same(decode(page).grey, picture)


def test_pages_of_a_tiff_are_taken_apart_without_decoding(tmp_path, picture):
    images = [Image.fromarray(np.roll(picture, 30 * n, axis=0)).convert("1") for n in range(4)]
    path = tmp_path / "stack.tif"
    images[0].save(path, save_all=True, append_images=images[1:], compression="group4", dpi=(300, 300))
    pages = list(open_pages(path))
    assert [page.page for page in pages] == [1, 2, 3, 4]
    assert sum(len(page.data) for page in pages) < path.stat().st_size + 1000
    for page, image in zip(pages, images, strict=True):
        assert np.array_equal(decode(page).grey, np.array(image.convert("L")))


def test_a_preview_in_a_tiff_is_no_page(tmp_path, picture):
    small = Image.fromarray(picture[::2, ::2])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    path = tmp_path / "preview.tif"
    Image.fromarray(picture).save(path, save_all=True, append_images=[small])
    assert len(list(open_pages(path))) == 1


def test_fax_pixels_become_square(tmp_path, picture):
    path = tmp_path / "fax.tif"
    Image.fromarray(picture[::2]).convert("1").save(path, compression="group3", dpi=(204, 98))
    (page,) = open_pages(path)
    scan = decode(page)
    assert scan.grey.shape == pytest.approx((HEIGHT, WIDTH), rel=0.05)
    assert scan.dpi == pytest.approx(204)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, picture, orientation):
    undo = {6: 8, 8: 6}.get(orientation, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    (page,) = pages_of(tmp_path, jpeg(oriented(picture, undo), exif=exif))
    assert same(decode(page).grey, picture)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_lies_on_a_pdf_page_in_any_way(tmp_path, picture, orientation, rotation):
    """Flipped or turned by the PDF's matrix and by the page's own rotation, EXIF ignored."""
    matrices = {
        1: (1, 0, 0, 1, 0, 0),
        2: (-1, 0, 0, 1, 1, 0),
        3: (-1, 0, 0, -1, 1, 1),
        4: (1, 0, 0, -1, 0, 1),
        5: (0, -1, -1, 0, 1, 1),
        6: (0, -1, 1, 0, 0, 1),
        7: (0, 1, 1, 0, 0, 0),
        8: (0, 1, -1, 0, 1, 0),
    }
    undo = {6: 8, 8: 6}.get(orientation, orientation)
    exif = Image.Exif()
    exif[0x0112] = 6  # viewers ignore it inside a PDF
    data = jpeg(oriented(picture, undo), exif=exif)

    def draw(canvas):
        canvas.setPageRotation(rotation)
        width, height = SIZE_PT
        a, b, c, d, e, f = matrices[orientation]
        canvas.transform(a * width, b * height, c * width, d * height, e * width, f * height)
        canvas.drawImage(ImageReader(io.BytesIO(data)), 0, 0, 1, 1)

    # reportlab means the size after the rotation
    size = SIZE_PT[::-1] if rotation % 180 else SIZE_PT
    (page,) = pages_of(tmp_path, pdf_of(draw, size=size))
    assert page.encoding is Encoding.PICTURE
    turned = oriented(picture, {0: 1, 90: 6, 180: 3, 270: 8}[rotation])
    scan = decode(page)
    assert same(scan.grey, turned)
    assert scan.dpi == pytest.approx(100, rel=0.01)
    assert scan.stretch == pytest.approx(1, rel=0.01)


def test_an_embedded_jpeg_comes_out_byte_for_byte(tmp_path, picture):
    data = jpeg(picture)
    pages = pages_of(tmp_path, pdf_of(drawn(data), drawn(data)))
    assert [(page.page, page.data) for page in pages] == [(1, data), (2, data)]


def test_a_text_layer_does_not_count_when_it_is_invisible(tmp_path, picture):
    def with_text(mode):
        def draw(canvas):
            drawn(jpeg(picture))(canvas)
            text = canvas.beginText(50, 50)
            text.setTextRenderMode(mode)
            text.textLine("Rg7 " * 10)
            canvas.drawText(text)

        return draw

    hidden, shown = pages_of(tmp_path, pdf_of(with_text(3), with_text(0)))
    assert hidden.encoding is Encoding.PICTURE
    assert shown.encoding is Encoding.PDF
    scan = decode(shown)
    assert scan.dpi == pytest.approx(300)
    assert same(cv2.resize(scan.grey, (WIDTH, HEIGHT)), picture, 12)


def test_strips_are_rendered_as_one_page(tmp_path, picture):
    third = HEIGHT // 3 + 1
    height_pt = SIZE_PT[1]

    def draw(canvas):
        for top in range(0, HEIGHT, third):
            part = picture[top : top + third]
            low = height_pt - (top + len(part)) * 0.72
            drawn(jpeg(part), 0, low, (SIZE_PT[0], len(part) * 0.72))(canvas)

    (page,) = pages_of(tmp_path, pdf_of(draw))
    scan = decode(page)
    assert scan.grey.shape == pytest.approx((HEIGHT * 3, WIDTH * 3), abs=3)
    assert same(cv2.resize(scan.grey, (WIDTH, HEIGHT)), picture, 12)


def test_a_page_by_itself_has_the_same_bytes_and_the_same_name_each_time(tmp_path):
    """Its name tells a page that came twice, also out of another document, written by another program."""
    draw = lambda canvas: canvas.drawString(50, 50, "Rg7")  # noqa: E731
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_of(draw, lambda canvas: None))
    first, second = ([(page.data, page.identity) for page in open_pages(path)] for _ in range(2))
    assert first == second
    rewritten = io.BytesIO()
    with pikepdf.open(path) as document:
        del document.pages[1]
        document.save(rewritten, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    (alone,) = pages_of(tmp_path, rewritten.getvalue())
    assert alone.identity == first[0][1] != first[1][1]


def test_a_cropped_page_shows_only_its_part(tmp_path, picture):
    """Two slips on one picture, split by crop boxes: each page must not show both."""
    data = pdf_of(drawn(jpeg(picture)), cropBox=(0, 0, SIZE_PT[0], SIZE_PT[1] / 2))
    (page,) = pages_of(tmp_path, data)
    grey = decode(page).grey
    assert grey.shape[0] / grey.shape[1] == pytest.approx(HEIGHT / WIDTH / 2, rel=0.02)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "L"])
def test_other_pictures_in_a_pdf_are_taken_as_they_are(tmp_path, picture, mode):
    out = io.BytesIO()
    image = Image.fromarray(picture).convert(mode)
    if mode == "L":  # Flate
        out.write(pdf_of(lambda canvas: canvas.drawInlineImage(image, 0, 0, *SIZE_PT)))
    else:  # CCITT, palette, CMYK JPEG
        image.save(out, "PDF", resolution=100)
    (page,) = pages_of(tmp_path, out.getvalue())
    scan = decode(page)
    assert same(scan.grey, picture)
    assert scan.dpi == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize(
    ("entries", "inverted"),
    [
        ("/ColorSpace /DeviceGray", False),
        ("/ColorSpace /DeviceGray /Decode [1 0]", True),
        ("/ImageMask true", False),  # paints black where the bit is 0
        ("/ImageMask true /Decode [1 0]", True),
    ],
)
def test_one_bit_pictures_and_stencils_are_never_negatives(tmp_path, picture, entries, inverted):
    wanted = 255 - picture if inverted else picture
    bits = zlib.compress(np.packbits(picture > 127, axis=1).tobytes())
    size = f"/Width {WIDTH} /Height {HEIGHT} /BitsPerComponent 1 /Filter /FlateDecode"
    (page,) = pages_of(tmp_path, raw_pdf((f"{size} {entries}", bits)))
    assert same(cv2.resize(decode(page).grey, (WIDTH, HEIGHT)), wanted, 14)


def test_pictures_of_one_bit_are_drawn_in_grey_and_only_where_they_are_grey(tmp_path, picture):
    bits = zlib.compress(np.packbits(picture > 127, axis=1).tobytes())
    size = f"/Width {WIDTH} /Height {HEIGHT} /BitsPerComponent 1 /Filter /FlateDecode"
    spaces = {"/DeviceGray": Depth.BILEVEL, "[/Indexed /DeviceRGB 1 <FF0000FFFFFF>]": Depth.COLOUR}
    for space, depth in spaces.items():
        (page,) = pages_of(tmp_path, raw_pdf((f"{size} /ColorSpace {space}", bits)))
        assert decode(page).depth is depth
        with render.opened(page.data) as document:
            assert render.draws_one_bit(document[0]) == (depth is Depth.BILEVEL)


def test_colour_comes_with_a_second_look(tmp_path, picture):
    red = np.dstack([np.full_like(picture, 255), picture, picture])
    (page,) = pages_of(tmp_path, jpeg(red, "RGB"))
    scan = decode(page)
    colour = colour_of(scan)
    assert same(colour, red, 10)
    (grey_page,) = pages_of(tmp_path, jpeg(picture))
    assert colour_of(decode(grey_page)) is None


def test_damaged_files_are_one_rejected_page_each(tmp_path, picture):
    locked = pdf_of(drawn(jpeg(picture)), encrypt=StandardEncryption("a", "b"))
    tiff = io.BytesIO()
    Image.fromarray(picture).save(tiff, "TIFF", compression="tiff_lzw")
    png = io.BytesIO()
    Image.fromarray(picture).save(png, "PNG")
    cases = {
        "empty_file": b"",
        "not_a_scan": b"Xin chao" * 100,
        "encrypted": locked,
        "unopened": b"%PDF-1.7\n" + bytes(range(256)) * 20,
    }
    for reason, data in cases.items():
        (page,) = pages_of(tmp_path, data, "scan.pdf")
        assert reason_of(page) == reason
    for data in (jpeg(picture), tiff.getvalue(), png.getvalue()):
        pages = pages_of(tmp_path, data[: len(data) * 2 // 3])
        assert [reason_of(page) for page in pages] == ["damaged"]


def test_an_owner_password_does_not_lock_a_scan(tmp_path, picture):
    data = pdf_of(drawn(jpeg(picture)), encrypt=StandardEncryption("", "secret", canCopy=0))
    (page,) = pages_of(tmp_path, data)
    assert same(decode(page).grey, picture)


def test_a_broken_page_costs_only_itself(tmp_path, picture):
    good = jpeg(picture)
    size = f"/Width {WIDTH} /Height {HEIGHT}"
    entries = f"{size} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
    pages = pages_of(tmp_path, raw_pdf((entries, good), (entries, good[: len(good) // 2]), (entries, good)))
    assert [page.page for page in pages] == [1, 2, 3]
    assert same(decode(pages[0]).grey, picture)
    assert reason_of(pages[1]) == "damaged"
    assert same(decode(pages[2]).grey, picture)


def png_of(width, height):
    """A PNG that claims a size and holds nothing: a bomb without powder."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(60_000, 60_000), (2_000_000_000, 2), (MOST_PIXELS, 301)])
def test_giant_pictures_are_refused_with_numbers_before_they_are_decoded(tmp_path, size):
    (page,) = pages_of(tmp_path, png_of(*size), "bomb.png")
    with pytest.raises(ScanError) as caught:
        decode(page)
    assert caught.value.reason == "too_many_pixels"
    assert (caught.value.values["width"], caught.value.values["height"]) == size


def test_a_giant_picture_inside_a_pdf_is_refused(tmp_path):
    entries = "/Width 60000 /Height 60000 /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode"
    (encoded,) = pages_of(tmp_path, raw_pdf((entries, zlib.compress(b"\0" * 1000))))
    assert reason_of(encoded) == "too_many_pixels"


def test_a_page_of_giant_paper_is_rendered_small(tmp_path):
    def draw(canvas):
        canvas.rect(100, 100, 5000, 5000, fill=1)

    (page,) = pages_of(tmp_path, pdf_of(draw, size=(14_400, 14_400)))
    assert max(decode(page).grey.shape) <= 5000


def test_a_tiff_whose_directories_run_in_a_circle_ends(tmp_path, picture):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "TIFF")
    data = bytearray(out.getvalue())
    start = struct.unpack("<L", data[4:8])[0]
    entries = struct.unpack("<H", data[start : start + 2])[0]
    end = start + 2 + 12 * entries
    data[end : end + 4] = struct.pack("<L", start)
    assert len(pages_of(tmp_path, bytes(data))) == 1


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_bytes_raise_anything_but_a_scan_error(tmp_path_factory, data):
    """Law: a file with bytes changed anywhere still gives pages, each of them read or refused."""
    picture = np.full((400, 400), 255, np.uint8)
    picture[50:90, 50:350] = 0
    source = data.draw(st.sampled_from(sorted(_WHOLE)))
    content = bytearray(_WHOLE[source])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "scan"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    pages = list(open_pages(path))
    assert pages
    for page in pages:
        try:
            assert decode(page).grey.ndim == 2
        except ScanError as error:
            assert str(error)


def _whole():
    pixels = np.full((400, 400), 255, np.uint8)
    pixels[50:90, 50:350] = 0
    image = Image.fromarray(pixels)
    files = {}
    for name, kind, options in [
        ("g4", "TIFF", {"compression": "group4"}),
        ("lzw", "TIFF", {"compression": "tiff_lzw"}),
        ("png", "PNG", {}),
        ("jpeg", "JPEG", {}),
    ]:
        out = io.BytesIO()
        (image.convert("1") if name == "g4" else image).save(out, kind, **options)
        files[name] = out.getvalue()
    files["pdf"] = pdf_of(drawn(files["jpeg"], size=(400, 400)), size=(400, 400))
    return files


_WHOLE = _whole()


def coloured_jpeg(sampling: int, *options: int) -> bytes:
    rng = np.random.default_rng(5)
    pixels = cv2.resize(
        rng.integers(0, 256, (60, 43, 3), np.uint8), (427, 601), interpolation=cv2.INTER_CUBIC
    )
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling, *options])
    return data.tobytes()


@pytest.mark.parametrize("sampling", [0x221111, 0x211111, 0x111111, 0x121111], ids=hex)
@pytest.mark.parametrize("reduced", [8, 4, 2])
@pytest.mark.parametrize("top", [0.01, 0.3, 0.99])
def test_the_upper_part_of_a_picture_shows_what_the_whole_shows(
    sampling: int, reduced: int, top: float, capfd: pytest.CaptureFixture[str]
) -> None:
    """Seen from the top down to the stamp: the same pixels, and no decoder complains about the rest."""
    scan = decode(EncodedPage("scan.jpg", 1, Encoding.PICTURE, coloured_jpeg(sampling)))
    whole, upper = colour_of(scan, reduced), colour_of(scan, reduced, top)
    assert whole is not None and upper is not None
    assert top * 601 / reduced <= len(upper) <= len(whole)
    sure = (
        len(upper) if len(upper) == len(whole) else len(upper) - 1
    )  # colours of the last row mix with the next
    assert np.abs(upper[:sure].astype(int) - whole[:sure]).max() <= 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_pictures_that_cannot_be_cut_short_come_whole(orientation: int) -> None:
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1] if orientation == 1 else []
    data = coloured_jpeg(0x221111, *options)
    scan = decode(EncodedPage("scan.jpg", 1, Encoding.PICTURE, data, orientation))
    whole, upper = colour_of(scan, 4), colour_of(scan, 4, 0.2)
    assert whole is not None and upper is not None
    assert np.array_equal(whole, upper)
