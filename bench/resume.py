"""Long work that goes on where it was interrupted: a line in a state file for every finished piece."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

Line = dict[str, Any]
Piece = TypeVar("Piece")


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
