"""Slip mode: a slip with many doubtful rows is shown once, all rows as a strip, confirmed with one key.

Who rings, dots or presses lightly does it in every row; who has seen three of them knows the others.
The machine's reading of each row is drawn in; where it has none, a person gives one before the slip can
be confirmed. What is recorded is what single decisions record, in one act.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from omr.errors import OmrError
from omr.forms.template import Form, Question
from omr.geometry import Box
from omr.messages import say
from omr.records.counts.answers import Given, machine_answers
from omr.records.counts.readings import form_of
from omr.records.review.proposal import proposed
from omr.records.review.queue import WITHDRAW
from omr.records.review.second_reading import DoubtfulItem
from omr.records.store.store import Store
from omr.web.frame.pages import page, see_other
from omr.web.frame.visit import Visit
from omr.web.review.review import (
    KeyChoice,
    ShownRow,
    answer_of,
    choices_of,
    close_area,
    reading_of,
    wanted_of,
)
from omr.web.work.journal import Done
from omr.words import AnswerState


@dataclass(frozen=True, slots=True)
class StripRow(ShownRow):
    """One question of the slip as it is shown."""

    question: Question
    area: Box  # what is cut out of the page, mm
    item: DoubtfulItem | None  # None: this reviewer has nothing to say about it
    choices: tuple[KeyChoice, ...]
    said: tuple[str, ...]  # what the machine reads; none: it does not know, or somebody else decides


def desk(visit: Visit) -> Response:
    """Lead to the next slip with many doubtful rows, else to the single ones."""
    with visit.office.store() as store:
        return _next(visit, store)


def show(visit: Visit) -> Response:
    """Show one slip."""
    with visit.office.store() as store:
        return _show(visit, store)


def later(visit: Visit) -> Response:
    """Pass the slip over: it comes again after all others."""
    with visit.office.store() as store:
        for item in visit.office.worklist.slip(store, visit.me.name, wanted_of(visit), reading_of(visit)):
            visit.office.worklist.put_off(item.item, visit.me.name)
        return _next(visit, store)


def confirm(visit: Visit) -> Response:
    """Record what is said of the slip's rows, in one act, and go to the next slip."""
    office, name, reading = visit.office, visit.me.name, reading_of(visit)
    with office.store() as store:
        items = office.worklist.slip(store, name, wanted_of(visit), reading)
        said = {item.item: _words(visit, item) for item in items}
        if not items or not all(said.values()):
            return _show(visit, store, say("slips.taken" if not items else "slips.rows_lack"))

        def write(left: Sequence[DoubtfulItem]) -> None:
            answers = {item.item: answer_of(store, item, said[item.item]) for item in left}
            office.hall(store, name).decide_answers(answers, why="slip mode")

        try:
            gone = office.worklist.decide_slip(store, said, name, write)
        except OmrError as error:
            return _show(visit, store, str(error))
        done = tuple(key for key in said if key not in gone)
        office.journal.add(visit.secret, Done(done, f"/review/slips/{reading}"))
        return _next(visit, store)


def _words(visit: Visit, item: DoubtfulItem) -> list[str]:
    return [word for word in visit.form.get(f"say-{item.item}", "").split() if word != WITHDRAW]


def _next(visit: Visit, store: Store) -> Response:
    wanted = wanted_of(visit)
    reading = visit.office.worklist.next_slip(store, visit.me.name, wanted)
    place = "/review" if reading is None else f"/review/slips/{reading}"
    return see_other(f"{place}?{wanted.query}".rstrip("?"))


def _show(visit: Visit, store: Store, problem: str = "") -> Response:
    office, name, wanted, reading = visit.office, visit.me.name, wanted_of(visit), reading_of(visit)
    form, items = form_of(store, reading), office.worklist.slip(store, name, wanted, reading)
    if form is None or not items:
        return _next(visit, store)
    office.worklist.claim([item.item for item in items], name)
    sure = machine_answers(store, reading)
    mine = {item.question: item for item in items}
    rows = [
        _row(form, one, mine.get(one.key), sure.get(one.key))
        for one in form.questions
        if one.options or one.cells
    ]
    return page(
        visit,
        "strip.html",
        status=400 if problem else 200,
        first=items[0],
        reading=reading,
        rows=rows,
        why=Counter(word for item in items for word in item.why).most_common(),
        slips=office.worklist.slips(store, name, wanted),
        width_mm=form.frame.width_mm,
        height_mm=form.frame.height_mm,
        wanted=wanted,
        problem=problem,
    )


def _row(form: Form, question: Question, item: DoubtfulItem | None, sure: Given | None) -> StripRow:
    if item is not None:
        said = proposed(item, question)
    else:  # of rows that others decide nothing is shown: who reads after them reads by himself
        said = sure.codes if sure is not None and sure.state is AnswerState.ANSWERED else ()
    return StripRow(question, close_area(form, question), item, choices_of(question), said)
