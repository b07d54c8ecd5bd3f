"""Classify boxes at given places on any picture, without a form: what ``omr marks`` does, for programs."""

from __future__ import annotations

from collections.abc import Sequence

from omr.reading.marks.calibrate import Calibration, load_calibration
from omr.reading.marks.decide import Judgement
from omr.reading.marks.papers import judge
from omr.reading.papers.between import look_between
from omr.reading.papers.paper import measure
from omr.reading.papers.patches import Quads
from omr.reading.scan.pages import Grey


def classify_boxes(
    grey: Grey,
    corners_px: Quads,
    groups: Sequence[str] | None = None,
    calibration: Calibration | None = None,
) -> tuple[Judgement, ...]:
    """Say of each box whether it is blank, marked, cancelled or doubtful.

    Parameters
    ----------
    grey : (H, W) uint8 ndarray
        The picture; 255 is white.
    corners_px : (N, 4, 2) float ndarray
        Corners (x, y) of each box, clockwise from the top left, in pixels.
    groups : sequence of str, optional
        The question of each box; boxes of one question are compared with each other.
    calibration : Calibration, optional
        Without it the built-in one.

    Returns
    -------
    tuple of Judgement
        State, confidence in [0, 1] and whether a person should look; in the order of the boxes.
    """
    own = list(groups) if groups is not None else [""] * len(corners_px)
    features = look_between(grey, corners_px, own, measure(grey, corners_px, own))
    return judge(features, own, (calibration or load_calibration()).papers)
