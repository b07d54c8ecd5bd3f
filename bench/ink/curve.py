"""The curve of `calibration/default.json` for slips: how likely a box was written in, by where it stands.

    python bench ink curve --slips 60 --trouble 2             fit on all hands, print the curve
    python bench ink curve --slips 60 --trouble 2 --halves    fit on each half of the hands by itself

Slips are filled with real ink as `ink_slips.py` does. Kinds in which ink is no mark of its box teach
nothing, nor do marks that the scan does not show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click
import cv2
import numpy as np
from harness import measurement
from numpy.typing import NDArray
from papers.labels import ROOT
from sklearn.linear_model import LogisticRegression

from ink.made.hands import hands
from ink.made.kinds import KINDS
from ink.made.pages import make
from ink.slips import desk
from omr.reading.ink.measure import F
from omr.reading.marks.question import gather
from omr.reading.reader import ReadPage, read_page
from omr.reading.scan.pages import EncodedPage, Encoding

SEED: Final = 401
SHOWN: Final = 0.02  # darkness of a line that a scan shows at all
ASTRAY: Final = ("alone", "beside", "between", "ring", "stray", "rubbed", "whited", "printed off", "loop")
ASTRAY_TOO: Final = ("word", "comment into", "stamp", "streaks", "off-centre", "struck", "large", "empty")


def lessons(
    half: str | None, slips: int, trouble: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Yield where each box of a slip stands, and whether it was written in."""
    plain = [kind for kind in KINDS if not any(word in kind for word in (*ASTRAY, *ASTRAY_TOO))]
    jobs = [("everyday", n) for n in range(slips)] + [(kind, n) for kind in plain for n in range(trouble)]
    for kind, number in jobs:
        made = make(kind, number, SEED, half)
        result = read_page(EncodedPage(kind, 1, Encoding.PICTURE, made.file), desk(SEED))
        if not isinstance(result, ReadPage):
            continue
        measured = np.array([mark.features for mark in result.marks])
        questions = np.array([mark.question for mark in result.marks])
        groups = [np.flatnonzero(questions == question) for question in dict.fromkeys(questions.tolist())]
        told = made.truth["questions"]
        states = np.array([told[mark.question]["boxes"][mark.option] for mark in result.marks])
        known = (states == "blank") | (states == "mark") & (measured[:, F["peak"]] >= SHOWN)
        yield gather(measured, groups)[known], states[known] == "mark"


@measurement(__doc__)
@click.option("--slips", default=60, show_default=True)
@click.option("--trouble", default=2, show_default=True, help="slips of each kind of trouble")
@click.option("--halves", is_flag=True)
def main(slips: int, trouble: int, halves: bool) -> int:
    """Fit and print."""
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)
    hands()
    for half in ("a", "b") if halves else (None,):
        evidence, written = (np.concatenate(one) for one in zip(*lessons(half, slips, trouble), strict=True))
        fitted = LogisticRegression(C=300, max_iter=5000).fit(evidence, written)
        (weight,), (bias,) = fitted.coef_[0], fitted.intercept_
        of = f"half {half or 'both'}: {len(written)} boxes, {written.sum()} marks"
        print(f"{of}: weight {weight:.2f}, bias {bias:.2f}, even at {-bias / weight:.2f}")
    return 0
