"""Real ink made worse: the same labelled boxes on softer, paler, smaller, turned or fewer pictures.

    python bench papers harmed [SET…] [--only blur] [--leave-out [--practice 60]]

The labels stay true, so every page serves many times: what a scanner of another office does to
the same marks, and what a page looks like of which only a part is asked for. Judged by the
shipped calibration, or with --leave-out each set by what the others taught. It ends with 1
where a box was accepted and is something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import click
import cv2
import numpy as np
from harness import measurement, table
from numpy.typing import NDArray

from omr.cli.scans.calibrate import practised
from omr.reading.marks.calibrate import load_calibration
from omr.reading.marks.papers import PaperModel, judge
from omr.reading.papers.between import look_between
from omr.reading.papers.labels import LabelledPage
from omr.reading.papers.paper import measure
from omr.reading.pictures.picture import load
from omr.reading.pictures.pixels import grey_of
from papers.all import studied, taught_by_others
from papers.labels import ROOT, SETS, SURVEYS, pages

Grey = NDArray[np.uint8]
Quads = NDArray[np.float64]
Seen = tuple[Grey, Quads]  # a picture and where the boxes are on it
Rng = np.random.Generator
JPEG: Final = 20  # quality


def _blurred(sigma_px: float) -> Callable[[Grey, Quads, Rng], Seen]:
    return lambda grey, quads, _: (np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma_px), np.uint8), quads)


def _scaled(by: float) -> Callable[[Grey, Quads, Rng], Seen]:
    def scale(grey: Grey, quads: Quads, _: Rng) -> Seen:
        size = round(grey.shape[1] * by), round(grey.shape[0] * by)
        how = cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8), (quads + 0.5) * by - 0.5

    return scale


def _levels(
    curve: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Callable[[Grey, Quads, Rng], Seen]:
    table = np.clip(curve(np.arange(256.0)), 0, 255).astype(np.uint8)
    return lambda grey, quads, _: (table[grey], quads)


def _turned(degrees: float) -> Callable[[Grey, Quads, Rng], Seen]:
    def turn(grey: Grey, quads: Quads, _: Rng) -> Seen:
        height, width = grey.shape
        map_ = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        turned = cv2.warpAffine(grey, map_, (width, height), borderValue=255)
        return np.asarray(turned, np.uint8), quads @ map_[:, :2].T + map_[:, 2]

    return turn


def _compressed(grey: Grey, quads: Quads, _: Rng) -> Seen:
    data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, JPEG])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8), quads


def _noisy(grey: Grey, quads: Quads, rng: Rng) -> Seen:
    return np.clip(grey + rng.normal(0, 25, grey.shape), 0, 255).astype(np.uint8), quads


def _shaded(grey: Grey, quads: Quads, _: Rng) -> Seen:
    return (grey * np.linspace(1, 0.5, grey.shape[1])).astype(np.uint8), quads


def _astray(grey: Grey, quads: Quads, rng: Rng) -> Seen:
    side = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1).mean()
    return grey, quads + rng.uniform(-0.08, 0.08, (len(quads), 1, 2)) * side


PICTURES: Final[Mapping[str, Callable[[Grey, Quads, Rng], Seen]]] = {
    "as it is": lambda grey, quads, _: (grey, quads),
    "blur 0.8 px": _blurred(0.8),
    "blur 1.2 px": _blurred(1.2),
    "blur 2 px": _blurred(2.0),
    "half the size": _scaled(0.5),
    "1.7 times the size": _scaled(1.7),
    f"JPEG quality {JPEG}": _compressed,
    "lighter (gamma 0.5)": _levels(lambda levels: 255 * (levels / 255) ** 0.5),
    "darker (gamma 2)": _levels(lambda levels: 255 * (levels / 255) ** 2),
    "a third of the contrast": _levels(lambda levels: 255 - (255 - levels) * 0.35),
    "1-bit at 110": _levels(lambda levels: np.where(levels < 110, 0.0, 255.0)),
    "1-bit at 190": _levels(lambda levels: np.where(levels < 190, 0.0, 255.0)),
    "noise of 25 levels": _noisy,
    "half as bright at one side": _shaded,
    "turned by 2 degrees": _turned(2),
    "turned by 5 degrees": _turned(-5),
    "boxes stated 8 % off": _astray,
}
PARTS: Final[Mapping[str, Callable[[NDArray[np.str_], Rng], NDArray[np.intp]]]] = {
    "only the blank boxes": lambda states, _: np.flatnonzero(states == "blank"),
    "25 boxes": lambda states, rng: np.sort(rng.permutation(len(states))[:25]),
    "10 boxes": lambda states, rng: np.sort(rng.permutation(len(states))[:10]),
    "no questions named": lambda states, _: np.arange(len(states)),
    # The hardest test of what is taken for print: what such boxes share is none.
    "only the marked boxes": lambda states, _: np.flatnonzero(states == "marked"),
}


def grey(page: LabelledPage) -> Grey:
    """Decode a page's picture."""
    return grey_of(load(page.image.read_bytes(), None, colour=False).pixels)


