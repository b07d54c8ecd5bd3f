"""Scans of phone apps: markers of which only the rims are left, and black and white exchanged."""

from dataclasses import replace

import cv2
import numpy as np
import paper
import pytest

from omr.errors import FiducialError
from omr.reading.place.align import align
from omr.reading.place.locate import locate
from omr.reading.reader import ReadPage, read_page
from omr.reading.scan.pages import Depth, ScannedPage


def scan(sheet, dpi, angle=0.5):
    map_ = paper.scan_from_page(dpi, angle)
    return ScannedPage("a.png", 1, paper.scanned(sheet, map_, paper.size_px(dpi)), Depth.GREY, None), map_


def thresholded(page, window_mm, dpi, below, gaussian):
    """Return a page of which each pixel was compared with its neighbours'."""
    window = 2 * round(window_mm * dpi / 25.4 / 2) + 1
    kind = cv2.ADAPTIVE_THRESH_GAUSSIAN_C if gaussian else cv2.ADAPTIVE_THRESH_MEAN_C
    grey = cv2.adaptiveThreshold(page.grey, 255, kind, cv2.THRESH_BINARY, window, below)
    return replace(page, grey=grey, depth=Depth.BILEVEL)


@pytest.mark.parametrize("dpi", [200])
@pytest.mark.parametrize(("window_mm", "gaussian"), [(0.7, False), (0.9, True), (1.3, False), (2.0, True)])
def test_rims_are_found_where_the_markers_are(sheets, dpi, window_mm, gaussian):
    page, map_ = scan(sheets[0], dpi)
    hollow = thresholded(page, window_mm, dpi, 8, gaussian)
    aligned = align(locate(hollow))
    corners = np.array([[0.0, 0, 1], [148, 0, 1], [148, 210, 1], [0, 210, 1]]).T
    off = np.abs(aligned.scan_from_page @ corners - map_ @ corners) / (dpi / 25.4)
    assert off.max() < 0.25  # mm, at the corners of the sheet


def test_a_slip_with_hollow_markers_is_read_as_without(sheets, desk):
    page, _ = scan(sheets[0], 300)
    plain, hollow = (read_page(one, desk) for one in (page, thresholded(page, 1.3, 300, 8, True)))
    assert isinstance(plain, ReadPage) and isinstance(hollow, ReadPage)
    assert hollow.page.serial == plain.page.serial
    assert {m.by for m in hollow.page.aligned.located.fiducials} == {"rims"}


def test_boxes_and_other_squares_are_no_markers(sheets):
    page, _ = scan(sheets[0], 200)
    blank = page.grey.copy()
    at = 25 * 200 // 254
    for y in (0, blank.shape[0] - 10 * at):
        blank[y : y + 10 * at] = 255
    with pytest.raises(FiducialError, match="fiducial|định vị"):
        locate(thresholded(replace(page, grey=blank), 0.9, 200, 8, False))


def test_a_negative_is_named(sheets, desk):
    page, _ = scan(sheets[0], 200)
    refused = read_page(replace(page, grey=255 - page.grey), desk)
    assert refused.reason == "negative"
