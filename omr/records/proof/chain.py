"""Proof that nothing was changed: the chain of events, the rows it covers, originals, batch roots.

`verify` recomputes everything that hashes cover and names the first event that does not
fit. It asks the workspace's mark for events that are gone, and compares originals with rows both
ways. Who may write to all files of the workspace can rewrite them from some event on; that shows
where a later head of the chain is known elsewhere: on receipts, reports, exports and backups.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from sqlite_utils import Database

from omr.files import sha256_of
from omr.messages import say
from omr.records.store.act import Row, canonical, digest_of, event_hash, fact
from omr.records.store.schema import bring_up
from omr.records.store.store import Store
from omr.steps import each

T = TypeVar("T")
SCANS: Final = "scans"
_PAST_ALL: Final = 2**63 - 1  # no event has a higher number


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Return the root, in hex, of a Merkle tree as in RFC 6962; of no leaves, the hash of nothing.

    Examples
    --------
    >>> merkle_root([]) == hashlib.sha256().hexdigest()
    True
    """
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256().hexdigest()
    while len(level) > 1:
        pairs = [b"".join(level[at : at + 2]) for at in range(0, len(level), 2)]
        # A node without a neighbour goes up as it is.
        level = [hashlib.sha256(b"\1" + pair).digest() if len(pair) == 64 else pair for pair in pairs]
    return level[0].hex()


def batch_root(store: Store, batch: str, last_event: int) -> str:
    """Return the Merkle root of a batch: a leaf per page, with its original's hash and first reading.

    Parameters
    ----------
    last_event : int
        Later rows, such as the reading after a typed serial, do not belong to it.
    """
    return merkle_root([canonical(leaf) for leaf in _leaves(store, batch, last_event)])


def _leaves(store: Store, batch: str, last_event: int) -> Iterator[list[object]]:
    of_batch = "JOIN pages USING (page) WHERE batch = ? AND readings.event <= ?"
    readings = store.rows(f"SELECT readings.* FROM readings {of_batch}", batch, last_event)
    reading_of_page = {row["page"]: fact(dict(row)) for row in readings}
    answers_of_page: dict[int, list[object]] = {}
    for row in store.rows(
        f"""SELECT answers.*, page FROM readings JOIN decidings USING (reading) JOIN answers USING (deciding)
        {of_batch} AND answers.event <= ? ORDER BY deciding, question""",
        batch,
        last_event,
        last_event,
    ):
        answers_of_page.setdefault(row["page"], []).append(fact(dict(row)))
    for row in store.rows("SELECT * FROM pages WHERE batch = ? ORDER BY page", batch):
        page = row["page"]
        yield [fact(dict(row)), reading_of_page.get(page, {}), answers_of_page.get(page, [])]


