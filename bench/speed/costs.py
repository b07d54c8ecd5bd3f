"""What reading costs, as a multiple of decoding the same pictures in the same run: ``make bench``.

Every figure is CPU time (user and system, outside programs included) from the scanned file
to committed rows. After every 50 pages, the act that is committed at once, the same pages
are decoded with nothing but ``cv2.imdecode`` to grey; a busy or slow machine slows down
both alike. The figure of a run is the median over its acts, its noise what runs differ by.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
import pikepdf
from harness import Below, cpu_s, machine, measurement, path_option, seed_option, status_mb
from PIL import Image

from omr.office import Office
from omr.reading import reader
from omr.reading.crew import read_pages
from omr.reading.reader import ReadPage, RejectedPage, Result
from omr.reading.scan.pages import EncodedPage, Encoding
from omr.records.intake.intake import PAGES_PER_ACT
from omr.records.intake.orders import Orders
from omr.words import AnswerState
from speed.pages import KINDS, Kind, Made, default_scratch, make

STAGES: Final = (
    "decode",
    "is_blank",
    "locate",
    "align",
    "identify",
    "refine",
    "canonical",
    "find_streaks",
    "lay",
    "ink_layer",
    "check_rows",
    "red_stamp",
    "measure",
    "decide",
    "find_comments",
    "find_seal",
)
RESULTS: Final = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is read, and how often."""

    pages: int
    rounds: int
    seed: int
    scratch: Path


@dataclass(frozen=True, slots=True)
class Run:
    """One reading of one stack."""

    outcomes: dict[str, int]  # read, blank_back, or the reason of a refusal
    waiting: int  # pages about which a person is asked
    acts: list[tuple[float, float]]  # CPU s of reading, and of decoding alone, per 50 pages
    whole_cpu_s: float  # of all, the keeping of the original and the end of the batch included
    wall_s: float
    database_bytes: int  # growth
    peak_mb: float  # of this process
    peak_worker_mb: float  # of the largest worker or outside program
    stages_s: dict[str, float]

    @property
    def ratio(self) -> float:
        """The median act's multiple of decoding."""
        return statistics.median(cost / alone for cost, alone in self.acts)

    @property
    def pages(self) -> int:
        """How many pages came back."""
        return sum(self.outcomes.values())


def alone(page: EncodedPage) -> float:
    """Return the CPU time of decoding a page to grey and nothing else."""
    if page.encoding is Encoding.PICTURE:
        data = np.frombuffer(page.data, np.uint8)
        started = time.process_time()
        cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        return time.process_time() - started
    tiff = _as_tiff(page.data)
    started = time.process_time()
    with Image.open(io.BytesIO(tiff)) as picture:
        np.asarray(picture.convert("L"))
    return time.process_time() - started


def _as_tiff(document: bytes) -> bytes:
    """Put the fax data of a PDF page into the plainest TIFF, for libtiff to decode."""
    with pikepdf.open(io.BytesIO(document)) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        data, width, height = image.read_raw_bytes(), int(image.Width), int(image.Height)
    values = {256: width, 257: height, 258: 1, 259: 4, 262: 0, 273: 0, 278: height, 279: len(data)}
    values[273] = 8 + 2 + 12 * len(values) + 4  # where the data begins: after header and directory
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items())
    return struct.pack("<2sHIH", b"II", 42, 8, len(values)) + entries + bytes(4) + data


