"""The kinds of files that scanners, phones and programs write: container × compression × colour × way up.

Every kind holds one small picture. `shown_by_others` lets programs of other makers show the
files: Ghostscript for PDF, ImageMagick for pictures, libheif for HEIC.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageCms

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 417, 590  # A6 at 100 dpi: odd numbers, so that no row ends on a byte
PDF_DPI = 100
SAME_SHAPE = 0.15  # a page may be shown stretched; turned on its side it would be off by half


def picture() -> Pixels:
    """Return grey tones, letters and a bar: whichever way it is turned, mirrored or inverted, it shows."""
    pixels = np.tile(np.linspace(200, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    cv2.putText(pixels, "Rg7", (40, 170), cv2.FONT_HERSHEY_SIMPLEX, 4, 20, 14)
    cv2.rectangle(pixels, (280, 480), (390, 540), 60, -1)
    for row in range(230, 440, 30):
        cv2.putText(pixels, "slip 1260000001", (40, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2)
    return pixels


GREY = picture()
BILEVEL = np.where(GREY > 128, 255, 0).astype(np.uint8)
COLOUR = np.dstack([GREY, np.minimum(GREY + 10, 255), (GREY * 0.9).astype(np.uint8)])
COLOUR[20:60, 300:400] = (200, 30, 40)  # a stamp


@dataclass(frozen=True)
class Kind:
    """One kind of file: its name, and how such a file is written into a folder."""

    name: str
    write: Callable[[Path], None]
    viewer: (
        str  # whose eyes are believed: "gs", "magick", "libtiff", or "source": the picture as it was written
    )
    may_be_refused: bool = False  # where a clear refusal is as good as the picture
    frame: tuple[float, float, float, float] = (0, 0, 1, 1)  # the part of what is shown that is the picture


def image_of(mode: str) -> Image.Image:
    """Return the picture in one of Pillow's modes."""
    match mode:
        case "1":
            return Image.fromarray(BILEVEL).convert("1")
        case "L":
            return Image.fromarray(GREY)
        case "I;16":
            return Image.fromarray(GREY.astype(np.uint16) * 257)
        case "F":
            return Image.fromarray(GREY.astype(np.float32) / 255)
        case "P":
            return Image.fromarray(COLOUR).quantize(64)
        case "LA":
            return Image.merge("LA", [Image.fromarray(np.zeros_like(GREY)), Image.fromarray(255 - GREY)])
        case "RGBA":
            clear = Image.fromarray(255 - GREY)
            return Image.merge("RGBA", [Image.new("L", clear.size, one) for one in (20, 10, 30)] + [clear])
        case _:
            return Image.fromarray(COLOUR).convert(mode)


def _saved(name: str, mode: str, format_: str, viewer: str = "magick", **options: object) -> Kind:
    def write(path: Path) -> None:
        image_of(mode).save(path, format_, **options)

    return Kind(name, write, viewer)


