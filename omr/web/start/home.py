"""The front page: what waits for this person, how old it is, what comes next, and how the house stands."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from omr.records.inbox.outlook import age
from omr.web.frame.desks import INTAKE, PV01
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit
from omr.web.start.checklist import checklist
from omr.web.start.state import state_of
from omr.web.start.waits import latest_batches, next_step, notes_of, own_month
from omr.words import Role

_ERRANDS: Final = 6  # whose end this person has not seen
_SEES_TO_IT: Final = frozenset({Role.ADMIN, Role.LEAD, Role.REVIEWER})


def home(visit: Visit) -> Response:
    """Show the desks of this person's roles with what waits at each; PV01 and admin also see the house."""
    roles = visit.me.roles
    pv01 = bool(roles & PV01)
    with visit.office.store() as store:
        return page(
            visit,
            "home.html",
            notes=notes_of(visit, store),
            batches=latest_batches(visit, store) if INTAKE.opens_for(visit.me) else [],
            step=next_step(visit, store) if pv01 else None,
            own=None if pv01 else own_month(visit, store),
            errands=visit.office.errands.of(visit.me.name)[:_ERRANDS],
            points=checklist(visit, store),
            state=state_of(visit.office) if roles & _SEES_TO_IT else None,
            age=age,
        )
