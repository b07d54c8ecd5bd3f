"""Read a stack as a user of another program would, each program its own form: ``python bench/peers.py``.

MarkShark comes from PyPI into an environment of its own in the scratch folder, makes its own
mock scans and grades them with its one command. We read as many A4 pages, from file to
committed rows. Both read colour at 200 dpi, one after the other and in turn; the figure is
CPU time, and the ratio of pages per second of one core. A letter page has 3 % less paper than A4.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np
import pikepdf
from pages import Kind, Made, default_scratch, make

from bench import apart, cpu_s, machine, read_once
from omr.reading.pages import Depth

DPI: Final = 200
OURS: Final = Kind("a4-200-colour", "A4", DPI, Depth.COLOUR, 0.0, 0.0)
MARKSHARK: Final = "markshark==1.2.0"
TEMPLATE: Final = "60Q standard"  # 60 questions of 5 bubbles on one page, ArUco markers


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took a page, ms."""

    cpu_ms: float
    wall_ms: float
    decode_ms: float  # CPU time of decoding the same pictures to grey, and nothing else


def ours(made: Made) -> Cost:
    """Read our stack in a process of its own."""
    run = apart(read_once, made, compared=True)
    alone = sum(decode for _, decode in run.acts) / (50 * len(run.acts))
    return Cost(1000 * run.whole_cpu_s / run.pages, 1000 * run.wall_s / run.pages, 1000 * alone)


def markshark(program: Path, scan: Path, pages: int) -> Cost:
    """Grade MarkShark's mock scans with its one command."""
    folder = scan.parent / "graded"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = [str(program), "quick-grade", str(scan), "-t", TEMPLATE, "--dpi", str(DPI)]
    started, started_cpu = time.perf_counter(), cpu_s()
    subprocess.run(
        [*command, "--out-dir", str(folder), "-o", str(folder / "results.csv")],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    cpu, wall = cpu_s() - started_cpu, time.perf_counter() - started
    return Cost(1000 * cpu / pages, 1000 * wall / pages, _decode_ms(scan))


def _decode_ms(scan: Path) -> float:
    """Return the CPU time of decoding every page's one JPEG to grey, ms a page."""
    with pikepdf.open(io.BytesIO(scan.read_bytes())) as pdf:
        pictures = [
            np.frombuffer(next(iter(page.get_images().values())).read_raw_bytes(), np.uint8)
            for page in pdf.pages
        ]
    started = time.process_time()
    for picture in pictures:
        cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE)
    return 1000 * (time.process_time() - started) / len(pictures)


def installed(scratch: Path) -> Path | None:
    """Return MarkShark's program, installed now or earlier; None where it cannot be."""
    home = scratch / "markshark"
    program = home / "bin" / "markshark"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", MARKSHARK]
        if subprocess.run(pip, check=False).returncode:
            shutil.rmtree(home)
            return None
    return program


def mock_scans(program: Path, scratch: Path, pages: int) -> Path:
    """Return MarkShark's own mock scans, made now or earlier."""
    folder = scratch / f"markshark-{pages}"
    scan = folder / "mock_scans.pdf"
    if not scan.exists():
        command = [str(program), "mock-dataset", "-t", TEMPLATE, "-o", str(folder), "-n", str(pages)]
        subprocess.run([*command, "--dpi", str(DPI)], check=True, stdout=subprocess.DEVNULL)
    return scan


def show(name: str, costs: list[Cost]) -> float:
    """Print the medians of one program; return its CPU time a page."""
    cpu, wall, decode = (
        median(values) for values in zip(*((c.cpu_ms, c.wall_ms, c.decode_ms) for c in costs), strict=True)
    )
    print(f"{name:<12}{1000 / cpu:>12.1f}{cpu:>14.1f}{wall:>12.1f}{cpu / decode:>14.1f}")
    return float(cpu)


def main() -> None:
    """Run both programs in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100, help="a stack, in steps of 50")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, default=default_scratch())
    args = parser.parse_args()
    # One thread each, as `omr` sets it for itself.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    args.scratch.mkdir(parents=True, exist_ok=True)
    program = installed(args.scratch)
    if program is None:
        sys.exit(f"skipped: {MARKSHARK} could not be installed; is there a network?")
    scan = mock_scans(program, args.scratch, args.pages)
    made = make(
        OURS, mixed=False, pages=args.pages, seed=1, scratch=args.scratch, workers=os.cpu_count() or 1
    )
    costs: dict[str, list[Cost]] = {"omr": [], "MarkShark": []}
    for _ in range(args.rounds):
        costs["omr"].append(ours(made))
        costs["MarkShark"].append(markshark(program, scan, args.pages))
    print("machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()))
    print(f"\n{args.pages} pages, {args.rounds} rounds, medians\n")
    print(f"{'program':<12}{'pages/CPU s':>12}{'CPU ms/page':>14}{'wall ms':>12}{'x decoding':>14}")
    own, other = (show(name, rounds) for name, rounds in costs.items())
    print(f"\npages per CPU second, omr : MarkShark = {other / own:.1f} : 1")


if __name__ == "__main__":
    main()
