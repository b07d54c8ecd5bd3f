"""Wait for another thread or process, on however busy a machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from omr.files import WAIT_S

PATIENCE_S = 600.0  # what does not come true by then never does


def until(true: Callable[[], object]) -> None:
    """Return when something is true."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def waiting_for(seconds: float) -> Iterator[None]:
    """Wait only so long for what another program holds."""
    before = WAIT_S.set(seconds)
    try:
        yield
    finally:
        WAIT_S.reset(before)
