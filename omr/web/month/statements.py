"""What heads of units and PV01 write for the month's report: strengths, causes, "giải pháp", explanations."""

from __future__ import annotations

from starlette.responses import Response

from omr.errors import AccessError, OmrError
from omr.records.month.board import month_board
from omr.records.offices.periods import Period, parse_period
from omr.records.offices.statements import LONGEST, Subject, state, statements_of
from omr.web.frame.desks import PV01
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit


def show(visit: Visit) -> Response:
    """Show the texts of a unit, or of the city, to be written."""
    return _show(visit, parse_period(visit.parameter("period")), visit.query("unit"))


def save(visit: Visit) -> Response:
    """Keep one text."""
    when, unit = parse_period(visit.parameter("period")), visit.form.get("unit", "")
    own = visit.own_unit_only(*PV01)
    if own is not None and unit != own:
        raise AccessError("web.role_missing")
    try:
        about = Subject(visit.form.get("about", ""))
    except ValueError as error:
        raise NotFoundError from error
    try:
        with visit.office.store() as store:
            text = visit.form.get("text", "")
            state(store, when, about, text, unit=unit or None, by=visit.me.name)
    except OmrError as error:
        return _show(visit, when, unit, str(error))
    return see_other(f"/month/{when.name}/statements?unit={unit}&done={about}#{about}")


def _show(visit: Visit, when: Period, unit: str, problem: str = "") -> Response:
    own = visit.own_unit_only(*PV01)
    chosen = unit if own is None else own
    with visit.office.store() as store:
        said = statements_of(store, when.name)
        units = [own] if own is not None else [line.unit for line in month_board(store, when)]
    return page(
        visit,
        "statements.html",
        status=400 if problem else 200,
        period=when.name,
        unit=chosen,
        own=own,
        units=units,
        subjects=[one for one in Subject if chosen or one is not Subject.PARTICIPATION],
        said={about: text for (of, about), text in said.items() if of == chosen},
        written=sorted({of for of, _ in said}),
        longest=LONGEST,
        told=visit.form,
        problem=problem,
        done=visit.query("done"),
    )
