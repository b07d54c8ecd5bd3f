"""The month's board: what every unit has and lacks, the acts that mend it, and the closing."""

from __future__ import annotations

from starlette.responses import Response

from omr import clock
from omr.errors import OmrError
from omr.messages import month
from omr.records.month.board import UnitLine, month_board
from omr.records.month.closing import adjust, changes_of, status
from omr.records.offices.periods import Period, parse_period
from omr.records.offices.visits import record_visits
from omr.records.register.stock import count
from omr.records.review.progress import periods
from omr.text import whole_number
from omr.web.frame.months import has_begun, month_of
from omr.web.frame.pages import page, see_other
from omr.web.frame.visit import Visit
from omr.words import Role


def desk(visit: Visit) -> Response:
    """Show the month that was asked for, or the newest of which there is anything."""
    with visit.office.store() as store:
        known = periods(store)
    asked = visit.query("period") or (known[0] if known else "")
    return see_other(f"/month/{parse_period(asked).name}") if asked else page(visit, "board.html", period="")


def show(visit: Visit) -> Response:
    """Show the board of a month."""
    return _show(visit, month_of(visit))


def enter_visits(visit: Visit) -> Response:
    """Record how many people came to a unit's counters."""
    period = month_of(visit)
    number = whole_number(visit.form.get("visits", ""))
    try:
        if number is None:
            raise OmrError("visits.no_number", text=visit.form.get("visits", "")[:40])
        with visit.office.store() as store:
            record_visits(
                store, visit.form.get("unit", ""), period, number, by=visit.me.name, today=clock.today()
            )
    except OmrError as error:
        return _show(visit, period, str(error))
    return see_other(f"/month/{period.name}#u-{visit.form.get('unit', '')}")


def enter_stock(visit: Visit) -> Response:
    """Record what a unit has left of a form; an empty field says: nothing."""
    period, form = month_of(visit), visit.form
    spans = [line for line in form.get("in_stock", "").splitlines() if line.strip()]
    try:
        with visit.office.store() as store:
            count(
                store,
                spans,
                unit=form.get("unit", ""),
                form=form.get("of_form", ""),
                period=period.name,
                by=visit.me.name,
                today=clock.today(),
            )
    except OmrError as error:
        return _show(visit, period, str(error))
    return see_other(f"/month/{period.name}#u-{form.get('unit', '')}")


def close_month(visit: Visit) -> Response:
    """Close the month; where something lacks, only with a reason."""
    period, why = month_of(visit), visit.form.get("why", "").strip()[:300]
    try:
        with visit.office.store() as store:
            lines = month_board(store, period)
            if not _can_be_closed(period, lines):
                raise OmrError("board.not_begun", period=month(period.name))
            lacking = [line.unit for line in lines if line.lacks]
            if (lacking or not lines or not _is_over(period)) and not why:
                raise OmrError("board.why_needed", units=", ".join(lacking) or "–")
            visit.office.hall(store, visit.me.name).close_period(period, why=why)
    except OmrError as error:
        return _show(visit, period, str(error))
    return see_other(f"/month/{period.name}")


def reopen(visit: Visit) -> Response:
    """Open a closed month for an adjustment, with its reason."""
    period = month_of(visit)
    try:
        with visit.office.store() as store:
            adjust(store, period, by=visit.me.name, why=visit.form.get("why", "")[:300])
    except OmrError as error:
        return _show(visit, period, str(error))
    return see_other(f"/month/{period.name}")


def _show(visit: Visit, period: Period, problem: str = "") -> Response:
    with visit.office.store() as store:
        lines, state = month_board(store, period), status(store, period)
        known = periods(store)
    return page(
        visit,
        "board.html",
        status=400 if problem else 200,
        period=period.name,
        known=sorted({*known, period.name}, reverse=True),
        lines=lines,
        lacking=[line for line in lines if line.lacks],
        state=state,
        changes=[changes_of(once.difference) for once in state.closings],
        over=_is_over(period),
        to_close=_can_be_closed(period, lines),
        lead=Role.LEAD in visit.me.roles,
        problem=problem,
    )


def _can_be_closed(period: Period, lines: list[UnitLine]) -> bool:
    """Whether there is anything to close: of a month that has not begun, only what came in before it."""
    return has_begun(period) or any(line.returned or line.electronic for line in lines)


def _is_over(period: Period) -> bool:
    return period.day_after <= clock.today()
