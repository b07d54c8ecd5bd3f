"""What people do to a slip, with real ink: the everyday, and some forty kinds of trouble.

Each kind changes a filled-in slip and says what is right of each question: the sets of codes that a
reader may accept. None: only asking is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from ink_hands import PLAIN, Hand, Way, draw, hands, ink_of, lay, paler, stain
from ink_scanner import SHEET_DPI, Pixels, Rng, Settings
from ink_stamps import Stamp

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
    settings: Settings
    rng: Rng
    accept: dict[str, list[Codes]] = field(default_factory=dict)  # by question; empty: only asking is right
    states: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # by question and option: mark, withdrawn, other
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


def _some(slip: Slip, count: int = 4, *, of: Sequence[Question] | None = None) -> list[Question]:
    """Choose questions for a trouble, and note them."""
    among = list(slip.likert() if of is None else of)
    chosen = [among[i] for i in sorted(slip.rng.permutation(len(among))[:count])]
    slip.touched += [question.key for question in chosen]
    return chosen


def _order(option: Option, other: Option, question: Question) -> list[Codes]:
    return [tuple(o.code for o in question.options if o in (option, other))]


# --- the everyday ---------------------------------------------------------------------------------


def everyday(slip: Slip) -> None:
    """Mark each question once; leave one in fifty out."""
    for question in slip.questions:
        if slip.rng.random() < 0.02:
            slip.leave(question)
        else:
            slip.answer(question)
    slip.touched = [question.key for question in slip.questions]


def _all_with(change: Callable[[Slip], Way]) -> Callable[[Slip], None]:
    def run(slip: Slip) -> None:
        for question in slip.questions:
            slip.answer(question, change(slip))
        slip.touched = [question.key for question in slip.questions]

    return run


def _scanned(**changes: object) -> Callable[[Slip], None]:
    def run(slip: Slip) -> None:
        everyday(slip)
        slip.settings = slip.settings.but(**changes)

    return run


def pale_1bit(slip: Slip) -> None:
    """Write with a pale pen, and scan in 1-bit, set too light."""
    slip.hand = paler(slip.hand, float(slip.rng.uniform(0.45, 0.75)))
    slip.settings = slip.settings.but(depth="1-bit", window_mm=0.0, cut=float(slip.rng.uniform(0.42, 0.6)))
    everyday(slip)


def pale_grey(slip: Slip) -> None:
    """Write with a pale pen, and scan in grey."""
    slip.hand = paler(slip.hand, float(slip.rng.uniform(0.25, 0.5)))
    slip.settings = slip.settings.but(depth="grey")
    everyday(slip)


def pale_adaptive(slip: Slip) -> None:
    """Write with a pale pen, and scan in adaptive 1-bit."""
    slip.hand = paler(slip.hand, float(slip.rng.uniform(0.4, 0.7)))
    slip.settings = slip.settings.but(depth="1-bit", window_mm=8.0, below=float(slip.rng.uniform(0.1, 0.25)))
    everyday(slip)


def two_hands(slip: Slip) -> None:
    """Let somebody else with another pen fill in half of the slip."""
    others = [h for h in hands() if h.half == slip.hand.half and h is not slip.hand]
    other = others[int(slip.rng.integers(len(others)))]
    for number, question in enumerate(slip.questions):
        slip.answer(question, hand=other if number % 2 else slip.hand)
    slip.touched = [question.key for question in slip.questions]


def copied(slip: Slip) -> None:
    """Photocopy the filled-in slip."""
    everyday(slip)
    slip.paper = photocopied(slip.paper, slip.rng)


def copied_1bit(slip: Slip) -> None:
    """Photocopy it, and scan in 1-bit."""
    copied(slip)
    slip.settings = slip.settings.but(depth="1-bit")


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


def show_through(slip: Slip) -> None:
    """Let another slip's marks shine through the paper."""
    everyday(slip)
    behind = slip.clean.copy()
    front, slip.paper = slip.paper, behind
    for question in slip.questions:
        way = Way(shift_mm=(float(slip.rng.uniform(-3, 3)), float(slip.rng.uniform(-2, 2))))
        lay(behind, slip.hand, slip.stamp(), slip.pick(question).box, slip.rng, way)
    share = float(slip.rng.uniform(0.06, 0.22))
    turned = cv2.GaussianBlur(behind[:, ::-1], (0, 0), 3.5)
    slip.paper = np.clip(front * (1 - share * (1 - turned.astype(np.float32) / 255)), 0, 255).astype(np.uint8)


