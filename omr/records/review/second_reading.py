"""Who has to look at a doubtful answer, in which order, and when it is settled.

`decide` keeps decisions and the views say which of them counts. Here is the rule above it: some
items want two readers who do not know of each other; where the two differ, a third
decides by agreeing with one of them.
"""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Final, NamedTuple

from omr.forms.template import Form, Question
from omr.reading.marks.decide import BoxVerdict
from omr.records.counts.answers import SEPARATOR, CurrentAnswer, Given, answered_parts
from omr.records.counts.validity import judge
from omr.records.review.queue import Item, answer_name
from omr.records.store.store import Store
from omr.records.store.verdicts import unpack_verdicts
from omr.words import WITHDRAWN, AnswerState, BoxState, Reason, Standing


class Status(StrEnum):
    """Where an item is between the machine's doubt and an answer that stands."""

    OPEN = "open"
    SECOND = "second"  # one reader spoke, a second one is wanted
    DISPUTED = "disputed"  # readers differ
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one reader decided."""

    by: str
    at: str
    state: str  # of AnswerState, or `WITHDRAWN`
    codes: tuple[str, ...]

    @property
    def value(self) -> tuple[str, tuple[str, ...]]:
        """What readers are compared by."""
        return self.state, tuple(sorted(self.codes))


class DoubtfulItem(NamedTuple):
    """One question of one slip that waits, with all that decides who is asked and when.

    A tuple, as a year's list is made of tens of thousands: a frozen dataclass takes three times as long.
    """

    item: str  # its name
    reading: int
    question: str
    serial: str
    form: str
    fingerprint: str
    unit: str
    period: str
    position: int  # of the question on the form
    marked: tuple[str, ...]  # options that the machine is sure of
    doubts: tuple[BoxVerdict, ...]  # boxes that it is unsure of
    why: tuple[str, ...]  # words of `Reason`, what can be seen there; none: read by an earlier version
    leans: tuple[str, ...]  # options to which it leans, where it says why
    said: tuple[Decision, ...]
    status: Status
    decides_validity: bool
    rank: int  # lower comes first

    def unspoken(self) -> DoubtfulItem:
        """Return it as if nobody had decided on it."""
        return self._replace(said=(), status=Status.OPEN)

    def spoke(self, name: str) -> bool:
        """Whether this reader's decision stands here already."""
        return bool(self.said) and name in standing(self.said)


def status(said: Sequence[Decision], *, second_wanted: bool) -> Status:
    """Say where an item is, from all that was decided on it, in order.

    A second reader is also wanted where the first says that it cannot be decided.
    """
    if not said:  # as of nearly all
        return Status.OPEN
    values = [one.value for one in standing(said).values()]
    if not values:
        return Status.OPEN
    if len(values) == 1:
        undecidable = values[0][0] == AnswerState.DOUBTFUL
        return Status.SECOND if second_wanted or undecidable else Status.SETTLED
    agreed = any(values.count(value) > 1 for value in values)
    return Status.SETTLED if agreed else Status.DISPUTED


def standing(said: Iterable[Decision]) -> dict[str, Decision]:
    """Return each reader's latest decision by name; who withdrew has none."""
    latest = {one.by: one for one in said}
    return {name: one for name, one in latest.items() if one.state != WITHDRAWN}


def in_order(items: Iterable[DoubtfulItem]) -> list[DoubtfulItem]:
    """Return the items that are not settled, what matters most first.

    First where two readers differ, then where the answer decides whether the slip is valid,
    then the overall question, the other core questions, the rest. The items of one slip
    stay together: who knows how this person makes marks decides faster.
    """
    open_ = [item for item in items if item.status is not Status.SETTLED]
    of_slip: dict[int, int] = {}
    for item in open_:
        of_slip[item.reading] = min(item.rank, of_slip.get(item.reading, item.rank))
    return sorted(open_, key=lambda item: (of_slip[item.reading], item.reading, item.position))


@contextmanager
def _no_search_for_circles() -> Iterator[None]:
    """Make many small things that hold no circles; Python would look through all of them again and again.

    A sixth of the time of a year's list, more in a server that holds much else.
    """
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


