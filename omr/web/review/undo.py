"""Undo without end: the latest step of this session is taken back, whichever desk it was taken at."""

from __future__ import annotations

from starlette.responses import Response

from omr.errors import OmrError
from omr.records.review.decide import spoke_last
from omr.records.review.queue import WITHDRAW, find_item
from omr.records.review.transcripts import find_written, take_back
from omr.records.store.store import Store
from omr.web.frame.pages import see_other
from omr.web.frame.visit import Visit
from omr.web.review import review
from omr.web.work.journal import Done


def undo(visit: Visit) -> Response:
    """Take the latest step back and show its place again; the review desk gets its item alone.

    Raises
    ------
    OmrError
        If nothing is left, or somebody else said more about it since.
    """
    done = visit.office.journal.pop(visit.secret)
    if done is None:
        raise OmrError("desk.nothing_to_undo")
    with visit.office.store() as store:
        known = _known_again(visit, done)
        if not known and not _taken_back(visit, store, done):
            raise OmrError("slips.not_undone")
        if visit.request.url.path == "/review/undo":  # by a key at the review desk: only its item changes
            if done.place.startswith("/review?item="):
                return review.show_again(visit, store, done.items[0])
            return review.lead_to(visit, done.place)
    return see_other(done.place)


def _known_again(visit: Visit, done: Done) -> bool:
    known = visit.office.worklist.known_again(done.items[0], visit.me.name)
    return known is not None


def _taken_back(visit: Visit, store: Store, done: Done) -> bool:
    kind = done.items[0][:1]
    if kind == "A":
        return review.take_back(visit, store, done.items) > 0
    if kind == "K":
        return _correction(visit, store, done.items[0][1:])
    if kind == "C":
        return _comment(visit, store, done.items[0])
    # The latest first: of two slips with one serial, who stepped back stands up again in the end.
    return any([_case(visit, store, item) for item in reversed(done.items)])


def _case(visit: Visit, store: Store, item: str) -> bool:
    with visit.office.deciding:
        try:
            if not spoke_last(store, find_item(store, item), visit.me.name):
                return False
            visit.office.hall(store, visit.me.name).decide(item, [WITHDRAW], why="undo")
        except OmrError:  # the slip is not there any more, or its month is closed
            return False
    visit.office.worklist.forget()
    return True


def _correction(visit: Visit, store: Store, item: str) -> bool:
    try:
        visit.office.hall(store, visit.me.name).correct(item, [WITHDRAW], why="undo")
    except OmrError:  # it does not stand any more, or its month is closed
        return False
    return True


def _comment(visit: Visit, store: Store, key: str) -> bool:
    reading, _, question = key[1:].partition("-")
    written = find_written(store, int(reading), question)
    return written is not None and take_back(store, written, by=visit.me.name)
