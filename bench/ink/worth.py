"""What each veto of `marks/plain.py` and each rule of `marks/question.py` is worth on real ink.

    python bench ink worth --everyday 300 --trouble 4     make, read, decide without each
    python bench ink worth --asked                        who is asked why

A slip is measured once; leaving a veto out is only decided again. "saved": questions that would be read
wrongly without it. "asked": questions asked that would be read rightly without it. Vetoes overlap: what
two of them see, neither saves alone; "first" counts the doubts that bear its word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
from harness import Line, measured_with, measurement, resumable, resumed, table
from papers.labels import ROOT

from ink.made.hands import hands
from ink.made.kinds import KINDS
from ink.made.pages import forms, make
from ink.slips import desk
from omr.reading.ink.measure import MarkReading
from omr.reading.marks.calibrate import Calibration, load_calibration
from omr.reading.marks.decide import decide
from omr.reading.reader import ReadPage, few_answers, read_page
from omr.reading.scan.pages import EncodedPage, Encoding
from omr.words import AnswerState

# Each of them, and the limits at which it says nothing.
FAR: Final = 1e9
VETOES: Final[dict[str, dict[str, float]]] = {
    "ink_outside": {"share": 0},
    "fainter_than_others": {"peak": -FAR},
    "print_differs: a line across": {"slim": -1},
    "smaller_than_others": {"dot_mm": 0},
    "filled": {"covered": FAR, "thick": FAR},
    "filled: heavier than usual": {"heavier": FAR},
    "ink_beside: loose": {"loose_mm": FAR},
    "ink_beside: word": {"word": FAR},
    "ink_beside: no mark": {"beside_mm": FAR},
    "ink_beside: line": {"beside_mark_mm": FAR},
    "ring_around": {"circled": FAR, "around": FAR, "encircled": FAR, "rimmed_mm": FAR, "rimmed_jagged": FAR},
    "ring_around: a mark": {"encircled_mark": FAR},
    "ring_around: close to its box": {"encircled": FAR, "rimmed_mm": FAR, "rimmed_jagged": FAR},
    "unclear: no mark": {"none_below": 1.0},
    "unclear: pale": {"pale": FAR},
    "unclear: a trace": {"trace": FAR},
    "filled: denser and wider": {"both": FAR},
    "filled: much more than usual": {"much": FAR},
    "unclear: dense": {"dense": FAR},
    "unclear: little": {"little": -1},
    "low_contrast": {"weak": 0, "thin": 0},
    "streak": {"streak": FAR},
    "stamp left out": {"red": FAR},
    "print_differs": {"missing": FAR},
    "ink_beside: a rule": {"ruled_mm": FAR},
    "ink_beside: close to a box": {"around_none": FAR},
    "ink_beside: another row's mark": {"foreign_mm": FAR},
    "ink_beside: under an outline": {"outlined_mm": FAR},
    "ink_beside: under words": {"lettered_mm": FAR},
    "ink_beside: too pale": {"faint": FAR},
    "unclear: the trees": {"unlike": -1},
}
# These accept what would be asked: "saved" is negative where they cost an error.
GRANTS: Final[dict[str, dict[str, float]]] = {
    "the trees": {"like": FAR, "like_dot": FAR},
    "long, but centred": {"long_mm": 0},
    "dust beside a mark": {"speck": 0},
    "grain beside a mark": {"passing": -1},
    "shining through": {"pale_apart": -FAR},
    "withdrawn as the form says": {"withdrawn": FAR, "withdrawn_grown": FAR},
}

Job = tuple[str, int, int]
Said = dict[
    tuple[int, str], str
]  # of each slip and question: "right", "wrong", or the reason why it is asked


def measured(job: Job) -> Line:
    """Make and read one slip; what was measured in its boxes."""
    kind, number, seed = job
    cv2.setNumThreads(1)
    made = make(kind, number, seed, None)
    result = read_page(EncodedPage(kind, 1, Encoding.PICTURE, made.file), desk(seed))
    line: Line = {"truth": made.truth, "read": isinstance(result, ReadPage)}
    if isinstance(result, ReadPage):
        line["places"] = [[mark.question, mark.option] for mark in result.marks]
        line["features"] = [list(mark.features) for mark in result.marks]
    return line


def said_of(lines: Sequence[Line], calibration: Calibration) -> Said:
    """Decide all slips."""
    by_name = {form.form: form for form in forms()}
    said: Said = {}
    for at, line in enumerate(lines):
        if not line["read"]:
            continue
        truth = line["truth"]
        marks = [
            MarkReading(question, option, np.zeros((4, 2)), tuple(row))
            for (question, option), row in zip(line["places"], line["features"], strict=True)
        ]
        _, answers = decide(by_name[truth["form"]].questions, marks, calibration)
        few = few_answers(answers)
        for answer in answers:
            accepted = [sorted(codes) for codes in truth["questions"][answer.question]["accept"]]
            right = "right" if sorted(answer.codes) in accepted else "wrong"
            doubtful = answer.state is AnswerState.DOUBTFUL
            said[at, answer.question] = answer.reason if doubtful else "few_answers" if few else right
    return said


def without(limits: Mapping[str, float]) -> Calibration:
    """Return the shipped calibration with some limits out of reach."""
    shipped = load_calibration()
    slips = replace(shipped.slips, limits=replace(shipped.slips.limits, **limits))
    return replace(shipped, slips=slips)


def worth(lines: Sequence[Line]) -> Iterable[dict[str, object]]:
    """Yield a row of the table for each veto and each grant."""
    now = said_of(lines, without({}))
    first = Counter(now.values())
    for name, limits in {**VETOES, **GRANTS}.items():
        then = said_of(lines, without(limits))
        saved = sum(then[key] == "wrong" != now[key] for key in now)
        saved -= sum(now[key] == "wrong" != then[key] for key in now)
        asked = sum(then[key] == "right" != now[key] for key in now)
        asked -= sum(now[key] == "right" != then[key] for key in now)
        yield {"veto": name, "saved": saved, "asked": asked, "first": first[name.split(":")[0]]}
    asked_now = sum(what not in ("right", "wrong") for what in now.values())
    yield {"veto": "all", "saved": "", "asked": asked_now, "first": f"{first['wrong']} wrong of {len(now)}"}


def asked_table(lines: Sequence[Line]) -> Iterable[dict[str, object]]:
    """Yield who is asked why, the most frequent first."""
    counts: Counter[tuple[str, ...]] = Counter()
    for (at, question), what in said_of(lines, without({})).items():
        if what in ("right", "wrong"):
            continue
        truth = lines[at]["truth"]
        kind = "everyday" if truth["kind"] == "everyday" else truth["kind"]
        wanted = truth["questions"][question]["accept"]
        sought = "only asking is right" if not wanted else "no mark" if wanted == [[]] else "a mark"
        counts[what, kind, truth["source"], truth["depth"], sought] += 1
    for (reason, kind, source, depth, sought), count in counts.most_common(40):
        yield {
            **{"asked": count, "reason": reason, "kind": kind, "survey": source, "scan": depth},
            **{"there is": sought},
        }


@measurement(__doc__)
@click.option("--everyday", default=300, show_default=True, help="slips")
@click.option("--trouble", default=4, show_default=True, help="slips of each kind")
@click.option("--asked", is_flag=True, help="who is asked why")
@resumable("ink/worth")
def main(everyday: int, trouble: int, asked: bool, seed: int, workers: int, state: Path, csv: Path) -> int:
    """Measure and decide."""
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)
    hands()  # cut once, before there are workers
    jobs: dict[str, Any] = {f"everyday {n}": ("everyday", n, seed) for n in range(everyday)}
    jobs |= {f"{kind} {n}": (kind, n, seed) for n in range(trouble) for kind in KINDS}
    version = f"{measured_with()}-{seed}"
    done = resumed(jobs, measured, state=state, version=version, workers=workers)
    lines = [done[key] for key in jobs]
    table(list(asked_table(lines) if asked else worth(lines)), to=csv)
    return 0
