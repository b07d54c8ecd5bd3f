"""One search box, and a page for every slip: its picture, its answers and who gave them, its life.

PV01 sees slips whole. The clerk of a unit finds where the unit's own papers are, never what they say:
the rated unit has no business with single answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError, ScanError
from omr.forms.entries import shown_value, value_word
from omr.forms.serial import Serial, parse_serial
from omr.forms.template import VALUES, Form, Kind, Question
from omr.geometry import Box
from omr.messages import say
from omr.records.counts.answers import MACHINE, Given, machine_answers
from omr.records.counts.slips import CurrentSlip, slips_of_serial
from omr.records.counts.validity import rules
from omr.records.register.history import life_of
from omr.records.review.corrections import Correction, corrections_of
from omr.records.review.finding import Act, Found, Waits, acts_about, find, waiting_about
from omr.records.review.queue import WITHDRAW, answer_name, find_item
from omr.records.store.store import Store
from omr.web.frame.desks import PV01
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.review.review import DESK, KeyChoice, choices_of
from omr.web.work.journal import Done
from omr.words import AnswerState

_PX_PER_MM: Final = 6.0


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a slip, as it counts today."""

    question: Question
    state: str
    given: tuple[str, ...]  # the labels of what counts
    by: str | None  # None: the machine
    at: str | None  # when a person said so
    boxes: tuple[tuple[Box, bool], ...]  # where to draw, and whether it counts as chosen
    item: str  # the answer's name
    choices: tuple[KeyChoice, ...]  # what it may be corrected to; none: doubted, or a value
    typed: str  # how a value that it may be corrected to is typed: a message; "": none may
    correction: Correction | None  # what people want it corrected to

    @property
    def several(self) -> bool:
        """Whether more than one option may be right."""
        return self.question.kind is Kind.MULTIPLE


@dataclass(frozen=True, slots=True)
class Sheet:
    """One reading of the slip: one sheet that was scanned."""

    slip: CurrentSlip
    place: Found
    rows: tuple[Row, ...]
    acts: tuple[tuple[Act, str], ...]  # what a person did, and how it is said
    waits: tuple[Waits, ...]
    width_mm: float
    height_mm: float


def desk(visit: Visit) -> Response:
    """Show what fits the words in the box; a whole serial leads to its slip at once."""
    text = visit.query("q").strip()
    with visit.office.store() as store:
        finding = find(store, text, unit=_own(visit), comments=_own(visit) is None)
        wanted = finding.wanted
    if wanted.serial is not None and (_own(visit) is None or finding.slips):
        return see_other(f"/slips/{wanted.serial}")
    return page(visit, "search.html", text=text, finding=finding)


def show(visit: Visit) -> Response:
    """Show one slip: all that the house knows about its number."""
    serial = _serial(visit)
    own = _own(visit)
    with visit.office.store() as store:
        life = life_of(store, serial)
        if own is not None and life.unit != own:
            raise NotFoundError
        places = {one.reading: one for one in find(store, str(serial)).slips}
        whole = own is None
        sheets = [
            _sheet(store, slip, places[slip.reading], visit.me.name)
            for slip in slips_of_serial(store, str(serial))
            if whole and slip.reading in places
        ]
    if whole and sheets:
        visit.office.note(visit.me.name, "slip_looked_at", str(serial))
    return page(visit, "slip.html", serial=serial, life=life, sheets=sheets, places=places.values())


def correct(visit: Visit) -> Response:
    """Say what an answer really is; it counts once a second person says the same."""
    serial, item = _serial(visit), visit.form.get("item", "")
    why = visit.form.get("why", "").strip()[:300]
    with visit.office.store() as store:
        readings = {slip.reading for slip in slips_of_serial(store, str(serial))}
        found = find_item(store, item)
        if found.reading not in readings:
            raise NotFoundError
        words = visit.form.get("answer", "").split()
        visit.office.hall(store, visit.me.name).correct(item, words, why=why)
    if words != [WITHDRAW]:
        visit.office.journal.add(visit.secret, Done((f"K{item}",), f"/slips/{serial}"))
    return see_other(f"/slips/{serial}#{item}")


