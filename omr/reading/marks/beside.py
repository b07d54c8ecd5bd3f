"""Ink beside the boxes of questions that seem unanswered: wide rings, crossed-out words, marks astray.

Boxes are judged by what is in and right around them. Where that is nothing, the paper around
the boxes is compared with what the form prints there: other ink was put there by somebody,
and a person looks. Questions with a mark are left alone, so most slips cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from omr.forms.fonts import MM_PER_PT, font_file
from omr.forms.template import BOX_MM, OUTLINE_MM, Form, TextLine
from omr.geometry import Affine, Box, apply
from omr.reading.marks.measure import F, MarkReading
from omr.reading.scan.pages import Grey

PX_PER_MM: Final = 6.0  # 150 dpi: a pen's line is 2 px wide
PRINT_MARGIN_MM: Final = 0.34  # around print: toner, the scanner's blur, and what the map is off
CLOSE_MM: Final = 0.2  # the same for ink as dark as a pen's
INK_CONTRAST: Final = 0.2  # of the paper's brightness: a hard pencil's line has 0.25 and more
PEN_CONTRAST: Final = 0.5  # a ballpoint's line; the white between letters stays below
RUN_CONTRAST: Final = 0.25  # of a line through letters
PAPER_MM: Final = 3.0  # wider than any stroke: the brightest within it is paper
LEAST_INK_MM2: Final = 0.3  # a line of 1 mm by a fine pen; specks are smaller
RUN_MM: Final = 3.5  # straight through print, as no letter runs: a word crossed out or underlined
LEANS_MM: Final = (-0.5, -0.25, 0.0, 0.25, 0.5)  # by which such a line may rise over its length
# What belongs to a box: so far to the left, up to the next box, and half way to the next row.
LEFT_MM: Final = 6.0
ROW_MM: Final = 5.0
NEXT_MM: Final = 1.0
# Ink that hangs together with a mark is its tail, as far as tails reach from the middle of a box.
TAIL_MM: Final = 8.0

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Print:
    """Where a form's print may be, at `PX_PER_MM`, and what belongs to each box."""

    letters: Mask
    close: Mask  # the same, but closer to the letters: where only a pen is that dark
    lines: Mask  # rules, drawings and codes
    outlines: Mask  # of the boxes
    zones: tuple[tuple[slice, slice], ...]  # (rows, columns) of each box, in the form's order


def look_beside(
    grey: Grey, scan_from_page: Affine, form: Form, marks: Sequence[MarkReading], held: Collection[str]
) -> tuple[MarkReading, ...]:
    """Measure the ink beside the boxes of questions without a mark.

    Parameters
    ----------
    grey : (H, W) uint8 ndarray
        The scan.
    scan_from_page : (2, 3) float64 ndarray
    form : Form
        As it was printed.
    marks : sequence of MarkReading
        Of all boxes, in the form's order.
    held : collection of str
        Questions of which a box holds something: they are left alone.

    Returns
    -------
    tuple of MarkReading
        The same; ``beside`` says how far the longest piece of ink extends, in box sides.
    """
    asked = [i for i, mark in enumerate(marks) if mark.question not in held]
    if not asked:
        return tuple(marks)
    sheet = _print_of(form)
    boxes = [option.box for question in form.questions for option in question.options]
    # The map as a whole, moved to where the boxes were found: rows shift in the feeder.
    middles = apply(scan_from_page, np.array([box.centre_mm for box in boxes]))
    off = np.array([mark.corners_px.mean(axis=0) for mark in marks]) - middles
    map_ = scan_from_page.copy()
    map_[:, 2] += np.median(off[asked], axis=0)
    band = _band([sheet.zones[i] for i in asked], len(sheet.letters))
    strange = _strange(_darkness(grey, map_, band, sheet.letters.shape[1]), sheet, band)
    for box, mark in zip(boxes, marks, strict=True):
        if mark.question in held and mark.features[F["ink"]] > 0:
            _take_away(strange, box, band.start)
    strange[sheet.outlines[band]] = 0
    out = list(marks)
    for i in asked:
        rows, columns = sheet.zones[i]
        zone = strange[rows.start - band.start : rows.stop - band.start, columns]
        features = list(marks[i].features)
        features[F["beside"]] = float(np.float32(_longest_mm(zone) / BOX_MM))
        out[i] = replace(marks[i], features=tuple(features))
    return tuple(out)


def _band(zones: Sequence[tuple[slice, slice]], height: int) -> slice:
    """Return the rows of the page to look at: those of the zones, and where tails into them begin."""
    reach = round(TAIL_MM * PX_PER_MM)
    first, last = min(rows.start for rows, _ in zones), max(rows.stop for rows, _ in zones)
    return slice(max(first - reach, 0), min(last + reach, height))


