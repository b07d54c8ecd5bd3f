"""Measurements are kept to the last bit, so that a month can be decided again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scanned import FORM

from omr.reading.ink.measure import MarkReading
from omr.records.store.measured import boxes, pack, unpack

KEYS = list(boxes(FORM))


@given(
    arrays(np.float64, (len(KEYS), 5), elements=st.floats(-10, 10))
    | arrays(np.float32, (len(KEYS), 5), elements=st.floats(0, 1, width=32)),
    arrays(np.float32, (len(KEYS), 4, 2), elements=st.floats(0, 5000, width=32)),
)
def test_what_was_packed_comes_back(features: np.ndarray, corners: np.ndarray) -> None:
    marks = [MarkReading(*key, corners[at], tuple(features[at].tolist())) for at, key in enumerate(KEYS)]
    back = unpack(FORM, pack(FORM, marks))
    assert [(mark.question, mark.option, mark.features) for mark in back] == [
        (m.question, m.option, m.features) for m in marks
    ]
    assert all(np.array_equal(one.corners_px, two.corners_px) for one, two in zip(back, marks, strict=True))


def test_marks_of_another_form_are_refused() -> None:
    marks = [MarkReading(*key, np.zeros((4, 2)), (0.5,)) for key in KEYS]
    with pytest.raises(ValueError, match="do not fit"):
        pack(FORM, marks[1:])
    packed = pack(FORM, marks)
    for damaged in (packed[:-1], packed + b"\0", b"\7" + packed[1:], b"\1\3" + packed[2:]):
        with pytest.raises(ValueError, match="do not fit"):
            unpack(FORM, damaged)
