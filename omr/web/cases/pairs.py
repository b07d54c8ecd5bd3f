"""Two scans of one serial: only the rows that differ, as pairs, and both pictures in register to blink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from starlette.responses import Response

from omr.forms.template import Question
from omr.geometry import Box
from omr.records.counts.answers import CurrentAnswer, current_answers
from omr.records.counts.readings import form_of
from omr.records.review.queue import Item
from omr.records.store.store import Store
from omr.web.frame.pages import NotFoundError
from omr.web.frame.pictures import Pixels, cut, jpeg
from omr.web.frame.visit import Visit
from omr.web.review.review import close_area

_PX_PER_MM: Final = 6.0
_VISIBLE: Final = 45  # grey levels; noise and a slightly other brightness stay below


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two readings of a row."""

    reading: int
    answer: CurrentAnswer
    labels: tuple[str, ...]
    boxes: tuple[Box, ...]  # of what is read as chosen


@dataclass(frozen=True, slots=True)
class PairedRow:
    """A question that the two sheets answer differently, or that is doubtful on one of them."""

    question: Question
    area: Box
    sides: tuple[Side, Side]  # the sheet that came first, then this one


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sheets beside each other."""

    first: int
    this: int
    width_mm: float
    height_mm: float
    rows: tuple[PairedRow, ...]  # that differ
    alike: int  # rows that say the same


def pair_of(store: Store, item: Item) -> Pair | None:
    """Return how the sheet of a case differs from the one before; None if they cannot be compared."""
    if item.other is None or item.reading is None:
        return None
    form = form_of(store, item.reading)
    if form is None or form_of(store, item.other) is not form:
        return None
    said = current_answers(store, (item.other, item.reading))
    first, this = said.get(item.other, {}), said.get(item.reading, {})
    if not (first and this):
        return None
    asked = [question for question in form.questions if question.key in first and question.key in this]
    rows = tuple(
        PairedRow(
            question,
            close_area(form, question),
            (_side(item.other, question, first), _side(item.reading, question, this)),
        )
        for question in asked
        if first[question.key].given.compared != this[question.key].given.compared
    )
    frame = form.frame
    return Pair(item.other, item.reading, frame.width_mm, frame.height_mm, rows, len(asked) - len(rows))


def _side(reading: int, question: Question, said: dict[str, CurrentAnswer]) -> Side:
    answer = said[question.key]
    chosen = [option for option in question.options if option.code in answer.codes]
    return Side(reading, answer, tuple(o.label for o in chosen), tuple(o.box for o in chosen))


def difference(visit: Visit, store: Store, this: int, first: int) -> Response:
    """Show where two sheets differ: red what only this one has, blue what only the first has."""
    one, other = _upright(visit, store, this), _upright(visit, store, first)
    height, width = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    a, b = (cv2.GaussianBlur(p[:height, :width], (0, 0), 1.2).astype(np.int16) for p in (one, other))
    paper = 255 - (255 - np.minimum(a, b)) // 3
    picture = np.stack([paper, paper, paper], axis=2)
    picture[b - a > _VISIBLE] = (40, 30, 190)  # blue, green, red
    picture[a - b > _VISIBLE] = (190, 90, 20)
    return Response(jpeg(picture.astype(np.uint8)), media_type="image/jpeg")


def _upright(visit: Visit, store: Store, reading: int) -> Pixels:
    form = form_of(store, reading)
    if form is None:
        raise NotFoundError
    slip = visit.office.pictures.slip(store, reading)
    whole = Box(0.0, 0.0, form.frame.width_mm, form.frame.height_mm)
    return cut(slip.pixels, slip.scan_from_page, whole, _PX_PER_MM)
