"""Hands: people of the real scans with their marks, laid on our forms at 400 dpi.

A hand keeps what its marks have in common: kind, size, width and pressure of the stroke, where it
aims. A person who made few marks repeats them, turned a little. Sources are split in two halves:
whoever learns from one half is judged by the other, and never by a hand that taught him.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ink.made.scanner import SHEET_DPI, Pixels, Rng
from ink.stamps import PX_PER_MM, Stamp, stamps_of
from omr.geometry import Box

HALVES: Final = {
    "eppler": "a", "amc-tests": "a", "sqs": "a", "cse464": "a",
    "thai32": "b", "sbs": "b", "odk": "b", "open-mcr/75q-core-1": "b", "open-mcr/75q-core-3": "b",
}  # fmt: skip
STROKES: Final = ("cross", "tick", "slash", "dash", "hatch")
LEAST_MARKS: Final = 4  # of a person to be a hand
_BILEVEL: Final = {"amc-tests", "sqs", "open-mcr/75q-core-1"}  # scans that say nothing of pressure
# 98 dpi: the pixel spreads a stroke, which was so much darker, and a little thinner.
_SOFT: Final = {"thai32": 1.4}
_OURS_MM: Final = 4.5
_LARGEST_MM: Final = 8.5  # of a person's usual marks on our form: rows are 8 mm apart
_SMALLEST_MM: Final = 2.6

Bgr = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One person with one pen."""

    person: str
    source: str
    half: str
    fills: bool  # marks by filling the box, not by strokes
    marks: tuple[Stamp, ...]
    withdrawn: tuple[Stamp, ...]  # marks that this person scribbled out
    scale: float  # from their paper's millimetres to ours
    darkness: float  # share of light that their stroke takes, on a grey scan
    ink: Bgr  # share of light left, per channel, where the stroke is full
    width_mm: float  # of a stroke on our paper


def ink_of(darkness: float, colour: str) -> Bgr:
    """Return an ink of a colour that a grey scan sees as dark as that."""
    hue = {"blue": (0.36, -0.02, -0.10), "black": (0.0, 0.0, 0.0), "red": (-0.12, -0.12, 0.28)}[colour]
    b, g, r = (float(np.clip(1 - darkness + part * darkness, 0.02, 0.98)) for part in hue)
    return b, g, r


@cache
def hands() -> tuple[Hand, ...]:
    """Return everybody of the real scans who made enough marks."""
    return hands_of(stamps_of())


def hands_of(stamps: Sequence[Stamp]) -> tuple[Hand, ...]:
    """Return the people whose stamps these are, where they made enough marks."""
    persons: dict[str, list[Stamp]] = defaultdict(list)
    for stamp in stamps:
        persons[stamp.person].append(stamp)
    found = []
    for person, own in sorted(persons.items()):
        rng = np.random.default_rng([20261129, *person.encode()])
        plain = [s for s in own if s.state == "marked" and s.kind != "dot"]
        if not plain:
            continue
        source = plain[0].source
        strokes = [s for s in plain if s.kind in STROKES or source in ("eppler", "thai32", "sbs")]
        fills = len(strokes) < 0.6 * len(plain)
        if source.startswith("open-mcr"):  # a letter under each mark: only the solid ones came out whole
            fills, strokes = True, []
        marks = [_sharper(s) for s in plain if s.kind == "fill"] if fills else [_sharper(s) for s in strokes]
        if len(marks) < LEAST_MARKS:
            continue
        if not fills:
            marks = _whole(marks)
        extent = np.array([_extent_mm(s) for s in marks])
        side = float(np.median([s.side_mm for s in marks]))
        scale = float(np.sqrt(_OURS_MM / side))
        scale = min(scale, _LARGEST_MM / float(np.percentile(extent, 80)))
        scale = max(scale, _SMALLEST_MM / float(np.median(extent)))
        levels = np.concatenate([s.cover[s.cover > 40] for s in marks]) / 255
        darkness = float(rng.uniform(0.6, 0.85)) if source in _BILEVEL else float(np.percentile(levels, 85))
        darkness = float(np.clip(darkness * _SOFT.get(source, 1.0), 0.3, 0.9))
        colour = str(rng.choice(["blue", "black", "red"], p=[0.7, 0.25, 0.05]))
        withdrawn = tuple(s for s in own if s.state == "cancelled")
        width = float(np.clip(np.median([_width_mm(s) for s in marks]) * scale, 0.3, 0.7))
        found.append(
            Hand(person, source, HALVES[source], fills, tuple(marks), withdrawn, scale, darkness,
                 ink_of(darkness, colour), width)
        )  # fmt: skip
    return tuple(found)


def _whole(marks: list[Stamp]) -> list[Stamp]:
    """Leave out pieces of marks that cutting tore: much smaller than the person's others."""
    ink = np.array([float((s.cover > 50).sum()) for s in marks])
    long = np.array([_extent_mm(s) for s in marks])
    whole = (ink > 0.55 * np.median(ink)) & (long > 0.6 * np.median(long))
    return [s for s, is_whole in zip(marks, whole, strict=True) if is_whole]


def _sharper(stamp: Stamp) -> Stamp:
    power = _SOFT.get(stamp.source, 1.0)
    if power == 1.0:
        return stamp
    top = float(stamp.cover.max())
    cover = (top * (stamp.cover / top) ** 1.2).astype(np.uint8)
    return replace(stamp, cover=cover)


def _extent_mm(stamp: Stamp) -> float:
    ys, xs = np.nonzero(stamp.cover > 38)
    return float(max(np.ptp(xs), np.ptp(ys)) + 1) / PX_PER_MM if len(xs) else 0.0


