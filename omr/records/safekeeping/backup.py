"""Backup: a copy of a workspace that was read back, beside what earlier backups put there.

A backup is a folder. ``registers/`` holds one copy of the register for each time, named by its
newest event; ``scans/`` the originals, each copied once; beside them settings, accounts, key,
stacks that wait to be read, own forms and calibrations as they are. A register that lacks events
which the backup has is refused: nothing is followed by something older. `restore` is the way back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omr.errors import OmrError, why
from omr.files import appearing, hashed_copy, locked, put_in_place, refusal, remove, sha256_of, write_whole
from omr.records.proof.chain import row_problem
from omr.records.proof.signing import KEY_FILE
from omr.records.safekeeping.earlier import let_go
from omr.records.store.act import now
from omr.records.store.copies import copy_database, one_file
from omr.records.store.store import Store
from omr.steps import each
from omr.workspace import SETTINGS, Workspace

REGISTERS: Final = "registers"
SCANS: Final = "scans"
STATE: Final = "backup.json"
LOCK: Final = ".lock"
# Registers that stay: a register only grows, so the newest holds what all before it hold, and those are for a
# fault that nobody noticed. All of them for years would outgrow the scans: 22 take two thirds of their room.
NIGHTS: Final = 10
MONTHS: Final = 12  # the newest of each of so many months before
ACCOUNTS: Final = "accounts.sqlite"
PLAIN: Final = (SETTINGS, KEY_FILE)
FOLDERS: Final = ("forms", "calibration", "inbox")


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds, as it was read back."""

    at: str  # UTC
    event: int
    head: str
    register: str  # file below the backup
    originals: int
    copied: int  # of them this time
    damaged: tuple[str, ...] = ()  # originals of the workspace that are not what their name says
    let_go: tuple[str, ...] = ()  # copies that updates had kept, and that went with this backup

    @property
    def age_s(self) -> float:
        """How long ago it was made."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.at)).total_seconds()


def back_up(workspace: Workspace, target: Path, *, whole: bool = False) -> Backup:
    """Copy a workspace into `target`, beside what earlier backups put there, and read the copy back.

    Others may go on working meanwhile: the register is copied as it stands at one moment, then the
    originals, which by then are at least those that it names. Old copies that updates kept go then.

    Parameters
    ----------
    whole : bool
        Read all originals of the backup back, not only those that are new.

    Raises
    ------
    OmrError
        If the target cannot be written, holds another workspace, or knows events that this
        workspace lacks; if what was written does not come back as it was.
    """
    if target.resolve().is_relative_to(workspace.path.resolve()):
        raise OmrError("backup.inside", target=target)
    with at_disk(target, workspace.path), Store.open(workspace.database) as store:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(target):
            _refuse_older(store, target)
            for old in superseded({file: _month_of(file) for file in (target / REGISTERS).glob("*.sqlite")}):
                remove(old)  # first: a disk that is full gets room for tonight's
            register = _copy_register(store, target)
            for name in PLAIN:
                if (workspace.path / name).is_file():
                    copy_file(workspace.path / name, target / name)
            if (workspace.path / ACCOUNTS).is_file():
                with appearing(target / ACCOUNTS) as part:
                    copy_database(workspace.path / ACCOUNTS, part)
            for name in FOLDERS:
                _mirror(workspace.path / name, target / name)
            copied, damaged = copy_originals(workspace.scans, target / SCANS)
            _read_back(store, target, damaged, whole=whole)
            event, head = end_of(register)
            count = sum(1 for _ in (target / SCANS).glob("??/*"))
            made = Backup(now(), event, head, f"{REGISTERS}/{register.name}", count, copied, damaged)
            state = {name: told for name, told in asdict(made).items() if name != "let_go"}
            write_whole(target / STATE, json.dumps(state), mode=0o600)
        return replace(made, let_go=let_go(store))


def superseded(months: Mapping[Path, str]) -> list[Path]:
    """Return the registers that go, of all with the month of their newest event.

    Examples
    --------
    >>> nights = {Path(f"{n:03}"): f"2027-{1 + n // 30:02}" for n in range(360)}
    >>> stay = sorted(set(nights) - set(superseded(nights)))
    >>> len(stay), stay[0].name, stay[-NIGHTS].name, stay[-1].name
    (22, '029', '350', '359')
    """
    before = sorted(months, reverse=True)[NIGHTS:]
    newest: dict[str, Path] = {}
    for file in before:
        newest.setdefault(months[file], file)
    return sorted(set(before) - set(list(newest.values())[:MONTHS]))


def last_backup(target: Path) -> Backup | None:
    """Return what the newest backup in a folder says of itself; None where there is none.

    Raises
    ------
    OmrError
        If what stands there cannot be read.
    """
    try:
        text = (target / STATE).read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OmrError("backup.disk", target=target, detail=why(error)) from error
    except UnicodeDecodeError as error:
        raise OmrError("backup.unreadable", target=target) from error
    try:
        told = json.loads(text)
        return Backup(**{**told, "damaged": tuple(told["damaged"])})
    except (ValueError, TypeError, KeyError) as error:
        raise OmrError("backup.unreadable", target=target) from error


@contextmanager
def at_disk(target: Path, source: Path | None = None) -> Iterator[None]:
    """Turn what a disk refuses into one line with its cause; `source`: the other disk that is written."""
    try:
        yield
    except OSError as error:
        raise OmrError("backup.disk", target=target, detail=why(error)) from error
    except sqlite3.Error as error:
        for folder in (target if target.is_dir() else target.parent, source):
            if folder is not None and (found := refusal(folder)) is not None:
                raise OmrError("backup.disk", target=folder, detail=why(found)) from error
        raise OmrError("backup.disk", target=target, detail=error) from error


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    try:
        with locked(target / LOCK, seconds=0.0):
            yield
    except TimeoutError as error:
        raise OmrError("backup.running", target=target) from error


def _refuse_older(store: Store, target: Path) -> None:
    """Refuse to put an old register after a newer one, or one workspace's after another's."""
    before = last_backup(target)
    if before is None:
        if any(path.name not in (LOCK, REGISTERS) for path in target.iterdir()):
            raise OmrError("backup.no_backup", target=target)
    elif before.event:
        row = store.row("SELECT hash FROM events WHERE event = ?", before.event)
        if row is None or row["hash"] != before.head:
            raise OmrError("backup.newer", target=target, event=before.event, at=before.at)


def _copy_register(store: Store, target: Path) -> Path:
    """Copy the register as it stands at one moment; it gets its name once all its rows prove themselves."""
    folder = target / REGISTERS
    folder.mkdir(mode=0o700, exist_ok=True)
    part = folder / ".register.part"
    copy_database(store.path, part)
    with Store.open(part, examine=True) as copy:
        problem = row_problem(copy)
    if problem is not None:
        raise OmrError("backup.broken", target=target, problem=problem)
    one_file(part)
    event, head = end_of(part)
    register = folder / f"{event:09}-{head[:12] or 'empty'}.sqlite"
    put_in_place(part, register)
    return register


def copy_file(source: Path, target: Path) -> None:
    """Copy a file so that it is there whole or not at all, and read it back."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with appearing(target) as part:
        part.touch(mode=0o600)
        with source.open("rb") as original, part.open("wb") as copy:
            digest, _ = hashed_copy(original, copy)
        if sha256_of(part) != digest:
            raise OmrError("backup.not_the_same", file=target)


