"""Read a stack as a user of another program would, each program its own form: ``python bench/peers.py``.

Every program reads as many colour pages at 200 dpi, one after the other and in turn; the figure
is CPU time from the scanned file to kept results, and the ratio of pages per second of one core.
A letter page (MarkShark) has 3 % less paper than A4. What is not installed and cannot be is named.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median
from typing import Final

import amc
import markshark
from costs import apart, machine, read_once
from outside import Cost
from pages import Kind, Made, default_scratch, make

from omr.reading.scan.pages import Depth

DPI: Final = 200
OURS: Final = Kind("a4-200-colour", "A4", DPI, Depth.COLOUR, 0.0, 0.0)


def ours(made: Made) -> Cost:
    """Read our stack in a process of its own."""
    run = apart(read_once, made, compared=True)
    alone = sum(decode for _, decode in run.acts) / (50 * len(run.acts))
    return Cost(1000 * run.whole_cpu_s / run.pages, 1000 * run.wall_s / run.pages, 1000 * alone)


def show(name: str, costs: list[Cost]) -> float:
    """Print the medians of one program; return its CPU time a page."""
    cpu, wall, decode = (
        median(values) for values in zip(*((c.cpu_ms, c.wall_ms, c.decode_ms) for c in costs), strict=True)
    )
    print(f"{name:<22}{1000 / cpu:>12.1f}{cpu:>14.1f}{wall:>12.1f}{cpu / decode:>14.1f}")
    return float(cpu)


def main() -> None:
    """Run the programs in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100, help="a stack, in steps of 50")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, default=default_scratch())
    args = parser.parse_args()
    # One thread each, as `omr` sets it for itself.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    args.scratch.mkdir(parents=True, exist_ok=True)
    peers = {
        markshark.NAME: markshark.MarkShark.prepare(args.scratch, args.pages, DPI),
        amc.NAME: amc.AutoMultipleChoice.prepare(args.scratch, args.pages, DPI),
    }
    made = make(
        OURS, mixed=False, pages=args.pages, seed=1, scratch=args.scratch, workers=os.cpu_count() or 1
    )
    own: list[Cost] = []
    theirs: dict[str, list[Cost]] = {name: [] for name in peers}
    for _ in range(args.rounds):
        own.append(ours(made))
        for name, peer in peers.items():
            if not isinstance(peer, str):
                theirs[name].append(peer.read())
    print("machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()))
    print(f"\n{args.pages} pages, {args.rounds} rounds, medians\n")
    print(f"{'program':<22}{'pages/CPU s':>12}{'CPU ms/page':>14}{'wall ms':>12}{'x decoding':>14}")
    cost = show("omr", own)
    ratios = [(name, show(name, costs) / cost) for name, costs in theirs.items() if costs]
    print()
    for name, ratio in ratios:
        print(f"pages per CPU second, omr : {name} = {ratio:.1f} : 1")
    for name, peer in peers.items():
        if isinstance(peer, str):
            print(f"skipped {name}: {peer}")


if __name__ == "__main__":
    main()
