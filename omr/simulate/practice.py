"""Practice sheets: boxes of all kinds of forms with known marks, for fitting a calibration.

Not our own forms on purpose: squares, circles and cells, with and without printed letters,
any size and spacing, so that what is learned from them holds for forms nobody has seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.geometry import MM_PER_INCH, Affine, Box
from omr.reading.scan.pages import Depth, Grey
from omr.simulate.habits import Habit, draw_mark
from omr.simulate.ink import Pixels, Sheet, stain_paper
from omr.simulate.pens import PENS, Hand, Rng, take_pen
from omr.simulate.scanner import Feed, Machine, Streak, everyday_machine, scan
from omr.words import BoxState

# How often a person's usual mark is which; corrections and slips come on top.
_USUAL: Final = {
    Habit.CROSS: 0.32,
    Habit.TICK: 0.25,
    Habit.FILL: 0.28,
    Habit.SLASH: 0.05,
    Habit.SCRIBBLE: 0.05,
    Habit.DASH: 0.02,
    Habit.DOT: 0.01,
    Habit.RING: 0.02,
}
_PENS: Final = {
    "blue ballpoint": 0.27,
    "black ballpoint": 0.24,
    "blue gel": 0.10,
    "felt": 0.06,
    "pencil": 0.22,
    "red ballpoint": 0.05,
    "faint pencil": 0.03,
    "dry ballpoint": 0.03,
}
_CORRECTED: Final = 0.05  # of questions, by people who do not fill
_STRAY: Final = 0.01  # of boxes
_WORN: Final = 0.2  # of sheets: folded, crumpled, smudged
_LETTERS: Final = "ABCDEFGHIJ"
_EDGE_MM: Final = 12.0
SEEN: Final = 0.03  # share of a box that ink must cover to be more than dust


@dataclass(frozen=True, slots=True, eq=False)
class Practice:
    """One scanned practice sheet with its truth."""

    grey: Grey
    corners_px: NDArray[np.float64]  # (N, 4, 2), as a careless program would state them
    groups: tuple[str, ...]
    # blank, marked, cancelled; lost: the scan shows nothing of the mark; touched: a line that was
    # meant for no box or another one ends in this box, and nobody could tell from the scan
    states: tuple[str, ...]
    habits: tuple[str, ...]  # what was drawn in each box; "" nothing


@dataclass(frozen=True, slots=True)
class _Layout:
    """The printed boxes of one sheet."""

    boxes: tuple[Box, ...]
    groups: tuple[str, ...]
    letters: tuple[str, ...]
    round_: bool
    line_mm: float
    print_grey: int
    labels: bool


def practice(seed: int) -> Practice:
    """Make one practice sheet; the same seed gives the same sheet."""
    rng = np.random.default_rng((20240229, seed))
    layout = _lay_out(rng)
    depth = Depth.BILEVEL if rng.random() < 0.35 else Depth.GREY
    dpi = int(rng.choice([100, 150, 200, 240, 300], p=[0.03, 0.17, 0.42, 0.10, 0.28]))
    sheet = Sheet.of(_print(layout, dpi, rng), dpi)
    printed = sheet.pixels.copy()
    habits, states = _fill_in(sheet, layout, rng)
    for worn in (sheet, Sheet.of(printed, dpi)):
        _wear(worn, np.random.default_rng((20240229, seed, 1)))
    map_ = _turn(sheet, rng)
    machine, feed = _scanner(depth, dpi, rng)
    corners = np.array([box.corners_mm for box in layout.boxes]) * dpi / MM_PER_INCH - 0.5
    corners = np.asarray(corners @ map_[:, :2].T + map_[:, 2])
    # The same pass of the same scanner with and without the marks: what of them can be seen?
    pass_ = int(rng.integers(2**32))
    grey, empty = (
        scan(_turned(pixels, dpi, map_), machine, feed, np.random.default_rng(pass_))
        for pixels in (sheet.pixels, printed)
    )
    states = _seen(states, habits, corners, grey, empty)
    if depth is Depth.GREY:
        coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])[1]
        grey = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return Practice(grey, _stated(corners, rng), layout.groups, states, habits)


def _lay_out(rng: Rng) -> _Layout:
    """Decide a form: rows of questions, one or two columns of them."""
    side = rng.uniform(2.8, 6.5)
    round_ = bool(rng.random() < 0.4)
    height = side if round_ or rng.random() < 0.8 else side * rng.uniform(0.7, 1.0)
    options = int(rng.integers(2, 9))
    questions = int(rng.integers(4, 24))
    pitch_x, pitch_y = side * rng.uniform(1.3, 3.0), height * rng.uniform(1.25, 2.6)
    boxes, groups, letters = [], [], []
    lettered = rng.random() < 0.5
    for row in range(questions):
        for column in range(options):
            boxes.append(Box(_EDGE_MM + column * pitch_x, _EDGE_MM + row * pitch_y, side, height))
            groups.append(f"q{row}")
            letters.append(_LETTERS[column] if lettered else "")
    if rng.random() < 0.15:
        groups = [""] * len(groups)
    return _Layout(
        boxes=tuple(boxes),
        groups=tuple(groups),
        letters=tuple(letters),
        round_=round_,
        line_mm=rng.uniform(0.12, 0.4),
        print_grey=int(rng.choice([0, 20, 60, 120], p=[0.5, 0.3, 0.1, 0.1])),
        labels=bool(rng.random() < 0.7) and pitch_x > 2.1 * side,
    )


def _print(layout: _Layout, dpi: int, rng: Rng) -> Pixels:
    """Print the form, at four times the resolution and averaged down."""
    fine = 4
    scale = dpi * fine / MM_PER_INCH
    right = max(box.x_mm + box.width_mm for box in layout.boxes) + _EDGE_MM
    bottom = max(box.y_mm + box.height_mm for box in layout.boxes) + _EDGE_MM
    size = (int(bottom * dpi / MM_PER_INCH) * fine, int(right * dpi / MM_PER_INCH) * fine)
    page: Pixels = np.full(size, 255, np.uint8)
    thick = max(1, round(layout.line_mm * scale))
    letter_grey = int(rng.choice([layout.print_grey, 150]))
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]))
    for box, letter in zip(layout.boxes, layout.letters, strict=True):
        corners = box.corners_mm * scale
        (left, top), (right_px, bottom_px) = corners[0].round().astype(int), corners[2].round().astype(int)
        if layout.round_:
            centre = (int(left + right_px) // 2, int(top + bottom_px) // 2)
            cv2.circle(page, centre, int(right_px - left) // 2 - thick // 2, layout.print_grey, thick)
        else:
            inset = thick // 2
            low, high = (int(left) + inset, int(top) + inset), (int(right_px) - inset, int(bottom_px) - inset)
            cv2.rectangle(page, low, high, layout.print_grey, thick)
        if letter:
            _centred(page, letter, corners.mean(axis=0), 0.45 * box.height_mm * scale, font, letter_grey)
        if layout.labels:
            text = "".join(rng.choice(list("abcdehiklmnorstu0123456789"), int(rng.integers(1, 3))))
            at = corners[1:3].mean(axis=0) + np.array([0.5 * box.height_mm * scale, 0])
            _centred(page, text, at, 0.5 * box.height_mm * scale, font, layout.print_grey)
    if rng.random() < 0.15:  # lines under the rows
        for y in {box.y_mm + box.height_mm for box in layout.boxes}:
            at_y = int((y + 0.4) * scale)
            cv2.line(page, (0, at_y), (size[1], at_y), layout.print_grey, max(1, thick // 2))
    return np.asarray(
        cv2.resize(page, (size[1] // fine, size[0] // fine), interpolation=cv2.INTER_AREA), np.uint8
    )


def _centred(page: Pixels, text: str, at: NDArray[np.float64], height: float, font: int, grey: int) -> None:
    size = height / 21  # Hershey capitals are 21 units high
    thick = max(1, round(height / 13))
    (width, _), _ = cv2.getTextSize(text, font, size, thick)
    cv2.putText(page, text, (int(at[0] - width / 2), int(at[1] + height / 2)), font, size, grey, thick)


def _fill_in(sheet: Sheet, layout: _Layout, rng: Rng) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Let one person fill in the sheet; returns habit and state of each box."""
    usual = Habit(rng.choice([h.value for h in _USUAL], p=_shares(_USUAL)))
    hand = take_pen(PENS[str(rng.choice(list(_PENS), p=_shares(_PENS)))], rng)
    count = len(layout.boxes)
    habits, states = [""] * count, [BoxState.BLANK.value] * count
    rows: dict[float, list[int]] = {}
    for i, box in enumerate(layout.boxes):
        rows.setdefault(box.y_mm, []).append(i)
    several = rng.random() < 0.15
    for members in rows.values():
        marks = int(rng.integers(0, 4)) if several else int(rng.random() < 0.92)
        chosen = [int(i) for i in rng.permutation(members)[:marks]]
        for i in chosen:
            habits[i], states[i] = _this_mark(usual, hand, rng), BoxState.MARKED
        others = [i for i in members if i not in chosen]
        if chosen and others and rng.random() < _CORRECTED and usual not in (Habit.FILL, Habit.SCRIBBLE):
            i = int(rng.choice(others))
            habits[i] = str(
                rng.choice([Habit.CANCEL_FILL, Habit.STRIKE_OUT, Habit.ERASED], p=[0.4, 0.2, 0.4])
            )
            states[i] = BoxState.BLANK if habits[i] == Habit.ERASED else BoxState.CANCELLED
        for i in others:
            if not habits[i] and rng.random() < _STRAY:
                habits[i] = Habit.STRAY
    for box, habit in zip(layout.boxes, habits, strict=True):
        if habit:
            draw_mark(sheet, box, Habit(habit), hand, rng)
    return tuple(habits), tuple(states)


