"""The database of the accounts: its tables, and one thread at a time in it.

``accounts.sqlite`` stands beside the register and never travels with it: hashes of
passwords and sessions have no place in a bundle, an export or a database that somebody
opens to count slips.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any, Final

from sqlite_utils import Database, Migrations

from omr.errors import StoreError, why
from omr.files import refusal
from omr.records.store.opening import store_errors

migrations: Final = Migrations("omr-accounts")


@migrations()
def m001_accounts(db: Database) -> None:
    """Accounts, their roles, sessions, acts, the key that signs cookies."""
    db.execute(
        """CREATE TABLE accounts (
            name TEXT PRIMARY KEY, unit TEXT, password TEXT NOT NULL,
            must_change INTEGER NOT NULL, active INTEGER NOT NULL, made_at TEXT NOT NULL) STRICT"""
    )
    db.execute(
        """CREATE TABLE roles (name TEXT NOT NULL REFERENCES accounts, role TEXT NOT NULL,
            PRIMARY KEY (name, role)) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE sessions (
            digest TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES accounts,
            started_at TEXT NOT NULL, seen_at TEXT NOT NULL) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE acts (act INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, by TEXT NOT NULL,
            what TEXT NOT NULL, about TEXT NOT NULL) STRICT"""
    )
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER acts_{verb.lower()} BEFORE {verb} ON acts "
            "BEGIN SELECT RAISE(ABORT, 'acts: added, never changed or removed'); END"
        )
    db.execute("CREATE TABLE signing_key (key BLOB NOT NULL) STRICT")
    db.execute("INSERT INTO signing_key VALUES (?)", [secrets.token_bytes(32)])


@migrations()
def m002_known(db: Database) -> None:
    """Keep what reviewers said on items whose answer was known: a measure, no fact about a slip."""
    db.execute(
        """CREATE TABLE known_answers (name TEXT NOT NULL REFERENCES accounts, item TEXT NOT NULL,
            at TEXT NOT NULL, right INTEGER NOT NULL CHECK (right IN (0, 1)),
            PRIMARY KEY (name, item)) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m003_tokens(db: Database) -> None:
    """Add what stands for a password where no person types: the command line of one account."""
    db.execute(
        """CREATE TABLE tokens (digest TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES accounts,
            made_at TEXT NOT NULL) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m004_persons(db: Database) -> None:
    """Add how a person signs, and from where a session comes."""
    db.execute("ALTER TABLE accounts ADD COLUMN full_name TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE accounts ADD COLUMN rank TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT ''")


@migrations()
def m005_sent_forms(db: Database) -> None:
    """Keep which copies of forms were sent that must not be done twice."""
    db.execute(
        """CREATE TABLE sent_forms (number INTEGER PRIMARY KEY AUTOINCREMENT, mark TEXT NOT NULL UNIQUE,
            at TEXT NOT NULL, place TEXT NOT NULL) STRICT"""
    )


class Keeping:
    """The open database; safe to share between threads."""

    def __init__(self, db: Database, path: Path, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._path = path
        self.clock = clock
        self._lock = RLock()

    @classmethod
    def open(cls, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Keeping:
        """Open the database at `path`, readable by its owner only; made when absent.

        Raises
        ------
        StoreError
            If the file is no database of ours.
        """
        path.touch(mode=0o600)
        path.chmod(0o600)
        try:
            connection = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            db = Database(connection)
            db.enable_wal()
            connection.execute("PRAGMA foreign_keys = ON")
            migrations.apply(db)
        except sqlite3.DatabaseError as error:
            found = refusal(path.parent)
            raise StoreError("accounts.unusable", file=path, detail=why(found) if found else error) from error
        return cls(db, path, clock)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def now(self) -> str:
        """Return the time as it is stored."""
        return self.clock().isoformat()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep other threads out between one look and the next."""
        with self._lock:
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep all that is written inside, or nothing.

        Raises
        ------
        StoreError
            If the disk is full, or the file cannot be written for another reason.
        """
        with self._lock, store_errors(self._path), self._db.atomic():
            yield

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return what a query gives."""
        with self._lock, store_errors(self._path):
            return list(self._db.execute(sql, list(values)).fetchall())

    def row(self, sql: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a query."""
        with self._lock, store_errors(self._path):
            found: tuple[Any, ...] | None = self._db.execute(sql, list(values)).fetchone()
        return found

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Change something; inside `writing`."""
        self._db.execute(sql, list(values))
