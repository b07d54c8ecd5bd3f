"""Kinds of which a member was once read wrongly and silently, made in number.

Each was found on a slip of `kinds.py`, by one seed in some hundred. Here every slip has several members, so
that a reader is seen to have mended the kind and not the case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ink.made.hands import Hand, Way, draw, paler
from ink.made.paper import BLOCK, SCRIPT, Slip, ring, some, word
from ink.stamps import Stamp
from omr.forms.template import Option, Question

SHORT: Final = ("tot", "sai", "ko", "da", "OK", "co", "no", "dat", "roi", "bo", "xin", "huy")
BLOCKS: Final = ("TB", "10", "100", "50%", "KHA", "TOT", "KO", "CO", "A+", "n/a", "?")
HEIGHT_MM: Final = (2.0, 3.6)  # of a short word's letters: the box has 4.5
LEAST_MM: Final = 4.2  # from a box's middle to that of a mark beside it, or the box would hold some of it
MOST_MM: Final = 8.0
ACROSS_MM: Final = (2.5, 4.4)  # from a box's middle to a ring around it: from one that cuts its corners
DOWN_MM: Final = (2.5, 4.2)  # the same, up and down: the next row's box begins 5.5 mm away
TURNS: Final = (0.88, 1.12)  # how far round rings go: some stay open
PENS: Final = (0.7, 1.5)  # of the person's pen, the width of a ring's line
WORD_MM: Final = (3.2, 9.0)  # from a box's middle to where a mark stands on the words behind it


def _lean(stamp: Stamp) -> tuple[float, float]:
    """Return the direction of a mark's longer way, as an angle, and how much longer it is."""
    ink = np.argwhere(stamp.cover > 60)[:, ::-1]
    spread, ways = np.linalg.eigh(np.cov(ink.T))
    return float(np.arctan2(ways[1, 1], ways[0, 1])), float(np.sqrt(spread[1] / max(spread[0], 1e-6)))


def _lines(hand: Hand) -> list[Stamp]:
    return [stamp for stamp in hand.marks if _lean(stamp)[1] > 2.5]


def in_line(slip: Slip) -> None:
    """Set slashes beside their boxes, in line with a slash of the row above or below: they are one stroke."""
    writers = [slip.hand] if _lines(slip.hand) else [hand for hand in slip.people if _lines(hand)]
    hand = writers[int(slip.rng.integers(len(writers)))]
    slashes = _lines(hand)
    rows = slip.likert()
    table = max(
        (len(row.options) for row in rows), key=lambda width: sum(len(r.options) == width for r in rows)
    )
    rows = [row for row in rows if len(row.options) == table]
    for at in range(int(slip.rng.integers(2)), len(rows) - 1, 3):
        pair = [rows[at], rows[at + 1]] if slip.rng.random() < 0.5 else [rows[at + 1], rows[at]]
        _joined(slip, hand, slashes, *pair)
        slip.touched += [row.key for row in pair]
    slip.rest()


def _joined(slip: Slip, hand: Hand, slashes: list[Stamp], marked: Question, lost: Question) -> None:
    rng = slip.rng
    option = marked.options[int(rng.integers(min(len(marked.options), len(lost.options))))]
    below = lost.options[0].box.centre_mm[1] - option.box.centre_mm[1]
    across = float(rng.choice([-1, 1]) * rng.uniform(LEAST_MM, 6.0))
    wanted = np.arctan2(below, across)
    stamp = slashes[int(rng.integers(len(slashes)))]
    turn = float(np.rad2deg((wanted - _lean(stamp)[0] + np.pi / 2) % np.pi - np.pi / 2))
    one = replace(hand, marks=(stamp,))
    size = float(rng.uniform(1.0, 1.5))
    slip.mark(marked, option, Way(size=size, turn_deg=turn), one)
    slip.accept[marked.key] = [(option.code,)]
    # The mark of the other row, beside the box that is nearest to it.
    x = option.box.centre_mm[0] + across
    meant = min(lost.options, key=lambda other: abs(other.box.centre_mm[0] - x))
    if abs(meant.box.centre_mm[0] - x) < LEAST_MM:
        x = meant.box.centre_mm[0] + np.copysign(LEAST_MM, across)
    slip.mark(
        lost, meant, Way(size=0.85 * size, turn_deg=turn, shift_mm=(x - meant.box.centre_mm[0], 0.0)), one
    )
    slip.accept[lost.key] = [(meant.code,)]


def pale_beside(slip: Slip) -> None:
    """Set marks beside their boxes with a pen that leaves little ink: too pale for strokes."""
    slip.hand = paler(slip.hand, float(slip.rng.uniform(0.3, 0.8)))
    for question in some(slip, 4):
        option = slip.pick(question)
        side = float(slip.rng.choice([-1, 1]) * slip.rng.uniform(4.4, 6.0))
        slip.mark(question, option, Way(size=0.75, shift_mm=(side, 0.0)))
        slip.accept[question.key] = [(option.code,)]
    slip.rest()


