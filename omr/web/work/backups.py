"""The copies that the server makes by itself, and what it says when it cannot.

A thread that looks once a minute whether the last backup is old enough. What goes wrong stands in
`problem` until a backup succeeds: the front page and ``/health`` show it. Where a timer of the system
makes them, the thread makes none, and the pages show that timer's.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from omr import log
from omr.errors import OmrError
from omr.records.safekeeping.backup import Backup, back_up, last_backup
from omr.workspace import Workspace

_LOOK_EVERY_S: Final = 60.0
_AGAIN_AFTER_S: Final = 900.0  # a network disk that is away is not asked every minute
_PATIENCE_S: Final = 5.0


class Backups(threading.Thread):
    """Makes a backup whenever the last one is old enough, as soon as there is a folder to go to."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(name="backups", daemon=True)
        self.workspace = workspace
        self.elsewhere: Path | None = None  # where a timer of the system backs up, if one does
        self._ending = threading.Event()
        self.problem: str = ""  # why the last one failed, "" when it did not

    @property
    def target(self) -> Path | None:
        """Where backups go; None: nobody said so."""
        to = self.workspace.settings.backup.to
        return self.workspace.path / to if to else self.elsewhere

    @property
    def by_timer(self) -> bool:
        """Whether a timer of the system makes them, and not this server."""
        return self.elsewhere is not None and not self.workspace.settings.backup.to

    def last(self) -> Backup | None:
        """Return the newest backup, None where there is none or its disk is away."""
        try:
            return last_backup(self.target) if self.target is not None else None
        except OmrError:
            return None

    def stop(self) -> None:
        """End; a backup under way is left half-done, which the next one mends."""
        self._ending.set()
        if self.is_alive():
            self.join(_PATIENCE_S)

    def run(self) -> None:
        """Look until stopped."""
        wait_s = 0.0
        while not self._ending.wait(wait_s):
            wait_s = _LOOK_EVERY_S
            try:
                if self.target is not None and not self.by_timer and self.due():
                    self.make()
            except Exception as error:  # whatever it is: this loop must say it, and go on
                self.problem = str(error) if isinstance(error, OmrError) else type(error).__name__
                log.failure("backup_failed", error)
                wait_s = _AGAIN_AFTER_S

    def make(self) -> Backup:
        """Make one now; somebody waits for it, or it is due.

        Raises
        ------
        OmrError
            If nobody said where it goes, or it cannot be made.
        """
        if self.target is None:
            raise OmrError("keeping.no_place")
        try:
            made = back_up(self.workspace, self.target)
        except OmrError as error:
            self.problem = str(error)
            raise
        told = {"originals": made.originals, "copied": made.copied, "let_go": len(made.let_go)}
        log.event("backed_up", events=made.event, **told)
        self.problem = ""
        return made

    def due(self) -> bool:
        """Whether the last backup is old enough for another one."""
        last = self.last()
        return last is None or not 0 <= last.age_s < self.workspace.settings.backup.every_hours * 3600
