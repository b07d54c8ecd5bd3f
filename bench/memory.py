"""Whether memory stays flat: ``python bench/memory.py`` reads 10,000 pages of all kinds in one process.

It reads one page of each kind in turn, mixed as in an office, and prints after every tenth of
the pages how much memory the process holds and has held at most. As in a worker, pages come to
it one by one and encoded: the files that they are cut out of were opened by another process.
"""

from __future__ import annotations

import argparse
import os
import pickle
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path

import cv2
from pages import KINDS, Made, default_scratch, make

from omr.office import Office
from omr.reading.reader import Desk, ReadPage, read_page
from omr.reading.scan.pages import EncodedPage, open_pages


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


def main() -> None:
    """Read and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--stack", type=int, default=100, help="pages of each kind that are made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scratch", type=Path, default=default_scratch())
    args = parser.parse_args()
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
                held, peak = (_status_kb(line) / 1024 for line in ("VmRSS:", "VmHWM:"))
                print(f"{number:>10}{read:>10}{held:>11.0f}{peak:>11.0f}", flush=True)


def _status_kb(line: str) -> int:
    """Return a line of what Linux says about this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(one.split()[1]) for one in status.splitlines() if one.startswith(line))


if __name__ == "__main__":
    main()
