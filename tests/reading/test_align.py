"""Harmed pages are read right or refused: a wrong alignment is never accepted."""

from dataclasses import replace

import cv2
import numpy as np
import paper
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import alignment

from omr.errors import AlignmentError, PageError
from omr.geometry import apply
from omr.reading.place.align import align
from omr.reading.place.locate import LocatedPage, locate
from omr.reading.place.refine import MOST_SHIFT_MM, outlines_of, refine
from omr.reading.scan.square import squared

# How far a box may be from where it really is: half the white between a box and the next
# print. The measurement of marks looks for the box around this place once more.
MOST_OFF_MM = 0.5


@pytest.fixture(scope="module")
def outlines(form):
    return outlines_of(form)


def aligned(scan, outlines):
    """All that a page must pass, and the boxes that come out."""
    page = align(locate(scan))
    return page, refine(page, outlines).corners_px


def boxes_off_mm(corners_px, map_, form, dpi):
    return paper.off_mm(corners_px, apply(map_, paper.boxes_of(form)), dpi)


# --- pages as feeders make them -------------------------------------------------------------------

GEOMETRY = {
    "straight": {},
    "skew": {"angle_deg": 3.0},
    "skew back, sideways": {"angle_deg": 87.0},
    "upside down": {"angle_deg": 181.0},
    "turned left": {"angle_deg": 271.5},
    "printed at 90 %": {"scale": 0.90},
    "printed at 105 %": {"scale": 1.05},
    "stretched 3 %": {"stretch": 1.03, "angle_deg": -1.0},
    "shortened 3 %": {"stretch": 0.97, "angle_deg": 180.0},
    "sheared": {"shear": 0.01, "angle_deg": 0.5},
    "all at once": {"angle_deg": 182.5, "scale": 0.95, "stretch": 1.02, "shear": -0.006},
}


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("name", GEOMETRY)
def test_boxes_are_where_they_are(sheet, form, outlines, rng, name, dpi):
    grey, map_ = paper.scan_of(sheet, rng, dpi, **GEOMETRY[name])
    page, corners = aligned(paper.page(grey, dpi), outlines)
    assert boxes_off_mm(corners, map_, form, dpi) < 0.12
    assert page.dpi == pytest.approx(dpi * GEOMETRY[name].get("scale", 1), rel=0.02)
    assert not page.review


@pytest.mark.parametrize("dpi", [150, 200, 300, 600])
def test_one_bit_scans(sheet, form, outlines, rng, dpi):
    for threshold in (100, 170):
        grey, map_ = paper.scan_of(sheet, rng, dpi, angle_deg=1.2)
        grey = np.where(grey < threshold, 0, 255).astype(np.uint8)
        _, corners = aligned(paper.page(grey, dpi), outlines)
        assert boxes_off_mm(corners, map_, form, dpi) < 0.15


# --- harms: (grey, map, rng) -> grey; the map stays true -------------------------------------------


def blurred(grey, map_, rng):
    return cv2.GaussianBlur(grey, (0, 0), 1.4)


def very_noisy(grey, map_, rng):
    return paper.noisy(grey, rng, 25)


def bad_jpeg(grey, map_, rng):
    return cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_GRAYSCALE)


def streaked(grey, map_, rng):
    """Streaks through the page, one of them through two markers."""
    for x in (int(paper.markers_px(map_)[0][:, 0].mean()), *rng.integers(100, 1000, 3).tolist()):
        grey[:, x : x + 3] = 40
    return grey


def dark_edges(grey, map_, rng):
    grey[:30], grey[:, -40:] = 10, 25
    return grey


def shaded(grey, map_, rng):
    return (grey * np.linspace(1.0, 0.55, grey.shape[1])).astype(np.uint8)


def faint(grey, map_, rng):
    return (255 - (255 - grey.astype(float)) * 0.35).astype(np.uint8)


def dark(grey, map_, rng):
    return (grey * 0.55).astype(np.uint8)


