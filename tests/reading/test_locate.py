"""Fiducials are found at every resolution and way up; what is not one slip is refused."""

import cv2
import numpy as np
import paper
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from omr.errors import PageError
from omr.geometry import FRAMES
from omr.reading.place.locate import locate


def found(scan):
    return {one.id: one for one in locate(scan).fiducials}


def reason_of(scan):
    with pytest.raises(PageError) as caught:
        locate(scan)
    assert str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("claim", [True, False], ids=["dpi claimed", "no dpi"])
@pytest.mark.parametrize("angle", [0, 2.5, 90, 181, 268])
@pytest.mark.parametrize("dpi", [150, 200, 300, 600])
def test_all_four_at_every_resolution_and_way_up(sheet, rng, dpi, angle, claim):
    grey, map_ = paper.scan_of(sheet, rng, dpi, angle)
    marks = found(paper.page(grey, dpi if claim else None))
    assert sorted(marks) == [0, 1, 2, 3]
    for mark, corners in zip(paper.A5.fiducials, paper.markers_px(map_), strict=True):
        assert paper.off_mm(marks[mark.id].corners_px, corners, dpi) < 0.12


@pytest.mark.parametrize("name", FRAMES)
def test_papers_are_told_apart_by_their_markers(name, rng):
    frame = FRAMES[name]
    map_ = paper.scan_from_page(150, 1.0, frame=frame)
    grey = paper.scanned(paper.blank_sheet(frame), map_, paper.size_px(150, frame=frame))
    located = locate(paper.page(paper.noisy(grey, rng), 150))
    assert located.frame is frame
    assert [one.id for one in located.fiducials] == [mark.id for mark in frame.fiducials]


def test_a_slip_on_a_large_dark_glass_is_found(sheet, rng):
    map_ = paper.scan_from_page(200, 4.0, shift_mm=(30, 40))
    grey = paper.scanned(sheet, map_, paper.size_px(200, frame=FRAMES["A4"]), background=15)
    assert sorted(found(paper.page(paper.noisy(grey, rng)))) == [0, 1, 2, 3]


@pytest.mark.parametrize("lost", [[0], [2], [0, 1], [1, 3]])
def test_covered_markers_are_missed_not_invented(sheet, rng, lost):
    grey, map_ = paper.scan_of(sheet, rng)
    for index in lost:
        paper.covered(grey, paper.markers_px(map_)[index], 255)
    assert sorted(found(paper.page(grey))) == sorted({0, 1, 2, 3} - set(lost))


def test_markers_that_cannot_be_decoded_are_found_by_their_picture(sheet, rng):
    """Where only two are left: with three, the place of the fourth is not worth a guess."""
    for spoiled in ((1,), (1, 2)):
        grey, map_ = paper.scan_of(sheet, rng, angle_deg=1.5)
        for index in spoiled:
            ends = np.rint(paper.markers_px(map_)[index]).astype(int)
            cv2.line(grey, tuple(ends[0]), tuple(ends[2]), 255, 6)
            cv2.line(grey, tuple(ends[1]), tuple(ends[3]), 20, 6)
        marks = found(paper.page(grey))
        assert [one.id for one in marks.values() if one.is_decoded] == sorted({0, 1, 2, 3} - set(spoiled))
        if len(spoiled) == 1:
            assert len(marks) == 3
        else:
            for index in spoiled:
                assert marks[index].by == "template"
                assert paper.off_mm(marks[index].corners_px, paper.markers_px(map_)[index], 200) < 0.35


def test_two_slips_in_one_scan_are_refused(sheets, rng):
    glass = np.full(paper.size_px(150, frame=FRAMES["A4"]), 250, np.uint8)  # A4, landscape
    for sheet, middle in zip(sheets[:2], (-74, 74), strict=True):
        map_ = paper.scan_from_page(150, shift_mm=(middle + 148.5 - 74, 0))
        one = paper.scanned(sheet, map_, glass.shape[::-1])
        glass = np.minimum(glass, one)
    assert reason_of(paper.page(paper.noisy(glass, rng), 150)) == "two_slips"


def test_a_second_slip_far_from_the_corners_is_seen(sheets, rng):
    """The slip in the corner is complete; half of another one lies below it."""
    size = paper.size_px(150, frame=FRAMES["A4"])
    first = paper.scanned(sheets[0], paper.scan_from_page(150), size)
    second = paper.scanned(sheets[1], paper.scan_from_page(150, 90, shift_mm=(30, 205)), size)
    assert reason_of(paper.page(paper.noisy(np.minimum(first, second), rng), 150)) == "two_slips"


def test_a_marker_that_is_there_twice_is_refused(sheet, rng):
    grey, map_ = paper.scan_of(sheet, rng)
    ours, theirs = paper.markers_px(map_)[0], paper.markers_px(map_)[2]
    low, high = np.rint(ours.min(axis=0)).astype(int) - 6, np.rint(ours.max(axis=0)).astype(int) + 6
    copy = grey[low[1] : high[1], low[0] : high[0]].copy()
    at = np.rint(theirs.min(axis=0)).astype(int) - 6
    grey[at[1] : at[1] + copy.shape[0], at[0] : at[0] + copy.shape[1]] = copy
    assert reason_of(paper.page(grey)) == "two_slips"


def test_a_mirrored_scan_is_told(sheet, rng):
    grey, _ = paper.scan_of(sheet, rng)
    assert reason_of(paper.page(grey[:, ::-1])) == "mirrored"


def test_foreign_paper_and_a_single_marker_are_told_apart(sheet, rng):
    foreign = np.full((1654, 1166), 250, np.uint8)
    for line in range(40):
        cv2.putText(foreign, "Giay gioi thieu so 314", (90, 120 + 36 * line), 0, 1.1, 30, 2)
    assert reason_of(paper.page(foreign)) == "no_fiducials"
    grey, map_ = paper.scan_of(sheet, rng)
    for quad in paper.markers_px(map_)[1:]:
        paper.covered(grey, quad, 255, 3)
    assert reason_of(paper.page(grey)) == "too_few_fiducials"


@given(
    grey=st.one_of(
        arrays(np.uint8, st.tuples(st.integers(300, 420), st.integers(300, 420)), fill=st.just(255)),
        st.builds(
            lambda seed, h, w: np.random.default_rng(seed).integers(0, 256, (h, w), np.uint8),
            st.integers(0, 99),
            st.integers(300, 900),
            st.integers(300, 900),
        ),
    ),
    dpi=st.sampled_from([None, 100.0, 200.0, 1200.0]),
)
@settings(max_examples=25, deadline=None)
def test_no_picture_raises_anything_but_a_page_error(grey, dpi):
    with pytest.raises(PageError):
        locate(paper.page(grey, dpi))