def wet_print(slip: Slip) -> None:
    """Let another slip's marks print off, faint and elsewhere."""
    everyday(slip)
    for question in slip.questions:
        for option in question.options:
            if slip.rng.random() < 0.25:
                way = Way(
                    pressure=0.10, shift_mm=(float(slip.rng.normal(0, 2)), float(slip.rng.normal(0, 2)))
                )
                lay(slip.paper, slip.hand, slip.stamp(), option.box, slip.rng, way)


def streaked(slip: Slip) -> None:
    """Draw dirt's lines down the page, one of them through a column of boxes."""
    everyday(slip)
    column = slip.pick(slip.likert()[0]).box
    width = slip.form.frame.width_mm + 2 * slip.settings.margin_mm
    at = (column.x_mm + slip.rng.uniform(0, column.width_mm) + slip.settings.offset_mm[0]) / width
    lines = [(float(at), float(slip.rng.uniform(0.1, 0.8)), float(slip.rng.uniform(0.15, 0.8)))]
    lines += [
        (float(slip.rng.random()), float(slip.rng.uniform(0.1, 0.4)), float(slip.rng.uniform(0.1, 0.6)))
    ]
    slip.settings = slip.settings.but(streaks=tuple(lines))


def folded(slip: Slip) -> None:
    """Fold it through a row of boxes: a dark line with a soft shadow."""
    everyday(slip)
    question = slip.likert()[int(slip.rng.integers(len(slip.likert())))]
    at_mm = question.options[0].box.y_mm + slip.rng.uniform(0.3, 4.2)
    _fold(slip, float(at_mm), across=True)


def folded_down(slip: Slip) -> None:
    """Fold it down a column of boxes."""
    everyday(slip)
    box = slip.pick(slip.likert()[0]).box
    _fold(slip, float(box.x_mm + slip.rng.uniform(0.3, 4.2)), across=False)


def _fold(slip: Slip, at_mm: float, *, across: bool) -> None:
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


def grey_paper(slip: Slip) -> None:
    """Scan recycled paper under a dull lamp: little contrast."""
    everyday(slip)
    slip.settings = slip.settings.but(depth="grey", paper=0.70, white=1.0, shade=0.12, noise=0.02)


def empty_slip(slip: Slip) -> None:
    """Hand in nothing at all."""
    for question in slip.questions:
        slip.leave(question)
    slip.touched = [question.key for question in slip.questions]


def one_answer(slip: Slip) -> None:
    """Answer only two questions."""
    for question in slip.questions:
        slip.leave(question)
    for question in _some(slip, 2, of=slip.questions):
        slip.answer(question)
    slip.touched = [question.key for question in slip.questions]


# --- corrections ----------------------------------------------------------------------------------


def _scribble(slip: Slip, question: Question, option: Option) -> None:
    """Withdraw a mark as people do: a real scribble where the half has one, else strokes over strokes."""
    slip.mark(question, option)
    scribbles = [(h, s) for h in hands() if h.half == slip.hand.half for s in h.withdrawn]
    if scribbles and slip.rng.random() < 0.5:
        hand, stamp = scribbles[int(slip.rng.integers(len(scribbles)))]
        writer = Hand(hand.person, hand.source, hand.half, hand.fills, hand.marks, hand.withdrawn, hand.scale,
                      slip.hand.darkness, slip.hand.ink, slip.hand.width_mm)  # fmt: skip
        lay(slip.paper, writer, stamp, option.box, slip.rng)
    else:
        _zigzag(slip, option.box, int(slip.rng.integers(4, 9)))
    slip.states[question.key][option.code] = "withdrawn"


