"""A mark runs in one or two directions, whichever they are; letters run in many."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from omr.reading.ink.writing import in_two_ways

HEIGHT, WIDTH, PEN = 33, 81, 3


def ways(ink: np.ndarray) -> float:
    soft = cv2.GaussianBlur(ink, (0, 0), 0.8)
    (share,) = in_two_ways(soft[None], (soft > 60)[None])
    return float(share)


def lines(*turns_deg: float) -> np.ndarray:
    """Lines through the middle."""
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    middle = np.array([WIDTH, HEIGHT]) / 2
    for turn in np.deg2rad(turns_deg):
        reach = 13 * np.array([np.cos(turn), np.sin(turn)])
        first, last = (np.rint(end).astype(int).tolist() for end in (middle - reach, middle + reach))
        cv2.line(ink, first, last, 255, PEN, cv2.LINE_AA)
    return ink


@given(st.floats(0, 180), st.floats(40, 90))
def test_slashes_and_crosses_run_in_two_ways_however_they_are_turned(turn: float, angle: float) -> None:
    assert ways(lines(turn)) > 0.9
    # Where lines meet at about 45 degrees, the pixels around their meeting lie in a third direction.
    assert ways(lines(turn, turn + angle)) > (0.8 if angle >= 50 else 0.75)


def test_letters_run_in_many_ways() -> None:
    for text in ("co", "sai", "ok", "no"):
        ink = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.putText(ink, text, (22, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)
        assert ways(ink) < 0.78


def test_where_nothing_is_written_nothing_is_divided() -> None:
    assert ways(np.zeros((HEIGHT, WIDTH), np.uint8)) == 0
