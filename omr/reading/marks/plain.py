"""Is a mark a plain one of this person? Each way in which it may not be is a veto with a limit and a word.

A veto stands for something that happens on paper: a word, a loop, a stamp, a struck mark, a dot. What each
is worth on real ink, in errors saved and questions asked, is in docs/marks-measured.md
(`bench/ink/worth.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.ink.measure import F
from omr.reading.marks.likeness import Likeness, evidence
from omr.words import Reason

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PLAIN: Final = ""  # no reason to ask
# Vetoes that look at one number each; what is plain for all that, the trees see in all of them together.
SOFT: Final = (
    *(Reason.STAMP, Reason.LARGE, Reason.OF_ANOTHER, Reason.OUTSIDE),
    *(Reason.SMALLER, Reason.INK_BESIDE),
)


@dataclass(frozen=True, slots=True)
class PlainLimits:
    """How far plain marks of one person differ: beyond, a person looks. Distances in docs/marks.md."""

    blank_below: float = 0.1  # chance of ink up to which a box is empty
    inked_above: float = 0.95  # chance of ink from which a box holds some
    none_below: float = 0.003  # chance of ink up to which all boxes of an unanswered question are empty
    # Times the spread of the page's empty boxes, by which one with a trace of ink differs from their median.
    # Of 1,439 boxes in unanswered questions none had more than 3; a cross that a person can just see had 12.
    trace: float = 5.0
    # Where a mark lies.
    share: float = 0.5  # least share of the strokes that lies in the box
    # A long mark may lie outside where it is centred: 736 such marks of real hands did, no word or loop.
    off_mm: float = 3.4  # from the middle of its box to that of the mark
    off: float = 0.31  # the same, of the mark's length
    long_mm: float = 15.5  # from corner to corner
    flat: float = 0.42  # least side of its frame, of the other: a line along the sheet's sides may be a fold
    # How it is made.
    peak: float = 0.55  # least darkness, of this person's usual mark: folds and what shows through have less
    slim: float = 0.3  # of the box: a line across it along the sheet's sides, with less than usual ink
    dot_mm: float = 2.2  # from corner to corner of what is no more than a dot
    blot_mm: float = 2.6  # the same of one that is thicker than a stroke
    # Marks scribbled out had 0.65 and more of the box under strokes, or 0.55 under a felt pen's width. Of
    # 12,672 everyday marks one is as dense and heavier than usual.
    covered: float = 0.62
    thick: float = 0.5
    dots: float = (
        0.3  # usual darkness on a scan of black and white that leaves dots of marks: dust looks the same
    )
    solid: float = 0.35  # of the box under thick ink, more than in the usual mark
    heavy: float = 1.9  # most ink, of this person's usual mark
    much: float = 2.5  # the same, however little of the box it covers: 2 of 10,434 everyday marks have more
    heavier: float = 0.3  # of the box under a felt pen's width, more than in the usual mark
    both: float = 0.7  # of `solid` and `heavier`, where both are reached so far: 2 of 10,434 everyday marks
    # What lies beside it.
    loose_mm: float = 2.0  # beside a mark that is not like this person's others: it may be a letter of a word
    word: float = 0.2  # strokes met more than in the usual mark, of what is long and low: writing
    beside_mm: float = 1.3  # beside the boxes of a question without a mark
    beside_mark_mm: float = 10.0  # beside those of one with a mark
    ruled_mm: float = 1.3  # of a printed rule that is thicker there: small marks on it had 2.0 and more
    # What hides in the row of a question without a mark: 99 of 100 boxes with nothing near had less.
    foreign_mm: float = 2.0  # of another row's mark in the line of the boxes: 999 in 1,000 had less than 1.4
    outlined_mm: float = 0.19  # by which a stretch of a box's outline is thicker than outlines are
    lettered_mm: float = 0.13  # of ink over the words behind a box, more than their own
    jagged: float = 1.6  # times as much of both on a scan of black and white: lines jump by whole pixels
    faint: float = 0.25  # darkness of a line beside the boxes, of this person's usual mark
    circled: float = 0.9  # of the directions around an empty box
    around: float = 0.6  # of the directions right around an empty box: tails of other marks had 0.5
    around_none: float = (
        0.15  # the same beside an unanswered question's boxes: 3 of 169 everyday ones had more
    )
    # Of the ways across it: of 22,700 empty boxes near nothing odd one had one of six, 211 of 212 rings two.
    encircled: float = 0.25
    encircled_mark: float = 0.95  # of them, around a mark: 1,950 everyday marks had four of six at most
    rimmed_mm: float = 0.045  # on all sides of an empty box: blank ones have 0.021 at most, close rings 0.09
    rimmed_jagged: float = 0.22  # the same on a scan of black and white: outlines jump by 0.17 at 150 dpi
    # What the scan can show.
    weak: float = 8.0  # times as dark as the page's empty boxes is its usual mark where none is missing
    thin: float = 0.6  # least darkness of any mark on a scan of black and white that has lost none
    speck_mm: float = 1.5  # over which specks lie: what is left of a line on black and white lies over more
    speck: float = 0.025  # of a box beside a plain mark under strokes, 0.3 mm²: dust
    passing: float = 0.05  # ink of what leaves no stroke or is another box's, of the plain mark beside it
    pale: float = (
        0.1  # ink of a box that no line shows, of the usual mark: 47,439 empty boxes had up to 0.063
    )
    # Times what empty boxes vary by: pale second marks had more than 8, what shines through less than 3.
    pale_apart: float = 4.0
    missing: float = 0.9  # of a box's outline
    # How likely it is a plain mark, say the trees (`likeness`).
    like: float = 0.4  # from here on a soft veto is passed over
    like_dot: float = 0.8  # the same of what is smaller than others: dots alone had up to 0.72
    like_loop: float = 0.7  # the same of what is as wide both ways as loops: one had 0.61
    # The end of a loop in a box is a line of less ink than marks have: one had 0.43, and 2 of 10,434 marks.
    little: float = 0.3  # of the ink of this person's usual mark
    like_little: float = 0.6  # below this a person is asked about so little
    # A mark scribbled out by who marks with thick lines: one had 0.78 and 0.52, and so has 1 of 10,434 marks.
    dense: float = 0.7  # of the box under strokes
    like_dense: float = 0.6
    unlike: float = 0.2  # below this a person is asked, whatever the vetoes say: one everyday mark in 100
    # Of a box under a felt pen's ink: filled as the form prescribes. Marks gone over had up to 0.73 and,
    # where lines grow on a scan of black and white, 0.84.
    withdrawn: float = 0.8
    withdrawn_grown: float = 0.9  # the same there
    red: float = 0.02  # of a box under the office's stamp
    streak: float = 0.02  # of a box under dirt on the glass


LIMITS: Final = tuple(field.name for field in fields(PlainLimits))

SURELY_OWN: Final = 0.95  # of the strokes inside: they touch no other box
THROUGH: Final = 0.3  # of the way from the edge to the middle: a centred mark leads through its box
CENTRED_GAIN: Final = 0.3  # of the usual ink
CENTRED_PEAK: Final = 0.75  # of the usual darkness
ONE: Final = 1.1  # stroke met on a way across the row, on average
STRAIGHT: Final = 0.95  # of the strokes runs in two directions: of a line all
HALF: Final = 0.5
STAMP_MM: Final = 8.0  # both ways: what lies astray and is as large is a stamp or a loop
FAR_MM: Final = 5.5  # out of the box: a word, a line through several boxes
SPECK_GAIN: Final = 0.15  # ink of a speck, of that of the mark beside it: all that the box holds is the speck
SPECK_SIZE: Final = 0.2  # of a box: 0.7 mm
LINE_GAIN: Final = 0.6  # of the usual ink
ACROSS: Final = (
    0.8  # of the box: a printed line that is not where it belongs, or a fold, goes through all of it
)
COMPACT: Final = 0.6  # the shorter side of a dot's frame, of the longer
BLOT_SIZE: Final = 0.6  # of the usual extent
BLOT_SOLID: Final = 0.03  # of the box under thick ink
WORD_MM: Final = 6.0
LIKE: Final = 0.7  # of this person's usual mark, or that of it
LIKE_OFF_MM: Final = 1.2  # from the middle of the box


class Marks:
    """The boxes of a page with ink, and what is usual among them."""

    def __init__(self, features: Floats, inked: Mask, groups: Sequence[NDArray[np.intp]]) -> None:
        column = {name: features[:, i] for name, i in F.items()}
        self.column, self.inked = column, inked
        self.size = np.maximum(column["width"], column["height"])
        strong = np.array([group[column["peak"][group].argmax()] for group in groups])
        self._strong = strong[inked[strong]]
        self._question = np.zeros(len(inked), np.intp)
        for number, group in enumerate(groups):
            self._question[group] = number
        # Where a scan of black and white leaves dots and a question has none, marks were lost: a dot may be
        # what is left of the fainter of two.
        self.some_missing = len(self._strong) < len(groups)
        self._own = self._question[self._strong]
        others = len(self._own) - np.bincount(self._own, minlength=len(groups))
        self._middle = np.stack([np.maximum(others - 1, 0) // 2, others // 2])
        self._alone = (others == 0)[self._question]

    def usual(self, values: Floats) -> Floats:
        """Return the median of the strongest boxes of the other questions, its own where there are none."""
        if not len(self._strong):
            return values
        marks = values[self._strong]
        order = np.argsort(marks)
        place = np.full(self._middle.shape[1], len(marks))  # of each question's own, which is left out
        place[self._own[order]] = np.arange(len(marks))
        middle = np.minimum(self._middle + (self._middle >= place), len(marks) - 1)
        low, high = marks[order][middle]
        return np.where(self._alone, values, ((low + high) / 2)[self._question])

    def of_usual(self, values: Floats) -> Floats:
        """Return values in times what is usual."""
        return np.asarray(values / np.maximum(self.usual(values), 1e-6))


def not_plain(marks: Marks, limits: PlainLimits, likeness: Likeness) -> NDArray[np.object_]:
    """Return why each box with ink is not a plain mark of this person, `PLAIN` where it is."""
    why = _vetoed(marks, limits)
    inked = np.flatnonzero(marks.inked)
    chance = likeness.chance(
        evidence(marks.column, marks.usual)[inked]
    )  # NaN of what an earlier reader did not measure
    soft = np.isin(why[inked], SOFT) & ~(_blot(marks, limits) | _line(marks, limits))[inked]
    enough = np.full(len(inked), limits.like)
    enough[why[inked] == Reason.SMALLER] = limits.like_dot
    enough[why[inked] == Reason.STAMP] = limits.like_loop
    why[inked[soft & (chance >= enough)]] = PLAIN
    little = marks.of_usual(marks.column["gain"])[inked] < limits.little
    dense = marks.column["ink"][inked] > limits.dense
    least = np.where(little, limits.like_little, np.where(dense, limits.like_dense, limits.unlike))
    unlike = (why[inked] == PLAIN) & (chance < least) & ~_slash(marks, limits)[inked]
    why[inked[unlike]] = Reason.UNCLEAR
    return why


def _vetoed(marks: Marks, limits: PlainLimits) -> NDArray[np.object_]:
    """Return the first veto of each box with ink, `PLAIN` without any."""
    column, usual = marks.column, marks.usual
    gain, peak, size = (marks.of_usual(one) for one in (column["gain"], column["peak"], marks.size))
    runs, solid, wide = (column[name] - usual(column[name]) for name in ("runs", "solid", "heavy"))
    strokes, long = column["ink"] > 0, column["long"]
    centred = _centred(column, gain, peak, limits)
    astray = ~centred & strokes & (column["share"] < limits.share)
    compact = (column["flat"] > COMPACT) | (long == 0)
    dot = (long < limits.dot_mm) & compact
    only_dots = (column["bilevel"] > 0) & marks.some_missing & (usual(column["peak"]) < limits.dots)
    dot &= only_dots | (size < HALF)
    dot |= _blot(marks, limits)
    scribble = (column["ink"] > limits.covered) | (column["heavy"] > limits.thick)
    filled = (solid > limits.solid) | (wide > limits.heavier)
    filled |= (solid > limits.both * limits.solid) & (wide > limits.both * limits.heavier)
    like = (column["off"] <= LIKE_OFF_MM) & (size >= LIKE) & (gain >= LIKE) & (gain <= 1 / LIKE)
    like &= runs <= limits.word
    word = (long > WORD_MM) & (column["flat"] < limits.flat) & (runs > limits.word)
    slim = np.minimum(column["width"], column["height"]) <= limits.slim
    fold = slim & (marks.size >= ACROSS) & (gain < LINE_GAIN)
    why, free = np.full(len(marks.inked), PLAIN, object), marks.inked.copy()
    for reason, some in (
        (Reason.STAMP, astray & (column["span"] > STAMP_MM)),
        (Reason.LARGE, astray & (column["reach"] > FAR_MM)),
        (Reason.OF_ANOTHER, astray & (column["own"] < HALF)),
        (Reason.OUTSIDE, astray),
        (Reason.FAINTER, peak < limits.peak),
        (Reason.PRINT_DIFFERS, fold),
        (Reason.SMALLER, dot),
        (Reason.FILLED, scribble & (filled | (gain > limits.heavy)) | (gain > limits.much)),
        (Reason.INK_BESIDE, (column["loose"] > limits.loose_mm) & ~like | word),
    ):
        why[free & some] = reason
        free &= ~some
    return why


def _blot(marks: Marks, limits: PlainLimits) -> Mask:
    """Tell which marks are a pen put down: small, round, and thicker than a stroke. The trees know few."""
    column = marks.column
    small = (column["long"] < limits.blot_mm) & (marks.of_usual(marks.size) < BLOT_SIZE)
    return np.asarray(small & (column["flat"] > COMPACT) & (column["solid"] > BLOT_SOLID))


def _line(marks: Marks, limits: PlainLimits) -> Mask:
    """Tell what is a fold or an edge: along the sheet's sides, longer than marks are. The trees know none."""
    return np.asarray((marks.column["long"] > limits.long_mm) & (marks.column["flat"] < limits.flat))


