"""Read a stack on a cluster of this machine and kill its parts on the way: ``make cluster-trial``.

A scheduler and two workers on loopback. When a fifth of the pages is stored, one worker is
killed; when two fifths are, the scheduler is; ``omr read`` must end with one line. Then both are
started again, the same command goes on, and the database must hold every page exactly once, with
the answers that reading the same stack without a cluster gives. `cluster machines` does it over TLS between
machines on a wire of their own (`machines.py`), and pulls one worker's cable instead.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import click
import psutil
from harness import measurement, path_option, seed_option
from speed.pages import KINDS, Made, default_scratch, make

from cluster.machines import Machine, authority, certificate, joined
from omr.forms.serial import IssuedSerials
from omr.reading import cluster
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk
from omr.reading.scan.pages import open_pages
from omr.workspace import Workspace

OMR: Final = [sys.executable, "-c", "from omr.cli import main; main()", "--lang", "en"]


pages_option: Final = click.option("--pages", default=5000, show_default=True)
scratch_option: Final = path_option("--scratch", default=default_scratch(), help="where pages are kept")


@measurement(__doc__)
@pages_option
@seed_option
@scratch_option
def main(pages: int, seed: int, scratch: Path) -> int:
    """Run the trial and print what happened."""
    workers = os.cpu_count() or 1
    made = make(KINDS[0], mixed=True, pages=pages, seed=seed, scratch=scratch, workers=workers)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        whole = _calm(made, Path(folder) / "calm")
        broken = _trial(made, Path(folder) / "trial")
    same = whole == broken
    print(f"{len(broken)} pages, each once: {len(broken) == pages}; as without a cluster: {same}")
    return 0 if same and len(broken) == pages else 1


@measurement()
@seed_option
@scratch_option
def overhead(seed: int, scratch: Path) -> None:
    """Print the CPU time a page costs the process that asks and the scheduler, by pages a chunk.

    The workers know no form and no serial here, so they are soon done; their time does not count.
    """
    made = make(KINDS[0], mixed=True, pages=100, seed=seed, scratch=scratch, workers=os.cpu_count() or 1)
    pages = list(open_pages(made.scan))
    desk = Desk(IssuedSerials([]), {}, load_calibration(own=None))
    size = sum(len(page.data) for page in pages) / len(pages)
    print(f"{len(pages)} pages of {size / 1000:.0f} kB on average, CPU ms a page")
    print("pages a chunk  asking process  scheduler")
    scheduler, workers, address = _cluster()
    try:
        minded = psutil.Process(scheduler.pid)
        for chunk in (1, 2, 4, 8, 16):
            cluster.CHUNK = chunk
            list(cluster.read_on_cluster(pages[:chunk], desk, address))  # the first has to import
            before, there = time.process_time(), sum(minded.cpu_times()[:2])
            list(cluster.read_on_cluster(pages, desk, address))
            own = time.process_time() - before
            theirs = sum(minded.cpu_times()[:2]) - there
            print(f"{chunk:>13} {1000 * own / len(pages):>15.2f} {1000 * theirs / len(pages):>10.2f}")
    finally:
        _end([*workers, scheduler])


@measurement()
@pages_option
@seed_option
@scratch_option
def on_machines(pages: int, seed: int, scratch: Path) -> int:
    """Read on four machines over TLS; one worker is cut off on the way, strangers are kept out."""
    made = make(KINDS[0], mixed=True, pages=pages, seed=seed, scratch=scratch, workers=2)
    with tempfile.TemporaryDirectory(dir=scratch) as own:
        folder = Path(own)
        whole = _calm(made, folder / "calm")
        names = ("scheduler", "worker-1", "worker-2", "office", "stranger")
        with joined(names, folder / "keys") as (scheduler, first, second, office, stranger):
            authority(folder / "keys", "other")
            certificate(folder / "keys", "other", stranger.name, stranger.address)
            address = f"tls://{scheduler.address}:8786"
            parts = [_at(scheduler, "cluster", "scheduler", "--host", scheduler.address)]
            with _ended_unless(parts):
                _ready(parts[0])
                for worker in (first, second):
                    parts.append(_at(worker, "cluster", "worker", address, "--processes", "1"))
                    _ready(parts[-1])
            for who, tls in ((stranger, True), (office, False)):
                refused = _at(who, *_reading(folder / "refused", made, address), tls=tls)
                said = refused.communicate()[1].strip().splitlines()[-1]
                shown = "another authority" if tls else "no certificate"
                print(f"{who.name}, {shown}: {refused.returncode}: {said}")
                if refused.returncode != 1:
                    return 1
            workspace = _fresh(made, folder / "office")
            started = time.perf_counter()
            reading = _at(
                office, "--workspace", str(workspace.path), "read", str(made.scan), "--scheduler", address
            )
            _wait_for(workspace, pages // 5, reading)
            first.unplug()
            print(f"the cable of a worker pulled at {_count(workspace)} stored pages")
            code = (reading.communicate(), reading.returncode)[1]
            print(f"omr read ended with {code} after {time.perf_counter() - started:.0f} s")
            broken = _stored(workspace)
            _end(parts[::-1])
    same = whole == broken
    print(f"{len(broken)} pages, each once: {len(broken) == pages}; as without a cluster: {same}")
    return 0 if same and len(broken) == pages else 1


def _reading(folder: Path, made: Made, address: str) -> list[str]:
    if not folder.exists():
        _fresh(made, folder)
    (workspace,) = folder.iterdir()
    return ["--workspace", str(workspace), "read", str(made.scan), "--scheduler", address]


def _at(machine: Machine, *words: str, tls: bool = True) -> subprocess.Popen[str]:
    return _begun(machine.command(*OMR, *words, *(machine.tls if tls else ())))


def _calm(made: Made, folder: Path) -> list[tuple[object, ...]]:
    workspace = _fresh(made, folder)
    started = time.perf_counter()
    subprocess.run(
        [*OMR, "--workspace", str(workspace.path), "read", str(made.scan)], stdout=subprocess.DEVNULL
    )
    print(f"without a cluster: {time.perf_counter() - started:.0f} s")
    return _stored(workspace)


def _trial(made: Made, folder: Path) -> list[tuple[object, ...]]:
    workspace = _fresh(made, folder)
    scheduler, workers, address = _cluster()
    started = time.perf_counter()
    reading = _read(workspace, made, address)
    _wait_for(workspace, made.pages // 5, reading)
    _kill_below(workers[0])
    print(f"a worker killed at {_count(workspace)} stored pages")
    _wait_for(workspace, 2 * made.pages // 5, reading)
    scheduler.kill()
    said = reading.communicate()[1].strip().splitlines()[-1]
    print(f"the scheduler killed; omr read ended with {reading.returncode} at {_count(workspace)}: {said}")
    _end([*workers, scheduler])
    scheduler, workers, address = _cluster()
    reading = _read(workspace, made, address)
    receipt = json.loads(reading.communicate()[0])
    _end([*workers, scheduler])
    print(
        f"read again: {receipt['pages']} pages in the receipt; {time.perf_counter() - started:.0f} s in all"
    )
    return _stored(workspace)


def _fresh(made: Made, folder: Path) -> Workspace:
    folder.mkdir()
    return made.fresh_workspace(folder)


def _cluster() -> tuple[subprocess.Popen[str], list[subprocess.Popen[str]], str]:
    parts = [_start("cluster", "scheduler", "--port", "0")]
    with _ended_unless(parts):
        address = _ready(parts[0]).split()[-1]
        parts += [_start("cluster", "worker", address, "--processes", "1") for _ in range(2)]
        for worker in parts[1:]:
            _ready(worker)
    return parts[0], parts[1:], address


@contextmanager
def _ended_unless(parts: list[subprocess.Popen[str]]) -> Iterator[None]:
    """End all parts where one of them does not start."""
    try:
        yield
    except SystemExit:
        _end(parts[::-1])
        raise


def _start(*words: str) -> subprocess.Popen[str]:
    return _begun([*OMR, *words])


def _begun(command: list[str]) -> subprocess.Popen[str]:
    patient = {**os.environ, "DASK_OMR__CONNECT_SECONDS": "600"}  # on a machine that does other work, too
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=patient)


def _read(workspace: Workspace, made: Made, address: str) -> subprocess.Popen[str]:
    return _start(
        "--workspace", str(workspace.path), "read", str(made.scan), "--scheduler", address, "--json"
    )


def _ready(part: subprocess.Popen[str]) -> str:
    assert part.stderr is not None
    told = []
    for line in part.stderr:
        if "tcp://" in line or "tls://" in line:
            return line.strip()
        told.append(line)
    raise SystemExit("".join(["a part of the cluster did not start:\n", *told[-20:]]))


def _count(workspace: Workspace) -> int:
    with closing(sqlite3.connect(workspace.database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM pages").fetchone()
    return int(count)


def _wait_for(workspace: Workspace, pages: int, reading: subprocess.Popen[str]) -> None:
    while _count(workspace) < pages:
        if reading.poll() is not None:
            raise SystemExit(f"omr read ended early: {reading.communicate()}")
        time.sleep(0.1)


def _kill_below(part: subprocess.Popen[str]) -> None:
    """Kill the worker itself, not the command that minds it and starts another."""
    below = " ".join(file.read_text() for file in Path(f"/proc/{part.pid}/task").glob("*/children"))
    for pid in map(int, below.split()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _end(parts: list[subprocess.Popen[str]]) -> None:
    for part in parts:
        part.terminate()
    for part in parts:
        part.communicate()


def _stored(workspace: Workspace) -> list[tuple[object, ...]]:
    """Return every page with what was read from it, without the numbers that order gives."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        return list(
            connection.execute(
                """SELECT original, pages.number, outcome, pages.reason, serial, marks,
                (SELECT group_concat(question || state || codes || confidence) FROM decidings
                 JOIN answers USING (deciding) WHERE decidings.reading = readings.reading)
                FROM pages LEFT JOIN readings USING (page) ORDER BY original, pages.number"""
            )
        )
