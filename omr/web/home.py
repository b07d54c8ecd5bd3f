"""The start page: the desks that this person may use."""

from __future__ import annotations

from starlette.responses import Response

from omr.web.pages import page
from omr.web.visit import Visit


def home(visit: Visit) -> Response:
    """Show the desks of this person's roles."""
    return page(visit, "home.html")
