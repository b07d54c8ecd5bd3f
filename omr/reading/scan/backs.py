"""Blank backs: the empty other side of a sheet, told apart from anything a person wrote or a form prints.

Only even paper is blank: without a single stroke, and, however faint, without the traces of a
form. What shows through from the other side lies there in a mirror. What is not sure goes
on to be located, and ends as a rejected page that a person looks at.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from omr.geometry import FRAMES, MM_PER_INCH
from omr.reading.scan.pages import Grey, ScannedPage
from omr.reading.scan.square import markers_seen

# Changes between light and dark along a line across the page. Paper on a dark background
# has two, a printed form has fifteen: it is not looked at any closer.
PRINTED_CHANGES: Final = 5.0
LEAST_PAPER: Final = 80.0  # grey level of the brighter half; a darker scan shows no paper at all
WORK_PX_PER_MM: Final = 4.0
STROKE_MM: Final = 2.0  # wider than any pen's line
# Share of the paper's brightness by which a stroke is darker. Print showing through from
# the other side stays below a tenth, a hard pencil is above a sixth.
STROKE_CONTRAST: Final = 0.12
BLOT_CONTRAST: Final = 0.35
# A pale stroke reaches `STROKE_CONTRAST` in a speck or two; with what is half as dark it hangs together. Of
# 96 real marks on backs, two thirds at 40 or 60 % of their ink, 14 had no stroke of 1.2 mm and were lost; 11
# of them have one of 1.8 mm or more like this, and none of 71 white backs: on those the longest measures
# 1.0 mm, and what shows through reaches 0.12 only where it is a stroke by itself.
PALE_CONTRAST: Final = 0.06
LEAST_PALE_MM: Final = 1.6
# The sheet's own edge beside the scan's border, seen as a line: of 40 scans it lay up to 2.5 mm off.
EDGE_MM: Final = 3.0
EDGE_LINE_MM: Final = 1.3  # thicker is no edge; of 40 scans it was up to 1.0, smoothed
LEAST_EXTENT_MM: Final = 1.2  # a shorter speck is dust; the smallest tick is 3 mm
# Traces: what is darker than the paper around it by more than its grain, however faint. A form has
# hundreds; the grain of paper, smoothed, none, and its fibres and dust a few.
TRACE_SIGMAS: Final = 4.0
LEAST_TRACE: Final = 2.0  # grey levels: of a scan whose paper was made white, and of JPEG's own noise
MOST_TRACES: Final = 12
SOFT_MM: Final = (0.12, 0.25)  # up to a fifth of a marker's module: smooths grain, keeps bits
SHADE_MM: Final = 40.0  # five markers: what changes more slowly is light, not print
LEAST_MARKER: Final = 0.7  # grey levels, after smoothing; below, the picture has no such tones
# How far around a place the paper's level is taken from: three times a stroke, so that what shows
# through the sheet, which is soft, differs little from what is around it.
PAPER_MM: Final = 0.8
LEAST_MARKERS: Final = 2  # one seen in a mirror may be taken for another one, as it is
MOST_SPECKS: Final = 60  # more is writing that fell to pieces, or a page to be looked at anyway


def is_blank(scan: ScannedPage) -> bool:
    """Whether nobody wrote and nobody printed on this page.

    Edges of the sheet, shadows and dark background touch the border of the scan and do
    not count, nor does a streak that runs from border to border.
    """
    rows = scan.grey[:: max(1, scan.grey.shape[0] // 64)]
    some = np.sort(rows[:, ::8], axis=None, kind="stable")  # which counts bytes
    paper = float(some[len(some) * 3 // 4])
    if paper < LEAST_PAPER:
        return False
    dark = rows < int(0.6 * paper)
    if np.count_nonzero(dark[:, 1:] != dark[:, :-1]) > PRINTED_CHANGES * len(rows):
        return False
    small, px_per_mm = _reduced(scan)
    side = 2 * round(STROKE_MM * px_per_mm / 2) + 1
    around = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    darker = cv2.subtract(around, small)
    stroke = darker > STROKE_CONTRAST * paper
    blot = small < (1 - BLOT_CONTRAST) * paper
    ink = (stroke | blot).astype(np.uint8)
    shapes, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    specks = 0
    for shape in shapes:
        if _is_of_the_edge(shape, small.shape, px_per_mm):
            continue
        _, _, width, height = cv2.boundingRect(shape)
        specks += 1
        if max(width, height) >= LEAST_EXTENT_MM * px_per_mm or specks > MOST_SPECKS:
            return False
    if specks and _has_pale_stroke(darker > PALE_CONTRAST * paper, stroke, px_per_mm):
        return False
    return not _has_traces(small, px_per_mm)


def _has_pale_stroke(pale: NDArray[np.bool_], stroke: NDArray[np.bool_], px_per_mm: float) -> bool:
    """Whether something long enough that is no edge of the sheet is a stroke where it is darkest."""
    shapes, _ = cv2.findContours(pale.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for shape in shapes:
        left, top, width, height = cv2.boundingRect(shape)
        if max(width, height) < LEAST_PALE_MM * px_per_mm or _is_of_the_edge(shape, pale.shape, px_per_mm):
            continue
        inside = np.zeros((height, width), np.uint8)
        cv2.drawContours(inside, [shape], 0, 1, cv2.FILLED, offset=(-left, -top))
        if np.any(stroke[top : top + height, left : left + width] & (inside > 0)):
            return True
    return False


def _is_of_the_edge(shape: MatLike, page: tuple[int, ...], px_per_mm: float) -> bool:
    """Whether a shape touches the scan's border, or is a line beside it and along it, or around a corner."""
    left, top, width, height = cv2.boundingRect(shape)
    right, bottom = page[1] - left - width, page[0] - top - height
    if min(left, top, right, bottom) <= 0:
        return True
    near, thin = EDGE_MM * px_per_mm, EDGE_LINE_MM * px_per_mm
    if min(left, right) + width <= near and width <= thin:
        return True
    if min(top, bottom) + height <= near and height <= thin:
        return True
    if min(width, height) <= near:
        return False
    x, y = shape[:, 0, 0], shape[:, 0, 1]
    off = np.minimum(np.minimum(x, page[1] - 1 - x), np.minimum(y, page[0] - 1 - y))
    around = cv2.arcLength(shape, closed=True)  # of a line, twice its length
    return bool(off.max() <= near and 2 * cv2.contourArea(shape) <= thin * around)