def _slash(marks: Marks, limits: PlainLimits) -> Mask:
    """Tell which marks are one straight line through the middle of their box: no word is, and no loop."""
    column = marks.column
    gain, peak = marks.of_usual(column["gain"]), marks.of_usual(column["peak"])
    return _centred(column, gain, peak, limits) & (column["crossed"] <= ONE) & (column["ways"] >= STRAIGHT)


def _centred(column: dict[str, Floats], gain: Floats, peak: Floats, limits: PlainLimits) -> Mask:
    """Tell which marks lie around the middle of their box, however long, and touch no other box."""
    off = column["off"] <= np.minimum(limits.off_mm, limits.off * column["long"])
    free = (column["own"] >= SURELY_OWN) & (column["depth"] >= THROUGH)
    firm = (gain >= CENTRED_GAIN) & (peak >= CENTRED_PEAK)
    return np.asarray(
        off & free & firm & (column["long"] <= limits.long_mm) & (column["flat"] >= limits.flat)
    )


def dust(features: Floats, mark: int, limits: PlainLimits) -> Mask:
    """Tell which boxes hold no more than a speck, beside a mark, or the grain of the paper."""
    column = {name: features[:, i] for name, i in F.items()}
    small = np.maximum(column["width"], column["height"]) <= SPECK_SIZE
    small &= column["long"] <= limits.speck_mm
    of_mark = column["gain"] / max(column["gain"][mark], 1e-6)
    speck = (column["ink"] > 0) & (column["ink"] <= limits.speck) & small & (of_mark <= SPECK_GAIN)
    # No stroke at all, or the end of another box's.
    nothing = (column["own"] < HALF) & (of_mark <= limits.passing)
    return np.asarray(speck | nothing)
