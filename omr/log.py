"""The log of a workspace: one JSON line an event, with a stable word and numbers, and nothing about people.

``log/omr.jsonl``, and four older files of a megabyte each. What may stand in a line: numbers, and
words of our own (`word`) such as a reason, a batch or a message's key. A sentence never: it could
quote a file's name, a serial or what somebody wrote. Of an error stands its type and where in the
program it arose. What libraries say enters likewise: who said it, how grave, where. A person at a
terminal is shown the library's own words; where the system keeps them, as a service's journal, it
gets the line of the log.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from omr.errors import OmrError

FOLDER: Final = "log"
NAME: Final = "omr.jsonl"
MOST_BYTES: Final = 1_000_000
KEPT: Final = 4  # older files
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_FRAMES: Final = 6  # of an error, the innermost

Value = int | float | bool | str | None

_logger: Final = logging.getLogger("omr")
_logger.disabled = True  # until there is a workspace to log into: else Python writes it to the terminal


def event(word: str, *, level: int = logging.INFO, **values: Value) -> None:
    """Write one event.

    Parameters
    ----------
    word : str
        What happened, stable: monitoring looks for it.
    **values
        Numbers, or words of our own; any other text is left out.
    """
    _logger.log(level, word, extra={"values": values})


def failure(word: str, error: BaseException, **values: Value) -> None:
    """Write that something failed: its kind and where it arose, not what it says."""
    _logger.error(word, extra={"values": values}, exc_info=error)


def begin(workspace: Path) -> None:
    """Log into a workspace from now on; a second call changes the folder."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Lines)]:
        root.removeHandler(handler)
    root.addHandler(_Lines(workspace / FOLDER))
    _logger.setLevel(logging.INFO)
    _logger.disabled = False


def end() -> None:
    """Stop logging."""
    _logger.disabled = True
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Lines)]:
        root.removeHandler(handler)


def recent(workspace: Path, lines: int = 500) -> list[str]:
    """Return the latest lines, the oldest first."""
    found: list[str] = []
    for number in range(KEPT, -1, -1):
        file = _file(workspace / FOLDER, number)
        if file.is_file():
            found += file.read_text("utf-8", "replace").splitlines()
    return found[-lines:]


class _Lines(logging.Handler):
    """Adds each record to the file, which several programs write to at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a disk that is full must not stop the work."""
        try:
            line = json.dumps(_said(record), separators=(",", ":"), allow_nan=False)
            if record.name != _logger.name:
                _show(record, line)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            file = _file(self._folder, 0)
            if file.is_file() and file.stat().st_size > MOST_BYTES:
                self._rotate()
            if not file.exists():
                file.touch(mode=0o600)
            with file.open("a", encoding="utf-8", newline="\n") as target:
                target.write(line + "\n")
        except (OSError, ValueError, TimeoutError):
            return

    def _rotate(self) -> None:
        from omr.files import locked  # a megabyte is long in coming; help must not wait for it

        with locked(self._folder / ".lock", seconds=1.0):
            if _file(self._folder, 0).stat().st_size <= MOST_BYTES:  # another program was quicker
                return
            for number in range(KEPT - 1, -1, -1):
                file = _file(self._folder, number)
                if file.is_file():
                    file.replace(_file(self._folder, number + 1))


def _show(record: logging.LogRecord, line: str) -> None:
    """Let warnings end where the program speaks, too."""
    if record.levelno < logging.WARNING or sys.stderr is None:
        return
    if not sys.stderr.isatty():
        sys.stderr.write(line + "\n")
    elif logging.lastResort is not None:
        logging.lastResort.handle(record)


def _file(folder: Path, number: int) -> Path:
    return folder / (f"{NAME}.{number}" if number else NAME)


def _said(record: logging.LogRecord) -> dict[str, Any]:
    ours = record.name == _logger.name
    said: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "event": record.msg if ours else "library",
        "process": record.process,
    }
    if not ours:
        said["library"] = record.name
        said["where"] = f"{record.module}:{record.lineno}"
    said |= {key: value for key, value in getattr(record, "values", {}).items() if _may_stand(value)}
    if record.exc_info and record.exc_info[1] is not None:
        said |= _of_error(record.exc_info[1])
    return said


def _may_stand(value: object) -> bool:
    return (
        value is None
        or isinstance(value, int | float)
        or bool(isinstance(value, str) and _WORD.fullmatch(value))
    )


def _of_error(error: BaseException) -> dict[str, Any]:
    said: dict[str, Any] = {"error": type(error).__name__, "raised": _frames(error.__traceback__)}
    if isinstance(error, OmrError):
        said["key"] = error.key
    if isinstance(error, OSError):
        said["errno"] = error.errno
    return said


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{Path(frame.filename).stem}.{frame.name}:{frame.lineno}" for frame in frames]
