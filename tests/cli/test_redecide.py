"""Deciding again: from what was measured, listed before it is kept, over nobody's head."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from offices import Office
from scanned import slip

from omr.forms.template import Question
from omr.reading.marks.decide import Answer, BoxVerdict
from omr.reading.marks.measure import MarkReading
from omr.words import AnswerState


@pytest.fixture
def strict(office: Office) -> None:
    """A calibration that is sure of nothing but the first box of a question."""

    def decide(
        questions: Sequence[Question],
        marks: Sequence[MarkReading],
        calibration: object,
        written: Sequence[object],
    ) -> tuple[tuple[BoxVerdict, ...], tuple[Answer, ...]]:
        assert len(marks) == sum(len(question.options) for question in questions)
        assert all(len(mark.features) == 2 for mark in marks)  # as they were stored
        return (), tuple(
            Answer(question.key, AnswerState.ANSWERED, (question.options[0].code,), 0.9)
            for question in questions
        )

    office.means.decide = decide


def test_what_changes_is_listed_then_kept(office: Office, strict: None) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1, B1="2"), slip(run, 2), slip(run, 3, B1="?")), code=3)
    office("review", "decide", "A3-B1", "--answer", "3", "--by", "lan")
    before = office.json("answers")
    expected = [
        {
            "serial": str(run.serial(1)),
            "question": "B1",
            "before": {"state": "answered", "codes": ["2"]},
            "after": {"state": "answered", "codes": ["5"]},
        },
        {
            "serial": str(run.serial(3)),
            "question": "B1",
            "before": {"state": "doubtful", "codes": []},
            "after": {"state": "answered", "codes": ["5"]},
        },
    ]
    words = ("redecide", "--calibration", "office")
    assert office.json(*words, "--dry-run") == {"calibration": "office", "changed": expected}
    assert office.json("answers") == before
    assert office.json(*words)["changed"] == expected
    said = {slip["serial"]: slip["answers"]["B1"] for slip in office.json("answers")}
    assert (said[str(run.serial(1))]["codes"], said[str(run.serial(1))]["by"]) == (["5"], "machine")
    assert (said[str(run.serial(3))]["codes"], said[str(run.serial(3))]["by"]) == (["3"], "lan")
    assert office.json(*words)["changed"] == []
    assert office.json("audit", "verify")["ok"]


def test_a_closed_period_is_not_decided_again(office: Office, strict: None) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1, B1="2")))
    office("period", "close", "2026-11", "--by", "lan")
    assert office("redecide", "--period", "2026-11", code=1).err
    assert office.json("redecide")["changed"] == []
    assert office.json("answers")[0]["answers"]["B1"]["codes"] == ["2"]