@dataclass(frozen=True, slots=True)
class Damage:
    """The first thing that does not fit."""

    event: int | None  # None: not of one event
    key: str  # of the message
    values: Mapping[str, object]

    def __str__(self) -> str:
        detail = say(self.key, **self.values)
        return say("audit.at_event", event=self.event, detail=detail) if self.event else detail


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found."""

    events: int
    head: str  # hash of the last event
    problem: Damage | None
    unread: tuple[str, ...] = ()  # originals without a row, below the workspace: to be read again
    lost: tuple[str, ...] = ()  # files as they came in whose original is gone or damaged: likewise

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return self.problem is None


def verify(store: Store, workspace: Path, known: str = "") -> Verdict:
    """Recompute everything that hashes cover, and return the first event that does not fit.

    Parameters
    ----------
    known : str
        A head that was kept elsewhere, or its first digits: the event must be in the chain.
    """
    # A stack that is read in meanwhile must not look like rows without their event.
    with store.any_text(), store.snapshot():
        behind = store.behind()
        last = store.row("SELECT count(*) AS events FROM events")
        head = store.row("SELECT hash FROM events ORDER BY event DESC LIMIT 1")
        found, intact = _row_problems(store)
        originals = _original_problems(store, workspace, intact)
        found += [problem for problem, _ in originals]
        if behind is not None:
            found.append(Damage(behind.first, "audit.behind", asdict(behind)))
        unread = _unread(store, workspace)
        first = (
            _first(found)
            or _unknown_head(store, known)
            or next(_file_problems(store), None)
            or (Damage(None, "audit.original_unread", {"count": len(unread)}) if unread else None)
        )
    assert last is not None  # count(*) gives a row
    lost = tuple(file for _, file in originals)
    return Verdict(last["events"], head["hash"] if head else "", first, unread, lost)


def row_problem(store: Store) -> Damage | None:
    """Return what `verify` finds in the database alone: nothing about originals, nor about a mark."""
    with store.any_text(), store.snapshot():
        return _first(_row_problems(store)[0]) or next(_file_problems(store), None)


def _row_problems(store: Store) -> tuple[list[Damage], int]:
    """Return what is wrong with rows, and the last event whose rows are worth a look.

    What follows the first broken event may say anything.
    """
    broken = chain_problem(store)
    intact = broken.event - 1 if broken is not None and broken.event is not None else _PAST_ALL
    found = [*filter(None, [broken]), *_root_problems(store, intact), *_form_problems(store, intact)]
    return found, intact


def _first(found: Sequence[Damage]) -> Damage | None:
    return min(found, key=lambda one: one.event or 0, default=None)


def _unknown_head(store: Store, known: str) -> Damage | None:
    """Return that a head which was kept elsewhere is not in the chain: it was cut, or is another one."""
    heads = "SELECT hash AS head FROM events UNION ALL SELECT root FROM batch_ends"  # a receipt has a root
    if not known or store.row(f"SELECT 1 FROM ({heads}) WHERE substr(head, 1, ?) = ?", len(known), known):
        return None
    return Damage(None, "audit.unknown_head", {"head": known})


def _unread(store: Store, workspace: Path) -> tuple[str, ...]:
    """Return the originals that no row knows: the rows were lost, or reading never began."""
    known = {row["path"] for row in store.rows("SELECT path FROM originals")}
    found = (
        path.relative_to(workspace).as_posix()
        for path in sorted((workspace / SCANS).glob("??/*"))
        if not path.name.startswith(".")
    )
    return tuple(path for path in found if path not in known)


def fact_tables(store: Store) -> list[str]:
    """Return the tables whose rows belong to events."""
    rows = store.rows(
        """SELECT tables.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
        WHERE tables.type = 'table' AND columns.name = 'event' AND tables.name <> 'events'
        ORDER BY tables.name"""
    )
    return [row["name"] for row in rows]


@cache
def _schema() -> dict[str, str]:
    """Return what a database of this program consists of."""
    fresh = Database(memory=True)
    bring_up(fresh)
    rows = fresh.query(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%sqlite_%'"
    )
    return {str(row["name"]): str(row["sql"]) for row in rows}


def _bare(sql: str) -> str:
    r"""Return what a definition says: comments are for people, and may be mended.

    Examples
    --------
    >>> _bare("CREATE TABLE a (\n  b TEXT -- for what\n)")
    'CREATE TABLE a ( b TEXT )'
    """
    return re.sub(r"(--[^\n]*|\s)+", " ", sql)


def _file_problems(store: Store) -> Iterator[Damage]:
    """Yield what is wrong with no row: a changed view or index changes figures all the same."""
    found = {
        row["name"]: row["sql"]
        for row in store.rows("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    }
    for name, sql in _schema().items():
        if _bare(found.get(name, "")) != _bare(sql):
            yield Damage(None, "audit.schema", {"name": name})
    for row in store.rows("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"):
        if row["name"] not in _schema() and row["tbl_name"] in _schema():
            yield Damage(None, "audit.schema", {"name": row["name"]})
    for row in store.rows(f"PRAGMA integrity_check({_PAST_ALL >> 32})"):
        # What stands in rows the chain knows better: SQLite 3.40 calls "NULL value in doubts.event"
        # whatever stands there, because that table is WITHOUT ROWID and has no column after its key.
        if row[0] != "ok" and " value in " not in row[0]:
            yield Damage(None, "audit.damaged", {"detail": row[0]})


def chain_problem(store: Store) -> Damage | None:
    """Return the first event that was changed, moved, removed or inserted, or whose rows were."""
    number, previous = 0, ""
    for event, added in each("events", added_rows(store), store.last_event):
        number += 1
        if event is None:
            return Damage(number, "audit.rows_without_event", {"table": ", ".join(sorted(added))})
        values = {"act": event["act"], "at": event["at"]}
        if event["event"] != number:
            return Damage(number, "audit.no_event", {})
        if event["previous"] != previous or event["hash"] != _hashed(event_hash, event):
            return Damage(number, "audit.event_changed", values)
        if event["digest"] != _hashed(digest_of, added):
            return Damage(number, "audit.rows_changed", values)
        previous = str(event["hash"])
    ever = store.row("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
    if (ever["seq"] if ever else 0) != number:
        return Damage(number + 1, "audit.no_event", {})
    return None


def _hashed(hashing: Callable[[T], str], value: T) -> str | None:
    """Return a hash, None of a value that was never written: bytes or infinity where none belong."""
    try:
        return hashing(value)
    except (TypeError, ValueError):
        return None


def added_rows(store: Store) -> Iterator[tuple[Row | None, dict[str, list[Row]]]]:
    """Yield each event with the rows it added, by table; at the end rows that belong to no event."""
    groups = {table: _grouped(store, table) for table in fact_tables(store)}
    waiting = {table: next(rows, None) for table, rows in groups.items()}
    for row in store.rows("SELECT * FROM events ORDER BY event"):
        added: dict[str, list[Row]] = {}
        for table, group in waiting.items():
            # A number below the event's belongs to none: it is added here, and fits no digest.
            if group is not None and group[0] <= row["event"]:
                added[table] = group[1]
                waiting[table] = next(groups[table], None)
        yield dict(row), added
    left = {table: group[1] for table, group in waiting.items() if group is not None}
    if left:
        yield None, left


def _grouped(store: Store, table: str) -> Iterator[tuple[int, list[Row]]]:
    rows = (dict(row) for row in store.rows(f"SELECT * FROM {table} ORDER BY event"))
    return ((event, list(group)) for event, group in groupby(rows, key=_event_of))


def _event_of(row: Row) -> int:
    event = row["event"]
    return event if isinstance(event, int) else 0  # no number: it belongs to no event


def _root_problems(store: Store, last: int) -> Iterator[Damage]:
    rows = list(store.rows("SELECT batch, root, event FROM batch_ends WHERE event BETWEEN 1 AND ?", last))
    for row in each("batches", rows):
        if batch_root(store, row["batch"], row["event"]) != row["root"]:
            yield Damage(row["event"], "audit.root", {"batch": row["batch"]})


def _form_problems(store: Store, last: int) -> Iterator[Damage]:
    for row in store.rows(
        "SELECT event, form, fingerprint, canonical FROM forms WHERE event BETWEEN 1 AND ?", last
    ):
        if hashlib.sha256(row["canonical"].encode()).hexdigest() != row["fingerprint"]:
            yield Damage(row["event"], "audit.form", {"form": row["form"]})


def _original_problems(store: Store, workspace: Path, last: int) -> list[tuple[Damage, str]]:
    """Return what is wrong with originals, each with the name under which the file came in."""
    rows = store.rows(
        """SELECT originals.event, originals.original, path, min(file) AS file
        FROM originals LEFT JOIN batch_files USING (original)
        WHERE originals.event BETWEEN 1 AND ? GROUP BY originals.original ORDER BY originals.event""",
        last,
    )
    found = []
    for row in each("originals_checked", list(rows)):
        path = workspace / row["path"]
        if not path.is_file():
            problem = Damage(row["event"], "audit.original_gone", {"path": row["path"]})
        elif sha256_of(path) != row["original"]:
            problem = Damage(row["event"], "audit.original_changed", {"path": row["path"]})
        else:
            continue
        found.append((problem, str(row["file"] or row["path"])))
    return found
