"""The form's print is known: what it leaves on a page, and that every row is that row."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import paper
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omr.forms.printing.raster import PX_PER_MM, raster_of
from omr.reading.ink.measure import F
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.decide import decide
from omr.reading.marks.question import PlainLimits, SlipModel
from omr.reading.page.canonical import canonical
from omr.reading.page.layer import ink_layer
from omr.reading.reader import Desk, ReadPage, RejectedPage, read_page
from omr.records.store.measured import pack, unpack
from omr.words import AnswerState, Reason


def crossed(sheet, form, answers, dpi=paper.PRINT_DPI, darkness=150):
    """A printed sheet with crosses at (question, option)."""
    page = sheet.copy()
    boxes = {(q.key, o.code): o.box for q in form.questions for o in q.options}
    for place in answers:
        x0, y0, x1, y1 = (np.array(boxes[place].grown(-0.6).corners_mm[[0, 2]]) * dpi / 25.4).ravel()
        for ends in (((x0, y0), (x1, y1)), ((x0, y1), (x1, y0))):
            first, last = (tuple(np.rint(end).astype(int).tolist()) for end in ends)
            cv2.line(page, first, last, 255 - darkness, max(1, round(0.4 * dpi / 25.4)), cv2.LINE_AA)
    return page


@pytest.fixture(scope="module")
def one_each(form):
    """The first option of every question."""
    return [(question.key, question.options[0].code) for question in form.questions if question.options]


@pytest.fixture(scope="module")
def pages(sheet, form, one_each, desk):
    """A plainly filled slip, one with two marks and a missing one, and one with a faint one besides."""
    odd = crossed(crossed(sheet, form, one_each[:3]), form, one_each[5:])
    odd = crossed(odd, form, [(one_each[6][0], form.questions[6].options[1].code)])
    faint = crossed(odd, form, [one_each[3]], darkness=35)
    odd = crossed(odd, form, [one_each[3]])
    scans = [
        paper.scan_of(page, np.random.default_rng(5))[0]
        for page in (crossed(sheet, form, one_each), odd, faint)
    ]
    return [read_page(paper.page(scan), desk) for scan in scans]


def test_print_alone_leaves_no_ink(sheet, desk, rng):
    grey, _ = paper.scan_of(sheet, rng, angle_deg=0.4)
    page = read_page(paper.page(grey), desk)
    measured = np.array([mark.features for mark in page.marks])
    assert measured[:, F["gain"]].max() < 0.01
    assert not measured[:, F["ink"]].any()
    assert {answer.state for answer in page.answers} == {AnswerState.NO_ANSWER}
    assert page.doubts  # an empty slip is asked about once, as a whole


def test_plain_marks_are_read_and_others_say_why(pages, one_each):
    plain, odd, faint = pages
    assert [(a.question, *a.codes) for a in plain.answers] == one_each
    assert {answer.state for answer in plain.answers} == {AnswerState.ANSWERED}
    said = {answer.question: answer for answer in odd.answers}
    assert said[one_each[4][0]].state is AnswerState.NO_ANSWER
    assert said[one_each[6][0]].reason == Reason.TWO_MARKS
    said = {answer.question: answer for answer in faint.answers}
    assert said[one_each[4][0]].state is AnswerState.DOUBTFUL  # where one is nearly lost, another may be
    assert said[one_each[3][0]].state is AnswerState.DOUBTFUL  # never "none", never firm
    assert said[one_each[3][0]].reason in (Reason.FAINTER, Reason.UNCLEAR)


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("kind", ["repeated", "swapped", "lost"])
def test_a_page_with_a_displaced_part_is_never_read_wrongly(sheet, form, one_each, desk, kind, across):
    """A feeder's or scanner's buffer repeats, swaps or loses lines; rows and columns look alike."""
    grey, _ = paper.scan_of(crossed(sheet, form, one_each), np.random.default_rng(7))
    right = {question: (code,) for question, code in one_each}
    lines = grey.T if across else grey
    for at, mm in ((0.5, 8.0), (0.62, 16.0), (0.7, 12.0)):
        size, first = round(mm * 200 / 25.4), round(at * len(lines))
        part = lines[first : first + size]
        match kind:
            case "repeated":
                broken = np.concatenate([lines[:first], lines[first - size : first], lines[first + size :]])
            case "swapped":
                after = lines[first + size : first + 2 * size]
                broken = np.concatenate([lines[:first], after, part, lines[first + 2 * size :]])
            case _:
                broken = np.concatenate([lines[:first], lines[first + size :], np.full_like(part, 255)])
        result = read_page(paper.page(np.ascontiguousarray(broken.T if across else broken)), desk)
        if isinstance(result, ReadPage):
            firm = [a for a in result.answers if a.state is not AnswerState.DOUBTFUL]
            assert all(answer.codes == right[answer.question] for answer in firm)
        else:
            assert isinstance(result, RejectedPage)


def test_rows_whose_words_are_swapped_are_refused_by_name(sheet, form, one_each, desk):
    grey, _ = paper.scan_of(crossed(sheet, form, one_each), np.random.default_rng(3))
    rows = [q.options[0].box for q in form.questions if q.key.startswith("B")]
    pitch = round((rows[3].y_mm - rows[2].y_mm) * 200 / 25.4)
    first = round((rows[2].y_mm - 1.6) * 200 / 25.4)
    repeated = grey.copy()
    repeated[first + pitch : first + 2 * pitch] = grey[first : first + pitch]
    result = read_page(paper.page(repeated), desk)
    assert (type(result), result.reason) == (RejectedPage, "rows_displaced")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    weight=st.floats(4, 40),
    middle=st.floats(0.2, 0.9),
    blank=st.floats(0.001, 0.4),
    share=st.floats(0.0, 1.0),
    beside=st.floats(0.0, 20.0),
    weak=st.floats(0.0, 1.0),
)
def test_deciding_again_is_reading_anew(pages, form, weight, middle, blank, share, beside, weak):
    """What is stored does not depend on the calibration that decided first."""
    limits = PlainLimits(
        blank_below=blank,
        inked_above=1 - blank,
        share=share,
        beside_mm=beside,
        beside_mark_mm=beside,
        weak=weak,
    )
    other = replace(load_calibration(), slips=SlipModel(np.array([weight]), -weight * middle, limits))
    for page in pages:
        again = decide(form.questions, unpack(form, pack(form, page.marks)), other)
        assert again == decide(form.questions, page.marks, other)


def test_what_is_measured_is_the_same_under_any_calibration(sheet, form, one_each, desk, issued):
    grey, _ = paper.scan_of(crossed(sheet, form, one_each), np.random.default_rng(9))
    bold = replace(load_calibration(), slips=SlipModel(np.array([40.0]), -8.0, PlainLimits(beside_mm=50.0)))
    one, two = (read_page(paper.page(grey), d) for d in (desk, Desk(issued, desk.forms, bold)))
    for mark, other in zip(one.marks, two.marks, strict=True):
        np.testing.assert_array_equal(mark.features, other.features)


def test_threads_change_no_number(sheet, form, one_each, desk):
    grey, _ = paper.scan_of(crossed(sheet, form, one_each), np.random.default_rng(11), angle_deg=0.8)
    threads, found = cv2.getNumThreads(), []
    try:
        for count in (1, 4):
            cv2.setNumThreads(count)
            found.append(read_page(paper.page(grey), desk).marks)
    finally:
        cv2.setNumThreads(threads)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one.features, two.features)


def test_a_raster_shows_the_boxes_where_the_form_has_them(form):
    raster = raster_of(form)
    for question in form.questions:
        for option in question.options:
            x, y = option.box.centre_mm
            row, column = int(y * PX_PER_MM) - raster.first, int(x * PX_PER_MM)
            assert not raster.print8[row - 8 : row + 8, column - 8 : column + 8].any()
            half = round(option.box.width_mm / 2 * PX_PER_MM)
            assert raster.print8[row, column - half - 1 : column - half + 3].max() > 200


@pytest.mark.parametrize("blur_px", [0.6, 0.9])
@pytest.mark.parametrize("down_px", [-1, 0, 1])
def test_no_line_leads_through_words_that_are_blurred_or_moved(form, blur_px, down_px):
    """Incident: *thường* and the rule over a row were lines through words: empty rows were asked about."""
    raster = raster_of(form)
    scan = cv2.GaussianBlur(np.roll(255 - raster.print8, down_px, axis=0), (0, 0), blur_px)
    assert not ink_layer(scan, raster, raster.print8).struck.any()
    options = [o for q in form.questions for o in q.options if len(q.options) == 2]
    x, y = options[0].box.centre_mm
    row, column = round(y * PX_PER_MM) - raster.first + 1, round(x * PX_PER_MM)
    cv2.line(scan, (column + 20, row), (column + 75, row - 2), 90, 2, cv2.LINE_AA)
    there = ink_layer(scan, raster, raster.print8).struck[row - 6 : row + 6, column + 20 : column + 75]
    assert there.any()


@pytest.mark.parametrize("finer", [0.9, 1.3, 2.1, 4.2])
@pytest.mark.parametrize("turn_deg", [0.7, -2.0, 91.0, 180.4])
def test_a_band_of_the_page_shows_what_the_page_shows_there(finer, turn_deg):
    rng, turn = np.random.default_rng(1), np.radians(turn_deg)
    scan = cv2.GaussianBlur(rng.integers(0, 256, (1500, 1300), np.uint8), (0, 0), 3)
    linear = finer * PX_PER_MM * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    map_ = np.column_stack([linear, (650, 750) - linear @ (30, 40)])
    whole = canonical(scan, map_, (480, 360))
    band = canonical(scan, map_, (200, 360), first=148)
    off = cv2.absdiff(whole[148:348], band)
    assert np.ptp(whole) > 40 and off.max() <= 1 and (off > 0).mean() < 0.001  # places are rounded to 1/32 px
