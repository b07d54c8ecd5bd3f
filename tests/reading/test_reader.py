"""Every page ends as read, as a blank back, or rejected with a reason and its numbers."""

import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import paper
import pytesseract
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omr.errors import MissingToolError, ScannerError
from omr.forms.serial import IssuedSerials
from omr.reading.page.comments import draft_text
from omr.reading.reader import BY_STREAKS, BlankBack, Desk, ReadPage, RejectedPage, read_page
from omr.reading.scan.pages import Depth, EncodedPage, Encoding, ScannedPage
from omr.words import AnswerState, Seal


def marked(form, grey, map_, codes):
    """Draw an X at each code."""
    for question in form.questions:
        for option in question.options:
            if codes.get(question.key) == option.code:
                paper.crossed(grey, option.box.centre_mm, map_)


def first_codes(form):
    """A code for every question, not always the first one."""
    choices = [question for question in form.questions if question.options]
    return {q.key: q.options[n % len(q.options)].code for n, q in enumerate(choices)}


@pytest.mark.parametrize("angle", [0.8, 90, 180, 270])
def test_a_slip_is_read(sheet, form, desk, issue, rng, angle):
    codes = first_codes(form)
    grey, map_ = paper.scan_of(sheet, rng, angle_deg=angle)
    marked(form, grey, map_, codes)
    result = read_page(paper.page(grey), desk)
    assert isinstance(result, ReadPage)
    assert result.page.serial == issue.serial(1)
    assert result.doubts == ()
    for answer in result.answers:
        if answer.state is not AnswerState.DOUBTFUL:  # what is doubtful, the decision's own tests say
            assert answer.codes == (codes[answer.question],)
    places = [(mark.question, mark.option) for mark in result.marks]
    assert places == [(q.key, option.code) for q in form.questions for option in q.options]


def test_the_same_picture_gives_the_same_result(sheet, desk, rng):
    grey, _ = paper.scan_of(sheet, rng, angle_deg=0.5)
    one, two = (read_page(paper.page(grey), desk) for _ in range(2))
    for mark, again in zip(one.marks, two.marks, strict=True):
        np.testing.assert_array_equal(mark.features, again.features)  # what nobody looked at is NaN
    assert (one.verdicts, one.answers) == (two.verdicts, two.answers)


def test_an_encoded_page_is_decoded_first(sheet, desk, issue, rng):
    grey, _ = paper.scan_of(sheet, rng)
    page = EncodedPage("a.pdf", 7, Encoding.PICTURE, cv2.imencode(".jpg", grey)[1].tobytes())
    assert read_page(page, desk).page.serial == issue.serial(1)
    broken = replace(page, data=page.data[:9000])
    result = read_page(broken, desk)
    assert (type(result), result.file, result.page, result.reason) == (RejectedPage, "a.pdf", 7, "damaged")


def test_reasons_travel_with_numbers_that_can_be_stored(desk, sheet, rng):
    foreign = np.full((1654, 1166), 250, np.uint8)
    for line in range(40):
        cv2.putText(foreign, "Don xin xac nhan", (90, 120 + 36 * line), 0, 1.1, 30, 2)
    stretched, _ = paper.scan_of(sheet, rng, stretch=0.9)
    for grey, reason in ((foreign, "no_fiducials"), (stretched, "stretched")):
        result = read_page(paper.page(grey), desk)
        assert isinstance(result, RejectedPage)
        assert result.reason == reason
        assert json.loads(json.dumps(result.measured)) == result.measured


def test_a_slip_of_an_unknown_revision_is_refused(sheet, issue, desk, rng):
    """A scan is never read with an edited form."""
    grey, _ = paper.scan_of(sheet, rng)
    other = Desk(IssuedSerials([replace(issue, fingerprint="0" * 64)]), desk.forms, desk.calibration)
    assert read_page(paper.page(grey), other).reason == "form_unknown"


def test_two_markers_and_text_alone_are_doubts_of_the_whole_page(sheet, desk, rng):
    grey, map_ = paper.scan_of(sheet, rng)
    for quad in paper.markers_px(map_)[:2]:
        paper.covered(grey, quad, 255, 20)
    assert read_page(paper.page(grey), desk).doubts == ("two_fiducials", "few_answers")


