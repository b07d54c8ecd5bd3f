"""Whether memory stays flat: ``python bench/memory.py`` reads 10,000 pages of all kinds in one process.

It reads one page of each kind in turn, mixed as in an office, as a worker does, and prints
after every tenth of the pages how much memory the process holds and has held at most.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import cv2
from pages import KINDS, Made, default_scratch, make

from omr.forms.serial import IssuedSerials
from omr.reading.calibrate import load_calibration
from omr.reading.pages import EncodedPage, open_pages
from omr.reading.reader import Desk, ReadPage, read_page
from omr.records.register import archived_forms, issued
from omr.records.store import Store


def desk_of(made: Made, scratch: Path) -> Desk:
    """Return what reading one stack needs to know."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        workspace = made.fresh_workspace(Path(folder))
        with Store.open(workspace.database) as store:
            return Desk(IssuedSerials(issued(store)), archived_forms(store), load_calibration())


def endless(scan: Path) -> Iterator[EncodedPage]:
    """Yield the pages of a file again and again."""
    while True:
        yield from open_pages(scan)


def main() -> None:
    """Read and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--stack", type=int, default=100, help="pages of each kind that are made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scratch", type=Path, default=default_scratch())
    args = parser.parse_args()
    cv2.setNumThreads(1)
    stacks = []
    for kind in KINDS:
        workers = os.cpu_count() or 1
        made = make(kind, mixed=True, pages=args.stack, seed=args.seed, scratch=args.scratch, workers=workers)
        stacks.append((endless(made.scan), desk_of(made, args.scratch)))
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