def speckled(grey, map_, rng):
    count = grey.size // 250
    grey[rng.integers(0, grey.shape[0], count), rng.integers(0, grey.shape[1], count)] = 0
    return grey


def fold_line(grey, map_, rng):
    y = int(paper.markers_px(map_)[0][:, 1].mean())
    cv2.line(grey, (0, y), (grey.shape[1], y + 6), 90, 3, cv2.LINE_AA)
    cv2.line(grey, (0, 700), (grey.shape[1], 690), 120, 4, cv2.LINE_AA)
    return grey


def corner_lost(grey, map_, rng):
    paper.covered(grey, paper.markers_px(map_)[2], 255, 20)
    return grey


def dog_ear(grey, map_, rng):
    cv2.fillPoly(grey, [np.array([[0, 0], [190, 0], [0, 190]])], 230)
    return grey


def pen_over_two_markers(grey, map_, rng):
    for quad in paper.markers_px(map_)[:2]:
        points = quad.mean(axis=0) + rng.normal(0, 22, (9, 2))
        cv2.polylines(grey, [np.rint(points).astype(np.int32)], False, 40, 3, cv2.LINE_AA)
    return grey


def smudged_corner(grey, map_, rng):
    """One corner of one marker drawn out: fifteen others know better."""
    x, y = np.rint(paper.markers_px(map_)[1][1]).astype(int)
    cv2.circle(grey, (int(x), int(y)), 9, 20, -1)
    return grey


def everything_ticked(grey, map_, rng):
    """Marks and scribbles over the boxes and beyond them."""
    for x in range(700, 1100, 45):
        for y in range(650, 1400, 40):
            ends = rng.normal((x, y), 16, (2, 2))
            cv2.line(grey, *(tuple(int(v) for v in end) for end in ends), 50, 4, cv2.LINE_AA)
    return grey


MUST_BE_READ = [
    *(blurred, very_noisy, bad_jpeg, streaked, dark_edges, shaded, faint, dark, speckled),
    *(fold_line, corner_lost, dog_ear, pen_over_two_markers, smudged_corner, everything_ticked),
]


@pytest.mark.parametrize("harm", MUST_BE_READ, ids=lambda harm: harm.__name__)
def test_harmed_pages_are_read(sheet, form, outlines, rng, harm):
    for angle in (0.0, -2.0, 181.5):
        grey, map_ = paper.scan_of(sheet, rng, angle_deg=angle)
        _, corners = aligned(paper.page(harm(grey, map_, rng)), outlines)
        assert boxes_off_mm(corners, map_, form, 200) < 0.2


def test_two_markers_are_read_and_marked_for_review(sheet, form, outlines, rng):
    for lost in ((0, 2), (1, 3), (2, 3), (0, 1)):
        grey, map_ = paper.scan_of(sheet, rng, angle_deg=1.0)
        for index in lost:
            paper.covered(grey, paper.markers_px(map_)[index], 255, 20)
        page, corners = aligned(paper.page(grey), outlines)
        assert page.review
        assert boxes_off_mm(corners, map_, form, 200) < MOST_OFF_MM


# --- read right or refused ------------------------------------------------------------------------


def off_or_refused(scan, outlines, truth_px, dpi):
    """How far the boxes are off, None where the page was refused."""
    try:
        _, corners = aligned(scan, outlines)
    except PageError as error:
        assert str(error)
        return None
    return paper.off_mm(corners, truth_px, dpi)


def test_a_displaced_marker_moves_no_box(sheet, form, outlines, rng):
    """VxSuite #4913: a folded corner puts a marker elsewhere; it must not drag the grid along."""
    refused = 0
    for shift_mm in (0.5, 0.8, 1.2, 2.0, 4.0, 9.0):
        for index in range(4):
            grey, map_ = paper.scan_of(sheet, rng)
            low = np.rint(paper.markers_px(map_)[index].min(axis=0)).astype(int) - 8
            high = np.rint(paper.markers_px(map_)[index].max(axis=0)).astype(int) + 8
            marker = grey[low[1] : high[1], low[0] : high[0]].copy()
            grey[low[1] : high[1], low[0] : high[0]] = 255
            to = low + np.rint(rng.choice([-1, 1], 2) * shift_mm / np.sqrt(2) * 200 / 25.4).astype(int)
            to = np.clip(to, 0, np.array(grey.shape[::-1]) - marker.shape[::-1])
            grey[to[1] : to[1] + marker.shape[0], to[0] : to[0] + marker.shape[1]] = marker
            truth = apply(map_, paper.boxes_of(form))
            off = off_or_refused(paper.page(grey), outlines, truth, 200)
            assert off is None or off < MOST_OFF_MM
            refused += off is None
    assert refused >= 12  # everything that moved by 2 mm and more


