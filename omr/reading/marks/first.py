"""The first judge, kept as it was: for what was measured before the form's print was known.

A chance for each box from a logistic model over what its page shows, and one rule for each thing that
happens to a slip. Stored measurements of that time are decided by it for ever; nothing new is learned here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from omr.reading.marks.states import Judgement
from omr.reading.marks.unknown import (
    FEW_MARKS,
    STREAK,
    beside,
    marks_for_print,
    more_than_marks,
    overruled,
    perhaps_letters,
    questions_of,
    ringed,
)
from omr.reading.papers.paper import F
from omr.words import BoxState, Reason

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """From which chance of error a person looks, and what a filled box is."""

    blank_below: float = 0.05  # chance of a mark up to which a box is blank without review
    marked_above: float = 0.95  # chance of a mark from which it is marked without review
    stroke_cover: float = 0.48  # share of a box's inside that crosses and ticks cover at most
    fill_cover: float = 0.60  # share that a solid fill covers at least
    fill_ratio: float = 1.6  # how much more than the page's usual mark it covers


class Fitted(Protocol):
    """What was learned: a calibration."""

    @property
    def limits(self) -> Limits:
        """From which chance a person looks."""

    def chance(self, evidence: Floats) -> Floats:
        """Return the chance that each box is marked."""


# What a box itself says. With weights that are not negative, more of it is never less marked.
RISING: Final = ("gain", "core", "spread", "darkness")
# What its surroundings say: the marks of the other questions, and the other boxes of its own.
# With weights that are not positive, a box among firm marks has to be firmer itself.
CONTEXT: Final = ("page_marks", "rival")
EVIDENCE: Final = RISING + CONTEXT

SHADOWY: Final = 0.1  # chance of a mark up to which what looks like a shadow is taken for one
FLOOR: Final = 0.03  # ink from which people see a mark
PRESENT: Final = 0.045  # gain: a short thin dash; the strongest box of a question with less is empty
OVER_NOISE: Final = 2.5  # times the ink of the page's empty boxes, which a mark has at least
THIN_CROSS: Final = 0.25  # gain of a ballpoint's cross: the usual mark where nothing else is known
PRINT: Final = 1.0  # darkness of a firm pen, that of print
# A page where all is weaker or fainter than this shows folds or a streak, or is for a person to read.
LEAST_USUAL: Final = 0.08  # gain of dashes by a ballpoint
LEAST_DARK: Final = 0.6  # darkness of a pencil; folds have 0.4


def _log(values: Floats) -> Floats:
    """Compress shares of ink: from 0.03 to 0.1 is as far as from 0.2 to 0.6."""
    return np.asarray(np.log1p(np.maximum(values, 0.0) / FLOOR))


def gather(features: Floats, groups: Sequence[str]) -> Floats:
    """Return the evidence of each box.

    Parameters
    ----------
    features : (N, F) float64 ndarray
        All boxes of one page, as `ink.measure` gives them.
    groups : sequence of str
        Question of each box; boxes with an empty name belong to no question.

    Returns
    -------
    (N, E) float64 ndarray
        In the order of `EVIDENCE`.
    """
    column = {name: features[:, i] for name, i in F.items()}
    gain, usable = column["gain"], column["usable"] > 0
    strongest = strongest_boxes(gain, groups, usable)
    usual_dark = usual(column["dark"], groups, strongest, PRINT)
    values = {
        "gain": _log(gain),
        "core": _log(column["core"]),
        "spread": column["spread"],
        # Shadows, folds and smudges are fainter than this person's pen.
        "darkness": np.minimum(column["dark"] / np.maximum(usual_dark, LEAST_DARK), 1.0),
        "page_marks": _log(np.maximum(usual(gain, groups, strongest, THIN_CROSS), LEAST_USUAL)),
        "rival": rivals(_log(gain), groups),
    }
    return np.stack([values[name] for name in EVIDENCE], axis=1)


def strongest_boxes(gain: Floats, groups: Sequence[str], usable: NDArray[np.bool_]) -> dict[str | int, int]:
    """Find the strongest box of each question, where it holds more than the page's noise.

    A box without a question is one of its own, under its number.
    """
    least = max(PRESENT, OVER_NOISE * noise(gain, groups, usable))
    strongest: dict[str | int, int] = {}
    for i in np.flatnonzero(usable & (gain >= least)).tolist():
        question = groups[i] or i
        if question not in strongest or gain[i] > gain[strongest[question]]:
            strongest[question] = i
    return strongest


def usual(values: Floats, groups: Sequence[str], strongest: dict[str | int, int], unknown: float) -> Floats:
    """Return what the marks of the other questions have, (N,): the median of their strongest boxes.

    One mark is always known, `unknown`: a single mark on a page says little about the next.
    """
    known = {question: float(values[i]) for question, i in strongest.items()}
    everything = sorted([unknown, *known.values()])
    middle = _median(everything)
    medians: dict[str | int, float] = {}
    for question, value in known.items():
        others = everything.copy()
        others.remove(value)
        medians[question] = _median(others)
    return np.array([medians.get(group or i, middle) for i, group in enumerate(groups)])


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def noise(gain: Floats, groups: Sequence[str], usable: NDArray[np.bool_]) -> float:
    """Return how much ink the page's empty boxes show: nine tenths of each question's emptier half less.

    At most 0.1: more is no noise but a page of marks.
    """
    members: dict[str, list[int]] = {}
    for i in np.flatnonzero(usable).tolist():
        members.setdefault(groups[i], []).append(i)
    low = [g for indices in members.values() for g in sorted(gain[indices].tolist())[: len(indices) // 2]]
    return min(max(float(np.percentile(low, 90)), 0.0), 0.1) if low else 0.0


def rivals(gain: Floats, groups: Sequence[str]) -> Floats:
    """Find the strongest other box of each box's question, (N,); 0 without one."""
    out = np.zeros(len(gain))
    members: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        if group:
            members.setdefault(group, []).append(i)
    for indices in members.values():
        for i in indices:
            out[i] = max((gain[j] for j in indices if j != i), default=0.0)
    return out


