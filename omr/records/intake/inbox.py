"""Stacks that wait to be read: one folder each, until the batch they become is in the register.

``inbox/<stack>/`` holds ``stack.json`` (whose, of when, how many), ``files/`` and, in the
order of a stack's life, ``sent``, ``progress.json`` and one of ``receipt.json`` or
``failed.json``. Every step is a file that appears whole, so a power cut leaves a stack
where it was, and reading it again ends in the same rows.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from omr.errors import OmrError
from omr.files import SCAN_SUFFIXES, kind_of_scan, locked, put_in_place, write_whole
from omr.records.intake.orders import Orders
from omr.records.intake.receipt import Problem
from omr.workspace import Workspace

MOST_FILES: Final = 5_000  # a month of single pages from one unit
MOST_FILE_BYTES: Final = 2 * 2**30  # 2,000 pages of A4 at 300 dpi in colour
LEAST_FREE_BYTES: Final = 2 * 2**30  # kept free for the database and the copies of originals

_NAME: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


class StackState(StrEnum):
    """Where a stack is."""

    OPEN = "open"  # files still come in
    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stack:
    """One pile of scans as somebody sent it."""

    name: str
    unit: str | None
    period: str | None
    expected: int | None  # sheets that somebody counted
    by: str
    made_at: str  # UTC

    @property
    def orders(self) -> Orders:
        """What was said about it."""
        return Orders(self.unit, self.period, self.expected)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading of a stack is; pages = read + blank backs + rejected."""

    total: int = 0  # pages in all files
    pages: int = 0
    read: int = 0
    blank_backs: int = 0
    rejected: int = 0
    seconds: float = 0.0
    problems: tuple[Problem, ...] = ()


