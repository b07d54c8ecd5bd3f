"""People in front of a form: what they think, how they mark it, where they slip.

Satisfaction is high and straight-lining is honest and common (most people tick the same
column all the way down); some skip a question, a few mark twice or correct themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from omr.forms.content import writing_key
from omr.forms.entries import boxes_of
from omr.forms.template import VALUES, Form, Kind, Option, Question
from omr.simulate.entered import draw_value
from omr.simulate.habits import Habit
from omr.simulate.pens import PENS, Hand, Rng, take_pen


@dataclass(frozen=True, slots=True)
class Crowd:
    """A population of respondents: shares of pens and habits, rates of what goes wrong."""

    pens: Mapping[str, float]
    habits: Mapping[Habit, float]
    skip: float  # of a question
    overshoot: float  # of a mark
    double: float  # of a slip: one question marked twice
    correction: float  # of a slip: one answer withdrawn for another
    erasure: float  # of a slip in pencil: one mark rubbed out
    stray: float  # of a slip: the pen slips near a box
    comment: float  # of a slip: something is written in the comment box
    blank: float  # of a slip: handed in empty


EVERYDAY: Final = Crowd(
    pens={
        "blue ballpoint": 0.56,
        "black ballpoint": 0.14,
        "fine ballpoint": 0.06,
        "blue gel": 0.13,
        "felt": 0.03,
        "pencil": 0.05,
        "red ballpoint": 0.03,
    },
    habits={
        Habit.CROSS: 0.72,
        Habit.TICK: 0.215,
        Habit.FILL: 0.035,
        Habit.SLASH: 0.015,
        Habit.DASH: 0.010,
        Habit.SCRIBBLE: 0.005,
    },
    skip=0.02,
    overshoot=0.01,
    double=0.02,
    correction=0.05,
    erasure=0.10,
    stray=0.02,
    comment=0.12,
    blank=0.004,
)

TROUBLESOME: Final = Crowd(
    pens={
        "blue ballpoint": 0.15,
        "black ballpoint": 0.10,
        "felt": 0.15,
        "pencil": 0.20,
        "red ballpoint": 0.10,
        "faint pencil": 0.15,
        "dry ballpoint": 0.15,
    },
    habits={
        Habit.CROSS: 0.20,
        Habit.TICK: 0.20,
        Habit.FILL: 0.10,
        Habit.SLASH: 0.10,
        Habit.DASH: 0.10,
        Habit.DOT: 0.12,
        Habit.RING: 0.10,
        Habit.SCRIBBLE: 0.08,
    },
    skip=0.05,
    overshoot=0.10,
    double=0.20,
    correction=0.30,
    erasure=0.40,
    stray=0.30,
    comment=0.30,
    blank=0.01,
)

CROWDS: Final = {"everyday": EVERYDAY, "troublesome": TROUBLESOME}


BREAKS_RANKING: Final = 0.05  # of rankings in which somebody gives a rank twice
SAYS_WHICH: Final = 0.85  # of people who mark "other"
FORGETS_THE_BOX: Final = 0.005  # of people who write behind "other", and do not mark it
DISOBEY: Final = 0.05  # of people who answer what they were told to skip
NOT_CONCERNED: Final = 0.08  # of people whom a question does not concern, where a box says so


class _Mood(NamedTuple):
    """One attitude among respondents."""

    share: float  # of people
    straight: float  # of them: who tick one column all the way down
    levels: tuple[float, ...]  # chance of the best level, the second, … otherwise


# From delighted to critical. Gives about 96 % satisfied answers, as published results of such
# surveys do.
_MOODS: Final = (
    _Mood(0.56, 0.80, (0.90, 0.10, 0.00, 0.00, 0.00)),
    _Mood(0.25, 0.65, (0.15, 0.80, 0.05, 0.00, 0.00)),
    _Mood(0.15, 0.05, (0.45, 0.45, 0.10, 0.00, 0.00)),
    _Mood(0.04, 0.10, (0.05, 0.25, 0.35, 0.25, 0.10)),
)

# Whoever fills boxes as a mark cannot also withdraw by filling: such people do not correct themselves.
_CORRECTING: Final = (Habit.CROSS, Habit.TICK, Habit.SLASH, Habit.DASH)


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """One thing drawn at one box."""

    question: str
    option: str
    habit: Habit


@dataclass(frozen=True, slots=True)
class FilledSlip:
    """One slip as a person handed it in."""

    hand: Hand
    answers: Mapping[str, tuple[str, ...]]  # what was meant; every question with boxes has an entry
    marks: tuple[DrawnMark, ...]
    comments: tuple[str, ...]  # keys of the text questions that were written in

    def on(self, form: Form) -> FilledSlip:
        """Return what of it stands on one page."""
        own = {question.key for question in form.questions}
        return FilledSlip(
            self.hand,
            {key: codes for key, codes in self.answers.items() if key in own},
            tuple(mark for mark in self.marks if mark.question in own),
            tuple(key for key in self.comments if key in own),
        )


def fill(form: Form, crowd: Crowd, rng: Rng) -> FilledSlip:
    """Let one respondent of a crowd answer a form."""
    hand = _hand(crowd, rng)
    return _mark(form, _opinions(form, crowd, rng), hand, crowd, rng, slips=True)


def fill_as_told(form: Form, answers: Mapping[str, Sequence[str]], crowd: Crowd, rng: Rng) -> FilledSlip:
    """Let one respondent of a crowd mark given answers; questions not named stay empty."""
    told = {q.key: tuple(answers.get(q.key, ())) for q in form.questions if q.kind is not Kind.TEXT}
    return _mark(form, told, _hand(crowd, rng), crowd, rng, slips=False)


def _hand(crowd: Crowd, rng: Rng) -> Hand:
    return take_pen(PENS[_draw(crowd.pens, rng)], rng)


def _opinions(form: Form, crowd: Crowd, rng: Rng) -> dict[str, tuple[str, ...]]:
    mood = _MOODS[int(rng.choice(len(_MOODS), p=[m.share for m in _MOODS]))]
    level = int(rng.choice(5, p=mood.levels))
    in_one_column = rng.random() < mood.straight
    empty = rng.random() < crowd.blank
    answers: dict[str, tuple[str, ...]] = {}
    for question in form.questions:
        if question.kind is Kind.TEXT or question.key in answers:
            continue
        left_out = empty or rng.random() < crowd.skip
        if left_out or (_is_told_to_skip(question, answers) and rng.random() >= DISOBEY):
            answers[question.key] = ()
        elif question.kind in VALUES:
            answers[question.key] = (draw_value(question, rng),)
        elif question.kind is Kind.RANK:
            answers |= _order(form, question.ranking, rng)
        elif (aside := [o.code for o in question.options if not o.applies]) and rng.random() < NOT_CONCERNED:
            answers[question.key] = (aside[0],)
        elif any(option.satisfied for option in question.options):
            ranked = _best_first(tuple(option for option in question.options if option.applies))
            rank = level if in_one_column else int(rng.choice(5, p=mood.levels))
            answers[question.key] = (ranked[min(rank, len(ranked) - 1)].code,)
        else:
            answers[question.key] = _choices(question, rng)
    return answers


def _order(form: Form, ranking: str, rng: Rng) -> dict[str, tuple[str, ...]]:
    """Let a person put things in order; where there are fewer ranks than things, some have none."""
    rows = [question for question in form.questions if question.ranking == ranking]
    ranks = [option.code for option in rows[0].options]
    order = rng.permutation(len(rows))
    if rng.random() < BREAKS_RANKING and len(ranks) > 1:  # gives a rank twice: the last one is missing
        ranks[-1] = ranks[0]
    given = {rows[at].key: (rank,) for at, rank in zip(order.tolist(), ranks, strict=False)}
    return {row.key: given.get(row.key, ()) for row in rows}


def _is_told_to_skip(question: Question, answers: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether what this person answered before tells them to skip a question."""
    if question.only_if is None:
        return False
    before = answers.get(question.only_if.question, ())
    return bool(before) and not set(before) & set(question.only_if.codes)


