"""What goes on inside one process that reads: the parts of measuring, and its memory.

    python bench/inside.py parts [--kind a5-300-bilevel] [--mixed]    CPU time a page, of the median page
    python bench/inside.py ratio [--kind a5-300-bilevel] [--mixed]    reading alone, in times decoding
    python bench/inside.py memory [--pages 10000]                     whether memory stays flat

Parts: stopwatches add a little to the whole. Memory: one page of each kind in turn, mixed as in an
office; after every tenth of the pages, how much the process holds and has held at most. As in a
worker, pages come to it one by one and encoded: the files that they are cut out of were opened by
another process.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
from costs import alone
from harness import options, parser, status_mb
from pages import KINDS, Made, default_scratch, make

from omr.office import Office
from omr.reading import reader
from omr.reading.marks import measure as marks
from omr.reading.reader import Desk, ReadPage, read_page
from omr.reading.scan.pages import EncodedPage, open_pages
from omr.workspace import Workspace

# --- the parts of measuring ----------------------------------------------------------------------

PARTS: Final = {
    "paper and ink": ("_core", "_peak", "_darkest"),
    "depth of strokes": ("_depth",),
    "where it lies": ("_cells",),
    "solid, heavy": ("_opened",),
    "runs": ("_runs",),
    "pieces, lines": ("_marks",),
    "beside the boxes": ("_struck_mm",),
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


def parts(args: argparse.Namespace) -> None:
    """Read and print the median page."""
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


# --- the whole of reading ------------------------------------------------------------------------


def ratio(args: argparse.Namespace) -> None:
    """Read and print: each page, then the same page decoded alone, twice; nothing is opened or written."""
    cv2.setNumThreads(1)
    (kind,) = (kind for kind in KINDS if kind.name == args.kind)
    made = make(
        kind, mixed=args.mixed, pages=args.pages, seed=args.seed, scratch=args.scratch,
        workers=os.cpu_count() or 1,
    )  # fmt: skip
    with Office.open(Workspace.open(made.workspace), by="bench") as office:
        desk = office.desk()
    rows: list[tuple[float, float]] = []
    for page in open_pages(made.scan):
        started = time.process_time()
        read_page(page, desk)
        rows.append((time.process_time() - started, min(alone(page), alone(page))))
    rows = rows[WARM_UP:]
    read, decoded = (1000 * sum(row) / len(rows) for row in zip(*rows, strict=True))
    middle = statistics.median(one / other for one, other in rows)
    print(f"{args.kind}: read {read:.1f} ms, decoded {decoded:.1f} ms, median page {middle:.2f} x decoding")


# --- memory --------------------------------------------------------------------------------------


def desk_of(made: Made, scratch: Path) -> Desk:
    """Return what reading one stack needs to know."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        workspace = made.fresh_workspace(Path(folder))
        with Office.open(workspace, by="bench") as office:
            return office.desk()


def cut_out(scan: Path, folder: Path) -> list[Path]:
    """Keep each page of a file as a worker is sent it; to be called in a process of its own."""
    folder.mkdir()
    kept = []
    for page in open_pages(scan):
        kept.append(folder / str(page.page))
        kept[-1].write_bytes(pickle.dumps(page))
    return kept


def sent(kept: list[Path]) -> Iterator[EncodedPage]:
    """Yield the pages again and again."""
    return (pickle.loads(file.read_bytes()) for file in cycle(kept))


def memory(args: argparse.Namespace) -> None:
    """Read and print."""
    cv2.setNumThreads(1)
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        stacks = []
        for kind in KINDS:
            made = make(
                kind, mixed=True, pages=args.stack, seed=args.seed, scratch=args.scratch, workers=workers
            )
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                kept = pool.submit(cut_out, made.scan, Path(folder) / kind.name).result()
            stacks.append((sent(kept), desk_of(made, args.scratch)))
        print("     pages      read   holds MB    peak MB")
        read = 0
        for number, (pages, desk) in enumerate(islice(cycle(stacks), args.pages), start=1):
            read += isinstance(read_page(next(pages), desk), ReadPage)
            if number % (args.pages // 10) == 0:
                held, peak = status_mb("VmRSS"), status_mb("VmHWM")
                print(f"{number:>10}{read:>10}{held:>11.0f}{peak:>11.0f}", flush=True)


def main() -> None:
    """Do what is asked for."""
    asked_for = parser(__doc__)
    asked = asked_for.add_subparsers(required=True)
    for do, pages in ((parts, 100), (ratio, 100), (memory, 10_000)):
        one = asked.add_parser(do.__name__, parents=[options(None)], add_help=False)
        one.add_argument("--pages", type=int, default=pages)
        one.add_argument("--scratch", type=Path, default=default_scratch(), help="where pages are kept")
        one.set_defaults(do=do)
        if do is not memory:
            one.add_argument("--kind", choices=[kind.name for kind in KINDS], default=KINDS[0].name)
            one.add_argument("--mixed", action="store_true")
        else:
            one.add_argument("--stack", type=int, default=100, help="pages of each kind that are made")
    args = asked_for.parse_args()
    args.do(args)


if __name__ == "__main__":
    if "OPENBLAS_NUM_THREADS" not in os.environ:  # as `omr` itself sets it, before numpy is loaded
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    main()
