"""Tallies: how many slips said what, the only thing the statistics are computed from.

`tally` makes them from the database: SQL joins each slip's current answers into one
string, so that a month of 100,000 slips is counted in seconds. A test makes the same rows
from single slips in plain Python and holds the two to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from itertools import repeat
from operator import or_
from typing import Final, NamedTuple

from omr.forms.surveys import overall_question
from omr.forms.template import Form, Kind, Question
from omr.records.counts.answers import MACHINE, SEPARATOR, CurrentAnswer, answers_view
from omr.records.counts.applying import applying, as_counted
from omr.records.counts.slips import NOT_COUNTED_AS_RETURNED, OF_PERIOD, ONE_PER_SERIAL
from omr.records.counts.validity import judge
from omr.records.store.store import Store
from omr.words import AnswerState, Standing


class Channel(StrEnum):
    """How an opinion came in."""

    PAPER = "paper"
    ELECTRONIC = "electronic"


GROUPING: Final = (Kind.SINGLE, Kind.MULTIPLE)


class SlipState(StrEnum):
    """Whether a slip counts."""

    VALID = "valid"
    INVALID = "invalid"
    HELD = "held"  # returned, but a person has to decide: duplicate, foreign unit or period

    @classmethod
    def of(cls, standing: str, reason: str | None) -> SlipState:
        """Return the state of a slip where it stands, with the rule that makes it invalid."""
        if standing == Standing.HELD:
            return cls.HELD
        return cls.INVALID if reason else cls.VALID


class Stratum(NamedTuple):
    """Slips of one unit, on one revision of a form, through one channel."""

    unit: str
    fingerprint: str
    channel: Channel


class SlipTally(NamedTuple):
    """`slips` of one state and reason; of valid ones, how many rated something and how many only well."""

    stratum: Stratum
    state: SlipState
    reason: str
    slips: int
    rated: int  # with a valid answer to at least one core question
    content: int  # and every such answer a satisfied one


class AnswerTally(NamedTuple):
    """Valid slips per answer. With `code` "": all slips in that state; else those that chose the code."""

    stratum: Stratum
    question: str
    state: AnswerState
    code: str
    slips: int


class CrossTally(NamedTuple):
    """Valid slips with an overall answer, by what they say about the respondent or the procedure."""

    stratum: Stratum
    question: str
    code: str  # "" without an answer to this question
    overall: str  # code of the overall answer
    slips: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """Everything counted in one period, each sequence in the order of its rows."""

    slips: tuple[SlipTally, ...] = ()
    answers: tuple[AnswerTally, ...] = ()
    crossed: tuple[CrossTally, ...] = ()

    @property
    def strata(self) -> set[Stratum]:
        """Where slips came in."""
        return {row.stratum for row in self.slips}

    def only(self, unit: str) -> Tallies:
        """Return those of one unit."""
        return Tallies(
            tuple(row for row in self.slips if row.stratum.unit == unit),
            tuple(row for row in self.answers if row.stratum.unit == unit),
            tuple(row for row in self.crossed if row.stratum.unit == unit),
        )

    @property
    def digest(self) -> str:
        """SHA-256 hex over all rows: two reports with the same digest have the same figures."""
        rows = self.slips, self.answers, self.crossed
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def grouping_questions(form: Form) -> tuple[Question, ...]:
    """Return the questions about the respondent and the procedure."""
    return tuple(question for question in form.questions if question.kind in GROUPING and not question.core)


class CheckTally(NamedTuple):
    """Answers of valid paper slips, and how many of them people decided."""

    stratum: Stratum
    answers: int
    by_people: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The tallies of one period, with how many answers people decided."""

    tallies: Tallies
    checked: tuple[CheckTally, ...] = ()

    @property
    def answers(self) -> int:
        """How many answers valid paper slips have."""
        return sum(row.answers for row in self.checked)

    @property
    def by_people(self) -> int:
        """How many of them people decided."""
        return sum(row.by_people for row in self.checked)


