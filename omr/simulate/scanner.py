"""A document scanner: a sheet goes in at some angle, pixels of some depth and dpi come out.

`Machine` is what a scanner is (the same for a whole stack), `Feed` is how one sheet went
through it. Both are plain values; harms replace some of their fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import MM_PER_INCH
from omr.reading.scan.pages import Depth
from omr.simulate.ink import Pixels, Sheet
from omr.simulate.pens import Bgr, Rng


@dataclass(frozen=True, slots=True)
class Machine:
    """One scanner with its settings."""

    depth: Depth
    dpi: int
    jpeg_quality: int
    paper: Bgr  # share of light that bare paper sends back, per channel
    white: float  # grey level in [0, 1] that is delivered as 255: below `paper`, paper is clipped white
    black: float  # grey level in [0, 1] that is delivered as 0
    gamma: float
    blur_mm: float  # spread of the optics
    sharpen: float  # unsharp masking, as most drivers do
    noise: float  # grey levels, per pixel
    column_noise: float  # grey levels, per sensor element: faint lines along the feed
    background: Bgr  # what lies behind the paper
    threshold: int  # grey level in 0-255 below which a 1-bit scan is black


@dataclass(frozen=True, slots=True)
class Streak:
    """Dirt on the glass: a line along the whole feed."""

    x: float  # place across the scan, in [0, 1]
    width_mm: float
    level: float  # 0 black, 1 white
    opacity: float


@dataclass(frozen=True, slots=True)
class Feed:
    """How one sheet went through."""

    rotation_deg: float = 0.0
    stretch_x: float = 1.0
    stretch_y: float = 1.0  # along the feed
    shear: float = 0.0
    shift_mm: tuple[float, float] = (0.0, 0.0)
    wobble_mm: float = 0.0  # amplitude of uneven feeding, along the feed
    quarter_turns: int = 0  # clockwise, of the picture delivered
    overscan_mm: tuple[float, float] = (0.0, 0.0)  # how much wider and longer than the paper the scan is
    streaks: tuple[Streak, ...] = ()
    edge_shadow: float = 0.0  # dark band along the scan's border, in [0, 1]
    specks: int = 0
    photocopied: bool = False


def everyday_machine(depth: Depth, dpi: int, rng: Rng) -> Machine:
    """Return an office scanner in good order; most clip paper to white, some deliver its tone."""
    tint = rng.uniform(0.90, 0.97)
    paper = (tint + rng.uniform(-0.02, 0.02), tint, tint + rng.uniform(-0.02, 0.015))
    clips = rng.random() < 0.55
    return Machine(
        depth=depth,
        dpi=dpi,
        jpeg_quality=int(rng.integers(70, 91)),
        paper=paper,
        white=tint - rng.uniform(0.03, 0.08) if clips else rng.uniform(0.97, 1.03),
        black=rng.uniform(-0.04, 0.08),
        gamma=rng.uniform(0.9, 1.15),
        blur_mm=rng.uniform(0.045, 0.085),
        sharpen=rng.uniform(0.0, 0.9),
        noise=rng.uniform(1.0, 3.2),
        column_noise=rng.uniform(0.1, 0.9),
        background=_background(rng),
        threshold=int(rng.integers(140, 186)),
    )


def everyday_feed(rng: Rng) -> Feed:
    """Return a sheet that went through well: a little askew, fed a little unevenly."""
    return Feed(
        rotation_deg=float(np.clip(rng.normal(0, 0.55), -1.6, 1.6)),
        stretch_x=1 + rng.normal(0, 0.0012),
        stretch_y=1 + rng.normal(0, 0.0025),
        shear=rng.normal(0, 0.0006),
        shift_mm=(float(rng.normal(0, 0.5)), float(rng.normal(0, 0.5))),
        wobble_mm=abs(float(rng.normal(0, 0.04))),
        specks=int(rng.poisson(2)),
    )


def _background(rng: Rng) -> Bgr:
    """Return what a scanner has behind the paper: three in four a white roller, else a black one."""
    grey = rng.uniform(0.85, 1.0) if rng.random() < 0.75 else rng.uniform(0.03, 0.25)
    return (grey, grey, grey)


def scan(sheet: Sheet, machine: Machine, feed: Feed, rng: Rng) -> Pixels:
    """Scan a sheet.

    Parameters
    ----------
    sheet : Sheet
        Any resolution; grey or colour as `machine.depth` wants it (bilevel: grey).
    machine, feed : Machine, Feed
        The scanner, and how the sheet went through.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    (H, W) or (H, W, 3) uint8 ndarray
        0 or 255 only when `machine.depth` is bilevel.
    """
    picture = _moved(sheet, machine, feed, rng)
    if feed.photocopied:
        picture = _photocopy(picture, rng)
    for streak in feed.streaks:
        _draw_streak(picture, streak, machine.dpi, rng)
    if feed.edge_shadow:
        _darken_edges(picture, feed.edge_shadow, machine.dpi, rng)
    picture = _optics(picture, machine)
    picture = np.asarray(cv2.LUT(picture, _sensed(machine, sheet.colour)))
    picture = _with_noise(picture, machine, rng)
    picture = np.asarray(cv2.LUT(picture, _delivered(machine, sheet.colour)))
    _draw_specks(picture, feed.specks, machine.dpi, rng)
    if machine.depth is Depth.BILEVEL:
        picture = np.asarray(cv2.threshold(picture, machine.threshold, 255, cv2.THRESH_BINARY)[1], np.uint8)
    if feed.quarter_turns % 4:
        turned = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)
        picture = np.asarray(cv2.rotate(picture, turned[feed.quarter_turns % 4 - 1]), np.uint8)
    return picture


def _moved(sheet: Sheet, machine: Machine, feed: Feed, rng: Rng) -> Pixels:
    """Lay the sheet on the scanner's canvas: rotation, stretch, shift, wobble, background."""
    width_mm, height_mm = sheet.size_mm
    canvas = width_mm + feed.overscan_mm[0], height_mm + feed.overscan_mm[1]
    columns, rows = (round(v * machine.dpi / MM_PER_INCH) for v in canvas)
    angle = np.deg2rad(feed.rotation_deg)
    out_px, in_px = machine.dpi / MM_PER_INCH, sheet.dpi / MM_PER_INCH
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    skewed = np.array([[1.0, feed.shear], [0.0, 1.0]]) @ np.diag([feed.stretch_x, feed.stretch_y])
    linear = skewed @ turn * (out_px / in_px)
    middle_in = np.array([width_mm, height_mm]) / 2 * in_px - 0.5
    # On a larger canvas the paper lies near the top and is centred across, as feeders hold it.
    gap_mm = min(4.0, feed.overscan_mm[1] / 2)
    middle_out = np.array([canvas[0] / 2, height_mm / 2 + gap_mm]) + feed.shift_mm
    map_ = np.hstack([linear, (middle_out * out_px - 0.5 - linear @ middle_in)[:, None]])
    back = tuple(255 * min(1.0, b / p) for b, p in zip(machine.background, machine.paper, strict=True))
    border = back if sheet.colour else (sum(back) / 3,) * 3
    source = _without_gone(sheet, border)
    if feed.wobble_mm:
        picture = _fed_unevenly(source, map_, (columns, rows), border, feed.wobble_mm * out_px, rng)
    else:
        still = cv2.warpAffine(source, map_, (columns, rows), flags=cv2.INTER_LINEAR, borderValue=border)
        picture = np.asarray(still, np.uint8)
    outline = np.array([[-0.5, -0.5], [width_mm * in_px - 0.5, -0.5]])
    outline = np.vstack(
        [outline, [[width_mm * in_px - 0.5, height_mm * in_px - 0.5], [-0.5, height_mm * in_px - 0.5]]]
    )
    edge = np.round((outline @ map_[:, :2].T + map_[:, 2]) * 16).astype(np.int32)
    shade = tuple(0.72 * v for v in border)
    cv2.polylines(picture, [edge], True, shade, max(1, round(0.15 * out_px)), cv2.LINE_AA, 4)
    return np.asarray(picture, np.uint8)


