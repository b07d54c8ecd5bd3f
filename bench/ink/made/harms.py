"""The everyday slip with real ink, and what pens, paper and scanners do to it: nobody did anything odd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from ink.made.hands import Way, lay, paler
from ink.made.paper import Slip, fold, photocopied


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
    others = [h for h in slip.people if h.person != slip.hand.person]
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
    fold(slip, float(at_mm), across=True)


def folded_down(slip: Slip) -> None:
    """Fold it down a column of boxes."""
    everyday(slip)
    box = slip.pick(slip.likert()[0]).box
    fold(slip, float(box.x_mm + slip.rng.uniform(0.3, 4.2)), across=False)


def grey_paper(slip: Slip) -> None:
    """Scan recycled paper under a dull lamp: little contrast."""
    everyday(slip)
    slip.settings = slip.settings.but(depth="grey", paper=0.70, white=1.0, shade=0.12, noise=0.02)


def overrun(slip: Slip) -> None:
    """Make marks so large that they run over their neighbours' boxes."""
    for question in slip.questions:
        option = slip.answer(question, Way(size=float(slip.rng.uniform(1.4, 1.9))))
        del option
    slip.touched = [question.key for question in slip.questions]


HARMS: Final[dict[str, Callable[[Slip], None]]] = {
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
}
