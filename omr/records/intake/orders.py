"""What was said about a stack, at the command line, at a desk, or by the cover sheet on top of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from omr.errors import RegisterError
from omr.messages import say
from omr.records.offices.periods import parse_period
from omr.records.offices.units import find_unit
from omr.records.store.store import Store

if TYPE_CHECKING:  # it brings reportlab, and who only asks the inbox needs none
    from omr.forms.printing.cover import Cover


@dataclass(frozen=True, slots=True)
class Orders:
    """Whose slips a stack holds, of when, and how many; None: each slip's print run says it."""

    unit: str | None = None
    period: str | None = None
    expected: int | None = None  # sheets that somebody counted

    def checked(self, store: Store) -> Orders:
        """Return the same with the unit's code and the period's name as the register writes them.

        Raises
        ------
        RegisterError
            If unit or period are unknown.
        """
        when = parse_period(self.period) if self.period else None
        unit = find_unit(store, self.unit, when).unit if self.unit else None
        return replace(self, unit=unit, period=when.name if when else None)

    def with_cover(self, store: Store, cover: Cover) -> Orders:
        """Return what these orders and a cover sheet say together.

        Raises
        ------
        RegisterError
            If they contradict each other: one of them belongs to another stack. If the sheet
            names a unit or a period that does not exist.
        """
        find_unit(store, cover.unit, parse_period(cover.period))
        said = {"unit": cover.unit, "period": cover.period, "count": cover.count}
        for (what, value), own in zip(said.items(), (self.unit, self.period, self.expected), strict=True):
            if own not in (None, value):
                raise RegisterError("cover.differs", what=say(f"cover.{what}"), cover=value, told=own)
        return Orders(cover.unit, cover.period, cover.count)
