"""The database of one workspace: what it is asked, and how acts are written.

`Store.open` refuses what it cannot keep safe, and a database that is older than its workspace
remembers; `Store.act` writes all rows of one act, together with its event in the hash chain, in
one transaction: all or nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from omr.errors import StoreError
from omr.forms.template import Form, form_from_json
from omr.records.store.act import Act, Value, event_hash, now
from omr.records.store.asking import Asked
from omr.records.store.mark import Line, Mark
from omr.records.store.opening import connected, store_errors


class Connect(Protocol):
    """What opens a database's file, as `opening.connected` does."""

    def __call__(self, path: Path, *, any_thread: bool) -> tuple[sqlite3.Connection, StoreError | None]:
        """Open it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The events that were seen outside a database and are not in it."""

    first: int
    last: int
    at: str  # when the last of them was written
    foreign: bool  # nothing that was seen is in it: it is the database of another workspace


def _identities(path: Path) -> list[tuple[int, int] | None]:
    """Return which files a database and its write-ahead file are; None of one that is not there."""
    found: list[tuple[int, int] | None] = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            of_file = file.stat()
        except OSError:
            found.append(None)
        else:
            found.append((of_file.st_dev, of_file.st_ino))
    return found


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
        self._files = _identities(path)

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Callable[[], str] = now,
        *,
        any_thread: bool = False,
        examine: bool = False,
        connect: Connect = connected,
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
        connect : Connect
            What opens the database's file.

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
        connection, refusal = connect(path, any_thread=any_thread)
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
            with store_errors(self.path):
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

    @property
    def replaced(self) -> bool:
        """Whether other files lie at the path now, or none: what is written here would be in no register."""
        return self._files[0] is not None and _identities(self.path) != self._files

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
        with store_errors(self.path):
            cursor = self._connection.execute(sql, values)
            # Not `yield from`: that closes the cursor when nobody reads on, perhaps after the database.
            for row in cursor:  # noqa: UP028
                yield row

    def row(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        return next(self.rows(sql, *values), None)

    def value(self, sql: str, *values: Value) -> Value:
        """Return the first column of the first row; the query always gives one."""
        with store_errors(self.path):
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
        with store_errors(self.path):
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
        with store_errors(self.path), self._transaction():
            if self.replaced:
                raise StoreError("records.replaced", path=self.path)
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
        with store_errors(self.path):
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
