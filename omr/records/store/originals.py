"""Originals: each scanned file once, under its SHA-256, untouched."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import StoreError
from omr.files import hashed_copy, put_in_place, remove, sha256_of, sync_folder

_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Original:
    """A scanned file as it came in, kept untouched."""

    sha256: str
    path: Path
    bytes: int


def keep_original(file: Path, scans: Path) -> Original:
    """Copy a file to ``scans/ab/abcd….pdf`` unless it is there whole, and return where it is.

    When this returns, the copy is on the disk: a row may say so. A kept copy that was damaged
    since, also one of the right size, is replaced by the file that proves to be the same.

    Raises
    ------
    StoreError
        If the file cannot be read or kept.
    """
    try:
        scans.mkdir(parents=True, exist_ok=True)
        incoming = scans / f".incoming-{os.getpid()}"
        with file.open("rb") as source, incoming.open("wb") as copy:
            digest, size = hashed_copy(source, copy)
        suffix = file.suffix.lower()
        name = digest + (suffix if _SUFFIX.fullmatch(suffix) else "")
        kept = scans / digest[:2] / name
        if kept.is_file() and kept.stat().st_size == size and sha256_of(kept) == digest:
            remove(incoming)
        else:
            kept.parent.mkdir(exist_ok=True)
            put_in_place(incoming, kept, mode=0o400)
            sync_folder(scans)
    except OSError as error:
        raise StoreError("records.cannot_keep", file=file, detail=error.strerror or error) from error
    return Original(digest, kept, size)
