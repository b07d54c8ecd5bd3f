"""The desks of the house: where they are and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from omr.web.people.person import User
from omr.words import Role


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    path: str
    title: str  # keys of messages
    about: str
    roles: frozenset[Role]
    also: tuple[str, ...] = ()  # where what it leads to has its pages

    def is_at(self, path: str) -> bool:
        """Return whether a page belongs to it."""
        return any(path == one or path.startswith(f"{one}/") for one in (self.path, *self.also))

    def opens_for(self, user: User) -> bool:
        """Return whether somebody may use it."""
        return bool(self.roles & user.roles)


PV01: Final = frozenset({Role.REVIEWER, Role.LEAD})

INTAKE: Final = Place(
    "/intake",
    "web.intake",
    "web.intake_about",
    PV01 | {Role.CLERK},
    also=("/batches", "/scan", "/folders", "/scanner-check"),
)
REVIEW: Final = Place("/review", "web.review", "web.review_about", PV01)
CASES: Final = Place("/cases", "web.cases", "web.cases_about", PV01)
COMMENTS: Final = Place("/comments", "web.comments", "web.comments_about", PV01)
PRINT: Final = Place(
    "/print",
    "printing.desk",
    "printing.about",
    PV01,
    also=(
        *("/hand-overs", "/stock", "/counters", "/units", "/forms"),
        *("/sheets/plan", "/sheets/units", "/sheets/counters"),
    ),
)
BOARD: Final = Place(
    *("/month", "board.month", "board.about", PV01),
    also=("/sheets/visits", "/sheets/electronic", "/sheets/keyed"),
)
OVERVIEW: Final = Place(
    "/overview", "web.overview", "web.overview_about", frozenset({Role.LEAD, Role.VIEWER})
)
ACCOUNTS: Final = Place("/accounts", "web.accounts", "web.accounts_about", frozenset({Role.ADMIN}))
SETTINGS: Final = Place("/settings", "settings.title", "settings.about", frozenset({Role.LEAD, Role.ADMIN}))
BACKUP: Final = Place("/backup", "keeping.backup", "keeping.backup_about", frozenset({Role.ADMIN}))

# reached from the box in the head of every page, not from the list of desks
SEARCH: Final = Place("/search", "search.search", "search.search_about", PV01 | {Role.CLERK})

DESKS: Final = (PRINT, INTAKE, REVIEW, CASES, COMMENTS, BOARD, OVERVIEW, ACCOUNTS, SETTINGS, BACKUP)


def desks_of(user: User) -> list[Place]:
    """Return the desks that somebody may use, in the order of the work."""
    return [desk for desk in DESKS if desk.opens_for(user)]
