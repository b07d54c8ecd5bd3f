"""A typed serial is compared with every letter that the page still shows."""

from __future__ import annotations

import cv2
import numpy as np
import paper
import pytest

from omr.reading.place.align import align
from omr.reading.place.legible import contradicted, speaks_against
from omr.reading.place.locate import locate

NOTHING = "·" * 15
PLACE = paper.A5.serial_text


def shown(grey, serial, dpi=200):
    return contradicted(align(locate(paper.page(grey, dpi))), serial)


def scribbled(sheet, share):
    """The sheet with a pen over the left part of its printed serial, and its codes gone."""
    out = sheet.copy()
    for place in (paper.A5.ladder, paper.A5.qr):
        paper.covered(out, place.corners_mm * paper.PRINT_PX_PER_MM, 255)
    (x0, y0), (x1, y1) = np.rint(PLACE.corners_mm[[0, 2]] * paper.PRINT_PX_PER_MM).astype(int)
    end = x0 + round((x1 - x0) * share)
    for at in range(x0, end, 7):
        cv2.line(out, (at, y0), (min(at + 25, end), y1), 40, 7)
        cv2.line(out, (at, y1), (min(at + 25, end), y0), 40, 7)
    return out


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("blur", [0.0, 1.3])
def test_the_true_serial_is_never_contradicted_and_the_next_one_is(sheets, issue, rng, dpi, blur):
    for number, sheet in enumerate(sheets, start=1):
        grey, _ = paper.scan_of(sheet, rng, dpi, float(rng.uniform(-2, 2)))
        if blur:
            grey = cv2.GaussianBlur(grey, (0, 0), blur)
        assert shown(grey, issue.serial(number), dpi) == NOTHING
        assert speaks_against(shown(grey, issue.serial(number + 1), dpi))


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_what_is_scribbled_over_says_nothing_and_what_is_left_does(sheets, issue, rng, share):
    for number, sheet in enumerate(sheets, start=1):
        grey, _ = paper.scan_of(scribbled(sheet, share), rng)
        assert not speaks_against(shown(grey, issue.serial(number)))
        assert speaks_against(shown(grey, issue.serial(number + 7)))


def test_a_serial_that_is_gone_contradicts_nothing(sheets, issue, rng):
    for cover in (
        lambda s: scribbled(s, 1.0),
        lambda s: paper.covered(s, PLACE.corners_mm * paper.PRINT_PX_PER_MM, 255),
    ):
        sheet = sheets[0].copy()
        made = cover(sheet)
        grey, _ = paper.scan_of(sheet if made is None else made, rng)
        assert not speaks_against(shown(grey, issue.serial(9)))
