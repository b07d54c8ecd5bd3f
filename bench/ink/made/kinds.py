"""What people do to a slip besides marking it: corrections, second thoughts, words, rings, slips of the pen.

Each kind fills in a slip and says what may be accepted of each question: sets of codes. None: only
asking is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from ink.made.hands import Hand, Way, draw, ink_of, stain
from ink.made.harms import HARMS
from ink.made.paper import PX, WORDS, Slip, dot, in_order, ring, scribble_out, smooth, some, white_out, word

ROWS_APART_MM: Final = 15.0  # at most, of neighbours


def empty_slip(slip: Slip) -> None:
    """Hand in nothing at all."""
    for question in slip.questions:
        slip.leave(question)
    slip.touched = [question.key for question in slip.questions]


def one_answer(slip: Slip) -> None:
    """Answer only two questions."""
    for question in slip.questions:
        slip.leave(question)
    for question in some(slip, 2, of=slip.questions):
        slip.answer(question)
    slip.touched = [question.key for question in slip.questions]


def struck_then_other(slip: Slip) -> None:
    """Scribble a mark out, then make another."""
    for question in some(slip):
        first = slip.pick(question)
        scribble_out(slip, question, first)
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def struck_alone(slip: Slip) -> None:
    """Scribble a mark out, and answer nothing else."""
    for question in some(slip):
        scribble_out(slip, question, slip.pick(question))
        slip.accept[question.key] = [()]
    slip.rest()


def filled_then_other(slip: Slip) -> None:
    """Withdraw as the form says, by filling the box, then make another."""
    fillers = [h for h in slip.people if h.fills and not h.source.startswith("sqs")]
    for question in some(slip):
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
    for question in some(slip):
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


def whited_then_other(slip: Slip) -> None:
    """White a mark out, then make another."""
    for question in some(slip):
        first = slip.pick(question)
        slip.mark(question, first)
        white_out(slip, first.box)
        slip.states[question.key][first.code] = "withdrawn"
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def whited_and_again(slip: Slip) -> None:
    """White a mark out, and mark again in the same place."""
    for question in some(slip):
        option = slip.pick(question)
        slip.mark(question, option)
        white_out(slip, option.box)
        slip.mark(question, option)
        slip.accept[question.key] = [(option.code,)]
    slip.rest()


def rubbed_then_other(slip: Slip) -> None:
    """Rub a mark out, its ghost left, then make another."""
    for question in some(slip):
        first = slip.pick(question)
        slip.mark(question, first, Way(pressure=float(slip.rng.uniform(0.06, 0.22))), state="withdrawn")
        second = slip.pick(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = [(second.code,)]
    slip.rest()


def row_struck(slip: Slip) -> None:
    """Strike a whole row through with its mark: what it means only a person can tell."""
    for question in some(slip, 2):
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


def second_mark(slip: Slip) -> None:
    """Make two marks in a question."""
    for question in some(slip, 2):
        first = slip.pick(question)
        second = slip.pick(question, first)
        slip.mark(question, first)
        slip.mark(question, second)
        slip.accept[question.key] = in_order(first, second, question)
    slip.rest()


def second_faint(slip: Slip) -> None:
    """Make a firm mark and a faint one: which one counts, nobody can tell."""
    for question in some(slip):
        first = slip.pick(question)
        second = slip.pick(question, first)
        slip.mark(question, first)
        slip.mark(question, second, Way(pressure=float(slip.rng.uniform(0.4, 0.65))))
        slip.accept[question.key] = []
    slip.rest()


def faint_among_firm(slip: Slip) -> None:
    """Make one faint mark among firm ones: never unanswered."""
    for question in some(slip, 3, of=slip.questions):
        slip.answer(
            question, Way(pressure=max(float(slip.rng.uniform(0.18, 0.4)), 0.12 / slip.hand.darkness))
        )
    slip.rest()


def dot_alone(slip: Slip) -> None:
    """Put only a dot in a box: a mark or a rest of the pen? Asked."""
    for question in some(slip, 3):
        option = slip.pick(question)
        dot(slip, option.box)
        slip.states.setdefault(question.key, {})[option.code] = "other"
        slip.accept[question.key] = []
    slip.rest()


def dot_beside_mark(slip: Slip) -> None:
    """Put a dot in one box and a mark in another."""
    for question in some(slip, 3):
        option = slip.answer(question)
        other = slip.pick(question, option)
        dot(slip, other.box)
        slip.states[question.key][other.code] = "other"
    slip.rest()


def beside_its_box(slip: Slip) -> None:
    """Set the mark beside its box, nothing in it."""
    for question in some(slip):
        option = slip.pick(question)
        side = float(slip.rng.choice([-1, 1])) * slip.rng.uniform(4.4, 5.4)
        slip.mark(question, option, Way(size=0.75, shift_mm=(float(side), 0.0)))
        slip.accept[question.key] = [(option.code,)]
    slip.rest()


def between_two(slip: Slip) -> None:
    """Set the mark exactly between two options: only asking is right."""
    for question in some(slip):
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
    # Over the table stands a row that is no neighbour of its first: between them lies another question.
    while rows[at + 1].options[0].box.y_mm - rows[at].options[0].box.y_mm > ROWS_APART_MM:
        at += 1
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


def ring_instead(slip: Slip) -> None:
    """Ring the box, on a slip of marks."""
    for question in some(slip, 3):
        option = slip.pick(question)
        ring(slip, option.box)
        slip.states.setdefault(question.key, {})[option.code] = "mark"
        slip.accept[question.key] = [(option.code,)]
    slip.rest()


def ring_around_mark(slip: Slip) -> None:
    """Mark, and ring the mark: this one."""
    for question in some(slip, 3):
        ring(slip, slip.answer(question).box)
    slip.rest()


def ring_and_mark(slip: Slip) -> None:
    """Mark one box and ring another: only asking is right."""
    for question in some(slip, 3):
        option = slip.answer(question)
        other = slip.pick(question, option)
        ring(slip, other.box)
        slip.states[question.key][other.code] = "other"
        slip.accept[question.key] = []
    slip.rest()


def all_rings(slip: Slip) -> None:
    """Ring every answer."""
    for question in slip.questions:
        option = slip.pick(question)
        ring(slip, option.box)
        slip.states.setdefault(question.key, {})[option.code] = "mark"
        slip.accept[question.key] = [(option.code,)]
    slip.touched = [question.key for question in slip.questions]


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


def word_in_row(slip: Slip) -> None:
    """Write a word over a question's boxes instead of a mark: only asking is right."""
    for question in some(slip, 2):
        box = question.options[int(slip.rng.integers(max(1, len(question.options) - 2)))].box
        text = WORDS[int(slip.rng.integers(len(WORDS)))]
        word(
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
    for question in some(slip, 2):
        option = slip.answer(question)
        others = [o for o in question.options if o is not option]
        box = others[int(slip.rng.integers(len(others)))].box
        text = WORDS[int(slip.rng.integers(len(WORDS)))]
        word(
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
        for text in slip.rng.choice(WORDS, int(slip.rng.integers(3, 6))):
            word(
                slip,
                str(text),
                float(x),
                float(base + slip.rng.normal(0, 0.4)),
                float(slip.rng.uniform(2.5, 4)),
            )
            x += 3 + 2.6 * len(text)
        x, base = area.x_mm + slip.rng.uniform(0, 10), base + slip.rng.uniform(5, 6.5)


def comment(slip: Slip) -> None:
    """Write a comment where it belongs."""
    slip.rest()
    slip.touched = [question.key for question in slip.questions]
    area = next(q.area for q in slip.form.questions if q.area is not None)
    for line in (0.4, 0.85):
        x = area.x_mm + 1
        for text in slip.rng.choice(WORDS, 4):
            word(slip, str(text), float(x), float(area.y_mm + line * area.height_mm), 2.6)
            x += 3 + 2.0 * len(text)


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


KINDS: Final[dict[str, Callable[[Slip], None]]] = {
    **HARMS,
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
# A box filled for a mark and one scribbled over are the same ink: only who makes strokes does these.
WITHDRAWN_BY_INK: Final = {
    "struck out",
    "struck out, then another",
    "filled, then another",
    "lines through, then another",
}
