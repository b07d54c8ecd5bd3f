"""Measure boxes of any paper, whose print nobody knows: pixels -> numbers. Measurement only, never a verdict.

All boxes of a page are measured together, because what a box looks like without a mark is
learned from the other boxes (`blanks`). Lengths are in box sides, areas in shares of the
box's inside, darkness from 0 (this page's paper) to 1 (this page's print): the numbers of a
150 dpi photocopy and a 600 dpi colour scan mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.blanks import References, references
from omr.reading.papers.known import Laid, prints
from omr.reading.papers.outline import Outline, find_outline
from omr.reading.papers.patches import (
    BLACK,
    GAP,
    INK,
    MARGIN,
    PATCH,
    SIDE,
    Floats,
    Mask,
    Patches,
    Quads,
    at_rank,
    capped,
    cut,
    density,
    levels,
    median,
    one_by_one,
    percentiles,
    shades,
    side_by_side,
    sizes,
    subquads,
    sums,
    tones,
    usable,
)
from omr.reading.papers.snap import emptier, median_picture, snap
from omr.reading.papers.strokes import goes_round, measure_strokes

if TYPE_CHECKING:  # what decides and reports needs no decoders
    from omr.reading.scan.pages import Grey


FEATURES: Final = (
    "ink",  # share of the inside that is ink and not print
    "mass",  # mean darkness of the inside beyond print: pencil counts less than pen
    "raw",  # mean darkness of the inside, print included
    "gain",  # mean darkness of the inside over that of its blank, 1 would be all black
    "core",  # mean darkness beyond print of the inner half
    "ring",  # the same around the box, outside its outline
    "around",  # share of twelve directions around the box in which strokes lie
    "width",  # of the largest stroke, in widths of the inside
    "height",  # of the largest stroke, in heights of the inside
    "depth",  # how far from the outline towards the middle ink reaches, 1 is the middle
    "spread",  # share of nine cells of the inside with ink in them
    "solid",  # share of the inside covered by ink wider than a ballpoint line
    "heavy",  # share of the inside covered by ink wider than a felt pen line
    "share",  # of all strokes that touch the inside: how much of their ink lies inside
    "dark",  # darkness of the darkest stroke inside
    "specks",  # share of the ink inside that is dust: pieces smaller than a pen's point
    "through",  # part of the patch's height or width that one line through the inside inks: streak, fold
    "missing",  # share of the box's own print that is not there
    "match",  # correlation with the outline the page's boxes share
    "support",  # how many empty boxes of the page vouch for the blank, 0-1 (20 or more)
    "paper",  # paper darkness where the box lies, relative to the page's
    "shift_x",  # how far right of its stated place the box was found, in box widths
    "shift_y",  # how far below, in box heights
    "found",  # 1: an enclosing outline was seen; 0: the stated quad stands in
    "usable",  # 1: the box lies on the picture; all else is 0 where it does not
    "rim",  # mean darkness of the strip along the inside of the outline, print included
    "uneven",  # how much darker the darkest part of that strip is than its median part
    "beside",  # length of ink beside the box that is not print; 0 where nobody looked, see `beside`
    "letter",  # mean darkness of the blank's inside away from its outline; 1 where no empty box is known
)
F: Final = {name: i for i, name in enumerate(FEATURES)}

UNDER_PRINT: Final = 7  # px of a patch: wider than a printed line with its blurred edges
ABSENT: Final = round(0.2 * BLACK)  # steps that the same print may be paler, from box to box
AT_ONCE: Final = 22  # boxes whose pictures, sums and all, stay in a processor's cache
SAME_SIZE: Final = 1.2  # boxes whose sides differ by less are one kind
FULL_SUPPORT: Final = 20  # empty boxes after which more say nothing new
SEARCH: Final = 0.5  # box sides a box may be off its stated place
REFINE: Final = 0.125  # box sides it may still be off once the outline is known
MORE_PRINT: Final = 0.02  # of the inside that other sheets' print may have more: marks have four times that
MOST_EXAMPLES: Final = 24  # boxes whose median is the common picture; more say nothing new
PAPER_SAMPLES: Final = 64  # px along the shorter side of where the boxes are, to see its paper


def measure(
    grey: Grey,
    corners_px: Quads,
    groups: Sequence[str] | None = None,
    *,
    search: float = SEARCH,
    known: Sequence[Laid] = (),
) -> NDArray[np.float64]:
    """Measure all boxes of one page.

    Parameters
    ----------
    grey : (H, W) uint8 ndarray
        0 is black, 255 is white; 1-bit scans as 0 and 255.
    corners_px : (N, 4, 2) float64 ndarray
        Corners of each box in scan px, clockwise from its top left. The quad may be the
        printed outline or a cell around it.
    groups : sequence of str, optional
        Question of each box, "" where it has none: within a question most boxes are empty.
    search : float
        How far a box may be off, in box sides, at most half a box.
    known : sequence of Laid
        Other sheets of the form, laid on this page: then print is what they show, and not what
        the page's boxes have in common.

    Returns
    -------
    (N, F) float64 ndarray
        In the order of `FEATURES`, rounded to what 32 bits hold: half of what is kept of a slip.
        Boxes off the picture have 0 everywhere.
    """
    quads = np.asarray(corners_px, np.float64).reshape(-1, 4, 2)
    out = np.zeros((len(quads), len(FEATURES)))
    good = np.flatnonzero(usable(quads, grey.shape)) if grey.ndim == 2 and grey.size else np.empty(0, np.intp)
    if not len(good):
        return out
    paper = _paper(grey, quads[good])
    patches = cut(grey, quads[good], paper)
    upto = levels(patches)
    tables = shades(upto, tones(upto))
    for kind in _kinds(sizes(quads[good])):
        members = good[kind]
        names = [groups[i] for i in members.tolist()] if groups else [""] * len(members)
        others = [_sheet_of(laid.grey, laid.quads[members], names) for laid in known]
        sheet = _Sheet(grey, paper, tables[kind], names, quads[members], others)
        out[members] = _measure_kind(sheet, quads[members], density(patches[kind], tables[kind]), search)
    return out.astype(np.float32).astype(np.float64)


def found_at(corners_px: Quads, features: NDArray[np.float64]) -> Quads:
    """Return where the boxes were found: their stated quads moved by the measured shift."""
    x, y = features[:, F["shift_x"]], features[:, F["shift_y"]]
    return subquads(np.asarray(corners_px, np.float64), x, y, 1 + x, 1 + y)


def _kinds(boxes: Floats) -> list[NDArray[np.intp]]:
    """Group boxes of about the same width and height."""
    kinds: list[NDArray[np.intp]] = []
    left = np.arange(len(boxes))
    while len(left):
        ratio = boxes[left] / median(boxes[left])
        if not (same := (np.maximum(ratio, 1 / ratio) < SAME_SIZE).all(axis=1)).any():
            ratio = boxes[left] / boxes[left[0]]
            same = (np.maximum(ratio, 1 / ratio) < SAME_SIZE).all(axis=1)
        kinds.append(left[same])
        left = left[~same]
    return kinds


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """The page from which boxes of one size are cut."""

    grey: Grey
    paper: float  # grey level beyond the scan's edge
    shades: NDArray[np.uint8]  # (N, 256) what ink each grey level is, by box
    groups: Sequence[str]
    stated: Quads  # (N, 4, 2)
    others: Sequence[_Sheet] = ()  # the same boxes of other sheets of the form

    def cut(self, quads: Quads) -> Patches:
        return density(cut(self.grey, quads, self.paper), self.shades)

    def snapped(self, quads: Quads, patches: Patches, search: float) -> tuple[Patches, Floats, Floats]:
        """Find boxes in their patches and cut again where they are; shifts in box sides."""
        reach = min(MARGIN, round(search * SIDE))
        if len(quads) < 2 or reach < 1:
            return patches, np.zeros((len(quads), 2)), np.ones(len(quads))
        shifts, match = snap(patches, emptier(patches, self.groups), quads.mean(axis=1), reach)
        shifts /= SIDE
        if np.any(shifts):
            patches = self.cut(_moved(quads, shifts, (0, 0, 1, 1)))
        return patches, shifts, match


def _sheet_of(grey: Grey, quads: Quads, groups: Sequence[str]) -> _Sheet:
    """Return another sheet of the form as the page's boxes lie on it."""
    paper = _paper(grey, quads)
    upto = levels(cut(grey, quads, paper))
    return _Sheet(grey, paper, shades(upto, tones(upto)), groups, quads)


