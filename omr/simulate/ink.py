"""Ink on paper: lines in millimetres become darker pixels on a sheet, anti-aliased."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from statistics import NormalDist
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import MM_PER_INCH, Points
from omr.simulate.pens import Bgr, Hand, Rng

Pixels = NDArray[np.uint8]  # (H, W) grey or (H, W, 3) blue, green, red; 255 is white paper
Cover = NDArray[np.float32]  # (H, W) share of the paper covered by ink, in [0, 1]

# Lines are drawn at about this resolution and averaged down: at 800 dpi the thinnest line
# (0.25 mm) is 8 px wide, so that its width and edge are right to a tenth of a pixel at 200 dpi.
DRAWN_DPI: Final = 800
STEP_MM: Final = 0.25  # between two points of a drawn line
_TREMOR_MM: Final = 1.2  # way along a line over which the hand wanders and its pressure changes
_DRY_SPOT_MM: Final = 0.7  # length of a stretch in which the ink runs thin
_THINNEST_MM: Final = 0.12  # of a line as the pen leaves the paper
_SHIFT: Final = 4  # OpenCV's fixed-point coordinates: 1/16 px
_TILE: Final = 1024
_TOOTH_MM: Final = 0.09  # grain of office paper as a pencil shows it


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The paper side that lies on the table; simulation draws on its pixels in place.

    Page mm (x, y) lies at pixel (x * dpi / 25.4 - 0.5, y * dpi / 25.4 - 0.5).
    """

    pixels: Pixels
    dpi: float
    gone: NDArray[np.uint8]  # (H, W), 255 where the paper is torn off or folded away

    @classmethod
    def of(cls, pixels: Pixels, dpi: float) -> Sheet:
        """Return a whole sheet with these pixels, which the sheet owns from now on."""
        return cls(pixels, dpi, np.zeros(pixels.shape[:2], np.uint8))

    @property
    def colour(self) -> bool:
        """Whether the pixels have three channels."""
        return self.pixels.ndim == 3

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height on paper."""
        height, width = self.pixels.shape[:2]
        return width * MM_PER_INCH / self.dpi, height * MM_PER_INCH / self.dpi


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One movement of the pen, from touching the paper to leaving it."""

    points_mm: Points  # (N, 2)
    width_mm: NDArray[np.float64]  # (N,)
    press: NDArray[np.float64]  # (N,) share of the pen's density, in [0, 1]


@cache
def _tooth() -> Pixels:
    rng = np.random.default_rng(20230307)
    noise = rng.standard_normal((_TILE, _TILE)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), _TOOTH_MM * DRAWN_DPI / MM_PER_INCH / 2.5)
    return np.asarray(np.clip(150 + 90 * fine / fine.std(), 0, 255), np.uint8)


