"""A calibration decides again from stored measurements; what it changes is listed before it is kept.

Nothing is rescanned and nothing edited: a slip whose answers change gets a further deciding,
the latest of which counts. What people decided stays. Slips that were measured again (`remeasure`)
get what was measured, too, and are decided from it from then on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from omr.forms.template import Form, Question
from omr.reading.ink.measure import MarkReading
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.decide import Answer, BoxVerdict, Written, decide
from omr.reading.reader import few_answers
from omr.records.anew.remeasure import Anew, Kept
from omr.records.counts.answers import Given, answer_row, machine_answers
from omr.records.counts.slips import how_many
from omr.records.counts.validity import may_say_overall
from omr.records.offices.periods import state_of
from omr.records.store.act import Row
from omr.records.store.measured import pack, unpack
from omr.records.store.store import Store
from omr.records.store.verdicts import pack_verdicts
from omr.steps import each
from omr.words import PeriodState, SlipDoubt

AT_ONCE: Final = 200  # slips that are measured again before they are kept

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
    measured: bytes = b""  # packed, where it was measured again and otherwise than before
    few: bool = False  # less than half of it is answered now, and a person was not asked about it as a whole


@dataclass(frozen=True, slots=True)
class Remeasured:
    """What came of measuring again."""

    slips: int  # measured again
    otherwise: int  # of them measured otherwise than before
    changed: tuple[Changed, ...]
    kept: tuple[Kept, ...]  # those whose page cannot be read as theirs today


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
        FROM slips JOIN measured USING (reading)
        WHERE slips.period = ?1 OR ?1 IS NULL ORDER BY slips.reading""",
        period,
    )
    for row in each("redeciding", rows, lambda: how_many(store, period=period)):
        when = row["period"]
        states.setdefault(when, state_of(store, when))
        if states[when] is PeriodState.CLOSED:
            continue
        form = forms[row["fingerprint"]].page(row["form_page"])
        marks = unpack(form, row["marks"])
        verdicts, answers = judge(form.questions, marks, calibration, written.get(row["reading"], ()))
        changed = _changed(store, row, answers)
        if changed:
            few = _newly_few(store, row, answers)
            yield Redecided(row["reading"], form, verdicts, answers, changed, few=few)


def remeasured(
    store: Store,
    slips: Iterable[Anew | Kept],
    calibration: Calibration,
    judge: Judge = decide,
    *,
    by: str | None,
) -> Remeasured:
    """Decide slips that were measured again; `by` somebody what is new is kept, by and by.

    Reading takes hours for a month: nothing waits for its end, and no page is read within an act.
    """
    changed, left, seen, new = list[Changed](), list[Kept](), 0, 0
    slips = iter(slips)
    while some := list(islice(slips, AT_ONCE)):
        left += [one for one in some if isinstance(one, Kept)]
        anew = [one for one in some if isinstance(one, Anew)]
        decided = _decided_anew(store, anew, calibration, judge)
        seen, new = seen + len(anew), new + len(decided)
        changed += [change for slip in decided for change in slip.changed]
        if by is not None and decided:
            keep(store, decided, calibration, by=by)
    return Remeasured(seen, new, tuple(changed), tuple(left))


def _decided_anew(
    store: Store, slips: Iterable[Anew], calibration: Calibration, judge: Judge
) -> list[Redecided]:
    """Return the slips that are measured otherwise today, with the answers that follow."""
    out, written = [], _written(store)
    for slip in slips:
        row, packed = slip.row, pack(slip.form, slip.read.marks)
        if state_of(store, row["period"]) is PeriodState.CLOSED:  # while its page was read
            continue
        stored = store.value("SELECT marks FROM measured WHERE reading = ?", row["reading"])
        verdicts, answers = judge(
            slip.form.questions, slip.read.marks, calibration, written.get(row["reading"], ())
        )
        changed = _changed(store, row, answers)
        if changed or packed != stored:
            few = _newly_few(store, row, answers)
            new = packed if packed != stored else b""
            out.append(Redecided(row["reading"], slip.form, verdicts, answers, changed, new, few))
    return out


def _changed(store: Store, row: sqlite3.Row, answers: Iterable[Answer]) -> tuple[Changed, ...]:
    before = machine_answers(store, row["reading"])
    return tuple(
        Changed(row["serial"], answer.question, before[answer.question], after)
        for answer in answers
        if before.get(answer.question) != (after := Given(answer.state, answer.codes))
        and answer.question in before
    )


def _newly_few(store: Store, row: sqlite3.Row, answers: Sequence[Answer]) -> bool:
    """Whether a person must be asked about the whole slip now, as reading it anew would ask."""
    asked = "SELECT count(*) FROM doubts WHERE reading = ? AND reason = ?"
    return few_answers(answers) and not store.value(asked, row["reading"], SlipDoubt.FEW_ANSWERS)


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
        first, measuring = act.next_id("decidings", "deciding"), act.next_id("measurings", "measuring")
        for deciding, slip in enumerate(slips, start=first):
            if slip.measured:
                row: Row = {"measuring": measuring, "reading": slip.reading, "marks": slip.measured}
                act.add("measurings", row)
                measuring += 1
            if slip.few:
                act.add("doubts", {"reading": slip.reading, "reason": SlipDoubt.FEW_ANSWERS})
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