def _paper(grey: Grey, quads: Quads) -> float:
    """Return the grey level of the paper around the boxes."""
    height, width = grey.shape
    left, top = np.floor(quads.min(axis=(0, 1))).clip(0, [width - 1, height - 1]).astype(int)
    right, bottom = np.ceil(quads.max(axis=(0, 1))).clip([left + 1, top + 1], None).astype(int)
    part = grey[top:bottom, left:right]
    step = max(1, min(part.shape) // PAPER_SAMPLES)
    samples = np.ascontiguousarray(part[::step, ::step])
    return float(percentiles(levels(samples[None]), 85)[0])


def _measure_kind(sheet: _Sheet, quads: Quads, patches: Patches, search: float) -> Floats:
    """Measure boxes of one size: find them, find their outline, cut to it, compare.

    Boxes whose printed outline is where it is stated, to within `REFINE`, are found at once.
    """
    patches, shifts, match = sheet.snapped(quads, patches, search)
    empties = emptier(patches, sheet.groups)
    kind = find_outline(median_picture(_some(patches[empties])))
    span = np.ones(2)  # width and height of the boxes, in those stated
    if kind.found and search > REFINE:
        left, top, right, bottom = kind.bounds
        span = np.array([right - left, bottom - top])
        fitted = _moved(quads, shifts, kind.bounds)
        shifts = shifts + np.array([(left + right - 1) / 2, (top + bottom - 1) / 2])
        patches, more, match = sheet.snapped(fitted, sheet.cut(fitted), REFINE)
        shifts += more * span
        empties = emptier(patches, sheet.groups)
        kind = find_outline(median_picture(_some(patches[empties])))
    blanks = references(patches, empties, sheet.groups, kind)
    if sheet.others:
        there = [other.cut(_parts(other.stated, shifts, span)) for other in sheet.others]
        blanks = _as_known(blanks, prints(patches, there), kind)
    beyond = written(patches, blanks.pictures)
    features = np.zeros((len(quads), len(FEATURES)))
    columns = _shares(patches, blanks, beyond, kind)
    inked = np.flatnonzero(columns["ink"])  # most boxes hold no stroke to measure
    if len(inked):
        for name, values in measure_strokes(patches[inked], beyond[inked], kind).items():
            features[inked, F[name]] = values
    columns |= {
        "around": goes_round(beyond, kind),
        "missing": _missing(patches, blanks.pictures, kind.shape),
        "match": match,
        "support": np.minimum(blanks.support / FULL_SUPPORT, 1.0),
        "paper": _paper_ink(patches),
        "shift_x": shifts[:, 0],
        "shift_y": shifts[:, 1],
    }
    for name, values in columns.items():
        features[:, F[name]] = values
    features[:, F["found"]] = kind.found
    features[:, F["usable"]] = 1.0
    return features


def _parts(quads: Quads, shifts: Floats, span: Floats) -> Quads:
    """Return parts of quads: as large as `span`, their middles `shifts` beside those of the quads."""
    low, high = 0.5 + shifts - span / 2, 0.5 + shifts + span / 2
    return subquads(quads, *low.T, *high.T)


def _as_known(learned: References, shared: Patches, kind: Outline) -> References:
    """Take the print that other sheets show, where it is no more than what the page's empty boxes have.

    A box that nearly everybody marks is marked on all sheets: what they share there is no print.
    """
    area = BLACK * np.count_nonzero(kind.inside)
    ink, own = (sums(capped(pictures), kind.inside)[:, 0] / area for pictures in (shared, learned.pictures))
    # Print laid to half a pixel is a little fatter, in every box alike.
    known = ink - np.median(ink - own) <= learned.most + MORE_PRINT
    pictures = np.where(known[:, None, None], shared, learned.pictures)
    return References(pictures, learned.most, np.where(known, FULL_SUPPORT, learned.support))


def _paper_ink(patches: Patches) -> Floats:
    """How dark the paper of each box is: that of its brightest third."""
    few = np.ascontiguousarray(patches[:, ::4, ::4].reshape(len(patches), -1).T)
    return at_rank(few, len(few) * 3 // 10) / BLACK


def _some(patches: Patches) -> Patches:
    """Return evenly spread patches, as many as say all there is to say about the common picture."""
    return patches[:: -(-len(patches) // MOST_EXAMPLES)]


def _moved(quads: Quads, shifts: Floats, edges: tuple[float, float, float, float]) -> Quads:
    left, top, right, bottom = edges
    x, y = shifts.T
    return subquads(quads, left + x, top + y, right + x, bottom + y)


def written(patches: Patches, blanks: Patches) -> Patches:
    """Find what was written: ink that the blank does not explain, and what lies under its print.

    Ink over a printed letter cannot be seen there, but beside the letter it can: print is
    painted over with the mean of the free pixels around it.
    """
    found = np.empty_like(patches)
    for first in range(0, len(patches), AT_ONCE):
        few = np.s_[first : first + AT_ONCE]
        ink, blank = side_by_side(patches[few]), side_by_side(blanks[few])
        print_ = np.asarray(cv2.dilate(blank, np.ones((3, 3), np.uint8)), np.uint8)  # edges move by a pixel
        free = (print_ <= INK).view(np.uint8)
        free.reshape(PATCH, -1, PATCH + GAP)[:, :, PATCH:] = 0  # what lies between patches is no paper
        beyond = np.asarray(cv2.subtract(ink, print_), np.uint8)
        total, count = _around(beyond * free), _around(free)
        count += count == 0  # where there is no paper there is no ink on it, either
        under = cv2.min((total / count).astype(np.uint8), ink) * (1 - free)
        found[few] = one_by_one(cv2.max(beyond, under))
    return found


def _around(wide: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Sum up the pixels around each one, none beyond the picture."""
    near = UNDER_PRINT, UNDER_PRINT
    around = cv2.boxFilter(wide, cv2.CV_32F, near, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(around, np.float32)


def _shares(patches: Patches, blanks: References, beyond: Patches, kind: Outline) -> dict[str, Floats]:
    """Return the features that are plain shares and means, by name."""
    inside, core, middle, ring = kind.inside, kind.parts.core, kind.parts.middle, kind.parts.ring
    area = BLACK * np.count_nonzero(inside)
    mass, in_core, in_ring = sums(capped(beyond), inside, core, ring).T
    raw, *rim = sums(capped(patches), inside, *kind.parts.rim).T
    blank, letter = sums(capped(blanks.pictures), inside, middle).T
    blank /= area
    raw /= area
    (ink,) = sums((beyond > INK).view(np.uint8), inside).T
    # Not pixel by pixel: a letter that lies half a pixel off cancels out in the mean.
    blank = np.minimum(blank, blanks.most)  # two marks alike are not print
    return {
        "ink": ink / np.count_nonzero(inside),
        "mass": mass / area,
        "raw": raw,
        "rim": sum(rim) / (BLACK * max(sum(map(np.count_nonzero, kind.parts.rim)), 1)),
        "uneven": _unevenly(rim, kind.parts.rim),
        "gain": (raw - blank) / np.maximum(1.0 - blank, 0.3),
        "core": in_core / (BLACK * np.count_nonzero(core)),
        "ring": in_ring / (BLACK * np.count_nonzero(ring)),
        "letter": np.where(blanks.support > 0, letter / (BLACK * max(int(np.count_nonzero(middle)), 1)), 1.0),
    }


def _unevenly(inks: Sequence[Floats], parts: Sequence[Mask]) -> Floats:
    """By how much the darkest part is darker than the median one, (N,): strokes are dark here and there."""
    if not parts:
        return np.zeros(1)
    sizes_of = [BLACK * np.count_nonzero(part) for part in parts]
    means = np.stack([ink / size for ink, size in zip(inks, sizes_of, strict=True)])
    return np.asarray(means.max(axis=0) - np.median(means, axis=0))


def _missing(patches: Patches, pictures: Patches, shape: Mask) -> Floats:
    """How much of a box's own print is not on the paper."""
    printed = capped(pictures)
    absent = cv2.subtract(printed.reshape(-1, PATCH), patches.reshape(-1, PATCH))
    absent = cv2.subtract(absent, np.full_like(absent, ABSENT))
    (lost,) = sums(np.asarray(absent, np.uint8).reshape(patches.shape), shape).T
    (every,) = sums(printed, shape).T
    return np.asarray(lost / np.maximum(every, BLACK), np.float64)
