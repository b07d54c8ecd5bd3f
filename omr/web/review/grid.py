"""Grid mode: many doubtful boxes on one screen, each with its whole row; nothing is proposed.

A screen that proposed answers was wrong in most of what it proposed: what makes these boxes doubtful
is not how much ink they hold. So every box is asked about by itself, yes or no, what nobody says
stays in the queue, an answer that would become several is not offered, and the whole screen can be
taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError
from omr.forms.template import ONE_OPTION, Form
from omr.records.review.second_reading import DoubtfulItem, Status
from omr.records.store.store import Store
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit
from omr.web.review.review import ShownItem, row_of, take_back, wanted_of, write
from omr.web.work.journal import Done

SHOWN: Final = 16  # rows on an office screen that can be looked over without losing the place
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Tile:
    """One doubtful box in its row."""

    row: ShownItem
    label: str  # of the box that is asked about
    may_count: bool  # False: another box of the row is marked, so that both would be several

    @property
    def key(self) -> str:
        """The item's name."""
        return self.row.item.item


def desk(visit: Visit) -> Response:
    """Show boxes that are doubtful alone, those of one slip together."""
    with visit.office.store() as store:
        return _show(visit, store)


def accept(visit: Visit) -> Response:
    """Record what was said of each box; the others stay in the queue."""
    office, done, lost = visit.office, list[str](), 0
    with office.store() as store:
        forms = store.forms
        for key in visit.form.get("items", "").split()[:SHOWN]:
            said = visit.form.get(f"say-{key}")
            item = office.worklist.find(store, key)
            words = _words(item, forms, said) if item and said else []
            if item is None or not words:
                continue
            try:
                office.worklist.decide(store, key, visit.me.name, partial(_keep, visit, store, words))
                done.append(key)
            except OmrError:
                lost += 1  # somebody else was quicker: it is decided or comes again
        office.journal.add(visit.secret, Done(tuple(done), "/review/grid"))
        return _show(visit, store, done=done, lost=lost)


def undo(visit: Visit) -> Response:
    """Take back what was recorded from a whole screen, as far as it is this reader's latest word."""
    with visit.office.store() as store:
        keys = tuple(visit.form.get("items", "").split()[:SHOWN])
        back = take_back(visit, store, keys)
        visit.office.journal.strike(visit.secret, keys)
        return _show(visit, store, back=back)


def _keep(visit: Visit, store: Store, words: list[str], item: DoubtfulItem) -> None:
    write(visit, store, item, words)


def _show(
    visit: Visit, store: Store, *, done: list[str] | None = None, lost: int = 0, back: int = 0
) -> Response:
    office, forms = visit.office, store.forms
    free = office.worklist.free(store, visit.me.name, wanted_of(visit))
    alone = [item for item in free if _alone(item, forms[item.fingerprint])]
    alone.sort(key=lambda item: (item.reading, item.position))
    office.worklist.claim([item.item for item in alone[:SHOWN]], visit.me.name)
    return page(
        visit,
        "grid.html",
        tiles=[_tile(item, forms) for item in alone[:SHOWN]],
        left=len(alone),
        wanted=wanted_of(visit),
        why=office.worklist.choices()[2],
        done=done or [],
        lost=lost,
        back=back,
    )


def _alone(item: DoubtfulItem, form: Form) -> bool:
    """Whether one box alone is doubtful, nobody differs, and the answer decides nothing about validity."""
    single = form.questions[item.position].kind in ONE_OPTION
    return (
        single and len(item.doubts) == 1 and item.status is not Status.DISPUTED and not item.decides_validity
    )


def _tile(item: DoubtfulItem, forms: Mapping[str, Form]) -> Tile:
    options = forms[item.fingerprint].questions[item.position].options
    (label,) = (option.label for option in options if option.code == item.doubts[0].option)
    return Tile(row_of(item, forms), label, may_count=not item.marked)


def _words(item: DoubtfulItem, forms: Mapping[str, Form], said: str) -> list[str]:
    """Return the answer that follows from yes or no; none where the box cannot be asked about alone."""
    if not _alone(item, forms[item.fingerprint]):
        return []
    if said == YES:
        return [] if item.marked else [item.doubts[0].option]
    return list(item.marked) or ["none"] if said == NO else []
