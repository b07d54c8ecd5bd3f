"""Reads the stacks of the inbox, one after the other, in a process of its own.

The server only starts it and looks at the inbox: reading never slows a page down, and a
server that is killed leaves a stack half-read, which the next one goes on with.
``python -m omr.web.worker WORKSPACE STACK`` is that process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.office import read_waiting
from omr.records.intake.inbox import Inbox, Stack
from omr.workspace import Workspace

READ: Final = (sys.executable, "-m", "omr.web.worker")
_LOOK_EVERY_S: Final = 5.0  # also when nobody calls: `omr watch` puts stacks into the same inbox
_PATIENCE_S: Final = 10.0
MOST_TRIES: Final = 3  # a stack that ends its process that often waits for a person
_NICE: Final = 10  # people at the desks come first


class Worker(threading.Thread):
    """Starts the reading of each stack that waits."""

    def __init__(self, workspace: Workspace, command: Sequence[str] = READ) -> None:
        super().__init__(name="inbox", daemon=True)
        self._workspace = workspace
        self._command = command
        self._inbox = Inbox(workspace)
        self._called = threading.Event()
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._tries: dict[str, int] = {}

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
        """Look for stacks until stopped."""
        while not self._ending.is_set():
            self._called.clear()
            for stack in self._inbox.unread():
                if self._ending.is_set():
                    return
                self._read(stack)
            self._called.wait(_LOOK_EVERY_S)

    def _read(self, stack: Stack) -> None:
        command = [*self._command, str(self._workspace.path.resolve()), stack.name]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        code = self._process.wait()
        if code == 0 or self._ending.is_set():
            return
        self._tries[stack.name] = self._tries.get(stack.name, 0) + 1
        if self._tries[stack.name] >= MOST_TRIES:
            self._inbox.fail(stack, OmrError("inbox.crashed", code=code))


if __name__ == "__main__":
    with suppress(AttributeError, OSError):
        os.nice(_NICE)
    read_waiting(Workspace.open(Path(sys.argv[1])), sys.argv[2])