def _without_gone(sheet: Sheet, border: tuple[float, ...]) -> Pixels:
    if not sheet.gone.any():
        return sheet.pixels
    share = sheet.gone.astype(np.float32) / 255
    behind = np.asarray(border[: 3 if sheet.colour else 1], np.float32)
    if sheet.colour:
        share = share[..., None]
    return np.asarray(sheet.pixels * (1 - share) + behind * share, np.uint8)


def _fed_unevenly(
    source: Pixels,
    map_: NDArray[np.float64],
    size: tuple[int, int],
    border: tuple[float, ...],
    amplitude_px: float,
    rng: Rng,
) -> Pixels:
    """Warp with an error along the feed that changes slowly from row to row.

    Bands of rows share one shift: at 0.1 px between neighbouring bands no seam shows,
    and plain affine warps of bands are three times faster than a full remap.
    """
    columns, rows = size
    band = 16
    starts = np.arange(0, rows, band)
    period = rng.uniform(0.15, 0.6) * rows
    walk = np.cumsum(rng.standard_normal(len(starts)))
    walk = (walk - walk.mean()) / max(1e-9, float(np.abs(walk).max())) if len(walk) > 1 else walk * 0
    wave = np.sin(2 * np.pi * starts / period + rng.uniform(0, 2 * np.pi))
    shifts = amplitude_px * (0.7 * wave + 0.3 * walk)
    shape = (rows, columns) if source.ndim == 2 else (rows, columns, 3)
    picture = np.empty(shape, np.uint8)
    for start, shift in zip(starts.tolist(), shifts.tolist(), strict=True):
        part = map_.copy()
        part[1, 2] += shift - start
        high = min(band, rows - start)
        cv2.warpAffine(
            source, part, (columns, high), picture[start : start + high], cv2.INTER_LINEAR, borderValue=border
        )
    return picture