def test_photographs_are_refused_or_read_right(sheet, form, outlines, rng):
    reasons = set()
    for tilt in (0.004, 0.01, 0.02, 0.04):
        grey, map_ = paper.scan_of(sheet, rng)
        height, width = grey.shape
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        seen = (corners + rng.uniform(-tilt, tilt, (4, 2)) * (width, height)).astype(np.float32)
        lens = cv2.getPerspectiveTransform(corners, seen)
        photo = cv2.warpPerspective(grey, lens, (width, height), borderValue=200)
        truth = cv2.perspectiveTransform(apply(map_, paper.boxes_of(form)).reshape(-1, 1, 2), lens)
        try:
            _, boxes = aligned(paper.page(photo), outlines)
            assert paper.off_mm(boxes.reshape(-1, 1, 2), truth, 200) < MOST_OFF_MM
        except AlignmentError as error:
            reasons.add(error.reason)
    assert reasons == {"perspective"}


@pytest.mark.parametrize("sideways", [False, True])
def test_uneven_feeding_is_followed_or_refused(sheet, form, outlines, rng, sideways):
    read = 0
    amplitudes = (0.1, 0.2, 0.3, 0.6, 1.2)
    for amplitude_mm in amplitudes:
        grey, map_ = paper.scan_of(sheet, rng, angle_deg=90 if sideways else 0)
        height, width = grey.shape
        amplitude, period = amplitude_mm * 200 / 25.4, height * rng.uniform(0.2, 0.6)
        rows = np.arange(height, dtype=np.float32)
        source = rows + amplitude * np.sin(2 * np.pi * rows / period)
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), source.astype(np.float32))
        fed = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderValue=255)
        truth = apply(map_, paper.boxes_of(form))
        truth[..., 1] = np.interp(truth[..., 1], source, rows)
        off = off_or_refused(paper.page(fed), outlines, truth, 200)
        assert off is None or off < MOST_OFF_MM
        read += off is not None
    assert read >= 3


def test_a_column_of_two_boxes_that_slipped_out_of_reach_is_not_guessed(sheet, form, outlines, rng):
    """Page wobble 167 of seed 1: fed sideways, unevenly; one column of two was a millimetre off."""
    grey, map_ = paper.scan_of(sheet, rng, angle_deg=87.53)
    rows = np.arange(grey.shape[0], dtype=np.float32)
    source = rows + 0.62 / 25.4 * 200 * np.sin(2 * np.pi * rows / (109.7 / 25.4 * 200) + 1.33)
    x, y = np.meshgrid(np.arange(grey.shape[1], dtype=np.float32), source.astype(np.float32))
    fed = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderValue=255)
    with pytest.raises(AlignmentError) as caught:
        aligned(paper.page(fed), outlines)
    assert caught.value.reason == "outlines_uneven"


def test_two_boxes_that_one_pair_of_lines_pulled_away_are_not_believed(sheet, form, outlines, rng):
    """Page serial_harmed 58 of seed 3: lines along a row, as far apart as a box is high."""
    grey, map_ = paper.scan_of(sheet, rng)
    one, other = paper.boxes_of(form)[18:20]
    assert np.allclose(one[:, 1], other[:, 1])  # side by side
    for y in (one[0, 1], one[2, 1]):
        ends = apply(map_, np.array([[one[0, 0] - 2, y - 0.6], [other[1, 0] + 2, y - 0.6]]))
        first, last = (tuple(int(v) for v in end) for end in np.rint(ends))
        cv2.line(grey, first, last, 40, 9, cv2.LINE_AA)
    off = off_or_refused(paper.page(grey), outlines, apply(map_, paper.boxes_of(form)), 200)
    assert off is None or off < MOST_OFF_MM


