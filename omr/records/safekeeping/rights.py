"""Who may enter a workspace: scans show handwriting, the register holds the secret keys of guard letters.

All that is made in a workspace is as private as its folder (`omr.files.others_may`); what an earlier
version, another program or a copy from elsewhere left open is found and closed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from omr.files import others_may


def open_to_others(workspace: Path) -> list[str]:
    """Return what others than its owner may read, write or enter, two floors deep; "." is the workspace.

    Where nobody can enter the folder, nobody reaches what is inside, yet: a copy of it elsewhere, or a
    folder that is opened one day, would show it.
    """
    found = [] if not others_may(workspace) else ["."]
    return found + [one.relative_to(workspace).as_posix() for one in _inside(workspace) if _is_open(one)]


def close_to_others(workspace: Path) -> list[str]:
    """Close what is open inside a workspace that is itself closed: nobody reached it, so nobody misses it.

    Return what was closed. What belongs to somebody else stays as it is.
    """
    if others_may(workspace):
        return []
    closed = []
    for name in open_to_others(workspace):
        with suppress(OSError):
            path = workspace / name
            path.chmod(path.stat().st_mode & 0o700)
            closed.append(name)
    return closed


def _inside(workspace: Path) -> Iterator[Path]:
    with suppress(OSError):
        for entry in sorted(os.scandir(workspace), key=lambda one: one.name):
            if not entry.is_symlink():
                yield Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    inner = sorted(os.scandir(entry.path), key=lambda one: one.name)
                    yield from (Path(one.path) for one in inner if not one.is_symlink())


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except FileNotFoundError:  # a passing file
        return False
