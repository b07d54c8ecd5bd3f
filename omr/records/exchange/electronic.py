"""Answers of the electronic form: what a form tool exported, taken in by the same definition as paper.

The columns are found by the questions' keys or words, or by a small TOML that names them.
A file is taken in whole or not at all; taken in again, also with more rows, nothing counts
twice. Columns that nobody asked for (addresses, names) are never stored.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from omr.errors import OmrError
from omr.forms.template import Form, Kind, Question, fingerprint
from omr.reading.marks.decide import AnswerState
from omr.records.counts.tallies import Given
from omr.records.register.periods import PILOT, Period, parse_period, refuse_closed
from omr.records.register.register import archive_form
from omr.records.register.units import find_unit, folded
from omr.records.review.transcripts import mask, unaccented
from omr.records.store.store import Act, Store, Value, canonical
from omr.tables_in import Sheet, SheetError, day_of, read_sheet, whole_number

RESPONSE, DAY, UNIT = "response", "day", "unit"
HEADINGS: Final = {
    RESPONSE: ("response", "response id", "id", "mã phản hồi", "mã trả lời"),
    DAY: ("day", "timestamp", "submitted at", "completion time", "dấu thời gian", "thời gian", "ngày"),
    UNIT: ("unit", "đơn vị", "mã đơn vị", "đơn vị giải quyết", "cơ quan giải quyết"),
}
FORM_HEADINGS: Final = ("form", "mẫu", "mẫu phiếu", "mã mẫu phiếu")
# "Mức độ hài lòng [Thái độ giao tiếp …]": how form tools head a row of a grid.
_GRID_ROW: Final = re.compile(r"\[([^\[\]]+)\]\s*$")


class ColumnMap(BaseModel):
    """Which column holds what, from a TOML file; every key may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: str = ""  # of all rows, where the file has no column of forms
    unit: str = ""  # of all rows, where the file has no column of units
    day_format: str = ""  # as in strptime, for days that are not 2025-03-01 or 01/03/2025
    columns: dict[str, str] = {}  # response, day, unit or a question's key -> heading
    values: dict[str, dict[str, str]] = {}  # question's key -> what the file says -> option's code


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file's rows."""

    rows: int
    new: int
    known: int  # taken in before


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody typed into the electronic form, masked."""

    unit: str
    form: str
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """One row, understood."""

    name: str
    unit: str
    period: str
    day: str
    answers: Mapping[str, Given]
    comments: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of what it says: the same response again must say the same."""
        said = {key: [given.state.value, *given.codes] for key, given in self.answers.items()}
        return hashlib.sha256(
            canonical({"unit": self.unit, "period": self.period, "said": said, "text": dict(self.comments)})
        ).hexdigest()


def load_column_map(path: Path) -> ColumnMap:
    """Read a file that names the columns.

    Raises
    ------
    OmrError
        If it is no such TOML.
    """
    try:
        return ColumnMap.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OmrError("electronic.bad_map", file=path.name, detail=error) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OmrError("electronic.bad_map", file=path.name, detail=f"{where}: {first['msg']}") from error


def import_electronic(
    store: Store,
    path: Path,
    find: Callable[[str], Form],
    *,
    by: str,
    form: str = "",
    columns: ColumnMap | None = None,
    period: Period | None = None,
) -> Imported:
    """Take in a CSV or XLSX file of answers, all of it or nothing.

    Parameters
    ----------
    find : callable
        Finds a form by its name.
    form : str, optional
        Name of the form of all rows; else the map or a column of the file says it.
    period : Period, optional
        Of all rows, where the file tells no day.

    Raises
    ------
    OmrError
        Naming every wrong line: a unit, day or answer that is none, a response that changed.
    """
    sheet = read_sheet(path)
    columns = columns or ColumnMap()
    with store.act("import_electronic", by=by) as act:
        total = new = 0
        for name, part in _by_form(sheet, form or columns.form):
            reading = _Reading(store, find(name), part, columns, period)
            responses = reading.responses()
            fresh = _unknown(store, reading.form, responses)
            for month in sorted({response.period for response in fresh}):
                refuse_closed(store, month)
            if fresh:
                archive_form(store, act, reading.form)
                _add(act, reading.form, fresh, path.name)
            total, new = total + len(responses), new + len(fresh)
    return Imported(total, new, total - new)


