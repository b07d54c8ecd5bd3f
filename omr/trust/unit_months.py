"""What the register knows of each unit in a month: the input of the signals, nothing in it names a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.forms.serial import Issue
from omr.forms.surveys import overall_question
from omr.forms.template import Form
from omr.reading.ink import measure
from omr.reading.papers import paper
from omr.records.counts.kept_tallies import tallies_of
from omr.records.counts.slips import CurrentSlip, current_slips, how_many
from omr.records.counts.tallies import Channel
from omr.records.month.reconcile import Line, reconcile, spans
from omr.records.offices.periods import Period
from omr.records.offices.surveys import Prints, find_survey, main_survey
from omr.records.offices.visits import visits_of
from omr.records.register.register import issued
from omr.records.store.measured import unpack
from omr.records.store.store import Store
from omr.steps import each
from omr.words import AnswerState, Standing

# What a pen and a hand leave in a box, whatever the box.
STROKE_FEATURES: Final = ("ink", "gain", "ring", "width", "height", "depth", "spread", "share", "dark")
# By the version of what was measured: how many numbers a box has, and which of them these are.
_COLUMNS: Final = {
    1: (len(paper.FEATURES), [paper.F[name] for name in STROKE_FEATURES]),
    measure.PAPERS: (len(paper.FEATURES), [paper.F[name] for name in STROKE_FEATURES]),
    measure.VERSION: (len(measure.FEATURES), [measure.F[name] for name in STROKE_FEATURES]),
}

MONTHS_BACK: Final = 6  # of the unit's past: enough to see what is usual, short enough to be the same desk


@dataclass(frozen=True, slots=True, eq=False)
class SeenSlip:
    """One paper slip that counts."""

    serial: str
    run: str
    number: int
    batch: str
    answers: str  # to all questions; equal texts are equal answers
    ratings: str  # to the core questions only
    satisfied: bool | None  # the overall answer, None without a valid one
    seal: str  # present, absent, unknown
    boxes: tuple[tuple[str, str], ...] = ()  # question and option of each mark
    strokes: NDArray[np.float32] | None = None  # (marks, len(STROKE_FEATURES)): how they look


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of one unit in one month."""

    satisfied: int  # of `answered` overall answers
    answered: int
    missing: int | None  # of `out` slips that went to citizens; None until the stock is counted
    out: int | None


@dataclass(frozen=True, slots=True, eq=False)
class UnitMonth:
    """One unit in one month, and what was usual for it."""

    unit: str
    now: Rates
    past: tuple[Rates, ...]
    slips: tuple[SeenSlip, ...]  # by print run and number
    missing: tuple[str, ...] = ()  # serials, ranges as first..last
    returned: int = 0  # paper, valid or not
    visits: int | None = None  # people at its counters


def unit_months(store: Store, period: Period, *, survey: str | None = None) -> list[UnitMonth]:
    """Return every unit that has slips of a survey in a month, by code.

    Parameters
    ----------
    survey : str, optional
        Without it, the main one. Visits are people who came for what the main one asks.
    """
    name, prints = find_survey(store, survey)
    lines = _lines_of_units(reconcile(store, period), prints)
    seen: defaultdict[str, list[SeenSlip]] = defaultdict(list)
    for unit, slip in _seen(store, period, prints):
        seen[unit].append(slip)
    past: defaultdict[str, list[Rates]] = defaultdict(list)
    month = period
    for _ in range(MONTHS_BACK):
        month = month.preceding
        for unit, rates in _rates(store, month, prints).items():
            past[unit].append(rates)
    now = _rates(store, period, prints, lines)
    runs = {issue.run: issue for issue in issued(store)}
    visits = visits_of(store, period.name) if name == main_survey(store)[0] else {}
    return [
        UnitMonth(
            unit=unit,
            now=now[unit],
            past=tuple(past[unit]),
            slips=tuple(sorted(seen[unit], key=lambda slip: (slip.run, slip.number))),
            missing=_missing(lines.get(unit, ()), runs),
            returned=sum(line.returned for line in lines.get(unit, ())),
            visits=visits.get(unit),
        )
        for unit in sorted(now)
    ]


