"""The review desk: one doubtful row after the other, large, decided with one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError, ScanError
from omr.forms.entries import value_word
from omr.forms.template import ONE_OPTION, VALUES, Form, Kind, Question
from omr.geometry import Box
from omr.messages import say
from omr.records.counts.readings import form_of as printed_form
from omr.records.review.decide import spoken
from omr.records.review.proposal import proposed
from omr.records.review.queue import WITHDRAW, find_item
from omr.records.review.second_reading import DoubtfulItem, agreed, latest
from omr.records.review.worklist import Wanted
from omr.records.store.store import Store
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.work.journal import Done
from omr.words import WITHDRAWN, AnswerState

NEIGHBOURS_MM: Final = 9.5  # above and below: one row each, to see how this person makes marks
_SIDE_MM: Final = 3.0
_AROUND_MM: Final = 2.6  # a ring is drawn 1 to 2 mm around its box
_LABEL_MM: Final = 24.0  # behind the last box of a row whose labels stand behind the boxes
ROW_PX_PER_MM: Final = 8.6  # 1,240 px for a row of A5: the width of an office screen
_PAGE_PX_PER_MM: Final = 8.0  # as a scan of 200 dpi has them: enlarged, a whole slip shows what there is
SINGLE: Final = "single"  # the way of who wants each row by itself, also of slips with many
DESK: Final = "review desk"  # stored with every decision; more where the reviewer writes more


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """One answer that a key gives."""

    key: str  # what is pressed
    value: str  # what is sent
    label: str
    box: Box


class ShownRow:
    """What a row that is shown knows by its question."""

    __slots__ = ()
    question: Question

    @property
    def typed(self) -> str:
        """How a value is typed that the question asks for; "" where an option is chosen."""
        return value_word(self.question)

    @property
    def several(self) -> bool:
        """Whether more than one option may be right: then keys collect and Enter sends."""
        return self.question.kind is Kind.MULTIPLE


@dataclass(frozen=True, slots=True)
class ShownItem(ShownRow):
    """One item as it is shown; boxes in mm of the page."""

    item: DoubtfulItem
    form: Form
    question: Question
    choices: tuple[KeyChoice, ...]
    area: Box  # what the picture shows
    spot: Box  # the question's own boxes
    marked: tuple[str, ...]  # labels of what the machine is sure of
    doubtful: tuple[tuple[Box, str], ...]  # box and label
    leans: tuple[str, ...]  # labels of what the machine reads; none: it does not know

    @property
    def picture(self) -> str:
        """Where the picture is."""
        return f"/review/row/{self.item.reading}/{self.question.key}.jpg"


def desk(visit: Visit) -> Response:
    """Show the first item, with filters and keys; one that was asked for by name comes first."""
    with visit.office.store() as store:
        asked = visit.office.worklist.find(store, visit.query("item")) if visit.query("item") else None
        if asked is not None and not visit.office.worklist.held_by_other(asked.item, visit.me.name):
            return _show_one(visit, store, asked, "review.html")
        if (whole := _whole_slip(visit, store)) is not None:
            return see_other(whole)
        return _next(visit, store, "review.html")


def _whole_slip(visit: Visit, store: Store) -> str | None:
    """Return where the next slip is shown whole, None where single items come first or were chosen."""
    wanted = wanted_of(visit)
    if not wanted.slips:
        return None
    reading = visit.office.worklist.next_slip(store, visit.me.name, wanted)
    return None if reading is None else f"/review/slips/{reading}?{wanted.query}".rstrip("?")


def _part(visit: Visit) -> str:
    """Return what is sent after a key: the item alone or, to a browser without JavaScript, the whole page."""
    return "item.html" if _asks_for_a_part(visit) else "review.html"


def lead_to(visit: Visit, place: str) -> Response:
    """Lead to another page, with JavaScript and without."""
    return Response(headers={"HX-Redirect": place}) if _asks_for_a_part(visit) else see_other(place)


def _asks_for_a_part(visit: Visit) -> bool:
    return "hx-request" in visit.request.headers


def following(visit: Visit) -> Response:
    """Pass an item over and show the next."""
    visit.office.worklist.put_off(visit.form.get("item", ""), visit.me.name)
    with visit.office.store() as store:
        return _next(visit, store, _part(visit))


def decide(visit: Visit) -> Response:
    """Record a decision and show the next item."""
    key, words = visit.form.get("item", ""), visit.form.get("answer", "").split()
    office = visit.office
    with office.store() as store:
        office.worklist.find(store, key)  # after a restart the list is empty
        if not words:  # Enter, and nothing was chosen
            return _again(visit, store, key)
        problem = ""
        try:
            office.worklist.decide(
                store,
                key,
                visit.me.name,
                lambda item: write(visit, store, item, words),
                lambda known: _check(visit, store, known, words),
            )
        except OmrError as error:
            problem = str(error)
        else:
            office.journal.add(visit.secret, Done((key,), f"/review?item={key}"))
        return _next(visit, store, _part(visit), problem=problem)


def _again(visit: Visit, store: Store, key: str) -> Response:
    """Show the same item once more, and say what lacks."""
    item = visit.office.worklist.at(store, key, visit.me.name)
    rows = [row_of(item, store.forms)] if item is not None else []
    return _show(visit, store, _part(visit), rows, wanted_of(visit), problem=say("slips.nothing_chosen"))


def show_again(visit: Visit, store: Store, key: str) -> Response:
    """Show an item that was taken back, or the next one where somebody else is at it already."""
    worklist, name = visit.office.worklist, visit.me.name
    item = worklist.known_again(key, name) or worklist.find(store, key)
    if item is None:
        return _next(visit, store, _part(visit))
    return _show_one(visit, store, item, _part(visit))


def _show_one(visit: Visit, store: Store, item: DoubtfulItem, template: str) -> Response:
    visit.office.worklist.hold(item.item, visit.me.name)
    return _show(visit, store, template, [row_of(item, store.forms)], wanted_of(visit))


def take_back(visit: Visit, store: Store, keys: Sequence[str]) -> int:
    """Withdraw those decisions that are this reader's and the latest on their items; return how many."""
    mine = [key for key in keys if _is_my_latest(store, key, visit.me.name)]
    if mine:
        visit.office.hall(store, visit.me.name).decide_answers({key: [WITHDRAW] for key in mine}, why=DESK)
        readings = {find_item(store, key).reading for key in mine}
        visit.office.worklist.look_again(store, (one for one in readings if one is not None))
    return len(mine)