def _zigzag(slip: Slip, box: Box, turns: int, reach: float = 0.7) -> None:
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


def struck_then_other(slip: Slip) -> None:
    """Scribble a mark out, then make another."""
    for question in _some(slip):
        first = slip.pick(question)
        _scribble(slip, question, first)
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def struck_alone(slip: Slip) -> None:
    """Scribble a mark out, and answer nothing else."""
    for question in _some(slip):
        _scribble(slip, question, slip.pick(question))
        slip.accept[question.key] = [()]
    slip.rest()


def filled_then_other(slip: Slip) -> None:
    """Withdraw as the form says, by filling the box, then make another."""
    fillers = [h for h in hands() if h.half == slip.hand.half and h.fills and not h.source.startswith("sqs")]
    for question in _some(slip):
        first = slip.pick(question)
        slip.mark(question, first)
        filler = fillers[int(slip.rng.integers(len(fillers)))]
        same_pen = Hand(
            filler.person,
            filler.source,
            filler.half,
            True,
            filler.marks,
            (),
            filler.scale,
            slip.hand.darkness,
            slip.hand.ink,
            slip.hand.width_mm,
        )
        slip.mark(question, first, Way(size=1.15), same_pen, "withdrawn")
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def line_through(slip: Slip) -> None:
    """Strike a cross through with one more line, then answer otherwise."""
    for question in _some(slip):
        first = slip.pick(question)
        slip.mark(question, first)
        x, y = first.box.centre_mm
        for _ in range(int(slip.rng.integers(1, 3))):
            ends = np.array(
                [
                    [x - slip.rng.uniform(2.5, 4.5), y + slip.rng.normal(0, 0.6)],
                    [x + slip.rng.uniform(2.5, 4.5), y + slip.rng.normal(0, 0.6)],
                ]
            )
            draw(slip.paper, slip.hand, [smooth(ends, slip.rng)], slip.rng)
        slip.states[question.key][first.code] = "withdrawn"
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def _white_out(slip: Slip, box: Box) -> None:
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


def whited_then_other(slip: Slip) -> None:
    """White a mark out, then make another."""
    for question in _some(slip):
        first = slip.pick(question)
        slip.mark(question, first)
        _white_out(slip, first.box)
        slip.states[question.key][first.code] = "withdrawn"
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def whited_and_again(slip: Slip) -> None:
    """White a mark out, and mark again in the same place."""
    for question in _some(slip):
        option = slip.pick(question)
        slip.mark(question, option)
        _white_out(slip, option.box)
        slip.mark(question, option)
        slip.accept[question.key] = [(option.code,)]
    slip.rest()


def rubbed_then_other(slip: Slip) -> None:
    """Rub a mark out, its ghost left, then make another."""
    for question in _some(slip):
        first = slip.pick(question)
        slip.mark(question, first, Way(pressure=float(slip.rng.uniform(0.06, 0.22))), state="withdrawn")
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def row_struck(slip: Slip) -> None:
    """Strike a whole row through with its mark: what it means only a person can tell."""
    for question in _some(slip, 2):
        slip.answer(question)
        boxes = [o.box for o in question.options]
        ends = np.array(
            [
                [boxes[0].x_mm - slip.rng.uniform(1, 5), boxes[0].centre_mm[1] + slip.rng.normal(0, 0.7)],
                [boxes[-1].x_mm + slip.rng.uniform(3, 7), boxes[0].centre_mm[1] + slip.rng.normal(0, 0.7)],
            ]
        )
        draw(slip.paper, slip.hand, [smooth(ends, slip.rng)], slip.rng)
        slip.accept[question.key] = []
    slip.rest()


# --- marks that are not as they should be ----------------------------------------------------------


