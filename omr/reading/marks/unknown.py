"""What no model may judge: boxes whose print is not known, and ink that lies around a box and not in it.

Each of these has a mask of boxes for an answer; both judges of papers ask about them (`papers`, `first`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.reading.papers.blanks import MAX_PRINT
from omr.reading.papers.paper import F

FEW_MARKS: Final = 3  # marks from which a page shows how its person marks
STREAK: Final = 0.8  # of the patch's height or width in one straight line: marks had up to 0.7
FOLD: Final = 0.6  # of it, where the line runs along the sheet's sides: dashes had up to 0.55
LEVEL: Final = 0.12  # of a box: how far such a line strays sideways
STREAK_GAIN: Final = 0.35  # a line alone, up to a third of the box wide, covers less
DARK_PAPER: Final = 0.35  # where paper is that dark, neither print nor ink can be told from it
FEW_BLANKS: Final = 0.15  # of full support: three empty boxes, too few to know the printed letters
SOME_BLANKS: Final = 0.5  # of full support: ten empty boxes, too few to hold every letter twice
SURELY_BLANK: Final = 0.02  # gain: not even a printed letter
SURELY_MARKED: Final = 0.40  # gain: more than any printed letter
# On blurred scans the blank itself comes near `blanks.MAX_PRINT`, where print ends and marks begin:
# what is over it may be print. Letters in circles had up to 0.25, blurred by 1.2 px of 200 dpi up to 0.4.
HEAVY_PRINT: Final = MAX_PRINT - 0.06
OVER_PRINT: Final = 0.04  # gain of blurred letters was up to 0.03 where the blank was lighter
OVER_HEAVY_PRINT: Final = 0.56  # gain: letters blurred by 2 px had up to 0.53, marks 0.59 and more
LETTERS: Final = 0.05  # of the boxes is print: pages with letters had 0.05 and more, without up to 0.034
BARE: Final = (
    0.08  # darkness in the middle of the empty boxes: with letters 0.17 and more, without up to 0.03
)
ANSWERED: Final = 0.5  # of the questions; of pages without marks up to 0.4 had a letter like no other
MANY_ANSWERS: Final = 6  # below, letters can be that many: five of eight questions of a page without marks
OVER_LETTERS: Final = 0.18  # gain: letters like no other had up to 0.17, all but two of 1,199 real marks more
MISPLACED: Final = 0.15  # of the box's print is not there: what was compared is not this box
# Ink around a box: a ring drawn by hand. Table lines and printed labels lie around boxes, too,
# but leave the strip next to the outline white.
CLOSED: Final = 0.9  # of the directions around a box
PARTLY: Final = 0.5  # of them: the rest of the ring runs out of what is looked at
RING_INK: Final = 0.03  # mean darkness of the strip around the outline: pencil rings had 0.03 and more
BOLD_RING: Final = 0.05  # where the question has another mark: less is the end of that mark
HOLLOW: Final = 0.2  # gain: rings that cut their box had up to 0.15
STANDS_OUT: Final = 2.0  # times the ink around the other boxes of the question: rings had 2.5 and more
BESIDE: Final = 0.25  # box sides, 1.1 mm; 3 of 300 empty questions had more: a fold, a crease, show-through
MOST_OPTIONS: Final = 0.5  # of a question's options, and of the page's questions
PEN_INK: Final = 0.03  # of a box under lines wider than a ballpoint's; printed letters have none
MANY: Final = 0.2  # of the boxes that seem blank: pages of real ink had a fifth at most
SOMETHING: Final = 0.05  # darkness inside, print included
SHARED_LINE: Final = 0.08  # of it: dashes by a pencil; grain, blur and what shows through had up to 0.067
# Darkness of the strip along the outline, over that inside.
TO_OUTLINE: Final = 0.3  # letters had 0.2 at most, slashes and dashes 0.4 on
OUTLINE_ALONE: Final = 0.95  # strokes had up to 0.8, blurred outlines at 75 dpi 1.0 and more
EVEN: Final = 0.30  # darker in one place: blurred letters had up to 0.28, strokes most often 0.35 and more
SAME: Final = 0.005  # of the print is missing: of blurred boxes 0, of marks as a rule 0.01 and more
MANY_EVEN: Final = 0.4  # of the boxes where the strip is even: letters on noisy scans were up to 0.39


# Of how the page's boxes look like the outline that they share, the median: 130 pages of ten papers had 0.69
# and more, pages of which a 1-bit cut had left no print 0.33 and less.
SHOWS_BOXES: Final = 0.5


def overruled(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes the first judge's model must not judge, (N,): what is there it did not learn from."""
    return unlearned(features) | streaks(features)