def test_a_slip_without_any_mark_is_looked_at(sheet, desk, rng):
    """In a light 1-bit scan pencil may be gone and the print still there: nobody knows that it was empty."""
    grey, _ = paper.scan_of(sheet, rng)
    result = read_page(paper.page(grey), desk)
    assert {answer.state for answer in result.answers} == {AnswerState.NO_ANSWER}
    assert result.doubts == ("few_answers",)


# --- blank backs ----------------------------------------------------------------------------------


def back(rng, level=243, dpi=200):
    width, height = paper.size_px(dpi)
    return paper.noisy(np.full((height, width), level, np.uint8), rng, 3)


def shone_through(grey, sheet, share):
    front = cv2.resize(sheet[:, ::-1], grey.shape[::-1], interpolation=cv2.INTER_AREA)
    front = cv2.GaussianBlur(front, (0, 0), 1.3)
    return np.clip(grey - (255.0 - front) * share, 0, 255).astype(np.uint8)


def on_dark_glass(grey):
    turn = cv2.getRotationMatrix2D((grey.shape[1] / 2, grey.shape[0] / 2), 2.0, 0.95)
    return cv2.warpAffine(grey, turn, grey.shape[::-1], borderValue=12)


def with_line(grey, start, end, value, width):
    cv2.line(grey, start, end, value, width, cv2.LINE_AA)
    return grey


def darker(grey):
    return (grey * 0.6).astype(np.uint8)


BLANK = {
    "clean": lambda grey, sheet: grey,
    "show-through": lambda grey, sheet: shone_through(grey, sheet, 0.08),
    "show-through, one bit": lambda grey, sheet: np.where(shone_through(grey, sheet, 0.1) < 150, 0, 255),
    "dark glass": lambda grey, sheet: on_dark_glass(grey),
    "streak": lambda grey, sheet: with_line(grey, (400, 0), (400, 1653), 60, 2),
    "fold": lambda grey, sheet: with_line(grey, (0, 800), (1165, 812), 170, 2),
    "dark edge": lambda grey, sheet: with_line(grey, (1160, 0), (1160, 1653), 10, 14),
    "dust": lambda grey, sheet: with_line(grey, (500, 500), (503, 502), 40, 2),
}

NOT_BLANK = {
    "a word": lambda grey: cv2.putText(grey, "cam on", (300, 500), 0, 1.0, 60, 2),
    "a pencil tick": lambda grey: with_line(grey, (600, 700), (625, 670), 185, 3),
    "a small tick": lambda grey: with_line(grey, (600, 700), (614, 686), 90, 3),
    "a word at the edge": lambda grey: cv2.putText(grey, "314", (12, 1600), 0, 0.8, 60, 2),
    "a word on a grey page": lambda grey: cv2.putText(
        (grey * 0.6).astype(np.uint8), "a", (300, 500), 0, 1, 60, 2
    ),
}


@pytest.mark.parametrize("name", BLANK)
def test_blank_backs_are_recognised(sheet, desk, rng, name):
    grey = BLANK[name](back(rng), sheet).astype(np.uint8)
    assert read_page(paper.page(grey), desk) == BlankBack("scan.pdf", 1)


@pytest.mark.parametrize("name", NOT_BLANK)
def test_a_page_with_a_little_writing_is_never_called_blank(desk, rng, name):
    result = read_page(paper.page(NOT_BLANK[name](back(rng))), desk)
    assert isinstance(result, RejectedPage)
    assert result.reason == "no_fiducials"


def test_a_black_page_is_no_blank_back(desk):
    """A scanner set too dark delivers nothing but black: slips were in there."""
    for level in (0, 40):
        result = read_page(paper.page(np.full((1654, 1166), level, np.uint8)), desk)
        assert isinstance(result, RejectedPage)
        assert result.reason == "too_dark"


def test_a_slip_is_never_called_blank_however_faint(sheet, desk, rng):
    grey, _ = paper.scan_of(sheet, rng)
    for share in (1.0, 0.3, 0.2):
        faint = (255 - (255 - grey.astype(float)) * share).astype(np.uint8)
        refused = read_page(paper.page(faint), desk)
    assert isinstance(refused, ReadPage) or refused.reason == "too_pale"


# --- streaks, seals, comments ---------------------------------------------------------------------