def second_mark(slip: Slip) -> None:
    """Make two marks in a question."""
    for question in _some(slip, 2):
        first = slip.pick(question)
        second = slip.pick(question, first)
        slip.mark(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = _order(first, second, question)
    slip.rest()


def second_faint(slip: Slip) -> None:
    """Make a firm mark and a faint one: which one counts, nobody can tell."""
    for question in _some(slip):
        first = slip.pick(question)
        second = slip.pick(question, first)
        slip.mark(question, first)
        slip.mark(question, second, Way(pressure=float(slip.rng.uniform(0.4, 0.65))))
        slip.accept[question.key] = []
    slip.rest()


def faint_among_firm(slip: Slip) -> None:
    """Make one faint mark among firm ones: never unanswered."""
    for question in _some(slip, 3, of=slip.questions):
        slip.answer(question, Way(pressure=float(slip.rng.uniform(0.18, 0.4))))
    slip.rest()


def dot_alone(slip: Slip) -> None:
    """Put only a dot in a box: a mark or a rest of the pen? Asked."""
    for question in _some(slip, 3):
        option = slip.pick(question)
        _dot(slip, option.box)
        slip.states.setdefault(question.key, {})[option.code] = "other"
        slip.accept[question.key] = []
    slip.rest()


def dot_beside_mark(slip: Slip) -> None:
    """Put a dot in one box and a mark in another."""
    for question in _some(slip, 3):
        option = slip.answer(question)
        other = slip.pick(question, option)
        _dot(slip, other.box)
        slip.states[question.key][other.code] = "other"
    slip.rest()


def _dot(slip: Slip, box: Box) -> None:
    at = np.array(box.centre_mm) + slip.rng.normal(0, 0.7, 2)
    draw(
        slip.paper,
        slip.hand,
        [at + np.array([[0, 0], [slip.rng.uniform(0.1, 0.35), 0.1]])],
        slip.rng,
        width=1.2,
    )


def beside_its_box(slip: Slip) -> None:
    """Set the mark beside its box, nothing in it."""
    for question in _some(slip):
        option = slip.pick(question)
        side = float(slip.rng.choice([-1, 1])) * slip.rng.uniform(4.4, 5.4)
        slip.mark(question, option, Way(size=0.75, shift_mm=(float(side), 0.0)))
        slip.accept[question.key] = [(option.code,)]
    slip.rest()


def between_two(slip: Slip) -> None:
    """Set the mark exactly between two options: only asking is right."""
    for question in _some(slip):
        at = int(slip.rng.integers(len(question.options) - 1))
        left, right = question.options[at], question.options[at + 1]
        half = (right.box.x_mm - left.box.x_mm) / 2
        slip.mark(question, left, Way(shift_mm=(half, 0.0)), state="other")
        slip.accept[question.key] = []
    slip.rest()


def between_rows(slip: Slip) -> None:
    """Set the mark between two rows without another answer: only asking is right."""
    rows = slip.likert()
    at = int(slip.rng.integers(len(rows) - 1))
    upper, lower = rows[at], rows[at + 1]
    slip.touched += [upper.key, lower.key]
    option = slip.pick(upper)
    slip.mark(
        upper,
        option,
        Way(size=0.8, shift_mm=(0.0, (lower.options[0].box.y_mm - option.box.y_mm) / 2)),
        state="other",
    )
    slip.accept[upper.key] = slip.accept[lower.key] = []
    slip.rest()


def overrun(slip: Slip) -> None:
    """Make marks so large that they run over their neighbours' boxes."""
    for question in slip.questions:
        option = slip.answer(question, Way(size=float(slip.rng.uniform(1.4, 1.9))))
        del option
    slip.touched = [question.key for question in slip.questions]


def ring_instead(slip: Slip) -> None:
    """Ring the box, on a slip of marks."""
    for question in _some(slip, 3):
        option = slip.pick(question)
        _ring(slip, option.box)
        slip.states.setdefault(question.key, {})[option.code] = "mark"
        slip.accept[question.key] = [(option.code,)]
    slip.rest()


def ring_around_mark(slip: Slip) -> None:
    """Mark, and ring the mark: this one."""
    for question in _some(slip, 3):
        _ring(slip, slip.answer(question).box)
    slip.rest()


def ring_and_mark(slip: Slip) -> None:
    """Mark one box and ring another: only asking is right."""
    for question in _some(slip, 3):
        option = slip.answer(question)
        other = slip.pick(question, option)
        _ring(slip, other.box)
        slip.states[question.key][other.code] = "other"
        slip.accept[question.key] = []
    slip.rest()


def all_rings(slip: Slip) -> None:
    """Ring every answer."""
    for question in slip.questions:
        option = slip.pick(question)
        _ring(slip, option.box)
        slip.states.setdefault(question.key, {})[option.code] = "mark"
        slip.accept[question.key] = [(option.code,)]
    slip.touched = [question.key for question in slip.questions]


def _ring(slip: Slip, box: Box) -> None:
    rx, ry = slip.rng.uniform(2.9, 4.6), slip.rng.uniform(2.7, 3.9)
    turns = np.linspace(0, 2 * np.pi * slip.rng.uniform(0.93, 1.12), 40) + slip.rng.uniform(0, 6.3)
    shrink = np.linspace(1, slip.rng.uniform(0.85, 1.05), 40)
    points = np.stack([rx * shrink * np.cos(turns), ry * shrink * np.sin(turns)], axis=1) + box.centre_mm
    draw(slip.paper, slip.hand, [smooth(points + slip.rng.normal(0, 0.2, 2), slip.rng)], slip.rng)


def loop(slip: Slip) -> None:
    """Draw a loop over several rows, as of a letter or a swing between marks."""
    slip.rest()
    rows = slip.likert()
    at = int(slip.rng.integers(len(rows) - 2))
    slip.touched += [row.key for row in rows[at : at + 3]]
    boxes = [
        rows[at].options[int(slip.rng.integers(5)) % len(rows[at].options)].box,
        rows[at + 2].options[0].box,
    ]
    centre = (
        np.array(boxes[0].centre_mm) + (boxes[0].centre_mm[0], boxes[1].centre_mm[1])
    ) / 2 + slip.rng.normal(0, 3, 2)
    turns = np.linspace(0, 2 * np.pi * slip.rng.uniform(0.8, 1.6), 60) + slip.rng.uniform(0, 6.3)
    size = slip.rng.uniform(4, 11, 2)
    tilt = slip.rng.uniform(0, np.pi)
    plain = np.stack([size[0] * np.cos(turns), size[1] * np.sin(turns) * np.linspace(1, 0.6, 60)], axis=1)
    points = plain @ np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]]) + centre
    draw(slip.paper, slip.hand, [smooth(points, slip.rng)], slip.rng)


