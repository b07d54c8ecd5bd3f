"""Real ink, judged by what other scans taught: silent errors and reviews of each set.

    python bench papers sets [--practice N] [--risk X] [--leave-one-out] [--sheets DIR]
    python bench papers sets --marked-alone

Three trials: fit on one set (and practice sheets) and judge the other, both ways; the
shipped calibration, which has seen both; with ``--leave-one-out`` each page by a fit that
has seen all pages but that one. ``--sheets`` draws every silent error and every reviewed box.

``--marked-alone`` gives only the marked boxes of each page: what they share is no print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import click
import cv2
import numpy as np
from harness import measurement, path_option, workers_option

from omr.cli.scans.calibrate import practised
from omr.reading.files.pictures import grey_of, load
from omr.reading.marks.calibrate import Calibration, Limits, load_calibration
from omr.reading.marks.decide import Judgement
from omr.reading.marks.first import judge
from omr.reading.marks.fit import RISKS, Lesson, learn
from omr.reading.papers.boxes import BoxList
from omr.reading.papers.labels import LabelledPage
from omr.reading.papers.paper import F, found_at, measure
from omr.reading.papers.patches import cut
from papers.labels import ROOT, SETS, pages

Known = tuple[LabelledPage, Lesson]
AMC, CORE_1, CORE_3 = SETS


def studied(name: str, page: LabelledPage) -> Known:
    """Measure one page."""
    cv2.setNumThreads(1)
    features = measure(grey(page), page.boxes.corners_px, page.boxes.groups)
    return page, Lesson(name, features, page.boxes.groups, page.states, page.states)


def only_marked(page: LabelledPage) -> LabelledPage:
    """Leave only the marked boxes of a page."""
    left = [i for i, state in enumerate(page.states) if state == "marked"]
    names, groups = ([texts[i] for i in left] for texts in (page.boxes.names, page.boxes.groups))
    boxes = BoxList(tuple(names), tuple(groups), page.boxes.corners_px[left])
    return LabelledPage(page.image, boxes, ("marked",) * len(left))


def grey(page: LabelledPage) -> np.ndarray:
    """Decode a page's picture."""
    return grey_of(load(page.image.read_bytes(), None, colour=False).pixels)


def report(title: str, trials: Iterable[tuple[Known, Calibration]], risk: float, sheets: Path | None) -> None:
    """Print one set's figures; draw its silent errors and reviewed boxes."""
    trials = list(trials)
    boxes = sum(len(known[1].states) for known, _ in trials)
    print(f"\n{title}: {len(trials)} pages, {boxes} boxes")
    for at in RISKS:
        silent = reviewed = 0
        for (_, lesson), calibration in trials:
            judged = judged_at(lesson, calibration, at)
            reviewed += sum(judgement.review for judgement in judged)
            silent += len(wrong(lesson, judged))
        print(f"  risk {at:<6} silent {silent:>3} ({1e4 * silent / boxes:.1f} in 10,000)", end="")
        print(f"  reviewed {reviewed:>4} ({100 * reviewed / boxes:.2f} %){'  <-' if at == risk else ''}")
    table: Counter[tuple[str, str]] = Counter()
    pictures: dict[str, list[np.ndarray]] = {"silent": [], "reviewed": []}
    for (page, lesson), calibration in trials:
        judged = judged_at(lesson, calibration, risk)
        table.update(zip(lesson.states, (judgement.state.value for judgement in judged), strict=True))
        bad = wrong(lesson, judged)
        for i in bad:
            print(
                f"    silent: {page.image.name} {page.boxes.names[i]}: {lesson.states[i]} read as {judged[i]}"
            )
        if sheets:
            pictures["silent"] += crops(page, lesson, judged, bad)
            waiting = [i for i, judgement in enumerate(judged) if judgement.review]
            pictures["reviewed"] += crops(page, lesson, judged, waiting)
    for truth in sorted({truth for truth, _ in table}):
        row = {state: n for (t, state), n in sorted(table.items()) if t == truth}
        print(f"    {truth:>10} -> {row}")
    for kind, cells in pictures.items():
        if sheets and cells:
            name = f"{title} {kind}".replace("/", "-").replace(" ", "_").replace(",", "")
            cv2.imwrite(str(sheets / f"{name}.png"), tiled(cells))


