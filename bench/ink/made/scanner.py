"""A scanner for paper with real ink on it: geometry, light, sensor, files; no code shared with omr/simulate.

`Settings.draw` picks an office's machine, `scan` passes one sheet through it. A sheet is light from
0 to 255 at `SHEET_DPI`; what comes out is the file that such a scanner writes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
Point = tuple[float, float]

SHEET_DPI: Final = 400
DEPTHS: Final = ("grey", "colour", "1-bit")


@dataclass(frozen=True, slots=True)
class Settings:
    """One scanner as an office has set it; lengths in mm, light from 0 to 1."""

    depth: str = "grey"
    dpi: int = 200
    turn_deg: float = 0.0
    stretch: tuple[float, float] = (1.0, 1.0)  # along x and y
    offset_mm: tuple[float, float] = (2.0, 2.0)  # of the sheet's corner on the scan
    margin_mm: float = 4.0  # of the scan around the sheet
    around: float = 1.0  # light of what lies around the sheet
    wobble_mm: float = 0.05  # of the feed, along the sheet
    sway_mm: float = 0.03  # across it
    blur_mm: float = 0.06
    sharpen: float = 0.0
    shade: float = 0.0  # how much darker one side is
    paper: float = 0.94  # light of white paper
    black: float = 0.03  # light that becomes 0
    white: float = 0.92  # light that becomes 255
    gamma: float = 1.0
    noise: float = 0.010
    grain: float = 0.006  # of the paper, softer than noise
    quality: int = 75  # of the JPEG
    cut: float = 0.6  # 1-bit: light below which a pixel is black
    window_mm: float = 0.0  # 1-bit: 0 a fixed cut, otherwise against the mean of so wide a window
    below: float = 0.08  # 1-bit adaptive: so much darker than the mean
    streaks: tuple[tuple[float, float, float], ...] = ()  # place across in [0, 1], width mm, strength
    specks: int = 4

    @classmethod
    def draw(cls, rng: Rng, depth: str, dpi: int) -> Settings:
        """Draw an ordinary machine."""
        return cls(
            depth=depth,
            dpi=dpi,
            turn_deg=float(np.clip(rng.normal(0, 0.55), -1.6, 1.6)),
            stretch=(float(1 + rng.normal(0, 0.002)), float(1 + rng.normal(0, 0.003))),
            offset_mm=(float(rng.uniform(1, 4)), float(rng.uniform(1, 4))),
            around=float(rng.choice([1.0, 0.9, 0.08], p=[0.6, 0.25, 0.15])),
            wobble_mm=float(rng.gamma(2, 0.03)),
            sway_mm=float(rng.gamma(2, 0.012)),
            blur_mm=float(rng.uniform(0.035, 0.085)),
            sharpen=float(rng.choice([0.0, 0.4, 0.9])),
            shade=float(abs(rng.normal(0, 0.04))),
            paper=float(rng.uniform(0.88, 0.97)),
            black=float(rng.uniform(0.0, 0.08)),
            white=float(rng.uniform(0.84, 0.96)),
            gamma=float(rng.uniform(0.8, 1.25)),
            noise=float(rng.uniform(0.004, 0.020)),
            grain=float(rng.uniform(0.002, 0.010)),
            quality=int(rng.integers(45, 93)),
            cut=float(rng.uniform(0.48, 0.72)),
            window_mm=float(rng.choice([0.0, 5.0, 12.0], p=[0.55, 0.2, 0.25])),
            below=float(rng.uniform(0.08, 0.20)),
            specks=int(rng.poisson(4)),
        )  # fmt: skip

    def but(self, **changes: object) -> Settings:
        """Return the same machine with some things otherwise."""
        return replace(self, **changes)


def on_scan(
    settings: Settings, point_mm: tuple[float, float], sheet_mm: tuple[float, float]
) -> tuple[float, float]:
    """Return where a point of the sheet comes to lie on the scan, in px; uneven feeding aside."""
    turn = np.deg2rad(settings.turn_deg)
    x, y = (at - size / 2 for at, size in zip(point_mm, sheet_mm, strict=True))
    xs, ys = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    places = zip((xs, ys), settings.stretch, settings.offset_mm, sheet_mm, strict=True)
    left, top = ((at * by + offset + size / 2) * settings.dpi / 25.4 for at, by, offset, size in places)
    return float(left), float(top)


def scan(sheet: Pixels, settings: Settings, rng: Rng) -> bytes:
    """Pass a sheet through the scanner; returns a JPEG, or for 1-bit a PNG."""
    return encoded(picture_of(sheet, settings, rng), settings)


def picture_of(sheet: Pixels, settings: Settings, rng: Rng) -> Pixels:
    """Return the pixels that the scanner makes: (H, W), or (H, W, 3) blue, green, red."""
    if settings.depth != "colour" and sheet.ndim == 3:
        sheet = np.asarray(cv2.cvtColor(sheet, cv2.COLOR_BGR2GRAY), np.uint8)
    light = _moved(_soft(sheet, settings), settings, rng)
    light = _lit(light, settings, rng)
    if settings.depth == "1-bit":
        return _cut(light, settings)
    return np.clip(np.round(light * 255), 0, 255).astype(np.uint8)


def encoded(picture: Pixels, settings: Settings) -> bytes:
    """Write a picture as the scanner's file."""
    image = Image.fromarray(picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., ::-1]))
    file = io.BytesIO()
    dpi = (settings.dpi, settings.dpi)
    if settings.depth == "1-bit":
        image.convert("1", dither=Image.Dither.NONE).save(file, "PNG", dpi=dpi)
    else:
        image.save(file, "JPEG", quality=settings.quality, dpi=dpi)
    return file.getvalue()