def loop_in_blank(slip: Slip) -> None:
    """Draw it over rows that were left without an answer."""
    rows = slip.likert()
    at = int(slip.rng.integers(len(rows) - 2))
    for row in rows[at : at + 3]:
        slip.leave(row)
    loop(slip)


def stray_line(slip: Slip) -> None:
    """Let the pen slip across the rows."""
    slip.rest()
    for _ in range(2):
        row = slip.likert()[int(slip.rng.integers(len(slip.likert())))]
        slip.touched.append(row.key)
        start = np.array(slip.pick(row).box.centre_mm) + slip.rng.normal(0, 4, 2)
        angle, length = slip.rng.uniform(0, 2 * np.pi), slip.rng.uniform(4, 18)
        end = start + length * np.array([np.cos(angle), np.sin(angle)])
        draw(
            slip.paper,
            slip.hand,
            [smooth(np.array([start, (start + end) / 2 + slip.rng.normal(0, 1, 2), end]), slip.rng)],
            slip.rng,
        )


WORDS: Final = ("khong", "tot", "OK", "hai long", "xem lai", "can bo", "dung", "ko biet", "sai", "tam on")


def _word(slip: Slip, text: str, left_mm: float, base_mm: float, height_mm: float) -> None:
    """Write a word by hand: a plotter's script, slanted, stretched and shaken, in the person's ink."""
    size = (round(height_mm * len(text) * PX * 1.3) + 120, round(height_mm * PX * 3))
    canvas = np.zeros(size[::-1], np.uint8)
    font = cv2.FONT_HERSHEY_SCRIPT_COMPLEX if slip.rng.random() < 0.5 else cv2.FONT_HERSHEY_SCRIPT_SIMPLEX
    thick = max(2, round(slip.hand.width_mm * PX))
    cv2.putText(canvas, text, (30, round(size[1] * 0.66)), font, height_mm * PX / 22, 255, thick, cv2.LINE_AA)
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


