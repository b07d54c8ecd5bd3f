"""What the boxes of a question say together: a table for each kind, without a picture."""

from __future__ import annotations

import pytest

from omr.forms.template import Kind, Option, Question
from omr.geometry import Box
from omr.reading.marks.decide import put_together
from omr.reading.marks.states import Answer, BoxVerdict
from omr.words import AnswerState, BoxState, Reason

MARKED, BLANK, DOUBTFUL, CANCELLED = BoxState.MARKED, BoxState.BLANK, BoxState.DOUBTFUL, BoxState.CANCELLED
OF = {"x": MARKED, ".": BLANK, "?": DOUBTFUL, "#": CANCELLED, "!": DOUBTFUL}  # "!": leans towards a mark


def question(key: str, kind: Kind = Kind.SINGLE, options: int = 4) -> Question:
    box = Box(0.0, 0.0, 4.0, 4.0)
    choices = tuple(Option(str(number), str(number), satisfied=False, box=box) for number in range(options))
    return Question(key, kind, key, "", core=True, overall=False, options=choices, area=None)


def together(*rows: tuple[Question, str]) -> tuple[Answer, ...]:
    """Put rows of boxes together; the confidence of a box falls from left to right."""
    verdicts, leans = [], set()
    for asked, row in rows:
        for number, sign in enumerate(row):
            reason = Reason.RING_AROUND if sign in "?!" else ""
            verdicts.append(
                BoxVerdict(asked.key, str(number), OF[sign], 0.9 - number / 10, sign in "?!", reason)
            )
            if sign == "!":
                leans.add((asked.key, str(number)))
    return put_together([asked for asked, _ in rows], verdicts, leans)


@pytest.mark.parametrize(
    ("row", "kind", "state", "codes", "why"),
    [
        (".x..", Kind.SINGLE, AnswerState.ANSWERED, ("1",), ""),
        ("....", Kind.SINGLE, AnswerState.NO_ANSWER, (), ""),
        ("#...", Kind.SINGLE, AnswerState.NO_ANSWER, (), ""),
        ("#x..", Kind.SINGLE, AnswerState.ANSWERED, ("1",), ""),
        ("x..x", Kind.SINGLE, AnswerState.MULTIPLE, ("0", "3"), ""),
        ("xxx.", Kind.SINGLE, AnswerState.DOUBTFUL, ("0", "1", "2"), Reason.TWO_MARKS),
        ("xxxx", Kind.SINGLE, AnswerState.DOUBTFUL, ("0", "1", "2", "3"), Reason.TWO_MARKS),
        (".?..", Kind.SINGLE, AnswerState.DOUBTFUL, (), Reason.RING_AROUND),
        ("x!?.", Kind.SINGLE, AnswerState.DOUBTFUL, ("0", "1"), Reason.RING_AROUND),
        ("x..", Kind.SINGLE, AnswerState.DOUBTFUL, ("0",), Reason.CUT_OFF),  # a box was not looked at
        ("!..", Kind.SINGLE, AnswerState.DOUBTFUL, ("0",), Reason.RING_AROUND),
        ("", Kind.SINGLE, AnswerState.DOUBTFUL, (), Reason.CUT_OFF),
        ("xxx.", Kind.MULTIPLE, AnswerState.ANSWERED, ("0", "1", "2"), ""),
        ("xx..", Kind.MULTIPLE, AnswerState.ANSWERED, ("0", "1"), ""),
        ("x?..", Kind.MULTIPLE, AnswerState.DOUBTFUL, ("0",), Reason.RING_AROUND),
        ("....", Kind.MULTIPLE, AnswerState.NO_ANSWER, (), ""),
    ],
)
def test_one_question(row: str, kind: Kind, state: AnswerState, codes: tuple[str, ...], why: str) -> None:
    (answer,) = together((question("B1", kind), row))
    confidence = pytest.approx(0.9 - (len(row) - 1) / 10) if row else 0.0
    assert answer == Answer("B1", state, codes, confidence, str(why))


def test_two_marks_are_one_slip_of_the_pen_and_several_odd_rows_a_stamp() -> None:
    one, two = question("B1"), question("B2")
    first, second = together((one, "xx.."), (two, ".x.."))
    assert (first.state, first.reason, second.state) == (AnswerState.MULTIPLE, "", AnswerState.ANSWERED)
    first, second = together((one, "xx.."), (two, "..xx"))
    assert {first.state, second.state} == {AnswerState.DOUBTFUL}
    assert (first.reason, first.codes, first.question) == (Reason.TWO_MARKS, ("0", "1"), "B1")
    first, second = together((one, "xx.."), (two, ".?.."))
    assert (first.state, second.state, second.reason) == (
        AnswerState.DOUBTFUL,
        AnswerState.DOUBTFUL,
        Reason.RING_AROUND,
    )


def test_answers_come_in_the_order_of_the_form_and_comments_have_none() -> None:
    rows = ((question("B2"), ".x.."), (question("C", Kind.TEXT, 0), ""), (question("B1"), "x..."))
    assert [answer.question for answer in together(*rows)] == ["B2", "B1"]