@_no_search_for_circles()
def doubtful(
    store: Store,
    wants_second: Callable[[int, str], bool],
    *,
    readings: Collection[int] | None = None,
) -> list[DoubtfulItem]:
    """Return all items that the machine was unsure of, settled or not, in the order of reading.

    Parameters
    ----------
    wants_second : callable
        Whether (reading, question) is of the sample that two readers see.
    readings : collection of int, optional
        Of these slips only: what one item was decided as may make another one decide validity.
    """
    forms = store.forms
    if readings is None:
        found = store.rows(_DOUBTFUL)
    else:
        found = store.rows(_DOUBTFUL_OF, json.dumps(sorted(readings)))
    rows = sorted(found, key=itemgetter(0))
    said = _decisions(store, {row[0] for row in rows})
    # With an answer to the overall question a slip is valid, whatever the others turn out to be: of
    # those, nearly all, nothing else is looked at.
    overall = {question.key for form in forms.values() for question in form.questions if question.overall}
    spoken = {reading for reading, question in said if question in overall}
    open_ = {
        reading
        for reading, _, question, *_, rated in rows
        if not rated or question in overall or reading in spoken
    }
    answered = answered_parts(store, open_)
    judges = {fingerprint: _Judge(form) for fingerprint, form in forms.items()}
    return [_item(row, judges[row[1]], said, answered.get(row[0]), wants_second) for row in rows]


# Acts by which nothing that waits changes but on slips that are added, or that the act decides about.
_TOLD: Final = frozenset(
    {
        *("begin_batch", "read", "end_batch", "decide_answer", "correct_answer", "decide_slip"),
        *("issue", "issued", "void", "stamp", "spoil", "receive", "count", "withdraw_count", "state"),
        *("import_visits", "withdraw_visits", "import_counters", "give_counter"),
        *("transcribe", "give_topic", "quote", "audit_draw", "audit_enter"),
    }
)


@dataclass(frozen=True, slots=True)
class Upto:
    """How far the register was looked at."""

    event: int = 0
    deciding: int = 0
    decision: int = 0
    slip_decision: int = 0

    @classmethod
    def now(cls, store: Store) -> Upto:
        """Return how far the register goes."""
        row = store.row(
            """SELECT (SELECT max(deciding) FROM decidings) AS deciding,
                (SELECT max(decision) FROM decided_answers) AS decision,
                (SELECT max(decision) FROM decided_slips) AS slip_decision"""
        )
        assert row is not None
        return cls(store.last_event, row["deciding"] or 0, row["decision"] or 0, row["slip_decision"] or 0)

    def changed_slips(self, store: Store) -> list[int] | None:
        """Return the slips with doubts that were added or decided about since; None: any may have changed."""
        acts = {
            row["act"] for row in store.rows("SELECT DISTINCT act FROM events WHERE event > ?", self.event)
        }
        if not acts <= _TOLD:
            return None
        rows = store.rows(
            """SELECT reading FROM answers JOIN decidings USING (deciding)
            WHERE answers.state = 'doubtful' AND answers.deciding > ?
            UNION SELECT reading FROM decided_answers WHERE decision > ?
            UNION SELECT reading FROM decided_slips WHERE decision > ?""",
            self.deciding,
            self.decision,
            self.slip_decision,
        )
        return [int(row["reading"]) for row in rows]


def agreed(said: Sequence[Decision]) -> tuple[str, tuple[str, ...]] | None:
    """Return what two readers said alike, who did not know of each other; None where they did not.

    Of two pairs that differ, the later one.
    """
    stands = standing(said)
    values = [one.value for one in said if stands.get(one.by) is one]
    return next((value for value in reversed(values) if values.count(value) > 1), None)


def latest(store: Store, item: Item) -> Decision | None:
    """Return what was last decided on a doubtful answer, also that it was withdrawn."""
    assert item.reading is not None and item.question is not None  # an answer has both
    decisions = _decisions(store, [item.reading]).get((item.reading, item.question), [])
    return decisions[-1] if decisions else None


# From the doubtful answers to their slips, or from some slips to their answers: SQLite, asked for the
# first without a word, looks at every slip of a year. `doubtful` and `_item` rely on the order of columns.
_ALL: Final = "answers CROSS JOIN decidings USING (deciding)"
_SOME: Final = """json_each(?) AS chosen CROSS JOIN decidings ON decidings.reading = chosen.value
    CROSS JOIN answers USING (deciding)"""
