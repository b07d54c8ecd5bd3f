"""What counts today: slips with their current answers, machine's or reviewer's, and their validity."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from omr.records.counts.answers import CurrentAnswer, answers_view
from omr.records.counts.applying import as_counted
from omr.records.counts.validity import judge
from omr.records.store.store import Store
from omr.words import Aside, Standing

# One slip per serial: the one that counts; while none does, the first that waits; else the first. Of
# several pages the one that was read first speaks for all of them (view `questionnaire_answers`).
ONE_PER_SERIAL: Final = """(rank = 0 AND NOT several OR NOT EXISTS (
        SELECT 1 FROM slips AS better
        WHERE better.serial = slips.serial AND (better.rank, better.reading) < (slips.rank, slips.reading)
    ))"""
_SLIPS: Final = f"""
    SELECT slips.*, question, state, codes, confidence, by
    FROM slips JOIN {{answers}} USING (reading)
    WHERE {ONE_PER_SERIAL} {{where}}
    ORDER BY reading
"""
_OF_SERIAL: Final = """
    SELECT slips.*, question, state, codes, confidence, by
    FROM slips JOIN current_answers USING (reading) WHERE serial = ? ORDER BY reading
"""
# By reading, so that SQLite looks them up one by one instead of looking through a year.
_OF_BATCH: Final = "SELECT reading FROM pages JOIN readings USING (page) WHERE pages.batch = ?"
_OF_SERIALS: Final = """
    SELECT reading FROM readings WHERE serial IN (SELECT value FROM json_each(?))
"""
OF_PERIOD: Final = """
    SELECT reading FROM readings WHERE period = ?
    UNION SELECT reading FROM attributions WHERE period = ?
"""
# Of `slips` in a period, ?1, looked up the same way: the view alone would go through all years.
IN_PERIOD: Final = f"reading IN ({OF_PERIOD.replace('?', '?1')}) AND period = ?1"
NOT_COUNTED_AS_RETURNED: Final = tuple(word.value for word in Aside if not word.meanwhile.returned)
_OF_EXCEPTIONAL_SERIALS: Final = """
    SELECT same.reading FROM exceptional
    CROSS JOIN readings AS one ON one.reading = exceptional.reading
    CROSS JOIN readings AS same ON same.serial = one.serial
"""


@dataclass(frozen=True, slots=True)
class CurrentSlip:
    """One returned slip as it counts today."""

    reading: int
    serial: str
    run: str
    number: int
    form: str
    fingerprint: str
    unit: str
    period: str
    standing: Standing
    set_aside: Aside | None  # why intake did not let it count by itself
    reason: str | None  # code of the rule that makes it invalid
    answers: Mapping[str, CurrentAnswer]  # by question, in the form's order

    @property
    def valid(self) -> bool:
        """Whether the slip enters the figures."""
        return self.reason is None


def how_many(store: Store, *, batch: str | None = None, period: str | None = None) -> int:
    """Return how many slips there are about, to say how far work on them is: in milliseconds for a million.

    Each reading counts, for the period that it was printed for.
    """
    asked = {
        "page IN (SELECT page FROM pages WHERE batch = ?)": batch,
        "run IN (SELECT run FROM runs WHERE period = ?)": period,
    }
    where = [condition for condition, value in asked.items() if value is not None]
    found = store.value(
        f"SELECT count(*) FROM readings {'WHERE' if where else ''} {' AND '.join(where)}",
        *(value for value in asked.values() if value is not None),
    )
    return int(found or 0)


def current_slips(
    store: Store,
    *,
    batch: str | None = None,
    period: str | None = None,
    serials: Collection[str] | None = None,
    exceptional: bool = False,
) -> Iterator[CurrentSlip]:
    """Yield every returned slip once, in the order of reading.

    Parameters
    ----------
    batch, period : str, optional
        Only slips of this batch, only those that count for this period.
    serials : collection of str, optional
        Only slips with one of these.
    exceptional : bool
        Only slips about whose serial there is anything to say; all others are valid.
    """
    where, values = "", list[str]()
    if period is not None:
        where += f" AND slips.reading IN ({OF_PERIOD}) AND period = ?"
        values += [period] * 3
    if batch is not None:
        where += f" AND slips.reading IN ({_OF_BATCH}) AND batch = ?"
        values += [batch] * 2
    if serials is not None:
        where += f" AND slips.reading IN ({_OF_SERIALS})"
        values.append(json.dumps(list(serials)))
    if exceptional:
        where += f" AND slips.reading IN ({_OF_EXCEPTIONAL_SERIALS})"
    return _slips(store, store.rows(_SLIPS.format(where=where, answers=answers_view(store)), *values))


def slips_of_serial(store: Store, serial: str) -> Iterator[CurrentSlip]:
    """Yield every reading with this serial, whichever of them counts, in the order of reading."""
    return _slips(store, store.rows(_OF_SERIAL, serial))


def _slips(store: Store, rows: Iterable[sqlite3.Row]) -> Iterator[CurrentSlip]:
    forms = store.forms
    for _, group in groupby(rows, key=lambda row: row["reading"]):
        rows = list(group)
        slip, form = rows[0], forms[rows[0]["fingerprint"]]
        given = {row["question"]: CurrentAnswer.of(row) for row in rows}
        said = {question.key: given[question.key] for question in form.questions if question.key in given}
        answers = as_counted(form, said)
        reason = judge(
            form,
            answers,
            standing=slip["standing"],
            set_aside=slip["set_aside"],
            reason_by_hand=slip["reason_by_hand"],
        )
        yield CurrentSlip(
            reading=slip["reading"],
            serial=slip["serial"],
            run=slip["run"],
            number=slip["number"],
            form=slip["form"],
            fingerprint=slip["fingerprint"],
            unit=slip["unit"],
            period=slip["period"],
            standing=Standing(slip["standing"]),
            set_aside=Aside(slip["set_aside"]) if slip["set_aside"] else None,
            reason=reason,
            answers=answers,
        )
