"""Who acts: where there are accounts, a name at the command line proves that it is its owner.

By a token of the account in ``OMR_TOKEN`` (`omr users token`), else by its password, which a person
at a terminal is asked for. Without accounts the name goes into the chain as it is given.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omr.cli.common import Session
from omr.errors import AccessError, OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.office import Office
    from omr.records.store.store import Store
    from omr.web.people.accounts import Accounts
    from omr.web.people.person import User
    from omr.words import Role

TOKEN: Final = "OMR_TOKEN"


@contextmanager
def office_of(
    session: Session, by: str, *roles: Role, refused: str = "accounts.role_lacks"
) -> Iterator[Office]:
    """Open the office for somebody who may act in it, with what they must not decide.

    Parameters
    ----------
    roles : Role
        One of them is needed.
    refused : str
        Key of the message when none of them is there.

    Raises
    ------
    AccessError
        If there are accounts and `by` is none of them, lacks the role, or does not prove itself.
    """
    from omr.office import Office

    workspace = session.workspace()
    user = person(session, by, *roles, refused=refused)
    who = by if user is None else user.name
    with Office.open(workspace, by=who, means=session.means) as office:
        yield office if user is None else office.among_persons(user.unit)


@contextmanager
def store_of(session: Session, by: str, *roles: Role) -> Iterator[Store]:
    """Open the register for somebody who may add to it; without roles for PV01. Raises as `office_of`."""
    from omr.words import Role

    with office_of(session, by, *(roles or (Role.REVIEWER, Role.LEAD))) as office:
        yield office.store


def person(session: Session, by: str, *roles: Role, refused: str = "accounts.role_lacks") -> User | None:
    """Return the account behind a name once it proved itself; None where there are no accounts."""
    from omr.web.people.accounts import Accounts
    from omr.web.people.person import account_name

    if not has_accounts(session):
        return None
    with closing(Accounts.open(_accounts(session))) as accounts:
        try:
            user = accounts.find(account_name(by))
        except AccessError:
            user = None
        if user is None or not user.active or not set(roles) & user.roles:
            raise AccessError(refused, name=by[:80])
        _prove(accounts, user)
    return user


def has_accounts(session: Session) -> bool:
    """Whether this office has accounts: then what decides what counts takes two of them."""
    from omr.web.people.accounts import Accounts

    path = _accounts(session)
    if not path.is_file():
        return False
    with closing(Accounts.open(path)) as accounts:
        return bool(accounts.users())


def _accounts(session: Session) -> Path:
    return session.workspace().path / "accounts.sqlite"


def _prove(accounts: Accounts, user: User) -> None:
    token = os.environ.get(TOKEN)
    if token is not None:
        if not accounts.tokens.belongs(user.name, token.strip()):
            raise AccessError("accounts.wrong_token", name=user.name)
        return
    if not sys.stdin.isatty():
        raise AccessError("accounts.prove", name=user.name)
    password = getpass.getpass(say("accounts.password_of", name=user.name) + " ")
    checked = accounts.check(user.name, password)
    if checked is None:
        accounts.journal.note_stranger("cli_password_wrong", user.name)
        raise AccessError("accounts.wrong_password", name=user.name)
    if checked.must_change:
        raise OmrError("accounts.change_first", name=user.name)
