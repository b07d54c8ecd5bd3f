"""Where the bytes of a file come from: the disk, or another file in which it lies."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Source = Path | bytes


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that hangs on another, whatever it is."""

    name: str  # for people
    data: bytes


def binary(source: Source) -> BinaryIO:
    """Open it."""
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