def _tool(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _by_tool(name: str, source: Callable[[Path], None], *command: str, refused: bool = False) -> Kind:
    """Return a file that another program makes of one of ours; {} in the command stands for both names."""

    def write(path: Path) -> None:
        before = path.with_name(f"source-{path.name}.png")
        source(before)
        _tool(*(part.format(source=before, target=path) for part in command))
        before.unlink()

    return Kind(name, write, "magick", refused)


def _set(name: str, source: Kind, *pairs: tuple[int, str], refused: bool = False) -> Kind:
    """Return a TIFF with tags as libtiff's `tiffset` sets them."""

    def write(path: Path) -> None:
        source.write(path)
        for tag, value in pairs:
            _tool("tiffset", "-s", str(tag), *value.split(), str(path))

    return Kind(name, write, source.viewer, refused)


def tiffs() -> Iterator[Kind]:
    """Yield what scanners write as TIFF."""
    plain = {mode: _saved(f"tiff-{mode}", mode, "TIFF", dpi=(100, 100)) for mode in ("1", "L", "RGB")}
    for compression in ("group3", "group4", "packbits", "tiff_lzw", "tiff_adobe_deflate", "raw"):
        yield _saved(f"tiff-1-{compression}", "1", "TIFF", compression=compression, dpi=(100, 100))
        white = _saved("", "1", "TIFF", compression=compression, tiffinfo={262: 0}, dpi=(200, 200))
        yield Kind(f"tiff-1-{compression}-white-is-zero", white.write, "magick")
    for mode in ("L", "RGB", "P", "CMYK", "LA", "RGBA", "I;16"):
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            yield _saved(f"tiff-{mode}-{compression}", mode, "TIFF", compression=compression, dpi=(150, 150))
    for mode in ("L", "RGB"):
        yield _saved(f"tiff-{mode}-jpeg", mode, "TIFF", compression="jpeg", quality=92, dpi=(150, 150))
        yield _saved(f"tiff-{mode}-predictor", mode, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    yield _saved("tiff-YCbCr", "YCbCr", "TIFF")
    yield Kind("tiff-LAB", lambda path: image_of("LAB").save(path, "TIFF"), "magick", may_be_refused=True)
    for name, numbers in (("float", GREY / 255), ("float-inverted", 1 - GREY / 255)):
        photometric = 0 if "inverted" in name else 1
        yield Kind(
            f"tiff-{name}",
            lambda path, n=numbers, p=photometric: path.write_bytes(raw_tiff(n.astype("<f4"), 32, p, 3)),
            "source" if photometric == 0 else "magick",
            may_be_refused=True,
        )
    for order in "<>":
        for photometric in (0, 1):
            tones = GREY if photometric else 255 - GREY
            data = raw_tiff((tones.astype(np.uint16) * 257).astype(f"{order}u2"), 16, photometric, 1, order)
            name = f"tiff-16-{'little' if order == '<' else 'big'}-{photometric}"
            yield Kind(name, lambda path, d=data: path.write_bytes(d), "magick")
    for bits in (2, 4):
        for photometric in (0, 1):
            data = raw_tiff(packed(GREY if photometric else 255 - GREY, bits), bits, photometric, 1)
            # ImageMagick shows these as negatives where 0 is white.
            yield Kind(f"tiff-{bits}-bit-{photometric}", lambda path, d=data: path.write_bytes(d), "libtiff")
    for orientation in range(1, 9):
        for mode, compression in (("1", "group4"), ("L", "raw"), ("RGB", "tiff_lzw"), ("RGB", "jpeg")):
            # ImageMagick turns JPEG in TIFF twice; libtiff's own viewer does not lay pictures on their side.
            viewer = "libtiff" if compression == "jpeg" else "magick"
            if viewer == "magick" or orientation < 5:
                yield _saved(
                    *(f"tiff-{mode}-{compression}-orientation-{orientation}", mode, "TIFF", viewer),
                    compression=compression,
                    tiffinfo={274: orientation},
                )
    for name, mode, options in [
        ("tiled", "L", ["-t", "-w", "64", "-l", "64", "-c", "none"]),
        ("tiled-lzw", "RGB", ["-t", "-w", "128", "-l", "64", "-c", "lzw"]),
        ("tiled-zip-separate", "RGB", ["-t", "-w", "64", "-l", "64", "-c", "zip", "-p", "separate"]),
        ("tiled-g4", "1", ["-t", "-w", "64", "-l", "64", "-c", "g4"]),
        ("tiled-jpeg", "L", ["-t", "-w", "64", "-l", "64", "-c", "jpeg"]),
        ("separate", "RGB", ["-p", "separate", "-c", "none"]),
        ("separate-lzw", "RGB", ["-p", "separate", "-c", "lzw:2"]),
        ("big-tiff", "L", ["-8", "-c", "lzw"]),
        ("big-tiff-tiled", "RGB", ["-8", "-t", "-w", "64", "-l", "64", "-c", "zip"]),
        ("big-tiff-g4", "1", ["-8", "-c", "g4"]),
        ("big-endian", "L", ["-B", "-c", "none"]),
        ("big-endian-big-tiff", "RGB", ["-B", "-8", "-c", "zip"]),
        ("one-row-a-strip", "L", ["-r", "1", "-c", "lzw"]),
        ("one-strip", "1", ["-r", "100000", "-c", "g4"]),
        ("fill-order-lsb", "1", ["-f", "lsb2msb", "-c", "g4"]),
        ("fill-order-lsb-raw", "1", ["-f", "lsb2msb", "-c", "none"]),
        ("g3-2d", "1", ["-c", "g3:2d"]),
        ("g3-fill", "1", ["-c", "g3:1d:fill"]),
    ]:
        yield _by_tool(f"tiff-{name}", plain[mode].write, "tiffcp", *options, "{source}", "{target}")
    for x, y in ((72, 72), (204, 98), (204, 196), (1, 1), (0, 0), (100_000, 3), (300, 300)):
        source = _saved("", "L", "TIFF", dpi=(x, y))
        yield Kind(f"tiff-density-{x}x{y}", source.write, "magick")
    yield _set("tiff-density-cm", _saved("", "L", "TIFF", dpi=(100, 100)), (296, "3"))
    yield _set("tiff-density-no-unit", _saved("", "L", "TIFF", dpi=(204, 98)), (296, "1"))


def pngs_and_others() -> Iterator[Kind]:
    """Yield what programs and phones write, one picture a file."""
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"):
        yield _saved(f"png-{mode}", mode, "PNG", dpi=(100, 100))
    yield _saved("png-P-transparent", "P", "PNG", transparency=0)
    yield _by_tool(
        *("png-interlaced", _saved("", "RGB", "PNG").write),
        *("convert", "{source}", "-interlace", "PNG", "PNG:{target}"),
    )
    for depth in (2, 4):
        yield _by_tool(
            *(f"png-{depth}-bit", _saved("", "L", "PNG").write),
            *(
                "convert",
                "{source}",
                "-define",
                f"png:bit-depth={depth}",
                "-colorspace",
                "Gray",
                "PNG:{target}",
            ),
        )
    yield _by_tool(
        *("png-rgb48", _saved("", "RGB", "PNG").write),
        *("convert", "{source}", "-define", "png:bit-depth=16", "PNG48:{target}"),
    )
    for mode in ("L", "RGB"):
        for progressive in (False, True):
            yield _saved(f"jpeg-{mode}-{progressive}", mode, "JPEG", quality=92, progressive=progressive)
    for sampling in (0, 1, 2):
        yield _saved(f"jpeg-sampling-{sampling}", "RGB", "JPEG", quality=92, subsampling=sampling)
    yield _saved("jpeg-CMYK", "CMYK", "JPEG", quality=95)
    yield _saved("jpeg-restart", "L", "JPEG", quality=92, restart_marker_rows=2)
    yield _by_tool(
        *("jpeg-rgb-as-it-is", _saved("", "RGB", "PNG").write),
        *(
            "convert",
            "{source}",
            "-sampling-factor",
            "1x1",
            "-define",
            "jpeg:colorspace=RGB",
            "JPEG:{target}",
        ),
    )
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for mode in ("L", "RGB"):
            yield _saved(f"jpeg-{mode}-exif-{orientation}", mode, "JPEG", quality=92, exif=exif)
    for x, y in ((72, 72), (204, 98), (300, 300), (1, 1), (600, 600)):
        yield _saved(f"jpeg-density-{x}x{y}", "L", "JPEG", quality=92, dpi=(x, y))
    for mode in ("1", "L", "P", "RGB"):
        yield _saved(f"bmp-{mode}", mode, "BMP")
    for name, options in [
        ("rle", ["-type", "Palette", "-compress", "RLE"]),
        ("old", ["-define", "bmp:format=bmp2"]),
        ("v3", ["-define", "bmp:format=bmp3"]),
        ("alpha", ["-alpha", "on", "-define", "bmp:format=bmp4"]),
    ]:
        yield _by_tool(
            *(f"bmp-{name}", _saved("", "RGB", "PNG").write),
            *("convert", "{source}", *options, "BMP:{target}"),
            refused=True,
        )
    yield _saved("gif-L", "L", "GIF")
    yield _saved("gif-P", "P", "GIF")
    yield _saved("gif-1", "1", "GIF")
    for mode, options in [
        ("L", {"quality": 95}),
        ("RGB", {"quality": 95}),
        ("RGB", {"lossless": True}),
        ("RGBA", {"lossless": True}),
    ]:
        yield _saved(f"webp-{mode}-{'-'.join(options)}", mode, "WEBP", "source", **options)
    for mode in ("L", "RGB", "I;16", "LA", "RGBA"):
        yield _saved(f"jp2-{mode}", mode, "JPEG2000", "source")
    yield _saved(
        "jp2-lossy", "RGB", "JPEG2000", "source", quality_mode="dB", quality_layers=[44], irreversible=True
    )
    yield _saved("j2k", "L", "JPEG2000", "source", no_jp2=True)
    yield _saved("avif", "RGB", "AVIF", "source", quality=90)
    if shutil.which("heif-enc"):
        yield _by_tool(
            "heic", _saved("", "RGB", "PNG").write, "heif-enc", "-q", "92", "-o", "{target}", "{source}"
        )


def packed(grey: Pixels, bits: int) -> Pixels:
    """Return rows of `bits` a pixel, each filled up to whole bytes."""
    levels = (grey.astype(int) * ((1 << bits) - 1) + 127) // 255
    each = np.unpackbits(levels.astype(np.uint8)[..., None], axis=2)[..., 8 - bits :]
    return np.packbits(each.reshape(len(grey), -1), axis=1)


def raw_tiff(rows: NDArray[np.generic], bits: int, photometric: int, sample: int, order: str = "<") -> bytes:
    """Return an uncompressed TIFF of one strip, written by hand."""
    data = rows.tobytes()
    tags = [(256, WIDTH), (257, HEIGHT), (258, bits), (259, 1), (262, photometric), (273, 8)]
    tags += [(277, 1), (278, HEIGHT), (279, len(data)), (339, sample)]
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(data))
    body = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags)
    return head + data + struct.pack(order + "H", len(tags)) + body + b"\0" * 4


