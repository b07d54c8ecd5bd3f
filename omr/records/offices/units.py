"""Units are dated data: CSV in, entries in the register, and lookups that forgive spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Final

from omr.errors import OmrError, RegisterError
from omr.messages import say
from omr.records.offices.periods import Period
from omr.records.store.store import Store
from omr.tables_in import SheetError, checked, no_day, sheet_of
from omr.text import day_of, folded

# Headings as offices write them, compared without diacritics.
HEADINGS: Final = {
    "unit": ("unit", "mã đơn vị", "đơn vị", "mã"),
    "name": ("name", "tên đơn vị", "tên"),
    "kind": ("kind", "loại đơn vị", "loại"),
    "parent": ("parent", "đơn vị cấp trên", "cấp trên"),
    "valid_from": ("valid_from", "từ ngày", "ngày bắt đầu"),
    "valid_to": ("valid_to", "thôi từ ngày", "ngày thôi hoạt động"),  # the first day without it
    "successor": ("successor", "đơn vị kế tiếp"),
}
_REQUIRED: Final = ("unit", "name", "kind", "valid_from")

# The nation has some 3,400 police units; a larger file is not a list of units.
MAX_BYTES: Final = 5_000_000

_COLUMNS: Final = {folded(word): column for column, words in HEADINGS.items() for word in words}

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,31}")


class UnitKind(StrEnum):
    """What a unit is."""

    CITY = "city"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"
    SPECIAL_ZONE = "special_zone"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it was from `valid_from` up to, without, `valid_to`."""

    unit: str
    name: str
    kind: UnitKind
    parent: str | None
    valid_from: date
    valid_to: date | None  # the day on which it was dissolved or changed
    successor: str | None

    def serves(self, period: Period) -> bool:
        """Whether the unit existed on at least one day of the period."""
        return self.valid_from < period.day_after and (
            self.valid_to is None or self.valid_to > period.first_day
        )


# Grave, acute, tilde, hook above, dot below: the marks that may stand on either vowel of a syllable.
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")


def _with_tones(text: str) -> str:
    """Return text for telling names apart whose letters are the same: each syllable's tone at its end.

    Examples
    --------
    >>> _with_tones("Thuỷ") == _with_tones("Thủy"), _with_tones("Cẩm Giang") == _with_tones("Cẩm Giàng")
    (True, False)
    """
    syllables = unicodedata.normalize("NFD", text.casefold()).split()
    return "".join("".join(sorted(syllable, key=_TONES.__contains__)) for syllable in syllables)


# Written with hyphens too: "quận-huyện", "xã/phường".
_KINDS: Final = {
    **{folded(kind): kind for kind in UnitKind},
    **{folded(word): UnitKind.CITY for word in ("thành phố", "công an thành phố", "tỉnh")},
    **{folded(word): UnitKind.DEPARTMENT for word in ("phòng", "phòng nghiệp vụ")},
    **{folded(word): UnitKind.DISTRICT for word in ("quận", "huyện", "quận huyện", "thị xã")},
    **{folded(word): UnitKind.COMMUNE for word in ("xã", "phường", "thị trấn", "xã phường")},
    **{folded(word): UnitKind.SPECIAL_ZONE for word in ("đặc khu",)},
}
_PREFIX: Final = re.compile("^(phong|(congan)?(quan|huyen|thanhpho|thixa|xa|phuong|thitran|dackhu)?)")


_SHIPPED: Final = Path(str(resources.files("omr.records.offices"))) / "units"
TEMPLATE: Final = _SHIPPED / "template.csv"  # to be filled in, not to be imported


def shipped_lists() -> list[str]:
    """Return the names of the built-in lists."""
    return sorted(file.stem for file in _SHIPPED.glob("*.csv") if file != TEMPLATE)


def shipped_units(name: str) -> Path | None:
    """Return the file of a built-in list, for example ``hai-phong-2023``, or None."""
    return _SHIPPED / f"{name}.csv" if name in shipped_lists() else None


def read_units(data: bytes, file: str = "units.csv") -> list[Unit]:
    """Return the units of a table, CSV or XLSX; `file` is its name for people.

    Raises
    ------
    OmrError
        Naming every wrong line and what is expected there.
    """
    sheet = sheet_of(data, file, most_bytes=MAX_BYTES)
    given = {heading: _COLUMNS.get(folded(heading)) for heading in sheet.columns}
    known = [column for column in given.values() if column is not None]
    if not set(_REQUIRED) <= set(known) or len(known) < len(sheet.columns) or len(set(known)) < len(known):
        found = "".join(sign for sign in ", ".join(given)[:200] if sign.isprintable())
        raise OmrError("units.columns", expected=", ".join(map(_called, HEADINGS)), found=found)
    if not sheet.rows:
        raise OmrError("units.empty")
    return checked(sheet, lambda cells: unit_of({given[name] or name: text for name, text in cells.items()}))


def _called(column: str) -> str:
    """Return what a column is called in the reader's language."""
    return say(f"units.column_{column}")