def streaks(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes a line leads through to somewhere else, (N,): a streak, a fold."""
    column = {name: features[:, i] for name, i in F.items()}
    through = column["through"]
    level = np.minimum(column["width"], column["height"]) < LEVEL  # as folds and streaks are
    line = (through >= STREAK) & (column["ink"] > 0.02) | (through >= FOLD) & level
    return np.asarray(line & (column["gain"] < STREAK_GAIN))


def unlearned(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes have print that is not known or is not there, or no paper, (N,)."""
    column = {name: features[:, i] for name, i in F.items()}
    gain = column["gain"]
    something = (gain > SURELY_BLANK) | (column["raw"] > SOMETHING)
    unknown_print = (column["support"] < FEW_BLANKS) & something & (gain < SURELY_MARKED)
    heavy = (printed(features) > HEAVY_PRINT) & (gain > OVER_PRINT) & (gain < OVER_HEAVY_PRINT)
    misplaced = (column["missing"] > MISPLACED) & (gain > SURELY_BLANK) & (gain < SURELY_MARKED)
    lost = (column["usable"] == 0) | (column["paper"] > DARK_PAPER)
    return np.asarray(lost | unknown_print | heavy | misplaced)


def printed(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of each box `marks` took for its print, (N,)."""
    gain = features[:, F["gain"]]
    return np.asarray((features[:, F["raw"]] - gain) / np.maximum(1.0 - gain, 0.3))


def perhaps_letters(
    features: NDArray[np.float64], groups: Sequence[str], marked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which marks may be printed letters, (N,): where boxes hold letters, or may hold some.

    A letter that no other box of the page has is more than the blank of its box, like a thin mark. Where
    every second question has a mark, people marked; where the empty boxes hold nothing, none holds a letter.
    """
    if not _lettered(features):
        return np.zeros(len(features), np.bool_)
    letters = np.median(printed(features)) > LETTERS
    questions = [some for some in questions_of(groups) if groups[some[0]]]
    answered = sum(bool(marked[some].any()) for some in questions)
    people_marked = answered > max(ANSWERED * len(questions), MANY_ANSWERS)
    unknown = features[:, F["support"]] < SOME_BLANKS
    thin = marked & (features[:, F["gain"]] < OVER_LETTERS)
    return np.asarray(thin & (unknown | (letters and not people_marked)))


def _lettered(features: NDArray[np.float64]) -> bool:
    """Tell whether the empty boxes of a page hold something in their middle; also where nobody looked."""
    seen = features[features[:, F["usable"]] > 0, F["letter"]]
    return not (len(seen) and np.median(seen) <= BARE)


def ringed(
    features: NDArray[np.float64], groups: Sequence[str], marked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which empty boxes have a ring around them that the others of their question do not have, (N,).

    Shading and table lines surround all boxes of a question alike. Beside a mark a ring is
    asked about only where it is bold: the ends of the mark lie around its neighbours.
    """
    around, ring = features[:, F["around"]], features[:, F["ring"]]
    hollow = features[:, F["gain"]] < HOLLOW
    alone = (around >= CLOSED) | (around >= PARTLY) & (ring >= RING_INK)
    bold = (around >= CLOSED) & (ring >= BOLD_RING)
    rings, asked = np.zeros(len(ring), np.bool_), np.zeros(len(ring), np.bool_)
    questions = questions_of(groups)
    for members in questions:
        others = (ring[members].sum() - ring[members]) / max(len(members) - 1, 1)
        stands_out = ring[members] >= STANDS_OUT * others
        rings[members] = stands_out & (bold & hollow)[members]
        asked[members] = stands_out & (bold if marked[members].any() else alone)[members] & ~marked[members]
    if rings.sum() >= FEW_MARKS and rings.sum() >= (marked & ~rings).sum():
        # Whoever marks by rings cuts into the boxes beside: none of these marks is sure.
        return asked | rings | marked
    return asked


def beside(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes of unanswered questions have ink beside them that is not print, (N,).

    A ring too wide to be seen around its box, a word crossed out or underlined, a mark astray.
    """
    return np.asarray(features[:, F["beside"]] >= BESIDE)


def questions_of(groups: Sequence[str]) -> list[NDArray[np.intp]]:
    """Return the boxes of each question; boxes of no question are together."""
    members: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    return [np.array(some) for some in members.values()]


def marks_for_print(features: NDArray[np.float64], blank: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which boxes seem blank only because most of the page is marked, (N,).

    What boxes share is taken for their print. Lines as thick as a pen's in many of them are
    no letters, nor are lines that run up to the outline: where every box holds a cross, the
    crosses were taken for print.
    """
    if blank.sum() < FEW_MARKS:
        return np.zeros(len(blank), np.bool_)
    raw, rim = features[:, F["raw"]], features[:, F["rim"]]
    # As dark along the outline as in the middle is the blurred outline itself.
    lines = (raw > SHARED_LINE) & (rim > TO_OUTLINE * raw) & (rim < OUTLINE_ALONE * raw)
    uneven, missing = (float(np.percentile(features[blank, F[name]], 80)) for name in ("uneven", "missing"))
    # A blurred outline is as dark on all sides, and blurred print is the same in every box.
    many = MANY if uneven >= EVEN else MANY_EVEN if missing >= SAME else 1.0
    thick = features[blank, F["solid"]] > PEN_INK
    taken = thick.mean() > MANY or lines[blank].mean() > many
    return np.asarray(blank & (raw > SOMETHING) & taken)


def marks_for_letters(features: NDArray[np.float64], blank: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which boxes seem blank only because their likes hold the same mark, (N,).

    Where most empty boxes hold nothing, what a few hold that little vouches for is no letter.
    """
    if _lettered(features):
        return np.zeros(len(blank), np.bool_)
    held = (features[:, F["letter"]] > BARE) & (features[:, F["raw"]] > SOMETHING)
    return np.asarray(blank & held & (features[:, F["support"]] < SOME_BLANKS))


def nothing_seen(
    features: NDArray[np.float64], groups: Sequence[str], marked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which boxes of a page that does not show its boxes are of a question without a mark, (N,).

    Too pale a scan, a black one, another page: where print is not seen, ink may not be, either. Print may
    also be left out on purpose, by the lamp's colour: what is answered there is answered.
    """
    out = np.zeros(len(features), np.bool_)
    if np.median(features[:, F["match"]]) < SHOWS_BOXES:
        for some in questions_of([group or f"\0{i}" for i, group in enumerate(groups)]):
            out[some] = not marked[some].any()
    return out


def more_than_marks(groups: Sequence[str], marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which marks are so many that they are none, (N,): print, shade or dirt in most options.

    People tick one option or some. Where most options of most questions seem ticked, what was
    compared is not what was printed.
    """
    questions = [some for some in questions_of(groups) if groups[some[0]] and len(some) > 2]
    most = [some for some in questions if marked[some].mean() > MOST_OPTIONS]
    if len(most) < FEW_MARKS or len(most) <= MOST_OPTIONS * len(questions):
        return np.zeros(len(marked), np.bool_)
    return marked
