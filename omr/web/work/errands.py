"""What takes longer than a page may: done behind the desks, one after the other, its progress on a page.

A whole plan of print files, a report, a bundle. An errand ends with the address of what came of it, or
with the sentence that says why nothing did. Errands are forgotten when the server ends: each of them can
be begun again, and goes on where it was.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr import log
from omr.errors import OmrError, outside

_MOST_KNOWN: Final = 200  # the oldest are forgotten: nobody looks at yesterday's progress

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
    done: int = 0
    total: int = 0  # 0: nobody knows yet
    came: Came | None = None  # None while it is under way, and where nothing came of it
    problem: str = ""  # why nothing came of it

    @property
    def under_way(self) -> bool:
        """Whether it has not ended."""
        return self.came is None and not self.problem


class Errands:
    """Does errands in one thread, in the order in which they came; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder  # is named where the machine refuses
        self._doing = ThreadPoolExecutor(1, "errands")
        self._known: OrderedDict[str, Errand] = OrderedDict()
        self._lock = threading.Lock()
        self._ending = threading.Event()

    def begin(self, what: str, by: str, act: Callable[[Tell], Came]) -> Errand:
        """Put something in the row; `act` gets whom to tell its progress, and returns what came of it."""
        errand = Errand(secrets.token_hex(8), what, by)
        with self._lock:
            self._known[errand.name] = errand
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        self._doing.submit(copy_context().run, self._do, errand, act)  # it speaks the language of who asked
        return errand

    def find(self, name: str) -> Errand | None:
        """Return one by its name, None where it is not known any more."""
        return self._known.get(name)

    def stop(self) -> None:
        """Begin nothing more; what is under way ends when it next tells how far it is."""
        self._ending.set()
        self._doing.shutdown(wait=True, cancel_futures=True)

    def _do(self, errand: Errand, act: Callable[[Tell], Came]) -> None:
        def tell(done: int, total: int) -> None:
            errand.done, errand.total = done, total
            if self._ending.is_set():
                raise OmrError("paper.errand_stopped")

        try:
            errand.came = act(tell)
        except OmrError as error:
            errand.problem = str(error)
        except (OSError, MemoryError) as error:
            errand.problem = str(outside(error, self._folder))
        except Exception as error:  # ours; somebody waits for an answer and must get one
            log.failure("errand_failed", error)
            errand.problem = f"{type(error).__name__}: {error}"
