"""A slip on the table: paper, a hand, and what both can do; `ink_kinds` and `ink_harms` use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from ink.made.hands import PLAIN, Hand, Way, draw, lay, stain
from ink.made.scanner import SHEET_DPI, Pixels, Rng, Settings
from ink.stamps import Stamp
from omr.forms.template import Form, Option, Question
from omr.geometry import Box

Codes = tuple[str, ...]


PX: Final = SHEET_DPI / 25.4


@dataclass(slots=True, eq=False)
class Slip:
    """One slip as it is filled in: paper, who writes, what may be accepted."""

    form: Form
    paper: Pixels  # (H, W) or (H, W, 3), light at SHEET_DPI; marks are laid into it
    clean: Pixels  # the same before anything was written
    hand: Hand
    people: Sequence[Hand]  # of whom others may write, too
    settings: Settings
    rng: Rng
    accept: dict[str, list[Codes]] = field(default_factory=dict)  # by question; empty: only asking is right
    states: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # by question and option: mark, withdrawn, other
    places: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)  # of marks, page mm
    touched: list[str] = field(default_factory=list)  # questions with the trouble

    @property
    def questions(self) -> list[Question]:
        """Questions with boxes."""
        return [question for question in self.form.questions if question.options]

    def likert(self) -> list[Question]:
        """Questions whose boxes stand in one row with room around."""
        return [
            q
            for q in self.questions
            if len({round(o.box.y_mm) for o in q.options}) == 1 and len(q.options) >= 3
        ]

    def stamp(self, hand: Hand | None = None) -> Stamp:
        """Pick one of a hand's marks."""
        hand = hand or self.hand
        return hand.marks[int(self.rng.integers(len(hand.marks)))]

    def mark(
        self,
        question: Question,
        option: Option,
        way: Way = PLAIN,
        hand: Hand | None = None,
        state: str = "mark",
    ) -> None:
        """Make one mark."""
        hand = hand or self.hand
        lay(self.paper, hand, self.stamp(hand), option.box, self.rng, way)
        (x, y), (right, down) = option.box.centre_mm, way.shift_mm
        self.places[question.key, option.code] = (float(x + right), float(y + down))
        self.states.setdefault(question.key, {})[option.code] = state

    def answer(self, question: Question, way: Way = PLAIN, hand: Hand | None = None) -> Option:
        """Answer a question with one plain mark."""
        option = self.pick(question)
        self.mark(question, option, way, hand)
        self.accept[question.key] = [(option.code,)]
        return option

    def pick(self, question: Question, *without: Option) -> Option:
        """Pick an option: mostly one of the first, as people are content."""
        left = [o for o in question.options if o not in without]
        weights = 1 / (1 + np.arange(len(left))) ** 0.6
        return left[int(self.rng.choice(len(left), p=weights / weights.sum()))]

    def leave(self, question: Question) -> None:
        """Leave a question unanswered."""
        self.accept[question.key] = [()]

    def rest(self) -> None:
        """Answer every question that nothing was said of yet."""
        for question in self.questions:
            if question.key not in self.accept:
                self.answer(question)


def some(slip: Slip, count: int = 4, *, of: Sequence[Question] | None = None) -> list[Question]:
    """Choose questions for a trouble, and note them."""
    among = list(slip.likert() if of is None else of)
    chosen = [among[i] for i in sorted(slip.rng.permutation(len(among))[:count])]
    slip.touched += [question.key for question in chosen]
    return chosen


def in_order(option: Option, other: Option, question: Question) -> list[Codes]:
    """Return two options as one answer, in the order of the form."""
    return [tuple(o.code for o in question.options if o in (option, other))]


def smooth(points: np.ndarray, rng: Rng, tremor_mm: float = 0.06, every_mm: float = 0.35) -> np.ndarray:
    """Return a hand's way through points: evenly spaced, corners rounded, a little unsteady."""
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.arange(0, steps[-1], every_mm)
    line = np.stack([np.interp(at, steps, points[:, k]) for k in (0, 1)], axis=1)
    if len(line) > 5:
        kernel = np.array([1, 2, 3, 2, 1]) / 9
        padded = np.pad(line, ((2, 2), (0, 0)), mode="edge")
        line = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in (0, 1)], axis=1)
    shake = cv2.GaussianBlur(rng.standard_normal((len(line), 1, 2)).astype(np.float32), (1, 9), 0, sigmaY=2)[
        :, 0
    ]
    return np.asarray(line + shake * tremor_mm * 2)


