"""The decided boxes of a slip as one text: what was stored comes back, of all questions and of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omr.reading.marks.decide import BoxVerdict
from omr.records.store.verdicts import pack_verdicts, unpack_verdicts
from omr.words import BoxState

# What would mislead somebody who looks for a question in the text: quotes, brackets, one name within another.
NAMES = st.sampled_from(["B1", "B11", '["B1",', '"', "\\", "],[", "Câu 1", ""])
BOXES = st.builds(
    BoxVerdict,
    NAMES,
    NAMES,
    st.sampled_from([state for state in BoxState if state is not BoxState.BLANK]),
    st.integers(0, 10).map(lambda tenth: tenth / 10),
    st.booleans(),
    NAMES,
)


@given(st.lists(BOXES, max_size=6), NAMES)
def test_the_boxes_of_one_question_are_those_of_all_that_are_its(boxes: list[BoxVerdict], name: str) -> None:
    packed = pack_verdicts(boxes)
    assert unpack_verdicts(packed) == tuple(boxes)
    assert unpack_verdicts(packed, name) == tuple(box for box in boxes if box.question == name)
