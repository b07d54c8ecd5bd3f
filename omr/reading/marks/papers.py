"""The model of a box on anybody's paper: what its page shows -> what it is, or why a person is asked.

Of each box twelve numbers say how much ink it holds, how that lies, and how it stands to the page's empty
boxes and to this person's marks; a logistic model learned on real ink of many papers makes a chance of them.
Four vetoes stand for what no box tells by itself: print that is not known, a ring or ink beside a box, a
mark that is not like this person's others. Nothing is inferred from weaker ink beside stronger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.marks.states import Judgement
from omr.reading.marks.unknown import (
    beside,
    marks_for_letters,
    marks_for_print,
    more_than_marks,
    nothing_seen,
    perhaps_letters,
    printed,
    questions_of,
    ringed,
    streaks,
    unlearned,
)
from omr.reading.papers.paper import F
from omr.words import BoxState, Reason

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# What a box shows by itself, and against its page. With weights that are not negative more of it is never
# less marked; with weights that are not positive a box beside a firm mark has to be firmer itself.
RISING: Final = ("core", "ink", "spread", "depth", "darkness", "like", "over")
FALLING: Final = ("rival",)
EVIDENCE: Final = (*RISING, *FALLING, "missing", "rim", "printed", "through")

FLOOR: Final = 0.03  # ink from which people see a mark
LEAST: Final = 0.005  # ink that is none on the cleanest scan
PRESENT: Final = 0.045  # gain: a short thin dash
OVER_NOISE: Final = 2.5  # times the ink of the page's empty boxes, which a mark has at least
MOST_NOISE: Final = 0.1  # more is no noise but a page of marks
KNOWN: Final = 3  # marks that show how a person marks
VARIED: Final = 10  # marks that show how much they differ
NO_MARK: Final = 0.01  # chance up to which a box is blank where its question would have no mark at all
FAINT: Final = 0.4  # of the usual ink: less of a question's only mark is erased, or dirt; 4 of 3,500 had less
PARTLY_FILLED: Final = 0.5  # of the box under a felt pen's ink: less is a cross, a tick, some strokes
SIGMAS: Final = 1.4826  # standard deviations of a normal distribution in a median deviation
THIN_CROSS: Final = 0.25  # gain of a ballpoint's cross: the usual mark where nothing else is known
FAINTEST: Final = 0.6  # darkness of a pencil; folds have 0.4


@dataclass(frozen=True, slots=True)
class PaperLimits:
    """From which chance a person looks, and how far one person's marks differ. Distances in docs/marks.md."""

    blank_below: float = 0.05  # chance of a mark up to which a box is blank
    marked_above: float = 0.95  # chance of a mark from which it is marked
    # Of two marks of one question, 545 that were meant had 0.69 to 1.68 of the usual ink in 99 of 100, and
    # at most 0.3 more of the box under thick strokes; 14 that were withdrawn had 1.8 and more, and 0.32.
    less: float = 0.7
    more: float = 1.5
    thicker: float = 0.3
    passing: float = 0.5  # least share of the strokes inside, of the usual: a line that leads elsewhere
    alone_more: float = 2.2  # the same of a question's only mark: of 2,956 one in a hundred had more
    alone_thicker: float = 0.35
    withdrawn: float = 0.8  # of the box under a felt pen's ink: no paper shows


LIMITS: Final = tuple(field.name for field in fields(PaperLimits))


@dataclass(frozen=True, slots=True, eq=False)
class PaperModel:
    """What real ink taught about boxes on any paper."""

    weights: Floats  # (E,) in the order of `EVIDENCE`
    bias: float
    limits: PaperLimits = PaperLimits()

    def chance(self, evidence: Floats) -> Floats:
        """Return the chance that each box is marked, (N,), from its evidence (N, E)."""
        return np.asarray(1 / (1 + np.exp(-(evidence @ self.weights + self.bias).clip(-40, 40))))


def _log(values: Floats) -> Floats:
    """Compress shares of ink: from 0.03 to 0.1 is as far as from 0.2 to 0.6."""
    return np.asarray(np.log1p(np.maximum(values, 0.0) / FLOOR))


def _over(values: Floats, by: float) -> Floats:
    return np.asarray(np.log((values + LEAST) / (by + LEAST)))


