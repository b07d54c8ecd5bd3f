"""The record of what was done with accounts: added to, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args

from omr.web.people.database import Keeping

MOST_ANONYMOUS_ACTS: Final = 500  # a day: somebody at the door who guesses fills no disk

# What is noted; the words of each are the message ``web.act_<word>``.
Noted = Literal[
    "login",
    "logout",
    "login_failed",
    "login_throttled",
    "cli_password_wrong",
    "account_added",
    "account_described",
    "account_opened",
    "account_closed",
    "roles_changed",
    "password_reset",
    "password_changed",
    "sessions_ended",
    "token_made",
    "stack_begun",
    "stack_sent",
    "stack_dropped",
    "scan_removed",
    "batch_corrected",
    "slip_looked_at",
    "print_downloaded",
    "plan_begun",
    "form_saved",
    "form_traced",
    "form_confirmed",
    "form_dropped",
    "report_made",
    "report_downloaded",
    "export_downloaded",
    "bundle_downloaded",
    "export_checked",
    "chain_verified",
    "redecide_tried",
    "redecided",
    "bundle_sent",
    "backup_made",
    "setting_changed",
]
NOTED: Final[frozenset[str]] = frozenset(get_args(Noted))


@dataclass(frozen=True, slots=True)
class AccountAct:
    """One thing that somebody did with accounts: logins, changes, refusals."""

    at: str
    by: str
    what: str
    about: str


class Journal:
    """The acts of one workspace's accounts."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    def note(self, by: str, what: Noted, about: str) -> None:
        """Add one line."""
        with self._keeping.writing():
            self._keeping.run(
                "INSERT INTO acts (at, by, what, about) VALUES (?, ?, ?, ?)",
                [self._keeping.now(), by, what, about[:500]],
            )

    def note_stranger(self, what: Noted, about: str) -> None:
        """Add one line about somebody who is not signed in, unless this day has many of them already."""
        with self._keeping.writing():
            since = (self._keeping.clock() - timedelta(days=1)).isoformat()
            latest = self._keeping.row(
                "SELECT at FROM acts WHERE by = '' ORDER BY act DESC LIMIT 1 OFFSET ?",
                [MOST_ANONYMOUS_ACTS - 1],
            )
            # nor is it quiet for years about strangers because a clock was once far ahead
            if latest is None or not since <= latest[0] <= self._keeping.now():
                self.note("", what, about)

    def acts(self, limit: int = 200, *, what: Noted | None = None) -> list[AccountAct]:
        """Return the latest acts, or those of one kind, the newest first."""
        rows = self._keeping.rows(
            """SELECT at, by, what, about FROM acts WHERE what = ?1 OR ?1 IS NULL
            ORDER BY act DESC LIMIT ?2""",
            [what, limit],
        )
        return [AccountAct(*row) for row in rows]