@pytest.mark.parametrize("angle", [0, 2.0, 90])
def test_streaks_are_found_where_they_are(sheet, desk, rng, angle):
    grey, _ = paper.scan_of(sheet, rng, angle_deg=angle)
    assert read_page(paper.page(grey), desk).streaks == ()  # the form's own lines are none
    grey[:, 500:503] = 70
    grey[:, 800:802] = np.minimum(grey[:, 800:802], 205)
    found = read_page(paper.page(grey), desk).streaks
    assert [(round(one.first, -1), one.is_column) for one in found] == [(500, True), (800, True)]
    assert all(one.last - one.first <= 4 for one in found)


def test_a_streak_of_a_picture_turned_by_software_runs_along_the_rows(sheet, desk, rng):
    grey, _ = paper.scan_of(sheet, rng, angle_deg=90)
    grey[300:303] = 60
    (streak,) = read_page(paper.page(grey), desk).streaks
    assert (streak.is_column, streak.first) == (False, 300)
    boxes = np.array(
        [[[10, 280], [40, 280], [40, 310], [10, 310]], [[10, 320], [40, 320], [40, 350], [10, 350]]]
    )
    assert streak.crosses(boxes).tolist() == [True, False]


def test_a_slip_lost_to_streaks_blames_the_scanner(sheet, desk, rng):
    """VxSuite says so too: "clean the scanner", not "bad ballot"."""
    grey, map_ = paper.scan_of(sheet, rng)
    for quad in paper.markers_px(map_)[:2]:
        for x in np.linspace(quad[:, 0].min(), quad[:, 0].max(), 4):
            grey[:, int(x) : int(x) + 5] = 30
    result = read_page(paper.page(grey), desk)
    assert isinstance(result, RejectedPage)
    assert result.reason == "scanner_dirty"
    assert result.measured["cause"] in BY_STREAKS
    assert str(ScannerError(result.reason, **result.measured))


def colour_scan(rgb):
    data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return EncodedPage("scan.pdf", 1, Encoding.PICTURE, data.tobytes())


def stamped(grey, map_, colour, rng):
    """A round stamp in the zone for it, on a colour scan of a page."""
    rgb = np.repeat(grey[..., None], 3, axis=2).astype(float)
    middle = paper.A5.stamp.centre_mm
    x, y = (map_[:, :2] @ middle + map_[:, 2]).round().astype(int)
    mask = np.zeros(grey.shape, np.uint8)
    for radius, width in ((130, 7), (96, 3)):
        cv2.circle(mask, (int(x), int(y)), radius, 1, width)
    cv2.putText(mask, "CONG AN", (int(x) - 80, int(y) + 8), 0, 1.0, 1, 3)
    rgb = np.where(mask[..., None] > 0, rgb * np.array(colour) / 255, rgb)
    return np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)


def test_a_red_stamp_is_told_from_a_black_copy_and_from_no_colour(sheet, desk, rng):
    grey, map_ = paper.scan_of(sheet, rng, angle_deg=1.0)
    seen = {
        name: read_page(colour_scan(stamped(grey, map_, colour, rng)), desk).seal
        for name, colour in {"red": (205, 60, 70), "pale": (235, 175, 180), "black": (70, 70, 70)}.items()
    }
    assert seen == {"red": Seal.PRESENT, "pale": Seal.PRESENT, "black": Seal.ABSENT}
    assert read_page(paper.page(grey), desk).seal is Seal.UNKNOWN
    grey_as_colour = np.repeat(grey[..., None], 3, axis=2)
    assert read_page(colour_scan(grey_as_colour), desk).seal is Seal.UNKNOWN


def test_a_red_pen_in_the_stamp_zone_is_no_stamp(sheet, desk, rng):
    grey, map_ = paper.scan_of(sheet, rng)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    x, y = (map_[:, :2] @ paper.A5.stamp.centre_mm + map_[:, 2]).round().astype(int)
    cv2.line(rgb, (int(x), int(y)), (int(x) + 40, int(y) - 30), (200, 40, 50), 4)
    rgb = paper.noisy(rgb, rng, 3)
    assert read_page(colour_scan(rgb), desk).seal is not Seal.PRESENT


def area_of(form):
    return next(question.area for question in form.questions if question.area is not None)


