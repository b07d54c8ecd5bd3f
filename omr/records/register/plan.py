"""A plan of issuing: how many slips of which form each unit gets for a month, read before printing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import RegisterError
from omr.forms.template import Form
from omr.records.offices.periods import Period, refuse_closed
from omr.records.offices.units import find_unit
from omr.records.store.store import Store
from omr.tables_in import called, checked, read_sheet
from omr.text import folded, whole_number

HEADINGS: Final = {
    "unit": ("unit", "đơn vị", "mã đơn vị", "tên đơn vị"),
    "form": ("form", "mẫu", "mẫu phiếu", "mã mẫu phiếu"),
    "count": ("count", "số phiếu", "số lượng", "số lượng phiếu"),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of a plan."""

    unit: str
    form: Form
    count: int

    @property
    def file(self) -> str:
        """The name of its print file."""
        return f"{self.unit}-{self.form.form}.pdf"


def read_plan(store: Store, path: Path, period: Period, find: Callable[[str], Form]) -> list[Planned]:
    """Return the lines of a plan, all of them right: nothing is printed of a plan that is wrong somewhere.

    Raises
    ------
    OmrError
        Naming every wrong line, or a unit and form that stand twice.
    """
    refuse_closed(store, period.name)
    sheet = read_sheet(path)
    columns = {
        name: column
        for column in reversed(sheet.columns)
        for name, words in HEADINGS.items()
        if folded(column) in {folded(word) for word in words}
    }
    absent = [name for name in HEADINGS if name not in columns]
    if absent:
        found = ", ".join(sheet.columns)[:200]
        names = ", ".join(called(name, HEADINGS) for name in absent)
        raise RegisterError("register.plan_columns", absent=names, found=found)

    def line(cells: Mapping[str, str]) -> Planned:
        number = whole_number(cells[columns["count"]])
        if not number:
            raise RegisterError("register.plan_count", text=cells[columns["count"]][:40])
        form = find(cells[columns["form"]])
        return Planned(find_unit(store, cells[columns["unit"]], period).unit, form, number)

    lines = checked(sheet, line)
    files = [one.file for one in lines]
    if twice := next((file for file in files if files.count(file) > 1), None):
        raise RegisterError("register.plan_twice", file=twice)
    return lines