# --- PDF --------------------------------------------------------------------------------------------


def jpeg(mode: str, **options: object) -> bytes:
    """Return the picture as a JPEG."""
    out = io.BytesIO()
    image_of(mode).save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def _pdf(
    name: str,
    build: Callable[[pikepdf.Pdf], Dictionary],
    viewer: str = "gs",
    frame: tuple[float, float, float, float] = (0, 0, 1, 1),
) -> Kind:
    """Return a PDF of one page; `build` gives the page's entries besides its size."""

    def write(path: Path) -> None:
        with pikepdf.Pdf.new() as document:
            page = Dictionary(Type=Name.Page, MediaBox=[0, 0, *_SIZE])
            for key, value in build(document).items():
                page[key] = value
            document.pages.append(pikepdf.Page(document.make_indirect(page)))
            document.save(path)

    return Kind(f"pdf-{name}", write, viewer, frame=frame)


_SIZE = (WIDTH * 72 / PDF_DPI, HEIGHT * 72 / PDF_DPI)
_FILL = f"q {_SIZE[0]:.4f} 0 0 {_SIZE[1]:.4f} 0 0 cm /Im Do Q"


def _image(document: pikepdf.Pdf, data: bytes, **entries: object) -> pikepdf.Stream:
    given = {"Type": Name.XObject, "Subtype": Name.Image, "Width": WIDTH, "Height": HEIGHT, **entries}
    return document.make_indirect(pikepdf.Stream(document, data, **given))