_DOUBTFUL, _DOUBTFUL_OF = (
    f"""
    SELECT slips.reading, fingerprint, question, serial, unit, period, codes, verdicts, overall
    FROM {found} CROSS JOIN slips ON slips.reading = decidings.reading
    WHERE answers.state = 'doubtful' AND standing IN ('counts', 'held')
      AND deciding = (SELECT max(deciding) FROM decidings AS other WHERE other.reading = decidings.reading)
    """
    for found in (_ALL, _SOME)
)


def _decisions(store: Store, readings: Iterable[int]) -> dict[tuple[int, str], list[Decision]]:
    found: dict[tuple[int, str], list[Decision]] = {}
    for row in store.rows(
        """SELECT reading, question, state, codes, by, at FROM decided_answers JOIN events USING (event)
        WHERE reading IN (SELECT value FROM json_each(?)) ORDER BY decision""",
        json.dumps(sorted(set(readings))),
    ):
        said = Decision(row["by"], row["at"], row["state"], tuple(row["codes"].split()))
        found.setdefault((row["reading"], row["question"]), []).append(said)
    return found


def _item(
    row: sqlite3.Row,
    judge: _Judge,
    said: Mapping[tuple[int, str], list[Decision]],
    answered: str | None,
    wants_second: Callable[[int, str], bool],
) -> DoubtfulItem:
    # All columns at once: one asked for by its name is looked for among nine.
    reading, fingerprint, key, serial, unit, period, codes, verdicts, _ = row
    position, question = judge.questions[key]
    boxes = unpack_verdicts(verdicts, key)
    spoken = tuple(said.get((reading, key), ()))
    decisive = answered is not None and judge.decides_validity(answered, key)
    # Whether two are wanted matters once somebody spoke: nothing is drawn for all others.
    where = status(spoken, second_wanted=decisive or wants_second(reading, key)) if spoken else Status.OPEN
    return DoubtfulItem(
        item=answer_name(reading, key),
        reading=reading,
        question=key,
        serial=serial,
        form=judge.form.form,
        fingerprint=fingerprint,
        unit=unit,
        period=period,
        position=position,
        marked=tuple([box.option for box in boxes if box.state is BoxState.MARKED]),
        doubts=tuple([box for box in boxes if box.state is BoxState.DOUBTFUL]),
        why=_why(question, boxes),
        leans=tuple(codes.split()),
        said=spoken,
        status=where,
        decides_validity=decisive,
        rank=_rank(question, where, decisive),
    )


def _why(question: Question, boxes: Sequence[BoxVerdict]) -> tuple[str, ...]:
    """Return the words of what can be seen there."""
    if question.cells:
        return (Reason.HANDWRITTEN.value,)
    return tuple({box.reason: None for box in boxes if box.reason})  # each once, in order


class _Judge:
    """Says of one form's questions whether a slip is valid or not by their answers."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.questions = {one.key: (at, one) for at, one in enumerate(form.questions)}
        self._known: dict[tuple[str, str], bool] = {}  # many slips lack the same answers

    def decides_validity(self, answered: str, question: str) -> bool:
        """Whether this answer does, be the other doubtful ones answers or none.

        Parameters
        ----------
        answered : str
            What the slip answers and what not, as `answered_parts` tells it.
        """
        known = self._known.get((question, answered))
        if known is None:
            answers = {one.question: one for one in map(CurrentAnswer.parse, answered.split(SEPARATOR))}
            known = self._known[question, answered] = self._decides(answers, question)
        return known

    def _decides(self, answers: Mapping[str, CurrentAnswer], question: str) -> bool:
        def valid(others: AnswerState, this: AnswerState) -> bool:
            given = {
                key: _as(one, this if key == question else others)
                if key == question or one.state is AnswerState.DOUBTFUL
                else one
                for key, one in answers.items()
            }
            judged = judge(self.form, given, standing=Standing.COUNTS, set_aside=None, reason_by_hand=None)
            return judged is None

        states = AnswerState.ANSWERED, AnswerState.NO_ANSWER
        return any(valid(others, states[0]) != valid(others, states[1]) for others in states)


def _as(answer: CurrentAnswer, state: AnswerState) -> CurrentAnswer:
    return CurrentAnswer(answer.question, Given(state, answer.codes), 1.0, answer.by)


def _rank(question: Question, where: Status, decisive: bool) -> int:
    if where is Status.DISPUTED:
        return 0
    if decisive:
        return 1
    if question.overall:
        return 2
    return 3 if question.core else 4
