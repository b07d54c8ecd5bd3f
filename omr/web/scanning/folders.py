"""Folders that the settings name are watched by the server itself: what a scanner writes there is read.

The same loop as ``omr watch``, in a thread; how each folder stands is written down for the desk. A
folder that another program watches already is left to it.
"""

from __future__ import annotations

import getpass
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from omr import log
from omr.errors import OmrError, outside
from omr.records.inbox.hot_folder import HotFolder
from omr.records.inbox.inbox import Inbox
from omr.records.inbox.outlook import claim_of
from omr.records.inbox.watching import Watching
from omr.records.intake.claims import OwnedError
from omr.records.intake.orders import Orders
from omr.workspace import WatchSettings, Workspace

_LOOK_EVERY_S: Final = 1.0
_PATIENCE_S: Final = 5.0


class Folders(threading.Thread):
    """Watches the folders of a workspace's settings, as they are now.

    Parameters
    ----------
    workspace : callable
        Gives the workspace with the settings in force.
    taken : callable
        Called when a stack was put into the inbox.
    """

    def __init__(self, workspace: Callable[[], Workspace], taken: Callable[[], None]) -> None:
        super().__init__(name="folders", daemon=True)
        self._workspace = workspace
        self._taken = taken
        self._ending = threading.Event()
        self._watched: dict[WatchSettings, tuple[ExitStack, Watching]] = {}
        self.problems: dict[str, str] = {}  # folder -> why it is not watched

    def stop(self) -> None:
        """End; what was taken stays in the inbox."""
        self._ending.set()
        if self.is_alive():
            self.join(_PATIENCE_S)

    def run(self) -> None:
        """Watch until stopped, whatever happens."""
        while not self._ending.wait(_LOOK_EVERY_S):
            try:
                self.step()
            except Exception as error:  # whatever it is: this loop must say it, and go on
                log.failure("folders_failed", error)
        for claim, _ in self._watched.values():
            claim.close()

    def step(self) -> None:
        """Look once at each folder."""
        workspace = self._workspace()
        wanted = workspace.settings.watch
        for gone in set(self._watched) - set(wanted):
            self._watched.pop(gone)[0].close()
        self.problems = {folder: why for folder, why in self.problems.items() if folder in _names(wanted)}
        for one in wanted:
            if one not in self._watched:
                self._begin(workspace, one)
            if one in self._watched:
                self._watched[one][1].step(time.monotonic(), time.time())

    def _begin(self, workspace: Workspace, one: WatchSettings) -> None:
        inbox, folder = Inbox(workspace), workspace.path.resolve() / one.folder
        claim = ExitStack()
        try:
            if not folder.is_dir():
                raise OmrError("page.no_such_path", path=folder)
            claim.enter_context(inbox.claims.at_once(claim_of(folder)))
        except OwnedError:
            self.problems[one.folder] = str(OmrError("watch.watched_already", folder=folder))
            return
        except (OmrError, OSError) as error:
            told = error if isinstance(error, OmrError) else outside(error, folder)
            self.problems[one.folder] = str(told)
            return
        self.problems.pop(one.folder, None)
        orders, by = Orders(one.unit or None, None), f"omr serve: {getpass.getuser()}"
        hot = HotFolder(folder, inbox)
        watching = Watching(hot, inbox, orders, by, tell=_nobody, show=_nobody, taken=self._taken)
        self._watched[one] = claim, watching


def _names(watch: tuple[WatchSettings, ...]) -> set[str]:
    return {one.folder for one in watch}


def _nobody(what: object) -> None:
    """Tell nobody: how each folder stands is written down for the desk, and receipts stand there."""
