"""The mark: what is known outside the database of how far its chain went.

A database cannot tell that it is an old copy of itself: its chain fits. So every act also adds a
line to ``omr.mark`` beside it, on the disk before the act is answered: number and hash of its
event, and the highest number that it issued. A database that lacks what its mark has seen is
older than itself, and is refused.

The mark lies in the workspace's own folder. Whoever puts back the whole folder, or writes to both,
is told by a head that left the machine: a backup, a receipt, a report (`chain.verify`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omr.errors import StoreError, why
from omr.files import append
from omr.workspace import MARK, SETTINGS

# A line has some 130 bytes. The newest stand at the end, in nearly the order of their events:
# only acts of programs that wrote at the same moment can have changed places.
_TAIL_BYTES: Final = 1 << 14
_ISSUED: Final = b'"issued"'

# Kind of form and year of a series of numbers -> the highest number that was issued.
Issued = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Line:
    """What one act left in the mark."""

    event: int  # 0: the database was made and had no event yet
    head: str  # hash of that event
    at: str  # UTC
    issued: tuple[tuple[int, int, int], ...] = ()  # digit, year, highest number


@dataclass(frozen=True, slots=True)
class Mark:
    """The file of one workspace's mark."""

    path: Path

    @classmethod
    def beside(cls, database: Path) -> Mark | None:
        """Return the mark of the workspace that a database lies in; None where there is no workspace."""
        return cls(database.with_name(MARK)) if database.with_name(SETTINGS).is_file() else None

    @property
    def exists(self) -> bool:
        """Whether the file is there; workspaces of earlier versions had none."""
        return self.path.is_file()

    def lines(self) -> list[Line]:
        """Return all lines in the order of their events; one that a power cut tore is nothing.

        Raises
        ------
        StoreError
            If the file cannot be read.
        """
        return sorted(self._read(0), key=lambda line: line.event)

    def last(self) -> Line | None:
        """Return the newest line; None of a mark that saw no database yet."""
        return max(self._read(-_TAIL_BYTES), key=lambda line: line.event, default=None)

    def issued(self) -> dict[tuple[int, int], int]:
        """Return the highest number that was ever issued, by digit of the form and year."""
        highest: dict[tuple[int, int], int] = {}
        for line in self._read(0, holding=_ISSUED):  # one in hundreds, after years of a million
            for digit, year, last in line.issued:
                highest[digit, year] = max(last, highest.get((digit, year), 0))
        return highest

    def add(self, event: int, head: str, at: str, issued: Iterable[Sequence[int]] = ()) -> None:
        """Add a line; it is on the disk when this returns.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        line: dict[str, Any] = {"event": event, "head": head, "at": at}
        if numbers := [list(one) for one in issued]:
            line["issued"] = numbers
        # The break stands in front: what a power cut tore off before must not join this line.
        data = b"\n" + json.dumps(line, separators=(",", ":")).encode()
        try:
            append(self.path, data, mode=0o600)
        except OSError as error:
            detail = why(error)
            raise StoreError("records.mark_unwritten", path=self.path, detail=detail) from error

    def _read(self, start: int, holding: bytes = b"") -> Iterator[Line]:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size + start) if start < 0 else start)
                data = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError("records.mark_unreadable", path=self.path, detail=why(error)) from error
        for text in data.split(b"\n"):
            if holding in text and (line := _line(text)) is not None:
                yield line


def _line(text: bytes) -> Line | None:
    try:
        found = json.loads(text)
        issued = tuple((int(digit), int(year), int(last)) for digit, year, last in found.get("issued", ()))
        return Line(int(found["event"]), str(found["head"]), str(found["at"]), issued)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
