"""The directories of a TIFF file, classic or BigTIFF, read without a decoder.

What a decoder finds is compared with what stands here: two who count the pages of a file.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

SUB_DIRECTORIES: Final = 330
MOST_ENTRIES: Final = 4096  # of one directory; baseline TIFF has about 40 kinds of them
MOST_VALUE_BYTES: Final = 16 * 2**20  # of one entry: the offsets of two million strips

# TIFF's types: bytes of one value and how `struct` reads it; fractions are two numbers.
_TYPES: Final = {
    1: (1, "B"),
    2: (1, "B"),
    3: (2, "H"),
    4: (4, "I"),
    5: (8, "II"),
    6: (1, "b"),
    7: (1, "B"),
    8: (2, "h"),
    9: (4, "i"),
    10: (8, "ii"),
    11: (4, "f"),
    12: (8, "d"),
    13: (4, "I"),
    16: (8, "Q"),
    17: (8, "q"),
    18: (8, "Q"),
}
LONG8: Final = (16, 18)
CIRCLE: Final = "circle"  # what is said of a chain that leads back into itself


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag's value: numbers as they stand, a fraction as two."""

    type: int
    values: tuple[int | float, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """One picture of a file: its tags, and the pictures that hang on it."""

    tags: Mapping[int, Entry]
    below: tuple[Directory, ...] = field(default=())

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return a tag's numbers, whole; none where it is absent."""
        entry = self.tags.get(tag)
        return tuple(int(one) for one in entry.values) if entry else ()

    def number(self, tag: int, default: int) -> int:
        """Return a tag's first number."""
        return next(iter(self.numbers(tag)), default)


class BrokenDirectoryError(ValueError):
    """A directory is not where the file says, or runs in a circle."""


class _File:
    """A file by position, with its byte order and the size of its offsets."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        head = self.at(0, 8)
        self.order = "<" if head[:2] == b"II" else ">"
        (version,) = self.unpack("H", head[2:4])
        self.is_big = version == 43
        self.pointer = "Q" if self.is_big else "I"
        (self.first,) = self.unpack(self.pointer, self.at(8, 8) if self.is_big else head[4:8])

    def at(self, offset: int, length: int) -> bytes:
        """Return exactly so many bytes."""
        if not 0 <= offset <= self._size - length:
            raise BrokenDirectoryError(f"{offset} is behind the end")
        self._file.seek(offset)
        return self._file.read(length)

    def unpack(self, form: str, data: bytes) -> tuple[int, ...]:
        """Return numbers in the file's byte order."""
        return struct.unpack(self.order + form, data)


def directories(file: IO[bytes]) -> Iterator[Directory]:
    """Yield the directories of the main chain, in order.

    Raises
    ------
    BrokenDirectoryError
        Where the chain breaks; what was yielded before is sound.
    """
    tiff = _File(file)
    offset = tiff.first
    seen: set[int] = set()
    while offset:
        found, offset = _directory(tiff, offset, seen)
        yield found
        if offset in seen:
            raise BrokenDirectoryError(CIRCLE)


def _directory(tiff: _File, offset: int, seen: set[int], *, is_below: bool = False) -> tuple[Directory, int]:
    seen.add(offset)
    counter, length = ("Q", 20) if tiff.is_big else ("H", 12)
    begin = offset + struct.calcsize(counter)
    (count,) = tiff.unpack(counter, tiff.at(offset, begin - offset))
    if not 0 < count <= MOST_ENTRIES:
        raise BrokenDirectoryError(f"{count} entries")
    body = tiff.at(begin, count * length)
    pointer = tiff.at(begin + count * length, struct.calcsize(tiff.pointer))
    tags: dict[int, Entry] = {}
    for at in range(0, len(body), length):
        tag, kind = tiff.unpack("HH", body[at : at + 4])
        if kind in _TYPES:  # of a type that nobody knows nothing can be said
            tags.setdefault(tag, _entry(tiff, kind, body[at + 4 : at + length]))
    below = () if is_below else tuple(_below(tiff, tags, seen))
    return Directory(tags, below), tiff.unpack(tiff.pointer, pointer)[0]


def _below(tiff: _File, tags: Mapping[int, Entry], seen: set[int]) -> Iterator[Directory]:
    """Yield the directories that hang on another."""
    for offset in tags[SUB_DIRECTORIES].values if SUB_DIRECTORIES in tags else ():
        if int(offset) not in seen:
            yield _directory(tiff, int(offset), seen, is_below=True)[0]


def _entry(tiff: _File, kind: int, rest: bytes) -> Entry:
    """Return an entry's values."""
    size, form = _TYPES[kind]
    width = struct.calcsize(tiff.pointer)
    (count,) = tiff.unpack(tiff.pointer, rest[:width])
    length = count * size
    if length > MOST_VALUE_BYTES:
        raise BrokenDirectoryError(f"{count} values")
    data = rest[width : width + length]
    if length > width:
        data = tiff.at(tiff.unpack(tiff.pointer, rest[width:])[0], length)
    return Entry(kind, tiff.unpack(form * count if len(form) > 1 else f"{count}{form}", data))


def written(tags: Mapping[int, Entry], order: str, chunks: Sequence[bytes], offsets_tag: int) -> bytes:
    """Return a classic TIFF of one picture: these tags, and after them its strips or tiles as they are.

    Always the same bytes for the same picture.
    """
    size = 8 + 2 + 12 * len(tags) + 4
    long_values: list[bytes] = []
    records: list[tuple[int, int, int, bytes]] = []
    for tag in sorted(tags):
        kind, values = tags[tag].type, tags[tag].values
        form = _TYPES[kind][1]
        count = len(values) // len(form)
        if tag == offsets_tag:
            records.append((tag, 4, len(values), b""))  # known when all else is placed
            continue
        data = struct.pack(order + form * count, *values)
        if len(data) > 4:
            records.append((tag, kind, count, struct.pack(order + "I", size)))
            data += b"\0" * (len(data) % 2)
            long_values.append(data)
            size += len(data)
        else:
            records.append((tag, kind, count, data.ljust(4, b"\0")))
    starts_at = size if len(chunks) > 1 else 0
    first = size + (4 * len(chunks) if len(chunks) > 1 else 0)
    starts = [first]
    for chunk in chunks[:-1]:
        starts.append(starts[-1] + len(chunk))
    packed = struct.pack(f"{order}{len(starts)}I", *starts)
    out = [(b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(records))]
    for tag, kind, count, data in records:
        if tag == offsets_tag:
            data = struct.pack(order + "I", starts_at) if starts_at else packed
        out.append(struct.pack(order + "HHI", tag, kind, count) + data)
    out += [b"\0" * 4, *long_values, packed if starts_at else b"", *chunks]
    return b"".join(out)
