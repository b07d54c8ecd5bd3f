"""Starts the processes that scan, and stops them with the server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from threading import Lock
from typing import Final

from omr.errors import OmrError
from omr.files import remove
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.records.intake.claims import Claims
from omr.web.scanning.feed import SeenPage
from omr.web.scanning.sane import is_there
from omr.web.scanning.scan import RUNNING, STOP, Scan, claim_of, view_of
from omr.workspace import ScannerSettings, Workspace

SCAN: Final = (sys.executable, "-P", "-m", "omr.web.scanning.scan")
_PATIENCE_S: Final = 20.0


class Scans:
    """The scans under way of one server; safe to share between threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._folder = str(workspace.path.resolve())
        self._inbox = Inbox(workspace)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = Lock()

    @property
    def claims(self) -> Claims:
        """Who uses which scanner."""
        return self._inbox.claims

    def usable(self, scanners: Mapping[str, ScannerSettings], unit: str | None) -> list[str]:
        """Return the names of the scanners that somebody of a unit, or of none, may use."""
        if not is_there():
            return []
        return [name for name, one in scanners.items() if unit is None or not one.units or unit in one.units]

    def start(self, stack: Stack, scanner: str, *, again: int | None = None) -> None:
        """Scan into a stack: what the feeder holds, or one page again in its place.

        Raises
        ------
        OmrError
            If the stack was sent, or is being scanned already.
        """
        with self._lock:
            if self._inbox.state(stack) is not StackState.OPEN:
                raise OmrError("inbox.not_open")
            self.refuse_running(stack)
            told = self._inbox.scan(stack)
            before = Scan.of(told) if told is not None else Scan(scanner)
            remove(self._inbox.beside(stack) / STOP)
            fresh = replace(before, scanner=scanner, state=RUNNING, detail="", again=again)
            self._inbox.note_scan(stack, asdict(fresh))
            if stack.name in self._processes:
                self._processes[stack.name].wait(_PATIENCE_S)
            self._processes = {name: one for name, one in self._processes.items() if one.poll() is None}
            self._processes[stack.name] = subprocess.Popen(
                [*SCAN, self._folder, stack.name], stdin=subprocess.DEVNULL
            )

    def forget(self, stack: Stack, gone: SeenPage) -> None:
        """Tell no more of a page that was taken out of its stack."""
        with self._lock:
            told = self._inbox.scan(stack)
            if told is None:
                return
            self.refuse_running(stack)
            scan = Scan.of(told)
            left = tuple(page for page in scan.pages if page.number != gone.number)
            self._inbox.note_scan(stack, asdict(replace(scan, pages=left)))
            remove(view_of(self._inbox, stack, gone))

    def stop(self, stack: Stack) -> None:
        """Let the scanner stop after the page that is under way."""
        (self._inbox.beside(stack) / STOP).touch()

    def scan_of(self, stack: Stack) -> Scan | None:
        """Return how the scanning of a stack stands, None if its files came otherwise."""
        told = self._inbox.scan(stack)
        if told is None:
            return None
        scan = Scan.of(told)
        if scan.state != RUNNING or self.is_running(stack):
            return scan
        with self._lock:  # nobody begins another one meanwhile
            now = Scan.of(self._inbox.scan(stack) or told)  # what it told as it ended is there by now
            if now.state != RUNNING or self.is_running(stack):
                return now
            return replace(now, state="interrupted")  # no word from its process: a power cut, a restart

    def is_running(self, stack: Stack) -> bool:
        """Whether a scanner scans into it now; its process may end a moment after it said that it is done."""
        told = self._inbox.scan(stack)
        if told is None or Scan.of(told).state != RUNNING:
            return False
        process = self._processes.get(stack.name)
        if process is not None and process.poll() is None:
            return True
        return self._inbox.claims.is_owned(claim_of(stack))

    def refuse_running(self, stack: Stack) -> None:
        """Refuse to go on with a stack into which a scanner still scans."""
        if self.is_running(stack):
            raise OmrError("scanning.under_way")

    def close(self) -> None:
        """Stop all; what was scanned stays in its stack."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
