"""Reads the stacks of the inbox, one after the other, each in a process of its own.

``omr serve`` and ``omr watch`` start it and look at the inbox: reading never slows a page down, and
a program that is killed leaves a stack half-read, which the next one goes on with.
``python -m omr.web.work.worker WORKSPACE STACK`` is the process that reads.

Nothing ends the worker but its program: what fails is told, and tried again. A stack that
ends its reader several times waits for a person; what the machine refuses (a full disk, a
locked database) is no fault of the stack, which then waits until that has passed.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omr import log
from omr.errors import OmrError, outside
from omr.records.inbox.inbox import Inbox, Stack
from omr.records.inbox.outlook import READER
from omr.stacks import read_waiting
from omr.workspace import Workspace

READ: Final = (sys.executable, "-P", "-m", "omr.web.work.worker")
MOST_TRIES: Final = 3  # a stack that ends its process that often waits for a person
LATER: Final = os.EX_TEMPFAIL if hasattr(os, "EX_TEMPFAIL") else 75  # exit code: nobody's fault, try again
_LOOK_EVERY_S: Final = 5.0  # also when nobody calls: another program puts stacks into the same inbox
_TRY_AGAIN_S: Final = 20.0  # after a refusal of the machine
_PATIENCE_S: Final = 10.0
_NICE: Final = 10  # people at the desks come first
# Windows: the same, and no window of a console that appears beside the desks.
_QUIETLY: Final = int(
    getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why reading stands still."""

    error: OmrError
    since: datetime


class Worker(threading.Thread):
    """Starts the reading of each stack that waits.

    Parameters
    ----------
    tell : callable, optional
        Gets each trouble once, when it begins; without it the terminal or the service's journal.
    """

    def __init__(
        self,
        workspace: Workspace,
        command: Sequence[str] = READ,
        *,
        tell: Callable[[OmrError], None] = lambda error: print(error, file=sys.stderr, flush=True),
        try_again_s: float = _TRY_AGAIN_S,
    ) -> None:
        super().__init__(name="inbox", daemon=True)
        self._workspace = workspace
        self._command = command
        self._tell = tell
        self._try_again_s = try_again_s
        self._inbox = Inbox(workspace)
        self._called = threading.Event()
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._tries: dict[str, int] = {}
        self._trouble: Trouble | None = None

    @property
    def trouble(self) -> Trouble | None:
        """Why reading stands still; None while it goes on."""
        return self._trouble

    def call(self) -> None:
        """Say that a stack waits."""
        self._called.set()

    def stop(self) -> None:
        """End; the stack that is being read stays half-read and is gone on with by the next start."""
        self._ending.set()
        self._called.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
        if self.is_alive():
            self.join(_PATIENCE_S)

    def run(self) -> None:
        """Look for stacks until stopped, whatever happens; others can see that somebody does."""
        presence = f"{READER}{os.getpid()}-{secrets.token_hex(4)}"
        with ExitStack() as shown:
            with suppress(OSError):
                shown.enter_context(self._inbox.claims.at_once(presence))
            self._look()
        self._inbox.claims.forget(presence)

    def _look(self) -> None:
        while not self._ending.is_set():
            self._called.clear()
            try:
                error = self._read_all()
            except (OSError, MemoryError) as refused:
                error = outside(refused, self._inbox.folder)
            except OmrError as refused:
                error = refused
            except Exception as broken:  # ours; without the worker, what is sent would never be read
                error = OmrError("inbox.worker_broken", detail=f"{type(broken).__name__}: {broken}")
            self._note(error)
            self._called.wait(self._try_again_s if error else _LOOK_EVERY_S)

    def _note(self, error: OmrError | None) -> None:
        before = self._trouble
        if error is None:
            self._trouble = None
        elif before is None or str(before.error) != str(error):
            self._trouble = Trouble(error, datetime.now(UTC))
            log.failure("stands_still", error)
            with suppress(OSError, ValueError):  # nobody listens any more
                self._tell(error)

    def _read_all(self) -> OmrError | None:
        """Read what waits; return the last refusal that was no stack's fault."""
        trouble: OmrError | None = None
        for stack in self._inbox.unread():
            if self._ending.is_set():
                break
            if not self._inbox.claims.is_owned(stack.name):  # else another program reads it
                trouble = self._read(stack) or trouble
        return trouble

    def _read(self, stack: Stack) -> OmrError | None:
        command = [*self._command, str(self._workspace.path.resolve()), stack.name]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, creationflags=_QUIETLY
        ) as self._process:
            if self._ending.is_set():  # who ends it looked for a process before this one was there
                self._process.terminate()
            said, _ = self._process.communicate()
            code = self._process.returncode
        if code == 0 or self._ending.is_set():
            return None
        if code == LATER:
            return _told(said)
        self._tries[stack.name] = self._tries.get(stack.name, 0) + 1
        log.event("reader_died", level=logging.ERROR, code=code, times=self._tries[stack.name])
        if self._tries[stack.name] >= MOST_TRIES:
            self._inbox.fail(stack, OmrError("inbox.crashed", code=code))
            del self._tries[stack.name]
        else:
            self._called.set()  # once more, now
        return None


def main(workspace: str, name: str) -> int:
    """Read one stack, as a process: the exit code says what came of it, standard output why."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started it, and ends both
    with suppress(AttributeError, OSError):
        os.nice(_NICE)
    try:
        opened = Workspace.open(Path(workspace))
        log.begin(opened.path)
        with Inbox(opened).turn():
            read_waiting(opened, name)
    except (OmrError, OSError, MemoryError) as error:
        told = error if isinstance(error, OmrError) else outside(error, workspace)
        values = {key: str(value) for key, value in told.values.items()}
        sys.stdout.write(json.dumps({"key": told.key, "values": values}))
        return LATER
    return 0


def _told(said: bytes) -> OmrError:
    """Return what a reading process said on its end."""
    told = json.loads(said)
    return OmrError(told["key"], **told["values"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