def _this_mark(usual: Habit, hand: Hand, rng: Rng) -> str:
    """Return a person's usual mark; the careless now and then make another or run on too far."""
    chance = rng.random()
    if chance < 0.03 * (2 - hand.care) and usual in (Habit.CROSS, Habit.TICK):
        return Habit.OVERSHOOT
    if chance < 0.06:
        return Habit(rng.choice([h.value for h in _USUAL], p=_shares(_USUAL)))
    return usual


def _shares(table: dict[Habit, float] | dict[str, float]) -> list[float]:
    total = sum(table.values())
    return [share / total for share in table.values()]


def _wear(sheet: Sheet, rng: Rng) -> None:
    """Fold, crumple and smudge some sheets: soft shadows, fainter than a pen."""
    if rng.random() >= _WORN:
        return
    height, width = sheet.pixels.shape
    px = sheet.dpi / MM_PER_INCH
    cover = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(2, 9))):
        one = np.zeros((height, width), np.uint8)
        at, angle = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0, np.pi)
        if rng.random() < 0.6:
            reach = rng.uniform(10, 120) * px * np.array([np.cos(angle), np.sin(angle)])
            ends = np.round([at - reach, at + reach]).astype(int).tolist()
            cv2.line(one, ends[0], ends[1], 255, max(1, round(rng.uniform(0.2, 0.5) * px)), cv2.LINE_AA)
            soft_mm, depth = rng.uniform(0.05, 0.5), rng.uniform(0.1, 0.5)
        else:
            axes = (max(1, round(rng.uniform(3, 12) * px)), max(1, round(rng.uniform(2, 5) * px)))
            cv2.ellipse(one, at.astype(int).tolist(), axes, np.degrees(angle), 0, 360, 255, -1)
            soft_mm, depth = 1.5, rng.uniform(0.08, 0.3)
        soft = cv2.GaussianBlur(one, (0, 0), max(0.3, soft_mm * px)).astype(np.float32) / 255
        cover = np.maximum(cover, soft * np.float32(depth))
    stain_paper(sheet, cover, 0, 0, (0.4, 0.4, 0.4))