def _showing(
    document: pikepdf.Pdf, image: pikepdf.Object, content: str = _FILL, **more: object
) -> Dictionary:
    resources = Dictionary(XObject=Dictionary(Im=image))
    for key, value in more.pop("resources", {}).items():
        resources[f"/{key}"] = value
    return Dictionary(Contents=document.make_stream(content.encode()), Resources=resources, **more)


def _one(name: str, data: bytes, viewer: str = "gs", **entries: object) -> Kind:
    return _pdf(f"{name}", lambda document: _showing(document, _image(document, data, **entries)), viewer)


def _icc(document: pikepdf.Pdf, components: int) -> Array:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return Array([Name.ICCBased, document.make_stream(profile, N=components)])


def pdf_pictures() -> Iterator[Kind]:
    """Yield pages of one picture, by how the picture is stored."""
    grey8 = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 8}
    rgb8 = {"ColorSpace": Name.DeviceRGB, "BitsPerComponent": 8}
    dct = {"Filter": Name.DCTDecode}
    flate = {"Filter": Name.FlateDecode}
    inverted = Array([1, 0])
    yield _one("dct-grey", jpeg("L"), **grey8, **dct)
    yield _one("dct-grey-decode", jpeg("L"), **grey8, **dct, Decode=inverted)
    yield _one("dct-grey-decode-plain", jpeg("L"), **grey8, **dct, Decode=Array([0, 1]))
    yield _one("dct-grey-decode-half", jpeg("L"), **grey8, **dct, Decode=Array([0.2, 1]))
    yield _one("dct-rgb", jpeg("RGB"), **rgb8, **dct)
    yield _one("dct-rgb-decode", jpeg("RGB"), **rgb8, **dct, Decode=Array([1, 0] * 3))
    yield _one("dct-progressive", jpeg("RGB", progressive=True), **rgb8, **dct)
    cmyk = {"ColorSpace": Name.DeviceCMYK, "BitsPerComponent": 8}
    yield _one("dct-cmyk-inverted", jpeg("CMYK"), **cmyk, **dct, Decode=Array([1, 0] * 4))
    yield _one("dct-cmyk", jpeg("CMYK"), **cmyk, **dct)
    yield _one("flate-cmyk", zlib.compress(image_of("CMYK").tobytes()), **cmyk, **flate)
    yield _one(
        "hex-dct", jpeg("L").hex().encode() + b">", **grey8, Filter=[Name.ASCIIHexDecode, Name.DCTDecode]
    )
    yield _one("flate-dct", zlib.compress(jpeg("L")), **grey8, Filter=[Name.FlateDecode, Name.DCTDecode])
    yield _one("flate-grey", zlib.compress(GREY.tobytes()), **grey8, **flate)
    yield _one("flate-grey-decode", zlib.compress(GREY.tobytes()), **grey8, **flate, Decode=inverted)
    yield _one("flate-rgb", zlib.compress(COLOUR.tobytes()), **rgb8, **flate)
    predicted = b"".join(
        b"\x02" + row.tobytes() for row in np.diff(GREY, axis=0, prepend=np.zeros((1, WIDTH), np.uint8))
    )
    parms = Dictionary(Predictor=15, Columns=WIDTH)
    yield _one("flate-predictor", zlib.compress(predicted), **grey8, **flate, DecodeParms=parms)
    yield _one("raw-grey", GREY.tobytes(), **grey8)
    wide = (GREY.astype(np.uint16) * 257).astype(">u2").tobytes()
    yield _one("flate-16-bit", zlib.compress(wide), ColorSpace=Name.DeviceGray, BitsPerComponent=16, **flate)
    for bits in (1, 2, 4):
        data = zlib.compress(packed(BILEVEL if bits == 1 else GREY, bits).tobytes())
        for decode in ({}, {"Decode": inverted}):
            yield _one(
                f"flate-{bits}-bit{'-decode' if decode else ''}",
                data,
                **flate,
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=bits,
                **decode,
            )
            if bits == 1:
                yield _one(f"stencil{'-decode' if decode else ''}", data, **flate, ImageMask=True, **decode)
    levels = bytes(value for tone in range(256) for value in (tone, tone, 255 - tone))
    indexed = Array([Name.Indexed, Name.DeviceRGB, 255, pikepdf.String(levels)])
    yield _one("indexed", zlib.compress(GREY.tobytes()), **flate, ColorSpace=indexed, BitsPerComponent=8)
    out = io.BytesIO()
    Image.fromarray(BILEVEL).convert("1").save(out, "TIFF", compression="group4")
    with Image.open(out) as tiff:
        offset, count = tiff.tag_v2[273][0], sum(tiff.tag_v2[279])
        photometric = tiff.tag_v2[262]
    fax = out.getvalue()[offset : offset + count]
    for black in (False, True):
        parms = Dictionary(K=-1, Columns=WIDTH, Rows=HEIGHT, BlackIs1=black)
        for decode in ({}, {"Decode": inverted}):
            yield _one(
                f"g4-{black}-{photometric}{'-decode' if decode else ''}",
                fax,
                Filter=Name.CCITTFaxDecode,
                DecodeParms=parms,
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=1,
                **decode,
            )
    jpx = io.BytesIO()
    image_of("L").save(jpx, "JPEG2000")
    yield _one("jpx", jpx.getvalue(), "source", Filter=Name.JPXDecode)  # Ghostscript shows it lighter
    for name, components, data in (("icc-rgb", 3, jpeg("RGB")),):
        yield _pdf(
            name,
            lambda document, data=data, n=components: _showing(
                document, _image(document, data, ColorSpace=_icc(document, n), BitsPerComponent=8, **dct)
            ),
        )
    cal = Array([Name.CalGray, Dictionary(WhitePoint=[0.95, 1, 1.09], Gamma=2.2)])
    yield _one("cal-grey", jpeg("L"), ColorSpace=cal, BitsPerComponent=8, **dct)

    def separation(document: pikepdf.Pdf) -> Dictionary:
        tint = document.make_indirect(
            Dictionary(FunctionType=2, Domain=[0, 1], C0=[1, 1, 1], C1=[0, 0, 0], N=1)
        )
        space = Array([Name.Separation, Name.Black, Name.DeviceRGB, tint])
        return _showing(document, _image(document, jpeg("L"), ColorSpace=space, BitsPerComponent=8, **dct))

    yield _pdf("separation", separation)


