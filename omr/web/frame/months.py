"""The month that an address names: what has not begun is no page, unless its slips are printed already."""

from __future__ import annotations

from omr import clock
from omr.records.offices.periods import Period, parse_period
from omr.records.review.progress import periods
from omr.records.store.store import Store
from omr.web.frame.pages import NotFoundError
from omr.web.frame.visit import Visit


def month_of(visit: Visit) -> Period:
    """Return the month that the path names.

    Raises
    ------
    RegisterError
        If it is no month.
    NotFoundError
        If there can be nothing of it: a slip of the finger in an address looked like an empty month.
    """
    when = parse_period(visit.parameter("period"))
    if not has_begun(when):
        with visit.office.store() as store:
            if not may_have_slips(store, when):
                raise NotFoundError
    return when


def may_have_slips(store: Store, when: Period) -> bool:
    """Whether slips of a month can exist: it has begun, or they were printed ahead of it."""
    return has_begun(when) or when.name in periods(store)


def has_begun(when: Period) -> bool:
    """Whether the first day of a month has come."""
    return when.first_day <= clock.today()
