"""A table of answers that a form tool exported, understood: whose, when, which answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from omr.errors import OmrError
from omr.forms.entries import fault_of, read_value
from omr.forms.template import VALUES, Form, Kind, Question
from omr.records.counts.answers import Given
from omr.records.exchange.columns import (
    DAY,
    HEADINGS,
    RESPONSE,
    UNIT,
    UTC_HEADING,
    ColumnMap,
    columns_found,
    found_in,
)
from omr.records.exchange.moments import Column, Moment, Order
from omr.records.offices.periods import PILOT, Period, parse_period
from omr.records.offices.units import find_unit
from omr.records.review.transcripts import mask
from omr.records.store.act import canonical
from omr.records.store.store import Store
from omr.steps import each
from omr.tables_in import Sheet, SheetError, called, no_day
from omr.text import folded, whole_number
from omr.words import AnswerState


@dataclass(frozen=True)
class Response:
    """One row, understood."""

    id: str  # hash of the form tool's own name of it; "" where it gives none
    unit: str
    period: str
    moment: Moment | None
    answers: Mapping[str, Given]
    comments: Mapping[str, str]

    @property
    def day(self) -> str:
        """The day on which it was sent, "" where the file does not tell."""
        return self.moment.to(0) if self.moment else ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what it says: the same response again says the same, however the file is written."""
        said = {key: [given.state.value, *given.codes] for key, given in self.answers.items()}
        return hashlib.sha256(
            canonical({"unit": self.unit, "period": self.period, "said": said, "text": dict(self.comments)})
        ).hexdigest()


def strange_answers(form: Form, sheet: Sheet, columns: ColumnMap) -> list[tuple[str, str]]:
    """Return questions with what their columns say that is no option's word, each once, in their order."""
    headings = columns_found(form, sheet, columns)
    strange: dict[tuple[str, str], None] = {}
    for question in form.questions:
        if question.key not in headings or question.kind in VALUES or not question.options:
            continue
        codes = _code_of(question, columns)
        for text in dict.fromkeys(cells[headings[question.key]] for _, cells in sheet.rows):
            if text and not _codes_meant(question, text, codes):
                strange[question.key, text] = None
    return list(strange)


@dataclass(frozen=True, slots=True)
class Told:
    """What who imports a file says about all of it."""

    columns: ColumnMap = field(default_factory=ColumnMap)
    period: Period | None = None  # in which all days lie; of all rows, where the file tells no day
    order: Order | None = None  # which number of 10/5/2026 is the day


@dataclass(frozen=True, slots=True)
class Rows:
    """What a table says: its responses, and the lines whose days lie outside the named period."""

    inside: list[tuple[int, Response]]
    outside: list[tuple[int, Response]]
    unasked: tuple[str, ...] = ()  # questions that have no column: nobody answered them


def read_responses(store: Store, form: Form, sheet: Sheet, told: Told) -> Rows:
    """Return every row, understood, with its line.

    Raises
    ------
    OmrError
        If columns are missing, or naming every wrong line.
    """
    reading = _Reading(store, form, sheet, told)
    wrong: list[OmrError] = []
    unasked = tuple(question.key for question in form.questions if question.key not in reading.headings)
    rows = Rows([], [], unasked)
    seen: set[str] = set()
    for line, cells in each("rows", sheet.rows):
        try:
            response = reading.response(cells)
            if response.id and response.id in seen:
                raise OmrError("electronic.twice", response=cells[reading.headings[RESPONSE]][:60])
            seen.add(response.id)
            here = told.period is None or response.period == told.period.name
            (rows.inside if here else rows.outside).append((line, response))
        except OmrError as error:
            wrong.append(OmrError("sheet.line", line=line, detail=error))
    if wrong:
        raise SheetError(wrong)
    return rows


