"""The stock card of a unit: of every form what it had, what came back, what is left, by serials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from omr import clock
from omr.errors import OmrError
from omr.forms.serial import Issue
from omr.messages import say
from omr.records.month.reconcile import Line, Numbers, reconcile, spans
from omr.records.offices.periods import parse_period
from omr.records.offices.units import Unit, find_unit, list_units
from omr.records.register.handovers import hand_overs
from omr.records.register.register import issued
from omr.records.register.stock import count, withdraw_count
from omr.records.review.progress import periods
from omr.web.frame.months import month_of
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit

RANGES_SHOWN: Final = 40  # of one kind: what is more goes to the command line's table


@dataclass(frozen=True, slots=True)
class Card:
    """One form on the card."""

    line: Line
    received: tuple[str, ...]
    in_stock: tuple[str, ...]
    spoiled: tuple[str, ...]
    missing: tuple[str, ...]
    contradictions: tuple[str, ...]


def desk(visit: Visit) -> Response:
    """Lead to the card that was chosen."""
    unit, period = visit.query("unit"), visit.query("period")
    with visit.office.store() as store:
        known = periods(store)
        if not (unit and (period or known)):
            units = list({one.unit: one for one in list_units(store)}.values())
            return page(visit, "stock.html", unit=None, units=units, known=known, period="")
        code = find_unit(store, unit).unit
    return see_other(f"/stock/{code}/{parse_period(period or known[0]).name}")


def show(visit: Visit) -> Response:
    """Show the card of a unit in a month."""
    return _show(visit)


def enter(visit: Visit) -> Response:
    """Record what a unit has left of a form; nothing written says: nothing."""
    form, when = visit.form, month_of(visit)
    texts = [line for line in form.get("in_stock", "").splitlines() if line.strip()]
    try:
        with visit.office.store() as store:
            twice = count(
                store,
                texts,
                unit=visit.parameter("unit"),
                form=form.get("of_form", ""),
                period=when.name,
                by=visit.me.name,
                late=bool(form.get("late")),
                today=clock.today(),
            )
            runs = {run.run: run for run in issued(store)}
    except OmrError as error:
        return _show(visit, str(error))
    if twice:
        serials = ", ".join(
            str(runs[span.run].serial(number)) for span in twice for number in sorted({span.first, span.last})
        )
        return _show(visit, say("register.returned_too", serials=serials))
    return see_other(visit.request.url.path)


def withdraw(visit: Visit) -> Response:
    """Take back the latest count of a form."""
    form = visit.form
    try:
        with visit.office.store() as store:
            withdraw_count(
                store,
                unit=visit.parameter("unit"),
                form=form.get("of_form", ""),
                period=visit.parameter("period"),
                by=visit.me.name,
                why=form.get("why", "")[:300],
            )
    except OmrError as error:
        return _show(visit, str(error))
    return see_other(f"/stock/{visit.parameter('unit')}/{visit.parameter('period')}")


def _show(visit: Visit, problem: str = "") -> Response:
    when = month_of(visit)
    with visit.office.store() as store:
        unit = _unit(visit, list_units(store))
        runs = {run.run: run for run in issued(store)}
        cards = [_card(line, runs) for line in reconcile(store, when) if line.unit == unit.unit and line.form]
        moved = [one for one in hand_overs(store) if one.unit == unit.unit and one.period == when.name]
        known = sorted({*periods(store), when.name}, reverse=True)
        units = list({one.unit: one for one in list_units(store)}.values())
    return page(
        visit,
        "stock.html",
        status=400 if problem else 200,
        unit=unit,
        units=units,
        period=when.name,
        known=known,
        cards=cards,
        moved=moved,
        problem=problem,
        told=visit.form,
        shown=RANGES_SHOWN,
    )


def _unit(visit: Visit, units: list[Unit]) -> Unit:
    found = [unit for unit in units if unit.unit == visit.parameter("unit")]
    if not found:
        raise NotFoundError
    return found[-1]


def _card(line: Line, runs: Mapping[str, Issue]) -> Card:
    def told(numbers: Numbers) -> tuple[str, ...]:
        return tuple(spans(numbers, runs))

    return Card(
        line,
        told(line.received_numbers),
        told(line.in_stock_numbers),
        told(line.spoiled_numbers),
        told(line.missing_numbers) if line.counted else (),
        told(line.contradictions),
    )