def tooth_patch(rows: int, columns: int, rng: Rng) -> Pixels:
    """Return a random piece of the paper's tooth at `DRAWN_DPI`: 255 takes ink, 0 does not."""
    r, c = (int(v) for v in rng.integers(0, _TILE // 2, 2))
    tile = _tooth()
    if r + rows > _TILE or c + columns > _TILE:
        tile = np.tile(tile, (rows // _TILE + 2, columns // _TILE + 2))
    return tile[r : r + rows, c : c + columns]


@lru_cache(maxsize=4096)
def _between(count: int, knots: int) -> NDArray[np.float64]:
    """Return the (count, knots) matrix that interpolates linearly between knots."""
    place = np.linspace(0, knots - 1, count)
    return np.asarray(np.maximum(0.0, 1 - np.abs(place[:, None] - np.arange(knots))))


@lru_cache(maxsize=64)
def _catmull_rom(steps: int) -> NDArray[np.float64]:
    """Return the (steps, 4) weights of four control points along one leg, its start left out."""
    t = np.linspace(0, 1, steps + 1)[1:, None]
    columns = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
    return np.asarray(np.hstack(columns) / 2)


def spline(control_mm: Points) -> Points:
    """Return points along a Catmull-Rom curve through the control points, shape (N, 2)."""
    first, last = 2 * control_mm[0] - control_mm[1], 2 * control_mm[-1] - control_mm[-2]
    padded = np.concatenate([first[None], control_mm, last[None]])
    legs = len(control_mm) - 1
    length_mm = float(np.abs(np.diff(control_mm, axis=0)).sum())
    weights = _catmull_rom(max(3, round(length_mm / legs / STEP_MM)))
    fours = np.stack([padded[i : i + legs] for i in range(4)], axis=1)
    return np.concatenate([control_mm[:1], (weights @ fours).reshape(-1, 2)])


def draw_line(control_mm: Points, hand: Hand, rng: Rng, *, flick: float = 0.35) -> Line:
    """Let a hand draw one line through control points: tremor, pressure, skipping ink.

    Parameters
    ----------
    control_mm : (N, 2) float64 ndarray
        Where the hand means to go, N >= 2.
    hand : Hand
        Who draws.
    rng : numpy.random.Generator
        The source of chance.
    flick : float
        How much the line's end thins out as the pen leaves the paper, in [0, 1].
    """
    points = spline(control_mm)
    n = len(points)
    knots = max(3, int(n * STEP_MM / _TREMOR_MM) + 1)
    wander = _between(n, knots) @ rng.standard_normal((knots, 4))
    points = points + wander[:, :2] * hand.tremor_mm
    lift = np.ones(n)
    tail = max(2, n // 4)
    lift[-tail:] -= flick * np.linspace(0, 1, tail) ** 2  # the last quarter thins out
    width = hand.width_mm * lift * (1 + 0.10 * wander[:, 2])
    press = (0.94 + 0.06 * wander[:, 3]) * (0.55 + 0.45 * lift)  # and pales, by half as much
    if hand.pen.skips:
        spots = max(3, int(n * STEP_MM / _DRY_SPOT_MM))
        flow = _between(n, spots) @ rng.standard_normal((spots, 1))[:, 0]
        runs_dry = NormalDist().inv_cdf(hand.pen.skips)
        press = press * np.clip(1 + (flow - runs_dry - 0.25), 0.30, 1.0)  # soft ends, never quite dry
    return Line(points, np.maximum(width, _THINNEST_MM), np.clip(press, 0.0, 1.0))


def cover_of(line: Line, grain: float, dpi: float, rng: Rng) -> tuple[Cover, int, int]:
    """Return the share of paper a line covers, and its top row and left column on the sheet."""
    fine = max(1, round(DRAWN_DPI / dpi))
    px_per_mm = dpi / MM_PER_INCH
    reach = float(line.width_mm.max()) / 2 * px_per_mm + 1.5
    places = line.points_mm * px_per_mm  # sheet pixels from the page's corner, pixel edges at integers
    left, top = (int(v) for v in np.floor(places.min(axis=0) - reach))
    right, bottom = (int(v) for v in np.ceil(places.max(axis=0) + reach))
    canvas: Pixels = np.zeros(((bottom - top) * fine, (right - left) * fine), np.uint8)
    fixed = np.round(((places - (left, top)) * fine - 0.5) * (1 << _SHIFT)).astype(np.int64).tolist()
    widths = np.maximum(1, np.round(line.width_mm * px_per_mm * fine)).astype(np.int64).tolist()
    levels = np.round(line.press * 255).tolist()
    for (x0, y0), (x1, y1), width, level in zip(fixed, fixed[1:], widths[1:], levels[1:], strict=False):
        cv2.line(canvas, (x0, y0), (x1, y1), level, width, cv2.LINE_8, _SHIFT)
    if grain:
        part = tooth_patch(canvas.shape[0], canvas.shape[1], rng)
        rubbed = cv2.multiply(canvas, part, scale=1 / 255)
        canvas = np.asarray(cv2.addWeighted(canvas, 1 - grain, rubbed, grain, 0), np.uint8)
    cover = cv2.resize(canvas, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return cover.astype(np.float32) / np.float32(255), top, left


def stain_paper(sheet: Sheet, cover: Cover, top: int, left: int, ink: Bgr) -> None:
    """Darken the sheet where `cover` lies: each channel keeps the ink's share of its light."""
    height, width = sheet.pixels.shape[:2]
    r0, c0 = max(0, top), max(0, left)
    r1, c1 = min(height, top + cover.shape[0]), min(width, left + cover.shape[1])
    if r0 >= r1 or c0 >= c1:
        return
    part = cover[r0 - top : r1 - top, c0 - left : c1 - left]
    under = sheet.pixels[r0:r1, c0:c1]
    if sheet.colour:
        keep = 1 - part[..., None] * (1 - np.asarray(ink, np.float32))
    else:
        keep = 1 - part * np.float32(1 - luminance(ink))
    sheet.pixels[r0:r1, c0:c1] = (under * keep + 0.5).astype(np.uint8)


def grey_of(pixels: Pixels) -> Pixels:
    """Return colour pixels as a grey scan sees them."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)


def luminance(ink: Bgr) -> float:
    """Return what a grey scan sees of a colour: Rec. 601 weights, as scanners and JPEG use."""
    return 0.114 * ink[0] + 0.587 * ink[1] + 0.299 * ink[2]


def write(sheet: Sheet, lines: list[Line], hand: Hand, rng: Rng) -> None:
    """Put lines on the sheet, in the order in which they were drawn; crossings get darker."""
    for line in lines:
        cover, top, left = cover_of(line, hand.pen.grain, sheet.dpi, rng)
        stain_paper(sheet, cover * np.float32(hand.density), top, left, hand.ink)
