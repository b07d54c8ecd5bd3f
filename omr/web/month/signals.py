"""Signals for the lead: patterns of units, with innocent explanations; they change no figure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from starlette.responses import Response

from omr.messages import language, say
from omr.records.register.periods import Period, parse_period
from omr.records.store.store import Store
from omr.text import number
from omr.trust.signals import Signal, find_signals
from omr.trust.unit_months import unit_months
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit

_SERIALS: Final = 30  # of one signal; the command line has all


@dataclass(frozen=True, slots=True)
class Told:
    """One signal in the visitor's language."""

    unit: str
    text: str
    chance: str
    innocent: str
    serials: tuple[str, ...]
    more: int


def desk(visit: Visit) -> Response:
    """Show what is striking in a month."""
    when = parse_period(visit.parameter("period"))
    with visit.office.store() as store:
        told = visit.office.kept.get(
            store, ("signals", when.name, language()), lambda: _told(visit, store, when)
        )
    return page(visit, "signals.html", period=when.name, signals=told)


def _told(visit: Visit, store: Store, when: Period) -> list[Told]:
    found = find_signals(unit_months(store, when))
    return [_one(signal) for signal in found if signal.striking]


def _one(signal: Signal) -> Told:
    values = dict(signal.values)
    if "questions" in values:
        values["questions"] = say(f"signals.{values['questions']}")
    return Told(
        signal.unit,
        say(f"signals.{signal.kind}", **values),
        say("signals.chance", chance=_written(signal.chance), corrected=_written(signal.corrected)),
        say(f"signals.{signal.kind}_innocent"),
        signal.serials[:_SERIALS],
        max(0, len(signal.serials) - _SERIALS),
    )


def _written(chance: float) -> str:
    if chance == 0:
        return "0"
    if chance < 1e-6:
        return f"< {number(1e-6, '.6f')}"
    return number(Decimal(f"{chance:.2g}"), "f")
