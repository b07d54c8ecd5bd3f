"""Open the database, write acts: the one place that knows how SQLite is kept safe.

`Store.open` refuses what it cannot keep safe, and a database that is older than its workspace
remembers; `Store.act` writes all rows of one act, together with its event in the hash chain, in
one transaction: all or nothing.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from omr.errors import StoreError, outside, passes, why
from omr.files import WAIT_S, appearing
from omr.forms.template import Form, form_from_json
from omr.records.store.asking import Asked, brought_up, connect_to_ask, why_refused
from omr.records.store.copies import copy_database
from omr.records.store.mark import Line, Mark
from omr.records.store.schema import APPLICATION_ID, bring_up, is_current, migrations

Value = str | int | float | bytes | None
Row = Mapping[str, Value]

# A writer waits this long for another one. Writers hold the database for milliseconds
# (50 pages a transaction); whoever waits longer faces a stuck program, not a queue.

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

# Made once: `json.dumps` makes one for every row.
_SPELLING: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def now() -> str:
    """Return the time as it is stored: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fact(row: Row) -> dict[str, Value]:
    """Return a row as it enters hashes.

    Absent values are left out, so that a column added later changes no earlier hash; pictures
    and keys (bytes) enter as their own SHA-256, so that an export can prove a row without them.
    """
    return {
        key: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
        for key, value in row.items()
        if value is not None
    }


def canonical(value: object) -> bytes:
    """Return the one spelling that hashes are taken of: JSON, sorted keys, no blanks, UTF-8."""
    return _SPELLING.encode(value).encode()


