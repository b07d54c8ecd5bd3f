"""Boxes that OMRChecker's file states are where it states them; what it does not say is not guessed."""

from __future__ import annotations

import json

import pytest

from omr.errors import OmrError
from omr.reading.traced.omrchecker import fields_of

TEMPLATE = {
    "pageDimensions": [600, 800],
    "bubbleDimensions": [20, 16],
    "fieldBlocks": {
        "roll": {
            "fieldType": "QTYPE_INT",
            "origin": [50, 60],
            "bubblesGap": 30,
            "labelsGap": 40,
            "fieldLabels": ["roll1..3"],
        },
        "answers": {
            "fieldType": "QTYPE_MCQ4",
            "origin": [200, 100],
            "bubblesGap": 50,
            "labelsGap": 25,
            "fieldLabels": ["q1..2", "extra"],
        },
        "own": {
            "bubbleValues": ["yes", "no"],
            "direction": "vertical",
            "bubbleDimensions": [10, 10],
            "origin": [500, 700],
            "bubblesGap": 20,
            "labelsGap": 1,
            "fieldLabels": ["agree"],
        },
    },
}


def test_every_bubble_stands_where_the_template_has_it_to_scale() -> None:
    fields = {field.label: field for field in fields_of(json.dumps(TEMPLATE).encode(), 1200, 1600)}
    assert list(fields) == ["roll1", "roll2", "roll3", "q1", "q2", "extra", "agree"]
    assert fields["roll2"].values == tuple("0123456789")
    third = fields["roll2"].boxes[3]  # digits run down, columns stand side by side
    assert (third.left, third.top, third.width, third.height) == (180, 300, 40, 32)
    assert [box.left for box in fields["q2"].boxes] == [400, 500, 600, 700]
    assert {box.top for box in fields["q2"].boxes} == {250}
    assert [box.top for box in fields["agree"].boxes] == [1400, 1440]
    assert fields["agree"].boxes[0].width == 20


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"preProcessors": [{"name": "CropOnMarkers", "options": {}}]}, "trace.cropped_template"),
        ({"pageDimensions": [0, 800]}, "trace.bad_template"),
        ({"pageDimensions": [600, 200]}, "trace.bad_template"),  # bubbles beyond the page
        ({"fieldBlocks": {}}, "trace.bad_template"),
        ({"fieldBlocks": {"x": {"fieldType": "CUSTOM", "origin": [1, 1]}}}, "trace.bad_template"),
        ({"fieldBlocks": []}, "trace.bad_template"),
    ],
)
def test_what_says_too_little_is_refused(change: dict[str, object], key: str) -> None:
    with pytest.raises(OmrError) as refused:
        fields_of(json.dumps({**TEMPLATE, **change}).encode(), 600, 800)
    assert refused.value.key == key


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"null", b"\xff"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(OmrError):
        fields_of(data, 100, 100)
