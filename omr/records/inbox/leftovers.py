"""What programs that were killed left behind, and nobody will ever finish, is removed at the next start.

Files are written under a name with the writer's number and get their own name when they are
whole. So such a name whose writer does not run any more is nothing: what it was to become is either
still where it came from, or will be made again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from omr.files import remove, remove_folder
from omr.records.inbox.inbox import Inbox, StackState, Way, is_stack
from omr.records.inbox.outlook import READER
from omr.records.intake.claims import OwnedError
from omr.workspace import Workspace

_PART: Final = re.compile(r"\..+\.(\d+)\.part")
_OF_PROGRAMS: Final = (Way.WATCH, Way.READ)  # their files are still where they came from


def remove_leftovers(workspace: Workspace, *, runs: Callable[[int], bool] | None = None) -> list[Path]:
    """Remove what dead programs left half-written in a workspace; return what was removed.

    Parameters
    ----------
    runs : callable, optional
        Says whether a process of that number runs.
    """
    removed = []
    for path in _half_written(workspace):
        match = _PART.fullmatch(path.name)
        if match and not (runs or process_runs)(int(match[1])):
            with suppress(OSError):
                remove_folder(path) if path.is_dir() else remove(path)
                removed.append(path)
    inbox = Inbox(workspace)
    for stack in inbox.not_done():
        if stack.way in _OF_PROGRAMS and inbox.state(stack) is StackState.OPEN:
            with suppress(OSError, OwnedError), inbox.claims.at_once(stack.name):
                inbox.drop(stack)
                removed.append(inbox.folder / stack.name)
    known = {stack.name for stack in inbox.not_done()}
    for claim in inbox.claims.names():
        if claim not in known and (is_stack(claim) or claim.startswith(READER)):
            inbox.claims.forget(claim)
    return removed


def _half_written(workspace: Workspace) -> Iterator[Path]:
    """Yield what may be a program's half-written file, two floors deep; of the originals one."""
    yield from workspace.path.glob(".*.part")
    for folder in [one for one in workspace.path.iterdir() if one.is_dir() and not one.is_symlink()]:
        yield from folder.glob(".*.part")
        if folder != workspace.scans:
            yield from folder.glob("*/.*.part")


def process_runs(number: int) -> bool:
    """Whether a process of this number runs; where that cannot be known, it is assumed."""
    if os.name == "nt":  # a signal of 0 is Ctrl-C there
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
