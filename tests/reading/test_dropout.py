"""A red stamp over boxes of a colour scan: no mark of its own, and no mark hidden; red pens stay marks."""

from dataclasses import replace

import numpy as np
import pytest

from omr.forms.layout import find_form
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.dropout import _has_stamp
from omr.reading.scan.pages import Depth
from omr.simulate.respondents import CROWDS, EVERYDAY
from omr.simulate.trials import Condition, Tally, try_out

SLIPS = 8


def stamped(depth: Depth, crowd: str = "everyday") -> Tally:
    condition = Condition("stamped", depth, 200, ("stamp-astray",), crowd)
    return try_out(condition, find_form("DL-04", None), load_calibration(), pages=SLIPS, seed=5)


def test_in_colour_a_stamp_over_boxes_asks_about_few_slips_and_in_grey_about_most() -> None:
    colour, grey = stamped(Depth.COLOUR), stamped(Depth.GREY)
    assert colour.silent == grey.silent == []
    assert colour.waiting <= 3 < 5 <= grey.waiting


@pytest.mark.parametrize("pen", ["red ballpoint", "felt"])
def test_no_pen_loses_its_marks_with_the_stamp(pen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CROWDS, "one pen", replace(EVERYDAY, pens={pen: 1.0}))
    tally = stamped(Depth.COLOUR, "one pen")
    assert tally.silent == [] and tally.read == SLIPS


def test_a_stamp_is_red_and_larger_than_a_mark() -> None:
    page = np.full((800, 600, 3), 240, np.uint8)
    box = np.array([[[300.0, 400], [335, 400], [335, 435], [300, 435]]])
    assert not _has_stamp(page, box, 200)
    page[395:440, 295:340] = (220, 60, 80)
    assert not _has_stamp(page, box, 200), "a red tick"
    page[350:500, 250:400] = (220, 60, 80)
    assert _has_stamp(page, box, 200)
    assert not _has_stamp(page[..., ::-1], box, 200), "a blue one"