@given(
    shift_mm=st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
    turn_deg=st.floats(-4, 4),
    scale=st.floats(0.93, 1.07),
)
@settings(max_examples=150, deadline=None)
def test_a_wrong_map_does_not_pass_the_outlines(wrong, form, outlines, shift_mm, turn_deg, scale):
    """Law: whatever went wrong before, boxes are accepted only where boxes are.

    A shift by whole rows and columns puts some boxes onto others; never all.
    """
    page, map_ = wrong
    angle = np.deg2rad(turn_deg)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([74.0, 105.0])
    moved = apply(np.hstack([turn, (middle - turn @ middle + shift_mm)[:, None]]), np.zeros((1, 2)))[0]
    linear = map_[:, :2] @ turn
    wrong_map = np.hstack([linear, (map_[:, :2] @ moved + map_[:, 2])[:, None]])
    off = paper.off_mm(apply(wrong_map, paper.boxes_of(form)), apply(map_, paper.boxes_of(form)), 200)
    try:
        corners = refine(replace(page, scan_from_page=wrong_map), outlines).corners_px
    except AlignmentError as error:
        assert off > MOST_SHIFT_MM / 2
        assert error.reason.startswith("outlines_")
    else:
        assert boxes_off_mm(corners, map_, form, 200) < MOST_OFF_MM


def test_a_map_that_is_off_by_whole_boxes_is_refused(wrong, form, outlines):
    """VxSuite #6492, #6125: a grid beside itself looks like a grid."""
    page, map_ = wrong
    boxes = paper.boxes_of(form)
    for step in boxes[1:, 0] - boxes[0, 0]:
        shifted = map_ + np.column_stack([np.zeros((2, 2)), map_[:, :2] @ step])
        with pytest.raises(AlignmentError):
            refine(replace(page, scan_from_page=shifted), outlines)


@pytest.fixture(scope="module")
def wrong(sheet):
    grey, map_ = paper.scan_of(sheet, np.random.default_rng(3))
    return align(locate(paper.page(grey))), map_


# --- refusals by name -----------------------------------------------------------------------------


def reason_of(scan):
    with pytest.raises(AlignmentError) as caught:
        align(locate(scan))
    assert str(caught.value)
    return caught.value.reason


def test_sizes_that_no_printer_makes_are_refused(sheet, rng):
    stretched, _ = paper.scan_of(sheet, rng, stretch=1.06, scale=0.9)
    assert reason_of(paper.page(stretched)) == "stretched"
    sheared, _ = paper.scan_of(sheet, rng, shear=0.035)
    assert reason_of(paper.page(sheared)) == "stretched"
    small, _ = paper.scan_of(sheet, rng, 300, scale=0.71)  # two pages on one
    assert reason_of(paper.page(small, 300)) == "print_scale"
    coarse, _ = paper.scan_of(sheet, rng, 120)
    assert reason_of(paper.page(coarse, 120)) == "too_coarse"


def test_a_wrong_claim_of_resolution_harms_nothing(sheet, form, outlines, rng):
    """Programs that put a picture on a page of another size make up its dpi."""
    grey, map_ = paper.scan_of(sheet, rng, 200)
    _, corners = aligned(paper.page(grey, 141), outlines)
    assert boxes_off_mm(corners, map_, form, 200) < 0.12


def test_pixels_that_are_not_square_are_no_stretch(sheet, form, outlines, rng):
    """A fax of 204 by 196 dpi, turned or not."""
    for angle in (0, 90):
        grey, map_ = paper.scan_of(sheet, rng, 200, angle)
        seen = cv2.resize(grey, None, fx=1.0, fy=0.94, interpolation=cv2.INTER_AREA)
        scan = replace(paper.page(seen, 200), stretch=1 / 0.94)
        squeeze = np.diag([1.0, seen.shape[0] / grey.shape[0]])
        truth = (apply(map_, paper.boxes_of(form)) + 0.5) @ squeeze - 0.5
        _, corners = aligned(scan, outlines)
        assert paper.off_mm(corners, truth, 200) < 0.15


