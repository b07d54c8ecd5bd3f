"""Slips to learn from: many rows with something that is no mark, words and loops and passing lines."""

from __future__ import annotations

from typing import Final

import numpy as np

from ink.made.hands import Way, draw
from ink.made.paper import WORDS, Slip, dot, ring, smooth, word
from omr.forms.template import Question

SHORT: Final = (
    *("ko", "da", "chua", "co", "tam", "kem", "X sai", "?", "ok"),
    *("no", "y", "k", "v.v", "duoc", "rat tot", "12", "100", "cham"),
)
MARKED: Final = 0.42  # of the rows


def lesson(slip: Slip) -> None:
    """Answer two rows of five, and put something else into the others."""
    rows = list(slip.likert())
    for question in slip.questions:
        if question not in rows:
            slip.answer(question)
    for row in rows:
        if slip.rng.random() < MARKED:
            slip.answer(row)
        else:
            slip.leave(row)
            _something(slip, row)


def _something(slip: Slip, row: Question) -> None:
    rng = slip.rng
    option = row.options[int(rng.integers(len(row.options)))]
    box, what = option.box, rng.random()
    if what < 0.5:
        text = (*WORDS, *SHORT)[int(rng.integers(len(WORDS) + len(SHORT)))]
        left, base = box.x_mm + rng.uniform(-3, 3), box.y_mm + rng.uniform(2.8, 5.4)
        word(slip, text, left, base, rng.uniform(2.2, 4.6))
    elif what < 0.68:
        _loop(slip, np.array(box.centre_mm) + rng.normal(0, 4, 2))
    elif what < 0.78:
        start = np.array(box.centre_mm) + rng.normal(0, 4, 2)
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(4, 18)
        end = start + length * np.array([np.cos(angle), np.sin(angle)])
        middle = (start + end) / 2 + rng.normal(0, 1, 2)
        draw(slip.paper, slip.hand, [smooth(np.array([start, middle, end]), rng)], rng)
    elif what < 0.86:
        size = float(rng.uniform(0.6, 1.1))
        across = float(rng.choice([-1, 1]) * rng.uniform(3.6, 6)) if rng.random() < 0.5 else 0.0
        down = float(rng.choice([-1, 1]) * rng.uniform(3.2, 4.6))
        slip.mark(row, option, Way(size=size, shift_mm=(across, down)), state="other")
    elif what < 0.93:
        dot(slip, box)
    else:
        ring(slip, box)


def _loop(slip: Slip, centre: np.ndarray) -> None:
    rng = slip.rng
    turns = np.linspace(0, 2 * np.pi * rng.uniform(0.8, 1.6), 60) + rng.uniform(0, 6.3)
    size, tilt = rng.uniform(3.5, 11, 2), rng.uniform(0, np.pi)
    plain = np.stack([size[0] * np.cos(turns), size[1] * np.sin(turns) * np.linspace(1, 0.6, 60)], axis=1)
    turned = plain @ np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    draw(slip.paper, slip.hand, [smooth(turned + centre, rng)], rng)
