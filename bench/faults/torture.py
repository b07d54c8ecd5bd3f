"""Mutated files and bombs of every format: no crash, no hang, one reason each, and the rest is read.

    python bench faults torture --files 100000 --workers 2

Each file is a small good one with bytes changed, cut out, doubled or put in, or its end missing; it is
opened and decoded in processes under the limits that reading has. A file passes when every page of it ends as
pixels or with one reason from the catalogues. What ends a process passes, too, as long as it
is said so (`too_long`, `crashed`); how many did is counted, and their bytes are kept in out/torture/.
"""

from __future__ import annotations

import io
import json
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import numpy as np
import pikepdf
from harness import OUT, measurement, path_option, seed_option, workers_option
from pikepdf import Dictionary, Name
from PIL import Image

from omr.errors import ScanError
from omr.reading.apart import Apart, picture_of
from omr.reading.limits import Limits
from omr.reading.scan.pages import EncodedPage

LIMITS = Limits(seconds=10.0, megabytes=1024)
AT_ONCE = 50  # files a task


def picture(side: int = 340) -> Image.Image:
    """Return a small page with strokes of every darkness."""
    pixels = np.full((side, side), 245, np.uint8)
    for number in range(6):
        cv2.putText(pixels, "Rg7", (20 + 9 * number, 60 + 45 * number), 0, 1.5, 40 * number, 2)
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


FILL = b"q 340 0 0 340 0 0 cm /Im Do Q "


def pdf_of(stream: bytes, pages: int = 1, content: bytes = FILL, **entries: object) -> bytes:
    """Return a PDF of pages that draw one picture."""
    out = io.BytesIO()
    with pikepdf.Pdf.new() as document:
        given = {"Width": 340, "Height": 340, "ColorSpace": Name.DeviceGray, "BitsPerComponent": 8, **entries}
        image = document.make_indirect(pikepdf.Stream(document, stream, Subtype=Name.Image, **given))
        for _ in range(pages):
            page = Dictionary(Type=Name.Page, MediaBox=[0, 0, 340, 340])
            page.Contents = document.make_stream(content)
            page.Resources = Dictionary(XObject=Dictionary(Im=image))
            document.pages.append(pikepdf.Page(document.make_indirect(page)))
        document.save(out)
    return out.getvalue()


