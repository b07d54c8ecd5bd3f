"""What goes on inside one process that reads: the parts of measuring, and its memory.

    python bench speed parts [--kind a5-300-bilevel] [--mixed]    CPU time a page, of the median page
    python bench speed ratio [--kind a5-300-bilevel] [--mixed]    reading alone, in times decoding
    python bench speed memory [--pages 10000]                     whether memory stays flat

Parts: stopwatches add a little to the whole. Memory: one page of each kind in turn, mixed as in an
office; after every tenth of the pages, how much the process holds and has held at most. As in a
worker, pages come to it one by one and encoded: the files that they are cut out of were opened by
another process.
"""

from __future__ import annotations

import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import click
import cv2
from harness import measurement, path_option, seed_option, status_mb

from omr.office import Office
from omr.reading import reader
from omr.reading.ink import measure as marks
from omr.reading.reader import Desk, ReadPage, read_page
from omr.reading.scan.pages import EncodedPage, open_pages
from omr.workspace import Workspace
from speed.costs import alone
from speed.pages import KINDS, Made, default_scratch, make

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


def of_a_stack(function: Any) -> Any:
    """Give a command the options of one stack."""
    for option in (
        path_option("--scratch", default=default_scratch(), help="where pages are kept"),
        seed_option,
        click.option("--pages", default=100, show_default=True),
        click.option("--mixed", is_flag=True),
        click.option("--kind", type=click.Choice([k.name for k in KINDS]), default=KINDS[0].name),
    ):
        function = option(function)
    return function


def stack_of(kind: str, *, mixed: bool, pages: int, seed: int, scratch: Path) -> tuple[Path, Desk]:
    """Make a stack, and return its scan and what reads it, on one core."""
    cv2.setNumThreads(1)
    (one,) = (one for one in KINDS if one.name == kind)
    made = make(one, mixed=mixed, pages=pages, seed=seed, scratch=scratch, workers=os.cpu_count() or 1)
    with Office.open(Workspace.open(made.workspace), by="bench") as office:
        return made.scan, office.desk()


@measurement(__doc__)
@of_a_stack
def parts(kind: str, mixed: bool, pages: int, seed: int, scratch: Path) -> None:
    """Print what the parts of measuring take, of the median page."""
    scan, desk = stack_of(kind, mixed=mixed, pages=pages, seed=seed, scratch=scratch)
    spent: dict[str, float] = {}
    for name in ("decode", "measure"):
        timed(reader, name, spent)
    for name in (name for names in PARTS.values() for name in names):
        timed(marks, name, spent)
    took: list[dict[str, float]] = []
    for page in open_pages(scan):
        spent.clear()
        reader.read_page(page, desk)
        took.append(dict(spent))
    rows = {"decode": ("decode",), "measure": ("measure",), **PARTS}
    for title, names in rows.items():
        seconds = [sum(page.get(name, 0.0) for name in names) for page in took[WARM_UP:]]
        print(f"{title:<22} {1000 * statistics.median(seconds):6.2f} ms")


# --- the whole of reading ------------------------------------------------------------------------


@measurement(__doc__)
@of_a_stack
def ratio(kind: str, mixed: bool, pages: int, seed: int, scratch: Path) -> None:
    """Print what reading takes in times decoding: each page, then it alone decoded, twice."""
    scan, desk = stack_of(kind, mixed=mixed, pages=pages, seed=seed, scratch=scratch)
    rows: list[tuple[float, float]] = []
    for page in open_pages(scan):
        started = time.process_time()
        read_page(page, desk)
        rows.append((time.process_time() - started, min(alone(page), alone(page))))
    rows = rows[WARM_UP:]
    read, decoded = (1000 * sum(row) / len(rows) for row in zip(*rows, strict=True))
    middle = statistics.median(one / other for one, other in rows)
    print(f"{kind}: read {read:.1f} ms, decoded {decoded:.1f} ms, median page {middle:.2f} x decoding")


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


@measurement(__doc__)
@click.option("--pages", "count", default=10_000, show_default=True)
@click.option("--stack", default=100, show_default=True, help="pages of each kind that are made")
@seed_option
@path_option("--scratch", default=default_scratch(), help="where pages are kept")
def memory(count: int, stack: int, seed: int, scratch: Path) -> None:
    """Print what a process holds that reads page after page."""
    cv2.setNumThreads(1)
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        stacks = []
        for kind in KINDS:
            made = make(kind, mixed=True, pages=stack, seed=seed, scratch=scratch, workers=workers)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                kept = pool.submit(cut_out, made.scan, Path(folder) / kind.name).result()
            stacks.append((sent(kept), desk_of(made, scratch)))
        print("     pages      read   holds MB    peak MB")
        read = 0
        for number, (pages, desk) in enumerate(islice(cycle(stacks), count), start=1):
            read += isinstance(read_page(next(pages), desk), ReadPage)
            if number % (count // 10) == 0:
                held, peak = status_mb("VmRSS"), status_mb("VmHWM")
                print(f"{number:>10}{read:>10}{held:>11.0f}{peak:>11.0f}", flush=True)
