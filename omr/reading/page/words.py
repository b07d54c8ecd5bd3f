"""Is every row that row? The printed words of a page are compared with those the form has there.

Rows of boxes look alike, and a scanner that repeats, loses or swaps a part of its lines moves
answers from row to row without a trace at the boxes. The words beside them tell: a piece of text
is itself where its letters are dark and the white between them is white. Another row's words, or
the same ones cut in two, are not.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import AlignmentError
from omr.forms.printing.raster import PX_PER_MM, Raster
from omr.forms.template import Form

SAMPLES: Final = 48  # pixels of letters, and of the white between them, by which a piece is known
FULL: Final = 200  # of 255: print thin enough to be grey is print all the same
# Contrast between letters and white, in shares of the page's own. Right pieces had 0.70 and more
# under every harm that was tried (12 harms, 30,000 pieces), those of another row 0.1 as a rule and
# in 19 of 20 cases less than 0.60.
ITSELF: Final = 0.62
MOST_STEP: Final = 2  # px by which a piece may be off
STEPS: Final = tuple(
    (dy, dx) for dy in range(-MOST_STEP, MOST_STEP + 1) for dx in range(-MOST_STEP, MOST_STEP + 1)
)
SAME_ROW: Final = 20  # a box in another row is further away than any in the same
NEAR: Final = tuple(step for step in STEPS if max(map(abs, step)) <= 1)
LEAST_PIECES: Final = 2  # that are not themselves, side by side or one below the other
ASIDE_MM: Final = 4.0  # pieces whose gap is less lie side by side
ANSWERS_MM: Final = 12.0  # above the first row of boxes are the heads of their columns


class Words:
    """Where to look for a form's words; the same for all its pages."""

    def __init__(self, form: Form, raster: Raster) -> None:
        boxes = [option.box for question in form.questions for option in question.options]
        first = min(box.y_mm for box in boxes) - ANSWERS_MM
        last = max(box.y_mm + box.height_mm for box in boxes)
        self.first = raster.first
        middle = (raster.words[:, :2].mean(axis=1) + raster.first) / PX_PER_MM
        pieces = raster.words[(middle >= first) & (middle <= last)]
        chosen = [(piece, *_samples(raster, piece)) for piece in pieces]
        chosen = [one for one in chosen if len(one[1]) and len(one[2])]
        self.pieces: NDArray[np.intp] = np.array([one[0] for one in chosen], np.intp).reshape(-1, 4)
        middles = np.array([box.centre_mm[::-1] for box in boxes]) * PX_PER_MM - (raster.first, 0)
        own = np.stack([self.pieces[:, :2].mean(axis=1), self.pieces[:, 2:].mean(axis=1)], axis=1)
        far = np.abs(own[:, None, 0] - middles[:, 0]) * SAME_ROW + np.abs(own[:, None, 1] - middles[:, 1])
        self._nearest = far.argmin(axis=1)
        # (SAMPLES, letters or white, P): few long rows are added up several times as fast as many short ones.
        samples = [[np.resize(places, SAMPLES) for places in one[1:]] for one in chosen]
        self._samples = np.ascontiguousarray(np.array(samples, np.intp).reshape(-1, 2, SAMPLES).T)

    def contrasts(self, dark: NDArray[np.uint8], shifts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how well each piece shows its own letters, (P,): where it fits best, to 2 px.

        Parameters
        ----------
        dark : (H, W) uint8 ndarray
            Darkness of the page, 255 is as dark as print.
        shifts : (N, 2) int ndarray
            How far below and right of its place each box was found, px: pieces go with the nearest.
        """
        best = np.full(len(self.pieces), -1.0)
        width = dark.shape[1]
        moved = shifts[self._nearest] @ (width, 1)
        edge = MOST_STEP * (width + 1)
        flat = np.empty(dark.size + 2 * edge, np.uint8)
        cv2.threshold(dark, FULL, 0, cv2.THRESH_TRUNC, dst=flat[edge:-edge].reshape(dark.shape))
        flat[:edge], flat[-edge:] = flat[edge], flat[-edge - 1]
        for some, steps in ((np.ones(len(best), np.bool_), NEAR), (None, STEPS)):
            which = np.flatnonzero(some if some is not None else best < np.median(best) * (1 + ITSELF) / 2)
            if not len(which):
                break
            samples = (self._samples[..., which] + moved[which]).reshape(SAMPLES, -1)
            most = best[which]
            for dy, dx in steps:
                shown = flat[edge + dy * width + dx :].take(samples, mode="clip")
                total = cv2.reduce(shown, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
                letters, white = total.reshape(2, -1) / SAMPLES / FULL
                most = np.maximum(most, letters - white)
            best[which] = most
        return best


def _samples(raster: Raster, piece: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pixels of letters and of white in a piece, evenly spread, as places in the flat page."""
    top, bottom, left, right = piece.tolist()
    part = raster.ink[top:bottom, left:right]
    letters, white = (
        _spread((y + top) * raster.ink.shape[1] + x + left)
        for y, x in (np.nonzero(part > 0.5), np.nonzero(part < 0.1))
    )
    return letters, white


def _spread(places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[np.linspace(0, len(places) - 1, min(SAMPLES, len(places))).astype(np.intp)]


def check_rows(dark: NDArray[np.uint8], words: Words, shifts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Refuse a page whose words are not where the form has them.

    Returns
    -------
    (P,) bool ndarray
        Which pieces are not themselves: single ones are written or stamped over.

    Raises
    ------
    AlignmentError
        ``rows_displaced``, with the piece of the page and how many words are wrong.
    """
    found = words.contrasts(dark, shifts)
    usual = float(np.median(found))
    wrong = found < ITSELF * usual
    clusters = _beside(words.pieces[wrong])
    if clusters >= LEAST_PIECES:
        at = (words.pieces[wrong][:, :2].mean() + words.first) / PX_PER_MM
        raise AlignmentError("rows_displaced", words=int(wrong.sum()), of=len(found), at_mm=float(at))
    return wrong


def _beside(pieces: NDArray[np.intp]) -> int:
    """Return how many pieces at most lie side by side or right below each other."""
    if not len(pieces):
        return 0
    top, bottom, left, right = pieces.T
    near = ASIDE_MM * PX_PER_MM
    down = np.maximum(top[:, None] - bottom, top - bottom[:, None])
    across = np.maximum(left[:, None] - right, left - right[:, None])
    return int(((down <= near) & (across <= near)).sum(axis=1).max())
