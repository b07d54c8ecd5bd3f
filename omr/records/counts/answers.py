"""What a question says, as one type and one spelling: machine's or person's, read from rows and texts.

A stored answer is a state and codes divided by blanks; nobody else splits or joins them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from omr.reading.marks.decide import Answer
from omr.records.store.act import Row
from omr.records.store.store import Store
from omr.words import AnswerState

MACHINE: Final = "machine"
SEPARATOR: Final = "\x1f"  # between the answers of one slip as one text: no key and no code holds it
_PERSON: Final = "person"  # where a text says only that it was not the machine


_STATES: Final = {state.value: state for state in AnswerState}  # asking the enum takes ten times as long


class Given(NamedTuple):
    """What one question says, whoever says so."""

    state: AnswerState
    codes: tuple[str, ...] = ()

    @classmethod
    def stored(cls, state: str, codes: str) -> Given:
        """Return what two columns hold."""
        return cls(_STATES[state], tuple(codes.split()))

    @property
    def columns(self) -> dict[str, str]:
        """The two columns that hold it."""
        return {"state": self.state.value, "codes": " ".join(self.codes)}

    @property
    def compared(self) -> tuple[str, tuple[str, ...]]:
        """What two readers are compared by."""
        return self.state, tuple(sorted(self.codes))

    @property
    def valid(self) -> tuple[str, ...]:
        """The codes that count as an answer: none where it is no answer, several, or doubtful."""
        return self.codes if self.state is AnswerState.ANSWERED else ()


@dataclass(frozen=True, slots=True)
class CurrentAnswer:
    """What counts today as the answer of one question."""

    question: str
    given: Given
    confidence: float
    by: str  # `MACHINE` or the reviewer's name

    @classmethod
    def of(cls, row: sqlite3.Row) -> CurrentAnswer:
        """Return the answer of one row of the view `current_answers`."""
        given = Given.stored(row["state"], row["codes"])
        return cls(row["question"], given, row["confidence"], row["by"])

    @classmethod
    def parse(cls, text: str) -> CurrentAnswer:
        """Return an answer that a query joined: question, state, whether by the machine, codes."""
        question, state, by_machine, codes = text.split(" ", 3)
        return cls(question, Given.stored(state, codes), 1.0, MACHINE if by_machine == "1" else _PERSON)

    @property
    def text(self) -> str:
        """The text that `parse` reads."""
        columns = self.given.columns
        return f"{self.question} {columns['state']} {int(self.by == MACHINE)} {columns['codes']}"

    @property
    def state(self) -> AnswerState:
        """What it says."""
        return self.given.state

    @property
    def codes(self) -> tuple[str, ...]:
        """The options that it names."""
        return self.given.codes


def answers_view(store: Store) -> str:
    """Return the view with all that a slip says under one of its readings.

    Where no form has several pages, that is what was read there: a tenth of the time.
    """
    several = store.value("SELECT EXISTS (SELECT 1 FROM form_pages)")
    return "questionnaire_answers" if several else "current_answers"


def answer_row(deciding: int, answer: Answer) -> Row:
    """Return the row of one answer of the machine."""
    given = Given(answer.state, answer.codes)
    return {
        "deciding": deciding,
        "question": answer.question,
        **given.columns,
        "confidence": float(answer.confidence),
    }


def machine_answers(store: Store, reading: int) -> dict[str, Given]:
    """Return what the machine said last about a slip, by question."""
    rows = store.rows(
        """SELECT question, state, codes FROM answers
        WHERE deciding = (SELECT max(deciding) FROM decidings WHERE reading = ?)""",
        reading,
    )
    return {row["question"]: Given.stored(row["state"], row["codes"]) for row in rows}


def current_answers(store: Store, readings: Iterable[int]) -> dict[int, dict[str, CurrentAnswer]]:
    """Return what counts today on some slips, by reading and question."""
    found: dict[int, dict[str, CurrentAnswer]] = {}
    rows = store.rows(
        """SELECT reading, question, state, codes, confidence, by FROM current_answers
        WHERE reading IN (SELECT value FROM json_each(?))""",
        json.dumps(sorted(set(readings))),
    )
    # All columns at once: one asked for by its name is looked for among six.
    for reading, question, state, codes, confidence, by in rows:
        answer = CurrentAnswer(question, Given.stored(state, codes), confidence, by)
        found.setdefault(reading, {})[question] = answer
    return found


def answered_parts(store: Store, readings: Iterable[int]) -> dict[int, str]:
    """Return what some slips answer today and what not, by reading: `CurrentAnswer.parse` reads the parts.

    Of codes it says that there are some. So slips that are valid or not for the same reason have one text.
    """
    rows = store.rows(
        f"""SELECT reading, group_concat(
            question || ' ' || state || ' ' || (by = '{MACHINE}') || ' ' || iif(codes = '', '', 'x'), ?)
        FROM current_answers WHERE reading IN (SELECT value FROM json_each(?)) GROUP BY reading""",
        SEPARATOR,
        json.dumps(sorted(set(readings))),
    )
    return {reading: said for reading, said in rows}
