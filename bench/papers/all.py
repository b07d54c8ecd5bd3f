"""Other people's papers, all ten sets of real ink, through what ``omr marks`` does: silent and asked.

    python bench papers all [SET…]                         by the shipped calibration
    python bench papers all --leave-out [--practice 100]   each set by a fit to all others

Boxes that no reader could tell (`unclear`) must be asked about. All ten sets taught the shipped model; with
--leave-out each is judged by what the others taught. Sets of one maker (open-mcr) are left out together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import click
import cv2
from harness import measurement, table, upper_bound

from omr.cli.scans.calibrate import practised
from omr.reading.marks.calibrate import Calibration, load_calibration
from omr.reading.marks.fit import Lesson, learn
from omr.reading.marks.papers import judge
from omr.reading.papers.between import look_between
from omr.reading.papers.labels import LabelledPage
from omr.reading.papers.paper import measure
from omr.reading.pictures.picture import load
from omr.reading.pictures.pixels import grey_of
from papers.labels import ROOT, SETS, SURVEYS, pages

Known = tuple[LabelledPage, Lesson]


def studied(name: str) -> list[Known]:
    """Measure the pages of a set as `classify_boxes` does."""
    found = []
    for page in pages(name):
        grey = grey_of(load(page.image.read_bytes(), None, colour=False).pixels)
        quads, groups = page.boxes.corners_px, page.boxes.groups
        features = look_between(grey, quads, groups, measure(grey, quads, groups))
        found.append((page, Lesson(name, features, groups, page.states, page.states)))
    return found


def judged(
    name: str, known: Sequence[Known], calibration: Calibration
) -> tuple[dict[str, object], list[str]]:
    """Judge a set: its row of the table, and its silent errors."""
    count: Counter[str] = Counter()
    silent = []
    for page, lesson in known:
        found = judge(lesson.features, list(lesson.groups), calibration.papers)
        for box, truth, one in zip(page.boxes.names, page.states, found, strict=True):
            count.update(boxes=1, marks=truth == "marked", asked=one.review)
            if not one.review and one.state != truth:
                silent.append(f"{page.image.name} {box}: {truth} read as {one.state}")
    return _row(name, count, len(silent)), silent


def taught_by_others(
    name: str, known: Mapping[str, Sequence[Known]], practice: Sequence[Lesson]
) -> Calibration:
    """Fit to practice sheets and all sets but those of one maker."""
    maker = name.split("/")[0]
    others = [one for other, some in known.items() if other.split("/")[0] != maker for _, one in some]
    return learn([*practice, *others], f"without {maker}")


def _row(name: str, count: Counter[str], silent: int) -> dict[str, object]:
    boxes = count["boxes"]
    return {
        "set": name,
        "boxes": boxes,
        "marks": count["marks"],
        "silent": silent,
        "at most": f"{upper_bound(silent, boxes):.1e}",
        "asked": count["asked"],
        "share": f"{count['asked'] / boxes:.2%}",
    }


@measurement(__doc__)
@click.argument("sets", nargs=-1)
@click.option("--leave-out", is_flag=True)
@click.option("--practice", default=100, show_default=True, help="sheets, with --leave-out")
def main(sets: tuple[str, ...], leave_out: bool, practice: int) -> int:
    """Judge all sets; 1 where something was silent."""
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)
    sets = sets or (*SETS, *SURVEYS)
    wanted = (*SETS, *SURVEYS) if leave_out else sets
    known = {name: studied(name) for name in wanted}
    taught = [practised(number) for number in range(practice if leave_out else 0)]
    rows, wrong = [], []
    for name in sets:
        by = taught_by_others(name, known, taught) if leave_out else load_calibration()
        row, silent = judged(name, known[name], by)
        rows.append(row)
        wrong += silent
    total: Counter[str] = Counter()
    for row in rows:
        total.update({key: int(str(row[key])) for key in ("boxes", "marks", "asked")})
    table([*rows, _row("all", total, len(wrong))])
    print("\n".join(wrong))
    return 1 if wrong else 0