def read_once(made: Made, *, workers: int = 0, compared: bool = False, staged: bool = False) -> Run:
    """Read a stack into a fresh copy of its workspace; to be called in a process of its own.

    Parameters
    ----------
    workers : int
        Processes that read; 0: this one.
    compared : bool
        Whether each act's pages are decoded alone after it.
    staged : bool
        Whether the stages are timed.
    """
    cv2.setNumThreads(1)
    stages = _timed_stages() if staged else {}
    outcomes: dict[str, int] = {}
    waiting = 0
    acts: list[tuple[float, float]] = []
    reference_s = 0.0

    def read(pages: Iterable[EncodedPage], desk: reader.Desk) -> Iterator[Result]:
        nonlocal reference_s, waiting
        seen: list[EncodedPage] = []

        def remembered() -> Iterator[EncodedPage]:
            for page in pages:
                if compared:
                    seen.append(page)
                yield page

        started = cpu_s()
        for result in read_pages(remembered(), desk, workers=workers):
            word = getattr(result, "reason", type(result).__name__)
            outcomes[word] = outcomes.get(word, 0) + 1
            waiting += _waits(result)
            yield result
            if compared and len(seen) == PAGES_PER_ACT:
                cost = cpu_s() - started
                before = cpu_s()
                acts.append((cost, sum(alone(page) for page in seen)))
                seen.clear()
                reference_s += cpu_s() - before
                started = cpu_s()

    with tempfile.TemporaryDirectory(dir=made.scan.parents[1]) as folder:
        workspace = made.fresh_workspace(Path(folder))
        with Office.open(workspace, by="bench") as office:
            before_bytes = _size(workspace.database)
            started, started_cpu = time.perf_counter(), cpu_s()
            with Below() as crew:
                office.read(Orders(), [made.scan], read)
            whole = cpu_s() - started_cpu - reference_s + crew.cpu_s
            wall = time.perf_counter() - started
        grown = _size(workspace.database) - before_bytes
    return Run(
        outcomes,
        waiting,
        acts,
        whole,
        wall,
        grown,
        status_mb("VmHWM"),  # not what `getrusage` says: that counts the process it was forked from
        crew.peak_mb,
        stages,
    )


def _waits(result: Result) -> bool:
    if isinstance(result, ReadPage):
        return bool(result.doubts) or any(one.state is AnswerState.DOUBTFUL for one in result.answers)
    return isinstance(result, RejectedPage)


def _size(database: Path) -> int:
    """Return the bytes of a database and its journal."""
    return sum(file.stat().st_size for file in database.parent.glob(database.name + "*"))