def _photocopy(picture: Pixels, rng: Rng) -> Pixels:
    """Copy the sheet before scanning: colour is lost, contrast hard, background speckled."""
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    soft = cv2.GaussianBlur(grey, (0, 0), 0.8)
    levels = np.arange(256)
    middle = rng.uniform(150, 190)
    table = np.clip(30 + 215 / (1 + np.exp(-(levels - middle) / 18)), 0, 255).astype(np.uint8)
    copy = cv2.LUT(soft, table)
    rows, columns = copy.shape
    count = int(rows * columns * 2e-4)
    at = rng.integers(0, (rows - 1, columns - 1), (count, 2))
    copy[at[:, 0], at[:, 1]] = rng.integers(40, 190, count).astype(np.uint8)
    return np.asarray(copy if picture.ndim == 2 else cv2.cvtColor(copy, cv2.COLOR_GRAY2BGR), np.uint8)


def _draw_streak(picture: Pixels, streak: Streak, dpi: int, rng: Rng) -> None:
    rows, columns = picture.shape[:2]
    wide = max(1, round(streak.width_mm * dpi / MM_PER_INCH))
    left = min(columns - wide, int(streak.x * columns))
    unsteady = np.interp(np.arange(rows), np.linspace(0, rows, 30), rng.normal(1, 0.25, 30)).clip(0, 1.5)
    share = np.clip(streak.opacity * unsteady, 0, 1)[:, None].astype(np.float32)
    if picture.ndim == 3:
        share = share[..., None]
    part = picture[:, left : left + wide]
    part[...] = (part * (1 - share) + 255 * streak.level * share).astype(np.uint8)