@pytest.mark.parametrize("angle", [0, 2.0, 180])
def test_ink_in_the_writing_area_is_told_from_its_printed_lines(sheet, form, desk, rng, angle):
    grey, map_ = paper.scan_of(sheet, rng, angle_deg=angle)
    area = area_of(form)
    x, y = (map_[:, :2] @ area.centre_mm + map_[:, 2]).astype(int)
    streaked = grey.copy()
    streaked[:, x : x + 3] = 60
    for empty in (grey, streaked):
        (comment,) = read_page(paper.page(empty), desk).comments
        assert not comment.has_ink
    for n in range(3):
        paper.crossed(grey, (area.x_mm + 8 + 3 * n, area.y_mm + area.height_mm / 2 + n / 2), map_, 2.5, 90, 2)
    (comment,) = read_page(paper.page(grey), desk).comments
    assert comment.has_ink
    assert paper.off_mm(comment.corners_px, area.corners_mm @ map_[:, :2].T + map_[:, 2], 200) < 0.2


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is absent")
def test_a_draft_of_a_comment_is_made_when_asked(sheet, form, desk, rng):
    grey, map_ = paper.scan_of(sheet, rng, angle_deg=1.5)
    area = area_of(form)
    x, y = (map_[:, :2] @ (area.x_mm + 4, area.y_mm + 4.5) + map_[:, 2]).astype(int)
    cv2.putText(grey, "CAM ON 2026", (int(x), int(y)), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 30, 2)
    (comment,) = read_page(paper.page(grey), desk).comments
    assert "CAM ON" in draft_text(grey, comment)


def test_a_draft_without_tesseract_names_the_package(sheet, desk, rng, monkeypatch):
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-program")
    grey, _ = paper.scan_of(sheet, rng)
    (comment,) = read_page(paper.page(grey), desk).comments
    with pytest.raises(MissingToolError, match="tesseract-ocr"):
        draft_text(grey, comment)


@pytest.fixture(scope="module")
def scan(sheet):
    return paper.scan_of(sheet, np.random.default_rng(1), angle_deg=0.7)[0]


@given(
    top=st.floats(0, 0.6),
    left=st.floats(0, 0.6),
    bottom=st.floats(0.7, 1),
    right=st.floats(0.7, 1),
    size=st.tuples(st.integers(300, 1400), st.integers(300, 1400)),
    gain=st.floats(-1.5, 1.5),
    dpi=st.sampled_from([None, 98.0, 200.0, 1200.0]),
)
@settings(max_examples=25, deadline=None)
def test_no_picture_raises_anything(scan, desk, top, left, bottom, right, size, gain, dpi):
    """Law: whatever part of a slip is seen, however squeezed or inverted, it ends as a result."""
    height, width = scan.shape
    part = scan[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]
    seen = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    seen = np.clip(128 + (seen.astype(float) - 128) * gain, 0, 255).astype(np.uint8)
    result = read_page(paper.page(seen, dpi), desk)
    assert isinstance(result, ReadPage | BlankBack | RejectedPage)


def test_depth_and_dpi_of_a_page_need_no_file(sheet, desk, rng):
    """What calls the reader with pixels of its own gets the same as a file would."""
    grey, _ = paper.scan_of(sheet, rng)
    bilevel = np.where(grey < 150, 0, 255).astype(np.uint8)
    result = read_page(ScannedPage("x", 1, bilevel, Depth.BILEVEL, None), desk)
    assert isinstance(result, ReadPage)
    assert result.page.aligned.dpi == pytest.approx(200, rel=0.01)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("noise", [0.5, 3])
def test_a_slip_is_no_blank_back_however_faint(sheet, desk, rng, share, noise):
    """Nearly nothing of the toner was seen: it is asked about, not put away."""
    width, height = paper.size_px(200)
    front = cv2.resize(sheet, (width, height), interpolation=cv2.INTER_AREA)
    faint = paper.noisy(243 - (255.0 - front) * share, rng, noise)
    assert not isinstance(read_page(paper.page(faint), desk), BlankBack)


def test_a_jpeg_that_breaks_off_is_no_blank_back(sheet, desk):
    width, height = paper.size_px(200)
    top = np.full((height, width), 243, np.uint8)
    top[height // 2 :] = cv2.resize(sheet, (width, height), interpolation=cv2.INTER_AREA)[height // 2 :]
    data = cv2.imencode(".jpg", top, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    cut = data[: len(data) // 3] + b"\xff\xd9"  # what is left is white paper
    refused = read_page(EncodedPage("a.jpg", 1, Encoding.PICTURE, cut), desk)
    assert isinstance(refused, RejectedPage) and refused.reason == "damaged"
