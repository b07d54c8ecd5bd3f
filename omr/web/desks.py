"""The desks of the house: where they are and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from omr.web.accounts import User
from omr.words import Role


@dataclass(frozen=True, slots=True)
class Desk:
    """One entry of the navigation."""

    path: str
    title: str  # keys of messages
    about: str
    roles: frozenset[Role]

    def opens_for(self, user: User) -> bool:
        """Return whether somebody may use it."""
        return bool(self.roles & user.roles)


PV01: Final = frozenset({Role.REVIEWER, Role.LEAD})

INTAKE: Final = Desk("/intake", "web.intake", "web.intake_about", PV01 | {Role.CLERK})
REVIEW: Final = Desk("/review", "web.review", "web.review_about", PV01)
CASES: Final = Desk("/cases", "web.cases", "web.cases_about", PV01)
COMMENTS: Final = Desk("/comments", "web.comments", "web.comments_about", PV01)
PRINT: Final = Desk("/print", "printing.desk", "printing.about", PV01)
BOARD: Final = Desk("/month", "board.month", "board.about", PV01)
OVERVIEW: Final = Desk("/overview", "web.overview", "web.overview_about", frozenset({Role.LEAD, Role.VIEWER}))
ACCOUNTS: Final = Desk("/accounts", "web.accounts", "web.accounts_about", frozenset({Role.ADMIN}))

# reached from the box in the head of every page, not from the list of desks
SEARCH: Final = Desk("/search", "search.search", "search.search_about", PV01 | {Role.CLERK})

DESKS: Final = (PRINT, INTAKE, REVIEW, CASES, COMMENTS, BOARD, OVERVIEW, ACCOUNTS)


def desks_of(user: User) -> list[Desk]:
    """Return the desks that somebody may use, in the order of the work."""
    return [desk for desk in DESKS if desk.opens_for(user)]
