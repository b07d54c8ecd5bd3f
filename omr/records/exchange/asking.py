"""A small database for asking: what counts today, counted, so that any question takes milliseconds.

The register answers every question, but a year of a million slips takes it minutes, and a
program like Datasette gives up after a second. This copy holds the same tables as the views of
the same names (views.sql), made from the tallies that the report is made from; no serial and no
single slip is in it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.files import appearing
from omr.forms.surveys import overall_question
from omr.records.counts.kept_tallies import tallies_of
from omr.records.counts.tallies import Tallies
from omr.records.store.store import Store
from omr.steps import each

_ABOUT: Final = "period TEXT, unit TEXT, channel TEXT, form TEXT"
TABLES: Final = {
    "answer_counts": f"{_ABOUT}, field TEXT, question TEXT, text TEXT, factor TEXT, core INTEGER, "
    "overall INTEGER, state TEXT, code TEXT, label TEXT, satisfied INTEGER, slips INTEGER",
    "respondent_counts": f"{_ABOUT}, field TEXT, question TEXT, text TEXT, code TEXT, label TEXT, "
    "satisfied INTEGER, slips INTEGER",
    "slip_counts": f"{_ABOUT}, state TEXT, reason TEXT, slips INTEGER",
}
# Views of the register that are small, copied as they are.
COPIED: Final = ("units", "print_runs", "visits", "typed_comments", "counters", "waiting_counts")
INDEXES: Final = (
    "answer_counts (period, overall, state)",
    "answer_counts (unit, overall, state)",
    "answer_counts (period, core, state)",
    "respondent_counts (period, question)",
    "slip_counts (period, channel)",
    "typed_comments (period)",
)
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was written."""

    periods: tuple[str, ...]
    rows: int


def write_asking_copy(store: Store, target: Path) -> Asked:
    """Write the counts of all periods into a new SQLite file; an older one of the name is replaced.

    Raises
    ------
    OmrError
        If the file cannot be written.
    """
    try:
        with appearing(target) as part, store.snapshot(), closing(sqlite3.connect(part)) as copy:
            asked = _fill(store, copy)
            copy.commit()
        return asked
    except (OSError, sqlite3.Error) as error:
        detail = getattr(error, "strerror", None) or error
        raise OmrError("parquet.cannot_write", folder=target, detail=detail) from error


def _fill(store: Store, copy: sqlite3.Connection) -> Asked:
    for table, columns in TABLES.items():
        copy.execute(f"CREATE TABLE {table} ({columns})")
    found = tuple(
        row["period"]
        for row in store.rows(
            """SELECT DISTINCT period FROM readings UNION SELECT period FROM attributions
            UNION SELECT period FROM electronic_slips ORDER BY 1"""
        )
    )
    rows = 0
    for period in each("exporting_periods", found):
        counted = tallies_of(store, period).tallies
        for table, made in (
            ("answer_counts", _answers(store, period, counted)),
            ("respondent_counts", _respondents(store, period, counted)),
            ("slip_counts", _slips(store, period, counted)),
        ):
            rows += _insert(copy, table, made)
    for view in COPIED:
        _copy(store, copy, view)
    for number, index in enumerate(INDEXES):
        copy.execute(f"CREATE INDEX by_{number} ON {index}")
    copy.execute("ANALYZE")
    return Asked(found, rows)


def _insert(copy: sqlite3.Connection, table: str, rows: Iterable[Row]) -> int:
    made = list(rows)
    if made:
        copy.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(made[0]))})", made)
    return len(made)


def _copy(store: Store, copy: sqlite3.Connection, view: str) -> None:
    names = [row["name"] for row in store.rows("SELECT name FROM pragma_table_info(?)", view)]
    listed = ", ".join(f'"{name}"' for name in names)
    copy.execute(f"CREATE TABLE {view} ({listed})")
    _insert(copy, view, (tuple(row) for row in store.rows(f"SELECT {listed} FROM {view}")))


def _answers(store: Store, period: str, counted: Tallies) -> Iterator[Row]:
    found: Counter[Row] = Counter()
    with_codes: set[tuple[object, ...]] = set()
    for row in counted.answers:
        if row.code:
            with_codes.add((row.stratum, row.question, row.state))
    for row in counted.answers:
        form = store.forms[row.stratum.fingerprint]
        if not row.code and (row.stratum, row.question, row.state) in with_codes:
            continue  # all slips in that state: their codes are told one by one
        question = next(q for q in form.questions if q.key == row.question)
        option = next((o for o in question.options if o.code == row.code), None)
        said = (
            (option.code, option.label, int(option.satisfied)) if option else (row.code or None, None, None)
        )
        about = (question.key, question.text, question.factor, int(question.core), int(question.overall))
        place = (period, row.stratum.unit, row.stratum.channel.value, form.form, form.field)
        found[(*place, *about, row.state.value, *said)] += row.slips
    return ((*key, slips) for key, slips in found.items())


def _respondents(store: Store, period: str, counted: Tallies) -> Iterator[Row]:
    found: Counter[Row] = Counter()
    for row in counted.crossed:
        form = store.forms[row.stratum.fingerprint]
        overall = overall_question(form)
        question = next(q for q in form.questions if q.key == row.question)
        option = next((o for o in question.options if o.code == row.code), None)
        if option is None or overall is None:
            continue
        good = next(o.satisfied for o in overall.options if o.code == row.overall)
        place = (period, row.stratum.unit, row.stratum.channel.value, form.form, form.field)
        found[(*place, question.key, question.text, option.code, option.label, int(good))] += row.slips
    return ((*key, slips) for key, slips in found.items())


def _slips(store: Store, period: str, counted: Tallies) -> Iterator[Row]:
    found: Counter[Row] = Counter()
    for row in counted.slips:
        form = store.forms[row.stratum.fingerprint].form
        found[period, row.stratum.unit, row.stratum.channel.value, form, row.state.value, row.reason] += (
            row.slips
        )
    return ((*key, slips) for key, slips in found.items())
