"""The trees of `calibration/plain-marks.json`: what is a plain mark, grown on real ink and on what is none.

    python bench ink likeness              make and read the slips, grow on all hands, write the file
    python bench ink likeness --folds 6    each hand judged by trees that were not grown on it

Three kinds of slips teach: everyday ones, all kinds of trouble, and lessons (`ink/lesson.py`), on which
words, loops and passing lines stand in many rows. What is learned are boxes with ink: a mark, or
something else.
A run goes on where it was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
from harness import Line, measured_with, measurement, path_option, resumable, resumed
from numpy.typing import NDArray
from papers.labels import ROOT
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from ink.hands import hands
from ink.kinds import KINDS
from ink.pages import make
from ink.slips import desk
from omr.reading.marks.likeness import EVIDENCE, FILE, evidence
from omr.reading.marks.measure import F
from omr.reading.marks.plain import Marks
from omr.reading.marks.question import LEAST_MARK, gather
from omr.reading.reader import ReadPage, Result, read_page
from omr.reading.scan.pages import EncodedPage, Encoding

Floats = NDArray[np.float64]
Job = tuple[str, int, int]  # kind, number, seed

# Seeds and how many slips of each: none of them judges (docs/marks.md names those that do).
EVERYDAY: Final = {2: 100, 31: 300, 777: 120, 5101: 250}
TROUBLE: Final = {2: 3, 32: 4, 778: 2}  # of each kind
MORE: Final = 16  # of the kinds in which ink is no mark of its box, seed 5201
MORE_KINDS: Final = (
    *("word in a row", "loop over blank rows", "between two options", "between two rows", "stray lines"),
    *("comment", "comment into the last row", "beside its box", "dot alone"),
)
STRUCK: Final = 8
STRUCK_KINDS: Final = ("struck out", "struck out, then another", "row struck through")
LESSONS: Final = {7001: 220}
OTHER: Final = 4.0  # weight of what is no mark: it is rarer, and worse if missed
GROWN: Final = {
    "max_iter": 150,
    "learning_rate": 0.08,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 10,
    "l2_regularization": 1.0,
}
SHOWN: Final = (0.003, 0.01, 0.03, 0.1, 0.5, 0.8)


def jobs() -> list[Job]:
    """Return all slips that teach."""
    out = [("everyday", n, seed) for seed, count in EVERYDAY.items() for n in range(count)]
    out += [(kind, n, seed) for seed, count in TROUBLE.items() for kind in KINDS for n in range(count)]
    out += [(kind, n, 5201) for kind in MORE_KINDS for n in range(MORE)]
    out += [(kind, n, 5201) for kind in STRUCK_KINDS for n in range(STRUCK)]
    return out + [("lesson", n, seed) for seed, count in LESSONS.items() for n in range(count)]


def lessons_of(result: Result, truth: dict[str, Any], seed: int) -> Line:
    """Return what a slip teaches: of each box with ink its evidence, and whether it is a mark."""
    line: Line = {"person": truth["person"], "kind": truth["kind"], "evidence": [], "mark": []}
    if not isinstance(result, ReadPage):
        return line
    features = np.array([mark.features for mark in result.marks])
    questions = np.array([mark.question for mark in result.marks])
    groups = [np.flatnonzero(questions == question) for question in dict.fromkeys(questions.tolist())]
    model = desk(seed).calibration.slips
    chance = model.chance(gather(features, groups))
    inked = (chance >= model.limits.inked_above) & (features[:, F["peak"]] >= LEAST_MARK / 2)
    marks = Marks(features, inked, groups)
    seen = evidence(marks.column, marks.usual)
    for at in np.flatnonzero(inked).tolist():
        mark = result.marks[at]
        state = truth["questions"][mark.question]["boxes"][mark.option]
        line["evidence"].append(np.round(seen[at], 6).tolist())
        # A row that is struck through has a mark, and is none.
        line["mark"].append(state in ("mark", "unseen") and truth["kind"] != "row struck through")
    return line


def lessons(job: Job) -> Line:
    """Make and read one slip."""
    kind, number, seed = job
    cv2.setNumThreads(1)
    made = make(kind, number, seed, None)
    return lessons_of(
        read_page(EncodedPage(kind, 1, Encoding.PICTURE, made.file), desk(seed)), made.truth, seed
    )


def grown(seen: Floats, is_mark: NDArray[np.bool_]) -> HistGradientBoostingClassifier:
    """Grow trees."""
    weight = np.where(is_mark, 1.0, OTHER)
    return HistGradientBoostingClassifier(**GROWN).fit(seen, is_mark, sample_weight=weight)


def as_json(model: HistGradientBoostingClassifier, provenance: dict[str, object]) -> str:
    """Write trees as `likeness.from_json` reads them, one in each line."""
    trees = []
    for (predictor,) in model._predictors:
        nodes: list[list[float]] = []
        for node in predictor.nodes:
            if node["is_leaf"]:
                nodes.append([round(float(node["value"]), 5)])
            else:
                limit = float(f"{node['num_threshold']:.6g}")
                nodes.append([int(node["feature_idx"]), limit, int(node["left"]), int(node["right"])])
        trees.append(nodes)
    told = {"evidence": list(EVIDENCE), "base": round(float(model._baseline_prediction.item()), 6)}
    head = json.dumps({**told, "provenance": provenance}, ensure_ascii=False, indent=1)
    lines = ",\n".join("  " + json.dumps(tree, separators=(",", ":")) for tree in trees)
    return f'{head[:-2]},\n "trees": [\n{lines}\n ]\n}}\n'


@measurement(__doc__)
@click.option("--folds", default=0, show_default=True, help="parts of the hands; 0: grow on all, and write")
@path_option("--to", default=Path(__file__).resolve().parents[2] / "calibration" / FILE)
@resumable("ink/likeness")
def main(folds: int, to: Path, seed: int, workers: int, state: Path, csv: Path) -> int:
    """Make, read, grow."""
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)
    hands()  # cut once, before there are workers
    pieces = {f"{kind} {number} {own}": (kind, number, own) for kind, number, own in jobs()}
    done = resumed(pieces, lessons, state=state, version=measured_with(), workers=workers)
    report([done[key] for key in pieces], folds, to)
    return 0


def report(lines: Sequence[Line], folds: int, to: Path) -> None:
    """Grow on all and write, or judge each hand by the others."""
    seen = np.array([row for line in lines for row in line["evidence"]])
    is_mark = np.array([mark for line in lines for mark in line["mark"]])
    person = np.array([line["person"] for line in lines for _ in line["mark"]])
    everyday = np.array([line["kind"] == "everyday" for line in lines for _ in line["mark"]])
    known = {
        "slips": len(lines),
        "hands": len(set(person.tolist())),
        "marks": int(is_mark.sum()),
        "others": int((~is_mark).sum()),
    }
    if not folds:
        to.write_text(as_json(grown(seen, is_mark), {"made_by": "bench/ink/likeness.py", **known}), "utf-8")
        print(f"{to}: {known}")
        return
    chance = np.zeros(len(is_mark))
    for some, others in GroupKFold(folds).split(seen, is_mark, person):
        chance[others] = grown(seen[some], is_mark[some]).predict_proba(seen[others])[:, 1]
    print(known)
    for limit in SHOWN:
        lost, taken = chance[everyday & is_mark] < limit, chance[~is_mark] >= limit
        print(f"below {limit}: {lost.mean():.2%} of everyday marks; above: {taken.mean():.1%} of the others")