def word_in_row(slip: Slip) -> None:
    """Write a word over a question's boxes instead of a mark: only asking is right."""
    for question in _some(slip, 2):
        box = question.options[int(slip.rng.integers(max(1, len(question.options) - 2)))].box
        text = WORDS[int(slip.rng.integers(len(WORDS)))]
        _word(
            slip,
            text,
            box.x_mm + slip.rng.uniform(-2, 4),
            box.y_mm + slip.rng.uniform(3.2, 5.2),
            slip.rng.uniform(2.6, 4.5),
        )
        slip.accept[question.key] = []
    slip.rest()


def word_beside_mark(slip: Slip) -> None:
    """Mark, and write a word in the same row: the mark is the answer."""
    for question in _some(slip, 2):
        option = slip.answer(question)
        others = [o for o in question.options if o is not option]
        box = others[int(slip.rng.integers(len(others)))].box
        text = WORDS[int(slip.rng.integers(len(WORDS)))]
        _word(
            slip,
            text,
            box.x_mm + slip.rng.uniform(-3, 3),
            box.y_mm + slip.rng.uniform(3.2, 5.2),
            slip.rng.uniform(2.2, 3.6),
        )
    slip.rest()


def comment_above(slip: Slip) -> None:
    """Let a comment run up into the last row, marked or not."""
    last = slip.likert()[-1]
    slip.touched.append(last.key)
    if slip.rng.random() < 0.5:
        slip.leave(last)
    slip.rest()
    area = next(q.area for q in slip.form.questions if q.area is not None)
    x = area.x_mm + slip.rng.uniform(0, 20)
    base = last.options[0].box.y_mm + slip.rng.uniform(3.5, 6.5)
    for _ in range(int(slip.rng.integers(2, 5))):
        for word in slip.rng.choice(WORDS, int(slip.rng.integers(3, 6))):
            _word(
                slip,
                str(word),
                float(x),
                float(base + slip.rng.normal(0, 0.4)),
                float(slip.rng.uniform(2.5, 4)),
            )
            x += 3 + 2.6 * len(word)
        x, base = area.x_mm + slip.rng.uniform(0, 10), base + slip.rng.uniform(5, 6.5)


def comment(slip: Slip) -> None:
    """Write a comment where it belongs."""
    slip.rest()
    slip.touched = [question.key for question in slip.questions]
    area = next(q.area for q in slip.form.questions if q.area is not None)
    for line in (0.4, 0.85):
        x = area.x_mm + 1
        for word in slip.rng.choice(WORDS, 4):
            _word(slip, str(word), float(x), float(area.y_mm + line * area.height_mm), 2.6)
            x += 3 + 2.0 * len(word)


