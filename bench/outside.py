"""What one run of a program costs a page: ours, or somebody else's commands."""

from __future__ import annotations

import io
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from costs import cpu_s


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took a page, ms."""

    cpu_ms: float
    wall_ms: float
    decode_ms: float  # CPU time of decoding the same pictures to grey, and nothing else


def cost_of(commands: Sequence[Sequence[str]], folder: Path, scan: Path) -> Cost:
    """Run commands one after the other in a folder, and share their cost out over the scan's pages.

    Raises
    ------
    subprocess.CalledProcessError
        One of them failed.
    """
    started, started_cpu = time.perf_counter(), cpu_s()
    for command in commands:
        run_silently(command, folder)
    cpu, wall = cpu_s() - started_cpu, time.perf_counter() - started
    pictures = _pictures(scan)
    return Cost(1000 * cpu / len(pictures), 1000 * wall / len(pictures), _decode_ms(pictures))


def run_silently(command: Sequence[str], folder: Path) -> None:
    """Run a command in a folder; what it says is not shown."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _pictures(scan: Path) -> list[np.ndarray]:
    """Return every page's one JPEG, encoded."""
    with pikepdf.open(io.BytesIO(scan.read_bytes())) as pdf:
        return [
            np.frombuffer(next(iter(page.get_images().values())).read_raw_bytes(), np.uint8)
            for page in pdf.pages
        ]


def _decode_ms(pictures: Sequence[np.ndarray]) -> float:
    """Return the CPU time of decoding pictures to grey, ms each."""
    started = time.process_time()
    for picture in pictures:
        cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE)
    return 1000 * (time.process_time() - started) / len(pictures)
