"""One act: the rows that are added together, and the hashes that prove them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

Value = str | int | float | bytes | None
Row = Mapping[str, Value]

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
