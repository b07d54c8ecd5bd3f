"""Real ink beside the project: labelled boxes on other people's papers, set by set.

    python bench papers labels FOLDER     writes one CSV of labels for each set, for `omr calibrate fit`

Third-party data: read where it lies, never copied; the labels name the pictures where they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import numpy as np
from harness import folder_argument, measurement

from omr.reading.papers.boxes import BoxList
from omr.reading.papers.labels import LabelledPage, write_labels
from omr.words import Labelled

ROOT = Path(__file__).resolve().parents[3] / "shared" / "real-ink"
# The words of each set's labels. `unclear`: no reader could say; only asking is right.
WORDS: Final = {
    "empty": "blank",
    "marked": "marked",
    "checked": "marked",
    "over_filled": "cancelled",
    "crossed_out": "cancelled",
    "unclear": "unclear",
}
LABELLED: Final = {state.value for state in get_args(Labelled)}
SETS: Final = (
    "amc-tests",
    "open-mcr/75q-core-1",
    "open-mcr/75q-core-3",
)  # square and round boxes, 2026-11-19
SURVEYS: Final = ("eppler", "sbs", "iu", "thai32", "sqs", "odk", "cse464")  # more hands, 2026-11-29


def pages(name: str) -> Iterator[LabelledPage]:
    """Yield the pages of one of `SETS` or `SURVEYS`."""
    folder = name.split("/")[0]
    rows: dict[str, list[dict[str, str]]] = {}
    with (ROOT / folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            image = f"scans/{row['scan']}" if folder == "amc-tests" else row["file"]
            rows.setdefault(image, []).append(row)
    for image, members in sorted(rows.items()):
        if folder != "open-mcr" or image.startswith(name.split("/")[1]):
            yield _page(ROOT / folder / image, members)


def _page(image: Path, rows: list[dict[str, str]]) -> LabelledPage:
    if "x4" in rows[0]:
        keys = [(f"x{i}", f"y{i}") for i in (1, 2, 3, 4)]
    else:
        keys = [("x0", "y0"), ("x1", "y0"), ("x1", "y1"), ("x0", "y1")]
    corners = np.array([[[float(row[x]), float(row[y])] for x, y in keys] for row in rows])
    groups = tuple(row["question"] for row in rows)
    names = tuple(f"{row['question']}/{row.get('answer') or row['option']}" for row in rows)
    return LabelledPage(image, BoxList(names, groups, corners), tuple(WORDS[row["class"]] for row in rows))


@measurement(__doc__)
@folder_argument
def main(folder: Path) -> None:
    """Write the labels of each set; boxes that nobody could tell teach nothing and stay out."""
    if not ROOT.is_dir():
        raise SystemExit(f"there is no real ink at {ROOT}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*SETS, *SURVEYS):
        write_labels((_told(page) for page in pages(name)), folder / f"{name.split('/')[-1]}.csv")


def _told(page: LabelledPage) -> LabelledPage:
    told = [i for i, state in enumerate(page.states) if state in LABELLED]
    names, groups = (tuple(texts[i] for i in told) for texts in (page.boxes.names, page.boxes.groups))
    boxes = BoxList(names, groups, page.boxes.corners_px[told])
    return LabelledPage(page.image, boxes, tuple(page.states[i] for i in told))
