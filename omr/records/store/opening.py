"""How a database is opened: for writing where that is possible, brought to this program's schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from omr.errors import StoreError, outside, passes, why
from omr.files import WAIT_S, appearing
from omr.records.store.act import now
from omr.records.store.asking import Asked, brought_up, connect_to_ask, why_refused
from omr.records.store.copies import copy_database
from omr.records.store.schema import APPLICATION_ID, bring_up, is_current, migrations

_MESSAGES: Final = {
    sqlite3.SQLITE_BUSY: "records.locked",
    sqlite3.SQLITE_LOCKED: "records.locked",
    sqlite3.SQLITE_FULL: "records.disk_full",
    sqlite3.SQLITE_IOERR: "records.disk_failed",
    sqlite3.SQLITE_READONLY: "records.read_only",
    sqlite3.SQLITE_CANTOPEN: "records.cannot_open",
    sqlite3.SQLITE_NOTADB: "records.not_ours",
    sqlite3.SQLITE_CORRUPT: "records.damaged",
}


# What SQLite says for many reasons.
_VAGUE: Final = ("records.disk_failed", "records.read_only", "records.cannot_open")
_KEPT: Final = "{path.stem}.after-{last}.{at}{path.suffix}"


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's refusals into ours, by code and never by text."""
    try:
        yield
    except sqlite3.Error as error:
        # Without a code Python itself refused: a text in the file is no UTF-8.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        message = _MESSAGES.get(code & 0xFF)
        if message is None:
            raise
        if message in _VAGUE:
            message = why_refused(path, message)
        raise StoreError(message, path=path) from error
    except OverflowError as error:  # a number beyond 2^63 is nobody's
        raise StoreError("records.number_too_large") from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes a schema that is no text
        raise StoreError("records.damaged", path=path) from error


def connected(
    path: Path,
    *,
    any_thread: bool,
    prepare: Callable[[sqlite3.Connection, Path], None] | None = None,
    ask: Callable[..., Asked] = connect_to_ask,
) -> tuple[sqlite3.Connection, StoreError | None]:
    """Open a database for reading and writing, or for reading alone, with the reason.

    Parameters
    ----------
    prepare : callable, optional
        Makes a connection ready for writing, or raises why it cannot be; by itself `prepared`.
    ask : callable
        Opens it for reading alone, as `asking.connect_to_ask`.
    """
    try:
        if not path.exists() and path.parent.is_dir():
            path.touch(mode=0o600)  # it will hold the secret keys of the guard letters
        with store_errors(path):
            connection = sqlite3.connect(
                path, timeout=WAIT_S.get(), isolation_level=None, check_same_thread=not any_thread
            )
            try:
                (prepare or prepared)(connection, path)
            except BaseException:
                connection.close()
                raise
        return connection, None
    except (StoreError, OSError) as error:
        refusal = error if isinstance(error, StoreError) else StoreError(outside(error, path).key, path=path)
        # Who locks a database out of reach is writing it: what could be read then may be half of it.
        locked = refusal.key == "records.locked"
        if locked or not passes(refusal) or not path.is_file() or not path.stat().st_size:
            raise refusal from error
        try:
            asked = ask(path, any_thread=any_thread)
        except sqlite3.Error:
            raise refusal from error
        try:
            with store_errors(path):
                _refuse_stranger(asked, path)
                _applied(Database(asked), path)
                asked = brought_up(asked, any_thread=any_thread)
        except BaseException:
            asked.close()
            raise
        asked.row_factory = sqlite3.Row
        return asked, refusal


def prepared(connection: sqlite3.Connection, path: Path) -> None:
    """Make a connection ready for writing, and the database what this program expects."""
    connection.row_factory = sqlite3.Row
    _refuse_stranger(connection, path)  # before the first write: a stranger's database stays as it is
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL and not NORMAL: after a power cut, a receipt that was shown must still be true.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Else INSERT OR REPLACE would slip past the triggers that refuse DELETE.
    connection.execute("PRAGMA recursive_triggers = ON")
    _migrate(connection, path)


def _refuse_stranger(connection: sqlite3.Connection, path: Path) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and (owner or tables):
        raise StoreError("records.not_ours", path=path)


def _applied(database: Database, path: Path) -> list[str]:
    """Return the migrations that a database has; refuse one that has others than this program's."""
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    applied = [migration.name for migration in migrations.applied(database)]
    if set(applied) - known:
        raise StoreError("records.newer", path=path)
    return applied


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    database = Database(connection)
    applied = _applied(database, path)
    if is_current(database):
        return
    connection.execute("BEGIN IMMEDIATE")  # a second program that opens a fresh database waits here
    try:
        if applied and migrations.pending(database):
            _keep_copy(path, applied[-1])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        bring_up(database)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _keep_copy(path: Path, last: str) -> None:
    """Keep a database as the earlier program left it: ``omr.after-m010_rules.20261129T132900Z.sqlite``."""
    at = now().translate({ord(sign): None for sign in "-:"})
    kept = path.with_name(_KEPT.format(path=path, last=last, at=at))
    try:
        with appearing(kept) as part:
            copy_database(path, part)
    except OSError as error:
        raise StoreError("records.no_copy", path=kept, detail=why(error)) from error


def earlier_copies(path: Path) -> list[Path]:
    """Return what migrations kept of a database, the oldest first."""
    kept = path.parent.glob(_KEPT.format(path=path, last="*", at="*"))
    return sorted(kept, key=lambda file: file.name.split(".")[-2])  # the moment it was made
