"""Cases: slips and pages that a person judges whole, with their age, and what of them waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from omr.records.review.queue import Item, ItemKind, find_item, queue
from omr.records.review.second_reading import standing, to_confirm
from omr.records.store.store import Store

_CAME: Final = "SELECT batch, at FROM batches JOIN events ON events.event = batches.event"


@dataclass(frozen=True, slots=True)
class Case:
    """One slip or page that waits."""

    item: Item
    second: bool  # somebody decided already; the next reader does not see what
    came: str  # when its stack was taken in, UTC


def cases_for(store: Store, name: str) -> list[Case]:
    """Return what waits for this reviewer: fresh cases, what decides most first; then others'."""
    came = {row["batch"]: row["at"] for row in store.rows(_CAME)}
    fresh = [item for item in queue(store) if item.kind is not ItemKind.ANSWER]
    names = {item.item for item in fresh}
    confirm = [find_item(store, key) for key, said in to_confirm(store).items() if name not in standing(said)]
    second = [item for item in confirm if item.item not in names]
    return [
        *(Case(item, False, came[item.batch]) for item in fresh),
        *(Case(item, True, came[item.batch]) for item in second),
    ]
