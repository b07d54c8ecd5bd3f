"""Measure every box: pixels -> numbers. Measurement only, never a verdict.

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

from omr.geometry import Points
from omr.reading.blanks import References, references
from omr.reading.outline import Mask, Outline, find_outline
from omr.reading.patches import (
    MARGIN,
    SIDE,
    Floats,
    Patches,
    Quads,
    Tones,
    cut,
    density,
    sizes,
    subquads,
    tones,
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

INK: Final = 0.25  # darkness beyond print from which a pixel is ink: above paper grain and show-through
PEN_LINE: Final = 5  # px of a patch: 0.7 mm of a 4.5 mm box, wider than a ballpoint line
FELT_LINE: Final = 9  # px: 1.3 mm, wider than a felt pen's line
UNDER_PRINT: Final = 7  # px of a patch: wider than a printed line with its blurred edges
SECTORS: Final = 12
MOST_ROUND: Final = 0.75  # from which it is worth asking whether it is strokes that go round a box
RUNS_OUT: Final = 0.25  # share of a stroke's pixels on the patch's edge
SPECK: Final = 9  # px: 0.18 mm² of a 4.5 mm box
SAME_SIZE: Final = 1.2  # boxes whose sides differ by less are one kind
FULL_SUPPORT: Final = 20  # empty boxes after which more say nothing new
SEARCH: Final = 0.5  # box sides a box may be off its stated place
REFINE: Final = 0.125  # box sides it may still be off once the outline is known


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
        In the order of `FEATURES`. Boxes off the picture have 0 everywhere.
    """
    quads = np.asarray(corners_px, np.float64).reshape(-1, 4, 2)
    out = np.zeros((len(quads), len(FEATURES)))
    good = np.flatnonzero(usable(quads, grey.shape)) if grey.ndim == 2 and grey.size else np.empty(0, np.intp)
    if not len(good):
        return out
    page = tones(cut(grey, quads[good], 255.0))
    for kind in _kinds(sizes(quads[good])):
        members = good[kind]
        names = [groups[i] for i in members.tolist()] if groups else [""] * len(members)
        out[members] = _measure_kind(grey, quads[members], names, page, search)
    return out


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


def _measure_kind(
    grey: Grey, quads: Quads, groups: Sequence[str], page: Tones, search: float
) -> NDArray[np.float64]:
    """Measure boxes of one size: find them, find their outline, cut again to it, compare."""
    patches, shifts, match = _snapped(grey, quads, groups, page, search)
    empties = emptier(patches, groups)
    kind = find_outline(median_picture(patches[empties]))
    if kind.found:
        left, top, right, bottom = kind.bounds
        fitted = _moved(quads, shifts, kind.bounds)
        patches, more, match = _snapped(grey, fitted, groups, page, min(search, REFINE))
        empties = emptier(patches, groups)
        kind = find_outline(median_picture(patches[empties]))
        shifts = shifts + np.array([(left + right - 1) / 2, (top + bottom - 1) / 2])
        shifts += more * np.array([right - left, bottom - top])
    blanks = references(patches, empties, groups, kind)
    beyond = _written(patches, blanks.pictures)
    features = np.zeros((len(quads), len(FEATURES)))
    _inside(features, np.minimum(patches, 1.0), blanks, beyond, kind)
    _strokes(features, patches, beyond, kind)
    features[:, F["missing"]] = _missing(patches, blanks.pictures, kind.shape)
    features[:, F["match"]] = match
    features[:, F["support"]] = np.minimum(blanks.support / FULL_SUPPORT, 1.0)
    features[:, F["paper"]] = np.percentile(patches[:, ::2, ::2].reshape(len(patches), -1), 30, axis=1)
    features[:, F["shift_x"] : F["shift_y"] + 1] = shifts
    features[:, F["found"]] = kind.found
    features[:, F["usable"]] = 1.0
    return features


def _moved(quads: Quads, shifts: Floats, edges: tuple[float, float, float, float]) -> Quads:
    left, top, right, bottom = edges
    x, y = shifts.T
    return subquads(quads, left + x, top + y, right + x, bottom + y)


def _snapped(
    grey: Grey, quads: Quads, groups: Sequence[str], page: Tones, search: float
) -> tuple[Patches, Floats, Floats]:
    """Cut patches, find the boxes in them, and cut again where they are; shifts in box sides."""
    patches = density(cut(grey, quads, page.white), page)
    reach = min(MARGIN, round(search * SIDE))
    if len(quads) < 2 or reach < 1:
        return patches, np.zeros((len(quads), 2)), np.ones(len(quads))
    shifts, match = snap(patches, emptier(patches, groups), quads.mean(axis=1), reach)
    shifts /= SIDE
    if np.any(shifts):
        patches = density(cut(grey, _moved(quads, shifts, (0, 0, 1, 1)), page.white), page)
    return patches, shifts, match


def _written(patches: Patches, blanks: Patches) -> Patches:
    """Find what was written: ink that the blank does not explain, and what lies under its print.

    Ink over a printed letter cannot be seen there, but beside the letter it can: print is
    painted over with the mean of the free pixels around it.
    """
    thick = np.ones((3, 3), np.uint8)  # scanners move edges by about a pixel
    out = np.empty_like(patches)
    for print_, blank in zip(out, blanks, strict=True):
        cv2.dilate(blank, thick, dst=print_)
    free = out < INK
    beyond = np.maximum(patches - out, 0.0)
    weight, under = free.astype(np.float32), beyond * free
    near = UNDER_PRINT, UNDER_PRINT
    for here, there in zip(weight, under, strict=True):
        cv2.blur(here, near, dst=here)
        cv2.blur(there, near, dst=there)
    under /= np.maximum(weight, 1e-3)
    return np.asarray(np.where(free, beyond, np.maximum(beyond, np.minimum(under, patches))), np.float32)


