"""What updates keep: a copy of the register as the program before could open it, made by each migration.

They are for an update that turns out to be faulty. Each is as large as the register was, so after some
years they would be most of the disk. The newest stay, whatever happens; an older one goes with a backup
that was read back, if the register still holds all that the copy does: it can give nothing back then that
is not there.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from omr.files import remove
from omr.records.store.opening import earlier_copies
from omr.records.store.store import Store

STAY: Final = 2  # the last update's, and that of the one before: a fault may come to light late


def let_go(store: Store) -> tuple[str, ...]:
    """Remove the copies that nobody can need any more, and return their names.

    To be called once the register was backed up and the backup read back.
    """
    old = [copy for copy in earlier_copies(store.path)[:-STAY] if _holds_all_of(store, copy)]
    for copy in old:
        remove(copy)
    return tuple(copy.name for copy in old)


def _holds_all_of(store: Store, copy: Path) -> bool:
    """Whether a register goes on from where a copy of it ended; not, where the copy cannot be read."""
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?immutable=1", uri=True)) as raw:
            last = raw.execute("SELECT event, hash FROM events ORDER BY event DESC LIMIT 1").fetchone()
    except sqlite3.Error:
        return False
    return last is None or store.value("SELECT hash FROM events WHERE event = ?", last[0]) == last[1]