def _masked(name: str, **how: Callable[[pikepdf.Pdf], object]) -> Kind:
    def build(document: pikepdf.Pdf) -> Dictionary:
        entries = {key: make(document) for key, make in how.items()}
        image = _image(
            document,
            jpeg("L"),
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
            **entries,
        )
        return _showing(document, image)

    return _pdf(name, build)


def pdf_pages() -> Iterator[Kind]:
    """Yield pages by what else is on them, and by how the picture lies."""
    half = np.full((HEIGHT, WIDTH), 255, np.uint8)
    half[: HEIGHT // 2] = 0

    def soft(document: pikepdf.Pdf) -> object:
        return _image(
            document,
            zlib.compress(half.tobytes()),
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=8,
            Filter=Name.FlateDecode,
        )

    def hard(document: pikepdf.Pdf) -> object:
        return _image(
            document,
            zlib.compress(packed(half, 1).tobytes()),
            ImageMask=True,
            BitsPerComponent=1,
            Filter=Name.FlateDecode,
        )

    def one_black(document: pikepdf.Pdf, **mask: object) -> pikepdf.Stream:
        how = {"Width": 1, "Height": 1, "ColorSpace": Name.DeviceGray, "BitsPerComponent": 8}
        return _image(document, b"\0", **how, **mask)

    def ink(document: pikepdf.Pdf, data: bytes, **how: object) -> pikepdf.Stream:
        return _image(document, zlib.compress(data), Filter=Name.FlateDecode, **how)

    def written_softly(document: pikepdf.Pdf) -> Dictionary:
        grey = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 8}
        mask = ink(document, (255 - GREY).tobytes(), **grey)
        return _showing(document, one_black(document, SMask=mask))

    def written_hard(document: pikepdf.Pdf) -> Dictionary:
        mask = ink(document, packed(GREY, 1).tobytes(), ImageMask=True, BitsPerComponent=1)
        return _showing(document, one_black(document, Mask=mask))

    yield _pdf("one-colour-soft-mask", written_softly)  # a page torn apart into paper and ink
    yield _pdf("one-colour-mask", written_hard)
    yield _masked("soft-mask", SMask=soft)
    yield _masked("mask", Mask=hard)
    yield _masked("colour-key", Mask=lambda document: Array([0, 40]))

    def jpeg_page(content: str = _FILL, **more: object) -> Callable[[pikepdf.Pdf], Dictionary]:
        def build(document: pikepdf.Pdf) -> Dictionary:
            made = {key: value(document) if callable(value) else value for key, value in more.items()}
            image = _image(
                document, jpeg("L"), ColorSpace=Name.DeviceGray, BitsPerComponent=8, Filter=Name.DCTDecode
            )
            return _showing(document, image, content, **made)

        return build

    width, height = _SIZE
    for rotation in (90, 180, 270):
        yield _pdf(f"rotate-{rotation}", jpeg_page(Rotate=rotation))
    whole = (0.0, 0.0, 1.0, 1.0)
    for name, matrix, frame in [
        ("mirrored", f"{-width} 0 0 {height} {width} 0", whole),
        ("upside-down", f"{-width} 0 0 {-height} {width} {height}", whole),
        ("flipped", f"{width} 0 0 {-height} 0 {height}", whole),
        # The picture alone is as good as with the page's margin around it.
        ("inset", f"{width * 0.8} 0 0 {height * 0.8} {width * 0.1} {height * 0.1}", (0.1, 0.1, 0.9, 0.9)),
        ("stretched", f"{width} 0 0 {height * 0.9} 0 {height * 0.1}", (0, 0, 1, 0.9)),
        ("turned-a-little", f"{width * 0.95} 12 -12 {height * 0.95} 14 4", whole),
        ("larger-than-the-page", f"{width * 1.2} 0 0 {height * 1.2} -20 -60", whole),
    ]:
        yield _pdf(f"matrix-{name}", jpeg_page(f"q {matrix} cm /Im Do Q"), frame=frame)
    yield _pdf("crop-box", jpeg_page(CropBox=Array([0, 0, width, height * 0.7])))
    yield _pdf("crop-box-outside", jpeg_page(CropBox=Array([-50, -50, width + 50, height + 50])))
    yield _pdf(
        "media-box-moved",
        jpeg_page(
            f"q {width} 0 0 {height} 100 50 cm /Im Do Q", MediaBox=Array([100, 50, 100 + width, 50 + height])
        ),
    )
    yield _pdf("clipped", jpeg_page(f"q 0 0 {width} {height / 2} re W n {_FILL} Q"))
    yield _pdf("clipped-to-all", jpeg_page(f"q 0 0 {width} {height} re W n {_FILL} Q"))
    yield _pdf("rectangle-over", jpeg_page(f"{_FILL} 1 g 30 {height - 160} 200 120 re f"))
    yield _pdf("rectangle-under", jpeg_page(f"0 g 0 0 {width} {height} re f {_FILL}"))
    yield _pdf("line-over", jpeg_page(f"{_FILL} 4 w 0 0 m {width} {height} l S"))
    yield _pdf("twice", jpeg_page(f"{_FILL} q {width / 2} 0 0 {height / 2} 0 0 cm /Im Do Q"))
    yield _pdf(
        "inline-over", jpeg_page(f"{_FILL} q 100 0 0 100 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q")
    )
    see_through = {"ExtGState": Dictionary(G=Dictionary(Type=Name.ExtGState, ca=0.3))}
    yield _pdf("see-through", jpeg_page(f"q /G gs {_FILL} Q", resources=see_through))
    opaque = {"ExtGState": Dictionary(G=Dictionary(Type=Name.ExtGState, ca=1, SA=True, BM=Name.Normal))}
    yield _pdf("opaque-state", jpeg_page(f"q /G gs {_FILL} Q", resources=opaque))
    blend = {"ExtGState": Dictionary(G=Dictionary(BM=Name.Difference))}
    yield _pdf("blend", jpeg_page(f"1 g 0 0 {width} {height} re f q /G gs {_FILL} Q", resources=blend))

    def layered(visible: bool, *, inside: str) -> Callable[[pikepdf.Pdf], Dictionary]:
        def build(document: pikepdf.Pdf) -> Dictionary:
            layer = document.make_indirect(Dictionary(Type=Name.OCG, Name=pikepdf.String("layer")))
            default = Dictionary(Order=[layer], **({"ON": [layer]} if visible else {"OFF": [layer]}))
            document.Root.OCProperties = Dictionary(OCGs=[layer], D=default)
            over = _image(
                document,
                jpeg("L"),
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=8,
                Filter=Name.DCTDecode,
                Decode=Array([1, 0]),
            )
            page = jpeg_page()(document)
            page.Resources.XObject.Over = over
            page.Resources.Properties = Dictionary(L=layer)
            small = f"q {width / 2} 0 0 {height / 2} 0 0 cm /Over Do Q"
            if inside == "image":
                over.OC = layer
            drawn = f"/OC /L BDC {small} EMC" if inside == "content" else small
            page.Contents = document.make_stream(f"{_FILL} {drawn}".encode())
            return page

        return build

    for inside in ("content", "image"):
        for visible in (True, False):
            yield _pdf(f"layer-in-{inside}-{'on' if visible else 'off'}", layered(visible, inside=inside))

    def annotated(flags: int) -> Callable[[pikepdf.Pdf], Dictionary]:
        def build(document: pikepdf.Pdf) -> Dictionary:
            page = jpeg_page()(document)
            look = document.make_stream(
                b"0 g 0 0 100 100 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 100, 100]
            )
            page.Annots = Array(
                [
                    document.make_indirect(
                        Dictionary(
                            Type=Name.Annot,
                            Subtype=Name.Stamp,
                            Rect=[50, 50, 150, 150],
                            F=flags,
                            AP=Dictionary(N=look),
                        )
                    )
                ]
            )
            return page

        return build

    yield _pdf("annotation", annotated(4))
    yield _pdf("annotation-hidden", annotated(2))

    def text(mode: int) -> Callable[[pikepdf.Pdf], Dictionary]:
        font = {"Font": Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))}
        return jpeg_page(f"{_FILL} BT /F 60 Tf {mode} Tr 20 40 Td (HIDDEN) Tj ET", resources=font)

    yield _pdf("text-invisible", text(3))
    yield _pdf("text-visible", text(0))

    def in_form(document: pikepdf.Pdf) -> Dictionary:
        page = jpeg_page()(document)
        form = document.make_stream(
            _FILL.encode(),
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=[0, 0, width, height],
            Resources=page.Resources,
        )
        return Dictionary(
            Contents=document.make_stream(b"/Fm Do"), Resources=Dictionary(XObject=Dictionary(Fm=form))
        )

    yield _pdf("in-a-form", in_form)

    def strips(document: pikepdf.Pdf) -> Dictionary:
        page = Dictionary(Resources=Dictionary(XObject=Dictionary()))
        content, rows = "", 59
        for number, top in enumerate(range(0, HEIGHT, rows)):
            part = GREY[top : top + rows]
            page.Resources.XObject[f"/S{number}"] = _image(
                document,
                zlib.compress(part.tobytes()),
                Height=len(part),
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=8,
                Filter=Name.FlateDecode,
            )
            scale = 72 / PDF_DPI
            low = (HEIGHT - top - len(part)) * scale
            content += f"q {width} 0 0 {len(part) * scale} 0 {low} cm /S{number} Do Q "
        page.Contents = document.make_stream(content.encode())
        return page

    yield _pdf("strips", strips)

    def contents_in_parts(document: pikepdf.Pdf) -> Dictionary:
        page = jpeg_page()(document)
        middle = _FILL.index("/Im")
        page.Contents = Array(
            [document.make_stream(part.encode()) for part in (_FILL[:middle], _FILL[middle:])]
        )
        return page

    yield _pdf("contents-in-parts", contents_in_parts)