def zigzag(slip: Slip, box: Box, turns: int, reach: float = 0.7) -> None:
    """Go to and fro over a box, as who scribbles out."""
    x, y = box.centre_mm
    angle = slip.rng.uniform(-0.9, 0.9)
    across = np.array([np.cos(angle), np.sin(angle)])
    down = np.array([-across[1], across[0]])
    ends = [
        (reach * box.width_mm * (1 if i % 2 else -1) + slip.rng.normal(0, 0.4)) * across
        + (i / (turns - 1) - 0.5) * box.height_mm * 0.9 * down
        for i in range(turns)
    ]
    draw(slip.paper, slip.hand, [smooth(np.array(ends) + (x, y), slip.rng, 0.05)], slip.rng)


def scribble_out(slip: Slip, question: Question, option: Option) -> None:
    """Withdraw a mark as people do: a real scribble where the half has one, else strokes over strokes."""
    slip.mark(question, option)
    scribbles = [(h, s) for h in slip.people for s in h.withdrawn]
    if scribbles and slip.rng.random() < 0.5:
        hand, stamp = scribbles[int(slip.rng.integers(len(scribbles)))]
        writer = Hand(hand.person, hand.source, hand.half, hand.fills, hand.marks, hand.withdrawn, hand.scale,
                      slip.hand.darkness, slip.hand.ink, slip.hand.width_mm)  # fmt: skip
        lay(slip.paper, writer, stamp, option.box, slip.rng)
    else:
        zigzag(slip, option.box, int(slip.rng.integers(4, 9)))
    slip.states[question.key][option.code] = "withdrawn"


def dot(slip: Slip, box: Box) -> None:
    """Put the pen down in a box."""
    at = np.array(box.centre_mm) + slip.rng.normal(0, 0.7, 2)
    draw(
        slip.paper,
        slip.hand,
        [at + np.array([[0, 0], [slip.rng.uniform(0.1, 0.35), 0.1]])],
        slip.rng,
        width=1.2,
    )


def ring(
    slip: Slip,
    box: Box,
    across_mm: tuple[float, float] = (2.9, 4.6),
    down_mm: tuple[float, float] = (2.7, 3.9),
    turns: tuple[float, float] = (0.93, 1.12),
    width: float = 1.0,
) -> None:
    """Draw a ring around a box: half of its width and height, how far round it goes, and in pens' widths."""
    rx, ry = slip.rng.uniform(*across_mm), slip.rng.uniform(*down_mm)
    way = np.linspace(0, 2 * np.pi * slip.rng.uniform(*turns), 40) + slip.rng.uniform(0, 6.3)
    shrink = np.linspace(1, slip.rng.uniform(0.85, 1.05), 40)
    points = np.stack([rx * shrink * np.cos(way), ry * shrink * np.sin(way)], axis=1) + box.centre_mm
    line = smooth(points + slip.rng.normal(0, 0.2, 2), slip.rng)
    draw(slip.paper, slip.hand, [line], slip.rng, width=width)


WORDS: Final = ("khong", "tot", "OK", "hai long", "xem lai", "can bo", "dung", "ko biet", "sai", "tam on")


SCRIPT: Final = (cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
BLOCK: Final = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)


def word(
    slip: Slip,
    text: str,
    left_mm: float,
    base_mm: float,
    height_mm: float,
    fonts: Sequence[int] = SCRIPT,
) -> None:
    """Write a word by hand: a plotter's letters, slanted, stretched and shaken, in the person's ink."""
    size = (round(height_mm * len(text) * PX * 1.3) + 120, round(height_mm * PX * 3))
    canvas = np.zeros(size[::-1], np.uint8)
    font = fonts[int(slip.rng.random() * len(fonts))]
    thick = max(2, round(slip.hand.width_mm * PX))
    tall = 10 if font == cv2.FONT_HERSHEY_PLAIN else 22  # px of a capital letter
    at = (30, round(size[1] * 0.66))
    cv2.putText(canvas, text, at, font, height_mm * PX / tall, 255, thick, cv2.LINE_AA)
    shake = [
        cv2.GaussianBlur(slip.rng.standard_normal(canvas.shape).astype(np.float32), (0, 0), 14) * 45
        for _ in range(2)
    ]
    ys, xs = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float32)
    slant = slip.rng.normal(0.2, 0.15)
    warped = cv2.remap(
        canvas, xs + shake[0] + np.float32(slant) * (ys - size[1] / 2), ys + shake[1], cv2.INTER_LINEAR
    )
    stain(
        slip.paper,
        warped.astype(np.float32) / 255,
        round(base_mm * PX - size[1] * 0.66),
        round(left_mm * PX - 30),
        slip.hand,
        slip.rng,
    )


