"""What came in beside paper: visits and electronic answers, looked at before they are taken, taken back."""

from __future__ import annotations

from starlette.responses import Response

from omr import clock
from omr.errors import OmrError
from omr.records.exchange.electronic import imports, withdraw_import
from omr.records.offices.periods import Period, parse_period
from omr.records.offices.visits import visits_of, withdraw_visits
from omr.records.review.progress import periods
from omr.web.frame.months import month_of
from omr.web.frame.pages import page, see_other
from omr.web.frame.visit import Visit


def desk(visit: Visit) -> Response:
    """Lead to the newest month of which there is anything; to this one where there is none."""
    with visit.office.store() as store:
        known = periods(store)
    period = visit.query("period") or (known[0] if known else f"{clock.today():%Y-%m}")
    return see_other(f"/month/{parse_period(period).name}/imports")


def show(visit: Visit) -> Response:
    """Show what was taken in of a month, and the forms to send more."""
    return _show(visit, month_of(visit))


def withdraw(visit: Visit) -> Response:
    """Take a file back; its answers count no more."""
    when, number = month_of(visit), visit.form.get("number", "")
    try:
        with visit.office.store() as store:
            withdraw_import(
                store,
                int(number) if number.isdecimal() and len(number) < 16 else 0,
                by=visit.me.name,
                why=visit.form.get("why", "")[:300],
            )
    except OmrError as error:
        return _show(visit, when, str(error))
    return see_other(f"/month/{when.name}/imports")


def withdraw_count(visit: Visit) -> Response:
    """Take back the latest count of visits of a unit."""
    when = month_of(visit)
    try:
        with visit.office.store() as store:
            unit, why = visit.form.get("unit", ""), visit.form.get("why", "")[:300]
            withdraw_visits(store, unit, when, by=visit.me.name, why=why)
    except OmrError as error:
        return _show(visit, when, str(error))
    return see_other(f"/month/{when.name}/imports")


def _show(visit: Visit, when: Period, problem: str = "") -> Response:
    with visit.office.store() as store:
        found = imports(store)[::-1]
        visits = visits_of(store, when.name)
    return page(
        visit,
        "imports.html",
        status=400 if problem else 200,
        period=when.name,
        of_month=[one for one in found if when.name in one.months],
        others=[one for one in found if when.name not in one.months],
        visits=visits,
        problem=problem,
    )
