"""Whether a chance of 1 in 50 is one: predicted against observed, on marks the fit has not seen.

    python bench papers chances docs/marks-reliability.svg

Two lines: practice sheets that are no part of the fit, judged by the shipped calibration; and
real ink, each set judged by a fit to the other and to practice sheets (skipped where the scans
are not there). Boxes that no model judges are left out, as in reading: what is `overruled`,
and rings, which leave their box empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click
import numpy as np
from harness import measurement, workers_option
from matplotlib.figure import Figure
from numpy.typing import NDArray

from omr.cli.scans.calibrate import practised
from omr.reading.marks.calibrate import Calibration, load_calibration
from omr.reading.marks.fit import HOLLOW, Lesson, learn
from omr.reading.marks.papers import gather
from omr.reading.marks.unknown import overruled
from omr.reading.papers.paper import F
from papers.all import studied
from papers.labels import ROOT, SETS

EDGES = (0.0, 0.001, 0.005, 0.02, 0.1, 0.3, 0.7, 0.9, 0.98, 0.995, 0.999, 1.0)
AMC = SETS[0]
UNSEEN = 10_000  # first practice sheet that no fit is made from

Floats = NDArray[np.float64]


def judged(lessons: Iterable[Lesson], calibration: Calibration) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the predicted chances of all boxes, and which are marked."""
    chances, marked = [], []
    for lesson in lessons:
        states = np.array(lesson.states)
        hollow = (states == "marked") & (lesson.features[:, F["gain"]] < HOLLOW)
        known = np.isin(states, ("blank", "marked")) & ~hollow & ~overruled(lesson.features)
        chances.append(calibration.papers.chance(gather(lesson.features, lesson.groups))[known])
        marked.append(states[known] == "marked")
    return np.concatenate(chances), np.concatenate(marked)


def binned(chances: Floats, marked: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Return mean prediction, observed share and number of boxes of each bin with boxes in it."""
    which = np.digitize(chances, EDGES[1:-1])
    return [
        (float(chances[there].mean()), float(marked[there].mean()), int(there.sum()))
        for k in range(len(EDGES) - 1)
        if (there := which == k).any()
    ]


def logit(share: float) -> float:
    """Stretch what lies near 0 and 1; shares of none and of all lie on the rim."""
    return float(np.log(np.clip(share, 3e-4, 1 - 3e-4) / (1 - np.clip(share, 3e-4, 1 - 3e-4))))


def draw(lines: dict[str, list[tuple[float, float, int]]], picture: Path) -> None:
    """Draw observed over predicted on logit axes, with the number of boxes at each point."""
    figure = Figure(figsize=(6.0, 5.5), layout="constrained")
    axes = figure.add_subplot()
    ticks = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
    axes.plot([logit(0.0), logit(1.0)], [logit(0.0), logit(1.0)], color="grey", linewidth=0.8)
    for name, points in lines.items():
        x, y = ([logit(point[i]) for point in points] for i in (0, 1))
        axes.plot(x, y, marker="o", markersize=4, linewidth=1, label=name)
        for at, up, (_, _, count) in zip(x, y, points, strict=True):
            axes.annotate(str(count), (at, up), (3, -9), textcoords="offset points", fontsize=6)
    axes.set_xticks([logit(t) for t in ticks], [str(t) for t in ticks])
    axes.set_yticks([logit(t) for t in ticks], [str(t) for t in ticks])
    axes.set_xlabel("predicted chance of a mark")
    axes.set_ylabel("share of marks among these boxes")
    axes.grid(True, linewidth=0.3)
    axes.legend()
    figure.savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None)


@measurement(__doc__)
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("--practice", default=200, show_default=True)
@workers_option
def main(picture: Path, practice: int, workers: int) -> None:
    """Measure, print and draw."""
    with ProcessPoolExecutor(workers) as pool:
        unseen = list(pool.map(practised, range(UNSEEN, UNSEEN + practice), chunksize=4))
        lines = {"practice sheets": binned(*judged(unseen, load_calibration()))}
        if ROOT.is_dir():
            taught = list(pool.map(practised, range(practice), chunksize=4))
            known = {name: [one for _, one in studied(name)] for name in SETS}
            open_mcr = [lesson for name in SETS if name != AMC for lesson in known[name]]
            parts = [
                judged(known[AMC], learn(taught + open_mcr, "open-mcr")),
                judged(open_mcr, learn(taught + known[AMC], "amc")),
            ]
            chances, marked = (np.concatenate(column) for column in zip(*parts, strict=True))
            lines["real ink, fitted to the other set"] = binned(chances, marked)
    for name, points in lines.items():
        print(name)
        for predicted, observed, count in points:
            print(f"  predicted {predicted:.4f}  observed {observed:.4f}  of {count}")
    draw(lines, picture)