def all_kinds() -> list[Kind]:
    """Return every kind of the table."""
    found = [*tiffs(), *pngs_and_others(), *pdf_pictures(), *pdf_pages()]
    assert len({kind.name for kind in found}) == len(found)
    return found


# --- what others show -------------------------------------------------------------------------------


def shown_by_others(folder: Path, kinds: list[Kind]) -> dict[str, Pixels]:
    """Return, by kind, what a program of another maker shows; kinds that it cannot show are absent."""
    shown: dict[str, Pixels] = {}
    documents = [kind for kind in kinds if kind.viewer == "gs"]
    if documents:  # all in one go: starting it costs more than a page
        how = ["-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-dUseCropBox", "-sDEVICE=png16m", f"-r{PDF_DPI}"]
        files = [str(folder / kind.name) for kind in documents]
        _tool("gs", *how, f"-sOutputFile={folder}/gs-%04d.shown", *files)
        for number, kind in enumerate(documents, start=1):
            (folder / f"gs-{number:04}.shown").rename(folder / f"{kind.name}.shown")
        assert not list(folder.glob("gs-*.shown")), "a document had more pages than one"
    for kind in kinds:
        target = folder / f"{kind.name}.shown"
        file = str(folder / kind.name)
        match kind.viewer:
            case "magick":
                how = ["-auto-orient", "-background", "white", "-alpha", "remove", "-colorspace", "sRGB"]
                command = ["convert", f"{file}[0]", *how, "-depth", "8", f"PNG24:{target}"]
                subprocess.run(command, capture_output=True, check=False)
            case "libtiff":
                _tool("tiff2rgba", file, str(target))
            case "source":
                shown[kind.name] = source_of(kind.name)
        if target.exists():
            with Image.open(target) as image:
                shown[kind.name] = _framed(np.array(image.convert("RGB")), kind.frame)
    return shown


