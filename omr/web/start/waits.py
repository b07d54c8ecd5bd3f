"""What waits for somebody, desk by desk: the same figures that the desks themselves show.

What is counted over the whole register is kept for half a minute: the front page is opened by
everybody, all day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from omr import clock
from omr.messages import month, say
from omr.records.batches.batches import BatchLine, batches
from omr.records.cases.cases import cases_for
from omr.records.inbox.inbox import Inbox
from omr.records.inbox.outlook import age, outlook
from omr.records.month.board import LACKS, UnitLine, month_board
from omr.records.month.closing import status
from omr.records.offices.periods import parse_period
from omr.records.review.progress import Waiting, periods, waiting_since
from omr.records.review.transcripts import untyped
from omr.records.review.worklist import Wanted
from omr.records.store.store import Store
from omr.text import number
from omr.web.frame import desks
from omr.web.frame.visit import Visit
from omr.words import PeriodState

_LATEST: Final = 6  # batches on the front page


@dataclass(frozen=True, slots=True)
class Note:
    """One line on a desk's card."""

    text: str
    urgent: bool = False


def notes_of(visit: Visit, store: Store) -> dict[str, list[Note]]:
    """Return what waits at each desk that this person may use, by the desk's address."""
    makers: dict[desks.Place, Callable[[Visit, Store], Iterator[Note]]] = {
        desks.INTAKE: _intake,
        desks.REVIEW: _review,
        desks.CASES: _cases,
        desks.COMMENTS: _comments,
        desks.BOARD: _board,
        desks.ACCOUNTS: _accounts,
    }
    mine = [place for place in desks.desks_of(visit.me) if place in makers]
    return {place.path: list(makers[place](visit, store)) for place in mine}


def latest_batches(visit: Visit, store: Store) -> list[BatchLine]:
    """Return the latest batches that concern this person: of the own unit, or of everybody for PV01."""
    unit = visit.own_unit_only(*desks.PV01)
    return batches(store, unit=unit, limit=_LATEST)


@dataclass(frozen=True, slots=True)
class Step:
    """Where the month stands, and what comes next."""

    period: str
    state: PeriodState
    text: str
    path: str  # of the desk at which it is done


def next_step(visit: Visit, store: Store) -> Step | None:
    """Return what PV01 does next for the newest month; None where nothing was issued yet."""
    period = _newest(store)
    if period is None:
        return None
    lines = _lines(visit, store, period)
    state = status(store, parse_period(period))
    if state.state is PeriodState.CLOSED:
        return Step(period, state.state, say("start.closed"), "/overview")
    for word in ("held", "waiting", "returned", "comments", "in_stock", "visits"):
        units = [line.unit for line in lines if word in line.lacks]
        if units:
            names = ", ".join(units[:8]) + (" …" if len(units) > 8 else "")
            return Step(period, state.state, say(f"start.next_{word}", units=names), _WHERE[word])
    if state.waiting:
        return Step(period, state.state, say("start.next_held", units="–"), "/cases")
    over = parse_period(period).day_after <= clock.today()
    return Step(period, state.state, say("start.next_close" if over else "start.next_wait"), "/month")


_WHERE: Final = {
    "held": "/cases",
    "waiting": "/review",
    "returned": "/month",
    "comments": "/comments",
    "in_stock": "/month",
    "visits": "/month",
}
assert set(_WHERE) == set(LACKS)


def own_month(visit: Visit, store: Store) -> tuple[str, UnitLine] | None:
    """Return the newest month of the unit that this person belongs to."""
    period, unit = _newest(store), visit.me.unit
    if period is None or unit is None:
        return None
    return next(((period, line) for line in _lines(visit, store, period) if line.unit == unit), None)


def _newest(store: Store) -> str | None:
    known = periods(store)
    return known[0] if known else None


def _lines(visit: Visit, store: Store, period: str) -> list[UnitLine]:
    return visit.office.kept.get(store, ("board", period), lambda: month_board(store, parse_period(period)))


def _waiting(visit: Visit, store: Store) -> dict[str, Waiting]:
    return visit.office.kept.get(store, ("waiting",), lambda: waiting_since(store))


def _oldest(*since: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(min(since))).total_seconds()
    return age(max(0.0, seconds))


def _intake(visit: Visit, store: Store) -> Iterator[Note]:
    seen = outlook(Inbox(visit.office.workspace))
    unit = visit.own_unit_only(*desks.PV01)
    mine = [one for one in (*seen.waiting, *seen.reading) if unit in (None, one.unit)]
    failed = [one for one in seen.failed if unit in (None, one.unit)]
    left = [one for one in seen.open if unit in (None, one.unit)]
    if mine:
        since = _oldest(*(one.made_at for one in mine))
        yield Note(say("start.stacks_read", count=len(mine), age=since), not seen.attended)
    if failed:
        yield Note(say("start.stacks_failed", count=len(failed)), True)
    if left:
        yield Note(say("start.stacks_open", count=len(left)))
    if unit is None and seen.names:
        since = _oldest(*(one.since for one in seen.names))
        yield Note(say("start.names", count=len(seen.names), age=since))
    lines = [one for one in batches(store, unit=unit) if not one.batch.withdrawn]
    again = sum(one.came.to_settle for one in lines)
    if again:
        yield Note(say("start.scan_again", count=number(again)), True)
    differ = sum(one.missing != 0 for one in lines if one.batch.complete)
    if differ:
        yield Note(say("start.counts_differ", count=number(differ)), True)


def _review(visit: Visit, store: Store) -> Iterator[Note]:
    worklist, wanted = visit.office.worklist, Wanted()
    worklist.free(store, visit.me.name, wanted)  # looks at the register again when that is due
    mine, every = worklist.counts(visit.me.name, wanted)
    if mine:
        oldest = _waiting(visit, store).get("answer")
        since = say("start.oldest", age=_oldest(oldest.since)) if oldest else ""
        yield Note(f"{say('start.answers', mine=number(mine))} {since}".strip())
    elif every:
        yield Note(say("start.answers_of_others", count=number(every)))


def _cases(visit: Visit, store: Store) -> Iterator[Note]:
    name = visit.me.name
    mine = visit.office.kept.get(store, ("cases", name), lambda: cases_for(store, name))
    fresh = [case for case in mine if not case.second]
    if fresh:
        since = say("start.oldest", age=_oldest(*(case.came for case in fresh)))
        yield Note(f"{say('start.cases', count=number(len(fresh)))} {since}")
    if second := len(mine) - len(fresh):
        yield Note(say("start.to_confirm", count=number(second)))


def _comments(visit: Visit, store: Store) -> Iterator[Note]:
    count = visit.office.kept.get(store, ("untyped",), lambda: len(untyped(store)))
    if count:
        yield Note(say("start.comments", count=number(count)))


def _board(visit: Visit, store: Store) -> Iterator[Note]:
    period = _newest(store)
    if period is None:
        return
    lacking = sum(bool(line.lacks) for line in _lines(visit, store, period))
    if lacking and status(store, parse_period(period)).state is not PeriodState.CLOSED:
        yield Note(say("start.lacking", period=month(period), count=lacking))


def _accounts(visit: Visit, store: Store) -> Iterator[Note]:
    fresh = [user.name for user in visit.office.accounts.users() if user.active and user.must_change]
    if fresh:
        yield Note(say("start.fresh_accounts", count=len(fresh)))
