"""The administrator's desk: accounts and the record of what was done with them."""

from __future__ import annotations

from starlette.responses import Response

from omr.errors import OmrError
from omr.records.register.units import find_unit, list_units
from omr.web.frame.pages import page, see_other
from omr.web.frame.visit import Visit
from omr.web.people.accounts import parse_roles
from omr.words import Role


def accounts_page(visit: Visit) -> Response:
    """Show all accounts and the latest acts."""
    return _show(visit)


def _show(
    visit: Visit, *, problem: str = "", fresh: tuple[str, str] | None = None, status: int = 200
) -> Response:
    accounts = visit.office.accounts
    with visit.office.store() as store:
        units = [unit for unit in list_units(store) if unit.valid_to is None]
    return page(
        visit,
        "accounts.html",
        status=status,
        accounts=accounts.users(),
        acts=accounts.acts(50),
        roles=list(Role),
        units=units,
        problem=problem,
        fresh=fresh,
    )


def add(visit: Visit) -> Response:
    """Add an account; its one-time password is shown once, on this answer."""
    name, unit = visit.form.get("name", ""), visit.form.get("unit", "").strip() or None
    try:
        roles = parse_roles(visit.form.get("roles", "").replace(" ", ","))
        if unit is not None:
            with visit.office.store() as store:
                unit = find_unit(store, unit).unit  # as the register spells it: desks compare it
        password = visit.office.accounts.add(name, roles, unit, by=visit.me.name)
    except OmrError as error:
        return _show(visit, problem=str(error), status=400)
    return _show(visit, fresh=(name, password))


def reset(visit: Visit) -> Response:
    """Give an account a new one-time password."""
    name = visit.parameter("name")
    return _show(visit, fresh=(name, visit.office.accounts.reset(name, by=visit.me.name)))


def set_active(visit: Visit) -> Response:
    """Let an account in or keep it out."""
    active = visit.form.get("active") == "1"
    visit.office.accounts.set_active(visit.parameter("name"), active, by=visit.me.name)
    return see_other("/accounts")
