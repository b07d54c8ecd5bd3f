"""Who a person is to the desks: name, roles, unit, and how he signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from omr.errors import AccessError
from omr.words import Role

OF_A_UNIT: Final = frozenset({Role.CLERK, Role.VIEWER})
LONGEST_NAME: Final = 80  # of a person
_NAME: Final = re.compile(r"[\w][\w.-]{1,39}")
# The columns of `user_of`, of accounts joined to their roles.
OF_A_USER: Final = "name, coalesce(group_concat(role, ' '), ''), unit, must_change, active, full_name, rank"


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
    name = folded(text)
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


def folded(name: str) -> str:
    """Return a login name as it is compared."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def granted_roles(roles: Iterable[Role], unit: str | None) -> frozenset[Role]:
    """Return the roles that an account is to have.

    Raises
    ------
    AccessError
        If there is none, or one of them needs a unit.
    """
    granted = frozenset(roles)
    if not granted:
        raise AccessError("accounts.no_role")
    if granted & OF_A_UNIT and not unit:
        raise AccessError("accounts.role_needs_unit")
    return granted


def user_of(
    name: str, roles: str, unit: str | None, must_change: int, active: int, full_name: str, rank: str
) -> User:
    """Return an account of its row."""
    granted = frozenset(Role(role) for role in roles.split())
    return User(name, granted, unit, bool(must_change), bool(active), full_name, rank)