TRACE: Final = 0.01  # gain in the strongest boxes of a page's empty questions: empty slips had up to 0.008
STANDS_OUT_FAR: Final = 3.0  # times that of their second strongest
# Of a box under ink wider than a felt pen's line: boxes filled to withdraw a mark had 0.90 and more, struck
# crosses 0.43 to 0.67, a felt pen's cross whose lines ran together 0.25.
FILLED_UP: Final = 0.8
# Marks unlike this person's others, in shares of the usual mark.
STRUCK_GAIN: Final = 1.4  # ink of struck crosses was 1.5 and more, of crosses up to 1.3
# A heavy mark with a line through it: struck crosses had from 0.6 of the patch and 1.2 times the
# usual ink on; of 1,019 marks beside another and not struck, none had both.
STRUCK_THROUGH: Final = 0.6
STRUCK_AGAIN: Final = 1.15
STRUCK_SOLID: Final = 0.12  # more of the box under thick ink: the rim of a stamp had 0.17 more
WEAK_GAIN: Final = 0.55  # ink of the arm of a neighbour's cross was 0.4
LESS_INSIDE: Final = 0.75  # share of strokes inside: pens that slipped had 0.50 to 0.64, second marks 0.87
# The tail of a word that ran into a box had 0.78 of that and 0.64 of the usual ink; of 526 second marks 1
# had less than both of these.
SHORT_INSIDE: Final = 0.85
SHORT_GAIN: Final = 0.75
# Rings of 10 to 16 mm through the box beside: one line, up to 0.52 of the box high, 0.48 and
# more of the patch long, with 0.42 to 0.73 of the ink of this person's marks.
ARC_FLAT: Final = 0.6
ARC_THROUGH: Final = 0.45
ARC_GAIN: Final = 0.85
# Of 6,671 marks of people 1 at most had so little of the usual ink, all and in the middle, in so long a line.
RIM_CORE: Final = 0.5
RIM_THROUGH: Final = 0.55
SHADOW: Final = 0.45  # darkness of folds and creases was up to 0.44 of the pen's, of second marks 0.51 on
FAINT: Final = 0.87  # darkness of stamps over boxes was 0.45 to 0.85, of pencil crosses 0.82 and more
FAINT_INK: Final = 0.7  # darkness times ink of stamps was 0.3 to 0.68, of pencil crosses 0.71 and more
RUNS_OVER: Final = 0.4  # of the directions around the box: stamps run over it, pencil fills do not