def _darkness(grey: Grey, map_: Affine, band: slice, width: int) -> NDArray[np.float32]:
    """Return a band of the page upright at `PX_PER_MM`: 0 is the paper around, 1 would be black."""
    linear = map_[:, :2] / PX_PER_MM
    scan_from_picture = np.column_stack([linear, map_[:, 2] + linear @ (0.5, band.start + 0.5)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = width, band.stop - band.start
    page = cv2.warpAffine(grey, scan_from_picture, size, flags=flags, borderValue=255)
    side = round(PAPER_MM * PX_PER_MM)
    paper = cv2.blur(cv2.dilate(page, np.ones((side, side), np.uint8)), (2 * side + 1, 2 * side + 1))
    return np.asarray(1 - page.astype(np.float32) / np.maximum(paper, 1).astype(np.float32))


def _strange(darkness: NDArray[np.float32], sheet: _Print, band: slice) -> NDArray[np.uint8]:
    """Find ink that is not print, box outlines apart: they hold a mark and its tail together."""
    letters, lines, outlines = (mask[band] for mask in (sheet.letters, sheet.lines, sheet.outlines))
    strange = (darkness > INK_CONTRAST) & ~(letters | lines)
    strange |= (darkness > PEN_CONTRAST) & ~(sheet.close[band] | lines)
    pen = ((darkness > RUN_CONTRAST) & ~(lines | outlines)).astype(np.uint8)
    runs = np.zeros_like(pen)
    for lean in LEANS_MM:
        height, width = round(abs(lean) * PX_PER_MM) + 1, round(RUN_MM * PX_PER_MM)
        line = np.zeros((height, width), np.uint8)
        ends = (0, 0 if lean >= 0 else height - 1), (width - 1, height - 1 if lean >= 0 else 0)
        cv2.line(line, *ends, 1)
        runs = np.maximum(runs, np.asarray(cv2.morphologyEx(pen, cv2.MORPH_OPEN, line), np.uint8))
    return np.maximum(strange.astype(np.uint8), runs)


def _take_away(strange: NDArray[np.uint8], box: Box, first: int) -> None:
    """Take away the mark of a box and what hangs together with it nearby; `first` is the band's first row."""
    x, y = (round(at * PX_PER_MM) for at in box.centre_mm)
    reach, half = round(TAIL_MM * PX_PER_MM), round(box.width_mm / 2 * PX_PER_MM)
    y -= first
    if not -half < y < len(strange) + half:
        return
    part = strange[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
    top, left = min(y, reach), min(x, reach)
    whole = part.copy()
    whole[max(top - half, 0) : top + half + 1, max(left - half, 0) : left + half + 1] = 1
    _, pieces = cv2.connectedComponents(whole, connectivity=8)
    middle = min(max(top, 0), len(part) - 1), left
    part[pieces == pieces[middle]] = 0


def _longest_mm(zone: NDArray[np.uint8]) -> float:
    """Return how far the longest piece of ink extends."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(zone, connectivity=8)
    pieces = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= LEAST_INK_MM2 * PX_PER_MM**2]
    extents = np.hypot(pieces[:, cv2.CC_STAT_WIDTH], pieces[:, cv2.CC_STAT_HEIGHT])
    return float(extents.max(initial=0.0)) / PX_PER_MM


@lru_cache(maxsize=16)
def _print_of(form: Form) -> _Print:
    """Draw a form's print once."""
    frame = form.frame
    size = round(frame.width_mm * PX_PER_MM), round(frame.height_mm * PX_PER_MM)
    letters, lines, outlines = (Image.new("L", size, 0) for _ in range(3))
    margin = 2 * PRINT_MARGIN_MM
    for piece in form.art:
        if isinstance(piece, TextLine):
            _write(letters, piece)
            continue
        points = [(x * PX_PER_MM, y * PX_PER_MM) for x, y in piece.points]
        if piece.filled:
            ImageDraw.Draw(lines).polygon(points, fill=255)
        closed = points + points[: int(piece.closed)]
        ImageDraw.Draw(lines).line(closed, 255, round((piece.width_mm + margin) * PX_PER_MM), "curve")
    boxes = [option.box for question in form.questions for option in question.options]
    for box in boxes:
        outer = tuple((box.grown(PRINT_MARGIN_MM).corners_mm[::2] * PX_PER_MM).ravel())
        width = round((OUTLINE_MM + margin) * PX_PER_MM)
        ImageDraw.Draw(outlines).rectangle(outer, outline=255, width=width)
    codes = [fiducial.box for fiducial in frame.fiducials]
    codes += [*frame.carriers.values(), *([form.electronic.box] if form.electronic else [])]
    for box in codes:
        outer = tuple((box.grown(PRINT_MARGIN_MM).corners_mm[::2] * PX_PER_MM).ravel())
        ImageDraw.Draw(lines).rectangle(outer, fill=255)
    for line in form.electronic.caption if form.electronic else ():
        _write(letters, line)
    far, near = (
        cv2.dilate((np.asarray(letters) > 64).astype(np.uint8), np.ones((side, side), np.uint8)) > 0
        for side in (2 * round(mm * PX_PER_MM) + 1 for mm in (PRINT_MARGIN_MM, CLOSE_MM))
    )
    zones = tuple(_zone(box, boxes, frame.ladder.x_mm) for box in boxes)
    return _Print(far, near, np.asarray(lines) > 0, np.asarray(outlines) > 0, zones)


def _write(picture: Image.Image, line: TextLine) -> None:
    face = ImageFont.truetype(str(font_file(line.font)), line.size_pt * MM_PER_PT * PX_PER_MM)
    place = line.x_mm * PX_PER_MM, line.y_mm * PX_PER_MM
    ImageDraw.Draw(picture).text(place, line.text, font=face, fill=255, anchor="ls")


def _zone(box: Box, boxes: Sequence[Box], right_mm: float) -> tuple[slice, slice]:
    """Return the rows and columns of what belongs to a box."""
    x, y = box.centre_mm
    rows = [other.centre_mm[1] - y for other in boxes]
    below = min([row / 2 for row in rows if row > box.height_mm], default=ROW_MM)
    above = min([-row / 2 for row in rows if row < -box.height_mm], default=ROW_MM)
    same = [other.x_mm for other, row in zip(boxes, rows, strict=True) if abs(row) <= box.height_mm / 2]
    right = min([other - NEXT_MM for other in same if other > x], default=right_mm - NEXT_MM)
    edges = y - min(above, ROW_MM), y + min(below, ROW_MM), box.x_mm - LEFT_MM, right
    top, bottom, left, right_px = (max(0, round(edge * PX_PER_MM)) for edge in edges)
    return slice(top, bottom), slice(left, right_px)
