"""The archived form: canonical JSON, its round trip and its fingerprint."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omr.errors import TemplateError
from omr.forms.template import (
    Electronic,
    Form,
    Kind,
    Option,
    Question,
    Stroke,
    TextLine,
    canonical,
    fingerprint,
    form_from_json,
)
from omr.geometry import Box

lengths = st.floats(-1000, 1000).map(lambda value: round(value, 3) + 0.0)
words = st.text(max_size=12).map(lambda text: unicodedata.normalize("NFC", text))
boxes = st.builds(Box, lengths, lengths, lengths, lengths)
points = st.lists(st.tuples(lengths, lengths), min_size=2, max_size=4).map(tuple)
strokes = st.builds(Stroke, points, lengths, st.booleans(), st.booleans(), st.lists(lengths).map(tuple))
lines = st.builds(TextLine, lengths, lengths, words, words, lengths)
options = st.builds(Option, words, words, st.booleans(), boxes)
questions = st.builds(
    Question,
    key=words,
    kind=st.sampled_from(Kind),
    text=words,
    factor=words,
    core=st.booleans(),
    overall=st.booleans(),
    options=st.lists(options, max_size=3).map(tuple),
    area=st.none() | boxes,
)
forms = st.builds(
    Form,
    form=words,
    digit=st.integers(0, 9),
    revision=words,
    title=words,
    field=words,
    paper=st.sampled_from(["A4", "A5"]),
    language=words,
    questions=st.lists(questions, max_size=3).map(tuple),
    art=st.lists(strokes | lines, max_size=4).map(tuple),
    electronic=st.none() | st.builds(Electronic, boxes, st.lists(lines, max_size=2).map(tuple)),
)


@settings(deadline=None)
@given(forms)
def test_round_trip(form: Form):
    text = canonical(form)
    assert form_from_json(text) == form
    assert canonical(form_from_json(text)) == text
    assert json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":")) == text


def a_form() -> Form:
    box = Box(1.0, 2.0, 4.5, 4.5)
    question = Question("B1", Kind.LIKERT, "Thái độ", "", True, False, (Option("5", "Tốt", True, box),), None)
    art = (TextLine(1.0, 2.0, "Ế", "regular", 8.5),)
    return Form("DL-01", 1, "1", "Phiếu", "Lĩnh vực", "A5", "vi", (question,), art)


def test_the_fingerprint_changes_with_any_ink_and_any_meaning():
    form = a_form()
    question, option = form.questions[0], form.questions[0].options[0]
    others = [
        replace(form, art=()),
        replace(form, electronic=Electronic(option.box, ())),
        replace(form, questions=(replace(question, options=(replace(option, satisfied=False),)),)),
        replace(
            form, questions=(replace(question, options=(replace(option, box=Box(1.0, 2.001, 4.5, 4.5)),)),)
        ),
    ]
    assert len({fingerprint(one) for one in [form, *others]}) == 5


def test_the_same_form_written_otherwise_has_the_same_fingerprint():
    form = a_form()
    decomposed = replace(form, art=(TextLine(1, 2, unicodedata.normalize("NFD", "Ế"), "regular", 8.5),))
    assert fingerprint(decomposed) == fingerprint(form)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 1}', "\x00", '{"form":' * 400], ids=repr)
def test_what_is_no_form_is_refused(text: str):
    with pytest.raises(TemplateError):
        form_from_json(text)
