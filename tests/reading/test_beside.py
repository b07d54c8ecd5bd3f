"""Ink beside boxes: what a form prints is none, whatever the form, and stored readings of before hold."""

from dataclasses import replace

import numpy as np
import paper
import pypdfium2 as pdfium
import pytest

from omr.forms.layout import list_forms
from omr.forms.printing import print_specimen
from omr.geometry import MM_PER_INCH, apply
from omr.reading.marks.beside import look_beside
from omr.reading.marks.decide import decide
from omr.reading.marks.measure import FEATURES, F, MarkReading
from omr.reading.reader import ReadPage, read_page
from omr.words import AnswerState


@pytest.mark.parametrize("form", list_forms(None), ids=lambda form: form.form)
@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_what_a_form_prints_is_no_ink_beside_its_boxes(form, dpi, tmp_path):
    print_specimen(form, tmp_path / "specimen.pdf", electronic_url="https://example.org/{form}")
    with pdfium.PdfDocument(tmp_path / "specimen.pdf") as document:
        grey = document[0].render(scale=dpi / 72, grayscale=True).to_numpy().squeeze().copy()
    grey[grey > 200] = 255  # the word that makes it a specimen
    scan_from_page = np.array([[dpi / MM_PER_INCH, 0, -0.5], [0, dpi / MM_PER_INCH, -0.5]])
    marks = [
        MarkReading(q.key, o.code, apply(scan_from_page, o.box.corners_mm), (0.0,) * len(FEATURES))
        for q in form.questions
        for o in q.options
    ]
    looked = look_beside(grey, scan_from_page, form, marks, ())
    assert [mark.features[F["beside"]] for mark in looked] == [0.0] * len(marks)


def test_answered_questions_are_left_alone(sheet, form, desk, rng):
    grey, map_ = paper.scan_of(sheet, rng)
    for question in form.questions:
        if question.options:
            x, y = question.options[0].box.centre_mm
            paper.crossed(grey, (x, y), map_)
            paper.crossed(grey, (x + 5.0, y), map_)  # beside it
    result = read_page(paper.page(grey), desk)
    assert isinstance(result, ReadPage)
    answered = {a.question for a in result.answers if a.state is AnswerState.ANSWERED}
    assert len(answered) > 5
    assert {m.features[F["beside"]] for m in result.marks if m.question in answered} == {0.0}


def test_measurements_of_a_version_that_did_not_look_are_decided_as_before(sheet, form, desk, rng):
    grey, map_ = paper.scan_of(sheet, rng)
    result = read_page(paper.page(grey), desk)
    assert isinstance(result, ReadPage)
    older = [replace(mark, features=mark.features[: F["beside"]]) for mark in result.marks]
    assert decide(form.questions, older, desk.calibration) == (result.verdicts, result.answers)