def unit_of(cells: Mapping[str, str]) -> Unit:
    """Return the unit that cells describe, by the names of `HEADINGS`.

    Raises
    ------
    OmrError
        If one of them is wrong.
    """
    for column in _REQUIRED:
        if not cells.get(column):
            raise OmrError("units.absent", column=_called(column))
    for column, cell in cells.items():
        if cell[:1] in "=+-@\t\r" and cell or len(cell) > 200 or not cell.isprintable():
            raise OmrError("units.bad_cell", column=_called(column))
    code = cells["unit"].upper()
    if not _CODE.fullmatch(code):
        raise OmrError("units.bad_code", code=cells["unit"])
    kind = _KINDS.get(folded(cells["kind"]))
    if kind is None:
        raise OmrError(
            "units.bad_kind",
            kind=cells["kind"],
            expected="; ".join(say(f"units.kind_{one}") for one in UnitKind),
        )
    start, end = _day(cells, "valid_from"), _day(cells, "valid_to")
    assert start is not None  # required above
    if end is not None and end <= start:
        raise OmrError("units.ends_before", valid_from=start, valid_to=end)
    parent, successor = (cells.get(column, "").upper() or None for column in ("parent", "successor"))
    return Unit(code, cells["name"], kind, parent, start, end, successor)


def _day(cells: Mapping[str, str], column: str) -> date | None:
    text = cells.get(column, "")
    if not text:
        return None
    day = day_of(text, whole=True)
    if day is None:
        raise no_day(text, OmrError("units.bad_date", column=_called(column), text=text))
    return day


def import_units(store: Store, units: Iterable[Unit], *, by: str) -> int:
    """Add what is new or changed, all of it or nothing; return how many entries that was.

    Raises
    ------
    OmrError
        If the list would contradict itself: same unit twice at one time, unknown parent or successor.
    """
    with store.act("import_units", by=by) as act:
        entries = {(unit.unit, unit.valid_from): unit for unit in list_units(store)}
        changed: list[Unit] = []
        wrong: list[OmrError] = []
        seen: set[tuple[str, date]] = set()
        for unit in units:
            key = unit.unit, unit.valid_from
            if key in seen:
                wrong.append(OmrError("units.twice", unit=unit.unit, valid_from=unit.valid_from))
            seen.add(key)
            if entries.get(key) != unit:
                changed.append(unit)
                entries[key] = unit
        wrong += _contradictions(entries.values())
        if wrong:
            raise SheetError(wrong)
        first = act.next_id("unit_entries", "entry")
        rows = [{"entry": first + place, **_row(unit)} for place, unit in enumerate(changed)]
        act.add("unit_entries", *rows)
    return len(changed)


def _contradictions(units: Iterable[Unit]) -> Iterator[OmrError]:
    by_code: dict[str, list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: unit.valid_from):
        by_code.setdefault(unit.unit, []).append(unit)
    for code, entries in by_code.items():
        for earlier, later in zip(entries, entries[1:], strict=False):
            if earlier.valid_to is None or earlier.valid_to > later.valid_from:
                yield OmrError("units.overlap", unit=code, valid_from=later.valid_from)
        for entry in entries:
            for column, other in (("parent", entry.parent), ("successor", entry.successor)):
                if other is not None and (other not in by_code or other == code):
                    yield OmrError("units.unknown_other", unit=code, column=_called(column), other=other)


def _row(unit: Unit) -> dict[str, str | None]:
    return {key: value if value is None else str(value) for key, value in asdict(unit).items()}


def list_units(store: Store) -> list[Unit]:
    """Return all entries, the oldest first, by code."""
    return [
        Unit(
            row["unit"],
            row["name"],
            UnitKind(row["kind"]),
            row["parent"],
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            row["successor"],
        )
        for row in store.rows("SELECT * FROM units ORDER BY unit, valid_from")
    ]


def _spellings(unit: Unit) -> tuple[str, ...]:
    """Return what a unit goes by: its code, "Công an quận Lê Chân", "quận Lê Chân", "Lê Chân"."""
    name = folded(unit.name)
    return folded(unit.unit), name, name.removeprefix("congan"), _PREFIX.sub("", name)


def find_unit(store: Store, text: str, period: Period | None = None) -> Unit:
    """Return the unit that `text` names, by code or name, however spelt; with `period`, as it was then.

    Raises
    ------
    RegisterError
        If there is none, more than one, or it did not exist in the period.
    """
    wanted = folded(text)
    named = [unit for unit in list_units(store) if wanted in _spellings(unit)]
    if not named:
        raise RegisterError("units.unknown", unit=text[:80])
    serving = [unit for unit in named if period is None or unit.serves(period)]
    if not serving:
        raise RegisterError("units.not_in_period", unit=named[-1].unit, period=period)
    # Xã Cẩm Giang and xã Cẩm Giàng are two: where letters alone name both, the tones tell.
    exact = [unit for unit in serving if _with_tones(unit.name).endswith(_with_tones(text))]
    meant = exact or serving
    if len({unit.unit for unit in meant}) > 1:
        choices = ", ".join(sorted({unit.unit for unit in meant}))
        raise RegisterError("units.ambiguous", unit=text[:80], choices=choices)
    return meant[-1]
