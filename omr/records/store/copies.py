"""Copies of a database: one file that holds what the database held at one moment."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from omr.errors import StoreError
from omr.files import WAIT_S, remove

SLEEP_S: Final = 0.25


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it stands at one moment, with what its companions hold, into one file.

    Raises
    ------
    StoreError
        If another program holds it and lets nobody read.
    """
    remove(target)
    target.touch(mode=0o600)
    held = [0]

    def refuse_for_ever(status: int, *_: int) -> None:
        held[0] = held[0] + 1 if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else 0
        if held[0] * SLEEP_S > WAIT_S.get():  # Python would try for ever
            raise StoreError("records.locked", path=source)

    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, progress=refuse_for_ever, sleep=SLEEP_S)
    one_file(target)


def one_file(database: Path) -> None:
    """Put what the companions of a closed database hold into the database itself."""
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
