"""The desk of single cases: serials to type, duplicates side by side, stamps, whole slips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from starlette.responses import Response

from omr.errors import OmrError, ScanError
from omr.forms.serial import parse_serial
from omr.geometry import Box
from omr.records.counts.readings import form_of
from omr.records.register.near_serials import near_serials
from omr.records.review.queue import WITHDRAW, Item, ItemKind, find_item, queue, shown
from omr.records.review.second_reading import Decision, to_confirm
from omr.records.store.store import Store
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.pictures import Colours, cut, jpeg, thumbnail
from omr.web.frame.visit import Visit
from omr.words import BLANK_ALONE, WITHDRAWN, Aside, PageDecision, SlipDecision, SlipDoubt

_PAGE_PX: Final = 900
_DIFFERENCE_PX_PER_MM: Final = 4.0
_STAMP_PX_PER_MM: Final = 9.0
_STAMP_MARGIN_MM: Final = 6.0

OTHER_SLIPS: Final = (SlipDecision.COUNTS, SlipDecision.REFUSED, "KHL6")
PAGES: Final = (PageDecision.RESCANNED, PageDecision.NOT_A_SLIP, "KHL1", "KHL2", "KHL6")


# Reasons of pages that have a name of their own; the others are pages that could not be read.
NAMED_PAGES: Final = ("serial_unreadable", "serial_unknown", "serial_conflict", BLANK_ALONE)


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the list."""

    item: Item
    second: bool  # somebody decided already; the next reader does not see what

    @property
    def label(self) -> str:
        """The message that names what it is about."""
        return label(self.item)


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


def _offered(item: Item) -> tuple[str, ...]:
    """Return what may be answered at a glance; every other reason of the rules stands behind "invalid"."""
    if item.kind is ItemKind.PAGE:
        return PAGES
    word = _word(item)
    offered = word.meanwhile.offered if isinstance(word, Aside) else word.offered if word else ()
    return offered or OTHER_SLIPS


def desk(visit: Visit) -> Response:
    """List the cases, what decides most first."""
    with visit.office.store() as store:
        return page(visit, "cases.html", cases=_cases(visit, store))


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
        words=_offered(item),
        problem=problem,
        typed=typed,
        held=visit.office.worklist.held_by_other(item.item, visit.me.name),
        file=shown(store, item.item).file,
    )


def decide(visit: Visit) -> Response:
    """Record what somebody says about a case, and go to the next."""
    word = visit.form.get("word", "") or visit.form.get("serial", "").strip()
    why = visit.form.get("why", "").strip()[:300]
    with visit.office.store() as store:
        item = _item(visit, store)
        try:
            _decide(visit, store, item, word, why or f"case desk: {word}")
        except OmrError as error:
            return _show(visit, store, str(error), visit.form.get("serial", ""))
        visit.office.worklist.forget()
        following = _cases(visit, store)
    return see_other(f"/cases/{following[0].item.item}" if following else "/cases")


def _decide(visit: Visit, store: Store, item: Item, word: str, why: str) -> None:
    with visit.office.deciding:
        if item.item not in {case.item.item for case in _cases(visit, store)}:
            raise OmrError("desk.taken_meanwhile")
        if visit.office.worklist.held_by_other(item.item, visit.me.name):
            raise OmrError("desk.taken_meanwhile")
        if word == WITHDRAW:
            raise OmrError("desk.nothing_to_undo")
        name = visit.me.name
        visit.office.hall(store, name).decide(item.item, [word], why=why)
        visit.office.worklist.release(item.item, name)


def check_serial(visit: Visit) -> Response:
    """Say, while somebody types, whether a serial can be right."""
    text = visit.form.get("serial", "")[:40]
    with visit.office.store() as store:
        register = visit.office.hall(store, visit.me.name).serials
    problem, run = "", None
    try:
        run = register.find(parse_serial(text))
    except OmrError as error:
        problem = error.key
    compact = "".join(text.split()).replace("-", "")
    return page(
        visit,
        "serial.html",
        left=max(0, 15 - len(compact)),
        problem=problem,
        run=run,
        near=[] if run else near_serials(text, register),
    )


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
        one, other = _upright(visit, store, int(item.reading or 0)), _upright(visit, store, item.other)
    height, width = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    a, b = (cv2.GaussianBlur(p[:height, :width], (0, 0), 1.2).astype(np.int16) for p in (one, other))
    paper = 255 - (255 - np.minimum(a, b)) // 3
    picture = np.stack([paper, paper, paper], axis=2)
    only_one, only_other = b - a > _VISIBLE, a - b > _VISIBLE
    picture[only_one] = (40, 30, 190)  # blue, green, red
    picture[only_other] = (190, 90, 20)
    return Response(jpeg(picture.astype(np.uint8)), media_type="image/jpeg")


_VISIBLE: Final = 45  # grey levels; noise and a slightly other brightness stay below


def _upright(visit: Visit, store: Store, reading: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    form = form_of(store, reading)
    if form is None:
        raise NotFoundError
    slip = visit.office.pictures.slip(store, form, reading)
    whole = Box(0.0, 0.0, form.frame.width_mm, form.frame.height_mm)
    return cut(slip.pixels, slip.scan_from_page, whole, _DIFFERENCE_PX_PER_MM)


def stamp(visit: Visit) -> Response:
    """Show the place of the stamp, in colour where the scan has it."""
    with visit.office.store() as store:
        item = _item(visit, store)
        if item.fingerprint is None or item.reading is None:
            raise NotFoundError
        form = store.forms[item.fingerprint]
        slip = visit.office.pictures.slip(store, form, item.reading, colours=Colours.AS_SCANNED)
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


def _cases(visit: Visit, store: Store) -> list[Case]:
    """Return what waits for this reviewer: fresh cases, then those that want a second reader."""
    fresh = [item for item in queue(store) if item.kind is not ItemKind.ANSWER]
    confirm = {name: said for name, said in to_confirm(store).items() if visit.me.name not in _speakers(said)}
    names = {item.item for item in fresh}
    second = [find_item(store, name) for name in confirm if name not in names]
    cases = [Case(item, second=False) for item in fresh] + [Case(item, second=True) for item in second]
    free = [c for c in cases if not visit.office.worklist.held_by_other(c.item.item, visit.me.name)]
    return free


def _speakers(said: tuple[Decision, ...]) -> set[str]:
    latest = {one.by: one for one in said}
    return {name for name, one in latest.items() if one.state != WITHDRAWN}