def _darken_edges(picture: Pixels, depth: float, dpi: int, rng: Rng) -> None:
    rows, columns = picture.shape[:2]
    reach_px = rng.uniform(2.5, 7.0) * dpi / MM_PER_INCH
    sides = rng.random(4) < 0.6
    if not sides.any():
        sides[int(rng.integers(4))] = True
    x, y = np.arange(columns), np.arange(rows)
    across = sides[0] * np.exp(-x / reach_px) + sides[1] * np.exp(-(columns - 1 - x) / reach_px)
    down = sides[2] * np.exp(-y / reach_px) + sides[3] * np.exp(-(rows - 1 - y) / reach_px)
    keep_x, keep_y = 1 - depth * np.clip(across, 0, 1), 1 - depth * np.clip(down, 0, 1)
    keep = (keep_y[:, None] * keep_x[None, :]).astype(np.float32)
    picture[...] = (picture * (keep[..., None] if picture.ndim == 3 else keep)).astype(np.uint8)


def _optics(picture: Pixels, machine: Machine) -> Pixels:
    sigma = machine.blur_mm * machine.dpi / MM_PER_INCH
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.25, sigma), borderType=cv2.BORDER_REPLICATE)
    if machine.sharpen < 0.05:
        return np.asarray(soft, np.uint8)
    wide = cv2.GaussianBlur(soft, (0, 0), 1.1, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.addWeighted(soft, 1 + machine.sharpen, wide, -machine.sharpen, 0), np.uint8)


def _sensed(machine: Machine, colour: bool) -> NDArray[np.uint8]:
    """Return the table from light on the sheet (255 is bare paper) to sensor levels."""
    paper = np.asarray(machine.paper if colour else (np.mean(machine.paper),))
    return np.asarray(np.round(np.arange(256)[:, None] * paper), np.uint8).reshape(256, 1, -1)


def _delivered(machine: Machine, colour: bool) -> NDArray[np.uint8]:
    """Return the table from sensor levels to the levels of the file: black, white, gamma."""
    span = max(0.05, machine.white - machine.black)
    out = np.clip((np.arange(256) / 255 - machine.black) / span, 0, 1) ** machine.gamma
    table = np.asarray(np.round(out * 255), np.uint8)
    return table[:, None, None].repeat(3 if colour else 1, axis=2)


@lru_cache(maxsize=16)
def _noise_tile(quarters: int) -> NDArray[np.int8]:
    """Return 2**22 values of noise with a spread of `quarters` / 4 grey levels."""
    rng = np.random.default_rng(314)
    noise = rng.standard_normal(1 << 22, np.float32) * (quarters / 4)
    return np.clip(np.round(noise), -127, 127).astype(np.int8)


def _with_noise(picture: Pixels, machine: Machine, rng: Rng) -> Pixels:
    """Add pixel noise and the sensor's fixed pattern, which differs from column to column."""
    rows, columns = picture.shape[:2]
    channels = 1 if picture.ndim == 2 else 3
    tile = _noise_tile(round(machine.noise * 4))
    start = int(rng.integers(len(tile)))
    wanted = rows * columns * channels
    repeated = tile[start : start + wanted]
    if len(repeated) < wanted:
        repeated = np.resize(np.concatenate([tile[start:], tile[:start]]), wanted)
    pattern = np.round(rng.normal(0, machine.column_noise, columns)).astype(np.int8).repeat(channels)
    lines = np.ascontiguousarray(np.broadcast_to(pattern, (rows, columns * channels)))
    noisy = cv2.add(picture.reshape(rows, -1), repeated.reshape(rows, -1), dtype=cv2.CV_8U)
    noisy = cv2.add(noisy, lines, dtype=cv2.CV_8U)
    return np.asarray(noisy, np.uint8).reshape(picture.shape)


def _draw_specks(picture: Pixels, count: int, dpi: int, rng: Rng) -> None:
    rows, columns = picture.shape[:2]
    for _ in range(count):
        at = (int(rng.integers(columns)), int(rng.integers(rows)))
        level = float(rng.uniform(30, 190))
        radius = max(0, round(rng.uniform(0.02, 0.16) * dpi / MM_PER_INCH))
        cv2.circle(picture, at, radius, (level,) * 3, -1, cv2.LINE_AA)
