"""Is everything there that the work needs? Each check says what is wrong and how to mend it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final

from omr.clock import moment
from omr.errors import OmrError
from omr.messages import say, shown
from omr.records.safekeeping.rights import open_to_others
from omr.records.store.mark import Mark
from omr.records.store.store import Store
from omr.steps import each
from omr.text import sayable
from omr.workspace import DATABASE

# A month of a city (30,000 A5 slips in grey JPEG at 200 dpi, 150 kB each) is 4.5 GB.
LEAST_FREE_BYTES: Final = 5_000_000_000
# A clock that is corrected over the network moves by seconds; one whose battery is empty by years.
CLOCK_SLACK: Final = timedelta(minutes=10)
WRITTEN: Final = datetime(2026, 11, 1, tzinfo=UTC)  # this file: a clock that tells an earlier day is wrong

_MOST_NAMED: Final = 8  # of what is open to others

_LETTERS: Final = "ĂÂĐÊÔƠƯ Ếệỗữỹ"  # what fonts without Vietnamese lack
_SPARED: Final = ("tesseract", "tesseract_vie", "poppler", "zbar")  # a wheel does most of it, too
_SIGNS: Final = "0123456789 ACDEFHJKLMNPRTUVWXY"  # of serials


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    mend: str  # "" when it is well
    lost: str = ""  # what is done without, where the work goes on all the same


def examine(
    workspace: Path,
    more: Mapping[str, Callable[[], str]] = MappingProxyType({}),
    *,
    system: str = sys.platform,
    least_free: int = LEAST_FREE_BYTES,
    at: datetime | None = None,
) -> list[Check]:
    """Look at tools, languages, fonts, disk and database; never raises for what is absent.

    Parameters
    ----------
    system : str
        As `sys.platform` names it: what to do differs.
    least_free : int
        Bytes that the disk is to have.
    at : datetime, optional
        What the clock tells; by default this machine's own.
    more : mapping, optional
        Further looks by name; a look returns what it found, or raises ValueError with it.
    """
    looks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("opencv", _opencv, "libgl1 libglib2.0-0 libxcb1"),
        ("tesseract", _tesseract, "tesseract-ocr"),
        ("tesseract_vie", _tesseract_vie, "tesseract-ocr-vie"),
        ("poppler", _poppler, "poppler-utils"),
        ("zbar", _zbar, "libzbar0"),
        ("language", _language, ""),
        ("fonts", _fonts, ""),
        ("disk", lambda: _disk(workspace, least_free), ""),
        ("database", lambda: _database(workspace), ""),
        ("clock", lambda: _clock(workspace, at or datetime.now(UTC)), ""),
        ("private", lambda: _private(workspace), ""),
        *((name, look, "") for name, look in more.items()),
    )
    return [_check(name, look, packages, system) for name, look, packages in each("checks", looks)]


def _check(name: str, look: Callable[[], str], packages: str, system: str) -> Check:
    try:
        return Check(name, True, look(), "")
    except (OmrError, ImportError, OSError, subprocess.SubprocessError, ValueError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        lost = say(f"doctor.without_{name}") if name in _SPARED else ""
        return Check(name, False, detail, _mend(name, packages, system), lost)


def _mend(name: str, packages: str, system: str) -> str:
    """Say how to mend what is not well, on this system."""
    if not packages:
        return say(f"doctor.mend_{name}")
    if system == "win32":
        return say(f"doctor.windows_{name}" if name in _SPARED else "doctor.windows_again")
    return say("doctor.install", packages=packages)


def _opencv() -> str:
    return f"OpenCV {import_module('cv2').__version__}"


def _tesseract() -> str:
    return _said("tesseract", "--version").splitlines()[0]


def _tesseract_vie() -> str:
    languages = _said("tesseract", "--list-langs").split()
    if "vie" not in languages:
        raise ValueError(say("doctor.no_vie"))
    return "vie"


def _poppler() -> str:
    return _said("pdftoppm", "-v").splitlines()[0]


def _zbar() -> str:
    import_module("pyzbar.pyzbar")
    return "zbar"


def _language() -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # of the stream: Windows' consoles take all
    lacking = [sign for sign in _LETTERS if sayable(sign, encoding) != sign]
    if lacking:
        raise ValueError(say("doctor.lacks_letters", encoding=encoding, letters="".join(lacking)))
    return "UTF-8"


def _fonts() -> str:
    from omr.forms.fonts import missing_letters

    for face, letters in (("regular", _LETTERS), ("bold", _LETTERS), ("italic", _LETTERS), ("mono", _SIGNS)):
        if missing := missing_letters(letters, face):
            raise ValueError(f"{face}: {missing}")
    return _LETTERS


def _disk(workspace: Path, least_free: int) -> str:
    place = next(folder for folder in (workspace, *workspace.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    detail = say("doctor.free", gigabytes=free / 1e9)
    if free < least_free:
        raise ValueError(detail)
    return detail


def _database(workspace: Path) -> str:
    path = workspace / DATABASE
    if not path.is_file() and Mark.beside(path) is None:
        return say("doctor.no_database")
    with Store.open(path) as store:
        verdict = store.value("PRAGMA quick_check")
        if verdict != "ok":
            raise ValueError(str(verdict))
        stray = store.row("PRAGMA foreign_key_check")
        if stray is not None:
            raise ValueError(say("doctor.stray_row", table=stray["table"]))
        return say("doctor.database_events", events=store.value("SELECT count(*) FROM events"))


def clock_behind_s(store: Store, at: datetime) -> float:
    """Return how far a clock is behind the newest event, or behind this program; 0 where it is not."""
    row = store.row("SELECT at FROM events ORDER BY event DESC LIMIT 1")
    latest = WRITTEN if row is None else max(WRITTEN, datetime.fromisoformat(row["at"]))
    return max(0.0, (latest - at).total_seconds())


def _clock(workspace: Path, at: datetime) -> str:
    """Look whether the clock was set back: the days that it tells stand on receipts and in the register."""
    if (workspace / DATABASE).is_file():
        with Store.open(workspace / DATABASE) as store:
            behind_s = clock_behind_s(store, at)
        if behind_s > CLOCK_SLACK.total_seconds():
            latest = at + timedelta(seconds=behind_s)
            raise ValueError(say("doctor.clock_behind", at=moment(latest.isoformat())))
    return moment(at.isoformat())


def _private(workspace: Path) -> str:
    """Look at who may enter: scans show handwriting, the register holds the secret keys of the letters."""
    if os.name == "nt":  # its lists of rights are not to be seen in a mode
        return say("doctor.private_unknown")
    found = open_to_others(workspace)
    if found:
        named = ", ".join(map(shown, found[:_MOST_NAMED])) + (", …" if len(found) > _MOST_NAMED else "")
        raise ValueError(say(f"doctor.open_{'to_others' if '.' in found else 'inside'}", paths=named))
    return say("doctor.private_ok")


def _said(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=20, check=True
        )
    except FileNotFoundError as error:
        raise OSError(say("doctor.absent", tool=command[0])) from error
    return (done.stdout or done.stderr).strip() or command[0]