def stamped(slip: Slip) -> None:
    """Let an office's stamp land on the boxes."""
    slip.rest()
    rows = slip.likert()
    row = rows[int(slip.rng.integers(len(rows)))]
    x, y = np.array(slip.pick(row).box.centre_mm) + slip.rng.normal(0, 6, 2)
    radius = slip.rng.uniform(11, 18)
    slip.touched += [r.key for r in rows if abs(r.options[0].box.centre_mm[1] - y) < radius + 2]
    cover = np.zeros(slip.paper.shape[:2], np.uint8)
    centre = (round(x * PX), round(y * PX))
    for share, thick in ((1.0, 0.8), (0.92, 0.3), (0.6, 0.3)):
        cv2.circle(cover, centre, round(radius * share * PX), 255, round(thick * PX), cv2.LINE_AA)
    for k, text in enumerate(("CONG AN", "THANH PHO", "HAI PHONG")):
        place = (round((x - radius * 0.5) * PX), round((y - 3 + 4 * k) * PX))
        cv2.putText(
            cover,
            text,
            place,
            cv2.FONT_HERSHEY_DUPLEX,
            PX * radius / 14 / 10,
            255,
            round(0.35 * PX),
            cv2.LINE_AA,
        )
    patchy = cv2.resize(
        slip.rng.random((60, 40)).astype(np.float32), cover.shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    part = cv2.GaussianBlur(cover, (0, 0), 1.5).astype(np.float32) / 255 * np.clip(0.5 + patchy, 0.2, 1)
    pad = Hand("stamp", "", "", False, (), (), 1.0, 0.45, ink_of(0.45, "red"), 0.5)
    stain(slip.paper, part, 0, 0, pad, slip.rng)


SMALL: Final = Way(size=0.5)
KINDS: Final[dict[str, Callable[[Slip], None]]] = {
    "pale pen, 1-bit": pale_1bit,
    "pale pen, grey": pale_grey,
    "pale pen, adaptive 1-bit": pale_adaptive,
    "photocopy": copied,
    "photocopy, 1-bit": copied_1bit,
    "show-through": show_through,
    "printed off from another slip": wet_print,
    "streaks": streaked,
    "fold through a row": folded,
    "fold down a column": folded_down,
    "small marks": _all_with(lambda slip: Way(size=float(slip.rng.uniform(0.4, 0.6)))),
    "off-centre marks": _all_with(
        lambda slip: Way(shift_mm=(float(slip.rng.normal(0, 1.1)), float(slip.rng.normal(0, 0.9))))
    ),
    "large marks": overrun,
    "dry pen": _all_with(lambda slip: Way(dry=float(slip.rng.uniform(0.3, 0.6)))),
    "two hands": two_hands,
    "grey paper": grey_paper,
    "noise": _scanned(noise=0.06, depth="grey"),
    "JPEG 15": _scanned(quality=15, depth="grey"),
    "out of focus": _scanned(blur_mm=0.17),
    "feed wobble": _scanned(wobble_mm=0.22, sway_mm=0.10),
    "dark scan": _scanned(gamma=1.9, black=0.12, depth="grey"),
    "light scan": _scanned(gamma=0.55, white=0.80, depth="grey"),
    "1-bit, low cut": _scanned(depth="1-bit", window_mm=0.0, cut=0.36),
    "1-bit, high cut": _scanned(depth="1-bit", window_mm=0.0, cut=0.82),
    "empty": empty_slip,
    "two answers only": one_answer,
    "struck out, then another": struck_then_other,
    "struck out": struck_alone,
    "filled, then another": filled_then_other,
    "lines through, then another": line_through,
    "whited out, then another": whited_then_other,
    "whited out, same again": whited_and_again,
    "rubbed out, then another": rubbed_then_other,
    "row struck through": row_struck,
    "second mark": second_mark,
    "second mark, faint": second_faint,
    "one faint among firm": faint_among_firm,
    "dot alone": dot_alone,
    "dot beside a mark": dot_beside_mark,
    "beside its box": beside_its_box,
    "between two options": between_two,
    "between two rows": between_rows,
    "ring instead of a mark": ring_instead,
    "ring around the mark": ring_around_mark,
    "mark, and ring around another": ring_and_mark,
    "rings only": all_rings,
    "loop over marked rows": loop,
    "loop over blank rows": loop_in_blank,
    "stray lines": stray_line,
    "word in a row": word_in_row,
    "word beside a mark": word_beside_mark,
    "comment into the last row": comment_above,
    "comment": comment,
    "stamp over boxes": stamped,
}
