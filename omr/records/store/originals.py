"""Files that outlive a power cut: originals under their SHA-256, and files that appear whole or not."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import StoreError

_BLOCK: Final = 1 << 20
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Original:
    """A scanned file as it came in, kept untouched."""

    sha256: str
    path: Path
    bytes: int


def keep_original(file: Path, scans: Path) -> Original:
    """Copy a file to ``scans/ab/abcd….pdf`` unless it is there, and return where it is.

    When this returns, the copy is on the disk: a row may say so.

    Raises
    ------
    StoreError
        If the file cannot be read or kept.
    """
    try:
        scans.mkdir(parents=True, exist_ok=True)
        incoming = scans / f".incoming-{os.getpid()}"
        digest, size = _copy(file, incoming)
        suffix = file.suffix.lower()
        name = digest + (suffix if _SUFFIX.fullmatch(suffix) else "")
        kept = scans / digest[:2] / name
        if kept.is_file() and kept.stat().st_size == size:
            incoming.unlink()
        else:
            kept.parent.mkdir(exist_ok=True)
            incoming.chmod(0o444)
            incoming.replace(kept)
            sync_folder(kept.parent)
            sync_folder(scans)
    except OSError as error:
        raise StoreError("records.cannot_keep", file=file, detail=error.strerror or error) from error
    return Original(digest, kept, size)


def _copy(file: Path, target: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as source, target.open("wb") as copy:
        while block := source.read(_BLOCK):
            digest.update(block)
            copy.write(block)
            size += len(block)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest(), size


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def put_in_place(part: Path, target: Path) -> None:
    """Rename a finished file to its name; on the disk, whole, when this returns."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "nt":  # NTFS journals names; folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