def _lines_of_units(lines: Sequence[Line], prints: Prints) -> dict[str, list[Line]]:
    found: defaultdict[str, list[Line]] = defaultdict(list)
    forms = {form.form for form in prints.values()}
    for line in lines:
        if line.unit is not None and line.form in forms:
            found[line.unit].append(line)
    return dict(found)


def _missing(lines: Sequence[Line], runs: Mapping[str, Issue]) -> tuple[str, ...]:
    return tuple(text for line in lines if line.counted for text in spans(line.missing_numbers, runs))


def _rates(
    store: Store, period: Period, prints: Prints, lines: Mapping[str, Sequence[Line]] | None = None
) -> dict[str, Rates]:
    """Count satisfied answers and missing slips of every unit in one month."""
    if lines is None:
        lines = _lines_of_units(reconcile(store, period), prints)
    forms = store.forms
    satisfied: defaultdict[str, int] = defaultdict(int)
    answered: defaultdict[str, int] = defaultdict(int)
    for row in tallies_of(store, period.name, prints=prints).tallies.answers:
        question = overall_question(forms[row.stratum.fingerprint])
        if question is None or row.question != question.key or not row.code:
            continue
        if row.stratum.channel is not Channel.PAPER:
            continue
        good = {option.code for option in question.options if option.satisfied}
        answered[row.stratum.unit] += row.slips
        satisfied[row.stratum.unit] += row.slips if row.code in good else 0
    rates = {}
    for unit in {*answered, *lines}:
        books = lines.get(unit, ())
        # Slips that nobody counted in stock look missing: only a whole count can be judged.
        counted = bool(books) and all(line.counted for line in books)
        rates[unit] = Rates(
            satisfied[unit],
            answered[unit],
            sum(line.missing for line in books) if counted else None,
            sum(line.returned + line.missing for line in books) if counted else None,
        )
    return rates


def _seen(store: Store, period: Period, prints: Prints) -> Iterator[tuple[str, SeenSlip]]:
    """Yield the slips that count, with their unit."""
    forms = store.forms
    whole = how_many(store, period=period.name)
    for slip in each("slips_compared", current_slips(store, period=period.name), whole):
        if not slip.valid or slip.standing is not Standing.COUNTS or slip.fingerprint not in prints:
            continue
        form = forms[slip.fingerprint]
        row = store.row(
            "SELECT marks, form_page, seal, batch FROM readings JOIN pages USING (page) WHERE reading = ?",
            slip.reading,
        )
        assert row is not None  # the view joins the same two tables
        boxes, strokes = _strokes(form.page(row["form_page"] or 1), slip, row["marks"])
        core = {question.key for question in form.questions if question.core}
        overall = overall_question(form)
        yield (
            slip.unit,
            SeenSlip(
                serial=slip.serial,
                run=slip.run,
                number=slip.number,
                batch=row["batch"],
                answers=_text(slip, set(slip.answers)),
                ratings=_text(slip, core),
                satisfied=_satisfied(slip, form, overall.key) if overall else None,
                seal=row["seal"],
                boxes=boxes,
                strokes=strokes,
            ),
        )


def _text(slip: CurrentSlip, questions: set[str]) -> str:
    return " ".join(
        f"{key}={'+'.join(given.codes)}" for key, given in slip.answers.items() if key in questions
    )


def _satisfied(slip: CurrentSlip, form: Form, key: str) -> bool | None:
    given = slip.answers.get(key)
    if given is None or given.state is not AnswerState.ANSWERED:
        return None
    good = {
        o.code for question in form.questions if question.key == key for o in question.options if o.satisfied
    }
    return good.issuperset(given.codes)


def _strokes(
    form: Form, slip: CurrentSlip, packed: bytes
) -> tuple[tuple[tuple[str, str], ...], NDArray[np.float32] | None]:
    """Return which boxes hold the slip's answers, and how their marks look."""
    chosen = {(key, code) for key, given in slip.answers.items() for code in given.codes}
    marks = [mark for mark in unpack(form, packed) if (mark.question, mark.option) in chosen]
    count, columns = _COLUMNS[marks[0].version] if marks else (0, [])
    # An older program may have measured other features: then there is nothing to compare.
    if not marks or len(marks[0].features) != count:
        return (), None
    features = np.array([mark.features for mark in marks], np.float32)
    return tuple((mark.question, mark.option) for mark in marks), features[:, columns]
