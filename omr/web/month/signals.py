"""Signals for the lead: patterns of units, with innocent explanations; they change no figure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from starlette.responses import Response

from omr.messages import language, say
from omr.records.offices.periods import Period
from omr.records.store.store import Store
from omr.text import number
from omr.trust.signals import Signal, find_signals
from omr.trust.unit_months import unit_months
from omr.web.frame.months import month_of
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit

SHOWN: Final = 30  # serials of one signal at once; the others are folded away


@dataclass(frozen=True, slots=True)
class Told:
    """One signal in the visitor's language."""

    unit: str
    text: str
    chance: str
    usual: str  # what was assumed to be usual: how likely it is then
    innocent: str
    serials: tuple[str, ...]


def desk(visit: Visit) -> Response:
    """Show what is striking in a month."""
    when = month_of(visit)
    with visit.office.store() as store:
        head, told = visit.office.kept.get(
            store, ("signals", when.name, language()), lambda: _told(store, when)
        )
    return page(visit, "signals.html", period=when.name, signals=told, head=head, shown=SHOWN)


def _told(store: Store, when: Period) -> tuple[str, list[Told]]:
    """Return how much was looked at, and what is striking in it."""
    months = unit_months(store, when)
    tested = find_signals(months)
    found = [_one(signal) for signal in tested if signal.striking]
    about = {"units": len(months), "tests": len(tested), "found": len(found)}
    return say("signals.head", period=when.name, **about), found


def _one(signal: Signal) -> Told:
    values = dict(signal.values)
    if "questions" in values:
        values["questions"] = say(f"signals.{values['questions']}")
    return Told(
        signal.unit,
        say(f"signals.{signal.kind}", **values),
        say("signals.chance", chance=_written(signal.chance), corrected=_written(signal.corrected)),
        say("signals.null", text=say(f"signals.{signal.kind}_null")),
        say(f"signals.{signal.kind}_innocent"),
        signal.serials,
    )


def _written(chance: float) -> str:
    if chance == 0:
        return "0"
    if chance < 1e-6:
        return f"< {number(1e-6, '.6f')}"
    return number(Decimal(f"{chance:.2g}"), "f")