def _best_first(options: tuple[Option, ...]) -> tuple[Option, ...]:
    return options if options[0].satisfied else options[::-1]


def _choices(question: Question, rng: Rng) -> tuple[str, ...]:
    weights = 1 / (1 + np.arange(len(question.options))) ** 0.7
    how_many = 1
    if question.kind is Kind.MULTIPLE:
        how_many = min(int(rng.choice([1, 2, 3], p=[0.6, 0.28, 0.12])), len(question.options))
    chosen = rng.choice(len(question.options), how_many, replace=False, p=weights / weights.sum())
    return tuple(question.options[i].code for i in sorted(chosen))


def _mark(
    form: Form, answers: dict[str, tuple[str, ...]], hand: Hand, crowd: Crowd, rng: Rng, *, slips: bool
) -> FilledSlip:
    habit = Habit(_draw(crowd.habits, rng))
    marks: dict[str, list[DrawnMark]] = {}
    values = {question.key: question for question in form.questions if question.kind in VALUES}
    written = {question.key for question in form.questions if question.cells}
    for key, codes in answers.items():
        if key in written:
            continue
        boxes = [box for value in codes for box in boxes_of(values[key], value)] if key in values else codes
        marks[key] = [DrawnMark(key, code, _this_time(habit, hand, crowd, rng)) for code in boxes]
    if slips:
        _slip(form, answers, marks, habit, hand, crowd, rng)
    comments = tuple(_written_in(form, answers, crowd, rng))
    return FilledSlip(hand, answers, tuple(m for drawn in marks.values() for m in drawn), comments)


