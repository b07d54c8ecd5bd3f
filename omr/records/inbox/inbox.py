"""Stacks that wait to be read: one folder each, until the batch they become is in the register.

The one way in, and its journal: what the desks, a watched folder and ``omr read`` bring stands
here from its arrival to its end, and whichever program starts next goes on with it.

``inbox/<stack>/`` holds ``stack.json`` (whose, of when, how many), ``files/`` and, in the
order of a stack's life, ``sent``, ``progress.json`` and one of ``receipt.json`` or
``failed.json``. Every step is a file that appears whole, so a power cut leaves a stack
where it was, and reading it again ends in the same rows.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from omr.errors import OmrError
from omr.files import (
    kind_of_scan,
    make_folder,
    move,
    put_in_place,
    remove,
    remove_folder,
    sync_folder,
    write_whole,
)
from omr.records.batches.receipt import PageProblem
from omr.records.inbox.names import plain_name
from omr.records.intake.claims import Claims
from omr.records.intake.orders import Orders
from omr.workspace import Workspace

MOST_FILES: Final = 5_000  # a month of single pages from one unit
LOOKED_AFTER: Final = timedelta(days=2)  # so long a file that was taken may still grow
LEAST_FREE_BYTES: Final = 2 * 2**30  # kept free for the database and the copies of originals

_NAME: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


class StackState(StrEnum):
    """Where a stack is."""

    OPEN = "open"  # files still come in
    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


class Way(StrEnum):
    """How a stack came in."""

    DESK = "desk"  # uploaded in the browser
    WATCH = "watch"  # from a folder that a scanner writes into
    READ = "read"  # given on the command line
    SCAN = "scan"  # from a scanner that the server works


@dataclass(frozen=True, slots=True)
class Stack:
    """One pile of scans as somebody sent it."""

    name: str
    unit: str | None
    period: str | None
    expected: int | None  # sheets that somebody counted
    by: str
    made_at: str  # UTC
    way: str = Way.DESK
    folder: str = ""  # that was watched
    supersedes: str = ""  # an earlier stack, of whose file this one holds the newer version

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
    problems: tuple[PageProblem, ...] = ()


class Inbox:
    """The stacks of one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        least_free: int = LEAST_FREE_BYTES,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._workspace = workspace
        self._least_free = least_free
        self._free_bytes = free_bytes
        self.folder = workspace.path / "inbox"
        self.claims = Claims(self.folder / ".claims")

    def begin(
        self,
        unit: str | None,
        period: str | None,
        expected: int | None,
        by: str,
        *,
        way: Way = Way.DESK,
        folder: str = "",
        supersedes: str = "",
    ) -> Stack:
        """Open a stack for files."""
        now = datetime.now(UTC)
        name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        stack = Stack(name, unit, period, expected, by, now.isoformat(), way, folder, supersedes)
        making = self.folder / f".making-{name}.{os.getpid()}.part"
        try:
            make_folder(making / "files")
            write_whole(making / "stack.json", json.dumps(asdict(stack)))
            move(making, self.folder / name)
            sync_folder(self.folder)
        except OSError:
            _clear(making)
            raise
        return stack

    def find(self, name: str) -> Stack | None:
        """Return a stack by its name; what is no name of ours is nothing."""
        if not is_stack(name):
            return None
        told = self._get(name, "stack.json")
        return None if told is None else Stack(**told)

    def stacks(self) -> list[Stack]:
        """Return all stacks, the oldest first."""
        return [stack for name in self._names() if (stack := self.find(name)) is not None]

    def not_done(self) -> list[Stack]:
        """Return the stacks that are no batch yet, the oldest first; done ones, of years, stay shut."""
        names = [name for name in self._names() if not (self.folder / name / "receipt.json").is_file()]
        return [stack for name in names if (stack := self.find(name)) is not None]

    def ended(self, way: Way, latest: int = 50) -> list[tuple[Stack, str]]:
        """Return the latest stacks that came in this way and are a batch now, the newest first."""
        found: list[tuple[Stack, str]] = []
        for name in reversed(self._names()):
            stack = self.find(name)
            batch = self.batch(stack) if stack is not None and stack.way == way else None
            if stack is not None and batch is not None:
                found.append((stack, batch))
            if len(found) == latest:
                break
        return found

    def _names(self) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self.folder) if is_stack(entry.name))
        except FileNotFoundError:
            return []

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

    def place_for(self, stack: Stack, name: str, size: int = 0, *, number: int | None = None) -> Path:
        """Return where a file of this name goes; to be written as ``.part`` and given to `take`.

        Parameters
        ----------
        number : int, optional
            Its place in the stack; without it, it comes last.

        Raises
        ------
        OmrError
            If the stack takes no more files, or a file of so many bytes would fill the disk.
        """
        if self.state(stack) is not StackState.OPEN:
            raise OmrError("inbox.not_open")
        folder = self.folder / stack.name / "files"
        count = sum(1 for _ in folder.iterdir())
        if count >= MOST_FILES:
            raise OmrError("inbox.too_many_files", most=MOST_FILES)
        if size > self.room():
            raise OmrError("inbox.disk_full")
        place = self.place_of(stack, count + 1 if number is None else number, name)
        place.parent.mkdir(mode=0o700)
        return place.with_name(place.name + ".part")

    def room(self) -> int:
        """Return how many bytes of files the disk can take; negative where it is too full already."""
        make_folder(self.folder)
        return self._free_bytes(self.folder) - self._least_free

    def place_of(self, stack: Stack, number: int, name: str) -> Path:
        """Return where a file lies in a stack, in a folder of its own.

        Two files of one name stay two files, and nobody's name becomes a path of ours.
        """
        folder = f"{number:07}-{secrets.token_hex(2)}"
        return self.folder / stack.name / "files" / folder / plain_name(name)

    def take(self, part: Path, *, known: bool = False) -> Path:
        """Accept a file that was written completely.

        Parameters
        ----------
        known : bool
            Whether it is an original of another office: that one says what it is, scan or not.

        Raises
        ------
        OmrError
            If its first bytes are no scan's; the file is removed.
        """
        if not known and kind_of_scan(part) is None:
            self.discard(part)
            raise OmrError("inbox.not_a_scan", file=part.name.removesuffix(".part"))
        file = part.with_name(part.name.removesuffix(".part"))
        put_in_place(part, file)
        return file

    def discard(self, part: Path) -> None:
        """Remove a file that did not come through."""
        _clear(part.parent)

    def send(self, stack: Stack, contents: str = "") -> None:
        """Close a stack: from now on it waits to be read.

        Parameters
        ----------
        contents : str, optional
            What tells its files from any others.

        Raises
        ------
        OmrError
            If it holds no file.
        """
        if not self.files(stack):
            raise OmrError("inbox.no_files")
        for part in (self.folder / stack.name / "files").glob("*/*.part"):
            self.discard(part)
        write_whole(self.folder / stack.name / "sent", contents)

    def contents(self, stack: Stack) -> str:
        """Return what was said of its files when it was sent."""
        return (self.folder / stack.name / "sent").read_text("utf-8")

    def note_taken(self, stack: Stack, files: Mapping[Path, tuple[int, int]]) -> None:
        """Note where in the watched folder the files of a stack are kept, and their size and time."""
        self._put(stack, "taken.json", {os.fspath(path): state for path, state in files.items()})

    def taken_from(self, folder: str) -> Iterator[tuple[Path, tuple[str, int, int]]]:
        """Yield what was taken from a watched folder lately: the file, its stack, its size and time."""
        first = f"{datetime.now(UTC) - LOOKED_AFTER:%Y%m%d}"
        for name in self._names():
            stack = self.find(name) if name >= first else None
            if stack is None or stack.folder != folder or self.state(stack) is StackState.OPEN:
                continue
            for file, (size, changed_ns) in (self._get(name, "taken.json") or {}).items():
                yield Path(file), (name, size, changed_ns)

    def note_scan(self, stack: Stack, told: Mapping[str, Any]) -> None:
        """Note how the scanning of a stack stands that comes from a scanner of ours."""
        self._put(stack, "scan.json", dict(told))

    def scan(self, stack: Stack) -> dict[str, Any] | None:
        """Return what was noted last, None if its files came otherwise."""
        return self._get(stack.name, "scan.json")

    def beside(self, stack: Stack) -> Path:
        """Return the folder for what a stack needs until it is read, and that is not read itself."""
        folder = self.folder / stack.name / "beside"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def drop(self, stack: Stack) -> None:
        """Remove a stack that was never sent, or could not be read; nothing of it was counted."""
        if self.state(stack) not in (StackState.OPEN, StackState.FAILED):
            raise OmrError("inbox.already_sent")
        remove_folder(self.folder / stack.name)

    def again(self, stack: Stack) -> None:
        """Let a stack that failed wait once more."""
        remove(self.folder / stack.name / "failed.json")

    def unread(self) -> list[Stack]:
        """Return what is to be read, the oldest first: also what an interruption left half-read."""
        return [s for s in self.not_done() if self.state(s) in (StackState.WAITING, StackState.READING)]

    def progress(self, stack: Stack) -> Progress:
        """Return how far the reading is."""
        told = self._get(stack.name, "progress.json") or {}
        problems = tuple(PageProblem(**problem) for problem in told.pop("problems", ()))
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

    def read_before(self, stack: Stack) -> tuple[PageProblem, ...]:
        """Return what was said of the files of a stack that had been read before it came."""
        told = self._get(stack.name, "receipt.json") or {}
        return tuple(PageProblem(**file) for file in told.get("read_before", ()))

    def finish(self, stack: Stack, batch: str, read_before: Iterable[PageProblem] = ()) -> None:
        """Note the batch, and what of the stack was no news; the files go, their originals are kept."""
        before = [asdict(file) for file in read_before]
        self._put(stack, "receipt.json", {"batch": batch, "read_before": before})
        for folder in ("files", "beside"):
            _clear(self.folder / stack.name / folder)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn: of the programs that read in the background, one at a time does."""
        with self.claims.held("turn"):
            yield

    def _put(self, stack: Stack, name: str, value: dict[str, Any]) -> None:
        write_whole(self.folder / stack.name / name, json.dumps(value, default=str))

    def _get(self, name: str, file: str) -> dict[str, Any] | None:
        try:
            told: dict[str, Any] = json.loads((self.folder / name / file).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return told


def is_stack(name: str) -> bool:
    """Whether this is how stacks are called."""
    return _NAME.fullmatch(name) is not None


def _clear(folder: Path) -> None:
    """Remove what nobody needs any more; what stays is found again at the next start, or does no harm."""
    with suppress(OSError):
        remove_folder(folder)