class Inbox:
    """The stacks of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.folder = workspace.path / "inbox"

    def begin(self, unit: str | None, period: str | None, expected: int | None, by: str) -> Stack:
        """Open a stack for files."""
        now = datetime.now(UTC)
        stack = Stack(
            f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}", unit, period, expected, by, now.isoformat()
        )
        (self.folder / stack.name / "files").mkdir(parents=True)
        self._put(stack, "stack.json", asdict(stack))
        return stack

    def find(self, name: str) -> Stack | None:
        """Return a stack by its name; what is no name of ours is nothing."""
        if not _NAME.fullmatch(name):
            return None
        told = self._get(name, "stack.json")
        return None if told is None else Stack(**told)

    def stacks(self) -> list[Stack]:
        """Return all stacks, the oldest first."""
        names = sorted(folder.name for folder in self.folder.iterdir()) if self.folder.is_dir() else []
        return [stack for name in names if (stack := self.find(name)) is not None]

    def state(self, stack: Stack) -> StackState:
        """Say where a stack is."""
        folder = self.folder / stack.name
        if (folder / "receipt.json").is_file():
            return StackState.DONE
        if (folder / "failed.json").is_file():
            return StackState.FAILED
        if (folder / "progress.json").is_file():
            return StackState.READING
        return StackState.WAITING if (folder / "sent").is_file() else StackState.OPEN

    def files(self, stack: Stack) -> list[Path]:
        """Return the files of a stack in the order in which they came."""
        return sorted(
            path for path in (self.folder / stack.name / "files").glob("*/*") if path.suffix != ".part"
        )

    def place_for(self, stack: Stack, name: str) -> Path:
        """Return where a file of this name goes; to be written as ``.part`` and given to `take`.

        Raises
        ------
        OmrError
            If the stack takes no more files, the name is no scan's, or the disk is nearly full.
        """
        if self.state(stack) is not StackState.OPEN:
            raise OmrError("inbox.not_open")
        clean = clean_name(name)
        folder = self.folder / stack.name / "files"
        count = sum(1 for _ in folder.iterdir())
        if count >= MOST_FILES:
            raise OmrError("inbox.too_many_files", most=MOST_FILES)
        if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
            raise OmrError("inbox.disk_full")
        # A folder per file: two files of one name stay two files, and nobody's name becomes a path of ours.
        place = folder / f"{count + 1:05}-{secrets.token_hex(2)}"
        place.mkdir()
        return place / (clean + ".part")

    def take(self, part: Path) -> Path:
        """Accept a file that was written completely.

        Raises
        ------
        OmrError
            If its first bytes are no scan's; the file is removed.
        """
        if kind_of_scan(part) is None:
            self.discard(part)
            raise OmrError("inbox.not_a_scan", file=part.name.removesuffix(".part"))
        file = part.with_name(part.name.removesuffix(".part"))
        put_in_place(part, file)
        return file

    def discard(self, part: Path) -> None:
        """Remove a file that did not come through."""
        shutil.rmtree(part.parent, ignore_errors=True)

    def send(self, stack: Stack) -> None:
        """Close a stack: from now on it waits to be read.

        Raises
        ------
        OmrError
            If it holds no file.
        """
        if not self.files(stack):
            raise OmrError("inbox.no_files")
        for part in (self.folder / stack.name / "files").glob("*/*.part"):
            self.discard(part)
        (self.folder / stack.name / "sent").touch()

    def drop(self, stack: Stack) -> None:
        """Remove a stack that was never sent, or could not be read; nothing of it was counted."""
        if self.state(stack) not in (StackState.OPEN, StackState.FAILED):
            raise OmrError("inbox.already_sent")
        shutil.rmtree(self.folder / stack.name)

    def again(self, stack: Stack) -> None:
        """Let a stack that failed wait once more."""
        (self.folder / stack.name / "failed.json").unlink(missing_ok=True)

    def unread(self) -> list[Stack]:
        """Return what is to be read, the oldest first: also what an interruption left half-read."""
        return [s for s in self.stacks() if self.state(s) in (StackState.WAITING, StackState.READING)]

    def progress(self, stack: Stack) -> Progress:
        """Return how far the reading is."""
        told = self._get(stack.name, "progress.json") or {}
        problems = tuple(Problem(**problem) for problem in told.pop("problems", ()))
        return Progress(**told, problems=problems)

    def batch(self, stack: Stack) -> str | None:
        """Return the batch that a stack became."""
        told = self._get(stack.name, "receipt.json")
        return None if told is None else str(told["batch"])

    def failure(self, stack: Stack) -> OmrError | None:
        """Return why a stack could not be read."""
        told = self._get(stack.name, "failed.json")
        return None if told is None else OmrError(told["key"], **told["values"])

    def fail(self, stack: Stack, error: OmrError) -> None:
        """Put a stack aside with the reason; a person looks at it."""
        values = {key: str(value) for key, value in error.values.items()}
        self._put(stack, "failed.json", {"key": error.key, "values": values})

    def tell(self, stack: Stack, progress: Progress) -> None:
        """Write how far the reading is."""
        self._put(stack, "progress.json", asdict(progress))

    def finish(self, stack: Stack, batch: str) -> None:
        """Note the batch; the files go, their originals are kept under their SHA-256."""
        self._put(stack, "receipt.json", {"batch": batch})
        shutil.rmtree(self.folder / stack.name / "files", ignore_errors=True)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the inbox: one stack is read at a time, also with two programs on one workspace."""
        self.folder.mkdir(exist_ok=True)
        with locked(self.folder / ".reading"):
            yield

    def _put(self, stack: Stack, name: str, value: dict[str, Any]) -> None:
        write_whole(self.folder / stack.name / name, json.dumps(value, ensure_ascii=False, default=str))

    def _get(self, name: str, file: str) -> dict[str, Any] | None:
        try:
            told: dict[str, Any] = json.loads((self.folder / name / file).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return told


def clean_name(name: str) -> str:
    r"""Return a file's name as it may stand in a folder of ours.

    Raises
    ------
    OmrError
        If it does not end as scans end.

    Examples
    --------
    >>> clean_name("..\\..\\Phiếu tháng 11.PDF")
    'Phiếu tháng 11.PDF'
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip()
    stem, dot, suffix = plain.rpartition(".")
    if f".{suffix.lower()}" not in SCAN_SUFFIXES or not dot:
        raise OmrError("inbox.not_a_scan", file=plain[:80] or "?")
    stem = stem.strip(" .")
    # 200 bytes: file systems stop at 255, and ".part" is added.
    while len(stem.encode()) > 200:
        stem = stem[:-1]
    return f"{stem or 'scan'}.{suffix}"