def electronic_comments(store: Store, period: str, *, unit: str | None = None) -> list[Comment]:
    """Return what people typed in a period, by unit."""
    rows = store.rows(
        """SELECT unit, form, text FROM electronic_comments JOIN electronic_slips USING (response)
        WHERE period = ?1 AND (unit = ?2 OR ?2 IS NULL) ORDER BY unit, form, response""",
        period,
        unit,
    )
    return [Comment(**row) for row in map(dict, rows)]


def _by_form(sheet: Sheet, form: str) -> list[tuple[str, Sheet]]:
    """Part a file by the forms that its rows are of."""
    if form:
        return [(form, sheet)]
    words = {folded(word) for word in FORM_HEADINGS}
    heading = next((column for column in sheet.columns if folded(column) in words), None)
    if heading is None:
        raise OmrError("electronic.no_form")
    names = dict.fromkeys(cells[heading] for _, cells in sheet.rows)
    return [
        (name, Sheet(sheet.columns, tuple(row for row in sheet.rows if row[1][heading] == name)))
        for name in names
    ]


def _unknown(store: Store, form: Form, responses: list[tuple[int, Response]]) -> list[Response]:
    """Return the responses that were not taken in before; refuse those that said something else then."""
    known = {
        row["name"]: row["digest"]
        for row in store.rows("SELECT name, digest FROM electronic_slips WHERE form = ?", form.form)
    }
    changed = [
        OmrError("sheet.line", line=line, detail=OmrError("electronic.changed"))
        for line, response in responses
        if known.get(response.name, response.digest) != response.digest
    ]
    if changed:
        raise SheetError(changed)
    return [response for _, response in responses if response.name not in known]


def _add(act: Act, form: Form, new: list[Response], file: str) -> None:
    mark = fingerprint(form)
    first = act.next_id("electronic_slips", "response")
    slips: list[dict[str, Value]] = []
    answers: list[dict[str, Value]] = []
    comments: list[dict[str, Value]] = []
    for number, response in enumerate(new, first):
        slips.append(
            {
                "response": number,
                "form": form.form,
                "fingerprint": mark,
                "name": response.name,
                "digest": response.digest,
                "unit": response.unit,
                "period": response.period,
                "day": response.day,
                "file": file,
            }
        )
        for question, given in response.answers.items():
            said = {"state": given.state.value, "codes": " ".join(given.codes)}
            answers.append({"response": number, "question": question, **said})
        for question, text in response.comments.items():
            said = {"text": text, "folded": unaccented(text)}
            comments.append({"response": number, "question": question, **said})
    act.add("electronic_slips", *slips)
    act.add("electronic_answers", *answers)
    act.add("electronic_comments", *comments)