def _timed_stages() -> dict[str, float]:
    """Wrap each stage of the reader in a stopwatch; returns the seconds they have used so far.

    A stage within another counts as its own, not as the other's.
    """
    spent = dict.fromkeys(STAGES, 0.0)
    within = 0.0  # the seconds of stages within the one that runs

    def timed(name: str, stage: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal within
            before, within, started = within, 0.0, cpu_s()
            try:
                return stage(*arguments, **options)
            finally:
                took = cpu_s() - started
                spent[name] += took - within
                within = before + took

        return run

    for name in STAGES:
        setattr(reader, name, timed(name, getattr(reader, name)))
    return spent


def apart(function: Callable[..., Run], *arguments: Any, **options: Any) -> Run:
    """Call a function in a fresh process: its memory and its stopwatches are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **options).result()


def costs(kinds: Iterable[Kind], asked: Asked) -> list[dict[str, object]]:
    """Measure the multiple of decoding of every kind, clean and mixed; rounds over all kinds in turn."""
    stacks = [(kind, mixed, make_for(kind, mixed, asked)) for kind in kinds for mixed in (False, True)]
    runs: dict[str, list[Run]] = {}
    for _ in range(asked.rounds):
        for _, _, made in stacks:
            runs.setdefault(made.name, []).append(apart(read_once, made, compared=True))
            print(f"  {made.name}: x {runs[made.name][-1].ratio:.2f}", file=sys.stderr)
    rows: list[dict[str, object]] = []
    for kind, mixed, made in stacks:
        these = runs[made.name]
        ratios = [run.ratio for run in these]
        middle = statistics.median(ratios)
        staged = apart(read_once, made, staged=True)
        stages = {name: 1000 * spent / staged.pages for name, spent in staged.stages_s.items()}
        # Of the same run, with the keeping of the original and the end of the batch.
        stages["open, write"] = 1000 * staged.whole_cpu_s / staged.pages - sum(stages.values())
        rows.append(
            {
                "pages": kind.name,
                "condition": "mixed" if mixed else "clean",
                "count": these[0].pages,
                "decode_ms": _per_page_ms(sum(alone for run in these for _, alone in run.acts), these),
                "read_ms": _per_page_ms(sum(cost for run in these for cost, _ in run.acts), these),
                "ratio": middle,
                "noise": max(abs(ratio - middle) for ratio in ratios),
                "mean_ratio": statistics.mean(
                    sum(c for c, _ in run.acts) / sum(a for _, a in run.acts) for run in these
                ),
                "most": kind.most_mixed if mixed else kind.most_clean,
                "whole_ms": 1000 * statistics.median(run.whole_cpu_s / run.pages for run in these),
                "peak_mb": max(run.peak_mb for run in these),
                "database_bytes_per_page": these[0].database_bytes / these[0].pages,
                "scan_bytes_per_page": made.scan.stat().st_size / made.pages,
                "waiting": these[0].waiting,
                "outcomes": these[0].outcomes,
                "stages_ms": stages,
            }
        )
    return rows


def _per_page_ms(seconds: float, runs: list[Run]) -> float:
    return 1000 * seconds / (sum(len(run.acts) for run in runs) * PAGES_PER_ACT)


def make_for(kind: Kind, mixed: bool, asked: Asked) -> Made:
    """Make or find the stack that the arguments ask for."""
    return make(
        kind,
        mixed=mixed,
        pages=asked.pages,
        seed=asked.seed,
        scratch=asked.scratch,
        workers=os.cpu_count() or 1,
    )


def crews(asked: Asked) -> list[dict[str, object]]:
    """Measure pages per second by the number of workers, in turn; of each the best round."""
    made = make_for(KINDS[0], True, asked)
    best: dict[int, Run] = {}
    for _ in range(asked.rounds):
        for workers in range(1, (os.cpu_count() or 1) + 1):
            run = apart(read_once, made, workers=workers if workers > 1 else 0)
            if workers not in best or run.wall_s < best[workers].wall_s:
                best[workers] = run
    return [
        {
            "pages": KINDS[0].name,
            "workers": workers,
            "pages_per_second": run.pages / run.wall_s,
            "cpu_ms_per_page": 1000 * run.whole_cpu_s / run.pages,
            "speed_up": best[1].wall_s / run.wall_s,
            "peak_worker_mb": run.peak_worker_mb if workers > 1 else run.peak_mb,
            "peak_writer_mb": run.peak_mb,
        }
        for workers, run in best.items()
    ]


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    print("machine: " + ", ".join(f"{key} {value}" for key, value in report["machine"].items()))
    print(
        "\npages           condition  decode ms  read ms  x decode  (noise)  target  read/pages  KB/slip  "
        "peak MB"
    )
    for row in report["costs"]:
        target = f"{row['most']:.1f} " + ("met" if row["ratio"] <= row["most"] else "NOT met")
        read = row["outcomes"].get("ReadPage", 0)
        print(
            f"{row['pages']:<15} {row['condition']:<9} {row['decode_ms']:>10.2f} {row['read_ms']:>8.2f}"
            f" {row['ratio']:>9.2f} {row['noise']:>8.2f}   {target:<11} {read:>4}/{row['count']:<5}"
            f" {row['database_bytes_per_page'] / 1024:>7.1f} {row['peak_mb']:>8.0f}"
        )
    names = list(report["costs"][0]["stages_ms"])
    print("\nCPU ms per page and stage, in a run of its own")
    print(f"{'':<26}" + "".join(f"{name.removeprefix('find_'):>12}" for name in names))
    for row in report["costs"]:
        spent = "".join(f"{row['stages_ms'][name]:>12.2f}" for name in names)
        print(f"{row['pages']:<15} {row['condition']:<10}{spent}")
    print("\nworkers  pages/s  speed-up  peak MB a worker  peak MB of the writer")
    for row in report["workers"]:
        print(
            f"{row['workers']:>7} {row['pages_per_second']:>8.1f} {row['speed_up']:>9.2f}"
            f" {row['peak_worker_mb']:>17.0f} {row['peak_writer_mb']:>22.0f}"
        )


NAMES: Final = [kind.name for kind in KINDS]


@measurement(__doc__)
@click.option("--pages", default=500, show_default=True, help="pages a stack")
@click.option("--rounds", default=3, show_default=True, help="runs of each stack, in turn")
@click.option("--kind", "names", type=click.Choice(NAMES), multiple=True, default=NAMES)
@seed_option
@path_option("--scratch", default=default_scratch(), help="where pages are kept")
@path_option("-o", "--output", default=RESULTS)
def main(pages: int, rounds: int, names: tuple[str, ...], seed: int, scratch: Path, output: Path) -> None:
    """Run the benchmark."""
    asked = Asked(pages, rounds, seed, scratch)
    kinds = [kind for kind in KINDS if kind.name in names]
    report: dict[str, Any] = {
        "machine": machine(),
        "asked": {"pages": pages, "rounds": rounds, "seed": seed},
        "costs": costs(kinds, asked),
        "workers": crews(asked),
    }
    output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    show(report)