def _inside(features: Floats, patches: Patches, blanks: References, beyond: Patches, kind: Outline) -> None:
    """Fill in the features that are plain shares and means."""
    inside, shape = kind.inside, kind.shape
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    core = depth > 0.5 * depth.max()
    around = cv2.dilate(shape.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(np.bool_) & ~shape
    capped = np.minimum(beyond, 1.0)
    features[:, F["ink"]] = (beyond[:, inside] > INK).mean(axis=1)
    features[:, F["mass"]] = capped[:, inside].mean(axis=1)
    features[:, F["raw"]] = patches[:, inside].mean(axis=1)
    # Not pixel by pixel: a letter that lies half a pixel off cancels out in the mean.
    blank = np.minimum(blanks.pictures[:, inside], 1.0).mean(axis=1)
    blank = np.minimum(blank, blanks.most)  # two marks alike are not print
    features[:, F["gain"]] = (features[:, F["raw"]] - blank) / np.maximum(1.0 - blank, 0.3)
    features[:, F["core"]] = capped[:, core].mean(axis=1)
    features[:, F["ring"]] = capped[:, around].mean(axis=1)


def _strokes(features: Floats, patches: Patches, beyond: Patches, kind: Outline) -> None:
    """Fill in the features that need connected pieces of ink."""
    inside = kind.inside
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    height, width, area = len(rows), len(columns), int(inside.sum())
    towards = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    towards = towards / towards.max()
    sizes_of_cells, cell_of_pixel = _cells(inside, rows, columns)
    inks, blacks = ((pictures > INK).astype(np.uint8) for pictures in (beyond, patches))
    features[:, F["around"]] = _goes_round(inks, _sectors(kind.shape))
    pen, felt = (np.ones((n, n), np.uint8) for n in (PEN_LINE, FELT_LINE))
    for at in np.flatnonzero(inks[:, inside].any(axis=1)):
        row, picture, ink = features[at], beyond[at], inks[at]
        row[F["through"]] = _longest_run(ink, rows, columns)
        # Letters are thinner than either pen: here the print may stay in.
        row[F["solid"]] = cv2.morphologyEx(blacks[at], cv2.MORPH_OPEN, pen)[inside].sum() / area
        row[F["heavy"]] = cv2.morphologyEx(blacks[at], cv2.MORPH_OPEN, felt)[inside].sum() / area
        count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
        within = np.bincount(labels[inside], minlength=count)[1:]
        areas = stats[1:, cv2.CC_STAT_AREA]
        touching = within > 0
        row[F["specks"]] = within[areas < SPECK].sum() / within.sum()
        strokes = touching & (areas >= SPECK)
        if strokes.any():
            row[F["share"]] = within[strokes].sum() / areas[strokes].sum()
            largest = labels == 1 + int(np.where(strokes, within, 0).argmax())
            piece = largest & inside
            row[F["width"]] = np.ptp(np.flatnonzero(piece.any(axis=0))) / max(width - 1, 1)
            row[F["height"]] = np.ptp(np.flatnonzero(piece.any(axis=1))) / max(height - 1, 1)
        kept = np.append(False, areas >= SPECK)[labels] & inside
        if kept.any():
            row[F["depth"]] = np.percentile(towards[kept], 95)
            inked = np.bincount(cell_of_pixel[kept], minlength=len(sizes_of_cells))
            row[F["spread"]] = (inked / sizes_of_cells > 0.08).mean()
            values = picture[kept]
            darkest = max(1, len(values) // 4)
            row[F["dark"]] = np.partition(values, -darkest)[-darkest:].mean()


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


def _goes_round(inks: NDArray[np.uint8], sectors: NDArray[np.intp]) -> Floats:
    """Share of the directions around each box in which strokes lie, (N,).

    Table lines and shaded paper run out of the patch; a ring around the box hardly does.
    """
    every = [inks[:, sectors == sector].any(axis=1) for sector in range(SECTORS)]
    out = np.asarray(np.sum(every, axis=0) / SECTORS, np.float64)
    for at in np.flatnonzero(out >= MOST_ROUND):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(inks[at], connectivity=8)
        edge = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
        areas = stats[1:, cv2.CC_STAT_AREA]
        runs_out = np.bincount(edge, minlength=count)[1:]
        strokes = (areas >= SPECK) & (runs_out <= RUNS_OUT * areas)
        met = np.append(False, strokes)[labels] & (sectors >= 0)
        out[at] = len(np.unique(sectors[met])) / SECTORS
    return out


def _longest_run(ink: NDArray[np.uint8], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> float:
    """How much of the patch's height or width the straightest line through the inside inks."""
    down = cv2.dilate(ink, np.ones((1, 3), np.uint8))[:, columns].mean(axis=0).max()
    across = cv2.dilate(ink, np.ones((3, 1), np.uint8))[rows].mean(axis=1).max()
    return float(max(down, across))


def _missing(patches: Patches, pictures: Patches, shape: Mask) -> Floats:
    """How much of a box's own print is not on the paper."""
    printed = np.minimum(pictures[:, shape], 1.0)
    absent = np.maximum(printed - patches[:, shape] - 0.2, 0.0).sum(axis=1)
    return np.asarray(absent / np.maximum(printed.sum(axis=1), 1.0), np.float64)