def white_out(slip: Slip, box: Box) -> None:
    """Correction fluid over a box: white, with soft edges, a little of the line showing."""
    x, y = box.centre_mm + slip.rng.normal(0, 0.3, 2)
    rows, columns = slip.paper.shape[:2]
    mask = np.zeros((rows, columns), np.uint8)
    axes = (round(slip.rng.uniform(2.4, 3.6) * PX), round(slip.rng.uniform(2.2, 3.0) * PX))
    cv2.ellipse(mask, (round(x * PX), round(y * PX)), axes, float(slip.rng.uniform(0, 180)), 0, 360, 255, -1)
    top, left = max(0, round((y - 5) * PX)), max(0, round((x - 5) * PX))
    part = (slice(top, round((y + 5) * PX)), slice(left, round((x + 5) * PX)))
    soft = cv2.GaussianBlur(mask[part], (0, 0), 3).astype(np.float32) / 255 * slip.rng.uniform(0.85, 1.0)
    if slip.paper.ndim == 3:
        soft = soft[..., None]
    slip.paper[part] = (slip.paper[part] * (1 - soft) + 252 * soft).astype(np.uint8)


def fold(slip: Slip, at_mm: float, *, across: bool) -> None:
    """Fold the sheet and open it again: a line with a shadow."""
    rows, columns = slip.paper.shape[:2]
    y, x = np.arange(rows)[:, None] / PX, np.arange(columns)[None, :] / PX
    slope = slip.rng.normal(0, 0.008)
    along = (y - at_mm - slope * (x - 74)) if across else (x - at_mm - slope * (y - 105))
    depth, core = slip.rng.uniform(0.05, 0.2), slip.rng.uniform(0.15, 0.5)
    rough = cv2.resize(
        slip.rng.random((rows // 12 + 1, columns // 12 + 1)).astype(np.float32), (columns, rows)
    )
    dark = depth * np.exp(-np.abs(along) / 1.2) + core * np.exp(-((along / 0.12) ** 2)) * rough
    keep = (1 - dark).astype(np.float32)
    slip.paper = np.clip(slip.paper * (keep if slip.paper.ndim == 2 else keep[..., None]), 0, 255).astype(
        np.uint8
    )


def photocopied(paper: Pixels, rng: Rng) -> Pixels:
    """Copy a sheet: softer, harder in contrast, with toner dust; always grey."""
    grey = paper if paper.ndim == 2 else np.asarray(cv2.cvtColor(paper, cv2.COLOR_BGR2GRAY), np.uint8)
    soft = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(1.2, 2.2))).astype(np.float32) / 255
    noise = cv2.GaussianBlur(rng.standard_normal(grey.shape, np.float32), (0, 0), 1.6) * 0.09
    cut, hard = rng.uniform(0.52, 0.72), rng.uniform(0.04, 0.10)
    ink = 1 / (1 + np.exp((soft + noise - cut) / hard))
    black = rng.uniform(0.12, 0.3)
    out = 1 - (1 - black) * ink
    count = int(grey.size * rng.uniform(1e-5, 6e-5))
    ys, xs = rng.integers(0, grey.shape[0] - 3, count), rng.integers(0, grey.shape[1] - 3, count)
    for y, x in zip(ys, xs, strict=True):
        out[y : y + int(rng.integers(1, 5)), x : x + int(rng.integers(1, 5))] = black
    copy = np.clip(out * 255, 0, 255).astype(np.uint8)
    return copy if paper.ndim == 2 else np.asarray(cv2.cvtColor(copy, cv2.COLOR_GRAY2BGR), np.uint8)
