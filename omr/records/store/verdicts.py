"""The decided boxes of a slip, as one compact text: the one place that knows its order."""

from __future__ import annotations

import json
from collections.abc import Iterable

from omr.reading.marks.decide import BoxVerdict
from omr.records.store.store import Store
from omr.words import BoxState

_STATES = {state.value: state for state in BoxState}  # asking the enum takes ten times as long


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
    return tuple(
        BoxVerdict(key, option, _STATES[state], float(confidence), bool(review), *reason)
        for key, option, state, confidence, review, *reason in json.loads(packed)
        if question is None or question == key
    )


def reasons(store: Store, reading: int) -> dict[str, str]:
    """Return why the machine asks about a slip's questions: a word of `Reason` for each that is doubtful."""
    packed = store.value(
        "SELECT verdicts FROM decidings WHERE reading = ? ORDER BY deciding DESC LIMIT 1", reading
    )
    said: dict[str, str] = {}
    for box in unpack_verdicts(str(packed or "[]")):
        if box.reason:
            said.setdefault(box.question, box.reason)
    return said
