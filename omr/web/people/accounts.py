"""Who may enter the desks: accounts, roles and sessions, in a database of their own.

``accounts.sqlite`` stands beside the register and never travels with it: hashes of
passwords and sessions have no place in a bundle, an export or a database that somebody
opens to count slips. A session is a random number that only the browser knows; here
stands its SHA-256.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore, RLock
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database, Migrations

from omr.errors import AccessError, StoreError, why
from omr.files import refusal
from omr.web.people.passwords import is_plain
from omr.words import Role

OF_A_UNIT: Final = frozenset({Role.CLERK, Role.VIEWER})

IDLE: Final = timedelta(minutes=30)  # a screen left alone at a counter
LONGEST: Final = timedelta(hours=12)  # a working day with overtime
LONGEST_NAME: Final = 80  # of a person
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200  # argon2 hashes all of it: a megabyte would be an attack
# Without look-alikes; 16 of 31 signs are 79 bits, and the password is changed at the first login.
_ONE_TIME_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_SEEN_EVERY: Final = timedelta(minutes=1)  # a write per minute and session, not per request
_CLOCK_SLACK: Final = timedelta(minutes=2)  # a clock may be set back so far; beyond, no limit would hold
MOST_ANONYMOUS_ACTS: Final = 500  # a day: somebody at the door who guesses fills no disk
_NAME: Final = re.compile(r"[\w][\w.-]{1,39}")

# Two at a time: one check takes 64 MiB by argon2's defaults (RFC 9106, second choice), and
# forty threads of a web server at once would take 2.5 GiB.
_hasher: Final = PasswordHasher()
_hashing: Final = BoundedSemaphore(2)

migrations: Final = Migrations("omr-accounts")


@migrations()
def m001_accounts(db: Database) -> None:
    """Accounts, their roles, sessions, acts, the key that signs cookies."""
    db.execute(
        """CREATE TABLE accounts (
            name TEXT PRIMARY KEY, unit TEXT, password TEXT NOT NULL,
            must_change INTEGER NOT NULL, active INTEGER NOT NULL, made_at TEXT NOT NULL) STRICT"""
    )
    db.execute(
        """CREATE TABLE roles (name TEXT NOT NULL REFERENCES accounts, role TEXT NOT NULL,
            PRIMARY KEY (name, role)) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE sessions (
            digest TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES accounts,
            started_at TEXT NOT NULL, seen_at TEXT NOT NULL) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE acts (act INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, by TEXT NOT NULL,
            what TEXT NOT NULL, about TEXT NOT NULL) STRICT"""
    )
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER acts_{verb.lower()} BEFORE {verb} ON acts "
            "BEGIN SELECT RAISE(ABORT, 'acts: added, never changed or removed'); END"
        )
    db.execute("CREATE TABLE signing_key (key BLOB NOT NULL) STRICT")
    db.execute("INSERT INTO signing_key VALUES (?)", [secrets.token_bytes(32)])


@migrations()
def m002_known(db: Database) -> None:
    """Keep what reviewers said on items whose answer was known: a measure, no fact about a slip."""
    db.execute(
        """CREATE TABLE known_answers (name TEXT NOT NULL REFERENCES accounts, item TEXT NOT NULL,
            at TEXT NOT NULL, right INTEGER NOT NULL CHECK (right IN (0, 1)),
            PRIMARY KEY (name, item)) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m003_tokens(db: Database) -> None:
    """Add what stands for a password where no person types: the command line of one account."""
    db.execute(
        """CREATE TABLE tokens (digest TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES accounts,
            made_at TEXT NOT NULL) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m004_persons(db: Database) -> None:
    """Add how a person signs, and from where a session comes."""
    db.execute("ALTER TABLE accounts ADD COLUMN full_name TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE accounts ADD COLUMN rank TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT ''")


@dataclass(frozen=True, slots=True)
class User:
    """One account as the desks need it."""

    name: str
    roles: frozenset[Role]
    unit: str | None
    must_change: bool  # the one-time password is still in force
    active: bool
    full_name: str = ""
    rank: str = ""

    @property
    def signature(self) -> str:
        """How this person signs: rank and full name, else the login name."""
        return f"{self.rank} {self.full_name}".strip() if self.full_name else self.name


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which an account is signed in."""

    started_at: str  # UTC
    seen_at: str
    address: str
    here: bool  # the one that asks


@dataclass(frozen=True, slots=True)
class AccountAct:
    """One thing that somebody did with accounts: logins, changes, refusals."""

    at: str
    by: str
    what: str
    about: str


class Accounts:
    """The accounts of one workspace; safe to share between threads."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self._lock = RLock()

    @classmethod
    def open(cls, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Accounts:
        """Open the database at `path`, readable by its owner only; made when absent.

        Raises
        ------
        StoreError
            If the file is no database of ours.
        """
        path.touch(mode=0o600)
        path.chmod(0o600)
        try:
            connection = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            db = Database(connection)
            db.enable_wal()
            connection.execute("PRAGMA foreign_keys = ON")
            migrations.apply(db)
        except sqlite3.DatabaseError as error:
            found = refusal(path.parent)
            raise StoreError("accounts.unusable", file=path, detail=why(found) if found else error) from error
        return cls(db, clock)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @property
    def signing_key(self) -> bytes:
        """The secret that signs cookies: 32 random bytes, made with the database."""
        with self._lock:
            return bytes(self._db.execute("SELECT key FROM signing_key").fetchone()[0])

    # accounts

    def add(self, name: str, roles: Iterable[Role], unit: str | None, by: str) -> str:
        """Add an account and return its one-time password.

        Raises
        ------
        AccessError
            If the name is taken or unusable, no role is given, or a role needs a unit.
        """
        name, granted = account_name(name), frozenset(roles)
        if not granted:
            raise AccessError("accounts.no_role")
        if granted & OF_A_UNIT and not unit:
            raise AccessError("accounts.role_needs_unit")
        password = one_time_password()
        hashed = _hash(password)
        with self._lock, self._db.atomic():
            if self.find(name) is not None:
                raise AccessError("accounts.name_taken", name=name)
            self._db.execute(
                "INSERT INTO accounts (name, unit, password, must_change, active, made_at) "
                "VALUES (?, ?, ?, 1, 1, ?)",
                [name, unit, hashed, self._now()],
            )
            self._grant(name, granted)
            self.note(by, "account_added", f"{name}: {' '.join(sorted(granted))} {unit or ''}".strip())
        return password

    def grant(self, name: str, roles: Iterable[Role], unit: str | None, by: str) -> None:
        """Give an account these roles instead of the ones it had; its sessions end."""
        granted = frozenset(roles)
        if not granted:
            raise AccessError("accounts.no_role")
        if granted & OF_A_UNIT and not unit:
            raise AccessError("accounts.role_needs_unit")
        with self._lock, self._db.atomic():
            user = self._known(name)
            if Role.ADMIN in user.roles and Role.ADMIN not in granted:
                _refuse_oneself(name, by)
                self._another_admin(name)
            self._db.execute("DELETE FROM roles WHERE name = ?", [name])
            self._db.execute("UPDATE accounts SET unit = ? WHERE name = ?", [unit, name])
            self._grant(name, granted)
            self._end_all(name)
            self.note(by, "roles_changed", f"{name}: {' '.join(sorted(granted))} {unit or ''}".strip())

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
        with self._lock, self._db.atomic():
            user = self._known(name)
            if (user.full_name, user.rank) == tuple(told):
                return
            self._db.execute("UPDATE accounts SET full_name = ?, rank = ? WHERE name = ?", [*told, name])
            self.note(by, "account_described", f"{name}: {told[1]} {told[0]}")

    def reset(self, name: str, by: str) -> str:
        """Give an account a new one-time password and return it; its sessions end."""
        _refuse_oneself(name, by)
        password = one_time_password()
        hashed = _hash(password)
        with self._lock, self._db.atomic():
            self._known(name)
            self._db.execute(
                "UPDATE accounts SET password = ?, must_change = 1 WHERE name = ?", [hashed, name]
            )
            self._end_all(name)
            self.note(by, "password_reset", name)
        return password

    def set_active(self, name: str, active: bool, by: str) -> None:
        """Let an account in or keep it out; accounts are never deleted: their acts name them."""
        with self._lock, self._db.atomic():
            user = self._known(name)
            if not active:
                _refuse_oneself(name, by)
            if not active and Role.ADMIN in user.roles:
                self._another_admin(name)
            self._db.execute("UPDATE accounts SET active = ? WHERE name = ?", [int(active), name])
            self._end_all(name)
            self.note(by, "account_opened" if active else "account_closed", name)

    def change_password(self, name: str, old: str, new: str) -> None:
        """Replace a password by one that its owner chose; all sessions of the account end.

        Raises
        ------
        AccessError
            If `old` is wrong or `new` is too short, too long, easy to guess or the same.
        """
        if self.check(name, old) is None:
            raise AccessError("accounts.wrong_old_password")
        if not SHORTEST_PASSWORD <= len(new) <= LONGEST_PASSWORD:
            raise AccessError("accounts.password_length", least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD)
        if len(set(new)) < 5 or name in new.casefold() or is_plain(new, name):
            raise AccessError("accounts.password_plain")
        if new == old:
            raise AccessError("accounts.password_same")
        hashed = _hash(new)
        with self._lock, self._db.atomic():
            self._db.execute(
                "UPDATE accounts SET password = ?, must_change = 0 WHERE name = ?", [hashed, name]
            )
            self._end_all(name)
            self.note(name, "password_changed", name)

    def check(self, name: str, password: str) -> User | None:
        """Return the account if the password is right and it is active, else None; same time either way."""
        with self._lock:
            row = self._db.execute("SELECT password FROM accounts WHERE name = ?", [_folded(name)]).fetchone()
        with _hashing:
            try:
                _hasher.verify(row[0] if row else _nobody(), password[:LONGEST_PASSWORD])
            except (VerificationError, InvalidHashError):
                return None
        user = self.find(_folded(name)) if row else None
        return user if user is not None and user.active else None

    def find(self, name: str) -> User | None:
        """Return one account."""
        return next((user for user in self.users() if user.name == name), None)

    def users(self) -> list[User]:
        """Return all accounts by name."""
        with self._lock:
            rows = self._db.execute(
                """SELECT name, coalesce(group_concat(role, ' '), ''), unit, must_change, active,
                    full_name, rank
                FROM accounts LEFT JOIN roles USING (name) GROUP BY name ORDER BY name"""
            ).fetchall()
        return [_user(*row) for row in rows]

    # tokens

    def make_token(self, name: str, by: str) -> str:
        """Return a new token of an account, for its command line; the one before it ends."""
        token = secrets.token_urlsafe(32)
        with self._lock, self._db.atomic():
            known = self._known(account_name(name)).name
            self._db.execute("DELETE FROM tokens WHERE name = ?", [known])
            self._db.execute("INSERT INTO tokens VALUES (?, ?, ?)", [_digest(token), known, self._now()])
            self.note(by, "token_made", known)
        return token

    def is_token(self, name: str, token: str) -> bool:
        """Whether a token is this account's; closing it or a new password ends it."""
        with self._lock:
            row = self._db.execute(
                "SELECT 1 FROM tokens WHERE digest = ? AND name = ?", [_digest(token), name]
            ).fetchone()
        return row is not None

    # sessions

    def start_session(self, name: str, address: str = "") -> str:
        """Begin a session and return its secret, which only the browser keeps."""
        secret, now = secrets.token_urlsafe(32), self._now()
        with self._lock, self._db.atomic():
            longest_ago = (self._clock() - LONGEST).isoformat()
            self._db.execute("DELETE FROM sessions WHERE started_at < ?", [longest_ago])
            self._db.execute(
                "INSERT INTO sessions (digest, name, started_at, seen_at, address) VALUES (?, ?, ?, ?, ?)",
                [_digest(secret), name, now, now, address],
            )
        return secret

    def visitor(self, secret: str) -> User | None:
        """Return who is behind a session; None when it never was, was idle too long or is over."""
        with self._lock:
            row = self._db.execute(
                """SELECT name, coalesce(group_concat(role, ' '), ''), unit, must_change, active,
                    full_name, rank, started_at, seen_at
                FROM sessions JOIN accounts USING (name) LEFT JOIN roles USING (name)
                WHERE digest = ? GROUP BY name""",
                [_digest(secret)],
            ).fetchone()
            if row is None:
                return None
            user = _user(*row[:7])
            started, seen, now = *map(datetime.fromisoformat, row[7:]), self._clock()
            back = now < seen - _CLOCK_SLACK or now < started - _CLOCK_SLACK
            if not user.active or back or now - seen > IDLE or now - started > LONGEST:
                self.end_session(secret)
                return None
            if now - seen > _SEEN_EVERY:
                with self._db.atomic():
                    self._db.execute(
                        "UPDATE sessions SET seen_at = ? WHERE digest = ?", [now.isoformat(), _digest(secret)]
                    )
        return user

    def end_session(self, secret: str) -> None:
        """End one session."""
        with self._lock, self._db.atomic():
            self._db.execute("DELETE FROM sessions WHERE digest = ?", [_digest(secret)])

    def sessions(self, name: str, secret: str = "") -> list[Session]:
        """Return the sessions of an account that are not over, the latest seen first."""
        now = self._clock()
        with self._lock:
            rows = self._db.execute(
                """SELECT started_at, seen_at, address, digest = ? FROM sessions WHERE name = ?
                AND seen_at >= ? AND started_at >= ? ORDER BY seen_at DESC""",
                [_digest(secret), name, (now - IDLE).isoformat(), (now - LONGEST).isoformat()],
            ).fetchall()
        return [Session(started, seen, address, bool(here)) for started, seen, address, here in rows]

    def end_sessions(self, name: str, by: str, *, but: str = "") -> None:
        """End all sessions of an account, or all but the one with this secret."""
        with self._lock, self._db.atomic():
            known = self._known(name).name
            self._db.execute("DELETE FROM sessions WHERE name = ? AND digest <> ?", [known, _digest(but)])
            self.note(by, "sessions_ended", known)

    # known answers

    def note_known(self, name: str, item: str, right: bool) -> None:
        """Note what a reviewer said on an item whose answer was known; the first time counts."""
        with self._lock, self._db.atomic():
            self._db.execute(
                "INSERT OR IGNORE INTO known_answers VALUES (?, ?, ?, ?)",
                [name, item, self._now(), int(right)],
            )

    def known_of(self, name: str) -> frozenset[str]:
        """Return the known items that a reviewer had."""
        with self._lock:
            rows = self._db.execute("SELECT item FROM known_answers WHERE name = ?", [name]).fetchall()
        return frozenset(row[0] for row in rows)

    def known_figures(self) -> dict[str, tuple[int, int]]:
        """Return for each reviewer how many known items were read right, of how many."""
        with self._lock:
            rows = self._db.execute("SELECT name, sum(right), count(*) FROM known_answers GROUP BY name")
            return {name: (right, count) for name, right, count in rows.fetchall()}

    # acts

    def note(self, by: str, what: str, about: str) -> None:
        """Add one line to the record of acts."""
        with self._lock, self._db.atomic():
            self._db.execute(
                "INSERT INTO acts (at, by, what, about) VALUES (?, ?, ?, ?)",
                [self._now(), by, what, about[:500]],
            )

    def note_stranger(self, what: str, about: str) -> None:
        """Add one line about somebody who is not signed in, unless this day has many of them already."""
        with self._lock, self._db.atomic():
            since = (self._clock() - timedelta(days=1)).isoformat()
            latest = self._db.execute(
                "SELECT at FROM acts WHERE by = '' ORDER BY act DESC LIMIT 1 OFFSET ?",
                [MOST_ANONYMOUS_ACTS - 1],
            ).fetchone()
            if latest is None or latest[0] < since:
                self.note("", what, about)

    def acts(self, limit: int = 200, *, what: str | None = None) -> list[AccountAct]:
        """Return the latest acts, or those of one kind, the newest first."""
        with self._lock:
            rows = self._db.execute(
                """SELECT at, by, what, about FROM acts WHERE what = ?1 OR ?1 IS NULL
                ORDER BY act DESC LIMIT ?2""",
                [what, limit],
            )
            return [AccountAct(*row) for row in rows.fetchall()]

    def _now(self) -> str:
        return self._clock().isoformat()

    def _known(self, name: str) -> User:
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
            self._db.execute("INSERT INTO roles VALUES (?, ?)", [name, role.value])

    def _end_all(self, name: str) -> None:
        self._db.execute("DELETE FROM sessions WHERE name = ?", [name])
        self._db.execute("DELETE FROM tokens WHERE name = ?", [name])


def account_name(text: str) -> str:
    """Return a login name in its stored form.

    Raises
    ------
    AccessError
        If it is not 2 to 40 letters, digits, dots, hyphens.

    Examples
    --------
    >>> account_name(" Lan.PV01 ")
    'lan.pv01'
    """
    name = _folded(text)
    if not _NAME.fullmatch(name):
        raise AccessError("accounts.bad_name", name=text[:40])
    return name


def parse_roles(text: str) -> frozenset[Role]:
    """Return the roles of a comma list.

    Examples
    --------
    >>> sorted(parse_roles("lead, reviewer"))
    [<Role.LEAD: 'lead'>, <Role.REVIEWER: 'reviewer'>]
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = next((word for word in words if word not in set(Role)), None)
    if wrong is not None:
        raise AccessError("accounts.bad_role", role=wrong[:40], known=", ".join(Role))
    return frozenset(Role(word) for word in words)


def one_time_password() -> str:
    """Return a random password in groups that can be read out."""
    signs = "".join(secrets.choice(_ONE_TIME_ALPHABET) for _ in range(16))
    return "-".join(signs[i : i + 4] for i in range(0, 16, 4))


@cache
def _nobody() -> str:
    """Return the hash of a password that nobody knows: an unknown name costs the same time as a wrong one."""
    return _hasher.hash(secrets.token_hex(16))


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


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


def _user(
    name: str, roles: str, unit: str | None, must_change: int, active: int, full_name: str, rank: str
) -> User:
    granted = frozenset(Role(role) for role in roles.split())
    return User(name, granted, unit, bool(must_change), bool(active), full_name, rank)
