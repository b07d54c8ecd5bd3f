"""What was given with a stack and not read, kept with its batch: files = read + left out."""

from __future__ import annotations

from collections.abc import Iterable

from omr.reading.files.find import LeftOut
from omr.records.store.act import Act, Row
from omr.records.store.store import Store
from omr.words import NotRead


def add_left_out(store: Store, act: Act, batch: str, left_out: Iterable[LeftOut]) -> None:
    """Add what is not there yet."""
    known = {(one.path, one.reason) for one in left_out_of(store, batch)}
    rows: dict[tuple[str, NotRead], Row] = {}
    for one in left_out:
        if (one.path, one.reason) not in known:
            rows[one.path, one.reason] = {
                "batch": batch,
                "path": one.path,
                "reason": one.reason,
                "files": one.files,
            }
    act.add("left_out", *rows.values())


def left_out_of(store: Store, batch: str) -> list[LeftOut]:
    """Return what was left out when a batch was read, what waits for a person first."""
    rows = store.rows("SELECT path, reason, files FROM left_out WHERE batch = ? ORDER BY path", batch)
    found = [LeftOut(row["path"], NotRead(row["reason"]), row["files"]) for row in rows]
    return sorted(found, key=lambda one: not one.reason.waits)
