"""A reviewer's own figures: how much was read, how often a second reader agreed, known items, speed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from starlette.responses import Response

from omr import clock
from omr.clock import OFFICE
from omr.records.review.progress import OwnFigures, own_figures
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit


@dataclass(frozen=True, slots=True)
class Span:
    """Figures since some day; None: since the account was made."""

    title: str  # key of a message
    figures: OwnFigures


def show(visit: Visit) -> Response:
    """Show the figures of who asks; nobody sees another's here."""
    name = visit.me.name
    with visit.office.store() as store:
        today = clock.today()
        spans = [
            Span("slips.today", own_figures(store, name, since=_stored(today))),
            Span("slips.this_month", own_figures(store, name, since=_stored(today.replace(day=1)))),
            Span("slips.ever", own_figures(store, name)),
        ]
    return page(visit, "own.html", spans=spans, known=visit.office.accounts.known.figures().get(name))


def _stored(day: date) -> str:
    """Return when a day of the office begins, as moments are stored: UTC."""
    return datetime.combine(day, time(), OFFICE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