def gather(features: Floats, groups: Sequence[str]) -> Floats:
    """Return the evidence of each box of one page, (N, E), in the order of `EVIDENCE`.

    Parameters
    ----------
    features : (N, F) float64 ndarray
        As `paper.measure` gives them.
    groups : sequence of str
        Question of each box; boxes with an empty name belong to no question.
    """
    column = {name: features[:, i] for name, i in F.items()}
    gain = np.maximum(column["gain"], 0.0)
    questions = [some for some in _asked(groups) if len(some)]
    noise = _noise(gain, questions)
    tops = np.array([some[gain[some].argmax()] for some in questions], np.intp)
    marks = tops[gain[tops] > max(PRESENT, OVER_NOISE * min(noise, MOST_NOISE))]
    known = len(marks) >= KNOWN
    usual = float(np.median(gain[marks])) if known else THIN_CROSS
    dark = float(np.median(column["dark"][marks])) if known else 1.0
    values = {
        "core": _log(column["core"]),
        "ink": _log(column["ink"]),
        "spread": column["spread"],
        "depth": column["depth"],
        "darkness": np.minimum(column["dark"] / max(dark, FAINTEST), 1.2),
        "like": _over(gain, usual),
        "over": _over(gain, noise),
        "rival": _over(_rivals(gain, questions), usual),
        "missing": column["missing"],
        "rim": column["rim"],
        "printed": printed(features),
        "through": column["through"],
    }
    return np.stack([values[name] for name in EVIDENCE], axis=1)


def _asked(groups: Sequence[str]) -> list[NDArray[np.intp]]:
    """Return the boxes of each question; a box of no question is one of its own."""
    return questions_of([group or f"\0{i}" for i, group in enumerate(groups)])


