"""Is a signed export what it says? Signature, hashes, chain and digests; then every figure anew.

The rows are put into a fresh database of this program, and the figures computed from it by
the same functions as in the office. docs/verify_export.py does it a second way.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from omr.errors import OmrError
from omr.files import hashed_copy
from omr.records.counts.validity import rules
from omr.records.month.closing import figures_of
from omr.records.offices.periods import parse_period
from omr.records.proof.chain import Damage
from omr.records.proof.signing import signed_by
from omr.records.store.act import Row, digest_of, event_hash
from omr.records.store.store import Store
from omr.steps import each
from omr.trust.export import FILES, FORMAT, MANIFEST, MAY_LACK_ROWS, SIGNATURE

# A city's year is 1.5 GB unpacked; what is larger is no export of a period.
MOST_BYTES: Final = 8 * 2**30
_MOST_LINE: Final = 64 * 2**20

# What damaged or foreign files make the libraries raise.
_UNREADABLE: Final = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, sqlite3.Error),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is found in an export."""

    period: str
    events: int
    head: str
    signer: str  # public key
    problem: Damage | None

    @property
    def ok(self) -> bool:
        """Whether everything fits and every figure came out again."""
        return self.problem is None


def check(file: Path, key: str | None = None) -> Checked:
    """Check an export.

    Parameters
    ----------
    key : str, optional
        The public key that must have signed it; without it, whoever signed is told.

    Raises
    ------
    OmrError
        If the file is no export at all; one that was tampered with is no error but a finding.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            if set(sizes) != {*FILES, MANIFEST, SIGNATURE} or sum(sizes.values()) > MOST_BYTES:
                raise OmrError("audit.no_export", file=file)
            content = archive.read(MANIFEST)
            manifest = json.loads(content)
            if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
                raise OmrError("audit.no_export", file=file)
            problem = _problem(archive, manifest, content, key)
        return Checked(
            str(manifest["period"]),
            int(manifest["events"]),
            str(manifest["head"]),
            str(manifest["public_key"]),
            problem,
        )
    except _UNREADABLE as error:
        raise OmrError("audit.no_export", file=file) from error


def _problem(
    archive: zipfile.ZipFile, manifest: dict[str, Any], content: bytes, key: str | None
) -> Damage | None:
    if key not in (None, manifest["public_key"]):
        return Damage(None, "audit.other_signer", {"signer": manifest["public_key"]})
    signature = archive.read(SIGNATURE).decode("ascii", "replace")
    if not signed_by(str(manifest["public_key"]), signature, content):
        return Damage(None, "audit.bad_signature", {})
    for name in FILES:
        with archive.open(name) as unpacked:
            digest, _ = hashed_copy(unpacked)
        if digest != manifest["files"][name]:
            return Damage(None, "audit.bad_file", {"name": name})
    events = list(_lines(archive, "events.jsonl"))
    problem = _chain(events, manifest) or _digests(events, archive)
    if problem is not None:
        return problem
    if manifest["rules"] != rules().version:
        return Damage(None, "audit.other_rules", {"theirs": manifest["rules"], "ours": rules().version})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = _figures(archive, events, Path(folder), manifest["period"])
    with archive.open("figures.json") as stated:
        if json.load(stated) != found:
            return Damage(None, "audit.other_figures", {})
    return None


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(name) as lines:
        while line := lines.readline(_MOST_LINE):
            yield json.loads(line)


def _chain(events: list[dict[str, Any]], manifest: dict[str, Any]) -> Damage | None:
    previous = ""
    for number, event in enumerate(events, start=1):
        whole = event["event"] == number and event["previous"] == previous
        if not whole or event["hash"] != event_hash(event):
            return Damage(number, "audit.event_changed", {"act": event.get("act"), "at": event.get("at")})
        previous = event["hash"]
    if (len(events), previous) != (manifest["events"], manifest["head"]):
        return Damage(len(events) + 1, "audit.no_event", {})
    return None


def _digests(events: list[dict[str, Any]], archive: zipfile.ZipFile) -> Damage | None:
    """Compare the rows of each event that is there with its digest."""
    by_event = groupby(_lines(archive, "rows.jsonl"), key=lambda line: int(line["row"]["event"]))
    before, there = 0, set[int]()
    for number, lines in each("events", by_event, len(events)):
        rows: dict[str, list[Row]] = {}
        for line in lines:
            rows.setdefault(str(line["table"]), []).append(line["row"])
        if not before < number <= len(events) or digest_of(rows) != events[number - 1]["digest"]:
            return Damage(number, "audit.rows_changed", {"act": "", "at": ""})
        before = number
        there.add(number)
    for event in events:
        if event["event"] not in there and event["act"] not in MAY_LACK_ROWS:
            return Damage(event["event"], "audit.rows_left_out", {"act": event["act"], "at": event["at"]})
    return None


def _figures(
    archive: zipfile.ZipFile, events: list[dict[str, Any]], folder: Path, period: str
) -> dict[str, int]:
    path = folder / "export.sqlite"
    Store.open(path).close()
    raw = sqlite3.connect(path, isolation_level=None)
    try:
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("BEGIN")
        tables = {
            name: {row[1] for row in raw.execute(f"PRAGMA table_info({name})")}
            for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        }
        for event in events:
            _insert(raw, tables, "events", event)
        for line in _lines(archive, "rows.jsonl"):
            _insert(raw, tables, line["table"], line["row"])
        raw.execute("COMMIT")
    finally:
        raw.close()
    with Store.open(path) as store:
        return figures_of(store, parse_period(period))


# What an export holds as SHA-256 only; the columns want bytes, and no figure depends on them.
_HASHED: Final = {
    ("runs", "key"),
    ("readings", "marks"),
    ("measurings", "marks"),
    ("page_marks", "marks"),
    ("closed_tallies", "tallies"),
}


def _insert(raw: sqlite3.Connection, tables: dict[str, set[str]], table: str, row: dict[str, Any]) -> None:
    if table not in tables or not set(row) <= tables[table]:
        raise ValueError(f"{table}: not of this version")
    values = {
        column: bytes.fromhex(value) if (table, column) in _HASHED else value for column, value in row.items()
    }
    places = ", ".join(f":{column}" for column in values)
    raw.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", values)
