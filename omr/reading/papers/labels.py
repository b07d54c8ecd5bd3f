"""Labelled boxes: a CSV of pictures, corners and what each box is -> pages to learn and test from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omr.errors import OmrError
from omr.files import write_whole
from omr.reading.papers.boxes import CORNERS, BoxList, LabelledRow, read_rows


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPage:
    """One picture whose boxes are known."""

    image: Path
    boxes: BoxList
    states: tuple[str, ...]  # one of `omr.words.Labelled` for each box


def read_labels(file: Path) -> list[LabelledPage]:
    """Read ``image,box,group,x1,…,y4,class``; pictures lie beside the CSV or are named in full.

    Raises
    ------
    OmrError
        Naming the line and the column of the first thing that is wrong.
    """
    rows: dict[str, list[LabelledRow]] = {}
    for row in read_rows(file, LabelledRow):
        rows.setdefault(row.image, []).append(row)
    if not rows:
        raise OmrError("marks.no_boxes", file=file)
    return [
        LabelledPage(file.parent / image, BoxList.of(members), tuple(row.state for row in members))
        for image, members in rows.items()
    ]


def write_labels(pages: Iterable[LabelledPage], file: Path) -> None:
    """Write pages as `read_labels` reads them."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["image", "box", "group", *CORNERS, "class"])
    for page in pages:
        corners = np.round(page.boxes.corners_px.reshape(-1, 8), 2).tolist()
        boxes = zip(page.boxes.names, page.boxes.groups, corners, page.states, strict=True)
        writer.writerows([page.image, name, group, *places, state] for name, group, places, state in boxes)
    write_whole(file, out.getvalue())
