"""Boxes as AMC (Auto Multiple Choice) lays them out: the rows of its ``layout.sqlite``, made into pages.

Places are px of a page at the resolution that its row states. Four discs stand near the corners; rows of
small boxes, black for 1, say the number of the copy, of its page, and a check number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from omr.errors import OmrError
from omr.geometry import MM_PER_INCH
from omr.reading.traced.find import Shape
from omr.reading.traced.layouts.stated import Field, Layout, Place, disc

NOT_SCANNED: Final = 0x1
OVAL: Final = 0x10
CORNERS: Final = 4

Sides = tuple[float, float, float, float]  # left, right, top, bottom: xmin, xmax, ymin, ymax


@dataclass(frozen=True, slots=True)
class Page:
    """A row of ``layout_page``."""

    copy: int
    page: int
    check: int
    dpi: float
    disc_px: float


@dataclass(frozen=True, slots=True)
class Box:
    """A row of ``layout_box``: a box that is to be ticked."""

    question: int
    answer: int
    sides: Sides
    flags: int
    letter: str  # in or beside it


@dataclass(frozen=True, slots=True)
class Rows:
    """What the file holds, by copy and page."""

    pages: Sequence[Page]
    discs: Mapping[tuple[int, int], Sequence[tuple[float, float]]]  # middles
    boxes: Mapping[tuple[int, int], Sequence[Box]]
    digits: Mapping[tuple[int, int], Sequence[tuple[int, int, Sides]]]  # of which number, which digit
    names: Mapping[int, str]  # of the questions
    several: Set[int] = frozenset()  # questions of which its scoring says that several answers may be right


def layouts_of(rows: Rows) -> list[Layout]:
    """Return the pages that have boxes to tick.

    Raises
    ------
    OmrError
        ``trace.bad_layout``, naming what is wrong.
    """
    layouts = [layout for page in rows.pages if (layout := _layout(rows, page)).fields]
    if not layouts:
        raise OmrError("trace.bad_layout", detail="layout_box")
    return layouts


def _layout(rows: Rows, page: Page) -> Layout:
    at = page.copy, page.page
    mm = MM_PER_INCH / page.dpi
    middles = rows.discs.get(at, ())
    if len(middles) != CORNERS:
        raise OmrError("trace.bad_layout", detail=f"layout_mark {page.copy}/{page.page}")
    discs = tuple(disc(x * mm, y * mm, page.disc_px * mm) for x, y in middles)
    bits = tuple(_bits(page, rows.digits.get(at, ()), mm))
    return Layout(tuple(_fields(rows.boxes.get(at, ()), rows, mm)), discs, page.page, bits)


def _fields(boxes: Sequence[Box], rows: Rows, mm: float) -> Iterator[Field]:
    """Yield the questions in the order in which they stand on the page."""
    members: dict[int, list[Box]] = defaultdict(list)
    for box in boxes:
        if not box.flags & NOT_SCANNED:
            members[box.question].append(box)
    first = {number: min((box.sides[2], box.sides[0]) for box in some) for number, some in members.items()}
    for number in sorted(members, key=lambda number: first[number]):
        # The answer 0, "none of these", stands below the others.
        some = sorted(members[number], key=lambda box: (box.answer == 0, box.answer))
        labels = tuple(box.letter or str(box.answer) for box in some)
        # Only where several may be ticked a box "none of these" stands beside them.
        several = number in rows.several or any(box.answer == 0 for box in some)
        places = tuple(_place(box, mm) for box in some)
        yield Field(rows.names.get(number, str(number)), labels, places, several)


def _place(box: Box, mm: float) -> Place:
    left, right, top, bottom = (side * mm for side in box.sides)
    return Place(left, top, right, bottom, Shape.OVAL if box.flags & OVAL else Shape.RECTANGLE)


def _bits(page: Page, digits: Sequence[tuple[int, int, Sides]], mm: float) -> Iterator[tuple[Place, bool]]:
    """Yield the boxes of the page's numbers, and whether each is black: the first digit counts most."""
    for number, value in enumerate((page.copy, page.page, page.check), start=1):
        places = sorted((digit, sides) for of, digit, sides in digits if of == number)
        for place, (_, sides) in enumerate(reversed(places)):
            left, right, top, bottom = (side * mm for side in sides)
            yield Place(left, top, right, bottom), bool(value >> place & 1)
