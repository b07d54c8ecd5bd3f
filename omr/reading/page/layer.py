"""The ink layer: what is darker than the paper around it and not explained by the form's print.

Everything that was written, stamped, smeared or folded is in it, once: marks, rings, words,
comments, streaks, the seal. What looks at the page later looks at this layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import PX_PER_MM, STEP_PX, Raster
from omr.reading.scan.levels import percentiles
from omr.reading.scan.pages import Grey

PAPER_STEP: Final = STEP_PX  # px averaged to one where paper is looked for: grain is gone, strokes are not
PAPER_MM: Final = 4.7  # wider than a box filled solid: the brightest within it is paper
LEAST_CONTRAST: Final = 40  # grey levels between paper and print; less cannot be stretched to more
LEVEL: Final = 36  # of 255: least darkness of a stroke; a hard pencil on grey paper has 50
GRAINS: Final = 6.0  # times the paper's grain above which a stroke stands
SHOWN: Final = (
    1.3  # times what one in forty pixels of bare paper has: marks cover less, what shows through more
)
MOST_LEVEL: Final = 100  # of 255: on paper that is darker than this in places, marks are not told from it
FAT: Final = 40.0  # of 255: mean darkness of a rim around print that is still print
LEAST_SPREAD: Final = 2
MOST_SPREAD: Final = 3
BRIDGE_PX: Final = 9  # a stroke goes on beyond a printed line, of 1.5 px and its soft edges
OUTLINE: Final = (
    60  # of 255: where print may be that dark, ink is not told from it: a stroke may go on under it
)
RUN_LEVEL: Final = 64  # of 255: darkness of a line through letters
RUN_MM: Final = 3.5  # longer than the dark runs of letters, blurred ones included
BLUR_PX: Final = (5, 3)  # height and width by which blur and feeding make print reach further: 2 px and 1
RUN_LEAN_PX: Final = 3  # by which such a line may rise over that length
NEAR: Final = 4  # px around a box that move with it
ROUNDING: Final = 2e-4  # levels by which 32 bits may be off
ROW_MM: Final = 3.0  # boxes whose upper edges are this close are one row

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class InkLayer:
    """A canonical page without its print, all at `PX_PER_MM`, in the band of its raster."""

    dark: NDArray[np.uint8]  # (H, W): 0 is the paper around, 255 is this page's print
    printed: NDArray[np.uint8]  # (H, W): print as laid on this page, soft edges included
    ink: NDArray[np.uint8]  # (H, W): darkness that print does not explain
    soft: NDArray[np.uint8]  # (H, W): the same, averaged over 3 by 3 px
    strokes: Mask  # (H, W): 1 where there is a stroke
    joined: Mask  # (H, W): the same, and where strokes may go on under print
    pieces: NDArray[np.int32]  # (H, W): strokes that hang together have one number, 0 is none
    stats: NDArray[np.int32]  # (K, 5): left, top, width, height, area of each piece
    struck: Mask  # (H, W): 1 on lines that run through printed words, as no letter does
    level: float  # in [0, 1]: the darkness from which there is a stroke
    contrast: float  # in [0, 1]: between this page's paper and its print


def ink_layer(
    page: Grey, raster: Raster, laid: NDArray[np.uint8], lost: NDArray[np.bool_] | None = None
) -> InkLayer:
    """Part the band of a canonical page in which boxes lie into print and ink.

    Parameters
    ----------
    page : (H, W) uint8 ndarray
        As `canonical` gives it, of the raster's band.
    raster : Raster
    laid : (H, W) uint8 ndarray
        The form's print where it lies on this page, see `lay`.
    lost : (H, W) bool ndarray, optional
        Where the scan shows something else than the sheet's ink: dirt of the glass, the office's red.
    """
    dark, contrast = darkness(page, raster)
    by = _spread(dark, raster)
    known = _on_its_place(raster, by) if laid is raster.print8 else _Print.of(laid, by, raster)
    ink = np.asarray(cv2.subtract(dark, known.taken), np.uint8)
    if lost is not None:
        ink[lost] = 0
    soft = np.asarray(cv2.blur(ink, (3, 3)), np.uint8)
    level = max(LEVEL, _grain(soft.ravel().take(known.bare)))
    strokes = np.asarray(cv2.threshold(soft, level, 1, cv2.THRESH_BINARY)[1], np.uint8)
    joined = _joined(strokes, known.hidden)
    pieces, stats = _numbered(joined)
    struck = _struck(dark, laid, raster)
    return InkLayer(
        dark, known.printed, ink, soft, strokes, joined, pieces, stats, struck, level / 255, contrast
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Print:
    """A form's print where it lies on a page, as fat as it is there."""

    printed: Mask  # (H, W): 255 is print, soft edges included
    hidden: Mask  # (H, W): 255 where ink is not told from print
    taken: Mask  # (H, W): what is taken off the page's darkness: all of it where nothing is told
    bare: NDArray[np.intp]  # places in the flat picture of paper by which its grain is known

    @classmethod
    def of(cls, laid: Mask, by: int, raster: Raster) -> _Print:
        """Make print fatter by so many px on every side."""
        printed = cv2.dilate(laid, np.ones((2 * by + 1, 2 * by + 1), np.uint8))
        _, hidden = cv2.threshold(printed, OUTLINE, 255, cv2.THRESH_BINARY)
        taken = cv2.max(cv2.max(printed, hidden), cv2.bitwise_not(raster.open))
        printed, hidden, taken = (np.asarray(one, np.uint8) for one in (printed, hidden, taken))
        return cls(printed, hidden, taken, _bare(printed, raster))


