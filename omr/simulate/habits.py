"""How people mark a box: each habit as lines of the pen around a box in mm."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np

from omr.geometry import Box, Points
from omr.simulate.ink import Line, Sheet, draw_line, spline, write
from omr.simulate.pens import Hand, Rng


class Habit(StrEnum):
    """What a hand does at one box. The words are the mark classes of the accuracy tables."""

    CROSS = "cross"
    TICK = "tick"
    FILL = "fill"
    DASH = "dash"
    SLASH = "slash"
    DOT = "dot"
    RING = "ring"
    SCRIBBLE = "scribble"
    OVERSHOOT = "overshoot"  # a mark whose end runs on into the box above or beside
    CANCEL_FILL = "cancel_fill"  # a cross, then filled solid: withdrawn
    STRIKE_OUT = "strike_out"  # a cross, then struck out with heavy lines: withdrawn
    ERASED = "erased"  # a pencil mark rubbed out: its ghost stays
    STRAY = "stray"  # the pen slipped: nothing is meant


MARKING: Final = (
    Habit.CROSS, Habit.TICK, Habit.FILL, Habit.DASH, Habit.SLASH,
    Habit.DOT, Habit.RING, Habit.SCRIBBLE, Habit.OVERSHOOT,
)  # fmt: skip
# A slipped line stays this far from the middle of its box, in box widths.
_STRAY_CLEARANCE: Final = 0.36


def lines_of(habit: Habit, box: Box, hand: Hand, rng: Rng) -> list[Line]:
    """Return the pen's lines for one mark at one box, in page mm."""
    return _DRAWN[habit](_Aim(box, hand, rng), rng)


def draw_mark(sheet: Sheet, box: Box, habit: Habit, hand: Hand, rng: Rng) -> None:
    """Draw one mark of a habit at a box of the sheet."""
    write(sheet, lines_of(habit, box, hand, rng), hand, rng)


class _Aim:
    """Where one mark goes: box units (0 to 1 inside the box) to page mm, with this hand's lean."""

    def __init__(self, box: Box, hand: Hand, rng: Rng) -> None:
        self.box, self.hand, self.rng = box, hand, rng
        self.loose = 0.35 + 0.65 * (1 - hand.care)
        # From mark to mark of a person: 0.13 of the size, 0.42 mm to the side, 0.33 mm up or down.
        self.size = hand.size * float(np.clip(1 + rng.normal(0, 0.24) * self.loose, 0.6, 1.5))
        angle = hand.slant + rng.normal(0, 0.10) * self.loose
        self.turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.centre = np.array(box.centre_mm) + hand.offset_mm + rng.normal(0, (0.75, 0.6)) * self.loose
        # A box is never missed altogether by more than this; beyond it a person could not tell either.
        limit = 0.26 * box.width_mm
        self.centre = np.array(box.centre_mm) + np.clip(self.centre - box.centre_mm, -limit, limit)

    def at(self, *places: tuple[float, float]) -> Points:
        """Return control points in mm for places in box units, each with its own jitter."""
        unit = np.array(places, np.float64) - 0.5
        unit += self.rng.normal(0, 0.055, unit.shape) * (0.5 + self.loose)
        return np.asarray(
            unit * (self.box.width_mm, self.box.height_mm) * self.size @ self.turn.T + self.centre
        )

    def line(self, *places: tuple[float, float], flick: float = 0.35) -> Line:
        return draw_line(self.at(*places), self.hand, self.rng, flick=flick)


def _cross(aim: _Aim, rng: Rng) -> list[Line]:
    bow = rng.normal(0, 0.05, 2)
    first = ((0.06, 0.04), (0.5 + bow[0], 0.5 - bow[0]), (0.95, 0.97))
    second = ((0.95, 0.02), (0.5 + bow[1], 0.5 + bow[1]), (0.04, 0.96))
    if rng.random() < 0.2:  # in a hurry the pen stays on the paper between the two
        return [aim.line(*first, (1.02, 0.5), *second)]
    return [aim.line(*first), aim.line(*second)]


def _tick(aim: _Aim, rng: Rng) -> list[Line]:
    tail = rng.uniform(0.95, 1.35)
    return [
        aim.line((0.08, 0.50), (0.22, 0.66), (0.36, 0.88), (0.62, 0.45), (tail, 1.0 - tail * 0.95), flick=0.6)
    ]


def _overshoot(aim: _Aim, rng: Rng) -> list[Line]:
    if rng.random() < 0.5:  # a tick that ends in the box above, or beside it
        end = (rng.uniform(0.9, 1.5), rng.uniform(-1.05, -0.55))
        return [aim.line((0.10, 0.45), (0.35, 0.90), (0.70, 0.20), end, flick=0.6)]
    end = (rng.uniform(1.2, 1.7), rng.uniform(1.2, 1.75))  # a cross with one long leg
    return [aim.line((0.02, 0.03), (0.5, 0.5), end), aim.line((0.95, 0.05), (0.5, 0.48), (0.05, 0.95))]


