"""Files and folders as people give them -> the files to read, and by name what is left out.

Nothing is skipped without a word: what lies in a given folder is read, or it stands among
what was left out, with the reason.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.files import MOST_FILE_BYTES, SCAN_HEAD_BYTES, SCAN_SUFFIXES, is_archive, scan_kind
from omr.messages import say, shown
from omr.words import NotRead

_OF_THIS_MACHINE: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # no file's fault
# What people threw away, and what stores keep of it: bins of Windows, Linux, macOS, Synology, QNAP, Asustor,
# Buffalo, Zyxel and Samba, and their snapshots, in which every deleted scan still lies.
_TRASH: Final = re.compile(
    r"(?i)\.trash.*|trash(es|box)?|\$recycle\.bin|recycler|recycled|[#@.]?recycle|recycle bin"
    r"|@sharebin|[#~@.]snapshots?|@recently-snapshot|@gmt-.*|\.zfs|\.stversions|found\.\d{3}|lost\+found"
)
_THUMBNAILS: Final = re.compile(r"(?i)@eadir|\.@__thumb|@__thumb|\.?thumbnails|\.?thumbs?")
_SYSTEM: Final = re.compile(
    r"(?i)thumbs\.db|ehthumbs.*\.db|desktop\.ini|system volume information|__macosx|@tmp|#work"
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that was not read, or a folder that was not entered, and why."""

    path: str  # from the folder that was given, for people
    reason: NotRead
    files: int = 1  # how many; of a folder that could not be entered it is not known

    @property
    def detail(self) -> str:
        """Why, in the language in force."""
        return say(self.reason.label, files=self.files)


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the given files and folders."""

    files: tuple[Path, ...]  # to be read, each once, in the order a person counts
    inside: Mapping[Path, Path]  # of each, where it lay in the folder that was given
    left_out: tuple[LeftOut, ...]


def find_files(paths: Iterable[Path]) -> Found:
    """Sort files and folders into what is read and what is left out.

    A file that is named is always taken if it is a file at all. In a folder everything is taken
    that is or should have been a scan; hidden folders, trash and thumbnails are not searched.

    Raises
    ------
    OmrError
        If a path does not exist.
    """
    files: dict[Path, Path] = {}
    inside: dict[Path, Path] = {}
    left_out: list[LeftOut] = []
    for path in paths:
        if not os.path.lexists(path):
            raise OmrError("page.no_such_path", path=path)
        for file, top in _inside(path, left_out):
            reason = _why_left_out(file, is_named=file == path)
            if reason is None:
                files.setdefault(file.resolve(), file)
                inside.setdefault(file, file.relative_to(top))
            else:
                left_out.append(LeftOut(_name(file, top), reason))
    return Found(tuple(files.values()), inside, tuple(left_out))


def _inside(path: Path, left_out: list[LeftOut]) -> Iterator[tuple[Path, Path]]:
    """Yield the files of a folder, however deep, or the file itself; with what their names begin after."""
    if not path.is_dir():
        yield path, path.parent
        return
    files: list[Path] = []
    entered = set(path.resolve().parents)  # a link that leads up brings what nobody gave
    todo = [path]
    while todo:
        folder = todo.pop()
        if folder.resolve() in entered:  # a link led back
            continue
        entered.add(folder.resolve())
        try:
            inside = list(folder.iterdir())
        except OSError:
            left_out.append(LeftOut(_name(folder, path), NotRead.UNREADABLE_FOLDER, 0))
            continue
        for one in inside:
            reason = no_scan(one.name)
            if reason is not None:
                left_out.append(LeftOut(_name(one, path), reason, _count(one)))
            elif one.is_dir():
                todo.append(one)
            else:
                files.append(one)
    yield from ((file, path) for file in sorted(files, key=_counting))


def no_scan(name: str) -> NotRead | None:
    """Return why something by this name is not looked at in a folder.

    Examples
    --------
    >>> no_scan("#recycle").value, no_scan(".scan.pdf").value, no_scan("scan.pdf")
    ('trash', 'hidden', None)
    """
    name = unicodedata.normalize("NFC", name)
    if _TRASH.fullmatch(name):
        return NotRead.TRASH
    if _THUMBNAILS.fullmatch(name):
        return NotRead.THUMBNAILS
    if _SYSTEM.fullmatch(name):
        return NotRead.SYSTEM_FILE
    return NotRead.HIDDEN if name.startswith(".") else None


def _count(path: Path) -> int:
    """Return how many files are in a folder, however deep; a file is one."""
    if path.is_symlink() or not path.is_dir():
        return 1
    return sum(len(files) for _, _, files in os.walk(path))


def _why_left_out(file: Path, *, is_named: bool) -> NotRead | None:
    """Return why a file cannot be read; None where it can, or where reading will say what is wrong."""
    try:
        told = file.stat()
        if not stat.S_ISREG(told.st_mode):  # opening a pipe waits for ever, and a device never ends
            return NotRead.SPECIAL_FILE
        is_too_large = (
            told.st_size > MOST_FILE_BYTES
        )  # it may be all holes, and fill a disk when it is copied
        with file.open("rb") as opened:
            head = opened.read(SCAN_HEAD_BYTES)
    except FileNotFoundError:
        return NotRead.BROKEN_LINK
    except OSError as error:
        if error.errno in _OF_THIS_MACHINE:
            raise
        return NotRead.BROKEN_LINK if error.errno == errno.ELOOP else NotRead.UNREADABLE_FILE
    if is_named or scan_kind(head) is not None or file.suffix.lower() in SCAN_SUFFIXES:
        return NotRead.TOO_LARGE if is_too_large else None
    return NotRead.ARCHIVE if is_archive(head) else NotRead.NOT_A_SCAN


def _counting(path: Path) -> list[tuple[int, str]]:
    """Order ``scan2`` before ``scan10``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", str(path))]


def _name(path: Path, top: Path) -> str:
    return shown(path.relative_to(top)) if path != top else shown(path)