def tally(
    store: Store,
    period: str,
    *,
    unit: str | None = None,
    questions: Collection[str] | None = None,
    prints: Collection[str] | None = None,
) -> Counted:
    """Count the slips of one period as they stand today, each serial once.

    Parameters
    ----------
    unit : str, optional
        Count this unit only.
    questions : collection of str, optional
        Look at the answers to these questions only. Why a slip is invalid may need the others.
    prints : collection of str, optional
        Count slips on forms with these fingerprints only: those of one survey.
    """
    questions = None if questions is None else with_conditions(store, questions)
    asked = "" if questions is None else f"AND question IN ({', '.join('?' * len(questions))})"
    rows = store.rows(
        f"""SELECT unit, fingerprint, standing, set_aside, reason_by_hand,
            (SELECT group_concat(question || ' ' || state || ' ' || (by = '{MACHINE}') || ' ' || codes, ?)
             FROM {answers_view(store)} AS given WHERE given.reading = slips.reading {asked}) AS said
        FROM slips
        WHERE reading IN ({OF_PERIOD}) AND period = ? AND (unit = ? OR ? IS NULL) AND {ONE_PER_SERIAL}
        AND (standing = '{Standing.COUNTS}' OR coalesce(set_aside, '') NOT IN {NOT_COUNTED_AS_RETURNED})""",
        SEPARATOR,
        *(questions or ()),
        *[period] * 3,
        *[unit] * 2,
    )
    online = store.rows(
        f"""SELECT unit, fingerprint,
            (SELECT group_concat(question || ' ' || state || ' 1 ' || codes, ?) FROM electronic_answers
             WHERE electronic_answers.response = electronic_slips.response {asked}) AS said
        FROM current_responses AS electronic_slips WHERE period = ? AND (unit = ? OR ? IS NULL)""",
        SEPARATOR,
        *(questions or ()),
        period,
        *[unit] * 2,
    )
    counting = _Counting(store.forms)
    # Of a few questions most slips say the same; of all, hardly two.
    alike = Counter(map(tuple, rows)).items() if questions is not None else zip(rows, repeat(1), strict=False)
    for (where, fingerprint, standing, aside, by_hand, said), slips in alike:
        if prints is not None and fingerprint not in prints:
            continue
        stratum = Stratum(where, fingerprint, Channel.PAPER)
        counting.add(stratum, said.split(SEPARATOR) if said else [], standing, aside, by_hand, slips)
    for row in online:
        if prints is not None and row["fingerprint"] not in prints:
            continue
        stratum = Stratum(row["unit"], row["fingerprint"], Channel.ELECTRONIC)
        said = row["said"]
        counting.add(stratum, said.split(SEPARATOR) if said else [], Standing.COUNTS, None, None)
    return counting.result()


def with_conditions(store: Store, questions: Collection[str]) -> Collection[str]:
    """Return questions with those that say who was asked them."""
    rules = [applying(form).only_if for form in store.forms.values()]
    return {*questions, *(of[key].question for of in rules for key in questions if key in of)}


def first_period(store: Store) -> str | None:
    """Return the earliest period that slips were printed or sent for, None where there is none."""
    found = store.value(
        "SELECT min(period) FROM (SELECT period FROM runs UNION SELECT period FROM electronic_slips)"
    )
    return None if found is None else str(found)


def prints_of(store: Store, period: str) -> set[str]:
    """Return the fingerprints of the forms that slips of a period are on, paper and electronic."""
    rows = store.rows(
        f"""SELECT DISTINCT fingerprint FROM slips WHERE reading IN ({OF_PERIOD}) AND period = ?
        UNION SELECT DISTINCT fingerprint FROM current_responses WHERE period = ?""",
        *[period] * 4,
    )
    return {row["fingerprint"] for row in rows}


# What one answer means for its slip; plain bits, because they are joined a million times.
_OVERALL: Final = 1  # a valid answer to the overall question
_GROUPING: Final = 2  # about the respondent or the procedure, answered or not
_SATISFIED: Final = 4  # a valid answer to a core question
_UNSATISFIED: Final = 8