def is_pale(scan: ScannedPage) -> bool:
    """Return whether a slip is there, so faint that it cannot be read."""
    shown, through = _markers_at_any_level(*_reduced(scan))
    return shown >= LEAST_MARKERS and shown > through


def _has_traces(small: Grey, px_per_mm: float) -> bool:
    """Return whether a form or writing is there, too faint for strokes; not what shows through the sheet."""
    shown, through = _markers_at_any_level(small, px_per_mm)
    if shown != through and max(shown, through) >= LEAST_MARKERS:
        return shown > through
    around = 2 * round(PAPER_MM * px_per_mm / 2) + 1
    darker = cv2.blur(small, (around, around)).astype(np.float32) - small
    grain = 1.48 * float(np.median(np.abs(darker - np.median(darker))))
    traces = (darker > max(TRACE_SIGMAS * grain, LEAST_TRACE)).astype(np.uint8)
    shapes, _ = cv2.findContours(traces, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    long = [shape for shape in shapes if max(cv2.boundingRect(shape)[2:]) >= LEAST_EXTENT_MM * px_per_mm]
    inside = [shape for shape in long if not _is_of_the_edge(shape, small.shape, px_per_mm)]
    return len(inside) > MOST_TRACES


def _markers_at_any_level(small: Grey, px_per_mm: float) -> tuple[int, int]:
    """Return how many of our markers are there however faint: upright, and in a mirror."""
    around = 2 * round(SHADE_MM * px_per_mm / 2) + 1
    found = [(0, 0)]
    for soft_mm in SOFT_MM:
        soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), soft_mm * px_per_mm)
        darker = cv2.blur(soft, (around, around)) - soft
        strength = max(float(np.percentile(darker, 98.0)), LEAST_MARKER)
        clear = np.asarray(np.clip(200 - 200 * darker / strength, 0, 255), np.uint8)
        mirrored = np.ascontiguousarray(clear[:, ::-1])
        found.append((markers_seen(clear, exact=False), markers_seen(mirrored, exact=False)))
    return max(one for one, _ in found), max(other for _, other in found)


def _reduced(scan: ScannedPage) -> tuple[Grey, float]:
    """Return the page at about `WORK_PX_PER_MM`, its noise smoothed, and the px per mm it has then."""
    px_per_mm = scan.dpi / MM_PER_INCH if scan.dpi else max(scan.grey.shape) / FRAMES["A5"].height_mm
    factor = max(1, round(px_per_mm / WORK_PX_PER_MM))
    height, width = scan.grey.shape
    small = cv2.resize(scan.grey, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(small, (3, 3)), np.uint8), px_per_mm / factor
