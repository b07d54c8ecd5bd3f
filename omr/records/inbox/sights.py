"""What a name in a scanner's folder is, and whether a file is complete: by rest, structure and closing.

Nobody tells when a scanner that writes over the network is done. A file is complete when no
program of this machine writes into it, its size and time are at rest, and its structure
reaches its end. Whatever is not complete after a while is told, with the reason.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from omr.errors import outside
from omr.files import MOST_FILE_BYTES, SCAN_SUFFIXES, kind_of_scan
from omr.reading.files.endings import is_whole
from omr.reading.files.find import no_scan

QUIET_S: Final = 5.0  # the longest pause of a feeder between two pages is 2 s
PATIENCE_S: Final = 30.0  # then what is not complete is told: everything has its line within a minute
_PAUSES: Final = 6.0  # who asks for shorter pauses than usual has less patience

# How programs call what is not yet the file: it gets its name at the end.
_UNFINISHED: Final = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp")


class Fate(StrEnum):
    """What became of a name in the folder so far."""

    WAITING = "waiting"
    READ = "read"
    NOT_OURS = "not_ours"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Told:
    """What is said about a name; `reason` is a key of the catalogue `watch`."""

    standing: Fate
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """A name as it was when it was looked at."""

    path: Path  # in the folder
    size: int
    changed_ns: int
    since_s: float  # first seen so
    born_s: float  # first seen at all
    told: Told
    whole: bool | None = None  # its structure reaches its end; None: not looked at
    supersedes: str = ""  # the stack that holds its earlier version

    @property
    def complete(self) -> bool:
        """Whether it may be taken."""
        return self.told.reason == "complete"

    @property
    def state(self) -> tuple[int, int]:
        """What changes when it is written."""
        return self.size, self.changed_ns

    @property
    def job(self) -> str:
        """What is scanned together: the files beside each other, or all under one sub-folder."""
        return self.path.parts[0] if len(self.path.parts) > 1 and not self.supersedes else ""


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what names are.

    Parameters
    ----------
    quiet_s : float
        So long size and time must be at rest.
    is_closed : callable, optional
        Says whether nobody writes into a file any more; None where the system cannot tell.
    """

    folder: Path
    quiet_s: float
    is_closed: Callable[[Path], bool | None]

    @property
    def patience_s(self) -> float:
        """How long a file may take to be complete before that is told."""
        return min(PATIENCE_S, _PAUSES * self.quiet_s)

    def unreadable(self, sight: Sight, error: OSError) -> Sight:
        """Return a name of which nothing could be learned."""
        told = Told(Fate.BROKEN, "unreadable", str(outside(error, self.folder / sight.path)))
        return replace(sight, told=told)

    def judged(self, sight: Sight, what: os.stat_result, now_s: float) -> Sight:
        """Say what a name is by its name, its size and time, and, once these are at rest, by its content."""
        name = sight.path.name.lower()
        late = now_s - sight.born_s >= self.patience_s
        rests_s = now_s - sight.since_s
        waiting = partial(Told, Fate.WAITING)
        if is_hidden(name) or not stat.S_ISREG(what.st_mode):
            told = Told(Fate.NOT_OURS, "hidden" if is_hidden(name) else "no_file")
        elif name.endswith(_UNFINISHED) or name.startswith("~"):
            told = waiting("unfinished_name" if late else "unfinished")
        elif sight.size > MOST_FILE_BYTES:
            told = Told(Fate.BROKEN, "too_large")
        elif rests_s < self.quiet_s or sight.size == 0:
            if late and sight.size == 0:
                told = Told(Fate.BROKEN, "empty")
            elif late and not name.endswith(SCAN_SUFFIXES):
                told = Told(Fate.NOT_OURS, "never_at_rest")
            else:
                told = waiting("keeps_changing" if late else "changing")
        else:
            try:
                return self._examined(sight, is_late=rests_s >= self.patience_s)
            except FileNotFoundError:  # it went while we looked
                told = waiting("changing")
            except OSError as error:
                return self.unreadable(sight, error)
        return replace(sight, told=told)

    def _examined(self, sight: Sight, *, is_late: bool) -> Sight:
        """Say what a file at rest is by its content."""
        path = self.folder / sight.path
        kind = kind_of_scan(path)
        whole = sight.whole if sight.whole is not None else kind is not None and is_whole(path, kind)
        if self.is_closed(path) is False:
            told = Told(Fate.WAITING, "stays_open" if is_late else "open")
        elif whole:
            told = Told(Fate.WAITING, "complete")
        elif not is_late and (kind is not None or path.suffix.lower() in SCAN_SUFFIXES):
            told = Told(Fate.WAITING, "unfinished")  # the beginning, too, may come last
        elif kind is not None:
            told = Told(Fate.BROKEN, "breaks_off")
        else:
            told = Told(Fate.NOT_OURS, "not_a_scan")
        return replace(sight, told=told, whole=whole)


def is_closed(path: Path) -> bool | None:
    """Whether no program of this machine writes into a file; None where the system cannot tell."""
    if os.name == "nt":
        return is_alone(path.rename, path)
    try:
        import fcntl

        with path.open("rb") as file:
            # A read lease is refused while anybody has the file open for writing.
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return False
    except (ImportError, AttributeError, OSError):
        return None
    return True


def is_alone(rename: Callable[[Path], object], path: Path) -> bool | None:
    """Whether Windows would rename a file to the name that it has: it does not while anybody has it open."""
    try:
        rename(path)
    except OSError as error:
        return False if getattr(error, "winerror", None) in (32, 33) else None
    return True


def is_coming(sight: Sight) -> bool:
    """Whether a file that is being written holds back what lies complete beside it."""
    names = sight.path.name.lower().endswith((*SCAN_SUFFIXES, *_UNFINISHED))
    return (
        names and sight.size > 0 and sight.told.reason in ("changing", "open", "unfinished", "keeps_changing")
    )


def is_hidden(name: str) -> bool:
    """Whether a name is the system's, hidden, or a place for what was thrown away."""
    return no_scan(name) is not None
