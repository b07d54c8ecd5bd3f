"""Whether an office has begun: of each thing without which nothing works, whether there is any."""

from __future__ import annotations

from dataclasses import dataclass

from omr.records.store.store import Store


@dataclass(frozen=True, slots=True)
class Begun:
    """What is there."""

    units: bool
    issued: bool
    handed_over: bool
    scanned: bool


def begun(store: Store) -> Begun:
    """Return how far an office is on its first days."""
    row = store.row(
        """SELECT EXISTS (SELECT 1 FROM units) AS units, EXISTS (SELECT 1 FROM runs) AS issued,
               EXISTS (SELECT 1 FROM hand_overs) AS handed_over, EXISTS (SELECT 1 FROM batches) AS scanned"""
    )
    assert row is not None
    return Begun(*map(bool, row))
