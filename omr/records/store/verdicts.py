"""The decided boxes of a slip, as one compact text: the one place that knows its order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from omr.reading.marks.decide import BoxVerdict
from omr.records.store.store import Store
from omr.words import BoxState

_STATES = {state.value: state for state in BoxState}  # asking the enum takes ten times as long
_PARSE: Final = json.JSONDecoder().raw_decode


def pack_verdicts(verdicts: Iterable[BoxVerdict]) -> str:
    """Return all boxes that are not plainly blank, as JSON.

    Each is [question, option, state, confidence, review, reason]; older ones lack the reason.
    """
    told = [
        [one.question, one.option, one.state.value, round(one.confidence, 6), one.review, one.reason]
        for one in verdicts
        if one.review or one.state is not BoxState.BLANK
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def unpack_verdicts(packed: str, question: str | None = None) -> tuple[BoxVerdict, ...]:
    """Return what `pack_verdicts` stored, of one question or of all; boxes not there are plainly blank."""
    boxes = json.loads(packed) if question is None else _of_question(packed, question)
    return tuple(
        [
            BoxVerdict(key, option, _STATES[state], float(confidence), bool(review), *reason)
            for key, option, state, confidence, review, *reason in boxes
        ]
    )


def _of_question(packed: str, question: str) -> Iterator[list[Any]]:
    """Yield the boxes of one question, a fourth of the time of parsing all of a slip's.

    Within a text of JSON every quotation mark is escaped: what begins like a box of that question is one.
    """
    begins = _begins(question)
    at = packed.find(begins)
    while at >= 0:
        box, end = _PARSE(packed, at)
        yield box
        at = packed.find(begins, end)


@lru_cache(maxsize=1000)
def _begins(question: str) -> str:
    return f"[{json.dumps(question, ensure_ascii=False)},"


# What was decided last of a reading, and of the other pages of its questionnaire.
_LAST: Final = """
    SELECT verdicts FROM decidings WHERE deciding IN (
        SELECT max(deciding) FROM decidings
        WHERE reading = ? OR reading IN (SELECT page_reading FROM further_pages WHERE reading = ?)
        GROUP BY reading)
"""


def reasons(store: Store, reading: int) -> dict[str, str]:
    """Return why the machine asks about a slip's questions: a word of `Reason` for each that is doubtful."""
    said: dict[str, str] = {}
    for row in store.rows(_LAST, reading, reading):
        for box in unpack_verdicts(row["verdicts"]):
            if box.reason:
                said.setdefault(box.question, box.reason)
    return said