@pytest.mark.parametrize("claim", [(200, 400), (400, 200), (204, 98), (300, 600), (100, 160)])
@pytest.mark.parametrize("angle", [0, 90])
def test_markers_say_whether_pixels_are_squares(sheet, rng, claim, angle):
    """An A5 sheet drawn out to twice its width is A5 again: only what is printed on it says the truth."""
    grey, _ = paper.scan_of(sheet, rng, 200, angle)
    assert squared(grey, claim) == (grey, None)
    finest = max(claim)
    size = round(grey.shape[1] * claim[0] / finest), round(grey.shape[0] * claim[1] / finest)
    drawn, dpi = squared(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), claim)
    assert drawn.shape == pytest.approx(grey.shape, abs=2) and dpi == finest


def test_a_page_without_its_boxes_is_refused(sheet, outlines, rng):
    """The right markers, another content."""
    empty = paper.blank_sheet(paper.A5)
    grey, _ = paper.scan_of(empty, rng)
    with pytest.raises(AlignmentError) as caught:
        aligned(paper.page(grey), outlines)
    assert caught.value.reason == "outlines_missing"


def test_a_scan_too_light_for_thin_lines_is_refused_and_says_so(sheet, form, outlines, rng):
    """Where parts of the printed outlines are gone, a thin pencil mark may be gone as well."""
    grey, map_ = paper.scan_of(sheet, rng, angle_deg=0.7)
    for box in apply(map_, paper.boxes_of(form)):
        left, top = np.rint(box.min(axis=0)).astype(int)
        grey[top - 4 : top + 5, left + 6 : left + int(np.ptp(box[:, 0])) - 6] = 255
    with pytest.raises(AlignmentError) as caught:
        aligned(paper.page(grey), outlines)
    assert caught.value.reason == "outlines_broken"
    assert caught.value.values["sides"] < caught.value.values["least"]


def test_a_blot_over_one_box_of_two_refuses_no_page(sheet, form, outlines, rng):
    """A mark withdrawn by filling its box runs over the outline, and a short row cannot outvote it."""
    rows = outlines.bands[0].of_box
    short = next(i for i, row in enumerate(rows) if (rows == row).sum() == 2)
    grey, map_ = paper.scan_of(sheet, rng, angle_deg=0.4)
    (x0, y0), (x1, y1) = paper.boxes_of(form)[short][[0, 2]]
    for blot_mm in (0.3, 0.5, 0.7, 0.9):
        blot = apply(map_, np.array([[x0 - blot_mm, y0], [x1 - 0.1, y0], [x1 - 0.1, y1], [x0 - blot_mm, y1]]))
        filled = cv2.fillPoly(grey.copy(), [np.rint(blot).astype(np.int32)], 30)
        _, corners = aligned(paper.page(filled), outlines)
        assert boxes_off_mm(corners, map_, form, 200) < MOST_OFF_MM


def test_markers_that_contradict_each_other_are_refused(sheet, rng):
    """One marker read at another one's place: no four points may bend the page to fit."""
    grey, _ = paper.scan_of(sheet, rng)
    located = locate(paper.page(grey))
    first, *rest = located.fiducials
    swapped = LocatedPage(located.scan, located.frame, (replace(first, corners_px=rest[0].corners_px), *rest))
    with pytest.raises(AlignmentError):
        align(swapped)


def test_a_map_that_letters_pulled_away_is_refused() -> None:
    """With two markers left, letters were taken for outlines of a column: its boxes were 1.9 mm off."""
    harms = [harm.__name__ for harm in alignment.HARMS]
    assert alignment.one_page(1, harms.index("marker_scribbled"), 1210).reason == "outlines_displaced"