def on_outlines(slip: Slip) -> None:
    """Put the pen down on the outlines of boxes: a mark or a rest of the pen? Asked."""
    for question in some(slip, 4):
        option = slip.pick(question)
        (left, top), (right, bottom) = option.box.corners_mm[0], option.box.corners_mm[2]
        x, y = slip.rng.uniform(left, right), slip.rng.uniform(top, bottom)
        if slip.rng.random() < 0.5:
            x = left if slip.rng.random() < 0.5 else right
        else:
            y = top if slip.rng.random() < 0.5 else bottom
        at = np.array([x, y]) + slip.rng.normal(0, 0.15, 2)
        reach = np.array([[0, 0], [slip.rng.uniform(0.1, 0.35), 0.1]])
        draw(slip.paper, slip.hand, [at + reach], slip.rng, width=1.2)
        slip.places[question.key, option.code] = (float(at[0]), float(at[1]))
        slip.states.setdefault(question.key, {})[option.code] = "other"
        slip.accept[question.key] = []
    slip.rest()


def _labelled(slip: Slip) -> list[tuple[Question, Option]]:
    """Return the options whose words stand behind their boxes: the questions that are no rows of a table."""
    rows = slip.likert()
    widths = {len(row.options) for row in rows}
    table = max(widths, key=lambda width: sum(len(row.options) == width for row in rows))
    return [(q, o) for q in slip.questions if q not in rows or len(q.options) != table for o in q.options]


def on_words(slip: Slip) -> None:
    """Set small marks on the printed words behind their boxes, nothing in the box."""
    found = _labelled(slip)
    seen: set[str] = set()
    for at in slip.rng.permutation(len(found)).tolist():
        question, option = found[at]
        if question.key in seen:
            continue
        seen.add(question.key)
        way = Way(size=float(slip.rng.uniform(0.45, 1.0)), shift_mm=(float(slip.rng.uniform(*WORD_MM)), 0.0))
        slip.mark(question, option, way)
        slip.accept[question.key] = [(option.code,)]
    slip.touched += sorted(seen)
    slip.rest()


def short_words(slip: Slip, texts: Sequence[str] = SHORT, fonts: Sequence[int] = SCRIPT) -> None:
    """Write a short word into a box instead of a mark: only asking is right."""
    for question in some(slip, 4):
        option = slip.pick(question)
        text = texts[int(slip.rng.integers(len(texts)))]
        height = float(slip.rng.uniform(*HEIGHT_MM))
        x, y = option.box.centre_mm
        left = x - 0.38 * height * len(text) + slip.rng.normal(0, 0.6)
        base = float(y + 0.5 * height + slip.rng.normal(0, 0.5))
        word(slip, text, float(left), base, height, fonts)
        slip.states.setdefault(question.key, {})[option.code] = "other"
        slip.accept[question.key] = []
    slip.rest()


def block_words(slip: Slip) -> None:
    """Write the same and other short words in single block letters and figures."""
    short_words(slip, (*SHORT, *BLOCKS), BLOCK)


def rings_beside(slip: Slip) -> None:
    """Mark one box and ring another, close or wide, with a fine pen or a broad one: only asking is right."""
    for question in some(slip, 4):
        option = slip.answer(question)
        other = slip.pick(question, option)
        ring(slip, other.box, ACROSS_MM, DOWN_MM, TURNS, float(slip.rng.uniform(*PENS)))
        slip.states[question.key][other.code] = "other"
        slip.accept[question.key] = []
    slip.rest()


def gone_over(slip: Slip) -> None:
    """Mark one box, then another, and go over the second: who does that means it. It is never taken back."""
    for question in some(slip, 4):
        first = slip.pick(question)
        slip.mark(question, first)
        second = slip.pick(question, first)
        stamp = slip.hand.marks[int(slip.rng.integers(len(slip.hand.marks)))]
        same = replace(slip.hand, marks=(stamp,))
        for _ in range(int(slip.rng.integers(2, 5))):
            slip.mark(question, second, Way(shift_mm=tuple(slip.rng.normal(0, 0.3, 2).tolist())), same)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


SOUGHT: Final[dict[str, Callable[[Slip], None]]] = {
    "slash in line with the next row's": in_line,
    "pale marks beside their boxes": pale_beside,
    "dots on outlines": on_outlines,
    "small marks on words": on_words,
    "short words in boxes": short_words,
    "block letters in boxes": block_words,
    "rings beside marks": rings_beside,
    "gone over, beside another": gone_over,
}
