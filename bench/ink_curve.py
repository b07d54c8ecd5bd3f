"""The curve of `calibration/default.json` for slips: how likely a box was written in, by where it stands.

    python bench/ink_curve.py --slips 60 --trouble 2             fit on all hands, print the curve
    python bench/ink_curve.py --slips 60 --trouble 2 --halves    fit on each half of the hands by itself

Slips are filled with real ink as `ink_slips.py` does. Kinds in which ink is no mark of its box teach
nothing, nor do marks that the scan does not show.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from ink_hands import hands
from ink_kinds import KINDS
from ink_pages import make
from ink_slips import desk
from numpy.typing import NDArray
from real_ink import ROOT
from sklearn.linear_model import LogisticRegression

from omr.reading.marks.measure import F
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


def main() -> int:
    """Fit and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slips", type=int, default=60)
    parser.add_argument("--trouble", type=int, default=2, help="slips of each kind of trouble")
    parser.add_argument("--halves", action="store_true")
    asked = parser.parse_args()
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)
    hands()
    for half in ("a", "b") if asked.halves else (None,):
        evidence, written = (
            np.concatenate(one) for one in zip(*lessons(half, asked.slips, asked.trouble), strict=True)
        )
        fitted = LogisticRegression(C=300, max_iter=5000).fit(evidence, written)
        (weight,), (bias,) = fitted.coef_[0], fitted.intercept_
        of = f"half {half or 'both'}: {len(written)} boxes, {written.sum()} marks"
        print(f"{of}: weight {weight:.2f}, bias {bias:.2f}, even at {-bias / weight:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
