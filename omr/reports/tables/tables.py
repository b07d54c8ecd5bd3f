"""Biểu 01-07 as plain data: headings, rows and cells that still are figures.

Every output (document, workbook, test) prints the same cells; `printed` is the one place
that turns a cell into Vietnamese text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Final

from omr.figures import Change, Mean, Nothing, Share, vietnamese
from omr.records.offices.units import UnitKind
from omr.reports.figures.statistics import Month


@dataclass(frozen=True, slots=True)
class Heat:
    """A share in a table that shows by its shade where it is bad; `firm` with answers enough to judge."""

    share: Share
    firm: bool

    @property
    def shade(self) -> int:
        """0 for white to 3 for dark: apart in black and white; what is not firm stays white."""
        if not self.firm or not self.share.whole:
            return 0
        return sum(100 * self.share.part < step * self.share.whole for step in HEAT_STEPS)


HEAT_STEPS: Final = (90, 80, 70)  # per cent; below each the cell is a shade darker
Cell = str | int | Share | Heat | Mean | Change | Nothing | None


class Style(Enum):
    """How a column's cells are printed."""

    TEXT = auto()
    WORD = auto()  # short text, centred
    ORDER = auto()  # running numbers, centred
    COUNT = auto()
    PERCENT = auto()
    INTERVAL = auto()
    MEAN = auto()
    POINTS = auto()
    HEAT = auto()


class Weight(Enum):
    """What a row is."""

    BODY = auto()
    GROUP = auto()  # heads the rows below it
    TOTAL = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column; columns with the same `over` next to each other share that heading."""

    heading: str
    style: Style
    width_mm: float
    over: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: as many cells as the table has columns."""

    cells: tuple[Cell, ...]
    weight: Weight = Weight.BODY


@dataclass(frozen=True, slots=True)
class Table:
    """One Biểu."""

    number: str  # "01"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.number}: a row has not {len(self.columns)} cells")


def printed(cell: Cell, style: Style) -> str:
    """Return a cell as the report prints it; the only place where figures are rounded.

    Examples
    --------
    >>> printed(Share(6650, 7528), Style.PERCENT), printed(29350, Style.COUNT), printed(None, Style.COUNT)
    ('88,34', '29.350', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, (Nothing, str)):
        return str(cell)
    if isinstance(cell, int):
        return vietnamese(cell)
    if isinstance(cell, Heat):
        percent = printed(cell.share, Style.PERCENT)
        return percent if cell.firm else f"({percent})"
    if isinstance(cell, Share) and style is Style.INTERVAL:
        bounds = cell.interval()
        return "–".join(vietnamese(bound) for bound in bounds) if bounds else Nothing.NONE.value
    value = number(cell)
    return Nothing.NONE.value if value is None else vietnamese(value, signed=style is Style.POINTS)


def number(cell: Share | Heat | Mean | Change) -> Decimal | None:
    """Return the rounded number of a figure: per cent, level or percentage points."""
    if isinstance(cell, Heat):
        return cell.share.percent()
    if isinstance(cell, Share):
        return cell.percent()
    return cell.value() if isinstance(cell, Mean) else cell.points()


# How units are grouped, in this order; a unit that the list does not know stands last.
KINDS: Final = {
    "Các phòng": (UnitKind.CITY, UnitKind.DEPARTMENT),
    "Công an quận, huyện, thành phố thuộc thành phố": (UnitKind.DISTRICT,),
    "Công an xã, phường, đặc khu": (UnitKind.COMMUNE, UnitKind.SPECIAL_ZONE),
    "Đơn vị chưa có trong danh mục": (None,),
}


def unit_groups(month: Month) -> Iterator[tuple[str, list[str]]]:
    """Yield the reporting units under the headings of their kinds, empty kinds left out."""
    for heading, kinds in KINDS.items():
        units = [unit for unit in month.reporting if _kind(month, unit) in kinds]
        if units:
            yield heading, units


def _kind(month: Month, unit: str) -> UnitKind | None:
    entry = month.entries.get(unit)
    return entry.kind if entry else None
