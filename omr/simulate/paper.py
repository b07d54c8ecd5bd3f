"""What happens to paper: folds, stains, tears; each draws on a sheet in place."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.forms.template import Form
from omr.geometry import MM_PER_INCH
from omr.simulate.ink import Pixels, Sheet, draw_line, stain_paper, tooth_patch, write
from omr.simulate.pens import PENS, Bgr, Rng, take_pen

_COFFEE: Final[Bgr] = (0.52, 0.68, 0.78)
_RUST: Final[Bgr] = (0.30, 0.42, 0.55)


def fold(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Fold the sheet once across and open it again: a line with a shadow, print cracked along it."""
    across = rng.random() < 0.7
    width, height = sheet.size_mm
    at = (height if across else width) * rng.uniform(0.25, 0.75)
    _fold_line(sheet, at, across, rng.normal(0, 0.012), rng.uniform(0.10, 0.30), rng)


def crease(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Crumple the sheet: a few soft, bent lines at any angle."""
    width, height = sheet.size_mm
    cover = np.zeros(sheet.pixels.shape[:2], np.float32)
    px = sheet.dpi / MM_PER_INCH
    for _ in range(int(rng.integers(4, 9))):
        angle, length = rng.uniform(0, np.pi), rng.uniform(25, 90)
        start = rng.uniform(0, 1, 2) * (width, height)
        steps = np.linspace(0, length, 9)[:, None] * (np.cos(angle), np.sin(angle)) + rng.normal(
            0, 1.2, (9, 2)
        )
        points = np.round((start + steps) * px * 16).astype(np.int32)
        one = np.zeros(cover.shape, np.uint8)
        cv2.polylines(one, [points], False, 255, max(1, round(0.25 * px)), cv2.LINE_AA, 4)
        cover = np.maximum(cover, one.astype(np.float32) / 255 * rng.uniform(0.12, 0.32))
    soft = cv2.GaussianBlur(cover, (0, 0), 1.1 * px) * 1.6
    stain_paper(sheet, np.clip(cover + soft, 0, 0.4), 0, 0, (0.35, 0.35, 0.35))


def stain(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Put a cup down: a brown blot or ring with a darker rim."""
    width, height = sheet.size_mm
    px = sheet.dpi / MM_PER_INCH
    radius = rng.uniform(8, 22)
    centre = rng.uniform(0.1, 0.9, 2) * (width, height)
    side = round((radius + 4) * 2 * px)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    dx, dy = (x - side / 2) / px, (y - side / 2) / px
    turn = np.arctan2(dy, dx)
    waves = sum(rng.normal(0, 0.5) * np.sin(k * turn + rng.uniform(0, 6)) for k in range(2, 7))
    distance = np.hypot(dx, dy) + waves
    rim = np.exp(-(((distance - radius) / 0.7) ** 2))
    inside = 1 / (1 + np.exp((distance - radius) / 0.3))
    body = rng.uniform(0.1, 0.6) if rng.random() < 0.6 else 0.05
    cover = (rim * 0.8 + inside * body) * rng.uniform(0.35, 0.75)
    cover *= 0.8 + 0.2 * tooth_patch(side, side, rng) / 255
    top, left = round(centre[1] * px - side / 2), round(centre[0] * px - side / 2)
    stain_paper(sheet, np.clip(cover, 0, 1).astype(np.float32), top, left, _COFFEE)


def seen_through(print_: Pixels, dpi: float, rng: Rng) -> Pixels:
    """Return what of one side's print is seen on the other side of thin paper: mirrored, soft and faint."""
    soft = cv2.GaussianBlur(np.ascontiguousarray(print_[:, ::-1]), (0, 0), 0.18 * dpi / MM_PER_INCH)
    shown = rng.uniform(0.06, 0.16)
    faint = cv2.addWeighted(soft, shown, np.full_like(soft, 255), 1 - shown, 0)
    shift = np.array([[1, 0, rng.normal(0, 10)], [0, 1, rng.normal(0, 10)]])
    return np.asarray(cv2.warpAffine(faint, shift, soft.shape[1::-1], borderValue=(255, 255, 255)), np.uint8)


def show_through(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Let the print of the other side show through thin paper."""
    moved = seen_through(sheet.pixels, sheet.dpi, rng)
    cv2.multiply(sheet.pixels, moved, sheet.pixels, scale=1 / 255)


def tear(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Tear a piece out of an edge, or a whole corner off."""
    width, height = sheet.size_mm
    if rng.random() < 0.5:
        reach_x, reach_y = rng.uniform(6, 22, 2)
        steps = np.linspace(0, 1, 14)[:, None]
        path = (1 - steps) * (reach_x, 0) + steps * (0, reach_y) + rng.normal(0, 0.7, (14, 2))
        shape = np.vstack([path, [[-5, reach_y], [-5, -5], [reach_x, -5]]])
        flip_x, flip_y = rng.random(2) < 0.5
    else:
        at, wide, deep = rng.uniform(30, height - 50), rng.uniform(6, 25), rng.uniform(4, 14)
        steps = np.linspace(0, 1, 16)
        bay = np.stack([deep * np.sin(np.pi * steps) ** 0.7, at + wide * steps], axis=1)
        shape = np.vstack([bay + rng.normal(0, 0.5, bay.shape), [[-5, at + wide], [-5, at]]])
        flip_x, flip_y = rng.random() < 0.5, False
    if flip_x:
        shape[:, 0] = width - shape[:, 0]
    if flip_y:
        shape[:, 1] = height - shape[:, 1]
    _cut(sheet, shape)


def dog_ear(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Fold a corner over: its white back lies on the page, with a shadow along the fold."""
    width, height = sheet.size_mm
    a, b = rng.uniform(8, 24, 2)
    corner = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])[int(rng.integers(4))]
    sign = np.where(corner == 0, 1.0, -1.0)
    p, q = corner + sign * (a, 0), corner + sign * (0, b)
    along = (q - p) / np.linalg.norm(q - p)
    over = p + along * np.dot(corner - p, along) * 2 - (corner - p)  # the corner mirrored on the fold
    px = sheet.dpi / MM_PER_INCH
    flap = np.round(np.array([p, q, over]) * px * 16).astype(np.int32)
    shade = np.zeros(sheet.pixels.shape[:2], np.uint8)
    cv2.fillPoly(shade, [flap], 255, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(shade, (0, 0), 0.7 * px).astype(np.float32) * np.float32(0.35 / 255)
    stain_paper(sheet, soft, 0, 0, (0.3, 0.3, 0.3))
    paper = (247,) * 3 if sheet.colour else 247
    cv2.fillPoly(sheet.pixels, [flap], paper, cv2.LINE_AA, 4)
    _cut(sheet, np.array([p, q, corner + (corner - (p + q) / 2)]))


def staple_hole(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Pull a staple out: two small dark holes 12 mm apart near a top corner, a trace of rust."""
    width, _ = sheet.size_mm
    x = rng.uniform(4, 12)
    x = x if rng.random() < 0.7 else width - x - 12
    y, lean = rng.uniform(3, 9), rng.normal(0, 0.25)
    px = sheet.dpi / MM_PER_INCH
    side = round(4 * px)
    row, column = np.mgrid[0:side, 0:side].astype(np.float32)
    far = np.hypot(row - side / 2, column - side / 2) / px
    for end in (0.0, 12.0):
        left, top = round((x + end) * px - side / 2), round((y + lean * end / 4) * px - side / 2)
        stain_paper(sheet, np.exp(-((far / 0.9) ** 2)) * np.float32(0.35), top, left, _RUST)
        stain_paper(sheet, np.clip(1.6 - far / 0.28, 0, 0.9).astype(np.float32), top, left, (0.1, 0.1, 0.1))


def pen_on_marker(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Doodle over one of the four fiducials."""
    marker = form.frame.fiducials[int(rng.integers(4))].box.grown(1.5)
    hand = take_pen(PENS["blue ballpoint"], rng)
    points = rng.uniform(0, 1, (9, 2)) * (marker.width_mm, marker.height_mm) + (marker.x_mm, marker.y_mm)
    write(sheet, [draw_line(points, hand, rng)], hand, rng)


def smudge(sheet: Sheet, form: Form, rng: Rng) -> None:
    """Wipe over ink that was not dry, or leave a greasy thumb: a soft grey smear."""
    width, height = sheet.size_mm
    px = sheet.dpi / MM_PER_INCH
    cover = np.zeros(sheet.pixels.shape[:2], np.float32)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0.1, 0.9, 2) * (width, height)
        axes = (round(rng.uniform(4, 12) * px), round(rng.uniform(2, 5) * px))
        one = np.zeros(cover.shape, np.uint8)
        cv2.ellipse(one, (round(x * px), round(y * px)), axes, rng.uniform(0, 180), 0, 360, 255, -1)
        blurred = cv2.GaussianBlur(one, (0, 0), 1.5 * px).astype(np.float32) / 255
        cover = np.maximum(cover, blurred * rng.uniform(0.08, 0.25))
    stain_paper(sheet, cover, 0, 0, (0.45, 0.42, 0.40))


def _fold_line(sheet: Sheet, at_mm: float, across: bool, slope: float, depth: float, rng: Rng) -> None:
    """Draw a fold across (or down) the page at `at_mm`, leaning by `slope`."""
    px = sheet.dpi / MM_PER_INCH
    rows, columns = sheet.pixels.shape[:2]
    length, limit = (columns, rows) if across else (rows, columns)
    reach = round(9 * px)
    start, stop = max(0, round(at_mm * px) - reach), min(limit, round(at_mm * px) + reach)
    along = np.arange(length, dtype=np.float32) / px
    wander = np.interp(np.arange(length), np.linspace(0, length, 12), rng.normal(0, 0.06, 12))
    middle = at_mm + slope * (along - along[-1] / 2) + wander
    away = np.arange(start, stop, dtype=np.float32)[:, None] / px - middle[None, :].astype(np.float32)
    side = rng.choice([-1.0, 1.0])
    shadow = np.exp(-np.abs(away) / 2.2) * (away * side > 0) * 0.30 * depth
    line = np.exp(-((away / 0.16) ** 2)) * depth
    light = np.exp(-(((away + side * 0.30) / 0.16) ** 2)) * rng.uniform(0.2, 0.7)  # toner cracked off
    cover = np.clip(line + shadow, 0, 1).astype(np.float32)
    bare = np.asarray(light, np.float32)
    if not across:
        cover, bare = np.ascontiguousarray(cover.T), np.ascontiguousarray(bare.T)
    part = sheet.pixels[start:stop] if across else sheet.pixels[:, start:stop]
    lifted = part + (255 - part) * (bare[..., None] if sheet.colour else bare)
    part[...] = lifted.astype(np.uint8)
    top, left = (start, 0) if across else (0, start)
    stain_paper(sheet, cover, top, left, (0.25, 0.25, 0.25))


def _cut(sheet: Sheet, shape_mm: NDArray[np.float64]) -> None:
    """Take a piece of paper away; its edge shows a thin line."""
    px = sheet.dpi / MM_PER_INCH
    shape = np.round(shape_mm * px * 16).astype(np.int32)
    cv2.fillPoly(sheet.gone, [shape], 255, cv2.LINE_AA, 4)
    ring = np.zeros_like(sheet.gone)
    cv2.polylines(ring, [shape], True, 255, max(1, round(0.3 * px)), cv2.LINE_AA, 4)
    stain_paper(sheet, ring.astype(np.float32) * np.float32(0.4 / 255), 0, 0, (0.55, 0.55, 0.55))
