"""Other people's papers, all ten sets of real ink, through what ``omr marks`` does: silent and asked.

    python bench/ink_papers.py [SET…]

Boxes that no reader could tell (`unclear`) must be asked about. The judge of papers was fitted on
the first three sets; the seven surveys taught it nothing.
"""

from __future__ import annotations

import sys
from collections import Counter

import cv2
from harness import parser, table, upper_bound
from real_ink import ROOT, SETS, SURVEYS, pages

from omr.reading.marks.classify import classify_boxes
from omr.reading.scan.pictures import grey_of, load


def judged(name: str) -> tuple[dict[str, object], list[str]]:
    """Judge a set: its row of the table, and its silent errors."""
    count: Counter[str] = Counter()
    silent = []
    for page in pages(name):
        grey = grey_of(load(page.image.read_bytes(), None, colour=False).pixels)
        found = classify_boxes(grey, page.boxes.corners_px, page.boxes.groups)
        for box, truth, one in zip(page.boxes.names, page.states, found, strict=True):
            count.update(boxes=1, marks=truth == "marked", asked=one.review)
            if not one.review and one.state != truth:
                silent.append(f"{page.image.name} {box}: {truth} read as {one.state}")
    return _row(name, count, len(silent)), silent


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


def main() -> int:
    """Judge all sets; 1 where something was silent."""
    asked = parser(__doc__)
    asked.add_argument("sets", nargs="*", default=[*SETS, *SURVEYS])
    chosen = asked.parse_args()
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)
    rows, wrong = [], []
    for name in chosen.sets:
        row, silent = judged(name)
        rows.append(row)
        wrong += silent
    total: Counter[str] = Counter()
    for row in rows:
        total.update({key: int(str(row[key])) for key in ("boxes", "marks", "asked")})
    table([*rows, _row("all", total, len(wrong))])
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