def hung(files: dict[str, bytes]) -> bytes:
    """Return a PDF of one page on which files hang."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of(saved(picture(), "JPEG"), Filter=Name.DCTDecode))) as document:
        for name, data in files.items():
            document.attachments[name] = pikepdf.AttachedFileSpec(document, data, filename=name)
        document.save(out)
    return out.getvalue()


def seeds() -> dict[str, bytes]:
    """Return a good file of every format and of the ways in which its data are stored."""
    grey, bits, colour = picture(), picture().convert("1"), picture().convert("RGB")
    small, fine = grey.resize((170, 170)), grey.resize((310, 310))  # previews; the finer is compared
    for one in (small, fine):
        one.encoderinfo = {"tiffinfo": {254: 1}}
    found = {
        "jpeg": saved(grey, "JPEG"),
        "jpeg-colour": saved(colour, "JPEG", exif=Image.Exif()),
        "jpeg-progressive": saved(colour, "JPEG", progressive=True),
        "png": saved(grey, "PNG"),
        "png-palette": saved(colour.quantize(16), "PNG"),
        "tiff-g4": saved(bits, "TIFF", compression="group4"),
        "tiff-g3": saved(bits, "TIFF", compression="group3"),
        "tiff-lzw": saved(grey, "TIFF", compression="tiff_lzw"),
        "tiff-jpeg": saved(grey, "TIFF", compression="jpeg"),
        "tiff-deflate": saved(colour, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-pages": saved(grey, "TIFF", save_all=True, append_images=[small, grey]),
        "tiff-preview": saved(grey, "TIFF", save_all=True, append_images=[fine]),
        "tiff-big": saved(grey, "TIFF", big_tiff=True),
        "bmp": saved(grey, "BMP"),
        "gif": saved(grey, "GIF"),
        "webp": saved(colour, "WEBP", quality=60),
        "webp-lossless": saved(grey, "WEBP", lossless=True),
        "jpeg2000": saved(grey, "JPEG2000"),
        "avif": saved(colour, "AVIF", quality=50),
        "pdf-jpeg": pdf_of(saved(grey, "JPEG"), Filter=Name.DCTDecode),
        "pdf-flate": pdf_of(zlib.compress(np.asarray(grey).tobytes()), Filter=Name.FlateDecode),
        "pdf-pages": pdf_of(saved(grey, "JPEG"), 3, FILL + b"9 9 m 99 99 l S", Filter=Name.DCTDecode),
        "pdf-jpx": pdf_of(saved(grey, "JPEG2000"), Filter=Name.JPXDecode),
    }
    found["pdf-joined"] = found["pdf-flate"] + found["pdf-jpeg"]
    found["pdf-attached"] = hung(
        {"a.pdf": found["pdf-flate"], "b.tif": found["tiff-pages"], "c.jpg": found["jpeg"]}
    )
    strips = saved(bits, "TIFF", compression="group4")
    with Image.open(io.BytesIO(strips)) as tiff:
        start, length = tiff.tag_v2[273][0], sum(tiff.tag_v2[279])
    found["pdf-g4"] = pdf_of(
        strips[start : start + length],
        **{"Filter": Name.CCITTFaxDecode, "BitsPerComponent": 1},
        DecodeParms=Dictionary(K=-1, Columns=340, Rows=340),
    )
    return found


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a file as transmission, disks and ill will leave it."""
    content = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(len(content)))
        length = int(min(rng.geometric(0.05), len(content) - at))
        match rng.integers(7):
            case 0 | 1:
                content[at] = int(rng.integers(256))
            case 2:
                content[at : at + 4] = struct.pack("<I", int(rng.choice([0, 1, 2**31 - 1, 2**32 - 1, 65535])))
            case 3:
                del content[at : at + length]
            case 4:
                content[at:at] = content[at : at + length]
            case 5:
                content[at : at + length] = rng.bytes(length)
            case 6 if len(content) > 40:
                del content[int(rng.integers(len(content) // 3, len(content))) :]
        if not content:
            return b"\xff"
    return bytes(content)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield small files that want much: pixels, passes, depth, pages, circles."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    def png(width: int, height: int, rows: bytes) -> bytes:
        head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

    yield "png of a thousand million pixels", png(32_000, 32_000, zlib.compress(b"\0" * 1000))
    yield "png that unpacks to 64 MB", png(8000, 8000, zlib.compress(bytes(8001 * 8000), 9))
    big = saved(Image.new("RGB", (8000, 9900), "white"), "JPEG", quality=1, progressive=True)
    yield "progressive jpeg of 79 million pixels", big
    scan = big.rfind(b"\xff\xda")
    yield "progressive jpeg of a thousand passes", big[:-2] + big[scan:-2] * 1000 + b"\xff\xd9"
    yield "flate of a gigabyte", pdf_of(zlib.compress(bytes(2**30), 9), Filter=Name.FlateDecode)
    twice = zlib.compress(zlib.compress(bytes(2**29), 9), 9)
    yield "flate in flate", pdf_of(twice, Filter=[Name.FlateDecode, Name.FlateDecode])
    wide = {"Width": 60_000, "Height": 60_000, "Filter": Name.FlateDecode}
    yield "pdf picture of 3,600 million pixels", pdf_of(zlib.compress(bytes(1000)), **wide)
    jpeg, dct = saved(picture(), "JPEG"), {"Filter": Name.DCTDecode}
    yield "picture drawn 200,000 times", pdf_of(jpeg, content=FILL * 200_000, **dct)
    yield "q a million times", pdf_of(jpeg, content=b"q " * 1_000_000, **dct)
    yield "forms that draw forms", _forms(24)
    yield "tree of pages 100,000 deep", _deep(100_000)
    counted = pdf_of(jpeg, **dct).replace(b"/Count 1", b"/Count 2000000000")
    yield "pdf that counts 2,000,000,000 pages", counted
    yield "tiff of 30,000 pages", _chain(saved(picture().convert("1"), "TIFF"), 30_000)
    gif = saved(picture(), "GIF", save_all=True, append_images=[picture(300 + n) for n in range(1, 3)])
    frame = gif[gif.find(b"\x2c") : -1]
    yield "gif of 20,000 frames", gif[:-1] + frame * (20_000_000 // len(frame)) + b";"
    inside = jpeg
    for _ in range(12):
        inside = hung({f"{number}.pdf": inside + b"%%%d" % number for number in range(3)})
        if len(inside) > 5_000_000:
            break
    yield "files that hang on files", inside
    yield "attachment of a gigabyte", hung({"a.pdf": b"%PDF-1.4\n" + bytes(2**30)})
    yield "300 documents joined", pdf_of(jpeg, **dct) * 300
    yield "archive", b"PK\x03\x04" + bytes(100)
    yield "nothing", b""


def _forms(depth: int) -> bytes:
    """Return a page that draws a form twice, which draws a form twice, and so on."""
    out = io.BytesIO()
    with pikepdf.Pdf.new() as document:
        is_form = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": [0, 0, 340, 340]}
        below = document.make_stream(b"0 0 9 9 re f", **is_form)
        for _ in range(depth):
            form = document.make_stream(b"/F Do /F Do", **is_form)
            form.Resources = Dictionary(XObject=Dictionary(F=below))
            below = form
        page = Dictionary(Type=Name.Page, MediaBox=[0, 0, 340, 340], Contents=document.make_stream(b"/F Do"))
        page.Resources = Dictionary(XObject=Dictionary(F=below))
        document.pages.append(pikepdf.Page(document.make_indirect(page)))
        document.save(out)
    return out.getvalue()


def _deep(depth: int) -> bytes:
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    objects += [b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (n + 3) for n in range(depth)]
    objects += [b"<< /Type /Page /MediaBox [0 0 340 340] >>"]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, one) for n, one in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + body + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def _chain(one: bytes, pages: int) -> bytes:
    """Return a TIFF of one page with its directory copied behind itself again and again."""
    at = struct.unpack("<I", one[4:8])[0]
    count = struct.unpack("<H", one[at : at + 2])[0]
    directory = one[at : at + 2 + 12 * count]
    out = bytearray(one)
    for _ in range(pages):
        link = len(out)
        previous = at + len(directory)
        out[previous : previous + 4] = struct.pack("<I", link)
        out += directory + bytes(4)
        at = link
    return bytes(out)


def ends_of(apart: Apart, decoder: Apart, path: Path) -> list[str]:
    """Return how the pages of a file ended: ``pixels``, or the reason of each other one."""
    ends = []
    for page in apart.pages(path):
        ends.append(end_of(decoder, page))
    return ends


def end_of(decoder: Apart, page: EncodedPage) -> str:
    """Return how one page ended."""
    try:
        pixels = decoder.call(picture_of, page, in_colour=False)
    except ScanError as error:
        assert str(error)
        return error.reason
    assert pixels.ndim == 2 and pixels.dtype == np.uint8
    return "pixels"


def tortured(seed: int, files: int, kept: str) -> Counter[str]:
    """Open so many mutated files; what ended a process is kept."""
    rng = np.random.default_rng(seed)
    good = seeds()
    names = sorted(good)
    counts: Counter[str] = Counter()
    with Apart(LIMITS) as apart, Apart(LIMITS) as decoder, TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        for _ in range(files):
            name = names[int(rng.integers(len(names)))]
            data = mutated(good[name], rng)
            path.write_bytes(data)
            ends = ends_of(apart, decoder, path)
            assert ends, name
            counts.update(ends)
            counts["files"] += 1
            if set(ends) & {"crashed", "too_long", "too_much_memory"}:
                Path(kept).mkdir(parents=True, exist_ok=True)
                (Path(kept) / f"{name}-{zlib.crc32(data):08x}").write_bytes(data)
    return counts


def bombed() -> dict[str, tuple[list[str], float]]:
    """Return how each bomb ended, with the seconds that it took."""
    found = {}
    with Apart(LIMITS) as apart, Apart(LIMITS) as decoder, TemporaryDirectory() as folder:
        for name, data in bombs():
            path = Path(folder) / "bomb"
            path.write_bytes(data)
            started = time.monotonic()
            ends = Counter(ends_of(apart, decoder, path))
            said = [f"{end} x {n}" if n > 1 else end for end, n in ends.items()]
            found[name] = said, time.monotonic() - started
    return found


@measurement(__doc__)
@click.option("--files", default=100_000, show_default=True)
@workers_option
@seed_option
@path_option("--out", default=OUT / "torture", help="where the bytes of what ended a process are kept")
def main(files: int, workers: int, seed: int, out: Path) -> None:
    """Run it."""
    for name, (ends, seconds) in bombed().items():
        print(f"{name:45} {seconds:6.1f} s  {', '.join(ends)}", flush=True)
    tasks = -(-files // AT_ONCE)
    total: Counter[str] = Counter()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(tortured, seed * 10**7 + n, AT_ONCE, str(out)) for n in range(tasks)]
        for number, job in enumerate(jobs, start=1):
            total += job.result()
            if number % 100 == 0 or number == tasks:
                print(json.dumps(dict(sorted(total.items()))), flush=True)
