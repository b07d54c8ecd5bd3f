"""The first days of an office: what is set up, and what comes next; it goes when all is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from omr.records.month.begun import begun
from omr.records.store.store import Store
from omr.web.frame.desks import PV01
from omr.web.frame.visit import Visit
from omr.words import Role


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to set up; its messages are ``start.first_<word>`` and ``start.first_<word>_how``."""

    word: str
    done: bool
    path: str  # where it is done; "": not in the browser


def checklist(visit: Visit, store: Store) -> list[Point]:
    """Return what this person sets up in an office that is new; empty when all of it is done."""
    points = [*_of_admin(visit)] if Role.ADMIN in visit.me.roles else []
    if visit.me.roles & PV01:
        points += _of_pv01(store)
    return [] if all(point.done for point in points) else points


def _of_admin(visit: Visit) -> Iterator[Point]:
    users = [user for user in visit.office.accounts.users() if user.active]
    roles = {role for user in users for role in user.roles}
    admins = [user for user in users if Role.ADMIN in user.roles]
    yield Point("reviewers", sum(Role.REVIEWER in user.roles for user in users) >= 2, "/accounts")
    yield Point("lead", Role.LEAD in roles, "/accounts")
    yield Point("clerks", Role.CLERK in roles, "/accounts")
    yield Point("second_admin", len(admins) >= 2, "/accounts")
    yield Point("backup_place", visit.office.backups.target is not None, "/settings")
    yield Point("backup_made", visit.office.backups.last() is not None, "/backup")


def _of_pv01(store: Store) -> Iterator[Point]:
    there = begun(store)
    yield Point("units", there.units, "/units")
    yield Point("issued", there.issued, "/print")
    yield Point("handed_over", there.handed_over, "/hand-overs")
    yield Point("scanned", there.scanned, "/intake")
