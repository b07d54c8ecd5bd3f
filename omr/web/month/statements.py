"""What heads of units and PV01 write for the month's report: strengths, causes, "giải pháp", explanations."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from omr.errors import AccessError, OmrError
from omr.messages import say
from omr.records.month.board import month_board
from omr.records.offices.periods import Period
from omr.records.offices.statements import LONGEST, Subject, state, statements_of
from omr.web.frame.desks import PV01
from omr.web.frame.months import month_of
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit


def show(visit: Visit) -> Response:
    """Show the texts of a unit, or of the city, to be written."""
    return _show(visit, month_of(visit), visit.query("unit"))


def save(visit: Visit) -> Response:
    """Keep one text."""
    when, unit = month_of(visit), visit.form.get("unit", "")
    own = visit.own_unit_only(*PV01)
    if own is not None and unit != own:
        raise AccessError("web.role_missing")
    try:
        about = Subject(visit.form.get("about", ""))
    except ValueError as error:
        raise NotFoundError from error
    try:
        with visit.office.store() as store:
            now = statements_of(store, when.name).get((unit, about), "")
            if _is_older(visit.form, now):
                return _show(visit, when, unit, say("meanwhile.text"), now)
            text = visit.form.get("text", "")
            state(store, when, about, text, unit=unit or None, by=visit.me.name)
    except OmrError as error:
        return _show(visit, when, unit, str(error))
    return see_other(f"/month/{when.name}/statements?unit={unit}&done={about}#{about}")


def _is_older(form: Mapping[str, str], now: str) -> bool:
    """Whether a page shows another text than the one that its own would replace."""
    seen, text = (" ".join(form.get(name, now).split()) for name in ("seen", "text"))
    return " ".join(now.split()) not in (seen, text)


def _show(visit: Visit, when: Period, unit: str, problem: str = "", meanwhile: str = "") -> Response:
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
        meanwhile=meanwhile,
        done=visit.query("done"),
    )
