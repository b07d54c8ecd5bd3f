"""The start page: the desks that this person may use, and how the house stands."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from omr.web.frame.pages import page
from omr.web.frame.visit import Visit
from omr.web.state import state_of
from omr.words import Role

_SEES_TO_IT: Final = frozenset({Role.ADMIN, Role.LEAD, Role.REVIEWER})


def home(visit: Visit) -> Response:
    """Show the desks of this person's roles; who can see to it also sees disk, backup and reading."""
    state = state_of(visit.office) if visit.me.roles & _SEES_TO_IT else None
    return page(visit, "home.html", state=state)
