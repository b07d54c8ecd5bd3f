"""Put every box where its printed outline is: AlignedPage -> boxes in scan px.

The second opinion on the map: boxes are believed only where their outlines are found, so
that a map that fits its markers and still is wrong ends here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.errors import AlignmentError
from omr.forms.template import OUTLINE_MM, Form
from omr.geometry import Affine, Box, Points, apply, fit_affine, residuals
from omr.reading.place.align import AlignedPage
from omr.reading.scan.levels import percentiles
from omr.reading.scan.pages import Grey

REACH_MM: Final = 0.8  # how far an outline is searched from its predicted place
STEP_MM: Final = 0.1
ALONG: Final = 12  # samples along each side of a box
END_MM: Final = 0.5  # of each side left out: there the other sides' lines are
LEAST_CONTRAST: Final = 40.0  # grey levels between paper and outline
FULL_INK: Final = 0.5  # a thin line blurred by the scanner is half as dark as the ink
EDGE_SEEN: Final = 0.5  # share of a side's length that must be line
LEAST_LINES: Final = 3  # of four: one side may be lost to a fold or a stroke's white gap, two may not
INNER_STEPS: Final = 4  # from 0.5 mm inside a line: past the line, also of a box that is a little off
# Mean ink there on three sides. Boxes filled to withdraw a mark had 0.96 and more, 99 of 100 crosses up
# to 0.59 (demonstration, seeds 9 and 10).
FILLED_INK: Final = 0.7
# The map as a whole may be corrected by so much. From three markers it is true to 0.1 mm; two
# on one side leave the other side to the paper's stretch. Boxes are 6 mm apart.
MOST_CORRECTIONS: Final = 6
LEAST_FOR_TREND: Final = 12  # boxes seen, before they may move the map
TREND_MM: Final = 0.1
MOST_TREND_MM: Final = 0.5
MOST_TREND_OF_TWO_MM: Final = 2.5
MOST_SHIFT_MM: Final = 0.45  # of a row of boxes against the map as a whole
LEAST_SEEN: Final = 0.8  # share of boxes whose outline is where the map says
# Of the sides of boxes that were seen. All were, under every harm that was tried, but where
# uneven feeding stretched the boxes themselves, or a light 1-bit scan lost their lines.
LEAST_SIDES: Final = 0.95
LEAST_OF_BAND: Final = 0.5  # and of each row and column of at least `BAND_BOXES`
BAND_MM: Final = 3.0  # boxes whose middles are this close along an axis are one row or column
BAND_BOXES: Final = 3  # one of fewer boxes borrows from its neighbours
SIDEWAYS: Final = 0.7  # how much better columns must agree than rows to be believed
# A box further from its row than this stands by itself, as beside a fold: single boxes were
# measured to 0.05 mm, also under noise and in 1-bit.
ALONE_MM: Final = 0.15
FAR_MM: Final = 0.35  # from here on another box of the row or column must say the same
MOST_UNEVEN_MM: Final = 0.3  # of boxes against their row: paper is not that soft


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Where to look for a form's boxes; the same for all its pages."""

    corners_mm: NDArray[np.float64]  # (N, 4, 2), in the form's order
    # x and y of the points looked at, each (ALONG, N, 4 sides, T steps across): a map of few
    # long rows costs a fraction of many short ones.
    probes_mm: tuple[NDArray[np.float32], NDArray[np.float32]]
    bands: tuple[Bands, Bands]  # by rows and by columns


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Boxes that lie across the feed, one beside the other: they are shifted together."""

    members: NDArray[np.intp]  # (B, M): the boxes whose shifts make up a band's, then -1
    sizes: NDArray[np.intp]  # (B,): how many they are
    of_box: NDArray[np.intp]  # (N,)

    def lack(self, seen: NDArray[np.bool_]) -> bool:
        """Whether a whole band is not there, as at the end of a grid that is off by one."""
        sizes = np.bincount(self.of_box)
        found = np.bincount(self.of_box, seen)
        return bool(((sizes >= BAND_BOXES) & (found < LEAST_OF_BAND * sizes)).any())

    def guessed(self, seen: NDArray[np.bool_], moved: NDArray[np.float64]) -> float:
        """Return how far, in mm, a band of which no box was seen may be from where its neighbours are.

        As far as the other bands are from each other: a feeder may have pulled at every row anew.
        """
        known = np.bincount(self.of_box, seen)[self.of_box] > 0
        return 0.0 if known.all() else float(np.ptp(moved[known], axis=0).max())

    def medians(self, shifts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return for each box the median shift of its band, (N, 2)."""
        ordered = np.sort(np.vstack([shifts, [np.inf, np.inf]])[self.members], axis=1)
        bands = np.arange(len(self.sizes))
        middle = (ordered[bands, (self.sizes - 1) // 2] + ordered[bands, self.sizes // 2]) / 2
        return np.asarray(middle[self.of_box])


def outlines_of(form: Form) -> Outlines:
    """Prepare a form's boxes for `refine`."""
    boxes = [option.box for question in form.questions for option in question.options]
    centres = np.array([box.centre_mm for box in boxes])
    across, down = np.array([_sides(box) for box in boxes], np.float32).transpose(4, 3, 0, 1, 2)
    return Outlines(
        np.array([box.corners_mm for box in boxes]),
        (np.ascontiguousarray(across), np.ascontiguousarray(down)),
        (_bands(centres[:, 1]), _bands(centres[:, 0])),
    )


def _bands(along: NDArray[np.float64]) -> Bands:
    """Group boxes by their place along one axis; small groups borrow from their neighbours."""
    order = np.argsort(along, kind="stable")
    of_box = np.empty(len(along), np.intp)
    of_box[order] = np.concatenate([[0], np.cumsum(np.diff(along[order]) > BAND_MM)])
    sizes = np.clip(np.bincount(of_box), min(BAND_BOXES, len(along)), None)
    members = np.full((len(sizes), sizes.max()), -1, np.intp)
    for band, size in enumerate(sizes):
        nearest = np.argsort(np.abs(along - along[of_box == band].mean()), kind="stable")
        members[band, :size] = nearest[:size]
    return Bands(members, sizes, of_box)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Where a form's boxes are on the scan."""

    scan_from_page: Affine  # the map as a whole, laid on the outlines
    shifts_mm: NDArray[np.float64]  # (N, 2) of each box against that map, in the form's order
    corners_px: NDArray[np.float64]  # (N, 4, 2), clockwise from the top left


def refine(aligned: AlignedPage, outlines: Outlines) -> Placed:
    """Find every box where its printed outline is.

    First the map as a whole is laid on the outlines: two markers left, or one that is a
    little off, tilt it. Then boxes are moved by rows: paper that wobbles in the feeder moves
    a row as a whole, and the median of a row is surer than one box. Where columns agree
    better than rows, the sheet went through sideways.

    Raises
    ------
    AlignmentError
        ``outlines_missing``, ``outlines_displaced``, ``outlines_uneven`` or
        ``outlines_broken``: this is not the paper that the map means, or not flat, or scanned
        so light that thin lines are gone, and thin marks may be gone with them.
    """
    map_, look = _laid_on(aligned, outlines)
    seen, shifts = look.seen, look.shifts
    bands, columns = outlines.bands
    if seen.mean() < LEAST_SEEN or bands.lack(seen) or columns.lack(seen):
        raise AlignmentError("outlines_missing", seen=int(seen.sum()), boxes=len(seen))
    shifts[~seen] = np.median(shifts[seen], axis=0)
    moved = bands.medians(shifts)
    off = _disagreement(shifts[seen] - moved[seen])
    if off > ALONE_MM:
        sideways = columns.medians(shifts)
        sideways_off = _disagreement(shifts[seen] - sideways[seen])
        if sideways_off < SIDEWAYS * off:
            bands, moved, off = columns, sideways, sideways_off
    most = float(np.abs(moved).max())
    if most > MOST_SHIFT_MM:
        raise AlignmentError("outlines_displaced", shift_mm=most, most=MOST_SHIFT_MM)
    sure, lost = _apart(shifts, moved, look, outlines, bands)
    off = max([off, *np.abs(shifts - moved).max(axis=1)[lost], bands.guessed(seen, moved)])
    if off > MOST_UNEVEN_MM:
        raise AlignmentError("outlines_uneven", off_mm=float(off), most=MOST_UNEVEN_MM)
    if look.sides < LEAST_SIDES:
        raise AlignmentError("outlines_broken", sides=look.sides, least=LEAST_SIDES)
    moved[sure] = shifts[sure]
    return Placed(map_, moved, apply(map_, outlines.corners_mm + moved[:, None]))


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What one look at all outlines gives."""

    pairs: NDArray[np.float64]  # (N, axis, side, T): how much of a side's length is ink, by steps
    shifts: NDArray[np.float64]  # (N, 2) mm: how far each box is off
    seen: NDArray[np.bool_]  # (N,): whether its outline was seen there
    filled: NDArray[np.bool_]  # (N,): whether it is filled solid, which blots its outline
    sides: float  # share of the seen boxes' sides that were

    def shows(self, shifts: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which boxes have lines, too, where these shifts would put them, (N,)."""
        return _sides_at(self.pairs, np.rint((shifts + REACH_MM) / STEP_MM).astype(np.intp)) >= LEAST_LINES


def _laid_on(aligned: AlignedPage, outlines: Outlines) -> tuple[Affine, _Look]:
    """Correct the map by the trend of all shifts, and look again, until nothing moves any more."""
    grey, map_ = aligned.located.scan.grey, aligned.scan_from_page
    sure = sum(one.is_decoded for one in aligned.located.fiducials)
    most = MOST_TREND_MM if sure >= 3 else MOST_TREND_OF_TWO_MM
    centres = outlines.corners_mm.mean(axis=1)
    corrected = centres
    look = _look_at(grey, map_, outlines)
    for _ in range(MOST_CORRECTIONS):
        if look.seen.sum() < LEAST_FOR_TREND:
            return map_, look
        trend = _trend(centres[look.seen], look.shifts[look.seen])
        corrected = apply(trend, corrected)
        if np.abs(apply(trend, centres) - centres).max() < TREND_MM:
            return map_, look
        if np.abs(corrected - centres).max() > most:
            if sure >= 3:  # they are surer than this trend: the paper is uneven, and looked at by rows
                return map_, look
            break
        shift = map_[:, :2] @ trend[:, 2] + map_[:, 2]
        map_ = np.column_stack([map_[:, :2] @ trend[:, :2], shift])
        look = _look_at(grey, map_, outlines)
    # Lines of other print were taken for outlines: laid on those, no box is where it seems to be.
    raise AlignmentError("outlines_displaced", shift_mm=float(np.abs(corrected - centres).max()), most=most)


def _trend(places: Points, shifts: Points) -> Affine:
    """Fit the affine map that takes places to where they are, without those that a stroke pulled away."""
    trend = fit_affine(places, places + shifts)
    off = residuals(trend, places, places + shifts)
    good = off <= max(ALONE_MM, float(np.median(off)) * 2)
    return fit_affine(places[good], places[good] + shifts[good])


def _look_at(grey: Grey, map_: Affine, outlines: Outlines) -> _Look:
    return _shifts(_line_profiles(_sampled(grey, map_, outlines.probes_mm)))


def _apart(
    shifts: NDArray[np.float64],
    moved: NDArray[np.float64],
    look: _Look,
    outlines: Outlines,
    bands: Bands,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the boxes that are surer of their place than their band, and those of which nobody is sure.

    A box beside a fold is off its band, and another one of its row or column says the same.
    Where none does, a pen's stroke has pulled it, and the band is right; a band of one or
    two boxes is too small to tell, unless the box is filled: then the blot has pulled it.
    Two that agree may have been pulled by one long stroke, if lines are where the band is, too.
    """
    off = np.abs(shifts - moved).max(axis=1)
    apart = np.flatnonzero(look.seen & (off > ALONE_MM))
    if not len(apart):
        return apart, apart
    agree = np.abs(shifts[apart, None] - shifts[None, apart]).max(axis=2) <= ALONE_MM
    row, column = (one.of_box[apart] for one in outlines.bands)
    near = (row[:, None] == row) | (column[:, None] == column)
    agreed, little = (agree & near).sum(axis=1) > 1, off[apart] <= FAR_MM
    torn = agreed & ~little & look.shows(moved)[apart]
    small = np.bincount(bands.of_box)[bands.of_box[apart]] < BAND_BOXES
    alone = ~agreed & ~little & small & ~look.filled[apart]
    return apart[(agreed | little) & ~torn], apart[torn | alone]


_STEPS: Final = np.arange(-REACH_MM, REACH_MM + STEP_MM / 2, STEP_MM)


def _sides(box: Box) -> NDArray[np.float64]:
    """Return points across and along the left, right, top and bottom line: (4, T, ALONG, 2) mm."""
    line = box.grown(-OUTLINE_MM / 2)
    (x0, y0), (x1, y1) = line.corners_mm[0], line.corners_mm[2]
    down = np.linspace(y0 + END_MM, y1 - END_MM, ALONG)
    right = np.linspace(x0 + END_MM, x1 - END_MM, ALONG)
    upright = [np.stack(np.meshgrid(x + _STEPS, down, indexing="ij"), axis=-1) for x in (x0, x1)]
    level = [np.stack(np.meshgrid(y + _STEPS, right, indexing="ij")[::-1], axis=-1) for y in (y0, y1)]
    return np.array([*upright, *level])


def _disagreement(off: NDArray[np.float64]) -> float:
    """Return how far nine boxes in ten are at most from their band, in mm."""
    return float(np.percentile(np.abs(off).max(axis=1), 90))


def _sampled(
    grey: Grey, map_: Affine, points_mm: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> NDArray[np.uint8]:
    """Return the nearest pixel to each point, (...,); the scan's edge stands for what lies beyond."""
    height, width = grey.shape
    across, down = points_mm
    row, column = (
        np.clip(a * across + b * down + (at + np.float32(0.5)), 0, most).astype(np.int32)
        for (a, b, at), most in zip(map_.astype(np.float32)[::-1], (height - 1, width - 1), strict=True)
    )
    row *= width
    row += column
    return np.asarray(grey.ravel().take(row))


def _line_profiles(samples: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how much of each side's length is ink at each step across, (N, 4, T) in [0, 1]."""
    paper, ink = percentiles(samples[::3, :, :, ::2], (0.8, 0.04)).tolist()
    share = max(paper - ink, LEAST_CONTRAST) / max(paper, 1.0)
    # Paper is darker at a dark scanner's side: each box has its own.
    around = np.moveaxis(samples[::3], 0, 1).reshape(samples.shape[1], -1)
    white = np.partition(around, around.shape[1] * 4 // 5, axis=1)[:, around.shape[1] * 4 // 5]
    white = np.maximum(white.astype(np.float32), 1)[:, None, None]
    darkness = (white - samples) / (FULL_INK * share * white)
    return _mean(np.clip(darkness, 0, 1, out=darkness)).astype(np.float64)


def _mean(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what `mean` gives of as many numbers side by side: it adds the first eight as a tree."""
    a, b, c, d, e, f, g, h, *rest = rows
    return np.asarray(sum(rest, (a + b + (c + d)) + (e + f + (g + h))) / len(rows))


def _shifts(profiles: NDArray[np.float64]) -> _Look:
    """Find each box by the ink along its sides.

    Opposite sides move together: a stroke beside one of them, or the black of a box
    filled solid, does not pull the box away.
    """
    pairs = profiles.reshape(-1, 2, 2, profiles.shape[-1])  # (N, axis, side, T)
    both = pairs[:, :, 0] + pairs[:, :, 1]
    smooth = both.copy()
    smooth[..., 1:-1] = (both[..., :-2] + 2 * both[..., 1:-1] + both[..., 2:]) / 4
    peak = smooth[..., 1:-1].argmax(axis=-1) + 1
    box, axis = np.ogrid[: len(pairs), :2]
    left, middle, right = (smooth[box, axis, peak + by] for by in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    shifts = (peak + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) * STEP_MM - REACH_MM
    sides = _sides_at(pairs, peak)
    seen = sides >= LEAST_LINES
    # Steps run to the right and down: from the left and upper line inwards, from the others outwards.
    inner = np.stack([pairs[:, :, 0, -INNER_STEPS:], pairs[:, :, 1, :INNER_STEPS]], axis=2).mean(axis=-1)
    filled = (inner >= FILLED_INK).reshape(-1, 4).sum(axis=1) >= 3
    return _Look(pairs, shifts, seen, filled, float(sides[seen].mean()) / 4 if seen.any() else 0.0)


def _sides_at(pairs: NDArray[np.float64], steps: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how many of each box's sides show a line at a step of each axis, (N,)."""
    box, axis = np.ogrid[: len(pairs), :2]
    lines = pairs[box, axis, :, steps] - pairs.min(axis=-1)
    return np.asarray((lines >= EDGE_SEEN).reshape(-1, 4).sum(axis=1))
