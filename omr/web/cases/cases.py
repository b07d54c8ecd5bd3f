"""One case with its pictures: a serial to type, two sheets of one serial, a stamp, a whole slip."""

from __future__ import annotations

from typing import Final

import numpy as np
from starlette.responses import Response

from omr.errors import OmrError, ScanError
from omr.records.cases.cases import Case, cases_for
from omr.records.counts.questionnaires import lacking, pages_there
from omr.records.counts.validity import rules
from omr.records.review.queue import WITHDRAW, Item, ItemKind, find_item, shown
from omr.records.store.store import Store
from omr.web.cases import pairs, serials
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.pictures import Colours, cut, jpeg, thumbnail
from omr.web.frame.visit import Visit
from omr.web.work.journal import Done
from omr.words import BLANK_ALONE, Aside, PageDecision, SlipDecision, SlipDoubt

_PAGE_PX: Final = 1400  # what a scan of 150 dpi and more has, so that it can be looked at large
_SMALL_PX: Final = 150
_STAMP_PX_PER_MM: Final = 9.0
_STAMP_MARGIN_MM: Final = 6.0

OTHER_SLIPS: Final = (SlipDecision.COUNTS, SlipDecision.REFUSED, "KHL6")
PAGES: Final = (PageDecision.RESCANNED, PageDecision.NOT_A_SLIP, "KHL1", "KHL2", "KHL6")


# Reasons of pages that have a name of their own; the others are pages that could not be read.
NAMED_PAGES: Final = ("serial_unreadable", "serial_unknown", "serial_conflict", BLANK_ALONE)


def label(item: Item) -> str:
    """Return the message that names what a case is about."""
    if item.kind is ItemKind.PAGE:
        return f"web.case_{item.reason}" if item.reason in NAMED_PAGES else "web.case_page"
    word = _word(item)
    return word.label if word else "web.case_slip"


def _word(item: Item) -> Aside | SlipDoubt | None:
    """Return why a slip waits, None where a person judged it before."""
    if item.reason in set(Aside):
        return Aside(item.reason)
    return SlipDoubt(item.reason) if item.reason in set(SlipDoubt) else None


def offered(item: Item) -> tuple[str, ...]:
    """Return what may be answered at a glance; every other reason of the rules stands behind "invalid"."""
    if item.kind is ItemKind.PAGE:
        return PAGES
    word = _word(item)
    offered = word.meanwhile.offered if isinstance(word, Aside) else word.offered if word else ()
    return offered or OTHER_SLIPS


def show(visit: Visit) -> Response:
    """Show one case with its pictures and what may be answered."""
    with visit.office.store() as store:
        return _show(visit, store)


def _show(visit: Visit, store: Store, problem: str = "", typed: str = "") -> Response:
    item = _item(visit, store)
    visit.office.worklist.hold(item.item, visit.me.name)
    return page(
        visit,
        "case.html",
        status=400 if problem else 200,
        item=item,
        label=label(item),
        words=offered(item),
        pair=pairs.pair_of(store, item) if item.other else None,
        seen=serials.seen_on(visit, store, item) if item.kind is ItemKind.PAGE else None,
        candidates=serials.offered(visit, store, item) if item.kind is ItemKind.PAGE else [],
        problem=problem,
        typed=typed,
        held=visit.office.worklist.held_by_other(item.item, visit.me.name),
        file=shown(store, item.item).file,
        lacks=next(iter(lacking(store, serial=item.serial)), None) if item.serial else None,
        sheets=pages_there(store, item.serial) if item.serial else [],
    )


def decide(visit: Visit) -> Response:
    """Record what somebody says about a case, and go to the next."""
    word = visit.form.get("word", "") or visit.form.get("serial", "").strip()
    why = visit.form.get("why", "").strip()[:300]
    with visit.office.store() as store:
        item = _item(visit, store)
        try:
            decide_one(visit, store, item, word, why or f"case desk: {word}")
        except OmrError as error:
            return _show(visit, store, str(error), visit.form.get("serial", ""))
        visit.office.worklist.forget()
        visit.office.journal.add(visit.secret, Done((item.item,), f"/cases/{item.item}"))
        following = waiting(visit, store)
    return see_other(f"/cases/{following[0].item.item}" if following else "/cases")


