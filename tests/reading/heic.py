"""HEIC files as phones and programs write them, put together box by box around HEVC pictures.

libheif's encoder makes single pictures only; everything around them (turns, mirrors, crops, grids,
masks, tracks of a burst) is written here as ISO/IEC 14496-12 and 23008-12 say.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def box(kind: str, *parts: bytes) -> bytes:
    """Return a box."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind.encode()) + content


def full(kind: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


@dataclass(frozen=True)
class Coded:
    """One picture as HEVC: its data and the configuration of its decoder."""

    data: bytes
    config: bytes  # the box hvcC
    width: int
    height: int

    @property
    def size(self) -> bytes:
        """The property of its width and height."""
        return ispe(self.width, self.height)


@dataclass
class Item:
    """One item of a file: what it is, its data, its properties, what it refers to."""

    kind: str
    data: bytes
    properties: list[tuple[bytes, bool]]  # the box, and whether a reader must understand it
    refers: list[tuple[str, list[int]]] = field(default_factory=list)
    hidden: bool = False


def ispe(width: int, height: int) -> bytes:
    """Return the property of a picture's size."""
    return full("ispe", struct.pack(">II", width, height))


def coded(pixels: Pixels, folder: Path) -> Coded:
    """Encode a picture with libheif's encoder and take the HEVC out of its file."""
    source, target = folder / "coded.png", folder / "coded.heic"
    Image.fromarray(pixels).save(source)
    # without threads: x265's pool waited for itself for ever on a busy machine
    how = ["-q", "92", "-p", "preset=ultrafast", "-p", "x265:pools=none", "-p", "x265:frame-threads=1"]
    subprocess.run(["heif-enc", *how, "-o", target, source], check=True, capture_output=True, timeout=120)
    data = target.read_bytes()
    at = data.index(b"hvcC") - 4
    (length,) = struct.unpack_from(">I", data, at)
    begin = data.index(b"mdat") + 4
    source.unlink()
    target.unlink()
    height, width = pixels.shape[:2]
    return Coded(data[begin:], data[at : at + length], width, height)


def picture(one: Coded, *more: bytes, **other: object) -> Item:
    """Return the item of a coded picture, with further properties that must be understood."""
    properties = [(one.config, True), (one.size, False), *((extra, True) for extra in more)]
    return Item("hvc1", one.data, properties, **other)  # type: ignore[arg-type]  # Item's own fields


def file_of(items: Sequence[Item], primary: int = 1, brand: bytes = b"heic") -> bytes:
    """Return a HEIF file of these items, which are numbered from 1."""
    ftyp = box("ftyp", brand, bytes(4), b"mif1", brand)
    shapes: list[bytes] = []
    associations = []
    for number, item in enumerate(items, 1):
        entries = b""
        for shape, must in item.properties:
            if shape not in shapes:
                shapes.append(shape)
            entries += bytes([shapes.index(shape) + 1 | (0x80 if must else 0)])
        associations.append(struct.pack(">HB", number, len(item.properties)) + entries)
    infos = [
        full("infe", struct.pack(">HH4s", number, 0, item.kind.encode()), b"\0", version=2, flags=item.hidden)
        for number, item in enumerate(items, 1)
    ]
    refers = [
        box(kind, struct.pack(f">HH{len(to)}H", number, len(to), *to))
        for number, item in enumerate(items, 1)
        for kind, to in item.refers
    ]

    def meta(begin: int) -> bytes:
        places, at = b"", begin
        for number, item in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, at, len(item.data))
            at += len(item.data)
        return full(
            "meta",
            full("hdlr", bytes(4), b"pict", bytes(13)),
            full("pitm", struct.pack(">H", primary)),
            full("iloc", struct.pack(">BBH", 0x44, 0, len(items)), places),
            full("iinf", struct.pack(">H", len(items)), *infos),
            full("iref", *refers) if refers else b"",
            box(
                "iprp",
                box("ipco", *shapes),
                full("ipma", struct.pack(">I", len(items)), *associations),
            ),
        )

    head = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(head) + box("mdat", *(item.data for item in items))


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """Return what the item of a grid says of itself."""
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def sequence(frames: Sequence[Coded]) -> bytes:
    """Return a burst: a track of pictures, without a still one."""
    one = frames[0]
    matrix = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    entry = box(
        "hvc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", one.width, one.height),
        struct.pack(">IIIH", 0x480000, 0x480000, 0, 1) + bytes(32) + struct.pack(">Hh", 24, -1),
        one.config,
    )

    def moov(begin: int) -> bytes:
        count = len(frames)
        table = box(
            "stbl",
            full("stsd", struct.pack(">I", 1), entry),
            full("stts", struct.pack(">III", 1, count, 100)),
            full("stsc", struct.pack(">IIII", 1, 1, count, 1)),
            full("stsz", struct.pack(f">II{count}I", 0, count, *(len(frame.data) for frame in frames))),
            full("stco", struct.pack(">II", 1, begin)),
            full("stss", struct.pack(f">I{count}I", count, *range(1, count + 1))),
        )
        media = box(
            "mdia",
            full("mdhd", struct.pack(">IIIIHH", 0, 0, 1000, 100 * count, 0x55C4, 0)),
            full("hdlr", bytes(4), b"pict", bytes(13)),
            box(
                "minf",
                full("vmhd", bytes(8), flags=1),
                box("dinf", full("dref", struct.pack(">I", 1), full("url ", flags=1))),
                table,
            ),
        )
        track = full(
            "tkhd",
            struct.pack(">IIIII", 0, 0, 1, 0, 100 * count) + bytes(16) + matrix,
            struct.pack(">II", one.width << 16, one.height << 16),
            flags=7,
        )
        head = full(
            "mvhd",
            struct.pack(">IIIIIH", 0, 0, 1000, 100 * count, 0x10000, 0x100),
            bytes(10) + matrix + bytes(24) + struct.pack(">I", 2),
        )
        return box("moov", head, box("trak", track, media))

    ftyp = box("ftyp", b"hevc", bytes(4), b"msf1", b"hevc")
    begin = len(ftyp) + len(moov(0)) + 8
    return ftyp + moov(begin) + box("mdat", *(frame.data for frame in frames))
