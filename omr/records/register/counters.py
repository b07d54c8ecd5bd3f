"""The counters where citizens are received: who helps there, by which telephone, whether the board hangs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

from omr.errors import RegisterError
from omr.forms.serial import IssuedSerials
from omr.records.offices.periods import Period, parse_period, refuse_closed
from omr.records.offices.units import find_unit
from omr.records.register.custody import Span, parse_span
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.tables_in import called, checked, no_day, read_sheet
from omr.text import day_of, folded

HEADINGS: Final = {
    "counter": ("counter", "mã", "mã địa điểm", "mã quầy"),
    "unit": ("unit", "đơn vị", "mã đơn vị", "tên đơn vị"),
    "name": ("name", "tên", "địa điểm", "tên địa điểm", "địa điểm tiếp dân", "quầy"),
    "phone": ("phone", "điện thoại", "số điện thoại"),
    "officer": ("officer", "cán bộ", "cán bộ hướng dẫn", "người hướng dẫn"),
    "board": ("board", "bảng", "có bảng", "bảng qr", "bảng hướng dẫn"),
    "valid_from": ("valid_from", "từ ngày", "hiệu lực từ"),
    "valid_to": ("valid_to", "đến ngày", "hiệu lực đến"),
}
_NEEDED: Final = ("counter", "unit", "name", "board")
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,31}")
_YES: Final = {*map(folded, ("1", "1.0", "có", "x", "yes", "true")), "✓", "✔", "√", "☑"}
_NO: Final = {*map(folded, ("0", "0.0", "không", "no", "false")), "", "-", "–"}
# What a spreadsheet makes of a telephone number: 9.12E+08, or 912345678 without its 0.
_NO_PHONE: Final = re.compile(r"\d[.,]\d+E\+?\d+|(?!84)[2-9]\d{8,9}", re.IGNORECASE)
ALWAYS: Final = "2023-03-07"  # when the programme began


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter as it is."""

    counter: str
    unit: str
    name: str
    phone: str
    officer: str
    board: bool
    valid_from: str
    valid_to: str | None

    def serves(self, period: Period) -> bool:
        """Whether it is there on at least one day of the period."""
        begins = date.fromisoformat(self.valid_from)
        ends = date.fromisoformat(self.valid_to) if self.valid_to else None
        return begins < period.day_after and (ends is None or ends > period.first_day)


def import_counters(store: Store, path: Path, *, by: str) -> int:
    """Add what is new or changed of a table of counters, all or nothing; return how many that was.

    Raises
    ------
    OmrError
        Naming every wrong line.
    """
    sheet = read_sheet(path)
    columns = _columns(sheet.columns)
    with store.act("import_counters", by=by) as act:
        known = {one.counter: one for one in counters(store)}
        read = checked(sheet, lambda cells: _counter(store, cells, columns))
        if len({one.counter for one in read}) < len(read):
            names = [one.counter for one in read]
            twice = next(name for name in names if names.count(name) > 1)
            raise RegisterError("register.counter_twice", counter=twice)
        changed = [one for one in read if known.get(one.counter) != one]
        first = act.next_id("counter_entries", "counter_entry")
        rows = [
            {"counter_entry": first + at, **asdict(one), "board": int(one.board)}
            for at, one in enumerate(changed)
        ]
        act.add("counter_entries", *rows)
    return len(changed)


def record_counter(store: Store, said: Mapping[str, str], *, by: str) -> Counter:
    """Record one counter as somebody describes it, by the names of `HEADINGS`; a later record replaces it.

    Raises
    ------
    RegisterError
        If its code, unit or a day is wrong.
    """
    with store.act("import_counters", by=by) as act:
        made = _counter(store, said, {name: name for name in said})
        if made not in counters(store):
            number = act.next_id("counter_entries", "counter_entry")
            act.add("counter_entries", {"counter_entry": number, **asdict(made), "board": int(made.board)})
    return made


def _columns(found: Sequence[str]) -> dict[str, str]:
    columns = {
        name: column
        for column in reversed(found)
        for name, words in HEADINGS.items()
        if folded(column) in {folded(word) for word in words}
    }
    absent = [name for name in _NEEDED if name not in columns]
    if absent:
        names = ", ".join(called(name, HEADINGS) for name in absent)
        raise RegisterError("register.counter_columns", absent=names, found=", ".join(found)[:200])
    return columns


def _counter(store: Store, cells: Mapping[str, str], columns: Mapping[str, str]) -> Counter:
    said = {name: cells[column] for name, column in columns.items()}
    code, board = said["counter"].upper(), folded(said["board"]) or said["board"]
    if not _CODE.fullmatch(code):
        raise RegisterError("register.bad_counter", counter=said["counter"][:40])
    if board not in _YES | _NO:
        raise RegisterError("register.bad_board", text=said["board"][:40])
    phone = said.get("phone", "")
    if _NO_PHONE.fullmatch(re.sub(r"[ .-](?=\d)", "", phone) if "E" not in phone.upper() else phone):
        raise RegisterError("register.bad_phone", text=phone[:40])
    begins, ends = (_day(said.get(name, "")) for name in ("valid_from", "valid_to"))
    return Counter(
        code,
        find_unit(store, said["unit"]).unit,
        said["name"],
        phone,
        said.get("officer", ""),
        board in _YES,
        begins or ALWAYS,
        ends or None,
    )


def _day(text: str) -> str:
    """Return a day as it is stored, "" of nothing."""
    day = day_of(text, whole=True)
    if text and day is None:
        raise no_day(text, RegisterError("register.bad_day", text=text[:40]))
    return day.isoformat() if day else ""


def counters(store: Store, period: Period | None = None) -> list[Counter]:
    """Return the counters by unit and code; with `period`, those that serve in it."""
    rows = store.rows("SELECT * FROM counters ORDER BY unit, counter")
    fields = ("counter", "unit", "name", "phone", "officer", "board", "valid_from", "valid_to")
    found = [Counter(**{**{name: row[name] for name in fields}, "board": bool(row["board"])}) for row in rows]
    return [one for one in found if period is None or one.serves(period)]


def give_serials(store: Store, counter: str, texts: Sequence[str], *, by: str) -> list[Span]:
    """Record which serials lie at a counter, so that its figures can be told; a later record replaces it.

    Raises
    ------
    OmrError
        If the counter or a serial is unknown, or the serials' period is closed.
    """
    if counter.upper() not in {one.counter for one in counters(store)}:
        raise RegisterError("register.no_counter", counter=counter[:40])
    with store.act("give_counter", by=by) as act:
        issues = issued(store)
        spans = [parse_span(IssuedSerials(issues), text) for text in texts]
        periods = {issue.run: issue.period for issue in issues}
        for period in {periods[span.run] for span in spans}:
            refuse_closed(store, parse_period(period).name)
        first = act.next_id("counter_ranges", "counter_range")
        rows = [
            {"counter_range": first + at, "counter": counter.upper(), **span.row}
            for at, span in enumerate(spans)
        ]
        act.add("counter_ranges", *rows)
    return spans


def counter_of(store: Store) -> dict[str, list[tuple[Ranges, str]]]:
    """Return, of each run, which numbers lie at which counter; the first that holds a number counts."""
    found: dict[str, list[tuple[Ranges, str]]] = {}
    for row in store.rows("SELECT * FROM counter_ranges ORDER BY counter_range DESC"):
        numbers = Ranges(((row["first"], row["last"]),))
        found.setdefault(row["run"], []).append((numbers, row["counter"]))
    return found
