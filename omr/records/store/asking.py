"""Open a database where nothing can be written: queries need no write access.

SQLite in WAL mode wants to write even for reading, a small shared file beside the database. On a full or
read-only disk, or without rights on the folder, that fails; then the database is opened for reading
alone, in the first of these ways that goes:

1. with the shared file of a program that has it open;
2. without one, where no log lies beside it: nobody writes, and everything stands in the file itself;
3. as a copy of file and log in the system's temporary folder.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sqlite_utils import Database

from omr.errors import outside
from omr.files import refusal
from omr.records.store.schema import bring_up, is_current


class Asked(sqlite3.Connection):
    """A connection for reading, and what must not change under it, or be removed after it."""

    still: Callable[[], bool] = staticmethod(lambda: True)
    copy: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Close, and remove the copy if there was one."""
        super().close()
        if self.copy is not None:
            self.copy.cleanup()


class Connect(Protocol):
    """What opens an address, as `connected` does."""

    def __call__(self, address: str, *, any_thread: bool) -> Asked:
        """Open it."""


def connect_to_ask(path: Path, *, any_thread: bool = False, connect: Connect | None = None) -> Asked:
    """Open a database for queries alone.

    Parameters
    ----------
    connect : Connect, optional
        What opens an address, where it is not SQLite by itself.

    Raises
    ------
    sqlite3.Error
        If it cannot even be read.
    """
    found = next(_ways(path, connect or connected, any_thread=any_thread), None)
    if found is None:
        raise sqlite3.OperationalError(f"unable to open {path}")
    return found


def brought_up(asked: Asked, *, any_thread: bool) -> Asked:
    """Return a database that an earlier version of this program left as this version has it, in memory."""
    if is_current(Database(asked)):
        return asked
    current = connected(":memory:", any_thread=any_thread)
    asked.backup(current)
    asked.close()
    bring_up(Database(current))
    return current


def _ways(path: Path, connect: Connect, *, any_thread: bool) -> Iterator[Asked]:
    log = path.with_name(path.name + "-wal")
    address = path.absolute().as_uri()
    with suppress(sqlite3.Error):
        yield connect(f"{address}?mode=ro", any_thread=any_thread)
    if not log.exists() or log.stat().st_size == 0:
        before = _state(path)
        with suppress(sqlite3.Error):
            asked = connect(f"{address}?mode=ro&immutable=1", any_thread=any_thread)
            asked.still = lambda: _state(path) == before
            yield asked
    with suppress(sqlite3.Error, OSError):
        copy = tempfile.TemporaryDirectory(prefix="omr-asked-", ignore_cleanup_errors=True)
        present = [file for file in (path, log) if file.exists()]
        states = [_state(file) for file in present]
        for file in present:
            shutil.copyfile(file, Path(copy.name) / file.name)
        if [_state(file) for file in present] != states:  # somebody writes: the copy may be half of it
            copy.cleanup()
            return
        asked = connect((Path(copy.name) / path.name).as_uri(), any_thread=any_thread)
        asked.copy = copy
        yield asked


def connected(address: str, *, any_thread: bool) -> Asked:
    """Open an address, and ask once: only then does SQLite say whether it can."""
    asked = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=not any_thread, factory=Asked
    )
    try:
        asked.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        asked.close()
        raise
    return asked


def _state(path: Path) -> tuple[int, int]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns


def why_refused(path: Path, message: str) -> str:
    """Return the true cause where SQLite only says that it could not open, read or write: try it, and see.

    Parameters
    ----------
    message : str
        Message for what SQLite says.
    """
    try:
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            return "outside.no_rights"
    except OSError as error:
        return outside(error).key
    found = refusal(path.parent)
    return message if found is None else outside(found).key
