"""Pages of somebody else's forms: they have no serial of ours, and are counted in a survey of their own.

Each is given a name, ``COURSE/0000007``, or with what its bar code says ``COURSE/AB123``: nothing that
could be taken for a serial. The numbers are kept in runs of their own, of year 0, which were never printed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import RegisterError
from omr.forms.serial import KEY_BYTES
from omr.forms.template import fingerprint
from omr.forms.traced import Foreign
from omr.reading.traced.read import TracedPage
from omr.records.intake.orders import Orders
from omr.records.offices.periods import state_of
from omr.records.register.register import archive_form
from omr.records.store.act import Row
from omr.records.store.originals import keep_original
from omr.records.store.store import Store
from omr.words import Aside, PeriodState

DIGIT: Final = 0
YEAR: Final = 0  # no slip of ours is of the year 2000: its numbers are never printed


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page is known by."""

    name: str
    run: str
    number: int
    unit: str
    period: str
    by_code: bool


@dataclass
class _Run:
    """The pages of one form that one act adds for one unit and period."""

    run: str
    fingerprint: str
    form: str
    unit: str
    period: str
    first: int
    last: int


class FoundSheets:
    """Names the pages of one act, and makes the runs that hold their numbers."""

    def __init__(self, store: Store, orders: Orders) -> None:
        self._store = store
        self._orders = orders
        self._runs: list[_Run] = []
        self._pictures: dict[str, int] = {}  # of this act
        self._names: dict[str, int] = {}

    def sheet(self, result: TracedPage, page: int) -> Sheet:
        """Name a page.

        Raises
        ------
        RegisterError
            ``trace.whose``: nobody said for which unit and period the stack counts.
        """
        unit, period = self._orders.unit, self._orders.period
        if unit is None or period is None:
            raise RegisterError("trace.whose", form=result.form, file=result.file, page=result.page)
        one = self._runs[-1] if self._runs else None
        if one is None or one.fingerprint != result.fingerprint:
            one = self._next(result, unit, period)
        one.last += 1
        name = f"{result.form}/{result.code}" if result.code else f"{result.form}/{one.last:07}"
        return Sheet(name, one.run, one.last, unit, period, bool(result.code))

    def why_aside(
        self, sheet: Sheet, reading: int, picture: str, older: tuple[str, ...]
    ) -> tuple[Aside | None, int | None]:
        """Return why a page does not count by itself: read before, of one code twice, month closed."""
        same = self._same_picture(picture, older)
        twin = self._same_name(sheet) if sheet.by_code else None
        self._pictures.setdefault(picture, reading)
        self._names.setdefault(sheet.name, reading)
        if same is not None:
            return Aside.SAME_IMAGE, same
        if twin is not None:
            return Aside.DUPLICATE_OTHER_IMAGE, twin
        if state_of(self._store, sheet.period) is PeriodState.CLOSED:
            return Aside.PERIOD_CLOSED, None
        return None, None

    def runs(self) -> tuple[list[Row], list[Row]]:
        """Return the rows of the runs and of their ends."""
        rows: list[Row] = [
            {
                "run": one.run,
                "form": one.form,
                "fingerprint": one.fingerprint,
                "unit": one.unit,
                "period": one.period,
                "digit": DIGIT,
                "year": YEAR,
                "first": one.first,
                "last": one.last,
                "key": secrets.token_bytes(KEY_BYTES),
                "seeded": 0,
                "target": "",
            }
            for one in self._runs
        ]
        return rows, [{"run": one.run, "state": "void", "pdf": None} for one in self._runs]

    def _next(self, result: TracedPage, unit: str, period: str) -> _Run:
        last = self._store.value("SELECT max(last) FROM runs WHERE digit = ? AND year = ?", DIGIT, YEAR)
        first = max([int(last or 0), *(one.last for one in self._runs)]) + 1
        count = int(self._store.value("SELECT count(*) FROM runs WHERE year = ?", YEAR) or 0)
        run = f"F{count + len(self._runs) + 1:06}"
        self._runs.append(_Run(run, result.fingerprint, result.form, unit, period, first, first - 1))
        return self._runs[-1]

    def _same_picture(self, picture: str, older: tuple[str, ...]) -> int | None:
        for one in (picture, *older):
            if one in self._pictures:
                return self._pictures[one]
            row = self._store.row(
                """SELECT min(reading) AS reading FROM slips JOIN pages USING (page)
                WHERE picture = ? AND run IN (SELECT run FROM runs WHERE year = ?)""",
                *(one, YEAR),
            )
            if row is not None and row["reading"] is not None:
                return int(row["reading"])
        return None

    def _same_name(self, sheet: Sheet) -> int | None:
        if sheet.name in self._names:
            return self._names[sheet.name]
        row = self._store.row("SELECT min(reading) AS reading FROM slips WHERE serial = ?", sheet.name)
        return None if row is None or row["reading"] is None else int(row["reading"])


def is_found(name: str, form: str) -> bool:
    """Whether a slip's name is that of a sheet that was not printed here; no serial of ours has a stroke."""
    return name.startswith(f"{form}/")


def take_on(store: Store, forms: Mapping[str, Foreign], scans: Path, *, by: str) -> None:
    """Enter the traced forms that people confirmed: as archived forms, their prints among the originals.

    Parameters
    ----------
    forms : mapping of str
        By name.

    Raises
    ------
    RegisterError
        If one changed without a new revision.
    """
    for foreign in forms.values():
        if fingerprint(foreign.form) in store.forms:
            continue
        kept = keep_original(foreign.print_file, scans)
        with store.act("take_on_form", by=by) as act:
            archive_form(store, act, foreign.form)
            if store.row("SELECT 1 FROM originals WHERE original = ?", kept.sha256) is None:
                path = f"{kept.path.parent.parent.name}/{kept.path.parent.name}/{kept.path.name}"
                act.add("originals", {"original": kept.sha256, "path": path, "bytes": kept.bytes})
