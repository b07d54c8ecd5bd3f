"""Grid mode: many doubtful boxes of one kind on one screen, sorted by their ink; exceptions stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError
from omr.forms.template import Form, Kind
from omr.reading.marks.measure import F
from omr.records.counts.readings import marks_of
from omr.records.review.second_reading import DoubtfulItem, Status
from omr.records.store.store import Store
from omr.web.pages import NotFoundError, page
from omr.web.review import form_of, picture, wanted_of, write
from omr.web.visit import Visit
from omr.words import BoxState

SHOWN: Final = 24  # four rows of six on an office screen: looked over at one glance
_AROUND_MM: Final = 2.6
_PX_PER_MM: Final = 15.0
_CLASSES: Final = (BoxState.MARKED, BoxState.BLANK)


@dataclass(frozen=True, slots=True)
class Tile:
    """One doubtful box."""

    item: DoubtfulItem
    option: str
    label: str
    ink: float

    @property
    def picture(self) -> str:
        """Where the picture is."""
        return f"/review/box/{self.item.reading}/{self.item.question}/{self.option}.jpg"


def desk(visit: Visit) -> Response:
    """Show the boxes with the most ink, or with the least."""
    with visit.office.store() as store:
        return _show(visit, store)


def accept(visit: Visit) -> Response:
    """Decide all boxes that were shown, but for the exceptions, which stay in the queue."""
    kind = _class(visit)
    exceptions = set(visit.form.get("except", "").split())
    office, done, lost = visit.office, 0, 0
    with office.store() as store:
        forms = store.forms
        for key in visit.form.get("items", "").split()[:SHOWN]:
            item = office.worklist.find(store, key)
            if key in exceptions or item is None or not _alone(item, forms[item.fingerprint]):
                continue
            words = _words(item, forms[item.fingerprint], kind)
            try:
                office.worklist.decide(store, key, visit.me.name, partial(_keep, visit, store, words))
                done += 1
            except OmrError:
                lost += 1  # somebody else was quicker: it is decided or comes again
        return _show(visit, store, done=done, lost=lost)


def _keep(visit: Visit, store: Store, words: list[str], item: DoubtfulItem) -> None:
    write(visit, store, item, words)


def box_picture(visit: Visit) -> Response:
    """Show one box and what is close around it."""
    with visit.office.store() as store:
        form = form_of(visit, store)
        boxes = {(q.key, option.code): option.box for q in form.questions for option in q.options}
        box = boxes.get((visit.parameter("question"), visit.parameter("option")))
        if box is None:
            raise NotFoundError
        return picture(visit, store, form, box.grown(_AROUND_MM), _PX_PER_MM)


def _show(visit: Visit, store: Store, *, done: int = 0, lost: int = 0) -> Response:
    office, kind = visit.office, _class(visit)
    forms = store.forms
    free = office.worklist.free(store, visit.me.name, wanted_of(visit))
    tiles = [_tile(store, item, forms) for item in free if _alone(item, forms[item.fingerprint])]
    tiles.sort(key=lambda tile: tile.ink, reverse=kind == BoxState.MARKED)
    office.worklist.claim([tile.item.item for tile in tiles[:SHOWN]], visit.me.name)
    return page(
        visit,
        "grid.html",
        tiles=tiles[:SHOWN],
        left=len(tiles),
        kind=kind,
        done=done,
        lost=lost,
        classes=_CLASSES,
    )


def _class(visit: Visit) -> str:
    kind = visit.form.get("kind") or visit.query("kind") or _CLASSES[0]
    if kind not in _CLASSES:
        raise NotFoundError
    return kind


def _alone(item: DoubtfulItem, form: Form) -> bool:
    """Whether one box alone is doubtful, nobody differs, and the answer decides nothing about validity."""
    single = form.questions[item.position].kind is not Kind.MULTIPLE
    return (
        single and len(item.doubts) == 1 and item.status is not Status.DISPUTED and not item.decides_validity
    )


def _tile(store: Store, item: DoubtfulItem, forms: Mapping[str, Form]) -> Tile:
    option = item.doubts[0].option
    form = forms[item.fingerprint]
    (label,) = (o.label for o in form.questions[item.position].options if o.code == option)
    measured = marks_of(store, form, item.reading)
    (ink,) = (m.features[F["gain"]] for m in measured if (m.question, m.option) == (item.question, option))
    return Tile(item, option, label, ink)


def _words(item: DoubtfulItem, form: Form, kind: str) -> list[str]:
    """Return the answer if the doubtful box is what the screen says."""
    seen = {*item.marked, item.doubts[0].option} if kind == BoxState.MARKED else set(item.marked)
    codes = [option.code for option in form.questions[item.position].options if option.code in seen]
    return codes or ["none"]
