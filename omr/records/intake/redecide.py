"""A calibration decides again from stored measurements; what it changes is listed before it is kept.

Nothing is rescanned and nothing edited: a slip whose answers change gets a further deciding,
the latest of which counts. What people decided stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from omr.forms.template import Form, Question
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.decide import Answer, BoxVerdict, Written, decide
from omr.reading.marks.measure import MarkReading
from omr.records.counts.answers import Given, answer_row, machine_answers
from omr.records.counts.validity import may_say_overall
from omr.records.offices.periods import state_of
from omr.records.store.measured import unpack
from omr.records.store.store import Row, Store
from omr.records.store.verdicts import pack_verdicts
from omr.words import PeriodState

Judge = Callable[
    [Sequence[Question], Sequence[MarkReading], Calibration, Sequence[Written]],
    tuple[tuple[BoxVerdict, ...], tuple[Answer, ...]],
]


@dataclass(frozen=True, slots=True)
class Changed:
    """One answer of the machine that a calibration decides otherwise."""

    serial: str
    question: str
    before: Given
    after: Given


@dataclass(frozen=True, slots=True)
class Redecided:
    """A slip with its new answers."""

    reading: int
    form: Form
    verdicts: tuple[BoxVerdict, ...]
    answers: tuple[Answer, ...]
    changed: tuple[Changed, ...]


def redecided(
    store: Store, calibration: Calibration, period: str | None = None, judge: Judge = decide
) -> Iterator[Redecided]:
    """Yield the slips whose answers change; those of closed periods stay as they are.

    Parameters
    ----------
    period : str, optional
        Only slips that count for this period.
    judge : callable
        What makes answers of measurements.
    """
    forms, written = store.forms, _written(store)
    states: dict[str, PeriodState] = {}
    rows = store.rows(
        """SELECT slips.reading, slips.serial, slips.fingerprint, slips.form_page, slips.period, marks
        FROM slips JOIN readings USING (reading)
        WHERE slips.period = ?1 OR ?1 IS NULL ORDER BY slips.reading""",
        period,
    )
    for row in rows:
        when = row["period"]
        states.setdefault(when, state_of(store, when))
        if states[when] is PeriodState.CLOSED:
            continue
        form = forms[row["fingerprint"]].page(row["form_page"])
        marks = unpack(form, row["marks"])
        verdicts, answers = judge(form.questions, marks, calibration, written.get(row["reading"], ()))
        before = machine_answers(store, row["reading"])
        changed = tuple(
            Changed(row["serial"], answer.question, before[answer.question], after)
            for answer in answers
            if before.get(answer.question) != (after := Given(answer.state, answer.codes))
            and answer.question in before
        )
        if changed:
            yield Redecided(row["reading"], form, verdicts, answers, changed)


def _written(store: Store) -> Mapping[int, list[Written]]:
    """Return where on each slip somebody wrote, as it was measured."""
    found: dict[int, list[Written]] = {}
    for row in store.rows(
        """SELECT reading, question, first, second, confidence FROM handwriting
        UNION ALL SELECT reading, question, '', '', 0.0 FROM comments"""
    ):
        one = Written(row["question"], row["first"], row["second"], row["confidence"])
        found.setdefault(row["reading"], []).append(one)
    return found


def keep(store: Store, slips: Iterable[Redecided], calibration: Calibration, *, by: str) -> None:
    """Add the new decidings, all or none."""
    with store.act("redecide", by=by, why=calibration.name) as act:
        first = act.next_id("decidings", "deciding")
        for deciding, slip in enumerate(slips, start=first):
            act.add(
                "decidings",
                {
                    "deciding": deciding,
                    "reading": slip.reading,
                    "calibration": calibration.name,
                    "overall": int(may_say_overall(slip.form, slip.answers)),
                    "verdicts": pack_verdicts(slip.verdicts),
                },
            )
            rows: list[Row] = [answer_row(deciding, answer) for answer in slip.answers]
            act.add("answers", *rows)