def decide_one(visit: Visit, store: Store, item: Item, word: str, why: str) -> None:
    """Record one word on a case that waits for this reviewer.

    Raises
    ------
    OmrError
        If somebody else is at it or was quicker, or the word does not fit.
    """
    with visit.office.deciding:
        if item.item not in {case.item.item for case in waiting(visit, store)}:
            raise OmrError("cases.taken")
        if visit.office.worklist.held_by_other(item.item, visit.me.name):
            raise OmrError("cases.taken")
        if word == WITHDRAW:
            raise OmrError("desk.nothing_to_undo")
        if item.kind is ItemKind.PAGE and word not in {*offered(item), *rules().texts}:
            serials.refuse_contradicted(visit, store, item, word)
        name = visit.me.name
        visit.office.hall(store, name).decide(item.item, [word], why=why)
        visit.office.worklist.release(item.item, name)


def check_serial(visit: Visit) -> Response:
    """Say, while somebody types, whether a serial can be right for the page that is looked at."""
    with visit.office.store() as store:
        key = visit.form.get("item", "")
        return serials.check(visit, store, find_item(store, key) if key else None)


def serial_picture(visit: Visit) -> Response:
    """Show one of the places of a page's serial."""
    with visit.office.store() as store:
        return serials.place_picture(visit, store, _item(visit, store))


def small_picture(visit: Visit) -> Response:
    """Show the page of a case small, as it was scanned: enough to tell one from another."""
    with visit.office.store() as store:
        try:
            picture = visit.office.pictures.small(store, _item(visit, store).page, _SMALL_PX)
        except ScanError as error:
            raise NotFoundError from error
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=300"})


def page_picture(visit: Visit) -> Response:
    """Show a page that could not be read, as it was scanned or turned."""
    with visit.office.store() as store:
        item = _item(visit, store)
        try:
            grey = thumbnail(visit.office.pictures.pixels(store, item.page), _PAGE_PX)
        except ScanError as error:
            raise NotFoundError from error
    turns = int(visit.query("turn")) if visit.query("turn") in ("1", "2", "3") else 0
    return Response(jpeg(np.ascontiguousarray(np.rot90(grey, turns))), media_type="image/jpeg")


def difference(visit: Visit) -> Response:
    """Show where two scans of one serial differ: red what only this one has, blue what only the other has."""
    with visit.office.store() as store:
        item = _item(visit, store)
        if item.other is None:
            raise NotFoundError
        return pairs.difference(visit, store, int(item.reading or 0), item.other)


def stamp(visit: Visit) -> Response:
    """Show the place of the stamp, in colour where the scan has it."""
    with visit.office.store() as store:
        item = _item(visit, store)
        if item.fingerprint is None or item.reading is None:
            raise NotFoundError
        form = store.forms[item.fingerprint]
        slip = visit.office.pictures.slip(store, item.reading, colours=Colours.AS_SCANNED)
    place = form.frame.stamp.grown(_STAMP_MARGIN_MM)
    return Response(
        jpeg(cut(slip.pixels, slip.scan_from_page, place, _STAMP_PX_PER_MM)), media_type="image/jpeg"
    )


def _item(visit: Visit, store: Store) -> Item:
    """Return the case that the path names; answers have their own desk."""
    try:
        item = find_item(store, visit.parameter("item"))
    except OmrError as error:
        raise NotFoundError from error
    if item.kind is ItemKind.ANSWER:
        raise NotFoundError
    return item


def waiting(visit: Visit, store: Store) -> list[Case]:
    """Return what waits for this reviewer and nobody else is at."""
    held = visit.office.worklist.held_by_other
    name = visit.me.name
    return [case for case in cases_for(store, name) if not held(case.item.item, name)]