def _hatch(aim: _Aim, rng: Rng, reach: float, pitch_mm: float) -> Line:
    """One zigzag over the box from top to bottom, `reach` 1 meaning from outline to outline."""
    rows = max(4, int(aim.box.height_mm * aim.size * reach / pitch_mm))
    low, high = 0.5 - reach / 2, 0.5 + reach / 2
    down = np.linspace(low, high, rows)
    ends = [(low if i % 2 else high, float(v)) for i, v in enumerate(down)]
    return aim.line(*ends, flick=0.0)


def _fill(aim: _Aim, rng: Rng) -> list[Line]:
    reach = rng.uniform(0.74, 0.98)
    return [_hatch(aim, rng, reach, min(aim.hand.width_mm * rng.uniform(0.6, 0.95), 0.55))]


def _dash(aim: _Aim, rng: Rng) -> list[Line]:
    lift = rng.uniform(-0.08, 0.08)
    return [aim.line((0.04, 0.5 - lift), (0.5, 0.5), (0.98, 0.5 + lift))]


def _slash(aim: _Aim, rng: Rng) -> list[Line]:
    return [aim.line((0.90, 0.02), (0.5 + rng.normal(0, 0.04), 0.5), (0.08, 0.98))]


def _dot(aim: _Aim, rng: Rng) -> list[Line]:
    r = rng.uniform(0.05, 0.16)
    turns = np.linspace(0, rng.uniform(2, 3.5) * 2 * np.pi, 12)
    shrink = np.linspace(1, 0.3, 12)
    places = [(0.5 + r * s * np.cos(t), 0.5 + r * s * np.sin(t)) for t, s in zip(turns, shrink, strict=True)]
    return [draw_line(aim.at((0.5, 0.5)) + _offsets(aim, places), aim.hand, rng, flick=0.0)]


def _ring(aim: _Aim, rng: Rng) -> list[Line]:
    rx, ry = rng.uniform(0.72, 1.0), rng.uniform(0.70, 0.92)
    start = rng.uniform(0, 2 * np.pi)
    turns = start + np.linspace(0, 2 * np.pi + rng.uniform(-0.2, 0.8), 14)
    return [aim.line(*[(0.5 + rx * float(np.cos(t)), 0.5 + ry * float(np.sin(t))) for t in turns])]


def _scribble(aim: _Aim, rng: Rng) -> list[Line]:
    places = rng.uniform(0.08, 0.92, (int(rng.integers(7, 14)), 2))
    return [aim.line(*[(float(x), float(y)) for x, y in places])]


def _cancel_fill(aim: _Aim, rng: Rng) -> list[Line]:
    pitch = aim.hand.width_mm * 0.62
    again = _Aim(aim.box, aim.hand, rng)
    again.size, again.turn = max(1.0, again.size), again.turn @ np.array([[0.0, -1.0], [1.0, 0.0]])
    return [
        *_cross(aim, rng),
        _hatch(aim, rng, 1.0 / aim.size, pitch),
        _hatch(again, rng, 1.02 / again.size, pitch),
    ]


def _strike_out(aim: _Aim, rng: Rng) -> list[Line]:
    drawn = _cross(aim, rng)
    for _ in range(int(rng.integers(2, 4))):
        y = rng.uniform(0.25, 0.75)
        drawn.append(aim.line((-0.35, y + rng.normal(0, 0.08)), (0.5, y), (1.35, y + rng.normal(0, 0.08))))
    return drawn


def _erased(aim: _Aim, rng: Rng) -> list[Line]:
    left = rng.uniform(0.08, 0.22)
    return [Line(line.points_mm, line.width_mm * 1.3, line.press * left) for line in _cross(aim, rng)]


def _stray(aim: _Aim, rng: Rng) -> list[Line]:
    """Slip near the box. A line through its middle would be a mark to anybody: such a draw is repeated."""
    while True:
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 3.0)
        start = np.array([rng.choice([-0.6, 1.6]), rng.uniform(-0.4, 1.4)])
        step = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        middle = start + step + rng.normal(0, 0.2, 2)
        end = start + 2 * step
        path = aim.at((start[0], start[1]), (middle[0], middle[1]), (end[0], end[1]))
        away_mm = np.linalg.norm(spline(path) - aim.box.centre_mm, axis=1).min() - aim.hand.width_mm / 2
        if away_mm > _STRAY_CLEARANCE * aim.box.width_mm:
            return [draw_line(path, aim.hand, rng, flick=0.8)]


def _offsets(aim: _Aim, places: list[tuple[float, float]]) -> Points:
    return (np.array(places) - 0.5) * aim.box.width_mm


_DRAWN: Final = {
    Habit.CROSS: _cross,
    Habit.TICK: _tick,
    Habit.FILL: _fill,
    Habit.DASH: _dash,
    Habit.SLASH: _slash,
    Habit.DOT: _dot,
    Habit.RING: _ring,
    Habit.SCRIBBLE: _scribble,
    Habit.OVERSHOOT: _overshoot,
    Habit.CANCEL_FILL: _cancel_fill,
    Habit.STRIKE_OUT: _strike_out,
    Habit.ERASED: _erased,
    Habit.STRAY: _stray,
}
