"""What the long measurements share: where results go, runs that go on, exact bounds, one table.

A piece of work is a line of a state file once it is done; the same command takes up where it was
interrupted, and lines that another version of the code measured are never mixed in.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, TypeVar

import click
import cv2
import numpy as np

# Of what grows trees: threads that wait for each other make seconds minutes on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT: Final = Path(__file__).parents[1]
OUT: Final = ROOT / "out"

Line = dict[str, Any]
Piece = TypeVar("Piece")


class Measurement(click.Command):
    """A command that shows what it says of itself line by line, and ends with what it returns."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the text as it stands."""
        formatter.write("\n" + textwrap.indent((self.help or "").strip(), "  ") + "\n")

    def invoke(self, ctx: click.Context) -> None:
        """Run it; a number that it returns is the code."""
        ctx.exit(super().invoke(ctx) or 0)


def measurement(about: str | None = None) -> Callable[[Callable[..., int | None]], Measurement]:
    """Make a command of a function: `about` is its help, or else the function's own text."""
    return click.command(cls=Measurement, help=about)


seed_option: Final = click.option("--seed", default=1, show_default=True)
workers_option: Final = click.option("--workers", default=os.cpu_count() or 1, show_default=True)
folder_argument: Final = click.argument("folder", type=click.Path(path_type=Path))


def path_option(*names: str, default: Path | None = None, help: str = "") -> Callable[[Any], Any]:
    """Return an option that takes a path."""
    return click.option(*names, type=click.Path(path_type=Path), default=default, help=help)


def resumable(name: str) -> Callable[[Any], Any]:
    """Return the options of a run that goes on: ``--seed``, ``--workers``, its state and its table."""

    def with_options(function: Any) -> Any:
        for option in (
            path_option("--csv", default=OUT / f"{name}.csv"),
            path_option("--state", default=OUT / f"{name}.jsonl", help="of the run so far"),
            workers_option,
            seed_option,
        ):
            function = option(function)
        return function

    return with_options


def measured_with(*more: bytes) -> str:
    """Return a short hash of what results depend on: all of our code that is imported, and `more`."""
    digest = hashlib.sha256(f"{cv2.__version__} {np.__version__}".encode())
    ours = {
        Path(module.__file__)
        for module in list(sys.modules.values())
        if getattr(module, "__file__", None) and Path(str(module.__file__)).is_relative_to(ROOT)
    }
    ours.discard(ROOT / "bench" / "__main__.py")  # the list of commands measures nothing
    for file in sorted(file for file in ours if file.suffix == ".py" and ".venv" not in file.parts):
        digest.update(file.read_bytes())
    for content in more:
        digest.update(content)
    return digest.hexdigest()[:12]


def calibrations() -> bytes:
    """Return what judges marks, trees and all, for `measured_with`."""
    return b"".join(file.read_bytes() for file in sorted((ROOT / "calibration").glob("*.json")))


def resumed(
    pieces: Mapping[str, Piece], work: Callable[[Piece], Line], *, state: Path, version: str, workers: int
) -> dict[str, Line]:
    """Do the pieces that the state file does not hold, in worker processes, and return the lines of all.

    Parameters
    ----------
    pieces : mapping of str
        By their names in the state file.
    work : callable
        Does one piece; of a module, so that workers find it.
    state : Path
    version : str
        What was measured, and the seed: lines of other versions are left alone and not mixed in.
    workers : int
    """
    state.parent.mkdir(parents=True, exist_ok=True)
    done: dict[str, Line] = {}
    for text in state.read_text("utf-8").splitlines() if state.exists() else ():
        line = json.loads(text)
        if line["version"] == version and line["key"] in pieces:
            done[line["key"]] = line
    missing = [key for key in pieces if key not in done]
    if not missing:
        return done
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers are the threads
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        with state.open("a", encoding="utf-8") as file:
            coming = {pool.submit(work, pieces[key]): key for key in missing}
            for count, future in enumerate(as_completed(coming), start=1):
                key = coming[future]
                done[key] = future.result() | {"key": key, "version": version}
                print(json.dumps(done[key], ensure_ascii=False), file=file, flush=True)
                print(f"\r{count}/{len(missing)} {key:<60}", end="", file=sys.stderr, flush=True)
    finally:
        pool.shutdown(cancel_futures=True)  # interrupted: what has not begun is left for the next time
    print(file=sys.stderr)
    return done


def upper_bound(errors: int, of: int) -> float:
    """Return the exact upper 95 % bound of a rate (Clopper and Pearson, one-sided)."""
    from scipy.stats import beta

    return 1.0 if errors >= of else float(beta.ppf(0.95, errors + 1, of - errors))


def table(rows: Sequence[Mapping[str, object]], *, to: Path | None = None) -> None:
    """Print rows under their names, numbers to the right, and keep them as CSV."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    texts = [[_written(row.get(column, "")) for column in columns] for row in rows]
    numeric = [all(_is_number(row.get(column, "")) for row in rows) for column in columns]
    widths = [
        max(len(column), *(len(line[at]) for line in texts), 1) if texts else len(column)
        for at, column in enumerate(columns)
    ]
    for line in [columns, *texts]:
        cells = zip(line, widths, numeric, strict=True)
        print("  ".join(f"{cell:>{w}}" if n else f"{cell:<{w}}" for cell, w, n in cells).rstrip())
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def _written(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) or value == ""


def cpu_s() -> float:
    """Return the CPU time of this process and of the programs it has waited for."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


@contextmanager
def seconds(what: str) -> Iterator[None]:
    """Print the CPU seconds of a step."""
    started = time.process_time()
    yield
    print(f"{what}: {time.process_time() - started:.2f}", flush=True)


def status_mb(line: str, process: str = "self") -> float:
    """Return a line of what Linux says about a process: ``VmRSS``, held; ``VmHWM``, held at most."""
    status = Path("/proc") / process / "status"
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    texts = status.read_text(encoding="ascii").splitlines()
    return next(int(one.split()[1]) for one in texts if one.startswith(f"{line}:")) / 1024


class Below:
    """What the processes below this one take, those of a fork server, too, which nobody waits for here."""

    EVERY_S = 0.1

    def __init__(self) -> None:
        self.peak_mb = 0.0  # of the largest
        self._cpu_s: dict[str, float] = {}
        self._ended = Event()
        self._looking = Thread(target=self._look_on, daemon=True)

    @property
    def cpu_s(self) -> float:
        """The CPU time of all, up to the last look."""
        return sum(self._cpu_s.values())

    def __enter__(self) -> Below:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._looking.join()

    def _look_on(self) -> None:
        while not self._ended.wait(self.EVERY_S):
            self._look()

    def _look(self) -> None:
        below = _children(str(os.getpid()))
        while below:
            pid = below.pop()
            with suppress(OSError, StopIteration):  # it ended
                stat = (Path("/proc") / pid / "stat").read_text().rpartition(")")[2].split()
                self._cpu_s[pid] = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
                self.peak_mb = max(self.peak_mb, status_mb("VmHWM", pid))
                below += _children(pid)


def _children(pid: str) -> list[str]:
    """Return the processes that a process has started: looking through all would slow it down."""
    found: list[str] = []
    with suppress(OSError):
        for thread in (Path("/proc") / pid / "task").iterdir():
            found += (thread / "children").read_text("ascii").split()
    return found


def machine() -> dict[str, object]:
    """Say on what the figures were measured."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "commit": commit,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