class _Roles(dict[str, int]):
    """The roles of a form's answers, by their text; each text is parsed once."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.applying = applying(form)
        # A code names somebody, a day may: they are counted as answered, and not one by one.
        self.named = {q.key for q in form.questions if q.kind in (Kind.CODE, Kind.DATE)}
        self._overall = overall_question(form)
        self._grouping = {question.key for question in grouping_questions(form)}
        self._core = {
            question.key: {option.code for option in question.options if option.satisfied}
            for question in form.questions
            if question.core
        }

    def __missing__(self, text: str) -> int:
        said = CurrentAnswer.parse(text)
        codes = said.given.valid
        role = _GROUPING if said.question in self._grouping else 0
        if codes and self._overall and said.question == self._overall.key:
            role |= _OVERALL
        if codes and said.question in self._core:
            good = self._core[said.question].issuperset(codes)
            role |= _SATISFIED if good else _UNSATISFIED
        self[text] = role
        return role


class _Counting:
    """Counters per stratum, fed slip by slip.

    A slip costs a few C loops over its answers; their texts are parsed at the end.
    """

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self._roles = {fingerprint: _Roles(form) for fingerprint, form in forms.items()}
        self._slips: Counter[tuple[Stratum, SlipState, str]] = Counter()
        self._rated: Counter[tuple[Stratum, SlipState, str]] = Counter()
        self._content: Counter[tuple[Stratum, SlipState, str]] = Counter()
        self._said: defaultdict[Stratum, Counter[str]] = defaultdict(Counter)
        self._crossed: defaultdict[tuple[Stratum, str], Counter[str]] = defaultdict(Counter)

    def add(
        self,
        at: Stratum,
        said: list[str],
        standing: str,
        aside: str | None,
        by_hand: str | None,
        slips: int = 1,
    ) -> None:
        """Count slips that are alike: their answers as texts, where they stand and why."""
        roles_of = self._roles[at.fingerprint]
        if roles_of.applying:
            told = {answer.question: answer for answer in map(CurrentAnswer.parse, said)}
            said = [answer.text for answer in as_counted(roles_of.form, told).values()]
        roles = [roles_of[text] for text in said]
        means = reduce(or_, roles, 0)
        reason = None
        # With a valid overall answer only a person or its standing can make a slip invalid.
        if standing != Standing.COUNTS or by_hand is not None or not means & _OVERALL:
            answers = [CurrentAnswer.parse(text) for text in said]
            reason = judge(
                roles_of.form,
                {answer.question: answer for answer in answers},
                standing=standing,
                set_aside=aside,
                reason_by_hand=by_hand,
            )
        state = SlipState.of(standing, reason)
        key = at, state, reason or ""
        self._slips[key] += slips
        if state is not SlipState.VALID:
            return
        self._rated[key] += slips * bool(means & (_SATISFIED | _UNSATISFIED))
        self._content[key] += slips * (bool(means & _SATISFIED) and not means & _UNSATISFIED)
        self._said[at].update(said * slips)
        if means & _OVERALL:
            overall = next(text for text, role in zip(said, roles, strict=True) if role & _OVERALL)
            grouping = [text for text, role in zip(said, roles, strict=True) if role & _GROUPING]
            self._crossed[at, overall].update(grouping * slips)

    def result(self) -> Counted:
        """Return what was counted."""
        answers: Counter[tuple[Stratum, str, AnswerState, str]] = Counter()
        crossed: Counter[tuple[Stratum, str, str, str]] = Counter()
        checked: Counter[Stratum] = Counter()
        by_people: Counter[Stratum] = Counter()
        for at, texts in self._said.items():
            for text, slips in texts.items():
                said = CurrentAnswer.parse(text)
                if at.channel is Channel.PAPER:
                    checked[at] += slips
                    by_people[at] += 0 if said.by == MACHINE else slips
                answers[at, said.question, said.given.state, ""] += slips
                named = self._roles[at.fingerprint].named
                for code in () if said.question in named else said.given.valid:
                    answers[at, said.question, said.given.state, code] += slips
        for (at, overall), texts in self._crossed.items():
            (level,) = CurrentAnswer.parse(overall).given.codes
            for text, slips in texts.items():
                said = CurrentAnswer.parse(text)
                for code in said.given.valid or ("",):
                    crossed[at, said.question, code, level] += slips
        tallies = Tallies(
            tuple(
                SlipTally(*key, slips, self._rated[key], self._content[key])
                for key, slips in sorted(self._slips.items())
            ),
            tuple(AnswerTally(*key, slips) for key, slips in sorted(answers.items())),
            tuple(CrossTally(*key, slips) for key, slips in sorted(crossed.items())),
        )
        return Counted(tallies, tuple(CheckTally(at, n, by_people[at]) for at, n in sorted(checked.items())))
