"""Restore: a workspace made of a backup in a new folder, and a register that can go on.

Between the backup and the loss, numbers may have been printed that no copy knows. The old
folder's mark names the highest, where that folder can still be read; without it the restored
register leaves `ROOM` numbers out. Either way no number is printed twice. What was decided and
read since the backup is gone from the register; originals that came in since are taken over from
the old folder, and named, to be read again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.messages import say
from omr.records.proof.chain import row_problem, verify
from omr.records.safekeeping.backup import (
    ACCOUNTS,
    FOLDERS,
    PLAIN,
    SCANS,
    Backup,
    at_disk,
    copy_file,
    copy_originals,
    end_of,
    last_backup,
)
from omr.records.store.act import now
from omr.records.store.copies import copy_database
from omr.records.store.mark import Mark
from omr.records.store.store import Store
from omr.workspace import DATABASE, MARK, SETTINGS, Workspace

# A city prints some 30,000 slips a month, and a form's year has 9,999,999 numbers: so many are
# not printed between two nights, and can be spared a hundred times.
ROOM: Final = 100_000
_DIGITS: Final = range(10)
_HIGHEST: Final = 9_999_999

Series = tuple[int, int]  # digit of the form, year


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored workspace holds, and what it lacks."""

    at: str  # when the backup was made, UTC
    event: int  # its newest
    head: str
    lost: int | None  # events since, as far as the old folder's mark tells; None: nothing tells
    unread: tuple[str, ...]  # originals without a row: to be read again
    missing: tuple[str, ...]  # files whose original is nowhere


def restore(source: Path, into: Path, *, by: str, old: Path | None = None) -> Restored:
    """Make a workspace of a backup in a new folder, and check all of it.

    Parameters
    ----------
    source : Path
        A folder that `backup.back_up` made, or a workspace whose mark is gone.
    old : Path, optional
        The lost workspace's folder, as far as it can be read.

    Raises
    ------
    OmrError
        If there is no backup, `into` is not empty, the old folder is another workspace's, or the
        copy does not prove itself.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise OmrError("backup.not_empty", target=into)
    with at_disk(into):
        made, register = _found(source)
        seen = None if old is None else _mark_of(old, register)
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy_database(register, into / DATABASE)
        _prove(into / DATABASE)
        for name in PLAIN:
            if (source / name).is_file():
                copy_file(source / name, into / name)
        if (source / ACCOUNTS).is_file():
            copy_database(source / ACCOUNTS, into / ACCOUNTS)
        for name in FOLDERS:
            for file in sorted((source / name).rglob("*")):
                if file.is_file():
                    copy_file(file, into / file.relative_to(source))
        for place in (source, old):
            if place is not None:
                copy_originals(place / SCANS, into / SCANS)
        for original in (into / SCANS).glob("??/*"):
            original.chmod(0o400)
        Workspace.create(into)
    with Store.open(into / DATABASE) as store:
        _leave_room(store, made, seen, by=by)
        verdict = verify(store, into)
    if not (verdict.ok or verdict.unread or verdict.lost):
        raise OmrError("backup.broken", target=into, problem=verdict.problem)
    last = None if seen is None else seen.last()
    lost = None if last is None else max(0, last.event - made.event)
    return Restored(made.at, made.event, made.head, lost, verdict.unread, verdict.lost)


def _found(source: Path) -> tuple[Backup, Path]:
    """Return the newest backup of a folder and its register; of a workspace, what stands there."""
    made = last_backup(source)
    if made is not None:
        if not (source / made.register).is_file():
            raise OmrError("backup.no_backup", target=source)
        return made, source / made.register
    register = source / DATABASE
    if not (source / SETTINGS).is_file() or not register.is_file() or register.stat().st_size == 0:
        raise OmrError("backup.no_backup", target=source)
    event, head = end_of(register)
    return Backup(now(), event, head, DATABASE, 0, 0), register


def _prove(database: Path) -> None:
    """Refuse a register whose rows do not prove themselves; let its mark begin anew."""
    with Store.open(database) as store:
        problem = row_problem(store)
    if problem is not None:
        raise OmrError("backup.broken", target=database.parent, problem=problem)
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("PRAGMA user_version = 0")


def _mark_of(old: Path, register: Path) -> Mark | None:
    """Return the mark of the old folder, if it has one; refuse that of another workspace."""
    mark = Mark(old / MARK)
    lines = [line for line in mark.lines() if line.event]
    if not lines:
        return None
    with closing(sqlite3.connect(register)) as raw:
        ours = dict(raw.execute("SELECT event, hash FROM events"))
    if ours and not any(ours.get(line.event) == line.head for line in lines):
        raise OmrError("backup.other_workspace", target=old)
    return mark


def _leave_room(store: Store, made: Backup, seen: Mark | None, *, by: str) -> None:
    """Record the restoration, and which numbers may be on paper and are never issued again."""
    rows = store.rows("SELECT digit, year, max(last) AS last FROM used_numbers GROUP BY digit, year")
    known: dict[Series, int] = {(row["digit"], row["year"]): row["last"] for row in rows}
    if seen is not None:
        skipped = {series: last for series, last in seen.issued().items() if last > known.get(series, 0)}
    else:
        this_year = datetime.now(UTC).year % 100
        years = {year for _, year in known} | {this_year, this_year + 1}  # December prints for January
        skipped = {
            (digit, year): min(_HIGHEST, known.get((digit, year), 0) + ROOM)
            for digit in _DIGITS
            for year in years
        }
    with store.act("restore", by=by, why=say("backup.restored_why", at=made.at)) as act:
        number = act.next_id("restorations", "restoration")
        act.add("restorations", {"restoration": number, "backup_at": made.at, "head": made.head})
        for (digit, year), last in sorted(skipped.items()):
            act.add("skipped_numbers", {"restoration": number, "digit": digit, "year": year, "last": last})
