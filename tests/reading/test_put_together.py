"""What the boxes of a question say together: a table for each kind, without a picture."""

from __future__ import annotations

import pytest

from omr.forms.template import Entry, Kind, Option, Question
from omr.geometry import Box
from omr.reading.marks.decide import put_together
from omr.reading.marks.states import Answer, BoxVerdict
from omr.reading.written.values import Written
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


SIGNS = "0123456789"


def number(key: str = "N1", *, cells: int = 0, most: float | None = None, decimals: int = 0) -> Question:
    """A number of two places, as a grid of boxes or by hand in cells."""
    codes = [] if cells else [f"{place}_{sign}" for place in (1, 2) for sign in SIGNS]
    box = Box(0.0, 0.0, 4.0, 4.0)
    options = tuple(Option(code, code, satisfied=False, box=box) for code in codes)
    entry = Entry((SIGNS, SIGNS), decimals, most=most)
    return Question(key, Kind.NUMBER, key, "", True, False, options, None, entry=entry, cells=(box,) * cells)


@pytest.mark.parametrize(
    ("marked", "doubtful", "state", "codes", "why"),
    [
        ("1_4 2_7", "", AnswerState.ANSWERED, ("47",), ""),
        ("2_7", "", AnswerState.ANSWERED, ("7",), ""),  # the zero before it need not be marked
        ("", "", AnswerState.NO_ANSWER, (), ""),
        ("1_4", "", AnswerState.DOUBTFUL, ("4?",), Reason.SIGN_MISSING),
        ("1_4 1_5 2_7", "", AnswerState.DOUBTFUL, ("?7",), Reason.TWO_MARKS),
        ("1_4 2_7 2_8", "", AnswerState.DOUBTFUL, ("4?",), Reason.TWO_MARKS),
        ("1_4 2_7", "2_8", AnswerState.DOUBTFUL, ("4?",), Reason.RING_AROUND),
        ("1_4 1_5 2_7", "2_8", AnswerState.DOUBTFUL, ("??",), Reason.RING_AROUND),
        ("", "1_1", AnswerState.DOUBTFUL, ("??",), Reason.RING_AROUND),
        ("1_9 2_9", "", AnswerState.DOUBTFUL, ("99",), Reason.CANNOT_BE),
    ],
)
def test_a_value(marked: str, doubtful: str, state: AnswerState, codes: tuple[str, ...], why: str) -> None:
    asked = number(most=98)
    verdicts = [
        BoxVerdict(asked.key, option.code, OF[sign], 0.9 - at / 100, sign == "?", why if sign == "?" else "")
        for at, option in enumerate(asked.options)
        for sign in (
            "x" if option.code in marked.split() else "?" if option.code in doubtful.split() else "."
        )
    ]
    (answer,) = put_together([asked], [*verdicts, BoxVerdict("B1", "1_5", MARKED, 0.1, False)], set())
    assert answer == Answer("N1", state, codes, pytest.approx(0.9 - 19 / 100), str(why))


def test_a_grid_of_which_boxes_were_not_seen_is_no_value() -> None:
    asked = number()
    seen = [BoxVerdict("N1", o.code, MARKED if o.code == "2_7" else BLANK, 0.8, False) for o in asked.options]
    (answer,) = put_together([asked], seen[1:], set())
    assert answer == Answer("N1", AnswerState.DOUBTFUL, ("7",), 0.8, Reason.CUT_OFF)
    doubtful = BoxVerdict("N1", "1_3", DOUBTFUL, 0.7, True, Reason.STREAK)
    (answer,) = put_together([asked], [doubtful, *seen[4:]], set())
    assert answer == Answer("N1", AnswerState.DOUBTFUL, ("?7",), 0.7, Reason.STREAK)
    (nothing,) = put_together([asked], (), set())
    assert nothing == Answer("N1", AnswerState.DOUBTFUL, (), 0.0, Reason.CUT_OFF)


@pytest.mark.parametrize(
    ("first", "second", "confidence", "state", "codes", "why"),
    [
        ("47", "47", 0.99, AnswerState.ANSWERED, ("47",), ""),
        (" 7", " 7", 0.98, AnswerState.ANSWERED, ("7",), ""),
        ("47", "47", 0.97, AnswerState.DOUBTFUL, ("47",), Reason.HANDWRITTEN),
        ("47", "41", 0.99, AnswerState.DOUBTFUL, ("4?",), Reason.HANDWRITTEN),
        ("47", "4", 0.99, AnswerState.DOUBTFUL, ("4?",), Reason.HANDWRITTEN),  # the other saw one sign
        ("4", "47", 0.99, AnswerState.DOUBTFUL, ("4?",), Reason.HANDWRITTEN),
        ("4 ", "4 ", 0.99, AnswerState.DOUBTFUL, ("4?",), Reason.HANDWRITTEN),  # forty, or a four?
        ("99", "99", 0.99, AnswerState.DOUBTFUL, ("99",), Reason.CANNOT_BE),
        ("99", "99", 0.5, AnswerState.DOUBTFUL, ("99",), Reason.HANDWRITTEN),
        ("", "", 0.0, AnswerState.DOUBTFUL, (), Reason.HANDWRITTEN),  # nobody read what is there
        ("??", "??", 0.99, AnswerState.DOUBTFUL, ("??",), Reason.HANDWRITTEN),
    ],
)
def test_a_value_by_hand(
    first: str, second: str, confidence: float, state: AnswerState, codes: tuple[str, ...], why: str
) -> None:
    asked = number(cells=2, most=98)
    said = [Written("N2", "11", "11", 1.0), Written("N1", first, second, confidence)]
    (answer,) = put_together([asked], (), set(), said)
    assert answer == Answer("N1", state, codes, confidence, str(why))


def test_cells_in_which_nobody_wrote_are_no_answer_and_a_doubtful_value_makes_no_stamp() -> None:
    """What is written by hand is asked about by itself: it says nothing about two marks in a row."""
    asked, row = number(cells=2), question("B1")
    verdicts = [BoxVerdict("B1", str(at), MARKED if at < 2 else BLANK, 0.8, False) for at in range(4)]
    value, answer = put_together([asked, row], verdicts, set())
    assert value == Answer("N1", AnswerState.NO_ANSWER, (), 1.0)
    assert answer.state is AnswerState.MULTIPLE
    value, answer = put_together([asked, row], verdicts, set(), [Written("N1")])
    assert (value.state, answer.state) == (AnswerState.DOUBTFUL, AnswerState.MULTIPLE)
