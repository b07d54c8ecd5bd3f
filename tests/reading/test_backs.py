"""The white other side of a sheet: its own edge is no writing, writing beside it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from omr.reading.scan.backs import is_blank
from omr.reading.scan.pages import Depth, ScannedPage
from omr.simulate.ink import Sheet
from omr.simulate.scanner import everyday_feed, everyday_machine, scan
from omr.simulate.slips import encode

DPI = 150
PX = DPI / 25.4


def page(grey: np.ndarray) -> ScannedPage:
    return ScannedPage("stack.pdf", 2, grey, Depth.GREY, float(DPI))


def paper() -> np.ndarray:
    grain = np.random.default_rng(1).normal(238, 1.2, (1754, 1240))
    return np.asarray(grain.clip(0, 255), np.uint8).copy()


@pytest.mark.parametrize("seed", [3, 12, 15])
def test_a_white_sheet_that_was_scanned_with_its_edges_is_blank(seed: int) -> None:
    """Two of six scans of white backs went to a person: the sheet's edge lay 0.3 to 2.5 mm inside."""
    rng = np.random.default_rng([seed, 7])
    white = Sheet.of(np.full((2480, 1748), 255, np.uint8), 300)
    machine = everyday_machine(Depth.GREY, DPI, np.random.default_rng(seed))
    made = encode(scan(white, machine, everyday_feed(rng), rng), machine)
    grey = cv2.imdecode(np.frombuffer(made.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert is_blank(page(np.asarray(grey, np.uint8)))


@pytest.mark.parametrize("off_mm", [0.5, 1.5, 2.4])
def test_the_edge_of_the_sheet_is_no_stroke(off_mm: float) -> None:
    grey = paper()
    at = round(off_mm * PX)
    grey[at : at + 2, 60:700] = 120
    grey[300:1500, -at - 2 : -at] = 120
    assert is_blank(page(grey))


@pytest.mark.parametrize(("off_mm", "blank"), [(1.0, True), (2.2, True), (6.0, False)])
def test_two_edges_that_meet_in_a_corner_are_no_stroke(off_mm: float, blank: bool) -> None:
    """A colour scan of a sheet that lay askew: both edges were one shape, which filled the whole page."""
    grey, off = paper(), round(off_mm * PX)
    cv2.polylines(grey, [np.array([[off, 1600], [off + 2, off + 2], [1100, off]])], False, 150, 2)
    assert is_blank(page(grey)) is blank


@pytest.mark.parametrize(
    ("x_mm", "y_mm", "to_x_mm", "to_y_mm"),
    [
        (1.5, 100, 6, 104),  # a tick that begins at the edge
        (5, 40, 5, 60),  # a line along it, further inside
        (1.0, 50, 2.6, 55),  # beside it, and not along it
        (100, 150, 104, 153),
    ],
)
def test_what_is_written_near_the_edge_is_writing(
    x_mm: float, y_mm: float, to_x_mm: float, to_y_mm: float
) -> None:
    grey = paper()
    begin, end = ((round(x * PX), round(y * PX)) for x, y in ((x_mm, y_mm), (to_x_mm, to_y_mm)))
    cv2.line(grey, begin, end, 60, 2, cv2.LINE_AA)
    assert not is_blank(page(grey))


@pytest.mark.parametrize(("off_mm", "blank"), [(0.4, True), (1.5, True), (2.4, True), (40.0, False)])
def test_an_edge_that_hardly_shows_lies_there_in_pieces(off_mm: float, blank: bool) -> None:
    """A white sheet on white: a dozen faint pieces of its edge went to a person as traces of a form."""
    grey = np.full((1754, 1240), 252, np.uint8)
    at = round(off_mm * PX)
    for piece in range(20):
        grey[-at - 4 : -at, 40 + 55 * piece : 70 + 55 * piece] = 240
    assert is_blank(page(grey)) == blank


@pytest.mark.parametrize(("pale", "dark", "blank"), [(30, 45, False), (22, 22, True), (9, 45, True)])
def test_a_pale_tick_that_is_a_stroke_in_a_speck_is_writing(pale: int, dark: int, blank: bool) -> None:
    """A tick of a hard pencil fell to pieces under the darkness of a stroke, and its answer was lost."""
    grey = np.full((1754, 1240), 240, np.uint8)
    tick = np.array([[600, 800], [607, 809], [622, 790]])
    cv2.polylines(grey, [tick], False, 240 - pale, 2)
    cv2.line(grey, (606, 808), (608, 809), 240 - dark, 2)
    assert is_blank(page(grey)) is blank
