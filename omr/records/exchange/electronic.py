"""Answers of the electronic form: taken in by the same definition as paper, listed, withdrawn.

A file is taken in whole or not at all; taken in again, however it was saved, nothing counts
twice. An import that was wrong is withdrawn, and its file may come in again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from omr.errors import OmrError
from omr.forms.template import Form, fingerprint
from omr.records.exchange.columns import ColumnMap, parts_by_form
from omr.records.exchange.columns import load_column_map as load_column_map
from omr.records.exchange.known_responses import known_responses, sort_out
from omr.records.exchange.moments import Order
from omr.records.exchange.responses import Response, Told, read_responses
from omr.records.offices.periods import Period, refuse_closed
from omr.records.register.register import archive_form
from omr.records.store.act import Act, Value
from omr.records.store.store import Store
from omr.tables_in import Sheet, SheetError, read_sheet
from omr.text import unaccented


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file's rows."""

    rows: int
    new: int
    known: int  # taken in before
    refused: int = 0  # days outside the named period, and not known
    months: Mapping[str, int] = field(default_factory=dict, compare=False)  # of the new ones
    units: Mapping[str, int] = field(default_factory=dict, compare=False)
    overlaps: Mapping[str, int] = field(default_factory=dict, compare=False)  # earlier file -> known from it
    refused_lines: tuple[tuple[int, str], ...] = field(default=(), compare=False)  # line and day
    unasked: tuple[str, ...] = field(default=(), compare=False)  # questions that the file has no column for


@dataclass(frozen=True, slots=True)
class Import:
    """One file as it was taken in."""

    number: int  # of its event
    at: str
    by: str
    file: str
    form: str
    responses: int
    months: tuple[str, ...]
    units: tuple[str, ...]
    withdrawn: str  # why, "" while it counts


def import_electronic(
    store: Store,
    path: Path,
    find: Callable[[str], Form],
    *,
    by: str,
    form: str = "",
    columns: ColumnMap | None = None,
    period: Period | None = None,
    order: Order | None = None,
    today: date | None = None,
    dry: bool = False,
) -> Imported:
    """Take in a table of answers, all of it or nothing.

    Parameters
    ----------
    find : callable
        Finds a form by its name.
    form : str, optional
        Name of the form of all rows; else the map or a column of the file says it.
    period : Period, optional
        In which the days lie; of all rows, where the file tells no day. Rows of other days are
        refused, unless they are known.
    order : Order, optional
        Which number of 10/5/2026 is the day, where the file does not prove it.
    today : date, optional
        Days after it are refused.
    dry : bool
        Say what would be done and do nothing.

    Raises
    ------
    OmrError
        Naming every wrong line: a unit, day or answer that is none, a response that changed.
    """
    told = Told(columns or ColumnMap(), period, order)
    parts = parts_by_form(read_sheet(path), form or told.columns.form)
    if dry:
        with store.snapshot():
            return _planned(store, parts, find, told, today)[0]
    with store.act("import_electronic", by=by) as act:
        done, fresh = _planned(store, parts, find, told, today)
        for printed, responses in fresh:
            archive_form(store, act, printed)
            _add(act, printed, responses, path.name)
    return done


def _planned(
    store: Store, parts: list[tuple[str, Sheet]], find: Callable[[str], Form], told: Told, today: date | None
) -> tuple[Imported, list[tuple[Form, list[Response]]]]:
    fresh: list[tuple[Form, list[Response]]] = []
    total = known = 0
    files: Counter[str] = Counter()
    refused: list[tuple[int, str]] = []
    unasked: dict[str, None] = {}
    for name, part in parts:
        printed = find(name)
        rows = read_responses(store, printed, part, told)
        unasked |= dict.fromkeys(rows.unasked)
        _refuse_the_future([*rows.inside, *rows.outside], today)
        there = known_responses(store, printed.form)
        result = sort_out(there, [*rows.inside, *rows.outside])
        outside = {id(response): line for line, response in rows.outside}
        refused += [(outside[id(one)], one.day) for one in result.new if id(one) in outside]
        new = [one for one in result.new if id(one) not in outside]
        for month in sorted({response.period for response in new}):
            refuse_closed(store, month)
        if new:
            fresh.append((printed, new))
        total, known = total + len(part.rows), known + result.known
        files += result.files
    if refused and not fresh and not known:
        assert told.period is not None  # only a named period refuses days
        raise OmrError("electronic.none_in_period", period=told.period, day=refused[0][1])
    added = [response for _, responses in fresh for response in responses]
    done = Imported(
        total,
        len(added),
        known,
        len(refused),
        dict(sorted(Counter(one.period for one in added).items())),
        dict(sorted(Counter(one.unit for one in added).items())),
        dict(files),
        tuple(refused),
        tuple(unasked),
    )
    return done, fresh


def _refuse_the_future(responses: list[tuple[int, Response]], today: date | None) -> None:
    wrong = [
        OmrError("sheet.line", line=line, detail=OmrError("electronic.future", day=response.day))
        for line, response in responses
        if today and response.moment and response.moment.at.date() > today
    ]
    if wrong:
        raise SheetError(wrong)


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
                "name": response.id,
                "digest": response.digest,
                "unit": response.unit,
                "period": response.period,
                "day": response.day,
                "moment": str(response.moment or ""),
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


def imports(store: Store) -> list[Import]:
    """Return every file that was taken in, the oldest first."""
    found = []
    for row in store.rows(
        """SELECT slips.event AS number, events.at, events.by, group_concat(DISTINCT file) AS file,
            group_concat(DISTINCT form) AS form, count(*) AS responses,
            group_concat(DISTINCT period) AS months, group_concat(DISTINCT unit) AS units,
            (SELECT why FROM withdrawn_imports JOIN events AS because USING (event)
             WHERE imported = slips.event) AS withdrawn
        FROM electronic_slips AS slips JOIN events ON events.event = slips.event
        GROUP BY slips.event ORDER BY slips.event"""
    ):
        months, units = (tuple(sorted(row[name].split(","))) for name in ("months", "units"))
        found.append(
            Import(**{**dict(row), "months": months, "units": units, "withdrawn": row["withdrawn"] or ""})
        )
    return found


def find_import(store: Store, number: int) -> Import:
    """Return a file that counts, by its number.

    Raises
    ------
    OmrError
        If there is no such import, or it is withdrawn already.
    """
    found = next((one for one in imports(store) if one.number == number), None)
    if found is None:
        raise OmrError("electronic.no_import", number=number)
    if found.withdrawn:
        raise OmrError("electronic.withdrawn_already", number=number, why=found.withdrawn)
    return found


def withdraw_import(store: Store, number: int, *, by: str, why: str) -> Import:
    """Take back a file that should not have come in; its responses count no more and may come in again.

    Raises
    ------
    OmrError
        If there is no such import, it is withdrawn already, a month of it is closed, or no reason is given.
    """
    if not why.strip():
        raise OmrError("register.no_why")
    with store.act("withdraw_import", by=by, why=why) as act:
        found = find_import(store, number)
        for month in found.months:
            refuse_closed(store, month)
        act.add("withdrawn_imports", {"imported": number})
    return found
