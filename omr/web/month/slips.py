"""The list of slips behind a figure of the overview or the board.

PV01 opens each slip from it. The head of a unit sees which of the unit's slips came back and which count,
never what single ones say: there is no list by answers, and no way to the slip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from omr.forms.surveys import overall_question
from omr.forms.template import Question
from omr.messages import form_label
from omr.records.counts.tallies import GROUPING, Channel, SlipState
from omr.records.counts.validity import rules
from omr.records.month.behind import Behind, Want, slips_behind
from omr.records.offices.periods import Period
from omr.records.review.progress import periods
from omr.records.store.store import Store
from omr.reports.figures.statistics import Month
from omr.web.frame.desks import PV01
from omr.web.frame.months import month_of
from omr.web.frame.pages import NotFoundError, page
from omr.web.frame.visit import Visit
from omr.web.month.overview import counted_months

PAGE: Final = 100  # slips on one page
_ASKED: Final = ("unit", "field", "form", "state", "channel", "item", "said")


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of the list."""

    slips: tuple[Behind, ...]
    total: int
    hidden: bool = False  # too few people to be told


def show(visit: Visit) -> Response:
    """Show the slips that fit what the address asks for."""
    when = month_of(visit)
    own = visit.own_unit_only(*PV01)
    asked = {name: visit.query(name) for name in _ASKED}
    if own is not None:
        asked |= {"unit": own}
        if asked["item"] or asked["said"]:
            raise NotFoundError
    at = int(visit.query("at")) if visit.query("at").isdecimal() and len(visit.query("at")) < 8 else 0
    with visit.office.store() as store:
        known = periods(store)
        if when.name not in known:
            raise NotFoundError
        month, _ = counted_months(visit, store, when, own, known)
        want = _want(month, asked)
        smallest = visit.office.workspace.settings.report.smallest_cell
        key = ("behind", when.name, own, at, tuple(asked.items()))
        shown = visit.office.kept.get(store, key, lambda: _shown(store, when, month, want, at, smallest))
    question, (printed, _, asked_key) = _question(month, asked["item"]), asked["item"].partition("/")
    options = question.options if question else ()
    return page(
        visit,
        "slips.html",
        period=when.name,
        asked=asked,
        question=question.text if question else "",
        item=f"{form_label(printed)} {asked_key}".strip(),
        said=next((one.label for one in options if one.code == asked["said"]), asked["said"]),
        shown=shown,
        at=at,
        size=PAGE,
        rules=rules(),
        opens=own is None,
        units=month.reporting,
        states=list(SlipState),
    )


def _shown(store: Store, when: Period, month: Month, want: Want, at: int, smallest: int) -> Shown:
    found: list[Behind] = []
    total = 0
    for slip in slips_behind(store, when.name, want):
        if at <= total < at + PAGE:
            found.append(slip)
        total += 1
    if _about_people(month, want) and 0 < total < smallest:
        return Shown((), 0, hidden=True)
    return Shown(tuple(found), total)


def _want(month: Month, asked: Mapping[str, str]) -> Want:
    """Return what the address asks for; what is no word of ours is not found."""
    try:
        channel = Channel(asked["channel"]) if asked["channel"] else None
        state = SlipState(asked["state"]) if asked["state"] else None
    except ValueError as error:
        raise NotFoundError from error
    field = asked["field"]
    prints = [mark for mark, form in month.forms.items() if not field or form.field == field]
    questions = _printed(month, asked["item"], prints)
    return Want(
        unit=asked["unit"],
        form=asked["form"],
        channel=channel,
        state=SlipState.VALID if questions is not None else state,
        asked=questions,
        said=asked["said"],
        with_overall=bool(questions) and _about(month, questions or {}),
        prints=prints,
    )


def _printed(month: Month, item: str, prints: list[str]) -> dict[str, str] | None:
    """Return the question of each form that an item stands for: "overall", or as in "DL-01/B5"."""
    if not item:
        return None
    if item == "overall":
        overall = {mark: overall_question(month.forms[mark]) for mark in prints}
        return {mark: question.key for mark, question in overall.items() if question}
    form, _, key = item.partition("/")
    found = {
        mark: printed
        for (mark, printed), of in month.items.items()
        if mark in prints and (of[1] == key and form in ("", of[0]))
    }
    if not found:
        raise NotFoundError
    return found


def _about(month: Month, asked: Mapping[str, str]) -> bool:
    """Whether a question is about the respondent or the procedure."""
    questions = [
        question
        for mark, key in asked.items()
        for question in month.forms[mark].questions
        if question.key == key
    ]
    return any(question.kind in GROUPING and not question.core for question in questions)


def _about_people(month: Month, want: Want) -> bool:
    return want.asked is not None and _about(month, want.asked)


def _question(month: Month, item: str) -> Question | None:
    """Return what was asked, None where the list is of no question."""
    form, _, key = item.partition("/")
    for (mark, printed), of in month.items.items():
        if item and of[1] == key and form in ("", of[0]):
            return next(one for one in month.forms[mark].questions if one.key == printed)
    return None