class _Reading:
    """A sheet and what its columns are."""

    def __init__(
        self, store: Store, form: Form, sheet: Sheet, columns: ColumnMap, period: Period | None
    ) -> None:
        self.form = form
        self._store, self._sheet, self._map = store, sheet, columns
        self._period = period
        self._units: dict[tuple[str, str], str] = {}
        self._headings = self._find_headings()
        self._codes = {question.key: _code_of(question, columns) for question in form.questions}

    def _find_headings(self) -> dict[str, str]:
        """Return the heading of everything that has a column."""
        unknown = [heading for heading in self._map.columns.values() if heading not in self._sheet.columns]
        if unknown:
            raise OmrError("electronic.no_column", column=unknown[0][:80])
        keys = {question.key for question in self.form.questions} | set(HEADINGS)
        foreign = [name for name in self._map.columns if name not in keys]
        if foreign:
            raise OmrError("electronic.no_question", question=foreign[0][:40], form=self.form.form)
        found = dict(self._map.columns)
        for heading in self._sheet.columns:
            name = _name_of(heading, self.form)
            if name and name not in found and heading not in found.values():
                found[name] = heading
        needed = [question.key for question in self.form.questions if question.core]
        needed += [UNIT] if not self._map.unit else []
        needed += [DAY] if self._period is None else []
        absent = [name for name in needed if name not in found]
        if absent:
            raise OmrError("electronic.absent", absent=", ".join(absent), form=self.form.form)
        return found

    def responses(self) -> list[tuple[int, Response]]:
        """Return every row, understood, with its line."""
        wrong: list[OmrError] = []
        responses: list[tuple[int, Response]] = []
        alike: Counter[str] = Counter()
        names: set[str] = set()
        for line, cells in self._sheet.rows:
            try:
                response = self._response(cells, alike)
                if response.name in names:
                    raise OmrError("electronic.twice", response=cells[self._headings[RESPONSE]][:60])
                names.add(response.name)
                responses.append((line, response))
            except OmrError as error:
                wrong.append(OmrError("sheet.line", line=line, detail=error))
        if wrong:
            raise SheetError(wrong)
        return responses

    def _response(self, cells: Mapping[str, str], alike: Counter[str]) -> Response:
        said = {name: cells[heading] for name, heading in self._headings.items()}
        day = self._day(said.get(DAY, ""))
        period = self._period or _period_of(day)
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
        name = _hashed(said[RESPONSE]) if said.get(RESPONSE) else _row_name(cells, alike)
        return Response(name, unit, period.name, day.isoformat() if day else "", answers, comments)

    def _day(self, text: str) -> date | None:
        if not text and self._period is not None:
            return None
        try:
            if self._map.day_format:
                return datetime.strptime(text, self._map.day_format).date()
            if (day := day_of(text)) is not None:
                return day
        except ValueError:
            pass
        raise OmrError("electronic.no_day", text=text[:40])

    def _unit(self, text: str, period: Period) -> str:
        key = text, period.name
        if key not in self._units:
            self._units[key] = find_unit(self._store, text, period).unit
        return self._units[key]

    def _given(self, question: Question, text: str) -> Given:
        if not text:
            return Given(AnswerState.NO_ANSWER)
        codes = self._codes[question.key]
        number = whole_number(text)  # "5,0": what spreadsheets make of a code
        for word in (text, str(number)):
            if (code := codes.get(folded(word))) is not None:
                return Given(AnswerState.ANSWERED, (code,))
        if question.kind is Kind.MULTIPLE and (several := _several(text, codes)):
            return Given(AnswerState.ANSWERED, several)
        raise OmrError("electronic.no_answer", question=question.key, text=text[:60])


def _period_of(day: date | None) -> Period:
    if day is None:
        raise OmrError("electronic.no_day", text="")
    pilot = parse_period(PILOT)
    return pilot if pilot.first_day <= day < pilot.day_after else parse_period(f"{day:%Y-%m}")


def _hashed(value: object) -> str:
    """Return a short hash: a form tool's own name of a response may be somebody's address."""
    return hashlib.sha256(canonical(value)).hexdigest()[:32]


def _row_name(cells: Mapping[str, str], alike: Counter[str]) -> str:
    """Return a name for a row without one: its hash, and how many rows like it stand above.

    Two people may say exactly the same; the same file again gives the same names.
    """
    row = _hashed(dict(cells))
    alike[row] += 1
    return f"{row}-{alike[row]}"


def _name_of(heading: str, form: Form) -> str | None:
    """Return what a heading names: a question by key or words, or one of `HEADINGS`."""
    grid = _GRID_ROW.search(heading)
    wanted = {folded(heading)} | ({folded(grid[1])} if grid else set())
    for question in form.questions:
        words = {question.key, question.text, question.text.partition(" / ")[0]}
        if wanted & {folded(word) for word in words}:
            return question.key
    return next((name for name, words in HEADINGS.items() if wanted & {folded(word) for word in words}), None)


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
    parts, found, at = re.split(r"[,;|\n]", text), list[str](), 0
    while at < len(parts):
        ends = range(len(parts), at, -1)
        end = next((end for end in ends if folded("".join(parts[at:end])) in codes), None)
        if end is None:
            return ()
        found.append(codes[folded("".join(parts[at:end]))])
        at = end
    return tuple(dict.fromkeys(found))
