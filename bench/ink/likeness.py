"""The trees of `calibration/plain-marks.json`: what is a plain mark, grown on real ink and on what is none.

    python bench ink likeness              make and read the slips, grow on all hands, write the file
    python bench ink likeness --folds 6    each hand judged by trees that were not grown on it: the table

Three kinds of slips teach: everyday ones, all kinds of trouble, and lessons (`ink/made/lesson.py`), on
which words, loops and passing lines stand in many rows; short words in boxes come from `ink/made/sought.py`.
What is learned are boxes with ink: a mark, or something else. A slip is made and measured once: growing, and
judging hands by trees of others, decides again what was stored. A run goes on where it was interrupted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
from harness import Line, measured_with, measurement, path_option, resumable, resumed, table
from numpy.typing import NDArray
from papers.labels import ROOT
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from ink.made.hands import hands
from ink.made.kinds import KINDS
from ink.worth import Job, Said, measured, said_of
from omr.reading.ink.measure import F
from omr.reading.marks.calibrate import Calibration, load_calibration
from omr.reading.marks.likeness import EVIDENCE, FILE, LATER, UNKNOWN, evidence, from_json
from omr.reading.marks.plain import Marks
from omr.reading.marks.question import LEAST_MARK, SlipModel, gather

Floats = NDArray[np.float64]

# Seeds and how many slips of each: none of them judges (docs/marks-measured.md names those that do).
EVERYDAY: Final = {2: 100, 31: 300, 777: 120, 5101: 250}
TROUBLE: Final = {2: 3, 32: 4, 778: 2}  # of each kind
MORE: Final = 16  # of the kinds in which ink is no mark of its box
MORE_SEED: Final = 5201
MORE_KINDS: Final = (
    *("word in a row", "loop over blank rows", "between two options", "between two rows", "stray lines"),
    *("comment", "comment into the last row", "beside its box", "dot alone"),
)
STRUCK: Final = 8
STRUCK_KINDS: Final = ("struck out", "struck out, then another", "row struck through")
LESSONS: Final = {7001: 220}
WORDS: Final = {7001: 60, 7002: 70}  # of each kind
WORDS_KINDS: Final = ("short words in boxes", "block letters in boxes")
TAUGHT_ONLY: Final = ("lesson", *WORDS_KINDS)  # many rows of a slip: no measure of any slip
UNREAD: Final[Line] = {"read": False}
NO_TREES: Final = {"like": 1e9, "like_dot": 1e9, "unlike": -1.0}
JUDGED: Final[dict[str, Callable[[Any], bool]]] = {
    "everyday": lambda truth: truth["kind"] == "everyday",
    "hands of half a": lambda truth: truth["kind"] == "everyday" and truth["half"] == "a",
    "hands of half b": lambda truth: truth["kind"] == "everyday" and truth["half"] == "b",
    "grey": lambda truth: truth["kind"] == "everyday" and truth["depth"] == "grey",
    "colour": lambda truth: truth["kind"] == "everyday" and truth["depth"] == "colour",
    "1-bit": lambda truth: truth["kind"] == "everyday" and truth["depth"] == "1-bit",
    # One set was made by somebody who tried every kind of mark on two sheets.
    "people who keep to one kind": lambda truth: truth["kind"] == "everyday" and truth["source"] != "odk",
    "slips whose scan shows marks": lambda truth: truth["kind"] == "everyday" and _shown(truth),
    "trouble": lambda truth: truth["kind"] != "everyday" and truth["seed"] in TROUBLE,
    "trouble in which ink is no mark": lambda truth: truth["seed"] == MORE_SEED,
    "short words in boxes": lambda truth: truth["kind"] == "short words in boxes",
    "block letters in boxes": lambda truth: truth["kind"] == "block letters in boxes",
}
BEFORE: Final = 0.25  # weight of a lesson as it was measured before
OTHER: Final = 4.0  # weight of what is no mark: it is rarer, and worse if missed
GROWN: Final = {
    "max_iter": 150,
    "learning_rate": 0.08,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 10,
    "l2_regularization": 1.0,
    "early_stopping": False,  # all lessons teach
    "random_state": 0,
}
SHOWN: Final = (0.003, 0.01, 0.03, 0.1, 0.5, 0.8)


def jobs() -> list[Job]:
    """Return all slips that teach."""
    out = [("everyday", n, seed) for seed, count in EVERYDAY.items() for n in range(count)]
    out += [(kind, n, seed) for seed, count in TROUBLE.items() for kind in KINDS for n in range(count)]
    out += [(kind, n, MORE_SEED) for kind in MORE_KINDS for n in range(MORE)]
    out += [(kind, n, MORE_SEED) for kind in STRUCK_KINDS for n in range(STRUCK)]
    out += [("lesson", n, seed) for seed, count in LESSONS.items() for n in range(count)]
    return out + [
        (kind, n, seed) for seed, count in WORDS.items() for kind in WORDS_KINDS for n in range(count)
    ]


def _shown(truth: Any) -> bool:
    """Whether the scan shows anything of any mark."""
    return any("mark" in question["boxes"].values() for question in truth["questions"].values())


@dataclass(frozen=True, slots=True)
class Lessons:
    """Boxes with ink: what the trees are told of each, and what it is."""

    evidence: Floats  # (N, E)
    is_mark: NDArray[np.bool_]  # (N,)
    person: NDArray[np.str_]  # (N,)
    everyday: NDArray[np.bool_]  # (N,)

    @classmethod
    def of(cls, lines: Sequence[Line], model: SlipModel) -> Lessons:
        """Take them from slips that were measured."""
        seen, is_mark, person, everyday = [], [], [], []
        for line in lines:
            if not line["read"]:
                continue
            truth = line["truth"]
            features = np.array(line["features"])
            questions = np.array([question for question, _ in line["places"]])
            groups = [np.flatnonzero(questions == question) for question in dict.fromkeys(questions.tolist())]
            chance = model.chance(gather(features, groups))
            inked = (chance >= model.limits.inked_above) & (features[:, F["peak"]] >= LEAST_MARK / 2)
            marks = Marks(features, inked, groups)
            every = evidence(marks.column, marks.usual)
            for at in np.flatnonzero(inked).tolist():
                question, option = line["places"][at]
                state = truth["questions"][question]["boxes"][option]
                seen.append(np.round(every[at], 6))
                # A row that is struck through has a mark, and is none.
                is_mark.append(state in ("mark", "unseen") and truth["kind"] != "row struck through")
                person.append(truth["person"])
                everyday.append(truth["kind"] == "everyday")
        return cls(np.array(seen), np.array(is_mark), np.array(person), np.array(everyday))


def grown(
    seen: Floats, is_mark: NDArray[np.bool_], how: Mapping[str, Any] = GROWN
) -> HistGradientBoostingClassifier:
    """Grow trees, which also see each lesson as it was measured before there was more to be seen."""
    weight = np.where(is_mark, 1.0, OTHER)
    before = seen.copy()
    before[:, [EVIDENCE.index(name) for name in LATER]] = UNKNOWN
    twice, both = np.vstack([seen, before]), np.concatenate([weight, BEFORE * weight])
    return HistGradientBoostingClassifier(**how).fit(twice, np.tile(is_mark, 2), sample_weight=both)


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
    done = resumed(pieces, measured, state=state, version=measured_with(), workers=workers)
    lines = [done[key] for key in pieces]
    calibration = load_calibration()
    lessons = Lessons.of(lines, calibration.slips)
    known = {
        "slips": len(lines),
        "hands": len(set(lessons.person.tolist())),
        "marks": int(lessons.is_mark.sum()),
        "others": int((~lessons.is_mark).sum()),
    }
    print(known)
    if folds:
        crossed_hands(lines, lessons, calibration, folds, csv)
        return 0
    model = grown(lessons.evidence, lessons.is_mark)
    to.write_text(as_json(model, {"made_by": "bench/ink/likeness.py", **known}), "utf-8")
    print(to)
    return 0


def crossed_hands(
    lines: Sequence[Line],
    lessons: Lessons,
    calibration: Calibration,
    folds: int,
    csv: Path,
    grow: Callable[[Floats, NDArray[np.bool_]], HistGradientBoostingClassifier] = grown,
) -> None:
    """Judge each hand by trees that were grown on the others; say what is silent and what is asked."""
    chance = np.zeros(len(lessons.is_mark))
    said: Said = {}
    parts = GroupKFold(folds).split(lessons.evidence, lessons.is_mark, lessons.person)
    for some, others in parts:
        trees = grow(lessons.evidence[some], lessons.is_mark[some])
        chance[others] = trees.predict_proba(lessons.evidence[others])[:, 1]
        slips = replace(calibration.slips, likeness=from_json(as_json(trees, {})))
        hands_of_part = set(lessons.person[others].tolist())
        own = [line if line["truth"]["person"] in hands_of_part else UNREAD for line in lines]
        said |= said_of(own, replace(calibration, slips=slips))
    plain = replace(calibration.slips, limits=replace(calibration.slips.limits, **NO_TREES))
    without = said_of(lines, replace(calibration, slips=plain))
    for limit in SHOWN:
        lost, taken = chance[lessons.everyday & lessons.is_mark] < limit, chance[~lessons.is_mark] >= limit
        print(f"below {limit}: {lost.mean():.2%} of everyday marks; above: {taken.mean():.1%} of the others")
    rows = [_row(name, said, lines, wanted) for name, wanted in JUDGED.items()]
    rows += [_row(f"{name}, without trees", without, lines, JUDGED[name]) for name in ("everyday", "trouble")]
    table(rows, to=csv)
    for (at, question), what in sorted(said.items()):
        truth = lines[at]["truth"]
        if what == "wrong" and truth["kind"] not in TAUGHT_ONLY:
            print(
                f"  silent: {truth['kind']} {truth['number']} {truth['seed']} {truth['person']}: {question}"
            )


def _row(name: str, said: Said, lines: Sequence[Line], wanted: Callable[[Line], bool]) -> dict[str, object]:
    """Count what was said of the slips that are wanted; a slip asked about as a whole is looked at once."""
    by_slip: dict[int, list[str]] = defaultdict(list)
    for (at, _), what in said.items():
        if wanted(lines[at]["truth"]):
            by_slip[at].append(what)
    every = [what for own in by_slip.values() for what in own]
    asked = [sum(what not in ("right", "wrong") for what in own) for own in by_slip.values()]
    looks = sum(1 if "few_answers" in own else n for own, n in zip(by_slip.values(), asked, strict=True))
    count = max(len(every), 1)
    return {
        **{"slips": name, "count": len(by_slip), "questions": len(every), "silent": every.count("wrong")},
        **{"asked": sum(asked), "share": f"{sum(asked) / count:.2%}"},
        **{"looks": looks, "of questions": f"{looks / count:.2%}"},
        **{
            "slips asked": sum(map(bool, asked)),
            "of slips": f"{sum(map(bool, asked)) / max(len(asked), 1):.1%}",
        },
    }
