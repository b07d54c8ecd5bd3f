"""A folder into which a scanner writes: files are taken when they are complete, as one stack per pause.

A file is complete when neither its size nor its time changed for a while, whatever the
system tells about closing it: scanners write over the network, where nobody tells. What
was taken is moved to ``taken/``, so that whoever looks into the folder sees what waits.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from omr.errors import OmrError
from omr.records.intake.inbox import Inbox, Stack

TAKEN: Final = "taken"
QUIET_S: Final = 5.0  # the longest pause of a feeder between two pages is 2 s


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was when it was looked at."""

    size: int
    changed_ns: int
    since_s: float  # when it was first seen so


class HotFolder:
    """Files of one folder on their way to being complete."""

    def __init__(self, folder: Path, quiet_s: float = QUIET_S) -> None:
        if not folder.is_dir():
            raise OmrError("page.no_such_path", path=folder)
        self.folder = folder
        self._quiet_s = quiet_s
        self._seen: dict[Path, Seen] = {}

    def complete(self, now_s: float) -> list[Path]:
        """Return the files, once none of the folder has changed for the pause; until then nothing."""
        seen: dict[Path, Seen] = {}
        for path in sorted(self.folder.iterdir()):
            if path.name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            try:
                told = path.stat()
            except OSError:  # it went while we looked
                continue
            before = self._seen.get(path)
            same = before is not None and (before.size, before.changed_ns) == (told.st_size, told.st_mtime_ns)
            since = before.since_s if before is not None and same else now_s
            seen[path] = Seen(told.st_size, told.st_mtime_ns, since)
        self._seen = seen
        if any(now_s - one.since_s < self._quiet_s or one.size == 0 for one in seen.values()):
            return []
        return list(seen)

    @property
    def empty(self) -> bool:
        """Whether there was no file at the last look."""
        return not self._seen

    def take(
        self, inbox: Inbox, *, unit: str | None, period: str | None, by: str
    ) -> tuple[Stack | None, list[Path]]:
        """Put the files into the inbox as one stack; return it and the files that are no scans.

        Nothing is moved before the stack is safely in the inbox; taken twice, a file counts once.
        """
        stack = inbox.begin(unit, period, None, by)
        strangers: list[Path] = []
        taken: list[Path] = []
        for path in self._seen:
            try:
                part = inbox.place_for(stack, path.name)
                shutil.copyfile(path, part)
                inbox.take(part)
                taken.append(path)
            except OmrError:
                strangers.append(path)
        if taken:
            inbox.send(stack)
        else:
            inbox.drop(stack)
        self._move(taken, TAKEN)
        self._move(strangers, "strange")
        self._seen.clear()
        return (stack if taken else None), strangers

    def _move(self, files: list[Path], name: str) -> None:
        for path in files:
            target = self.folder / name / path.name
            target.parent.mkdir(exist_ok=True)
            number = 1
            while target.exists():
                number += 1
                target = target.with_name(f"{path.stem} ({number}){path.suffix}")
            path.rename(target)


class _Woken(FileSystemEventHandler):
    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._event.set()


def changes(folder: Path, every_s: float) -> Iterator[None]:
    """Yield whenever something changed in a folder, and every now and then without."""
    woken = threading.Event()
    observer = Observer()
    observer.schedule(_Woken(woken), str(folder))
    observer.start()
    try:
        while True:
            yield
            woken.wait(every_s)
            woken.clear()
    finally:
        observer.stop()
        observer.join()