def source_of(name: str) -> Pixels:
    """Return what a lossless writer was given, on white paper."""
    for mode in ("RGBA", "LA"):
        if f"-{mode}" in name:
            paper = Image.new("RGBA", (WIDTH, HEIGHT), "white")
            return np.array(Image.alpha_composite(paper, image_of(mode).convert("RGBA")).convert("RGB"))
    is_colour = "RGB" in name or name in ("jp2-lossy", "avif")
    return COLOUR if is_colour else GREY


def _framed(pixels: Pixels, frame: tuple[float, float, float, float]) -> Pixels:
    height, width = pixels.shape[:2]
    left, top, right, bottom = frame
    return pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def off(ours: Pixels, theirs: Pixels) -> float:
    """Return by how many grey levels two pictures of one thing differ, as a mean; of other shapes, far."""
    other = theirs if theirs.ndim == 2 else np.asarray(cv2.cvtColor(theirs, cv2.COLOR_RGB2GRAY), np.uint8)
    ratio = ours.shape[0] * other.shape[1] / (ours.shape[1] * other.shape[0])
    if abs(ratio - 1) > SAME_SHAPE:
        return 255.0
    size = min(ours.shape[1], other.shape[1]), min(ours.shape[0], other.shape[0])
    one, two = (cv2.blur(cv2.resize(p, size, interpolation=cv2.INTER_AREA), (3, 3)) for p in (ours, other))
    return float(np.abs(one.astype(int) - two).mean())
