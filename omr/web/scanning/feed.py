"""What the pages of a stack say about how the paper went through: two sheets at once, dirt on the glass.

Pure: pages as they were seen in, warnings out. Nothing is decided here about any slip; who stands at
the scanner is told at once, while the paper is still in the hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from omr.words import PageOutcome

# Feeders stop some millimetres late, and paper is cut to a millimetre; two sheets that a feeder takes
# together are shifted by a centimetre or more, or it would have stopped at the second one's edge.
LONGER_MM: Final = 8.0
LEAST_PAGES: Final = 3  # from which the usual length is known
SAME_PLACE_MM: Final = 0.8  # a speck on the glass stays where it is; the width of a streak moves that much
TWO_AT_ONCE: Final = ("two_slips", "carrier_displaced")  # refusals that two sheets, one on the other, cause


@dataclass(frozen=True, slots=True)
class SeenPage:
    """One page as it came from the scanner, and what the reader made of it."""

    number: int  # its place in the stack, from 1
    file: str
    outcome: str  # a word of `PageOutcome`
    reason: str = ""  # why it was rejected
    values: dict[str, object] = field(default_factory=dict)
    serial: str = ""
    height_mm: float = 0.0
    streaks_mm: tuple[float, ...] = ()  # from the left, where dirt on the glass draws lines
    version: int = 1  # how many times this place was scanned


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to be said; its message is ``scanning.warn_<key>``."""

    key: str
    values: dict[str, object]
    page: int | None = None  # where, if it is one page


def warnings(
    pages: Sequence[SeenPage], *, duplex: bool = False, counted: int | None = None, done: bool = False
) -> list[Warned]:
    """Return what is to be said about a stack.

    Parameters
    ----------
    pages : sequence of SeenPage
        In their order.
    duplex : bool
        Whether both sides come, front and back in turn; each side has a glass of its own.
    counted : int, optional
        Sheets that somebody counted by hand.
    done : bool
        Whether the feeder is empty: before, fewer sheets than counted are no news.
    """
    step = 2 if duplex else 1
    told = [warned for side in range(step) for warned in _glass(pages[side::step])]
    told += [*_long(pages), *_overlapping(pages), *_twice(pages)]
    came = sum(page.outcome != PageOutcome.BLANK_BACK for page in pages)
    if counted is not None and came > counted:
        told.append(Warned("more_than_counted", {"counted": counted, "came": came}))
    elif done and counted is not None and came < counted:
        told.append(Warned("fewer_than_counted", {"counted": counted, "came": came, "lack": counted - came}))
    return told


def _glass(pages: Sequence[SeenPage]) -> Iterator[Warned]:
    """Tell streaks at the same place on two pages in a row: a fold, a printed line may look like one once."""
    said: list[float] = []
    for page, before in zip(pages[1:], pages, strict=False):
        for at in page.streaks_mm:
            same = any(abs(at - other) <= SAME_PLACE_MM for other in before.streaks_mm)
            if same and not any(abs(at - other) <= SAME_PLACE_MM for other in said):
                said.append(at)
                yield Warned("glass", {"at_mm": round(at, 1), "first": before.number})


def _long(pages: Sequence[SeenPage]) -> Iterator[Warned]:
    """Tell pages that are longer than their like: a second sheet hung on."""
    heights = [page.height_mm for page in pages if page.height_mm]
    if len(heights) < LEAST_PAGES:
        return
    usual = median(heights)
    for page in pages:
        if page.height_mm > usual + LONGER_MM:
            values = {"height": round(page.height_mm), "usual": round(usual)}
            yield Warned("long", {"page": page.number, **values}, page.number)


def _overlapping(pages: Sequence[SeenPage]) -> Iterator[Warned]:
    for page in pages:
        if page.reason in TWO_AT_ONCE:
            yield Warned("two_at_once", {"page": page.number}, page.number)


def _twice(pages: Sequence[SeenPage]) -> Iterator[Warned]:
    first: dict[str, int] = {}
    for page in pages:
        if page.serial and first.setdefault(page.serial, page.number) != page.number:
            values = {"page": page.number, "first": first[page.serial], "serial": page.serial}
            yield Warned("twice", values, page.number)
