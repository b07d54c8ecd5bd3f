"""What the processes that we start get of the surroundings that we were started in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SAFE_PATH: Final = "PYTHONSAFEPATH"


@contextmanager
def nothing_from_here() -> Iterator[None]:
    """Start Python without the current folder on its path: it may hold an ``omr.py`` beside the scans."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before