def traces(
    features: NDArray[np.float64], groups: Sequence[str], chance: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which boxes may hold marks that the scan hardly shows, (N,).

    A pen that runs dry, a hard pencil on a scan of one bit: in several questions without a
    mark one box holds a little more ink than the others. Noise and dirt do that in one.
    """
    gain = features[:, F["gain"]]
    empty = [
        some
        for some in questions_of(groups)
        if len(some) > 1 and groups[some[0]] and chance[some].max() < 0.5
    ]
    out = np.zeros(len(gain), np.bool_)
    if len(empty) < FEW_MARKS:
        return out
    top, second = np.median([np.sort(gain[some])[:-3:-1] for some in empty], axis=0)
    if top >= max(TRACE, STANDS_OUT_FAR * second):
        out[[some[gain[some].argmax()] for some in empty]] = True
    return out


def filled(
    features: NDArray[np.float64], groups: Sequence[str], marked: NDArray[np.bool_], limits: Limits
) -> NDArray[np.bool_]:
    """Which marked boxes are filled solid while the page's other marks are strokes, (N,).

    The usual mark is that of the other questions; where they say nothing, the weakest mark
    of the same question stands in. Where fills are usual, nothing counts as filled: a fill
    covers the box also where the pencil is light.
    """
    cover = np.maximum(features[:, F["gain"]], features[:, F["ink"]])
    out = np.zeros(len(cover), np.bool_)
    for i in np.flatnonzero(marked & (cover >= limits.fill_cover)).tolist():
        same = np.array([bool(group) and group == groups[i] for group in groups])
        others = marked & ~same
        known = others.sum() >= FEW_MARKS
        usual = np.median(cover[others]) if known else cover[marked & (same | others)].min()
        out[i] = usual <= limits.stroke_cover and cover[i] >= limits.fill_ratio * usual
    return out


def withdrawn(
    features: NDArray[np.float64], groups: Sequence[str], plain: NDArray[np.bool_], full: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which filled boxes are surely marks withdrawn, (N,): no paper shows, and a plain mark is beside.

    What covers much of its box may be a mark all the same: a felt pen's cross among ticks.
    """
    marked = {group for group, is_plain in zip(groups, plain, strict=True) if group and is_plain}
    beside = np.array([group in marked for group in groups])
    return np.asarray(full & beside & (features[:, F["heavy"]] >= FILLED_UP))


def perhaps_struck(
    features: NDArray[np.float64],
    groups: Sequence[str],
    marked: NDArray[np.bool_],
    gone: NDArray[np.bool_],
    limits: Limits,
) -> NDArray[np.bool_]:
    """Which marks beside another mark of their question are unlike this person's others, (N,).

    A cross with lines through it is a mark withdrawn, a stamp's rim over a box is none: both
    show as more ink, or thicker lines, than the page's usual strokes. The arm of a neighbour's
    cross shows as less, a pen that slipped through a box as a line that lies mostly outside
    of it. Two marks that look like all others are two marks. Beside a mark that is surely withdrawn
    (`gone`) the other is what was meant, unless it is struck out itself.
    """
    gain, solid, inside, through = (features[:, F[name]] for name in ("gain", "solid", "share", "through"))
    count = Counter(group for group, is_marked in zip(groups, marked, strict=True) if group and is_marked)
    beside = np.array([count[group] > 1 for group in groups]) & marked
    left = Counter(groups[i] for i in np.flatnonzero(marked & ~gone).tolist())
    single = marked & ~beside
    known = single.sum() >= FEW_MARKS
    out = np.zeros(len(gain), np.bool_)
    for i in np.flatnonzero(beside).tolist():
        likes = single if known else np.array([group == groups[i] for group in groups]) & marked
        # Without a usual mark the lightest of the question stands in.
        pick = np.median if known else np.min
        usual = pick(gain[likes])
        crossed_out = through[i] >= STRUCK_THROUGH and gain[i] > STRUCK_AGAIN * usual
        out[i] = through[i] >= STREAK or crossed_out or gain[i] > STRUCK_GAIN * usual
        if left[groups[i]] == 1:
            continue
        # Fills differ in how much of their box is thick, strokes do not.
        thick = usual <= limits.stroke_cover and solid[i] > pick(solid[likes]) + STRUCK_SOLID
        weak = known and gain[i] < WEAK_GAIN * usual
        of_usual = inside[i] / max(float(np.median(inside[likes])), 1e-6)
        short = of_usual < SHORT_INSIDE and gain[i] < SHORT_GAIN * usual
        passes = known and (of_usual < LESS_INSIDE or short)
        out[i] |= thick or weak or passes
    return out


def shadows(
    features: NDArray[np.float64], groups: Sequence[str], marked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which boxes beside a mark hold much fainter ink than this person's marks, (N,): no second mark.

    Folds, creases, rubbed-out pencil and what shows through have less than half the darkness
    of the pen, whatever the pen.
    """
    if marked.sum() < FEW_MARKS:
        return np.zeros(len(features), np.bool_)
    dark = features[:, F["dark"]]
    answered = {groups[i] for i in np.flatnonzero(marked).tolist()} - {""}
    beside = np.array([group in answered for group in groups]) & ~marked
    return np.asarray(beside & (dark < SHADOW * np.median(dark[marked])))


def of_other_ink(features: NDArray[np.float64], marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which marks are fainter and smaller than this person's others, and run over their box, (N,).

    A stamp over a box inks it like a pen, but with its own darkness.
    """
    if marked.sum() <= FEW_MARKS:
        return np.zeros(len(features), np.bool_)
    dark, gain = (
        values / max(float(np.median(values[marked])), 1e-6)
        for values in (features[:, F["dark"]], features[:, F["gain"]])
    )
    over = features[:, F["around"]] >= RUNS_OVER
    return np.asarray(marked & over & (dark < FAINT) & (dark * gain < FAINT_INK))


def in_passing(features: NDArray[np.float64], marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which marks are a line that passes through or along their box to somewhere else, (N,).

    A wide ring around one box cuts through the box beside, and little of it is inside; so does a line
    that was meant elsewhere. A stamp's rim on a 1-bit scan runs along an edge and leaves the middle white.
    """
    if marked.sum() <= FEW_MARKS:
        return np.zeros(len(features), np.bool_)
    gain, inside, core = (
        values / max(float(np.median(values[marked])), 1e-6)
        for values in (features[:, F["gain"]], features[:, F["share"]], features[:, F["core"]])
    )
    through = features[:, F["through"]]
    flat = np.minimum(features[:, F["width"]], features[:, F["height"]]) < ARC_FLAT
    across = flat & (through >= ARC_THROUGH) & (inside < LESS_INSIDE)
    along = (core < RIM_CORE) & (through >= RIM_THROUGH)
    return np.asarray(marked & (across | along) & (gain < ARC_GAIN))


def judge(features: NDArray[np.float64], groups: Sequence[str], calibration: Fitted) -> tuple[Judgement, ...]:
    """Decide the state of every box of one page.

    Parameters
    ----------
    features : (N, F) float64 ndarray
        As `ink.measure` gives them.
    groups : sequence of str
        Question of each box, may be empty.
    calibration : Fitted

    Returns
    -------
    tuple of Judgement
        One per box, in order.
    """
    if not len(features):
        return ()
    chance = calibration.chance(gather(features, groups))
    limits = calibration.limits
    unsure = overruled(features)
    marked = (chance >= limits.marked_above) & ~unsure
    full = filled(features, groups, marked, limits)
    gone = withdrawn(features, groups, marked & ~full, full)
    struck = perhaps_struck(features, groups, marked, gone, limits)
    struck |= of_other_ink(features, marked) | in_passing(features, marked)
    blank = (chance <= limits.blank_below) | shadows(features, groups, marked) & (chance < SHADOWY)
    why = np.full(len(features), Reason.UNCLEAR, object)
    for reason, some in (
        (Reason.RING_AROUND, ringed(features, groups, marked)),
        (Reason.LOW_CONTRAST, traces(features, groups, chance)),
        (Reason.INK_BESIDE, beside(features)),
        (Reason.PRINT_UNKNOWN, more_than_marks(groups, marked) | perhaps_letters(features, groups, marked)),
        (Reason.PRINT_UNKNOWN, marks_for_print(features, blank)),
    ):
        why[some] = reason
        unsure |= some
    out = []
    for i, p in enumerate(chance.tolist()):
        confidence = max(p, 1.0 - p)
        if not features[i, F["usable"]]:
            out.append(Judgement(BoxState.DOUBTFUL, 0.0, Reason.CUT_OFF))
        elif unsure[i] or not (marked[i] or blank[i]):
            out.append(Judgement(BoxState.DOUBTFUL, confidence, Reason(why[i]), leans_marked=p >= 0.5))
        elif not marked[i]:
            out.append(Judgement(BoxState.BLANK, confidence))
        elif not full[i] and not struck[i]:
            out.append(Judgement(BoxState.MARKED, confidence))
        elif gone[i]:
            out.append(Judgement(BoxState.CANCELLED, confidence))
        else:
            # Filled where this person makes strokes and nothing else is marked, or written over
            # beside another mark: a mark or a withdrawn one, a person must look.
            reason = Reason.FILLED if full[i] else Reason.STRUCK_OUT
            out.append(Judgement(BoxState.DOUBTFUL, 0.5, reason))
    return tuple(out)
