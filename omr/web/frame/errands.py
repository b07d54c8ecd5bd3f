"""The page of an errand: how far it is, then what came of it."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.work.errands import Errand


def begun(errand: Errand) -> Response:
    """Lead to the page of an errand that was begun."""
    return see_other(f"/errands/{errand.name}")


def show(visit: Visit) -> Response:
    """Show how far an errand is, or lead to what came of it; to a script, in figures."""
    errand = visit.office.errands.find(visit.parameter("errand"))
    if errand is None or errand.by != visit.me.name:
        raise NotFoundError
    if visit.request.headers.get("accept", "").startswith("application/json"):
        told = {"done": errand.done, "total": errand.total, "under_way": errand.under_way}
        return JSONResponse(told)
    visit.office.errands.note_seen(errand)
    if errand.came and errand.came.then:
        return see_other(errand.came.then)
    return page(visit, "errand.html", errand=errand)
