"""Marks without the office's red: a second look through a red filter, as drop-out scanners have it.

A red stamp over boxes looks like a pen on a grey picture. On a colour scan the red channel shows
paper where it was pressed, and blue and black pens as they are. It is asked only about slips
with a doubtful question, and believed only where it explains the doubt and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import MM_PER_INCH
from omr.reading.marks.decide import Answer, BoxVerdict
from omr.reading.marks.measure import F, MarkReading, measure
from omr.reading.page.align import AlignedPage
from omr.reading.scan.pages import Colour, colour_of
from omr.words import AnswerState, BoxState

Decided = tuple[tuple[BoxVerdict, ...], tuple[Answer, ...]]

RED_BY: Final = 28  # levels of red over green and blue: blue and black pens and paper stay below 20
STAMP_MM: Final = 12.0  # across and down: no mark is as large, a stamp has 30
COARSE: Final = 4  # pixels to one where a stamp is looked for
KEPT: Final = 0.8  # of the marks' ink is there in the red channel: no red pen
LEAST_KEPT: Final = 0.4  # of each: it may lie under the stamp
FEW_MARKS: Final = 3  # marks that show what pen this is
AROUND: Final = 1.5  # box sides around the boxes in doubt in which the stamp must lie


def without_red(
    aligned: AlignedPage,
    corners_px: NDArray[np.float64],
    marks: tuple[MarkReading, ...],
    decide: Callable[[tuple[MarkReading, ...]], Decided],
    *,
    search: float,
) -> tuple[MarkReading, ...]:
    """Measure the questions that are doubtful for a red stamp's sake without the stamp.

    Parameters
    ----------
    aligned : AlignedPage
    corners_px : (N, 4, 2) float64 ndarray
        Where the boxes were measured.
    marks : tuple of MarkReading
        Of all boxes as measured in grey.
    decide : callable
        What the slip says by its measurements.
    search : float
        As for `measure`.

    Returns
    -------
    tuple of MarkReading
        Those of questions that have one firm answer without red, as measured without it; else
        as they were: also where the scan has no colour, nothing red is large enough, or the pen
        may be red itself.
    """
    verdicts, answers = decide(marks)
    doubtful = {answer.question for answer in answers if answer.state is AnswerState.DOUBTFUL}
    marked = [
        i
        for i, verdict in enumerate(verdicts)
        if verdict.state is BoxState.MARKED and verdict.question not in doubtful
    ]
    if len(marked) < FEW_MARKS or not doubtful:
        return marks
    asked = [i for i, mark in enumerate(marks) if mark.question in doubtful]
    colour = colour_of(aligned.located.scan)
    if colour is None or not _has_stamp(colour, corners_px[asked], aligned.dpi):
        return marks
    red = measure(np.ascontiguousarray(colour[..., 0]), corners_px, search=search)
    kept = [red[i, F["gain"]] / max(marks[i].features[F["gain"]], 1e-6) for i in marked]
    if np.median(kept) < KEPT or min(kept) < LEAST_KEPT:
        return marks
    rows = red.tolist()
    for _ in range(2):  # first all, then those that are answered so
        clean = tuple(
            replace(mark, features=tuple(rows[i])) if mark.question in doubtful else mark
            for i, mark in enumerate(marks)
        )
        _, after = decide(clean)
        doubtful &= {answer.question for answer in after if answer.state is AnswerState.ANSWERED}
    return clean if _only_clears(answers, after, doubtful) else marks


def _only_clears(before: Sequence[Answer], after: Sequence[Answer], solved: Collection[str]) -> bool:
    """Whether all that changes is that doubtful questions have one answer now."""
    return all(
        (was.state, was.codes) == (now.state, now.codes) or was.question in solved
        for was, now in zip(before, after, strict=True)
    )


def _has_stamp(colour: Colour, corners_px: NDArray[np.float64], dpi: float) -> bool:
    """Whether something red and large lies around these boxes."""
    around = AROUND * np.ptp(corners_px, axis=1).max()
    left, top = np.maximum(corners_px.min(axis=(0, 1)) - around, 0).astype(int)
    right, bottom = np.maximum(corners_px.max(axis=(0, 1)) + around, 0).astype(int)
    part = colour[top:bottom, left:right]
    if min(part.shape[:2]) < COARSE:
        return False
    size = part.shape[1] // COARSE, part.shape[0] // COARSE
    red, green, blue = cv2.split(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    is_red = cv2.subtract(red, cv2.max(green, blue)) > RED_BY
    rows, columns = np.flatnonzero(is_red.any(axis=1)), np.flatnonzero(is_red.any(axis=0))
    if not len(rows):
        return False
    return bool(min(np.ptp(rows), np.ptp(columns)) * COARSE >= STAMP_MM * dpi / MM_PER_INCH)
