"""What all desks share: the workspace, the accounts, and the work that goes on behind them."""

from __future__ import annotations

from dataclasses import dataclass

from omr.records.accounts import Accounts, Role
from omr.web.throttle import Throttle
from omr.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Office:
    """One workspace that is open to visitors."""

    workspace: Workspace
    accounts: Accounts
    throttle: Throttle

    @classmethod
    def open(cls, workspace: Workspace) -> Office:
        """Open the office of a workspace."""
        return cls(workspace, Accounts.open(workspace.path / "accounts.sqlite"), Throttle())

    def note(self, by: str, what: str, about: str) -> None:
        """Record an act that is no fact about slips: logins, downloads, looking at a whole page."""
        self.accounts.note(by, what, about)

    def first_admin(self) -> str | None:
        """Make the account ``admin`` when nobody has one yet; return its one-time password."""
        if self.accounts.users():
            return None
        return self.accounts.add("admin", [Role.ADMIN], None, by="omr serve")

    def close(self) -> None:
        """Close the databases."""
        self.accounts.close()
