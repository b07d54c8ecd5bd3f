"""The accounts of the desks: who may enter, in which roles, and how they change."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from omr.errors import AccessError
from omr.means import Hasher
from omr.web.people.database import Keeping
from omr.web.people.hashing import HASHER, hashed_password, is_password, one_time_password
from omr.web.people.journal import Journal
from omr.web.people.known import KnownAnswers
from omr.web.people.passwords import refuse_weak
from omr.web.people.person import (
    LONGEST_NAME,
    OF_A_USER,
    User,
    account_name,
    folded,
    granted_roles,
    user_of,
)
from omr.web.people.sent import SentForms
from omr.web.people.sessions import Sessions, Tokens
from omr.words import Role


class Accounts:
    """The accounts of one workspace; safe to share between threads.

    Attributes
    ----------
    journal : Journal
        What was done with them.
    sessions, tokens : Sessions, Tokens
        Who is signed in.
    known : KnownAnswers
        How well reviewers read.
    sent : SentForms
        What must not be done twice.
    """

    def __init__(self, keeping: Keeping, hasher: Hasher = HASHER) -> None:
        self._keeping, self._hasher = keeping, hasher
        self.journal = Journal(keeping)
        self.sessions = Sessions(keeping, self.journal)
        self.tokens = Tokens(keeping, self.journal)
        self.known = KnownAnswers(keeping)
        self.sent = SentForms(keeping)

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        hasher: Hasher | None = None,
    ) -> Accounts:
        """Open the database at `path`; made when absent. `hasher` hashes new passwords, else argon2."""
        return cls(Keeping.open(path, clock), hasher or HASHER)

    def close(self) -> None:
        """Close the database."""
        self._keeping.close()

    @property
    def signing_key(self) -> bytes:
        """The secret that signs cookies: 32 random bytes, made with the database."""
        (row,) = self._keeping.rows("SELECT key FROM signing_key")
        return bytes(row[0])

    def add(self, name: str, roles: Iterable[Role], unit: str | None, by: str) -> str:
        """Add an account and return its one-time password.

        Raises
        ------
        AccessError
            If the name is taken or unusable, no role is given, or a role needs a unit.
        """
        name, granted = account_name(name), granted_roles(roles, unit)
        password = one_time_password()
        hashed = hashed_password(password, self._hasher)
        with self._keeping.writing():
            if self.find(name) is not None:
                raise AccessError("accounts.name_taken", name=name)
            self._keeping.run(
                "INSERT INTO accounts (name, unit, password, must_change, active, made_at) "
                "VALUES (?, ?, ?, 1, 1, ?)",
                [name, unit, hashed, self._keeping.now()],
            )
            self._grant(name, granted)
            self.journal.note(by, "account_added", _told(name, granted, unit))
        return password

    def grant(self, name: str, roles: Iterable[Role], unit: str | None, by: str) -> None:
        """Give an account these roles instead of the ones it had; its sessions end."""
        granted = granted_roles(roles, unit)
        with self._keeping.writing():
            user = self.known_one(name)
            if Role.ADMIN in user.roles and Role.ADMIN not in granted:
                _refuse_oneself(name, by)
                self._another_admin(name)
            self._keeping.run("DELETE FROM roles WHERE name = ?", [name])
            self._keeping.run("UPDATE accounts SET unit = ? WHERE name = ?", [unit, name])
            self._grant(name, granted)
            self._end_all(name)
            self.journal.note(by, "roles_changed", _told(name, granted, unit))

    def describe(self, name: str, full_name: str, rank: str, by: str) -> None:
        """Say how an account's owner signs.

        Raises
        ------
        AccessError
            If there is no such account, or what is given is no name.
        """
        told = [" ".join(unicodedata.normalize("NFC", text).split()) for text in (full_name, rank)]
        if any(len(text) > LONGEST_NAME or not text.isprintable() for text in told):
            raise AccessError("people.bad_full_name", most=LONGEST_NAME)
        with self._keeping.writing():
            user = self.known_one(name)
            if (user.full_name, user.rank) == tuple(told):
                return
            self._keeping.run("UPDATE accounts SET full_name = ?, rank = ? WHERE name = ?", [*told, name])
            self.journal.note(by, "account_described", f"{name}: {told[1]} {told[0]}")

    def reset(self, name: str, by: str) -> str:
        """Give an account a new one-time password and return it; its sessions end."""
        _refuse_oneself(name, by)
        password = one_time_password()
        hashed = hashed_password(password, self._hasher)
        with self._keeping.writing():
            self.known_one(name)
            self._keeping.run(
                "UPDATE accounts SET password = ?, must_change = 1 WHERE name = ?", [hashed, name]
            )
            self._end_all(name)
            self.journal.note(by, "password_reset", name)
        return password

    def set_active(self, name: str, active: bool, by: str) -> None:
        """Let an account in or keep it out; accounts are never deleted: their acts name them."""
        with self._keeping.writing():
            user = self.known_one(name)
            if not active:
                _refuse_oneself(name, by)
            if not active and Role.ADMIN in user.roles:
                self._another_admin(name)
            self._keeping.run("UPDATE accounts SET active = ? WHERE name = ?", [int(active), name])
            self._end_all(name)
            self.journal.note(by, "account_opened" if active else "account_closed", name)

    def change_password(self, name: str, old: str, new: str) -> None:
        """Replace a password by one that its owner chose; all sessions of the account end.

        Raises
        ------
        AccessError
            If `old` is wrong or `new` is too short, too long, easy to guess or the same.
        """
        if self.check(name, old) is None:
            raise AccessError("accounts.wrong_old_password")
        refuse_weak(new, name)
        if new == old:
            raise AccessError("accounts.password_same")
        hashed = hashed_password(new, self._hasher)
        with self._keeping.writing():
            self._keeping.run(
                "UPDATE accounts SET password = ?, must_change = 0 WHERE name = ?", [hashed, name]
            )
            self._end_all(name)
            self.journal.note(name, "password_changed", name)

    def check(self, name: str, password: str) -> User | None:
        """Return the account if the password is right and it is active, else None; same time either way."""
        row = self._keeping.row("SELECT password FROM accounts WHERE name = ?", [folded(name)])
        if not is_password(password, row[0] if row else None, self._hasher):
            return None
        user = self.find(folded(name)) if row else None
        return user if user is not None and user.active else None

    def make_token(self, name: str, by: str) -> str:
        """Return a new token of an account, for its command line; the one before it ends."""
        with self._keeping.writing():
            return self.tokens.make(self.known_one(account_name(name)).name, by)

    def find(self, name: str) -> User | None:
        """Return one account."""
        return next((user for user in self.users() if user.name == name), None)

    def users(self) -> list[User]:
        """Return all accounts by name."""
        rows = self._keeping.rows(
            f"SELECT {OF_A_USER} FROM accounts LEFT JOIN roles USING (name) GROUP BY name ORDER BY name"
        )
        return [user_of(*row) for row in rows]

    def known_one(self, name: str) -> User:
        """Return an account that is there.

        Raises
        ------
        AccessError
            If it is not.
        """
        user = self.find(name)
        if user is None:
            raise AccessError("accounts.no_such_account", name=name)
        return user

    def _another_admin(self, name: str) -> None:
        """Refuse to lock everybody out."""
        if not any(u.name != name and u.active and Role.ADMIN in u.roles for u in self.users()):
            raise AccessError("accounts.last_admin")

    def _grant(self, name: str, roles: frozenset[Role]) -> None:
        for role in sorted(roles):
            self._keeping.run("INSERT INTO roles VALUES (?, ?)", [name, role.value])

    def _end_all(self, name: str) -> None:
        self._keeping.run("DELETE FROM sessions WHERE name = ?", [name])
        self._keeping.run("DELETE FROM tokens WHERE name = ?", [name])


def _told(name: str, roles: Iterable[Role], unit: str | None) -> str:
    return f"{name}: {' '.join(sorted(roles))} {unit or ''}".strip()


def _refuse_oneself(name: str, by: str) -> None:
    """Refuse what locks out who does it: it takes a colleague."""
    if name == by:
        raise AccessError("people.not_oneself")


def signature_of(folder: Path, name: str) -> str:
    """Return how somebody signs, for who has the workspace's folder but no desk; else the name itself."""
    path = folder / "accounts.sqlite"
    if not path.is_file():
        return name
    accounts = Accounts.open(path)
    try:
        user = accounts.find(name)
    finally:
        accounts.close()
    return user.signature if user else name
