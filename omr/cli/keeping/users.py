"""``omr users``: accounts of the desks."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say

if TYPE_CHECKING:
    from omr.web.people.accounts import Accounts


@click.group()
def users() -> None:
    """Accounts."""


@users.command()
@click.argument("name")
@click.option("--role", required=True)
@click.option("--unit")
@json_option
@click.pass_obj
def add(session: Session, name: str, role: str, unit: str | None, as_json: bool) -> None:
    """Add an account."""
    from omr.records.offices.units import find_unit
    from omr.web.people.person import account_name, parse_roles

    roles = parse_roles(role)
    if unit is not None:
        with session.store() as store:
            unit = find_unit(store, unit).unit  # as the register spells it: desks compare it
    password = _accounts(session).add(name, roles, unit, by=_me())
    if as_json:
        value = {"name": account_name(name), "roles": sorted(roles), "unit": unit, "password": password}
        return print_json(value)
    click.echo(say("web.user_added", name=account_name(name)))
    _hand_over(session, account_name(name), password)


@users.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List the accounts."""
    known = _accounts(session).users()
    if as_json:
        return print_json(
            [{"name": u.name, "roles": sorted(u.roles), "unit": u.unit, "active": u.active} for u in known]
        )
    for user in known:
        state = say("web.open" if user.active else "web.closed")
        click.echo(f"{user.name}\t{','.join(sorted(user.roles))}\t{user.unit or '–'}\t{state}")


def _hand_over(session: Session, name: str, password: str) -> None:
    """Show a one-time password on a terminal; elsewhere it goes into a file for its owner alone."""
    from omr.web.server import hand_over

    click.echo(hand_over(session.workspace().path, name, password, terminal=sys.stdout.isatty()))


@users.command()
@click.argument("name")
@click.pass_obj
def reset(session: Session, name: str) -> None:
    """Give a new one-time password."""
    from omr.web.people.person import account_name

    password = _accounts(session).reset(name, by=_me())
    click.echo(say("web.user_reset", name=account_name(name)))
    _hand_over(session, account_name(name), password)


@users.command()
@click.argument("name")
@json_option
@click.pass_obj
def token(session: Session, name: str, as_json: bool) -> None:
    """Make a token for the command line."""
    from omr.web.people.person import account_name

    made = _accounts(session).make_token(name, by=_me())
    if as_json:
        return print_json({"name": account_name(name), "token": made})
    _hand_over(session, account_name(name), made)


@users.command()
@click.argument("name")
@click.pass_obj
def close(session: Session, name: str) -> None:
    """Keep an account out."""
    _accounts(session).set_active(name, active=False, by=_me())
    click.echo(say("web.user_closed", name=name))


@users.command("open")
@click.argument("name")
@click.pass_obj
def open_(session: Session, name: str) -> None:
    """Let an account in again."""
    _accounts(session).set_active(name, active=True, by=_me())
    click.echo(say("web.user_opened", name=name))


def _accounts(session: Session) -> Accounts:
    from omr.web.people.accounts import Accounts

    return Accounts.open(session.workspace().path / "accounts.sqlite", hasher=session.means.hasher)


def _me() -> str:
    return f"omr users: {getpass.getuser()}"
