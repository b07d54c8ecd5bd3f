"""The table of crossed hands: each hand is judged by trees that never saw it, and what is counted adds up."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from ink import likeness
from ink.made.pages import forms

from omr.reading.ink.measure import FEATURES, F
from omr.reading.marks.calibrate import load_calibration

MARK = {
    **{"gain": 0.2, "core": 0.2, "peak": 0.7, "ink": 0.2, "spread": 0.6, "width": 0.7, "height": 0.7},
    **{"depth": 0.8, "dark": 0.8, "share": 0.9, "own": 1.0, "span": 3.0, "runs": 1.2, "long": 5.0},
    **{"flat": 0.9, "off": 0.4, "crossed": 1.8},
}


def line(person: str, number: int) -> dict[str, Any]:
    """A slip on which the first box of each question is marked, but one that holds something else."""
    form = forms()[0]
    rng = np.random.default_rng([number, *person.encode()])
    places, features, questions = [], [], {}
    asked = [question for question in form.questions if question.options]
    for question in asked:
        word = question is asked[-1]
        questions[question.key] = {
            "accept": [] if word else [[question.options[0].code]],
            "boxes": {option.code: "blank" for option in question.options}
            | {question.options[0].code: "other" if word else "mark"},
        }
        for option in question.options:
            row = dict.fromkeys(FEATURES, 0.0) | {"level": 0.14, "contrast": 0.9}
            if option is question.options[0]:
                row |= MARK | ({"crossed": 4.0, "runs": 2.4, "share": 0.4, "off": 3.0} if word else {})
                row["gain"] += float(rng.normal(0, 0.01))
            places.append([question.key, option.code])
            features.append([row[name] for name in F])
    truth = {
        **{"kind": "everyday", "number": number, "seed": 1, "person": person, "half": "ab"[number % 2]},
        **{"source": "made", "depth": "grey", "form": form.form, "questions": questions},
    }
    return {"read": True, "truth": truth, "places": places, "features": features}


def test_no_hand_is_judged_by_trees_that_saw_it(tmp_path: Path) -> None:
    lines = [line(person, number) for person in ("an", "binh", "chi", "dung") for number in range(3)]
    lines.append({"read": False, "truth": lines[0]["truth"]})
    calibration = load_calibration()
    lessons = likeness.Lessons.of(lines, calibration.slips)
    questions = sum(bool(question.options) for question in forms()[0].questions)
    assert (len(lessons.is_mark), int((~lessons.is_mark).sum())) == (12 * questions, 12)
    taught = []

    def spied(seen: np.ndarray, is_mark: np.ndarray) -> Any:
        taught.append(len(seen))
        return likeness.grown(seen, is_mark, {**likeness.GROWN, "max_iter": 5})

    likeness.crossed_hands(lines, lessons, calibration, 4, tmp_path / "table.csv", grow=spied)
    assert taught == [9 * questions] * 4
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        rows = {row["slips"]: row for row in csv.DictReader(file)}
    assert (rows["everyday"]["count"], rows["everyday"]["questions"]) == ("12", str(12 * questions))
    assert rows["grey"] | {"slips": "everyday"} == rows["everyday"]
    assert (
        int(rows["hands of half a"]["questions"]) + int(rows["hands of half b"]["questions"])
        == 12 * questions
    )
    # So few trees know no word: what is no mark is silent or asked about, and nothing else is.
    assert int(rows["everyday"]["silent"]) + int(rows["everyday"]["asked"]) == 12
    assert rows["trouble"]["questions"] == "0"
