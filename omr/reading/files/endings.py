"""Does a file hold all that it announces? Told by its structure, without decoding a picture.

A scanner that writes over the network tells nobody when it is done; a file whose end is missing is
still being written, or was broken off. Whole is not the same as sound: what is damaged
inside is for the decoders to say.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

_TAIL: Final = 1024  # Acrobat looks this far for the end of a PDF
_PADDING: Final = b"\0 \t\r\n"  # some writers fill the last block of the disk
_MOST_DIRECTORIES: Final = 20_000  # pages of a TIFF; what has more is refused by who reads it
_LINEARIZED: Final = re.compile(rb"/Linearized\b.{0,400}?/L\s+(\d+)", re.DOTALL)

_STRIPS: Final = (273, 279)  # offsets, byte counts
_TILES: Final = (324, 325)
_NUMBERS: Final = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # TIFF's types of offsets and counts


class _ShortError(Exception):
    """The file ends before what is looked for."""


class _Bytes:
    """A file by position. Not mapped into memory: a share that goes would end the process."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def at(self, start: int, length: int) -> bytes:
        """Return exactly so many bytes."""
        if start < 0 or start + length > self.size:
            raise _ShortError
        self._file.seek(start)
        found = self._file.read(length)
        if len(found) != length:
            raise _ShortError
        return found

    def numbers(self, start: int, form: str) -> tuple[int, ...]:
        """Return numbers as `struct` unpacks them."""
        return struct.unpack(form, self.at(start, struct.calcsize(form)))

    @property
    def tail(self) -> bytes:
        """The last bytes, without what only fills up a block."""
        length = min(self.size, 8 * _TAIL)
        return self.at(self.size - length, length).rstrip(_PADDING)[-_TAIL:]


def is_whole(file: Path, kind: str | None) -> bool:
    """Return whether a file's structure reaches its end.

    Parameters
    ----------
    kind : str or None
        As `omr.files.scan_kind` says it; of other kinds nothing is known, and they pass.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    check = _CHECKS.get(kind or "")
    with file.open("rb") as opened:
        data = _Bytes(opened)
        try:
            return data.size > 0 and (check is None or check(data))
        except _ShortError:
            return False


def _pdf(data: _Bytes) -> bool:
    announced = _LINEARIZED.search(data.at(0, min(data.size, _TAIL)))
    if announced and int(announced[1]) > data.size:  # such a file has an early end as well
        return False
    return b"%%EOF" in data.tail


def _jpeg(file: _Bytes) -> bool:
    """Walk the segments: a thumbnail inside one has an end of its own, which is not the picture's."""
    data = file.at(0, file.size)
    at = 2
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 1:
        sign = data[at + 1]
        if sign == 0xD9:
            return True
        if sign == 0xFF:  # fill
            at += 1
        elif sign in (0x00, 0x01) or 0xD0 <= sign <= 0xD8:  # inside the picture's data
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def _png(data: _Bytes) -> bool:
    at, name = 8, b""
    while name != b"IEND":
        length = int.from_bytes(data.at(at, 4), "big")
        name = data.at(at + 4, 4)
        at += 12 + length
    return at <= data.size


def _tiff(data: _Bytes) -> bool:
    """Follow the chain of directories; what each points at must be there."""
    order = "<" if data.at(0, 1) == b"I" else ">"
    big = data.numbers(2, order + "H") == (43,)
    word, count_of, entry = ("Q", "Q", 20) if big else ("I", "H", 12)

    def number(at: int, form: str) -> int:
        return data.numbers(at, order + form)[0]

    def values(at: int) -> tuple[int, ...]:
        """Return the numbers of one entry of a directory."""
        form, count, room = _NUMBERS.get(number(at + 2, "H"), ""), number(at + 4, word), struct.calcsize(word)
        length = count * struct.calcsize(form)
        if length > data.size:
            raise _ShortError
        start = at + 4 + room if length <= room else number(at + 4 + room, word)
        return data.numbers(start, f"{order}{count}{form}") if form else ()

    directory, seen = number(8 if big else 4, word), set[int]()
    while directory and directory not in seen and len(seen) < _MOST_DIRECTORIES:
        seen.add(directory)
        count = number(directory, count_of)
        first = directory + struct.calcsize(count_of)
        entries = data.at(first, entry * count)
        tags = {
            struct.unpack_from(order + "H", entries, entry * one)[0]: first + entry * one
            for one in range(count)
        }
        for offsets, lengths in (_STRIPS, _TILES):
            if offsets in tags and lengths in tags:
                parts = zip(values(tags[offsets]), values(tags[lengths]), strict=False)
                if any(start + length > data.size for start, length in parts):
                    return False
        directory = number(first + entry * count, word)
    return bool(seen)


def _webp(data: _Bytes) -> bool:
    return int.from_bytes(data.at(4, 4), "little") + 8 <= data.size


def _bmp(data: _Bytes) -> bool:
    return int.from_bytes(data.at(2, 4), "little") <= data.size


def _gif(data: _Bytes) -> bool:
    return data.tail.endswith(b";")


def _boxes(data: _Bytes) -> bool:
    """Walk the outer boxes of HEIF and JPEG 2000."""
    at = 0
    while at < data.size:
        length = int.from_bytes(data.at(at, 4), "big")
        if length == 1:
            length = int.from_bytes(data.at(at + 8, 8), "big")
        if length == 0:  # to the end of the file, wherever that is
            return True
        at += max(length, 8)
    return at == data.size


def _jpeg2000(data: _Bytes) -> bool:
    if data.at(0, 2) == b"\xff\x4f":  # the code stream alone
        return data.tail.endswith(b"\xff\xd9")
    return _boxes(data)


_CHECKS: Final[Mapping[str, Callable[[_Bytes], bool]]] = MappingProxyType(
    {
        "pdf": _pdf,
        "jpeg": _jpeg,
        "png": _png,
        "tiff": _tiff,
        "webp": _webp,
        "bmp": _bmp,
        "gif": _gif,
        "heif": _boxes,
        "jpeg2000": _jpeg2000,
    }
)