def _is_my_latest(store: Store, key: str, name: str) -> bool:
    try:
        last = latest(store, find_item(store, key))
    except OmrError:  # no name of ours
        return False
    return last is not None and last.by == name and last.state != WITHDRAWN


def row_picture(visit: Visit) -> Response:
    """Show one row of a slip with its neighbours."""
    with visit.office.store() as store:
        form, key = form_of(visit, store), visit.parameter("question")
        question = next((q for q in form.questions if q.key == key and (q.options or q.cells)), None)
        if question is None:
            raise NotFoundError
        return picture(visit, store, _area(form, question), ROW_PX_PER_MM)


def whole_page(visit: Visit) -> Response:
    """Show the whole slip, upright."""
    with visit.office.store() as store:
        form = form_of(visit, store)
        area = Box(0.0, 0.0, form.frame.width_mm, form.frame.height_mm)
        return picture(visit, store, area, _PAGE_PX_PER_MM)


def picture(visit: Visit, store: Store, area: Box, px_per_mm: float) -> Response:
    """Cut a picture out of the slip that the path names."""
    try:
        part = visit.office.pictures.part(store, reading_of(visit), area, px_per_mm)
    except ScanError as error:
        raise NotFoundError from error
    # Kept for minutes, in this browser only: the next item's picture is loaded before it is shown.
    return Response(part, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=300"})


def form_of(visit: Visit, store: Store) -> Form:
    """Return the form of the slip that the path names."""
    form = printed_form(store, reading_of(visit))
    if form is None:
        raise NotFoundError
    return form


def reading_of(visit: Visit) -> int:
    """Return the reading that the path names."""
    text = visit.parameter("reading")
    if not (text.isdecimal() and len(text) < 16):
        raise NotFoundError
    return int(text)


def write(visit: Visit, store: Store, item: DoubtfulItem, words: list[str]) -> None:
    """Record a decision on an item; several options where one is wanted are a multiple answer."""
    _record(visit, store, item.item, answer_of(store, item, words))


def _check(visit: Visit, store: Store, known: DoubtfulItem, words: list[str]) -> None:
    """Compare an answer with what two others said; the register learns nothing."""
    given = spoken(_question(store, known), answer_of(store, known, words))
    visit.office.accounts.known.note(
        visit.me.name, known.item, right=given is not None and given.compared == agreed(known.said)
    )


def _question(store: Store, item: DoubtfulItem) -> Question:
    return store.forms[item.fingerprint].questions[item.position]


def answer_of(store: Store, item: DoubtfulItem, words: list[str]) -> list[str]:
    """Return what is recorded of the options that were chosen: several where one is wanted are one word."""
    several = len(words) > 1 and _question(store, item).kind in ONE_OPTION
    return [AnswerState.MULTIPLE.value] if several else words


def _record(visit: Visit, store: Store, key: str, words: list[str]) -> None:
    why = visit.form.get("why", "").strip()[:300] or DESK
    visit.office.hall(store, visit.me.name).decide(key, words, why=why)


def _next(visit: Visit, store: Store, template: str, *, problem: str = "") -> Response:
    office, wanted = visit.office, wanted_of(visit)
    if visit.request.method == "POST" and not problem and (whole := _whole_slip(visit, store)) is not None:
        return lead_to(visit, whole)
    forms = store.forms
    items = office.worklist.take(store, visit.me.name, wanted)
    return _show(visit, store, template, [row_of(item, forms) for item in items], wanted, problem=problem)


def _show(
    visit: Visit, store: Store, template: str, rows: list[ShownItem], wanted: Wanted, *, problem: str = ""
) -> Response:
    mine, all_ = visit.office.worklist.counts(visit.me.name, wanted)
    units, forms, why = visit.office.worklist.choices()
    return page(
        visit,
        template,
        row=rows[0] if rows else None,
        next_picture=rows[1].picture if len(rows) > 1 else "",
        wanted=wanted,
        mine=mine,
        all=all_,
        units=units,
        forms=forms,
        why=why,
        slips=visit.office.worklist.slips(store, visit.me.name, wanted) if template == "review.html" else 0,
        problem=problem,
    )


def wanted_of(visit: Visit) -> Wanted:
    """Return what the visitor chose to work at."""

    def chosen(name: str) -> str:
        return visit.form.get(name) or visit.query(name)

    return Wanted(chosen("unit"), chosen("of_form"), chosen("reason"), slips=chosen("way") != SINGLE)


def row_of(item: DoubtfulItem, forms: Mapping[str, Form]) -> ShownItem:
    """Return the row that is shown for an item."""
    form = forms[item.fingerprint]
    question = form.questions[item.position]
    options = {option.code: option for option in question.options}
    choices = choices_of(question)
    doubtful = tuple((options[one.option].box, options[one.option].label) for one in item.doubts)
    marked = tuple(options[code].label for code in item.marked)
    leans = tuple(options[code].label for code in proposed(item, question))
    if question.kind in VALUES:
        marked, leans = (), item.leans  # what can be read of the value
    area, spot = _area(form, question), spot_of(question)
    return ShownItem(item, form, question, choices, area, spot, marked, doubtful, leans)


def choices_of(question: Question) -> tuple[KeyChoice, ...]:
    """Return the options with their keys: what is printed where that is one sign, else their place.

    A value is typed: its boxes are no answers.
    """
    if question.kind in VALUES:
        return ()
    short = all(len(option.code) == 1 for option in question.options)
    return tuple(
        KeyChoice(option.code if short else str(place), option.code, option.label, option.box)
        for place, option in enumerate(question.options, start=1)
    )


def spot_of(question: Question) -> Box:
    """Return the smallest area around the boxes or cells of a question."""
    boxes = question.cells or [option.box for option in question.options]
    left, top = min(b.x_mm for b in boxes), min(b.y_mm for b in boxes)
    right = max(b.x_mm + b.width_mm for b in boxes)
    bottom = max(b.y_mm + b.height_mm for b in boxes)
    return Box(left, top, right - left, bottom - top)


def _area(form: Form, question: Question) -> Box:
    """Return what is shown: the full width of the page, from the row above to the row below."""
    spot = spot_of(question)
    top = max(0.0, spot.y_mm - NEIGHBOURS_MM)
    bottom = min(form.frame.height_mm, spot.y_mm + spot.height_mm + NEIGHBOURS_MM)
    return Box(_SIDE_MM, top, form.frame.width_mm - 2 * _SIDE_MM, bottom - top)


def close_area(form: Form, question: Question) -> Box:
    """Return a question's boxes with what is drawn around them, and the labels that stand behind."""
    spot = spot_of(question).grown(_AROUND_MM)
    left, top = max(spot.x_mm, 0.0), max(spot.y_mm, 0.0)
    labels = 0.0 if question.kind in (Kind.LIKERT, Kind.RANK) else _LABEL_MM
    right = min(spot.x_mm + spot.width_mm + labels, form.frame.width_mm)
    return Box(left, top, right - left, min(spot.height_mm, form.frame.height_mm - top))