def _noise(gain: Floats, questions: Sequence[NDArray[np.intp]]) -> float:
    """Return the ink that nine tenths of a page's empty boxes have at most: all but each question's top."""
    low = [value for some in questions if len(some) > 1 for value in np.sort(gain[some])[:-1].tolist()]
    return float(np.percentile(low or np.sort(gain)[: len(gain) // 2 or 1], 90))


def _rivals(gain: Floats, questions: Sequence[NDArray[np.intp]]) -> Floats:
    """Return the ink of the strongest other box of each box's question, (N,); 0 without one."""
    out = np.zeros(len(gain))
    for some in questions:
        for i in some.tolist() if len(some) > 1 else ():
            out[i] = gain[some[some != i]].max()
    return out


def judge(features: Floats, groups: Sequence[str], model: PaperModel) -> tuple[Judgement, ...]:
    """Decide the state of every box of one page.

    Parameters
    ----------
    features : (N, F) float64 ndarray
        As `paper.measure` gives them.
    groups : sequence of str
        Question of each box, may be empty.
    model : PaperModel
    """
    if not len(features):
        return ()
    chance, limits = model.chance(gather(features, groups)), model.limits
    unsure, lost = unlearned(features), features[:, F["usable"]] == 0
    marked, blank = (chance >= limits.marked_above) & ~unsure, chance <= limits.blank_below
    passing = marked & streaks(features)
    marked &= ~passing
    why = np.full(len(features), "", object)
    why[unsure | ~(marked | blank) | perhaps_lost(chance, groups, blank)] = Reason.UNCLEAR
    why[passing] = Reason.STREAK
    gone = unlike_others(features, groups, marked, why, limits)
    for reason, some in (
        (Reason.RING_AROUND, ringed(features, groups, marked)),
        (Reason.INK_BESIDE, beside(features)),
        (Reason.PRINT_UNKNOWN, more_than_marks(groups, marked) | perhaps_letters(features, groups, marked)),
        (Reason.PRINT_UNKNOWN, marks_for_print(features, blank) | marks_for_letters(features, blank)),
        (Reason.LOW_CONTRAST, nothing_seen(features, groups, marked)),
        (Reason.CUT_OFF, lost),
    ):
        why[some] = reason
    sure = np.where(lost, 0.0, np.maximum(chance, 1 - chance))
    leans = (chance >= 0.5) & ~lost
    columns = (one.tolist() for one in (sure, leans, marked, gone, why))
    return tuple(_judgement(*one) for one in zip(*columns, strict=True))


def perhaps_lost(chance: Floats, groups: Sequence[str], blank: Mask) -> Mask:
    """Tell which box of a question that would have no mark may hold a pale one, (N,)."""
    lost = np.zeros(len(chance), np.bool_)
    for some in questions_of(groups):
        if groups[some[0]] and len(some) > 1 and blank[some].all():
            lost[some] = chance[some] > NO_MARK
    return lost


def _judgement(confidence: float, leans_marked: bool, marked: bool, gone: bool, why: str) -> Judgement:
    if why:
        return Judgement(BoxState.DOUBTFUL, confidence, Reason(why), leans_marked=leans_marked)
    if gone:
        return Judgement(BoxState.CANCELLED, confidence)
    return Judgement(BoxState.MARKED if marked else BoxState.BLANK, confidence)


def unlike_others(
    features: Floats, groups: Sequence[str], marked: Mask, why: NDArray[np.object_], limits: PaperLimits
) -> Mask:
    """Ask about marks that are not like this person's others, and return which are surely withdrawn, (N,).

    A struck cross has more ink than a cross, a filled box more than either; the arm of a neighbour's cross
    and a line in passing have less. Beside a mark that is filled until no paper shows one other, plain mark
    is the answer. A box whose question nobody named may stand beside another mark, and a few marks do not
    show how somebody marks.
    """
    gain, share, solid, heavy = (features[:, F[name]] for name in ("gain", "share", "solid", "heavy"))
    count = Counter(groups[i] for i in np.flatnonzero(marked).tolist() if groups[i])
    single = marked & np.array([count[group] < 2 for group in groups])
    named = np.array([bool(group) for group in groups])
    most, wide = _varied(gain[single], solid[single])
    shown = single.sum() >= VARIED or single.sum() < KNOWN  # else a pair's limits hold for all marks
    gone = np.zeros(len(gain), np.bool_)
    for some in questions_of(groups):
        for i in some[marked[some]].tolist():
            likes = single if single.sum() >= KNOWN else marked & np.isin(np.arange(len(gain)), some)
            pick = np.median if single.sum() >= KNOWN else np.min
            usual, thick = float(pick(gain[likes])), float(pick(solid[likes]))
            inside = float(np.median(share[likes]))
            more, thicker = gain[i] / max(usual, LEAST), solid[i] - thick
            # Beside a box whose question nobody named another may be marked, by somebody who varies.
            times, by = (1.0, 0.0) if named[i] else (most, wide)
            alone = single[i] and named[i]
            if alone and more < min(FAINT, 1 / most):
                why[i] = Reason.FAINTER
            elif alone and shown:
                if more > limits.alone_more and thicker > limits.alone_thicker:
                    why[i] = Reason.FILLED
            elif more > max(limits.more, times) or thicker > max(limits.thicker, by):
                gone[i] = heavy[i] >= limits.withdrawn
                why[i] = Reason.FILLED if gone[i] else Reason.STRUCK_OUT
            elif not alone and (more < min(limits.less, 1 / times) or share[i] < limits.passing * inside):
                why[i] = Reason.STRUCK_OUT
        left = some[marked[some] & ~gone[some]]
        if gone[some].any() and len(left) == 1 and not why[left[0]] and groups[some[0]]:
            why[some[gone[some]]] = ""
        else:
            gone[some] = False
    # Of a few marks some are filled and some are not: either may be this person's way to withdraw one.
    if marked.sum() < VARIED and (heavy[marked] < PARTLY_FILLED).any():
        why[marked & ~gone & (why == "") & (heavy >= limits.withdrawn)] = Reason.FILLED
    return gone


def _varied(gain: Floats, solid: Floats) -> tuple[float, float]:
    """Return how far this person's marks are apart: times the usual ink, and of the box that is thick.

    Two standard deviations, from medians; a few marks do not show it.
    """
    if len(gain) < VARIED:
        return 1.0, 0.0
    logs = np.log(np.maximum(gain, LEAST))
    apart, thick = (float(np.median(np.abs(one - np.median(one)))) for one in (logs, solid))
    return float(np.exp(2 * SIGMAS * apart)), 2 * SIGMAS * thick
