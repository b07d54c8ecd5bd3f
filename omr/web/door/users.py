"""The administrator's desk: accounts, one by one, and the record of what was done with them."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from omr.errors import OmrError
from omr.forms.serial import as_printed
from omr.messages import say
from omr.records.offices.units import Unit, find_unit, list_units
from omr.text import unaccented
from omr.web.frame.pages import NotFoundError, page, see_other, sentence
from omr.web.frame.visit import Visit
from omr.web.people.journal import NOTED, AccountAct
from omr.web.people.person import User, account_name, parse_roles
from omr.words import Role


def accounts_page(visit: Visit) -> Response:
    """Show all accounts and the latest acts."""
    return _show(visit)


def _show(visit: Visit, *, problem: str = "") -> Response:
    accounts = visit.office.accounts
    return page(
        visit,
        "accounts.html",
        status=400 if problem else 200,
        accounts=accounts.users(),
        acts=[replace(act, what=_what(act), about=_about(act)) for act in accounts.journal.acts(50)],
        roles=list(Role),
        units=_units(visit),
        problem=problem,
        told=visit.form,
    )


def _what(act: AccountAct) -> str:
    """Return what was done, in words; as it is stored where a later version noted it."""
    return say(f"web.act_{act.what}") if act.what in NOTED else act.what


def _about(act: AccountAct) -> str:
    """Return what an act was about, its stored words in the language in force."""
    name, colon, said = act.about.partition(": ")
    if act.what in ("account_added", "roles_changed") and colon:
        words = [say(f"web.role_{word}") if word in set(Role) else word for word in said.split()]
        return f"{name}: {', '.join(words)}"
    if act.what == "batch_corrected":
        batch, _, word = act.about.partition(" ")
        return f"{batch}: {say(f'batches.{word}')}" if word in ("withdraw", "restore") else act.about
    return as_printed(act.about) if act.what == "slip_looked_at" else act.about


def _units(visit: Visit) -> list[Unit]:
    with visit.office.store() as store:
        units = [unit for unit in list_units(store) if unit.valid_to is None]
    return sorted(units, key=lambda unit: unaccented(unit.name))


def add(visit: Visit) -> Response:
    """Add an account; its one-time password is shown once, on this answer."""
    form = visit.form
    try:
        roles, unit = _granted(visit)
        password = visit.office.accounts.add(form.get("name", ""), roles, unit, by=visit.me.name)
        name = account_name(form.get("name", ""))
        visit.office.accounts.describe(name, form.get("full_name", ""), form.get("rank", ""), visit.me.name)
    except OmrError as error:
        return _show(visit, problem=sentence(str(error)))
    return _one(visit, name, fresh=password)


def show(visit: Visit) -> Response:
    """Show one account: who it is, what it may do, where it is signed in."""
    return _one(visit, visit.parameter("name"))


def change(visit: Visit) -> Response:
    """Change what somebody may do, and how they sign; where that changes, their sessions end."""
    user, form, accounts = _user(visit), visit.form, visit.office.accounts
    try:
        roles, unit = _granted(visit)
        accounts.describe(user.name, form.get("full_name", ""), form.get("rank", ""), visit.me.name)
        if (roles, unit) != (user.roles, user.unit):
            accounts.grant(user.name, roles, unit, by=visit.me.name)
    except OmrError as error:
        return _one(visit, user.name, problem=sentence(str(error)))
    return see_other(f"/accounts/{user.name}")


def reset(visit: Visit) -> Response:
    """Give an account a new one-time password."""
    user = _user(visit)
    try:
        password = visit.office.accounts.reset(user.name, by=visit.me.name)
    except OmrError as error:
        return _one(visit, user.name, problem=sentence(str(error)))
    return _one(visit, user.name, fresh=password)


def set_active(visit: Visit) -> Response:
    """Let an account in or keep it out."""
    user = _user(visit)
    try:
        visit.office.accounts.set_active(user.name, visit.form.get("active") == "1", by=visit.me.name)
    except OmrError as error:
        return _one(visit, user.name, problem=sentence(str(error)))
    return see_other(f"/accounts/{user.name}")


def sign_out(visit: Visit) -> Response:
    """Sign somebody out everywhere."""
    user = _user(visit)
    visit.office.accounts.sessions.end_all(user.name, visit.me.name)
    return see_other(f"/accounts/{user.name}")


def _one(visit: Visit, name: str, *, problem: str = "", fresh: str = "") -> Response:
    user = visit.office.accounts.find(name)
    if user is None:
        raise NotFoundError
    return page(
        visit,
        "account.html",
        status=400 if problem else 200,
        account=user,
        roles=list(Role),
        units=_units(visit),
        sessions=visit.office.accounts.sessions.of(name, visit.secret),
        problem=problem,
        fresh=fresh,
    )


def _user(visit: Visit) -> User:
    user = visit.office.accounts.find(visit.parameter("name"))
    if user is None:
        raise NotFoundError
    return user


def _granted(visit: Visit) -> tuple[frozenset[Role], str | None]:
    """Return the roles and the unit that the form says, the unit as the register spells it."""
    roles = parse_roles(visit.form.get("roles", "").replace(" ", ","))
    unit = visit.form.get("unit", "").strip() or None
    if unit is not None:
        with visit.office.store() as store:
            unit = find_unit(store, unit).unit
    return roles, unit
