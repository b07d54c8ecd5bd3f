"""A share of `make torture`: mutated files and bombs end with a reason; what is behind them is read."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from faults import torture
from PIL import Image

from omr.errors import ScanError
from omr.reading.apart import Apart
from omr.reading.limits import Limits


def test_mutated_files_end_with_a_reason(tmp_path: Path) -> None:
    counts = torture.tortured(seed=3, files=120, kept=str(tmp_path))
    assert counts["files"] == 120
    assert counts["pixels"] > 20 and counts["damaged"] > 20
    assert sum(counts.values()) >= 240  # each file ends at least once


def _grown(megabytes: int, seen: Path) -> Iterator[str]:
    """Take memory, and once that was seen end as a library does that gets no more."""
    with mmap.mmap(-1, megabytes * 2**20):
        yield "grown"
        while not seen.exists():
            time.sleep(0.01)
        os.abort()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nobody says how much memory a process has")
@pytest.mark.parametrize(("megabytes", "reason"), [(700, "too_much_memory"), (20, "crashed")])
def test_what_a_library_gives_up_over_is_called_by_its_name(
    tmp_path: Path, megabytes: int, reason: str
) -> None:
    seen = tmp_path / "seen"
    with Apart(Limits(megabytes=1024)) as apart, pytest.raises(ScanError) as error:
        for _ in apart.stream(_grown, megabytes, seen):
            seen.touch()
    assert error.value.reason == reason


def test_what_never_ends_is_ended_and_the_next_file_is_opened(tmp_path: Path) -> None:
    limits = Limits(seconds=1.0, megabytes=512)
    big = torture.saved(Image.new("L", (3000, 3000), "white"), "JPEG", quality=1, progressive=True)
    scan = big.rfind(b"\xff\xda")
    bomb = tmp_path / "bomb.jpg"
    bomb.write_bytes(big[:-2] + big[scan:-2] * 3000 + b"\xff\xd9")
    good = tmp_path / "good.png"
    Image.fromarray(np.full((400, 400), 200, np.uint8)).save(good)
    with Apart(limits) as apart, Apart(limits) as decoder:
        assert torture.ends_of(apart, decoder, bomb) == ["too_long"]
        assert torture.ends_of(apart, decoder, good) == ["pixels"]
