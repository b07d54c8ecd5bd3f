"""Cases: slips and pages that a person judges whole, with their age, and what of them waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from omr.records.review.queue import Item, ItemKind, find_item, queue
from omr.records.review.second_reading import standing
from omr.records.review.whole_slips import to_confirm
from omr.records.store.store import Store

_CAME: Final = "SELECT batch, at FROM batches JOIN events ON events.event = batches.event"


@dataclass(frozen=True, slots=True)
class Case:
    """One slip or page that waits."""

    item: Item
    second: bool  # somebody decided already; the next reader does not see what
    came: str  # when its stack was taken in, UTC


_KINDS: Final = (ItemKind.HELD, ItemKind.SLIP, ItemKind.PAGE)  # what decides most first


def spoken_of(item: Item) -> str:
    """Return the name by which `to_confirm` knows a case: what was held and decided is judged as a slip."""
    return f"S{item.reading}" if item.kind is ItemKind.HELD else item.item


def cases_for(store: Store, name: str) -> list[Case]:
    """Return what waits for this reviewer: fresh cases, what decides most first; then others'."""
    came = {row["batch"]: row["at"] for row in store.rows(_CAME)}
    confirm = to_confirm(store)
    fresh = [item for kind in _KINDS for item in queue(store, kind=kind) if spoken_of(item) not in confirm]
    second = [find_item(store, key) for key, said in confirm.items() if name not in standing(said)]
    return [
        *(Case(item, False, came[item.batch]) for item in fresh),
        *(Case(item, True, came[item.batch]) for item in second),
    ]


def to_be_confirmed(store: Store, **only: str | None) -> dict[str, tuple[Item, list[str]]]:
    """Return what people said and no other confirmed, and who did, by the names of `to_confirm`.

    Parameters
    ----------
    **only : str, optional
        Columns that must have this value, as for `queue`.
    """
    wanted = {column: value for column, value in only.items() if value is not None}
    found = {key: (find_item(store, key), list(standing(said))) for key, said in to_confirm(store).items()}
    return {
        key: (item, names)
        for key, (item, names) in found.items()
        if all(getattr(item, column) == value for column, value in wanted.items())
    }
