"""What all desks share: the workspace, the accounts, and the work that goes on behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from omr.forms.template import Form
from omr.records.accounts import Accounts, Role
from omr.records.register import archived_forms
from omr.records.store import Store
from omr.web.months import Months
from omr.web.pictures import Pictures
from omr.web.throttle import Throttle
from omr.web.worker import Worker
from omr.web.worklist import Worklist
from omr.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Office:
    """One workspace that is open to visitors."""

    workspace: Workspace
    accounts: Accounts
    throttle: Throttle
    worker: Worker
    pictures: Pictures
    worklist: Worklist
    months: Months = field(default_factory=Months)
    deciding: Lock = field(default_factory=Lock)  # one decision on a case at a time
    _forms: dict[str, Form] = field(default_factory=dict)

    @classmethod
    def open(cls, workspace: Workspace) -> Office:
        """Open the office of a workspace."""
        accounts = Accounts.open(workspace.path / "accounts.sqlite")
        return cls.of(workspace, accounts)

    @classmethod
    def of(cls, workspace: Workspace, accounts: Accounts, throttle: Throttle | None = None) -> Office:
        """Put an office together around its accounts."""
        worker, pictures = Worker(workspace), Pictures(workspace.path)
        return cls(
            workspace, accounts, throttle or Throttle(), worker, pictures, Worklist(accounts.signing_key)
        )

    def forms(self, store: Store) -> dict[str, Form]:
        """Return all printed forms by fingerprint; a form that was issued never changes."""
        if store.value("SELECT count(*) FROM forms") != len(self._forms):
            self._forms.update(archived_forms(store))
        return self._forms

    def store(self) -> Store:
        """Open the register; to be closed with ``with``. It costs 1 ms and is one thread's own."""
        return Store.open(self.workspace.database)

    def note(self, by: str, what: str, about: str) -> None:
        """Record an act that is no fact about slips: logins, downloads, looking at a whole page."""
        self.accounts.note(by, what, about)

    def first_admin(self) -> str | None:
        """Make the account ``admin`` when nobody has one yet; return its one-time password."""
        if self.accounts.users():
            return None
        return self.accounts.add("admin", [Role.ADMIN], None, by="omr serve")

    def close(self) -> None:
        """End the work behind the desks and close the accounts."""
        self.worker.stop()
        self.accounts.close()
