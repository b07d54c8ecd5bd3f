"""Measure every box: pixels -> numbers. Measurement only, never a verdict.

All boxes of a page are measured together, because what a box looks like without a mark is
learned from the other boxes (`blanks`). Lengths are in box sides, areas in shares of the
box's inside, darkness from 0 (this page's paper) to 1 (this page's print): the numbers of a
150 dpi photocopy and a 600 dpi colour scan mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import Points
from omr.reading.blanks import References, references
from omr.reading.outline import Outline, find_outline
from omr.reading.patches import (
    BLACK,
    GAP,
    MARGIN,
    PATCH,
    SIDE,
    Floats,
    Mask,
    Patches,
    Quads,
    capped,
    cut,
    density,
    levels,
    shades,
    sizes,
    stacked,
    subquads,
    sums,
    tones,
    unstacked,
    usable,
)
from omr.reading.snap import emptier, median_picture, snap

if TYPE_CHECKING:  # what decides and reports needs no decoders
    from omr.reading.pages import Grey


@dataclass(frozen=True, slots=True, eq=False)
class MarkReading:
    """What was measured in one box."""

    question: str
    option: str
    corners_px: Points  # (4, 2) of the box where its outline was found, clockwise from the top left
    features: tuple[float, ...]  # in the order of `FEATURES`


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
)
F: Final = {name: i for i, name in enumerate(FEATURES)}

# Steps of ink beyond print above which a pixel is ink: above paper grain and show-through.
INK: Final = round(0.25 * BLACK)
PEN_LINE: Final = 5  # px of a patch: 0.7 mm of a 4.5 mm box, wider than a ballpoint line
FELT_LINE: Final = 9  # px: 1.3 mm, wider than a felt pen's line
UNDER_PRINT: Final = 7  # px of a patch: wider than a printed line with its blurred edges
SECTORS: Final = 12
MOST_ROUND: Final = 0.75  # from which it is worth asking whether it is strokes that go round a box
RUNS_OUT: Final = 0.25  # share of a stroke's pixels on the patch's edge
_RIM: Final = ~np.pad(np.ones((PATCH - 2, PATCH - 2), np.bool_), 1).ravel()  # the patch's outermost pixels
PIXELS: Final = PATCH * PATCH
SPECK: Final = 9  # px: 0.18 mm² of a 4.5 mm box
ABSENT: Final = np.uint8(round(0.2 * BLACK))  # steps that the same print may be paler, from box to box
SAME_SIZE: Final = 1.2  # boxes whose sides differ by less are one kind
FULL_SUPPORT: Final = 20  # empty boxes after which more say nothing new
SEARCH: Final = 0.5  # box sides a box may be off its stated place
REFINE: Final = 0.125  # box sides it may still be off once the outline is known
MOST_EXAMPLES: Final = 24  # boxes whose median is the common picture; more say nothing new
PAPER_SAMPLES: Final = 64  # px along the shorter side of where the boxes are, to see its paper


def measure(
    grey: Grey, corners_px: Quads, groups: Sequence[str] | None = None, *, search: float = SEARCH
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
    counts = levels(patches)
    page = tones(counts)
    tables = shades(counts, page)
    for kind in _kinds(sizes(quads[good])):
        members = good[kind]
        names = [groups[i] for i in members.tolist()] if groups else [""] * len(members)
        sheet = _Sheet(grey, paper, tables[kind], names)
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
        ratio = boxes[left] / np.median(boxes[left], axis=0)
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


def _paper(grey: Grey, quads: Quads) -> float:
    """Return the grey level of the paper around the boxes."""
    height, width = grey.shape
    left, top = np.floor(quads.min(axis=(0, 1))).clip(0, [width - 1, height - 1]).astype(int)
    right, bottom = np.ceil(quads.max(axis=(0, 1))).clip([left + 1, top + 1], None).astype(int)
    part = grey[top:bottom, left:right]
    step = max(1, min(part.shape) // PAPER_SAMPLES)
    return float(np.percentile(part[::step, ::step], 85))


def _measure_kind(sheet: _Sheet, quads: Quads, patches: Patches, search: float) -> Floats:
    """Measure boxes of one size: find them, find their outline, cut to it, compare.

    Boxes whose printed outline is where it is stated, to within `REFINE`, are found at once.
    """
    patches, shifts, match = sheet.snapped(quads, patches, search)
    empties = emptier(patches, sheet.groups)
    kind = find_outline(median_picture(_some(patches[empties])))
    if kind.found and search > REFINE:
        left, top, right, bottom = kind.bounds
        fitted = _moved(quads, shifts, kind.bounds)
        shifts = shifts + np.array([(left + right - 1) / 2, (top + bottom - 1) / 2])
        patches, more, match = sheet.snapped(fitted, sheet.cut(fitted), REFINE)
        shifts += more * np.array([right - left, bottom - top])
        empties = emptier(patches, sheet.groups)
        kind = find_outline(median_picture(_some(patches[empties])))
    blanks = references(patches, empties, sheet.groups, kind)
    beyond = _written(patches, blanks.pictures)
    features = np.zeros((len(quads), len(FEATURES)))
    _inside(features, patches, blanks, beyond, kind)
    _strokes(features, patches, beyond, kind)
    features[:, F["missing"]] = _missing(patches, blanks.pictures, kind.shape)
    features[:, F["match"]] = match
    features[:, F["support"]] = np.minimum(blanks.support / FULL_SUPPORT, 1.0)
    features[:, F["paper"]] = _paper_ink(patches)
    features[:, F["shift_x"] : F["shift_y"] + 1] = shifts
    features[:, F["found"]] = kind.found
    features[:, F["usable"]] = 1.0
    return features


def _paper_ink(patches: Patches) -> Floats:
    """How dark the paper of each box is: that of its brightest third."""
    few = np.sort(patches[:, ::4, ::4].reshape(len(patches), -1), axis=1)
    return few[:, few.shape[1] * 3 // 10] / BLACK


def _some(patches: Patches) -> Patches:
    """Return evenly spread patches, as many as say all there is to say about the common picture."""
    return patches[:: -(-len(patches) // MOST_EXAMPLES)]


def _moved(quads: Quads, shifts: Floats, edges: tuple[float, float, float, float]) -> Quads:
    left, top, right, bottom = edges
    x, y = shifts.T
    return subquads(quads, left + x, top + y, right + x, bottom + y)


def _written(patches: Patches, blanks: Patches) -> Patches:
    """Find what was written: ink that the blank does not explain, and what lies under its print.

    Ink over a printed letter cannot be seen there, but beside the letter it can: print is
    painted over with the mean of the free pixels around it.
    """
    print_ = cv2.dilate(stacked(blanks), np.ones((3, 3), np.uint8))  # scanners move edges by about a pixel
    paper = (print_ <= INK).astype(np.uint8)
    paper.reshape(-1, PATCH + GAP, PATCH)[:, PATCH:] = 0  # what lies between patches is none
    tall = stacked(patches)
    beyond = cv2.subtract(tall, print_)
    ink, free = (_around(pixels) for pixels in (beyond * paper, paper))
    under = np.minimum((ink / np.maximum(free, 1.0)).astype(np.uint8), tall)
    under[paper > 0] = 0
    return np.ascontiguousarray(unstacked(np.maximum(beyond, under)))


def _around(tall: NDArray[Any]) -> NDArray[np.float32]:
    """Sum up the pixels around each one, none beyond the picture."""
    near = UNDER_PRINT, UNDER_PRINT
    around = cv2.boxFilter(tall, cv2.CV_32F, near, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(around, np.float32)


def _inside(features: Floats, patches: Patches, blanks: References, beyond: Patches, kind: Outline) -> None:
    """Fill in the features that are plain shares and means."""
    inside, shape = kind.inside, kind.shape
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    core = depth > 0.5 * depth.max()
    around = cv2.dilate(shape.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(np.bool_) & ~shape
    written = sums(capped(beyond), inside, core, around)
    written /= BLACK * np.array([inside.sum(), core.sum(), around.sum()])
    raw, blank = (
        sums(capped(pictures), inside)[:, 0] / (BLACK * inside.sum())
        for pictures in (patches, blanks.pictures)
    )
    features[:, F["ink"]] = sums(beyond > INK, inside)[:, 0] / inside.sum()
    features[:, F["mass"]] = written[:, 0]
    features[:, F["raw"]] = raw
    # Not pixel by pixel: a letter that lies half a pixel off cancels out in the mean.
    blank = np.minimum(blank, blanks.most)  # two marks alike are not print
    features[:, F["gain"]] = (raw - blank) / np.maximum(1.0 - blank, 0.3)
    features[:, F["core"]] = written[:, 1]
    features[:, F["ring"]] = written[:, 2]


def _strokes(features: Floats, patches: Patches, beyond: Patches, kind: Outline) -> None:
    """Fill in the features that need connected pieces of ink.

    All pixels of ink are handled together, each with its box, its place in the patch and the
    piece of ink that it belongs to; pieces are numbered over all boxes.
    """
    count, inside, area = len(patches), kind.inside, int(kind.inside.sum())
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    is_ink = beyond > INK
    pixels = np.flatnonzero(is_ink)
    box, place = pixels // PIXELS, pixels % PIXELS
    inks = is_ink.astype(np.uint8)
    pieces, labels = cv2.connectedComponents(stacked(inks), connectivity=8)
    piece = labels.reshape(count, -1)[box, place]  # stacked patches do not touch
    areas = np.bincount(piece, minlength=pieces)
    features[:, F["around"]] = _goes_round(box, place, piece, areas, kind.shape, count)

    is_inside = inside.ravel()[place]
    box, place, piece = box[is_inside], place[is_inside], piece[is_inside]
    inked = np.unique(box)
    if not len(inked):
        return
    features[inked, F["through"]] = _longest_run(inks[inked], rows, columns)
    # Letters are thinner than either pen: here the print may stay in.
    blacks = stacked((patches[inked] > INK).astype(np.uint8))
    for name, width in (("solid", PEN_LINE), ("heavy", FELT_LINE)):
        opened = cv2.morphologyEx(blacks, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
        features[inked, F[name]] = sums(unstacked(opened), inside)[:, 0] / area

    within = np.bincount(piece, minlength=pieces)
    box_of = np.zeros(pieces, np.intp)
    box_of[piece] = box

    def by_box(which: NDArray[np.bool_], values: NDArray[np.int64]) -> Floats:
        return np.asarray(np.bincount(box_of[which], values[which], count)[inked], np.float64)

    features[inked, F["specks"]] = by_box((within > 0) & (areas < SPECK), within) / by_box(within > 0, within)
    strokes = (within > 0) & (areas >= SPECK)
    features[inked, F["share"]] = by_box(strokes, within) / np.maximum(by_box(strokes, areas), 1)
    is_stroke = strokes[piece]
    if not is_stroke.any():
        return
    box, place, piece = box[is_stroke], place[is_stroke], piece[is_stroke]
    # The largest piece of each box: sorted by size, the last one written stays.
    order = np.argsort(-within[strokes], kind="stable")[::-1]
    largest = np.zeros(count, np.intp)
    largest[box_of[strokes][order]] = np.flatnonzero(strokes)[order]
    main = piece == largest[box]
    row, column = np.divmod(place[main], PATCH)
    for name, at, span in (("width", column, len(columns)), ("height", row, len(rows))):
        first, last = np.full(count, PATCH), np.full(count, -1)
        np.minimum.at(first, box[main], at)
        np.maximum.at(last, box[main], at)
        features[:, F[name]] = np.maximum(last - first, 0) / max(span - 1, 1)
    sizes_of_cells, cell_of_pixel = _cells(inside, rows, columns)
    cells = len(sizes_of_cells)
    in_cells = np.bincount(box * cells + cell_of_pixel.ravel()[place], minlength=count * cells)
    features[:, F["spread"]] = (in_cells.reshape(count, cells) / sizes_of_cells > 0.08).mean(axis=1)

    starts = np.flatnonzero(np.diff(box, prepend=-1))  # pixels come box by box
    sizes_, at = np.diff(starts, append=len(box)), box[starts]
    towards = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    deep = towards.ravel()[place]
    deep = deep[np.lexsort((deep, box))]
    features[at, F["depth"]] = deep[starts + (sizes_ - 1) * 95 // 100] / towards.max()
    dark = beyond.reshape(count, -1)[box, place]
    upto = np.cumsum(np.append(0, dark[np.lexsort((dark, box))]), dtype=np.int64)
    quarter = np.maximum(sizes_ // 4, 1)
    stops = starts + sizes_
    features[at, F["dark"]] = (upto[stops] - upto[stops - quarter]) / (quarter * BLACK)


def _cells(
    inside: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Part the inside into nine cells: how many pixels each holds, and which cell each pixel is in."""
    down, across = np.zeros(len(inside), np.intp), np.zeros(len(inside), np.intp)
    for place, (part, other) in enumerate(
        zip(np.array_split(rows, 3), np.array_split(columns, 3), strict=True)
    ):
        down[part], across[other] = place, place
    cell_of_pixel = 3 * down[:, None] + across[None, :]
    sizes_of_cells = np.bincount(cell_of_pixel[inside], minlength=9)
    number = np.cumsum(sizes_of_cells > 0) - 1  # a cell without any pixel does not count
    return sizes_of_cells[sizes_of_cells > 0], number[cell_of_pixel]


