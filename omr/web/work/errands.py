"""What takes longer than a page may: done behind the desks, one after the other, its progress on a page.

A whole plan of print files, a report, a bundle. An errand ends with the address of what came of it, or
with the sentence that says why nothing did. Each stands in a file of its own from its beginning to its
end, so that who asked learns what became of it also when the server ended meanwhile: what stands there
without an end, and is not under way here, was interrupted. Each can be begun again, and goes on where
it was.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from omr import log
from omr.errors import OmrError, outside
from omr.files import remove, write_whole

FOLDER: Final = "errands"  # below the workspace
_MOST_KNOWN: Final = 200  # the oldest are forgotten: nobody looks at last month's progress
_NAME: Final = re.compile(r"\d{8}T\d{6}-[0-9a-f]{16}")

Tell = Callable[[int, int], None]  # done so far, of how many


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an errand: the address where it is looked at, or a sentence."""

    then: str = ""
    says: str = ""
    good: bool = True


@dataclass(slots=True)
class Errand:
    """One thing that is done behind the desks."""

    name: str
    what: str  # in the words of who asked
    by: str
    desk: str  # the address at which it was begun, and can be begun again
    at: str  # when, UTC
    done: int = 0
    total: int = 0  # 0: nobody knows yet
    came: Came | None = None  # None while it is under way, and where nothing came of it
    problem: str = ""  # why nothing came of it
    interrupted: bool = False  # the server ended before it did
    seen: bool = False  # who asked looked at its end

    @property
    def under_way(self) -> bool:
        """Whether it has not ended."""
        return self.came is None and not self.problem and not self.interrupted


class Errands:
    """Does errands in one thread, in the order in which they came; safe to share between threads."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace  # is named where the machine refuses
        self._folder = workspace / FOLDER
        self._doing = ThreadPoolExecutor(1, "errands")
        self._here: dict[str, Errand] = {}  # that were begun since the server started
        self._lock = threading.Lock()
        self._ending = threading.Event()

    def begin(self, what: str, by: str, desk: str, act: Callable[[Tell], Came]) -> Errand:
        """Put something in the row; `act` gets whom to tell its progress, and returns what came of it."""
        now = datetime.now(UTC)
        errand = Errand(f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}", what, by, desk, now.isoformat())
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._here[errand.name] = errand  # first: who finds its file and not it here calls it interrupted
        try:
            self._keep(errand)
        except OSError:
            del self._here[errand.name]
            raise
        with self._lock:
            for old in self._names()[:-_MOST_KNOWN]:
                if old not in self._here or not self._here[old].under_way:
                    self._here.pop(old, None)
                    with suppress(OSError):
                        remove(self._folder / f"{old}.json")
        self._doing.submit(copy_context().run, self._do, errand, act)  # it speaks the language of who asked
        return errand

    def find(self, name: str) -> Errand | None:
        """Return one by its name, None where it is not known any more."""
        if not _NAME.fullmatch(name):
            return None
        if (known := self._here.get(name)) is not None:
            return known
        try:
            told: dict[str, Any] = json.loads((self._folder / f"{name}.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        came = told.pop("came")
        errand = Errand(**told, came=Came(**came) if came else None)
        errand.interrupted = errand.under_way  # nobody is at it any more
        return errand

    def of(self, by: str) -> list[Errand]:
        """Return what somebody asked for and has not seen the end of, the latest first."""
        found = (self.find(name) for name in reversed(self._names()))
        return [one for one in found if one is not None and one.by == by and not one.seen]

    def note_seen(self, errand: Errand) -> None:
        """Note that who asked has seen what became of it."""
        if not errand.under_way and not errand.seen:
            errand.seen = True
            self._keep(errand)

    def stop(self) -> None:
        """Begin nothing more; what is under way ends when it next tells how far it is."""
        self._ending.set()
        self._doing.shutdown(wait=True, cancel_futures=True)

    def _names(self) -> list[str]:
        with suppress(FileNotFoundError):
            return sorted(file.stem for file in self._folder.glob("*.json") if _NAME.fullmatch(file.stem))
        return []

    def _keep(self, errand: Errand) -> None:
        told = asdict(errand)
        for passing in ("done", "total", "interrupted"):  # told by whoever is at it, or seen from outside
            del told[passing]
        write_whole(self._folder / f"{errand.name}.json", json.dumps(told, ensure_ascii=False), mode=0o600)

    def _do(self, errand: Errand, act: Callable[[Tell], Came]) -> None:
        def tell(done: int, total: int) -> None:
            errand.done, errand.total = done, total
            if self._ending.is_set():
                raise _StoppedError

        try:
            errand.came = act(tell)
        except _StoppedError:
            errand.interrupted = True
            return  # it stands without an end, as after a power cut
        except OmrError as error:
            errand.problem = str(error)
        except (OSError, MemoryError) as error:
            errand.problem = str(outside(error, self._workspace))
        except Exception as error:  # ours; somebody waits for an answer and must get one
            log.failure("errand_failed", error)
            errand.problem = f"{type(error).__name__}: {error}"
        with suppress(OSError):  # a full disk: then it is known only until the server ends
            self._keep(errand)


class _StoppedError(Exception):
    """The server ends."""