def _mirror(source: Path, target: Path) -> None:
    """Make a folder that changes the same: what is gone there goes here, too."""
    wanted = {file.relative_to(source) for file in source.rglob("*") if file.is_file()}
    for name in sorted(wanted):
        here, there = source / name, target / name
        try:
            size, changed = here.stat().st_size, here.stat().st_mtime
            if not there.is_file() or (there.stat().st_size, there.stat().st_mtime) < (size, changed):
                copy_file(here, there)
        except FileNotFoundError:  # a stack that was read meanwhile: its files are originals now
            continue
    for file in list(target.rglob("*")):
        if file.is_file() and file.relative_to(target) not in wanted:
            remove(file)
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def copy_originals(scans: Path, target: Path) -> tuple[int, tuple[str, ...]]:
    """Copy the originals that are not there yet; return how many, and which are not what their name says."""
    copied, damaged = 0, []
    for original in each("originals", sorted(scans.glob("??/*"))):
        copy = target / original.parent.name / original.name
        if original.name.startswith(".") or copy.is_file():
            continue
        if sha256_of(original) == original.name[:64]:
            copy_file(original, copy)
            copied += 1
        else:
            damaged.append(f"{SCANS}/{original.parent.name}/{original.name}")
    return copied, tuple(damaged)


def _read_back(store: Store, target: Path, damaged: tuple[str, ...], *, whole: bool) -> None:
    """Refuse a backup that lacks an original of the register, or in which one was damaged."""
    rows = list(store.rows("SELECT original, path, bytes FROM originals"))
    for row in each("reading_back", rows):
        copy = target / row["path"]
        there = copy.is_file() and copy.stat().st_size == row["bytes"]
        if there and whole and sha256_of(copy) != row["original"]:
            remove(copy)  # the next backup copies it again
            raise OmrError("backup.not_the_same", file=copy)
        if not there and row["path"] not in damaged:
            raise OmrError("backup.lacks", target=target, path=row["path"])


def _month_of(register: Path) -> str:
    """Return the month of a register's newest event, "" where it cannot be read or has none."""
    try:
        with closing(sqlite3.connect(f"{register.absolute().as_uri()}?immutable=1", uri=True)) as raw:
            row = raw.execute("SELECT at FROM events ORDER BY event DESC LIMIT 1").fetchone()
    except sqlite3.Error:
        return ""
    return str(row[0])[:7] if row else ""


def end_of(register: Path) -> tuple[int, str]:
    """Return number and hash of the newest event of a register."""
    with closing(sqlite3.connect(register)) as raw:
        row = raw.execute("SELECT event, hash FROM events ORDER BY event DESC LIMIT 1").fetchone()
    return (int(row[0]), str(row[1])) if row else (0, "")