def _soft(sheet: Pixels, settings: Settings) -> Pixels:
    """Blur as the lens does, never less than half of the scan's pixel: that is what a sensor averages."""
    pixel_mm = 25.4 / settings.dpi
    sigma = float(np.hypot(settings.blur_mm, 0.38 * pixel_mm)) * SHEET_DPI / 25.4
    return np.asarray(cv2.GaussianBlur(sheet, (0, 0), sigma), np.uint8)


def _moved(sheet: Pixels, settings: Settings, rng: Rng) -> NDArray[np.float32]:
    """Sample the sheet where the scanner's lines fell: turned, stretched, fed unevenly."""
    px, sheet_px = settings.dpi / 25.4, SHEET_DPI / 25.4
    height_mm, width_mm = sheet.shape[0] / sheet_px, sheet.shape[1] / sheet_px
    rows = round((height_mm + 2 * settings.margin_mm) * px)
    columns = round((width_mm + 2 * settings.margin_mm) * px)
    y = (np.arange(rows, dtype=np.float32) + 0.5) / px
    x = (np.arange(columns, dtype=np.float32) + 0.5) / px
    y = y + settings.wobble_mm * _wave(rows, height_mm, rng)
    sway = settings.sway_mm * _wave(rows, height_mm, rng)
    turn = np.deg2rad(settings.turn_deg)
    cx, cy = width_mm / 2, height_mm / 2
    xs = (x[None, :] - settings.offset_mm[0] - cx + sway[:, None]) / settings.stretch[0]
    ys = (y[:, None] - settings.offset_mm[1] - cy) / settings.stretch[1]
    map_x = ((xs * np.cos(turn) + ys * np.sin(turn) + cx) * sheet_px - 0.5).astype(np.float32)
    map_y = ((-xs * np.sin(turn) + ys * np.cos(turn) + cy) * sheet_px - 0.5).astype(np.float32)
    outside = round(255 * settings.around / settings.paper) if settings.around < 0.85 else 255
    border = (min(outside, 255),) * 3
    moved = cv2.remap(
        sheet, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border
    )
    return np.asarray(moved, np.float32) * np.float32(settings.paper / 255)


def _wave(count: int, length_mm: float, rng: Rng) -> NDArray[np.float32]:
    """Return a feed's unevenness along the sheet, spread 1: rollers' turns and slower drift."""
    at = np.linspace(0, length_mm, count)
    wave = np.zeros(count)
    for period in (rng.uniform(25, 60), rng.uniform(60, 140), rng.uniform(140, 400)):
        wave += np.sin(2 * np.pi * at / period + rng.uniform(0, 2 * np.pi))
    return (wave / 1.23).astype(np.float32)


def _lit(light: NDArray[np.float32], settings: Settings, rng: Rng) -> NDArray[np.float32]:
    """Shade, dirt, sensor, gamma."""
    rows, columns = light.shape[:2]
    shape = (rows, columns) + (1,) * (light.ndim - 2)
    if settings.shade:
        along = np.linspace(1, 1 - settings.shade, columns)[:: int(rng.choice([-1, 1]))]
        light = light * along.reshape((1, columns) + (1,) * (light.ndim - 2)).astype(np.float32)
    if settings.grain:
        coarse = rng.standard_normal((rows // 3 + 2, columns // 3 + 2)).astype(np.float32)
        cloudy = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
        light = light + settings.grain * cloudy.reshape(shape)
    for at, width_mm, strength in settings.streaks:
        wide = max(1, round(width_mm * settings.dpi / 25.4))
        left = round(at * (columns - wide))
        unsteady = np.interp(np.arange(rows), np.linspace(0, rows, 25), rng.normal(1, 0.2, 25)).clip(0, 1.4)
        keep = (1 - np.clip(strength * unsteady, 0, 1)).reshape((rows, 1) + (1,) * (light.ndim - 2))
        light[:, left : left + wide] *= keep.astype(np.float32)
    for _ in range(settings.specks):
        centre = (int(rng.integers(columns)), int(rng.integers(rows)))
        level = float(rng.uniform(0.1, 0.8))
        cv2.circle(light, centre, int(rng.integers(0, 2)), (level,) * 3, -1)
    if settings.sharpen:
        wide_blur = cv2.GaussianBlur(light, (0, 0), 1.2)
        light = light + np.float32(settings.sharpen) * (light - wide_blur)
    if settings.noise:
        light = light + settings.noise * rng.standard_normal(light.shape, np.float32)
    light = np.clip((light - settings.black) / (settings.white - settings.black), 0, 1)
    return np.asarray(light ** np.float32(settings.gamma), np.float32)


def _cut(light: NDArray[np.float32], settings: Settings) -> Pixels:
    if settings.window_mm:
        wide = 2 * round(settings.window_mm * settings.dpi / 25.4 / 2) + 1
        limit = cv2.blur(light, (wide, wide)) - settings.below
    else:
        limit = np.full_like(light, settings.cut)
    return np.where(light < limit, 0, 255).astype(np.uint8)