def _sectors(shape: Mask) -> NDArray[np.intp]:
    """Directions from the middle of a shape, 0 to 11, outside it; -1 at and inside its line."""
    near = cv2.dilate(shape.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    rows, columns = np.indices(shape.shape)
    y, x = np.argwhere(shape).mean(axis=0)
    sectors = ((np.arctan2(rows - y, columns - x) / np.pi + 1) * SECTORS / 2).astype(np.intp) % SECTORS
    return np.where(near, -1, sectors)


def _goes_round(
    box: NDArray[np.intp],
    place: NDArray[np.intp],
    piece: NDArray[Any],
    areas: NDArray[np.int64],
    shape: Mask,
    count: int,
) -> Floats:
    """Share of the directions around each box in which strokes lie, (N,), from all pixels of ink.

    Table lines and shaded paper run out of the patch; a ring around the box hardly does.
    """
    sector = _sectors(shape).ravel()[place]

    def met(which: NDArray[np.bool_]) -> Floats:
        which = which & (sector >= 0)
        seen = np.bincount(box[which] * SECTORS + sector[which], minlength=count * SECTORS)
        return np.asarray((seen > 0).reshape(count, SECTORS).mean(axis=1))

    every = met(np.ones(len(box), np.bool_))
    if (every < MOST_ROUND).all():
        return every
    runs_out = np.bincount(piece[_RIM[place]], minlength=len(areas))
    strokes = (areas >= SPECK) & (runs_out <= RUNS_OUT * areas)
    return np.where(every < MOST_ROUND, every, met(strokes[piece]))


def _longest_run(inks: NDArray[np.uint8], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    """How much of the patch's height or width the straightest line through the inside inks, (N,)."""
    tall = stacked(inks)
    down = unstacked(cv2.dilate(tall, np.ones((1, 3), np.uint8))).sum(axis=1, dtype=np.uint16)
    across = unstacked(cv2.dilate(tall, np.ones((3, 1), np.uint8))).sum(axis=2, dtype=np.uint16)
    return np.asarray(
        np.maximum(down[:, columns].max(axis=1), across[:, rows].max(axis=1)) / PATCH, np.float64
    )


def _missing(patches: Patches, pictures: Patches, shape: Mask) -> Floats:
    """How much of a box's own print is not on the paper."""
    printed = capped(pictures).reshape(-1, PATCH)
    absent = cv2.subtract(printed, patches.reshape(-1, PATCH))
    absent = np.maximum(absent, ABSENT) - ABSENT
    lost, all_ = (sums(pixels.reshape(patches.shape), shape)[:, 0] for pixels in (absent, printed))
    return np.asarray(lost / np.maximum(all_, BLACK), np.float64)
