"""Deciding again: from what was measured, listed before it is kept, over nobody's head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from offices import Office
from scanned import rejected, slip

from omr.forms.template import Question
from omr.reading.ink.measure import MarkReading
from omr.reading.marks.decide import Answer, BoxVerdict
from omr.words import AnswerState

LATER = 0.5  # what a later reader measures first


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


def by_first_feature(
    questions: Sequence[Question], marks: Sequence[MarkReading], calibration: object, written: object
) -> tuple[tuple[BoxVerdict, ...], tuple[Answer, ...]]:
    """A judge that sees the first box of B1 marked where a later reader measured."""
    (first,) = {mark.features[0] for mark in marks}
    code = "1" if first == LATER else "5"
    return (), tuple(
        Answer(one.key, AnswerState.ANSWERED, (code if one.key == "B1" else one.options[0].code,), 0.9)
        for one in questions
    )


def test_old_months_are_measured_again_from_their_originals(office: Office) -> None:
    """What a later reader measures counts from then on; what reads as another slip, or as none, stays."""
    run = office.issue("PC06", 6, "2026-11")
    pages = [slip(run, number) for number in range(1, 6)]
    office("read", office.scan(*pages))
    before = office.json("answers")
    (original,) = office.workspace.scans.glob("*/*.tif")
    today = [
        replace(pages[0], marks=tuple(replace(m, features=(LATER, *m.features)) for m in pages[0].marks)),
        *(pages[1], rejected("rows_displaced"), slip(run, 6), pages[4]),
    ]
    office.scanner.pages |= {(original.name, at): page for at, page in enumerate(today, start=1)}
    office.means.decide = by_first_feature
    words = ("redecide", "--period", "2026-11", "--measure")
    tried = office.json(*words, "--dry-run", code=3)
    assert office.json("answers") == before
    done = office.json(*words, code=3)
    assert done == tried
    assert [one["serial"] for one in done["changed"]] == [str(run.serial(1))]
    assert done["measured"] == {
        "slips": 3,
        "otherwise": 1,
        "kept": [
            {"serial": str(run.serial(3)), "reason": "rows_displaced"},
            {"serial": str(run.serial(4)), "reason": "another_serial"},
        ],
    }
    said = {one["serial"]: one["answers"]["B1"]["codes"] for one in office.json("answers")}
    assert [said[str(run.serial(number))] for number in range(1, 6)] == [["1"], *[["5"]] * 4]
    again = office.json(*words, code=3)
    assert (again["changed"], again["measured"]["otherwise"]) == ([], 0)
    assert office.json("redecide")["changed"] == []  # decides from what was measured last
    assert str(run.serial(3)) in office(*words, code=3).err
    assert office.json("audit", "verify")["ok"]


def test_what_cannot_be_opened_or_is_closed_is_not_measured_again(office: Office) -> None:
    closed, open_ = office.issue("PC06", 2, "2026-11"), office.issue("PC06", 2, "2026-12")
    office("read", office.scan(slip(closed, closed.first)))
    office("period", "close", "2026-11", "--by", "lan")
    assert office("redecide", "--period", "2026-11", "--measure", code=1).err
    office("read", office.scan(slip(open_, open_.first)), "--period", "2026-12")
    for original in office.workspace.scans.glob("*/*.tif"):
        original.chmod(0o600)
        original.unlink()
    left = office.json("redecide", "--measure", code=3)["measured"]
    assert left["slips"] == 0
    assert [one["serial"] for one in left["kept"]] == [str(open_.serial(open_.first))]
