"""Tallies of single slips, in plain Python: what the quick way is held to, and what reports are tried on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from omr.forms.surveys import overall_question
from omr.forms.template import Form, Kind, Question
from omr.records.counts.answers import Given
from omr.records.counts.slips import NOT_COUNTED_AS_RETURNED, current_slips
from omr.records.counts.tallies import (
    AnswerTally,
    Channel,
    CrossTally,
    SlipState,
    SlipTally,
    Stratum,
    Tallies,
    grouping_questions,
    tally,
)
from omr.records.store.store import Store
from omr.words import AnswerState, Standing

PERIOD = "2026-11"


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip as it counts today; nothing in it names a person."""

    stratum: Stratum
    state: SlipState
    reason: str  # "KHL1" … of an invalid or held slip, else ""
    answers: Mapping[str, Given]


def count(slips: Iterable[Slip], forms: Mapping[str, Form]) -> Tallies:
    """Count slips one by one.

    Parameters
    ----------
    slips : iterable of Slip
        Each slip that was returned in the period, once.
    forms : mapping
        Fingerprint to form, for all strata.
    """
    states: Counter[tuple[Stratum, SlipState, str]] = Counter()
    rated: Counter[tuple[Stratum, SlipState, str]] = Counter()
    content: Counter[tuple[Stratum, SlipState, str]] = Counter()
    answers: Counter[tuple[Stratum, str, AnswerState, str]] = Counter()
    crossed: Counter[tuple[Stratum, str, str, str]] = Counter()
    for slip in slips:
        at, key = slip.stratum, (slip.stratum, slip.state, slip.reason)
        states[key] += 1
        if slip.state is not SlipState.VALID:
            continue
        form = forms[at.fingerprint]
        named = {question.key for question in form.questions if question.kind in (Kind.CODE, Kind.DATE)}
        for question, given in slip.answers.items():
            answers[at, question, given.state, ""] += 1
            shown = given.state is AnswerState.ANSWERED and question not in named
            for code in given.codes if shown else ():
                answers[at, question, given.state, code] += 1
        good = _goodness(form, slip)
        rated[key] += bool(good)
        content[key] += bool(good) and all(good)
        for group, code, overall in _crossings(form, slip):
            crossed[at, group, code, overall] += 1
    return Tallies(
        tuple(SlipTally(*key, n, rated[key], content[key]) for key, n in sorted(states.items())),
        tuple(AnswerTally(*key, n) for key, n in sorted(answers.items())),
        tuple(CrossTally(*key, n) for key, n in sorted(crossed.items())),
    )


def _answered(slip: Slip, question: Question) -> tuple[str, ...]:
    given = slip.answers.get(question.key)
    return given.codes if given and given.state is AnswerState.ANSWERED else ()


def _goodness(form: Form, slip: Slip) -> list[bool]:
    """Return for each answered core question whether its answer is a satisfied one."""
    return [
        option.satisfied
        for question in form.questions
        if question.core
        for option in question.options
        if option.code in _answered(slip, question)
    ]


def _crossings(form: Form, slip: Slip) -> list[tuple[str, str, str]]:
    question = overall_question(form)
    if question is None:
        return []
    return [
        (group.key, code, overall)
        for overall in _answered(slip, question)
        for group in grouping_questions(form)
        if group.key in slip.answers  # else it stands on a page that is missing
        for code in _answered(slip, group) or ("",)
    ]


def one_by_one(store: Store, unit: str | None = None) -> Iterator[Slip]:
    """Give the slips as `omr answers` lists them, one at a time; what came too late is not returned yet."""
    for one in current_slips(store, period=PERIOD):
        if one.set_aside in NOT_COUNTED_AS_RETURNED and one.standing is not Standing.COUNTS:
            continue
        if unit in (None, one.unit):
            stratum = Stratum(one.unit, one.fingerprint, Channel.PAPER)
            given = {key: Given(answer.state, answer.codes) for key, answer in one.answers.items()}
            yield Slip(stratum, SlipState.of(one.standing, one.reason), one.reason or "", given)


def counted(store: Store, unit: str | None = None) -> Tallies:
    """What SQL counts, held to what Python counts."""
    forms = store.forms
    found = tally(store, PERIOD, unit=unit).tallies
    assert found == count(one_by_one(store, unit), forms)
    assert viewed(store, unit) == states_and_answers(found)
    return found


Counts = dict[tuple[str, ...], int]


def states_and_answers(tallies: Tallies) -> Counts:
    counts: Counter[tuple[str, ...]] = Counter()
    for row in tallies.slips:
        counts[row.stratum.unit, row.state, row.reason] += row.slips
    one_by_one = {(row.stratum, row.question, row.state) for row in tallies.answers if row.code}
    for answer in tallies.answers:
        if answer.code or (answer.stratum, answer.question, answer.state) not in one_by_one:
            counts[answer.stratum.unit, answer.question, answer.state, answer.code] += answer.slips
    return dict(counts)


def viewed(store: Store, unit: str | None) -> Counts:
    """The same from the views that people ask: docs/database.md."""
    where = "WHERE period = ? AND (unit = ? OR ? IS NULL)"
    slips = store.rows(
        f"""SELECT unit, state, coalesce(reason, ''), count(*) AS n
        FROM returned_slips {where} GROUP BY 1, 2, 3""",
        *(PERIOD, unit, unit),
    )
    answers = store.rows(
        f"""SELECT unit, question, state, coalesce(code, ''), count(*) AS n
        FROM counted_answers {where} GROUP BY 1, 2, 3, 4""",
        *(PERIOD, unit, unit),
    )
    return {tuple(row)[:-1]: row["n"] for rows in (slips, answers) for row in rows}