def _width_mm(stamp: Stamp) -> float:
    ink = (stamp.cover > 60).astype(np.uint8)
    inner = cv2.distanceTransform(ink, cv2.DIST_L2, 3)
    ridge = inner[(inner >= cv2.dilate(inner, np.ones((3, 3), np.uint8)) - 1e-6) & (inner > 0.8)]
    return float(2 * np.median(ridge)) / PX_PER_MM if ridge.size else 0.3


@dataclass(frozen=True, slots=True)
class Way:
    """How one mark is laid: in addition to the hand's own habits."""

    size: float = 1.0
    pressure: float = 1.0  # of the ink's darkness
    shift_mm: tuple[float, float] = (0.0, 0.0)
    turn_deg: float = 0.0
    dry: float = 0.0  # share of the stroke that stays without ink


PLAIN: Final = Way()


def lay(paper: Pixels, hand: Hand, stamp: Stamp, box: Box, rng: Rng, way: Way = PLAIN) -> None:
    """Lay a mark of a hand into a box of the paper, in place."""
    scale = hand.scale * way.size * float(rng.normal(1, 0.06)) * SHEET_DPI / 25.4 / PX_PER_MM
    turn = np.deg2rad(way.turn_deg + rng.normal(0, 3))
    height, width = stamp.cover.shape
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    x_mm, y_mm = box.centre_mm
    aim = np.array(
        [x_mm + way.shift_mm[0] + rng.normal(0, 0.25), y_mm + way.shift_mm[1] + rng.normal(0, 0.25)]
    )
    aim_px = aim * SHEET_DPI / 25.4
    shift = aim_px - rotation @ np.asarray(stamp.middle_px)
    corners = rotation @ np.array([[0, width, width, 0], [0, 0, height, height]]) + shift[:, None]
    left, top = np.floor(corners.min(axis=1)).astype(int) - 1
    right, bottom = np.ceil(corners.max(axis=1)).astype(int) + 2
    map_ = np.hstack([rotation, (shift - (left, top))[:, None]])
    full = 255 * min(1.0, _full(stamp))
    cover = cv2.warpAffine(stamp.cover, map_, (int(right - left), int(bottom - top)), flags=cv2.INTER_LINEAR)
    stain(paper, np.clip(cover.astype(np.float32) / full, 0, 1), int(top), int(left), hand, rng, way)


def _full(stamp: Stamp) -> float:
    """Return the cover that counts as the stroke's full ink."""
    return (
        max(0.2, float(np.percentile(stamp.cover[stamp.cover > 40], 85)) / 255)
        if (stamp.cover > 40).any()
        else 1.0
    )


def stain(
    paper: Pixels, cover: NDArray[np.float32], top: int, left: int, hand: Hand, rng: Rng, way: Way = PLAIN
) -> None:
    """Darken the paper where `cover` (0 to 1) lies, with a hand's ink."""
    if way.dry:
        patches = cv2.resize(
            rng.random((cover.shape[0] // 9 + 2, cover.shape[1] // 9 + 2)).astype(np.float32),
            cover.shape[::-1],
            interpolation=cv2.INTER_CUBIC,
        )
        cover = cover * np.clip((patches - way.dry) / 0.15 + 0.5, 0.05, 1)
    r0, c0 = max(0, top), max(0, left)
    r1, c1 = min(paper.shape[0], top + cover.shape[0]), min(paper.shape[1], left + cover.shape[1])
    if r0 >= r1 or c0 >= c1:
        return
    part = cover[r0 - top : r1 - top, c0 - left : c1 - left]
    if paper.ndim == 3:
        keep = 1 - part[..., None] * way.pressure * (1 - np.asarray(hand.ink, np.float32))
    else:
        keep = 1 - part * np.float32(way.pressure * hand.darkness)
    paper[r0:r1, c0:c1] = np.clip(paper[r0:r1, c0:c1] * keep + 0.5, 0, 255).astype(np.uint8)


def draw(
    paper: Pixels,
    hand: Hand,
    lines_mm: list[NDArray[np.float64]],
    rng: Rng,
    way: Way = PLAIN,
    width: float = 1.0,
) -> None:
    """Draw lines (N, 2) in mm with a hand's pen: for what was never cut out, as words and loops."""
    px = SHEET_DPI / 25.4
    every = np.concatenate(lines_mm) * px
    pad = 8 + round(hand.width_mm * px)
    left, top = np.floor(every.min(axis=0)).astype(int) - pad
    right, bottom = np.ceil(every.max(axis=0)).astype(int) + pad
    canvas = np.zeros((int(bottom - top), int(right - left)), np.uint8)
    for line in lines_mm:
        points = np.round((line * px - (left, top)) * 16).astype(np.int64)
        thick = np.clip(
            hand.width_mm
            * width
            * px
            * np.interp(np.arange(len(points)), np.linspace(0, len(points), 6), rng.normal(1, 0.12, 6)),
            2,
            40,
        )
        for a, b, wide in zip(points, points[1:], thick, strict=False):
            cv2.line(
                canvas,
                (int(a[0]), int(a[1])),
                (int(b[0]), int(b[1])),
                255,
                round(float(wide)),
                cv2.LINE_AA,
                4,
            )
    soft = cv2.GaussianBlur(canvas, (0, 0), 1.2).astype(np.float32) / 255
    stain(paper, soft, int(top), int(left), hand, rng, way)


def paler(hand: Hand, share: float) -> Hand:
    """Return the same hand with a pen of less ink."""
    r, g, b = (1 - share * (1 - level) for level in hand.ink)
    return replace(hand, darkness=hand.darkness * share, ink=(r, g, b))