@lru_cache(maxsize=8)
def _on_its_place(raster: Raster, by: int) -> _Print:
    """Return the print of all pages on which it lies where the form has it."""
    return _Print.of(raster.print8, by, raster)


def _joined(strokes: Mask, hidden: Mask) -> Mask:
    """Let strokes go on under print, where nobody sees them."""
    left, top, width, height = cv2.boundingRect(strokes)
    out = strokes.copy()
    if width and height:
        # Nothing is bridged beyond the outermost strokes; the kernel sees paper all around them.
        rows = slice(max(top - BRIDGE_PX, 0), top + height + BRIDGE_PX)
        columns = slice(max(left - BRIDGE_PX, 0), left + width + BRIDGE_PX)
        there = strokes[rows, columns]
        bridged = cv2.morphologyEx(there, cv2.MORPH_CLOSE, np.ones((BRIDGE_PX, BRIDGE_PX), np.uint8))
        cv2.max(there, cv2.bitwise_and(bridged, hidden[rows, columns]), dst=out[rows, columns])
    return out


def _numbered(joined: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the pieces of strokes by number, and left, top, width, height and area of each.

    Nearly all of a page is paper. So rows without any stroke are left out, all but a pair between two
    others, and what OpenCV's own statistics look for at every pixel is taken from runs along the rows.
    """
    height, width = joined.shape
    begins, ends = _runs(np.flatnonzero(joined.view(np.bool_)), width)
    row = begins // width
    left, right = begins - row * width, ends - row * width + 1
    pairs = np.zeros(height // 2 + 2, np.bool_)  # rows by twos, as OpenCV goes over them
    pairs[row // 2] = True
    pairs[1:] |= pairs[:-1]
    rows = np.flatnonzero(np.repeat(pairs, 2)[:height])
    columns = slice(int(left.min(initial=width)) // 2 * 2, int(right.max(initial=0)))
    pieces = np.zeros((height, width), np.int32)
    count = 1
    if len(rows):
        count, numbers = cv2.connectedComponents(joined[:, columns][rows], connectivity=8)
        pieces[:, columns][rows] = numbers
    piece = pieces.ravel().take(begins)
    edges = np.zeros((4, count), np.int32)
    edges[:2] = max(height, width)
    for edge, end, by in zip(
        edges, (left, row, right, row + 1), (np.minimum, np.minimum, np.maximum, np.maximum), strict=True
    ):
        by.at(edge, piece, end.astype(np.int32))
    area = np.bincount(piece, right - left, count).astype(np.int32)
    edges[:, 0], area[0] = (0, 0, width, height), height * width - area.sum()  # what is no piece
    x, y, beyond_x, beyond_y = edges
    return pieces, np.stack([x, y, beyond_x - x, beyond_y - y, area], axis=1)


def _runs(places: NDArray[np.intp], width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first and the last place of each run along a row; places in the flat picture, in order."""
    parted = np.ones(len(places) + 1, np.bool_)
    parted[1:-1] = (np.diff(places) > 1) | (places[1:] % width == 0)
    return places[parted[:-1]], places[parted[1:]]


def _struck(dark: NDArray[np.uint8], laid: Mask, raster: Raster) -> Mask:
    """Find lines through words: where they are, the white between letters is dark over some length.

    Where the form's own print, fatter by `BLUR_PX`, is as dark over that length, no line is told: letters
    that hardly part, or a printed rule that the paper's feed moved among the words.
    """
    out = _dark_runs(dark, raster)
    if cv2.hasNonZero(out):
        fatter = np.asarray(cv2.dilate(laid, np.ones(BLUR_PX, np.uint8)), np.uint8)
        out[_dark_runs(fatter, raster) > 0] = 0
    return out


def _dark_runs(dark: Mask, raster: Raster) -> Mask:
    """Find where it is dark over `RUN_MM` along a row of words, however it leans a little."""
    there = _words_at(raster)
    _, pen = cv2.threshold(dark[there], RUN_LEVEL, 1, cv2.THRESH_BINARY)
    pen = cv2.bitwise_and(pen, raster.text[there])
    out = np.zeros_like(raster.text)
    longest = round(RUN_MM * PX_PER_MM)
    if pen.shape[1] >= longest:
        run, seen = cv2.dilate(pen, np.ones((RUN_LEAN_PX, 1), np.uint8)), 1
        while seen < longest and cv2.hasNonZero(run):  # dark along so many px to the right: by twos, by fours
            by = min(seen, longest - seen)
            run, seen = cv2.min(run[:, :-by], run[:, by:]), seen + by
        out[there][:, longest // 2 : longest // 2 + run.shape[1]] = run
    return out


@lru_cache(maxsize=8)
def _words_at(raster: Raster) -> tuple[slice, slice]:
    """Return the rows and columns in which words stand between the boxes, and lines over them may lean."""
    left, top, width, height = cv2.boundingRect(raster.text)
    lean, rows = RUN_LEAN_PX // 2, raster.answers
    return slice(max(top - lean, rows.start), min(top + height + lean, rows.stop)), slice(left, left + width)


def _spread(dark: NDArray[np.uint8], raster: Raster) -> int:
    """Return by how many px this page's print reaches further: toner, blur, a map that is off."""
    flat = dark.ravel()
    for by, rim in enumerate(raster.rims, start=1):
        if float(flat.take(rim).mean()) < FAT:
            return max(by, LEAST_SPREAD)
    return MOST_SPREAD


def darkness(page: Grey, raster: Raster) -> tuple[NDArray[np.uint8], float]:
    """Return how dark each pixel is, 0 is the paper around and 255 print, and the contrast of both."""
    height, width = page.shape
    small = cv2.resize(page, (width // PAPER_STEP, height // PAPER_STEP), interpolation=cv2.INTER_AREA)
    wide = 2 * round(PAPER_MM * PX_PER_MM / PAPER_STEP / 2) + 1
    paper = cv2.blur(cv2.dilate(small, np.ones((wide, wide), np.uint8)), (wide + 2, wide + 2))
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    light = np.asarray(cv2.divide(page, paper, scale=255), np.uint8)
    black = float(np.median(light.ravel().take(raster.solid)))
    return _stretched(light, 255 / max(255 - black, LEAST_CONTRAST)), (255 - black) / 255


def _stretched(light: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    """Return how much darker than white each level is, so many times, rounded down."""
    ramp = ((255 - np.arange(256)) * by).clip(0, 255)
    room = 1 - float((ramp % 1).max())
    if room > ROUNDING * by:  # OpenCV rounds to the nearest, a third of the time of looking up
        shift = 255 * by - 0.5 + room / 2
        return np.asarray(cv2.convertScaleAbs(light, alpha=-by, beta=shift), np.uint8)
    return np.asarray(cv2.LUT(light, ramp.astype(np.uint8)), np.uint8)


def _bare(printed: Mask, raster: Raster) -> NDArray[np.intp]:
    """Return every fifth place of paper without print between the boxes, both ways."""
    inner = np.s_[raster.answers.start : raster.answers.stop : 5, 60:-60:5]
    row, column = np.nonzero((printed[inner] == 0) & raster.known[inner])
    return np.asarray((raster.answers.start + row * 5) * printed.shape[1] + 60 + column * 5)


def _grain(bare: NDArray[np.uint8]) -> float:
    """Return the darkness that paper without print does not reach by its grain, or by what shows through."""
    middle, most, shown = percentiles(bare, (0.5, 0.84, 0.975))
    return float(min(max(middle + GRAINS * (most - middle), SHOWN * shown), MOST_LEVEL))


def lay(
    raster: Raster, tops_lefts: NDArray[np.intp], side: int, shifts: NDArray[np.intp]
) -> NDArray[np.uint8]:
    """Move a form's print to where its boxes were found: by rows, and single boxes by themselves.

    Parameters
    ----------
    raster : Raster
    tops_lefts : (N, 2) int ndarray
        The boxes' places on the form, px.
    side : int
        Of a box, px.
    shifts : (N, 2) int ndarray
        How far below and right of that each box was found.
    """
    if not shifts.any():
        return raster.print8
    rows = _rows(tops_lefts[:, 0])
    middles = [float(tops_lefts[row, 0].mean()) + side / 2 for row in rows]
    of_rows = np.array([np.median(shifts[row], axis=0) for row in rows])
    # Between two rows paper moves by little and little: so do the rules printed there.
    every = np.arange(len(raster.print8))
    down, right = (np.interp(every, middles, by) for by in of_rows.T)
    # Both of the lines that come near: where the shift changes, one of them would be lost.
    above, below = (
        raster.print8[np.clip(every - by.astype(np.intp), 0, len(every) - 1)]
        for by in (np.floor(down), np.ceil(down))
    )
    out = np.asarray(np.maximum(above, below), np.uint8)
    right = np.rint(right).astype(np.intp)
    for by in np.unique(right[right != 0]).tolist():
        out[right == by] = np.roll(out[right == by], by, axis=1)
    for row, usual in zip(rows, np.rint(of_rows).astype(np.intp), strict=True):
        for i in row:
            if (shifts[i] != usual).any():
                (top, left), (dy, dx) = tops_lefts[i].tolist(), shifts[i].tolist()
                there = np.s_[top - NEAR : top + side + NEAR, left - NEAR : left + side + NEAR]
                top, left = top + dy, left + dx
                out[top - NEAR : top + side + NEAR, left - NEAR : left + side + NEAR] = raster.print8[there]
    return out


def _rows(tops: NDArray[np.intp]) -> list[list[int]]:
    """Group boxes that lie side by side, from the top down."""
    rows: list[list[int]] = []
    for i in np.argsort(tops, kind="stable").tolist():
        if rows and tops[i] - tops[rows[-1][-1]] <= ROW_MM * PX_PER_MM:
            rows[-1].append(i)
        else:
            rows.append([i])
    return rows