def _turn(sheet: Sheet, rng: Rng) -> Affine:
    """Decide how askew the sheet lies."""
    height, width = sheet.pixels.shape[:2]
    angle = float(np.clip(rng.normal(0, 0.7), -2.5, 2.5))
    return np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), np.float64)


def _turned(pixels: Pixels, dpi: int, map_: Affine) -> Sheet:
    height, width = pixels.shape
    turned = cv2.warpAffine(pixels, map_, (width, height), flags=cv2.INTER_LINEAR, borderValue=(255,))
    return Sheet.of(np.asarray(turned, np.uint8), dpi)


def _seen(
    states: tuple[str, ...],
    habits: tuple[str, ...],
    corners: NDArray[np.float64],
    grey: Grey,
    empty: Grey,
) -> tuple[str, ...]:
    """Name the marks of which the scan shows less than dust ``lost``, empty boxes with ink ``touched``."""
    out = list(states)
    for i, state in enumerate(states):
        low, high = corners[i].min(axis=0), corners[i].max(axis=0)
        reach = (0.5 if habits[i] == Habit.RING else 0.1 if habits[i] else -0.15) * (high - low)
        (x0, y0), (x1, y1) = np.maximum(low - reach, 0).astype(int), (high + reach).astype(int)
        changed = (cv2.absdiff(grey[y0:y1, x0:x1], empty[y0:y1, x0:x1]) > 60).astype(np.uint8)
        # A rim of one pixel around print is the scanner's, not the pen's.
        written = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        seen = written.sum() >= SEEN * np.prod(high - low)
        if state == BoxState.BLANK and seen and habits[i] != Habit.ERASED:
            out[i] = "touched"
        elif state != BoxState.BLANK and not seen:
            out[i] = "lost"
    return tuple(out)


def _scanner(depth: Depth, dpi: int, rng: Rng) -> tuple[Machine, Feed]:
    streaks: tuple[Streak, ...] = ()
    if rng.random() < 0.05:
        streak = Streak(rng.random(), rng.uniform(0.1, 0.8), rng.uniform(0.0, 0.6), rng.uniform(0.5, 1.0))
        streaks = (streak,)
    feed = Feed(streaks=streaks, specks=int(rng.poisson(4)), photocopied=bool(rng.random() < 0.12))
    return everyday_machine(depth, dpi, rng), feed


def _stated(corners: NDArray[np.float64], rng: Rng) -> NDArray[np.float64]:
    """State the boxes' places as other programs do: a little off, or as cells around the print."""
    side = float(np.linalg.norm(corners[0, 1] - corners[0, 0]))
    centre = corners.mean(axis=1, keepdims=True)
    size = rng.uniform(1.15, 1.28) if rng.random() < 0.2 else rng.uniform(0.94, 1.08)
    off = rng.normal(0, 0.07, 2) * side + rng.normal(0, 0.015, (len(corners), 1, 2)) * side
    return np.asarray(centre + (corners - centre) * size + off)