def judged_at(lesson: Lesson, calibration: Calibration, risk: float) -> tuple[Judgement, ...]:
    """Judge a page with a person looking from this chance of error on."""
    limits = replace(calibration.limits, blank_below=risk, marked_above=1 - risk)
    return judge(lesson.features, lesson.groups, replace(calibration, limits=limits))


def wrong(lesson: Lesson, judged: Sequence[Judgement]) -> list[int]:
    """Boxes that were accepted and are something else."""
    pairs = enumerate(zip(lesson.states, judged, strict=True))
    return [i for i, (truth, judgement) in pairs if not judgement.review and judgement.state != truth]


def crops(
    page: LabelledPage, lesson: Lesson, judged: Sequence[Judgement], boxes: Sequence[int]
) -> list[np.ndarray]:
    """Draw boxes as stated and as found, with their label and what they were read as."""
    if not boxes:
        return []
    picture, chosen = grey(page), list(boxes)
    stated = cut(picture, page.boxes.corners_px[chosen], 255.0)
    found = cut(picture, found_at(page.boxes.corners_px, lesson.features)[chosen], 255.0)
    out = []
    for i, left, right in zip(chosen, stated, found, strict=True):
        text = np.full((38, 200), 235, np.uint8)
        gain = lesson.features[i, F["gain"]]
        lines = (
            f"{page.image.stem[-14:]} {page.boxes.names[i]}",
            f"is {lesson.states[i]}, read {judged[i].state.value}",
            f"p {judged[i].confidence:.3f} gain {gain:.2f}",
        )
        for k, line in enumerate(lines):
            cv2.putText(text, line, (2, 11 + 12 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.36, 0, 1, cv2.LINE_AA)
        both = cv2.resize(np.hstack([left, right]), (200, 100), interpolation=cv2.INTER_CUBIC)
        out.append(np.pad(np.vstack([text, both]), 1))
    return out


def tiled(cells: list[np.ndarray], across: int = 7) -> np.ndarray:
    """Put pictures of one size into rows."""
    blank = np.full_like(cells[0], 200)
    cells = cells + [blank] * (-len(cells) % across)
    return np.vstack([np.hstack(cells[i : i + across]) for i in range(0, len(cells), across)])


@measurement(__doc__)
@click.option("--practice", default=200, show_default=True)
@click.option("--risk", default="0.02", show_default=True, type=click.Choice([str(risk) for risk in RISKS]))
@click.option("--leave-one-out", is_flag=True)
@click.option("--marked-alone", is_flag=True)
@path_option("--sheets")
@workers_option
def main(
    practice: int, risk: str, leave_one_out: bool, marked_alone: bool, sheets: Path | None, workers: int
) -> None:
    """Run the trials."""
    at = float(risk)
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
    if marked_alone:
        shipped = load_calibration()
        for name in SETS:
            alone = [studied(name, only_marked(page)) for page in pages(name) if "marked" in page.states]
            report(f"{name}, marked boxes alone", [(page, shipped) for page in alone], at, None)
        return
    with ProcessPoolExecutor(workers) as pool:
        known = {name: list(pool.map(studied, [name] * 99, pages(name))) for name in SETS}
        taught = list(pool.map(practised, range(practice), chunksize=4))
    limits = Limits()
    open_mcr = known[CORE_1] + known[CORE_3]
    from_open = learn(taught + [lesson for _, lesson in open_mcr], "open-mcr", limits)
    from_amc = learn(taught + [lesson for _, lesson in known[AMC]], "amc", limits)
    for name in SETS:
        other = from_open if name == AMC else from_amc
        report(f"{name}, other set", [(page, other) for page in known[name]], at, sheets)
    shipped = load_calibration()
    for name in SETS:
        report(f"{name}, shipped", [(page, shipped) for page in known[name]], at, None)
    if leave_one_out:
        everything = [page for name in SETS for page in known[name]]
        for name in SETS:
            trials = []
            for page in known[name]:
                rest = [lesson for other, lesson in everything if other.image != page[0].image]
                trials.append((page, learn(taught + rest, "rest", limits)))
            report(f"{name}, leave one out", trials, at, sheets)