@measurement(__doc__)
@click.argument("sets", nargs=-1)
@click.option("--only", default="", help="ways whose name contains this")
@click.option("--leave-out", is_flag=True)
@click.option("--practice", default=60, show_default=True, help="sheets, with --leave-out")
def main(sets: tuple[str, ...], only: str, leave_out: bool, practice: int) -> int:
    """Judge every page in every way, and print a row for each."""
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)
    sets = sets or (*SETS, *SURVEYS)
    by = dict.fromkeys(sets, load_calibration().papers)
    if leave_out:
        lessons = {name: studied(name) for name in (*SETS, *SURVEYS)}
        drawn = [practised(number) for number in range(practice)]
        by = {name: taught_by_others(name, lessons, drawn).papers for name in sets}
    known = [(name, page, grey(page)) for name in sets for page in pages(name)]
    wrong: list[str] = []
    rows = []
    for way in (*PICTURES, *PARTS):
        if only in way:
            found, silent = _judged(way, known, by)
            rows += found
            wrong += silent
            table(found)
    table(rows)
    print("\n".join(wrong))
    return 1 if wrong else 0


def _judged(
    way: str, known: Sequence[tuple[str, LabelledPage, Grey]], by: Mapping[str, PaperModel]
) -> tuple[list[dict[str, object]], list[str]]:
    """Judge every page in one way: a row for each set and one for all, and the silent errors."""
    count: Counter[tuple[str, str]] = Counter()
    wrong = []
    for number, (name, page, picture) in enumerate(known):
        rng = np.random.default_rng([number, len(way)])
        states = np.array(page.states)
        chosen = PARTS[way](states, rng) if way in PARTS else np.arange(len(states))
        if not len(chosen):
            continue
        seen, quads = PICTURES.get(way, PICTURES["as it is"])(picture, page.boxes.corners_px[chosen], rng)
        groups = [page.boxes.groups[i] if way != "no questions named" else "" for i in chosen]
        seen = np.ascontiguousarray(seen)
        features = look_between(seen, quads, groups, measure(seen, quads, groups))
        for i, judgement in zip(chosen, judge(features, groups, by[name]), strict=True):
            silent = not judgement.review and judgement.state != states[i]
            for of in (name, "all"):
                count[of, "boxes"] += 1
                count[of, "asked"] += judgement.review
                count[of, "silent"] += silent
            if silent:
                what = f"{states[i]} read as {judgement.state}"
                wrong.append(f"{way}: {name} {page.image.name} {page.boxes.names[i]}: {what}")
    rows: list[dict[str, object]] = [
        {"way": way, "set": name} | {what: count[name, what] for what in ("boxes", "silent", "asked")}
        | {"share": f"{count[name, 'asked'] / count[name, 'boxes']:.2%}"}
        for name in dict.fromkeys(name for name, _ in count)
    ]  # fmt: skip
    return rows, wrong
