"""Marks by real pens on real scans, through ``omr marks``: nothing wrong is accepted, little is asked.

The scans lie beside the project (`bench/papers/labels.py`); without them there is nothing to test.
All of them, and calibrations that have not seen them: ``python bench papers all --leave-out``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from papers import labels

from omr.cli import EXIT_DONE, EXIT_WAITING
from omr.reading.papers.boxes import CORNERS
from omr.reading.papers.labels import LabelledPage

pytestmark = pytest.mark.skipif(
    not labels.ROOT.is_dir(), reason="no real ink beside the project: see bench/papers/labels.py"
)
# One page of each kind: crosses, fills, hatching, circles in 1-bit and pencil, loops, pictures of 75 dpi.
CHOSEN = {
    "amc-tests": (
        "0assoc__image_0001.tif",
        "code+scoring__4.tif",
        "expo__20171013153855056_0001.tif",
        "modulo__copies.pdf-page-001-000.png",
        "multiple__image_4.png",
        "ordered__20120328103746000_0001.jpg",
        "ordered__2012000.tif.3",
        "rotate__a-0.tif",
    ),
    "open-mcr/75q-core-1": ("scanned_page (4).png", "scanned_page (12).png"),
    "open-mcr/75q-core-3": ("1.jpg", "2.jpg", "4.jpg", "6.jpg", "10.jpg"),
}
MOST_REVIEWED = {"amc-tests": 0.04, "open-mcr/75q-core-1": 0.03, "open-mcr/75q-core-3": 0.10}


def read(page: LabelledPage, folder: Path, omr: Callable[..., Any]) -> list[dict[str, Any]]:
    boxes = folder / "boxes.csv"
    with boxes.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["box", "group", *CORNERS])
        corners = page.boxes.corners_px.reshape(-1, 8).tolist()
        writer.writerows(
            zip(range(len(corners)), page.boxes.groups, *zip(*corners, strict=True), strict=True)
        )
    ran = omr("marks", page.image, boxes, "--json")
    found: list[dict[str, Any]] = ran.json
    assert ran.code == (EXIT_WAITING if any(box["review"] for box in found) else EXIT_DONE)
    return found


@pytest.mark.parametrize("name", labels.SETS)
def test_nothing_wrong_is_accepted(name: str, tmp_path: Path, omr: Callable[..., Any]) -> None:
    boxes = reviewed = pages = 0
    for page in labels.pages(name):
        if page.image.name not in CHOSEN[name]:
            continue
        found = read(page, tmp_path, omr)
        silent = [
            f"{page.image.name} {box}: {truth} read as {one['state']}"
            for box, truth, one in zip(page.boxes.names, page.states, found, strict=True)
            if not one["review"] and one["state"] != truth
        ]
        assert not silent
        pages += 1
        boxes += len(found)
        reviewed += sum(bool(one["review"]) for one in found)
    assert pages == len(CHOSEN[name])
    assert reviewed <= MOST_REVIEWED[name] * boxes
