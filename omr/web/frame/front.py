"""What all desks share: the workspace, the accounts, and the work that goes on behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, LifoQueue
from threading import Lock, Thread
from typing import Final

from omr.errors import StoreError
from omr.means import MEANS, Means
from omr.office import Office
from omr.records.review.worklist import Worklist
from omr.records.store.store import Store
from omr.web.frame.pictures import Pictures
from omr.web.people.accounts import Accounts
from omr.web.people.journal import Noted
from omr.web.people.throttle import Throttle
from omr.web.scanning.folders import Folders
from omr.web.scanning.scans import Scans
from omr.web.work.backups import Backups
from omr.web.work.errands import Errands
from omr.web.work.journal import Journal
from omr.web.work.kept import Kept
from omr.web.work.worker import Worker
from omr.words import Role
from omr.workspace import Workspace

_PATIENCE_S: Final = 5.0  # for decoders that are just being started when the server ends


@dataclass(slots=True, eq=False)
class FrontOffice:
    """One workspace that is open to visitors: the hall behind it is lent for each visit."""

    workspace: Workspace
    accounts: Accounts
    throttle: Throttle
    worker: Worker
    pictures: Pictures
    worklist: Worklist
    backups: Backups
    errands: Errands
    scans: Scans
    kept: Kept = field(default_factory=Kept)
    journal: Journal = field(default_factory=Journal)
    means: Means = MEANS
    certificate_ends: datetime | None = None  # of the one that is served; a newer file needs a new start
    deciding: Lock = field(default_factory=Lock)  # one decision on a case at a time
    folders: Folders = field(init=False)
    _decoders: Thread = field(init=False)
    _stores: LifoQueue[Store] = field(default_factory=LifoQueue)

    def __post_init__(self) -> None:
        self._decoders = Thread(target=self.pictures.begin, name="pictures", daemon=True)
        self.folders = Folders(lambda: self.workspace, self.worker.call)

    @classmethod
    def open(cls, workspace: Workspace) -> FrontOffice:
        """Open the office of a workspace."""
        accounts = Accounts.open(workspace.path / "accounts.sqlite")
        return cls.of(workspace, accounts)

    @classmethod
    def of(cls, workspace: Workspace, accounts: Accounts, throttle: Throttle | None = None) -> FrontOffice:
        """Put an office together around its accounts."""
        worker, pictures = Worker(workspace), Pictures(workspace.path)
        return cls(
            workspace,
            accounts,
            throttle or Throttle(),
            worker,
            pictures,
            Worklist(
                accounts.signing_key, had=accounts.known.of, elsewhere=lambda: Store.open(workspace.database)
            ),
            Backups(workspace),
            Errands(workspace.path),
            Scans(workspace),
        )

    def start(self) -> None:
        """Begin the work behind the desks."""
        self.worker.start()
        self.backups.start()
        self.folders.start()
        self.worklist.begin()
        self._decoders.start()

    def take_settings(self) -> None:
        """Work with the settings as they stand in the file now."""
        self.workspace = Workspace.open(self.workspace.path)
        self.backups.workspace = self.workspace

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Lend an open register: opening one costs 3 ms, which 100 people at once would feel."""
        store = self._kept_store() or Store.open(self.workspace.database, any_thread=True)
        try:
            yield store
        except StoreError:  # a register that failed once is opened anew
            store.close()
            raise
        except BaseException:
            self._stores.put(store)
            raise
        self._stores.put(store)

    def _kept_store(self) -> Store | None:
        """Return a register that is open; one that was put away under the running desk is let go."""
        with suppress(Empty):
            while True:
                store = self._stores.get_nowait()
                if not store.replaced:
                    return store
                store.close()
        return None

    def hall(self, store: Store, by: str) -> Office:
        """Return the office around a register that was lent, for one visitor."""
        user = self.accounts.find(by)
        return Office(self.workspace, store, by, self.means).among_persons(user.unit if user else None)

    def note(self, by: str, what: Noted, about: str) -> None:
        """Record an act that is no fact about slips: logins, downloads, looking at a whole page."""
        self.accounts.journal.note(by, what, about)

    def signature(self, name: str) -> str:
        """Return how somebody signs: rank and full name where they are known."""
        user = self.accounts.find(name)
        return user.signature if user else name

    def first_admin(self) -> str | None:
        """Make the account ``admin`` when nobody has one yet; return its one-time password."""
        if self.accounts.users():
            return None
        return self.accounts.add("admin", [Role.ADMIN], None, by="omr serve")

    def close(self) -> None:
        """End the work behind the desks and close the databases."""
        if self._decoders.is_alive():
            self._decoders.join(_PATIENCE_S)
        self.pictures.close()
        self.errands.stop()
        self.worker.stop()
        self.backups.stop()
        self.folders.stop()
        self.worklist.stop()
        self.scans.close()
        while not self._stores.empty():
            self._stores.get_nowait().close()
        self.accounts.close()
