"""What the parts of measuring boxes cost, CPU time a page, while pages are read one after the other.

    python bench/measure.py                         100 clean A5 pages at 200 dpi, as `make bench` makes them
    python bench/measure.py --kind a5-300-bilevel --mixed

Each figure is that of the median page; stopwatches add a little to the whole.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cv2
from pages import KINDS, default_scratch, make

from omr.office import Office
from omr.reading import reader
from omr.reading.marks import measure as marks
from omr.reading.scan.pages import open_pages
from omr.workspace import Workspace

PARTS: Final = {
    "both cuts": ("cut",),
    "grey levels to ink": ("_paper", "levels", "tones", "shades", "density"),
    "where the boxes are": ("snap",),
    "what they look like": ("emptier", "median_picture", "find_outline"),
    "the blank of each": ("references",),
    "what was written": ("_written",),
    "shares": ("_shares", "_missing", "_paper_ink", "goes_round"),
    "strokes": ("measure_strokes",),
}
WARM_UP: Final = 10  # pages


def timed(module: Any, name: str, spent: dict[str, float]) -> None:
    """Put a stopwatch around a function of a module."""
    function: Callable[..., Any] = getattr(module, name)

    def run(*arguments: Any, **options: Any) -> Any:
        started = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - started

    setattr(module, name, run)


def main() -> None:
    """Read and print the median page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kind", choices=[kind.name for kind in KINDS], default=KINDS[0].name)
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scratch", type=Path, default=default_scratch(), help="where pages are kept")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    (kind,) = (kind for kind in KINDS if kind.name == args.kind)
    made = make(
        kind, mixed=args.mixed, pages=args.pages, seed=args.seed, scratch=args.scratch,
        workers=os.cpu_count() or 1,
    )  # fmt: skip
    with Office.open(Workspace.open(made.workspace), by="bench") as office:
        desk = office.desk()
    spent: dict[str, float] = {}
    for name in ("decode", "measure"):
        timed(reader, name, spent)
    for name in (name for names in PARTS.values() for name in names):
        timed(marks, name, spent)
    pages: list[dict[str, float]] = []
    for page in open_pages(made.scan):
        spent.clear()
        reader.read_page(page, desk)
        pages.append(dict(spent))
    rows = {"decode": ("decode",), "measure": ("measure",), **PARTS}
    for title, names in rows.items():
        seconds = [sum(page.get(name, 0.0) for name in names) for page in pages[WARM_UP:]]
        print(f"{title:<22} {1000 * statistics.median(seconds):6.2f} ms")


if __name__ == "__main__":
    if "OPENBLAS_NUM_THREADS" not in os.environ:  # as `omr` itself sets it, before numpy is loaded
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    main()
