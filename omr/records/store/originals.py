"""Originals: each scanned file once, under its SHA-256, untouched."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import outside
from omr.files import hashed_copy, make_folder, put_in_place, remove, sha256_of, sync_folder

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
    since, also one of the right size, is replaced by the file that proves to be the same. A file of
    the inbox is ours: it gets a second name instead of a copy.

    Raises
    ------
    OutsideError
        If the file cannot be read or kept.
    """
    try:
        with file.open("rb"):  # what is wrong with the file is not what is wrong with our disk
            pass
        digest = sha256_of(file)
    except OSError as error:
        raise outside(error, file) from error
    incoming = scans / f".incoming-{secrets.token_hex(4)}.{os.getpid()}.part"
    try:
        kept = _place(scans, file, digest)
        if not (kept.is_file() and kept.stat().st_size == file.stat().st_size and sha256_of(kept) == digest):
            make_folder(scans)
            if not (file.is_relative_to(scans.with_name("inbox")) and _linked(file, incoming)):
                with file.open("rb") as source, incoming.open("wb") as copy:
                    digest, _ = hashed_copy(source, copy)  # of what was copied, come what may meanwhile
            kept = _place(scans, file, digest)
            make_folder(kept.parent)
            put_in_place(incoming, kept, mode=0o400)
            sync_folder(scans)
    except OSError as error:
        raise outside(error, scans) from error
    finally:
        with suppress(OSError):
            remove(incoming)
    return Original(digest, kept, kept.stat().st_size)


def _place(scans: Path, file: Path, digest: str) -> Path:
    suffix = file.suffix.lower()
    return scans / digest[:2] / (digest + (suffix if _SUFFIX.fullmatch(suffix) else ""))


def _linked(file: Path, target: Path) -> bool:
    """Give a file a second name; Windows removes none of what may only be read, and some disks know none."""
    if os.name == "nt":
        return False
    with suppress(OSError):
        os.link(file, target)
        return True
    return False