def _written_in(form: Form, answers: Mapping[str, tuple[str, ...]], crowd: Crowd, rng: Rng) -> Iterator[str]:
    """Yield the text questions that somebody writes in: behind "other" hardly without marking it."""
    behind = {
        writing_key(question.key, option.code): option.code in answers.get(question.key, ())
        for question in form.questions
        for option in question.options
    }
    for question in form.questions:
        if question.kind is Kind.TEXT:
            chosen = behind.get(question.key)
            chance = crowd.comment if chosen is None else SAYS_WHICH if chosen else FORGETS_THE_BOX
            if rng.random() < chance:
                yield question.key


def _this_time(habit: Habit, hand: Hand, crowd: Crowd, rng: Rng) -> Habit:
    if habit in (Habit.CROSS, Habit.TICK) and rng.random() < crowd.overshoot:
        return Habit.OVERSHOOT
    if habit in (Habit.CROSS, Habit.TICK, Habit.SLASH) and rng.random() < 0.03 * (1 - hand.care):
        return Habit.TICK if habit is Habit.CROSS else Habit.CROSS
    return habit


def _slip(
    form: Form,
    answers: dict[str, tuple[str, ...]],
    marks: dict[str, list[DrawnMark]],
    habit: Habit,
    hand: Hand,
    crowd: Crowd,
    rng: Rng,
) -> None:
    """Let things go wrong: each at most once on a slip, on questions of their own."""
    apart = (Kind.MULTIPLE, *VALUES)  # of these a second mark is no second answer
    free = [q for q in form.questions if len(answers.get(q.key, ())) == 1 and q.kind not in apart]
    order = [free[i] for i in rng.permutation(len(free))]
    wrong = rng.random(4)
    if wrong[0] < crowd.double and order:
        question = order.pop()
        other = _other(question, answers, rng)
        marks[question.key].append(DrawnMark(question.key, other, habit))
        both = {*answers[question.key], other}
        answers[question.key] = tuple(o.code for o in question.options if o.code in both)
    if wrong[1] < crowd.correction and order and habit in _CORRECTING:
        question = order.pop()
        how = Habit.CANCEL_FILL if rng.random() < 0.7 else Habit.STRIKE_OUT
        marks[question.key].insert(0, DrawnMark(question.key, _other(question, answers, rng), how))
    if wrong[2] < crowd.erasure and order and "pencil" in hand.pen.name:
        question = order.pop()
        marks[question.key].insert(0, DrawnMark(question.key, _other(question, answers, rng), Habit.ERASED))
    if wrong[3] < crowd.stray and order:
        question = order.pop()
        marks[question.key].append(DrawnMark(question.key, _other(question, answers, rng), Habit.STRAY))


def _other(question: Question, answers: Mapping[str, tuple[str, ...]], rng: Rng) -> str:
    left = [option.code for option in question.options if option.code not in answers[question.key]]
    return left[int(rng.integers(len(left)))]


def _draw(shares: Mapping[str, float] | Mapping[Habit, float], rng: Rng) -> str:
    names, weights = list(shares), np.array(list(shares.values()))
    return str(names[int(rng.choice(len(names), p=weights / weights.sum()))])
