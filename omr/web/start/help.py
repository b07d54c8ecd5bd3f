"""Help: what the desks are for, whom to ask, and what program this is."""

from __future__ import annotations

from importlib import metadata

from starlette.responses import Response

from omr.web.frame.pages import page
from omr.web.frame.visit import Visit
from omr.words import Role


def help_page(visit: Visit) -> Response:
    """Show it."""
    users = visit.office.accounts.users()
    return page(
        visit,
        "help.html",
        version=metadata.version("omr"),
        office=visit.office.workspace.settings.office,
        admins=[user for user in users if user.active and Role.ADMIN in user.roles],
        leads=[user for user in users if user.active and Role.LEAD in user.roles],
    )
