"""Serials that the machine could not read: their places large, letters aligned, and what it may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from starlette.responses import Response

from omr.errors import OmrError
from omr.forms.serial import LENGTH, parse_typed
from omr.geometry import Box
from omr.reading.place.align import AlignedPage
from omr.reading.place.legible import UNREAD, legible
from omr.records.cases.candidates import Candidate, candidates, letters_against
from omr.records.cases.typed import aligned_page
from omr.records.register.near_serials import near_serials
from omr.records.review.queue import Item, ItemKind
from omr.records.store.store import Store
from omr.web.frame.pages import NotFoundError, page
from omr.web.frame.pictures import cut, jpeg
from omr.web.frame.visit import Visit

_AROUND_MM: Final = 2.5
_PX_PER_MM: Final = 14.0  # letters of 3 mm become 42 px: as large as the ones that are typed


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page shows of its serial."""

    letters: str  # `UNREAD` where nothing can be read
    places: tuple[tuple[str, bytes], ...]  # name of the place, its picture


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the serial while it is typed."""

    seen: str  # on the page, empty where nothing can be read
    typed: str

    @property
    def differs(self) -> bool:
        """Whether the page contradicts what is typed."""
        return bool(self.seen and self.typed.strip()) and self.seen != self.typed


def seen_on(visit: Visit, store: Store, item: Item) -> Seen:
    """Return what can be seen of the serial of a page; a page without corners shows nothing."""
    return visit.office.kept.get(store, ("serial", item.page), partial(_seen, visit, store, item))


def _seen(visit: Visit, store: Store, item: Item) -> Seen:
    limits = visit.office.hall(store, visit.me.name).limits_of_a_page
    try:
        aligned = aligned_page(store, visit.office.workspace.path, item, limits)
    except OmrError:
        return Seen(UNREAD * LENGTH, ())
    return Seen(legible(aligned), tuple(_pictures(aligned)))


def _pictures(aligned: AlignedPage) -> Iterator[tuple[str, bytes]]:
    """Cut out the three places where the serial stands, each so that it can be read from left to right."""
    frame = aligned.located.frame
    for name, box, turned in (
        ("text", frame.serial_text, 0),
        ("qr", frame.qr, 0),
        ("ladder", frame.ladder, 1),
    ):
        area = _within(box.grown(_AROUND_MM), frame.width_mm, frame.height_mm)
        picture = cut(aligned.located.scan.grey, aligned.scan_from_page, area, _PX_PER_MM)
        yield name, jpeg(np.ascontiguousarray(np.rot90(picture, turned)))


def _within(box: Box, width: float, height: float) -> Box:
    left, top = max(box.x_mm, 0.0), max(box.y_mm, 0.0)
    right, bottom = min(box.x_mm + box.width_mm, width), min(box.y_mm + box.height_mm, height)
    return Box(left, top, right - left, bottom - top)


def offered(visit: Visit, store: Store, item: Item) -> list[Candidate]:
    """Return the serials that the page may have."""
    serials = visit.office.hall(store, visit.me.name).serials
    return candidates(store, item, serials, seen_on(visit, store, item).letters)


def refuse_contradicted(visit: Visit, store: Store, item: Item, text: str) -> None:
    """Refuse a typed serial that one clearly legible letter of the page contradicts.

    Raises
    ------
    OmrError
        Saying which place.
    """
    letters = seen_on(visit, store, item).letters
    serial, _ = parse_typed(text)
    for place in letters_against(serial, letters):
        raise OmrError("cases.contradicts", place=place + 1, typed=str(serial)[place], seen=letters[place])


def place_picture(visit: Visit, store: Store, item: Item) -> Response:
    """Show one place of the serial."""
    picture = dict(seen_on(visit, store, item).places).get(visit.parameter("place"))
    if picture is None:
        raise NotFoundError
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=300"})


def check(visit: Visit, store: Store, item: Item | None) -> Response:
    """Say, while somebody types, whether a serial can be right, and what of it the page contradicts."""
    text = visit.form.get("serial", "")[:40]
    register = visit.office.hall(store, visit.me.name).serials
    problem, run, number = "", None, None
    try:
        serial, number = parse_typed(text)
        run = register.find(serial)
    except OmrError as error:
        problem = error.key
    compact = "".join(text.partition("/")[0].split()).replace("-", "").upper()
    pages = store.forms[run.fingerprint].pages if run is not None and run.fingerprint in store.forms else 1
    letters = UNREAD * LENGTH
    if item is not None and item.kind is ItemKind.PAGE:
        letters = seen_on(visit, store, item).letters
    places = [
        Place("" if seen == UNREAD else seen, typed)
        for seen, typed in zip(letters, compact[:LENGTH].ljust(LENGTH), strict=True)
    ]
    return page(
        visit,
        "serial.html",
        left=max(0, LENGTH - len(compact)),
        problem=problem,
        run=run,
        pages=pages,
        number=number,
        near=[] if run else near_serials(text, register),
        places=places,
        legible=any(place.seen for place in places),
        refused=any(place.differs for place in places),
    )
