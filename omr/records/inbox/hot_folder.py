"""A folder into which a scanner writes: what lies there is looked at, and what is complete is taken.

A complete file waits for what is being written beside it, for a while, so that pages saved one by
one become one stack. What was taken is moved to ``taken/``; should it grow there, it is a newer
version and is read as well: a page that was in it already counts once, by the rule for a sheet that
is scanned twice. No name holds up the others for long.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from omr.errors import OmrError, outside
from omr.files import move
from omr.records.inbox.inbox import MOST_FILES, Inbox, Stack, Way
from omr.records.inbox.names import name_with_folders
from omr.records.inbox.sights import QUIET_S, Fate, Judge, Sight, Told, is_closed, is_coming, is_hidden

TAKEN: Final = "taken"
STRANGE: Final = "strange"
GROWN_EVERY_S: Final = 5.0  # so often files that were taken are looked at, whether they grew
EMPTY_S: Final = 3600.0  # a job's folder that is empty so long is nobody's any more
# A day with a time or a counter, eight digits: a person may call a scanner's place by its year or month.
_OF_A_JOB: Final = re.compile(r"(?:[0-9][^0-9]*){8}")
_NO_ROOM: Final = Told(Fate.WAITING, "no_room")


class HotFolder:
    """Files of one folder on their way into the inbox."""

    def __init__(
        self,
        folder: Path,
        inbox: Inbox,
        *,
        quiet_s: float = QUIET_S,
        is_closed: Callable[[Path], bool | None] = is_closed,
    ) -> None:
        self.folder = folder
        self.away: OmrError | None = None  # why the folder itself could not be looked into
        self.trouble: OmrError | None = None  # why nothing could be taken
        self._inbox = inbox
        self._judge = Judge(folder, quiet_s, is_closed)
        self._sights: dict[Path, Sight] = {}
        # What was taken, as it was then: in taken/ it may still grow, and what may not be moved stays.
        self._taken: dict[Path, tuple[str, int, int]] = dict(inbox.taken_from(str(folder)))
        self._empty: dict[Path, tuple[int, float]] = {}  # folders, their time, and since when
        self._checked_s: float | None = None  # when what was taken was last looked at

    def look(self, now_s: float) -> list[Sight]:
        """Look at every name; return what is seen.

        Parameters
        ----------
        now_s : float
            A clock that only goes forward: that of the day may be put right meanwhile.
        """
        try:
            found = dict(self._walk(Path(), now_s))
        except OSError as error:
            self.away = outside(error, self.folder)
            return []
        self.away = None
        due = self._checked_s is None or now_s - self._checked_s >= GROWN_EVERY_S
        if due:
            self._checked_s = now_s
        for path, (_, *before) in self._taken.items():
            if not (due or path in found or path in self._sights):
                continue
            with suppress(OSError):
                told = (self.folder / path).stat()
                if [told.st_size, told.st_mtime_ns] == before:
                    found.pop(path, None)
                else:
                    found[path] = told
        self._sights = {path: self._seen(path, what, now_s) for path, what in sorted(found.items())}
        self._find_room()
        return list(self._sights.values())

    def ready(self, now_s: float) -> list[list[Sight]]:
        """Return the complete files, a list for each job in which nothing more is on its way."""
        jobs: dict[tuple[str, str], list[Sight]] = {}
        for sight in self._sights.values():
            if sight.complete:
                jobs.setdefault((sight.job, sight.supersedes), []).append(sight)
        on_their_way = {sight.job for sight in self._sights.values() if is_coming(sight)}
        return [
            files[:MOST_FILES]
            for (job, supersedes), files in jobs.items()
            if supersedes
            or job not in on_their_way
            or now_s - max(one.since_s for one in files) >= self._judge.patience_s
        ]

    def take(self, files: list[Sight], *, unit: str | None, period: str | None, by: str) -> Stack | None:
        """Put files into the inbox as one stack; None if one of them changed, or the machine refuses.

        Nothing is moved before the stack is safely in the inbox; taken twice, a file counts once.
        """
        inbox, supersedes = self._inbox, files[0].supersedes
        stack, self.trouble = None, None
        try:
            stack = inbox.begin(
                unit, period, None, by, way=Way.WATCH, folder=str(self.folder), supersedes=supersedes
            )
            with inbox.claims.at_once(stack.name):
                for one in files:
                    part = inbox.place_for(stack, name_with_folders(one.path), one.size)
                    if not self._copied(one, part):
                        inbox.drop(stack)
                        return None
                    inbox.take(part)
                targets = self._places_of(files)
                inbox.note_taken(stack, {targets[one.path]: one.state for one in files})
                inbox.send(stack)
        except (OmrError, OSError) as error:
            self.trouble = error if isinstance(error, OmrError) else outside(error, inbox.folder)
            with suppress(OSError, OmrError):
                if stack is not None:
                    inbox.drop(stack)
            return None
        for one in files:
            self._sights.pop(one.path)
            there = self._moved(one.path, targets[one.path])
            self._taken[there] = stack.name, *one.state
        return stack

    @property
    def lacks_room(self) -> bool:
        """Whether something complete waits for room on the disk."""
        return any(one.told == _NO_ROOM for one in self._sights.values())

    def _find_room(self) -> None:
        """Let what the disk has no room for wait, each by its name; smaller files go on.

        Files of one sub-folder were scanned together and wait together.
        """
        jobs: dict[str | Path, list[Sight]] = {}
        for sight in self._sights.values():
            if sight.complete:
                jobs.setdefault(sight.job or sight.path, []).append(sight)
        if not jobs:
            return
        try:
            room = self._inbox.room()
        except OSError as error:  # what is ready is refused for the same reason, and that is told
            self.trouble = outside(error, self._inbox.folder)
            return
        fits = False
        for files in jobs.values():
            size = sum(one.size for one in files)
            if size <= room:
                room, fits = room - size, True
            else:
                self._sights |= {one.path: replace(one, told=_NO_ROOM) for one in files}
        if not fits:
            self.trouble = OmrError("inbox.disk_full")
        elif self.trouble is not None and self.trouble.key == "inbox.disk_full":
            self.trouble = None

    def put_aside(self) -> list[Sight]:
        """Move what is no scan to ``strange/``; return what was moved."""
        moved = []
        for sight in self._sights.values():
            if sight.told.reason == "not_a_scan":
                target = self._free(Path(STRANGE) / sight.path, set())
                if self._moved(sight.path, target) == target:
                    moved.append(sight)
        return moved

    def _walk(self, inside: Path, now_s: float) -> Iterator[tuple[Path, os.stat_result | OSError]]:
        """Yield every name below the folder with what the system tells about it."""
        with os.scandir(self.folder / inside) as entries:
            names = sorted(entries, key=lambda entry: entry.name)
        for entry in names:
            path = inside / entry.name
            if inside == Path() and entry.name in (TAKEN, STRANGE):
                continue
            try:
                told = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(told.st_mode) and not is_hidden(entry.name):
                    below = list(self._walk(path, now_s))
                    yield from below
                    self._clear(path, told.st_mtime_ns, now_s, is_empty=not below)
                else:
                    yield path, told
            except FileNotFoundError:  # it went while we looked
                continue
            except OSError as error:
                yield path, error

    def _clear(self, path: Path, changed_ns: int, now_s: float, *, is_empty: bool) -> None:
        """Remove a job's folder whose scans were taken, once it was empty and untouched for long.

        Never a folder that nothing came from, or that a person named: a scanner may be told to write there.
        """
        before, since_s = self._empty.get(path, (None, now_s))
        if not is_empty:
            self._empty.pop(path, None)
        elif before != changed_ns:
            self._empty[path] = changed_ns, now_s
        elif now_s - since_s > EMPTY_S and _OF_A_JOB.search(path.name) and self._is_emptied(path):
            with suppress(OSError):  # something came just now, or the share forbids it: it harms nobody
                (self.folder / path).rmdir()
                del self._empty[path]

    def _is_emptied(self, path: Path) -> bool:
        return (self.folder / TAKEN / path).is_dir()

    def _seen(self, path: Path, what: os.stat_result | OSError, now_s: float) -> Sight:
        before = self._sights.get(path)
        born_s = before.born_s if before is not None else now_s
        told = Told(Fate.WAITING, "changing")
        if isinstance(what, OSError):
            return self._judge.unreadable(Sight(path, 0, 0, now_s, born_s, told), what)
        if before is not None and before.state == (what.st_size, what.st_mtime_ns):
            if before.told.reason in ("complete", "not_a_scan", "breaks_off", "empty"):
                return before  # it stays so until it changes
            return self._judge.judged(before, what, now_s)
        stack = self._taken[path][0] if path in self._taken else ""
        fresh = Sight(path, what.st_size, what.st_mtime_ns, now_s, born_s, told, supersedes=stack)
        return self._judge.judged(fresh, what, now_s)

    def _copied(self, sight: Sight, target: Path) -> bool:
        """Copy a file; False if it is gone, or another one, when that is done."""
        source = self.folder / sight.path
        try:
            shutil.copyfile(source, target)
            told = source.stat()
        except FileNotFoundError:
            if target.parent.is_dir():
                return False
            raise
        return (told.st_size, told.st_mtime_ns) == sight.state

    def _places_of(self, files: list[Sight]) -> dict[Path, Path]:
        """Return where files go when they were taken; what grew there stays there."""
        targets: dict[Path, Path] = {}
        for one in files:
            free = self._free(Path(TAKEN) / one.path, set(targets.values()))
            targets[one.path] = one.path if one.supersedes else free
        return targets

    def _free(self, target: Path, used: set[Path]) -> Path:
        """Return a name that nothing has yet."""
        number, free = 1, target
        while free in used or (self.folder / free).exists():
            number += 1
            free = target.with_name(f"{target.stem} ({number}){target.suffix}")
        return free

    def _moved(self, path: Path, target: Path) -> Path:
        """Move a file inside the folder and return where it is: what may not be moved stays."""
        if path == target:
            return path
        try:
            (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
            move(self.folder / path, self.folder / target)
        except OSError as error:
            self.trouble = outside(error, self.folder / path)
            return path
        return target