def digest_of(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return the digest of one act: over all rows it added, by table, in no order.

    Examples
    --------
    >>> digest_of({"a": [{"x": 1}, {"x": 2}]}) == digest_of({"a": [{"x": 2}, {"x": 1}], "b": []})
    True
    """
    total = hashlib.sha256()
    for table in sorted(name for name, added in rows.items() if added):
        for leaf in sorted(canonical(fact(row)) for row in rows[table]):
            total.update(b"%s %d " % (table.encode(), len(leaf)))
            total.update(leaf)
    return total.hexdigest()


def event_hash(event: Row) -> str:
    """Return the hash of one event: over everything in its row but the hash itself."""
    return hashlib.sha256(canonical({key: event[key] for key in event if key != "hash"})).hexdigest()


@dataclass(slots=True)
class Act:
    """The rows of one act while it is being written."""

    event: int
    _connection: sqlite3.Connection
    _rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, *rows: Row) -> None:
        """Insert rows of one table; all of a call have the same columns."""
        if not rows:
            return
        added = [{"event": self.event, **row} for row in rows]
        columns = ", ".join(added[0])
        places = ", ".join(f":{column}" for column in added[0])
        self._connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", added)
        self._rows.setdefault(table, []).extend(added)

    def next_id(self, table: str, column: str) -> int:
        """Return the number that the next row of `table` gets."""
        (highest,) = self._connection.execute(f"SELECT max({column}) FROM {table}").fetchone()
        return int(highest or 0) + 1

    @property
    def issued(self) -> list[tuple[int, int, int]]:
        """The highest number of each run that the act adds, with its digit and year."""
        runs = ((row["digit"], row["year"], row["last"]) for row in self._rows.get("runs", ()))
        return [(int(str(digit)), int(str(year)), int(str(last))) for digit, year, last in runs]

    @property
    def digest(self) -> str:
        """The digest of all rows so far."""
        return digest_of(self._rows)

    @property
    def empty(self) -> bool:
        """Whether nothing was added."""
        return not self._rows


@dataclass(frozen=True, slots=True)
class Behind:
    """The events that were seen outside a database and are not in it."""

    first: int
    last: int
    at: str  # when the last of them was written
    foreign: bool  # nothing that was seen is in it: it is the database of another workspace


_ISSUED: Final = "SELECT digit, year, max(last) FROM runs GROUP BY digit, year"


class Store:
    """The database of one workspace.

    Parameters
    ----------
    connection : sqlite3.Connection
        Opened by `Store.open`.
    path : Path
        For messages.
    clock : callable, optional
        Gives the time that is written to events.
    mark : Mark, optional
        Where every act is noted outside the database; None outside a workspace.
    refusal : StoreError, optional
        Why nothing can be written; queries are answered all the same.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        clock: Callable[[], str] = now,
        mark: Mark | None = None,
        refusal: StoreError | None = None,
    ) -> None:
        self._connection = connection
        self._refusal = refusal
        self._clock = clock
        self.path = path
        self._forms: dict[str, Form] = {}
        self.mark = mark
        self._on_trial = False

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Callable[[], str] = now,
        *,
        any_thread: bool = False,
        examine: bool = False,
    ) -> Store:
        """Open the database at `path`, bringing it to this program's schema.

        A database is made where no workspace is, and in a workspace that never had one. One that
        cannot be written, for whatever reason, is opened for queries; acts then say the reason.

        Parameters
        ----------
        any_thread : bool
            Whether threads hand the store to each other; still, one at a time uses it.
        examine : bool
            Open one that is behind its mark too, to say what it lacks; acts are refused all the same.

        Raises
        ------
        StoreError
            If it is newer than this program, not ours, locked, damaged, or the disk refuses. In a
            workspace also if it is gone, empty, or lacks events that the workspace's mark has seen.
        """
        mark = Mark.beside(path)
        seen = mark.last() if mark is not None else None
        absent = not path.is_file() or path.stat().st_size == 0
        if mark is not None and absent and (seen is not None or not mark.exists):
            raise StoreError("records.gone", path=path)
        connection, refusal = _connected(path, any_thread=any_thread)
        store = cls(connection, path, clock, mark, refusal)
        try:
            if mark is not None:
                store._meet(mark)
                if not examine:
                    store.refuse_if_behind()
        except BaseException:
            connection.close()
            raise
        return store

    def _meet(self, mark: Mark) -> None:
        """Begin the mark of a database that has none yet; refuse one whose mark was taken away."""
        if self._refusal is not None:  # nothing can be begun now
            return
        begun = self.value("PRAGMA user_version")  # 1: once the mark has a line
        if mark.last() is None:
            if begun:
                raise StoreError("records.mark_gone", path=mark.path)
            ends = list(
                self.rows(
                    """SELECT event, hash, at FROM events
                    WHERE event IN ((SELECT min(event) FROM events), (SELECT max(event) FROM events))"""
                )
            )
            issued = [tuple(row) for row in self.rows(_ISSUED)]
            for row in ends:
                mark.add(row["event"], row["hash"], row["at"], issued)
            if not ends:
                mark.add(0, "", self._clock())
        if not begun:
            with _store_errors(self.path):
                self._connection.execute("PRAGMA user_version = 1")

    def refuse_if_behind(self) -> None:
        """Refuse to work on a database that lacks the newest event that its mark has seen.

        Raises
        ------
        StoreError
            Naming the first event that is missing, or that the database is another workspace's.
        """
        newest = self.mark.last() if self.mark is not None else None
        if newest is None or newest.event == 0 or self._has(newest):
            return
        behind = self.behind()
        if behind is not None:
            key = "records.foreign" if behind.foreign else "records.behind"
            raise StoreError(key, path=self.path, **asdict(behind))

    def behind(self) -> Behind | None:
        """Return what the mark has seen and this database lacks; None where it has all of it."""
        lines = [line for line in self.mark.lines() if line.event] if self.mark is not None else []
        lacking = [line for line in lines if not self._has(line)]
        if not lacking:
            return None
        top = int(self.value("SELECT coalesce(max(event), 0) FROM events") or 0)
        ours = [line.event for line in lines if line.event <= top and line not in lacking]
        others = any(line.event <= top for line in lacking)
        # Where the mark saw nothing of what is there, all of it may be ours.
        shared = max(ours, default=0 if others else top)
        return Behind(shared + 1, lacking[-1].event, lacking[-1].at, foreign=others and not ours)

    def _has(self, line: Line) -> bool:
        row = self.row("SELECT hash FROM events WHERE event = ?", line.event)
        return row is not None and row["hash"] == line.head

    def close(self) -> None:
        """Close the database; what was committed is on the disk."""
        still = not isinstance(self._connection, Asked) or self._connection.still()
        self._connection.close()
        if not still:  # somebody wrote into the file that was read without locks
            raise StoreError("records.changed_meanwhile", path=self.path)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, sql: str, *values: Value) -> Iterator[sqlite3.Row]:
        """Yield the rows of a query, one at a time."""
        with _store_errors(self.path):
            cursor = self._connection.execute(sql, values)
            # Not `yield from`: that closes the cursor when nobody reads on, perhaps after the database.
            for row in cursor:  # noqa: UP028
                yield row

    def row(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        return next(self.rows(sql, *values), None)

    def value(self, sql: str, *values: Value) -> Value:
        """Return the first column of the first row; the query always gives one."""
        with _store_errors(self.path):
            first: Value = self._connection.execute(sql, values).fetchone()[0]
            return first

    @property
    def last_event(self) -> int:
        """The number of the newest event, 0 without one: who kept it sees whether anything was added."""
        return int(self.value("SELECT coalesce(max(event), 0) FROM events") or 0)

    @property
    def forms(self) -> Mapping[str, Form]:
        """All forms that were ever printed, by fingerprint, exactly as printed.

        Taken out of the database once, and again when another one was printed: a form that
        was issued never changes.
        """
        if self.value("SELECT count(*) FROM forms") != len(self._forms):
            rows = self.rows("SELECT fingerprint, canonical FROM forms")
            self._forms = {row["fingerprint"]: form_from_json(row["canonical"]) for row in rows}
        return self._forms

    @property
    def head(self) -> str:
        """The hash of the newest event, "" while there is none: what paper carries of the chain."""
        row = self.row("SELECT hash FROM events ORDER BY event DESC LIMIT 1")
        return str(row["hash"]) if row is not None else ""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one state throughout, whatever others write meanwhile; nothing is written in it."""
        with _store_errors(self.path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:  # a damaged file may have ended it
                self._connection.execute("ROLLBACK")

    @contextmanager
    def any_text(self) -> Iterator[None]:
        """Give text that is no UTF-8 with U+FFFD in it instead of refusing it: to tell whose row it is."""
        self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            yield
        finally:
            self._connection.text_factory = str

    @contextmanager
    def act(self, act: str, *, by: str, why: str = "") -> Iterator[Act]:
        """Write one act: its rows and its event, in one transaction; an act without rows leaves no event.

        The database is held from the first line on: what is read inside stays true until the end.

        Raises
        ------
        StoreError
            If the database cannot be written; nothing of the act is then stored.
        """
        if self._refusal is not None:
            raise self._refusal
        with _store_errors(self.path), self._transaction():
            self.refuse_if_behind()
            last = self.row("SELECT event, hash FROM events ORDER BY event DESC LIMIT 1")
            number, previous = (last["event"] + 1, last["hash"]) if last else (1, "")
            writing = Act(number, self._connection)
            yield writing
            if writing.empty:
                return
            event: dict[str, Value] = {
                "event": number,
                "at": self._clock(),
                "by": by,
                "act": act,
                "why": why,
                "digest": writing.digest,
                "previous": previous,
            }
            event["hash"] = event_hash(event)
            self._connection.execute(
                "INSERT INTO events VALUES (:event, :at, :by, :act, :why, :digest, :previous, :hash)", event
            )
        # After the commit: a mark never knows more than the database ever held.
        if self.mark is not None and not self._on_trial:
            self.mark.add(number, str(event["hash"]), str(event["at"]), writing.issued)

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Let acts happen and be looked at, and take all of it back at the end: nothing is stored."""
        with _store_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
        self._on_trial = True
        try:
            yield
        finally:
            self._on_trial = False
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._on_trial:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk or a failed write may have ended the transaction already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


@contextmanager
def _store_errors(path: Path) -> Iterator[None]:
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


def _connected(path: Path, *, any_thread: bool) -> tuple[sqlite3.Connection, StoreError | None]:
    """Open a database for reading and writing, or for reading alone, with the reason."""
    try:
        if not path.exists() and path.parent.is_dir():
            path.touch(mode=0o600)  # it will hold the secret keys of the guard letters
        with _store_errors(path):
            connection = sqlite3.connect(
                path, timeout=WAIT_S.get(), isolation_level=None, check_same_thread=not any_thread
            )
            try:
                _prepare(connection, path)
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
            asked = connect_to_ask(path, any_thread=any_thread)
        except sqlite3.Error:
            raise refusal from error
        try:
            with _store_errors(path):
                _refuse_stranger(asked, path)
                _applied(Database(asked), path)
                asked = brought_up(asked, any_thread=any_thread)
        except BaseException:
            asked.close()
            raise
        asked.row_factory = sqlite3.Row
        return asked, refusal


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
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
    kept = path.with_name(f"{path.stem}.after-{last}.{at}{path.suffix}")
    try:
        with appearing(kept) as part:
            copy_database(path, part)
    except OSError as error:
        raise StoreError("records.no_copy", path=kept, detail=why(error)) from error