class _Reading:
    """A sheet and what its columns are."""

    def __init__(self, store: Store, form: Form, sheet: Sheet, told: Told) -> None:
        self.form = form
        self._store, self._sheet, self._map = store, sheet, told.columns
        self._period = told.period
        self._units: dict[tuple[str, str], str] = {}
        self.headings = self._find_headings()
        self._codes = {question.key: _code_of(question, told.columns) for question in form.questions}
        times = self.headings.get(DAY)
        self._times = Column(
            (cells[times] for _, cells in sheet.rows) if times else (),
            order=told.order or told.columns.day_order,
            period=told.period,
            form=told.columns.day_format,
            utc=(times or "").rpartition("/")[2].casefold() == UTC_HEADING,
        )

    def _find_headings(self) -> dict[str, str]:
        """Return the heading of everything that has a column."""
        unknown = [heading for heading in self._map.columns.values() if heading not in self._sheet.columns]
        if unknown:
            raise OmrError("electronic.no_column", column=unknown[0][:80])
        keys = {question.key for question in self.form.questions} | set(HEADINGS)
        foreign = [name for name in self._map.columns if name not in keys]
        if foreign:
            raise OmrError("electronic.no_question", question=foreign[0][:40], form=self.form.form)
        found = found_in(self.form, self._sheet, self._map.columns)
        needed = [question.key for question in self.form.questions if question.core]
        needed += [UNIT] if not self._map.unit else []
        needed += [DAY] if self._period is None else []
        absent = [name for name in needed if name not in found]
        if absent:
            names = ", ".join(called(name, HEADINGS) for name in absent)
            raise OmrError("electronic.absent", absent=names, form=self.form.form)
        return found

    def response(self, cells: Mapping[str, str]) -> Response:
        said = {name: cells[heading] for name, heading in self.headings.items()}
        moment = self._moment(said.get(DAY, ""))
        period = _period_of(moment) if moment else self._period
        assert period is not None  # without a day the period was named: see `_moment`
        answers: dict[str, Given] = {}
        comments: dict[str, str] = {}
        for question in self.form.questions:
            text = said.get(question.key, "")
            if question.kind is Kind.TEXT:
                answers[question.key] = Given(AnswerState.NO_ANSWER)
                if text:
                    comments[question.key] = mask(" ".join(text.split()))
            else:
                answers[question.key] = self._given(question, text)
        unit = self._unit(self._map.unit or said[UNIT], period)
        name = hashed(said[RESPONSE]) if said.get(RESPONSE) else ""
        return Response(name, unit, period.name, moment, answers, comments)

    def _moment(self, text: str) -> Moment | None:
        if not text and self._period is not None:
            return None
        moment = self._times.read(text)
        if moment is None:
            raise no_day(text, OmrError("electronic.no_day", text=text[:40]))
        return moment

    def _unit(self, text: str, period: Period) -> str:
        key = text, period.name
        if key not in self._units:
            self._units[key] = find_unit(self._store, text, period).unit
        return self._units[key]

    def _given(self, question: Question, text: str) -> Given:
        if not text:
            return Given(AnswerState.NO_ANSWER)
        if question.kind in VALUES:
            value = read_value(question, text)
            if fault_of(question, value) is not None:
                raise OmrError("electronic.no_answer", question=question.key, text=text[:60])
            return Given(AnswerState.ANSWERED, (value,))
        if codes := _codes_meant(question, text, self._codes[question.key]):
            return Given(AnswerState.ANSWERED, codes)
        raise OmrError("electronic.no_answer", question=question.key, text=text[:60])


def _codes_meant(question: Question, text: str, codes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options that a cell means, () where it means none."""
    number = whole_number(text)  # "5,0": what spreadsheets make of a code
    for word in (text, str(number)):
        if (code := codes.get(folded(word))) is not None:
            return (code,)
    return _several(text, codes) if question.kind is Kind.MULTIPLE else ()


def _period_of(moment: Moment) -> Period:
    pilot, day = parse_period(PILOT), moment.at.date()
    if pilot.first_day <= day < pilot.day_after:
        return pilot
    try:
        return parse_period(f"{day:%Y-%m}")
    except OmrError as error:
        raise OmrError("electronic.no_day", text=str(moment)) from error


def hashed(value: object) -> str:
    """Return a short hash: a form tool's own name of a response may be somebody's address."""
    return hashlib.sha256(canonical(value)).hexdigest()[:32]


def _code_of(question: Question, columns: ColumnMap) -> dict[str, str]:
    """Return the option's code by what a file may say: code, words, or as the map has it."""
    meant: dict[str, set[str]] = {}
    for option in question.options:
        for word in (option.code, option.label, option.label.partition(" / ")[0]):
            meant.setdefault(folded(word), set()).add(option.code)
    codes = {word: next(iter(of)) for word, of in meant.items() if len(of) == 1}
    known = {option.code for option in question.options}
    for text, code in columns.values.get(question.key, {}).items():
        if code not in known:
            raise OmrError("electronic.no_option", question=question.key, code=code[:20])
        codes[folded(text)] = code
    return codes


def _several(text: str, codes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options of a list; an option's own words may hold commas, so the longest fit first."""
    parts, found, at = re.split(r"[,;|\n]", text.strip(" ,;|\n")), list[str](), 0
    while at < len(parts):
        ends = range(len(parts), at, -1)
        end = next((end for end in ends if folded("".join(parts[at:end])) in codes), None)
        if end is None:  # KoboToolbox divides codes by blanks
            words = [codes.get(folded(word)) for word in text.split()]
            return tuple(dict.fromkeys(word for word in words if word)) if all(words) else ()
        found.append(codes[folded("".join(parts[at:end]))])
        at = end
    return tuple(dict.fromkeys(found))