def picture(visit: Visit) -> Response:
    """Show the sheet, upright, as its form lies on it."""
    reading = visit.parameter("reading")
    serial = _serial(visit)
    if not (reading.isdecimal() and len(reading) < 16):
        raise NotFoundError
    with visit.office.store() as store:
        slip = next((one for one in slips_of_serial(store, str(serial)) if one.reading == int(reading)), None)
        if slip is None:
            raise NotFoundError
        form = store.forms[slip.fingerprint]  # all pages of a form have one size
        area = Box(0.0, 0.0, form.frame.width_mm, form.frame.height_mm)
        try:
            content = visit.office.pictures.part(store, slip.reading, area, _PX_PER_MM)
        except ScanError as error:
            raise NotFoundError from error
    return Response(content, media_type="image/jpeg")


def _serial(visit: Visit) -> Serial:
    try:
        return parse_serial(visit.parameter("serial"))
    except OmrError as error:
        raise NotFoundError from error


def _own(visit: Visit) -> str | None:
    return visit.own_unit_only(*PV01)


def _sheet(store: Store, slip: CurrentSlip, place: Found, name: str) -> Sheet:
    form = store.forms[slip.fingerprint]
    wanted = {one.question: one for one in corrections_of(store, slip.reading)}
    # whoever may be the second to a correction sees nothing of the first
    blind = {one.question for one in wanted.values() if one.waits}
    acts = [
        replace(act, why="") if act.why == DESK else act  # a reason that nobody wrote
        for act in acts_about(store, slip.reading)
        if act.question not in blind or act.by == name
    ]
    return Sheet(
        slip,
        place,
        tuple(_rows(slip, form, acts, machine_answers(store, slip.reading), wanted)),
        tuple((act, _said(act, form)) for act in acts),
        tuple(waiting_about(store, slip.reading)),
        form.frame.width_mm,
        form.frame.height_mm,
    )


def _rows(
    slip: CurrentSlip,
    form: Form,
    acts: list[Act],
    machine: Mapping[str, Given],
    wanted: Mapping[str, Correction],
) -> Iterator[Row]:
    for question in form.questions:
        answer = slip.answers.get(question.key)
        if answer is None:
            continue
        given, boxes = _given(question, answer.codes)
        by = None if answer.by == MACHINE else answer.by
        at = next((act.at for act in reversed(acts) if act.question == question.key), None) if by else None
        sure = question.key in machine and machine[question.key].state is not AnswerState.DOUBTFUL
        choices = choices_of(question) if sure else ()
        item, typed = answer_name(slip.reading, question.key), value_word(question) if sure else ""
        correction = wanted.get(question.key)
        yield Row(question, answer.state.value, given, by, at, boxes, item, choices, typed, correction)


def _given(question: Question, codes: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[Box, bool], ...]]:
    """Return how an answer reads, and the boxes with whether each counts as chosen."""
    if question.kind in VALUES:
        return tuple(shown_value(question, code) for code in codes), ()
    given = tuple(option.label for option in question.options if option.code in codes)
    return given, tuple((option.box, option.code in codes) for option in question.options)


def _said(act: Act, form: Form) -> str:
    if act.question is None:
        reasons = [rules().text(code) for code in act.codes]
        return " · ".join([say(f"review.word_{act.word}"), *reasons])
    if act.word != AnswerState.ANSWERED:
        return say(f"search.answer_state_{act.word}")
    asked = next((question for question in form.questions if question.key == act.question), None)
    if asked is not None and asked.kind in VALUES:
        return ", ".join(shown_value(asked, code) for code in act.codes)
    labels = {option.code: option.label for option in asked.options} if asked else {}
    return ", ".join(labels.get(code, code) for code in act.codes)
