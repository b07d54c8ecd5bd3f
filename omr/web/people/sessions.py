"""Signed in: browsers with a session, command lines with a token.

Both are random numbers that only the browser or the person keeps; the SHA-256 stands here.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from omr.web.people.database import Keeping
from omr.web.people.journal import Journal
from omr.web.people.person import OF_A_USER, User, user_of

IDLE: Final = timedelta(minutes=30)  # a screen left alone at a counter
LONGEST: Final = timedelta(hours=12)  # a working day with overtime
_SEEN_EVERY: Final = timedelta(minutes=1)  # a write per minute and session, not per request
_CLOCK_SLACK: Final = timedelta(minutes=2)  # a clock may be set back so far; beyond, no limit would hold


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which an account is signed in."""

    started_at: str  # UTC
    seen_at: str
    address: str
    here: bool  # the one that asks


class Sessions:
    """The sessions of one workspace's accounts."""

    def __init__(self, keeping: Keeping, journal: Journal) -> None:
        self._keeping, self._journal = keeping, journal

    def start(self, name: str, address: str = "") -> str:
        """Begin a session and return its secret, which only the browser keeps."""
        secret, now = secrets.token_urlsafe(32), self._keeping.now()
        with self._keeping.writing():
            longest_ago = (self._keeping.clock() - LONGEST).isoformat()
            self._keeping.run("DELETE FROM sessions WHERE started_at < ?", [longest_ago])
            self._keeping.run(
                "INSERT INTO sessions (digest, name, started_at, seen_at, address) VALUES (?, ?, ?, ?, ?)",
                [_digest(secret), name, now, now, address],
            )
        return secret

    def visitor(self, secret: str) -> User | None:
        """Return who is behind a session; None when it never was, was idle too long or is over."""
        with self._keeping.reading():
            row = self._keeping.row(
                f"""SELECT {OF_A_USER}, started_at, seen_at
                FROM sessions JOIN accounts USING (name) LEFT JOIN roles USING (name)
                WHERE digest = ? GROUP BY name""",
                [_digest(secret)],
            )
            if row is None:
                return None
            user = user_of(*row[:7])
            started, seen, now = *map(datetime.fromisoformat, row[7:]), self._keeping.clock()
            back = now < seen - _CLOCK_SLACK or now < started - _CLOCK_SLACK
            if not user.active or back or now - seen > IDLE or now - started > LONGEST:
                self.end(secret)
                return None
            if now - seen > _SEEN_EVERY:
                with self._keeping.writing():
                    self._keeping.run(
                        "UPDATE sessions SET seen_at = ? WHERE digest = ?", [now.isoformat(), _digest(secret)]
                    )
        return user

    def end(self, secret: str) -> None:
        """End one session."""
        with self._keeping.writing():
            self._keeping.run("DELETE FROM sessions WHERE digest = ?", [_digest(secret)])

    def of(self, name: str, secret: str = "") -> list[Session]:
        """Return the sessions of an account that are not over, the latest seen first."""
        now = self._keeping.clock()
        rows = self._keeping.rows(
            """SELECT started_at, seen_at, address, digest = ? FROM sessions WHERE name = ?
            AND seen_at >= ? AND started_at >= ? ORDER BY seen_at DESC""",
            [_digest(secret), name, (now - IDLE).isoformat(), (now - LONGEST).isoformat()],
        )
        return [Session(started, seen, address, bool(here)) for started, seen, address, here in rows]

    def end_all(self, name: str, by: str, *, but: str = "") -> None:
        """End all sessions of an account, or all but the one with this secret."""
        with self._keeping.writing():
            self._keeping.run("DELETE FROM sessions WHERE name = ? AND digest <> ?", [name, _digest(but)])
            self._journal.note(by, "sessions_ended", name)


class Tokens:
    """What stands for a password where no person types: the command line of one account."""

    def __init__(self, keeping: Keeping, journal: Journal) -> None:
        self._keeping, self._journal = keeping, journal

    def make(self, name: str, by: str) -> str:
        """Return a new token of an account; the one before it ends."""
        token = secrets.token_urlsafe(32)
        with self._keeping.writing():
            self._keeping.run("DELETE FROM tokens WHERE name = ?", [name])
            self._keeping.run(
                "INSERT INTO tokens VALUES (?, ?, ?)", [_digest(token), name, self._keeping.now()]
            )
            self._journal.note(by, "token_made", name)
        return token

    def belongs(self, name: str, token: str) -> bool:
        """Whether a token is this account's; closing it or a new password ends it."""
        found = self._keeping.row(
            "SELECT 1 FROM tokens WHERE digest = ? AND name = ?", [_digest(token), name]
        )
        return found is not None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
