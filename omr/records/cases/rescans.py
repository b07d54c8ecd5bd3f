"""A sheet whose serial could not be read was scanned again and read: its old case closes by itself.

Matched by ink alone, as two scans of one serial are: the unread page is measured as the form of each
slip that came after it, and it is the same sheet where the marks say so and no other slip of the unit
and month comes as near. What was measured is stored; a match is an added fact, and who sees that it is
none takes it back, after which the page waits again and is never matched with that slip again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from omr.errors import OmrError
from omr.forms.template import Form
from omr.reading.marks.measure import MarkReading
from omr.records.intake.same_sheet import is_same_sheet
from omr.records.review.queue import Item, find_item, units_of
from omr.records.store.act import Row
from omr.records.store.measured import pack
from omr.records.store.store import Store
from omr.words import PageDecision, Seal

# Looks at the page of an item as a form: its marks and its stamp; None where the page cannot be measured so.
Look = Callable[[Item, str], tuple[Sequence[MarkReading], Seal] | None]


@dataclass(frozen=True, slots=True)
class Rescan:
    """A page that was not read, and the reading of the same sheet."""

    page: int
    page_number: int  # in its file
    file: str
    reading: int
    serial: str
    batch: str  # in which the sheet was read
    stands: bool  # nobody took it back


@dataclass(frozen=True, slots=True)
class _Ink:
    """What tells one sheet from another."""

    marks: bytes
    seal: Seal


@dataclass(frozen=True, slots=True)
class _Slip:
    """A slip that counts and was just read."""

    reading: int
    page: int
    fingerprint: str
    unit: str
    period: str
    ink: _Ink


def close_rescanned(store: Store, batch: str, look: Look, *, by: str) -> int:
    """Close the cases of unread pages whose sheets a batch brought again; return how many.

    Pages are measured before anything is written, and each only once as each form.
    """
    slips = list(_new_slips(store, batch))
    waiting = [item for item in _unread(store) if slips]
    measured: dict[tuple[int, str], _Ink] = {}
    found: list[tuple[Item, _Slip]] = []
    for item in waiting:
        units = units_of(store, item)
        near = [slip for slip in slips if slip.unit in units and slip.page > item.page]
        alike = [slip for slip in near if _is_same(store, item, slip, look, measured)]
        if len(alike) == 1 and not _others_alike(
            store, alike[0], _ink(store, item, alike[0], look, measured)
        ):
            found.append((item, alike[0]))
    # A sheet was scanned again once: two pages that one slip matches are told apart by a person.
    taken = [slip.reading for _, slip in found]
    sure = [(item, slip) for item, slip in found if taken.count(slip.reading) == 1]
    _write(store, sure, measured, by)
    return len(sure)


def _new_slips(store: Store, batch: str) -> Iterator[_Slip]:
    for row in list(
        store.rows(
            """SELECT slips.reading, slips.page, fingerprint, slips.unit, slips.period, marks, seal
            FROM slips JOIN readings USING (reading) WHERE batch = ? AND standing = 'counts'""",
            batch,
        )
    ):
        ink = _Ink(row["marks"], Seal(row["seal"]))
        yield _Slip(row["reading"], row["page"], row["fingerprint"], row["unit"], row["period"], ink)


def _unread(store: Store) -> Iterator[Item]:
    """Yield the pages that wait for their serial; they have corners, so that they can be measured."""
    rows = store.rows("SELECT item FROM waiting WHERE kind = 'page' AND reason LIKE 'serial\\_%' ESCAPE '\\'")
    return (find_item(store, row["item"]) for row in list(rows))


def _is_same(
    store: Store, item: Item, slip: _Slip, look: Look, measured: dict[tuple[int, str], _Ink]
) -> bool:
    before = "SELECT 1 FROM rescans WHERE page = ? AND reading = ?"
    if store.row(before, item.page, slip.reading) is not None:  # a person said that it is not
        return False
    ink = _ink(store, item, slip, look, measured)
    return ink is not None and _alike(store.forms[slip.fingerprint], ink, slip.ink)


def _ink(
    store: Store, item: Item, slip: _Slip, look: Look, measured: dict[tuple[int, str], _Ink]
) -> _Ink | None:
    """Return what a page holds as the form of a slip, measured once."""
    row = store.row(
        "SELECT marks, seal FROM page_marks WHERE page = ? AND fingerprint = ?", item.page, slip.fingerprint
    )
    if row is not None:
        return _Ink(row["marks"], Seal(row["seal"]))
    key = item.page, slip.fingerprint
    if key not in measured:
        seen = look(item, slip.fingerprint)
        if seen is None:
            return None
        measured[key] = _Ink(pack(store.forms[slip.fingerprint], seen[0]), seen[1])
    return measured[key]


def _others_alike(store: Store, slip: _Slip, ink: _Ink | None) -> bool:
    """Whether another slip of the unit and month is the same sheet as well: then none surely is."""
    if ink is None:
        return True
    rows = store.rows(
        """SELECT marks, seal FROM readings JOIN runs USING (run)
        WHERE readings.period = ? AND readings.unit = ? AND fingerprint = ? AND reading <> ?""",
        slip.period,
        slip.unit,
        slip.fingerprint,
        slip.reading,
    )
    form = store.forms[slip.fingerprint]
    return any(_alike(form, ink, _Ink(row["marks"], Seal(row["seal"]))) for row in rows)


def _alike(form: Form, one: _Ink, other: _Ink) -> bool:
    return is_same_sheet(form, one.marks, other.marks, (one.seal, other.seal))


def _write(
    store: Store, found: Sequence[tuple[Item, _Slip]], measured: dict[tuple[int, str], _Ink], by: str
) -> None:
    with store.act("match_rescan", by=by) as act:
        rows: list[Row] = [
            {"page": page, "fingerprint": fingerprint, "marks": ink.marks, "seal": ink.seal.value}
            for (page, fingerprint), ink in measured.items()
            if store.row("SELECT 1 FROM page_marks WHERE page = ? AND fingerprint = ?", page, fingerprint)
            is None
        ]
        act.add("page_marks", *rows)
        for item, slip in found:
            if store.row("SELECT 1 FROM waiting WHERE item = ?", item.item) is None:
                continue  # somebody decided it meanwhile
            rescan = act.next_id("rescans", "rescan")
            act.add("rescans", {"rescan": rescan, "page": item.page, "reading": slip.reading})
            decision = act.next_id("decided_pages", "decision")
            said = {"outcome": PageDecision.RESCANNED, "serial": None, "reason": None}
            act.add("decided_pages", {"decision": decision, "page": item.page, **said})


_RESCANS: Final = """
    SELECT rescans.page, pages.number AS page_number, file, rescans.reading, slips.serial,
           slips.batch AS batch, NOT EXISTS (
               SELECT 1 FROM decided_pages
               WHERE decided_pages.page = rescans.page AND decided_pages.event > rescans.event) AS stands
    FROM rescans JOIN pages USING (page)
    JOIN batch_files ON batch_files.batch = pages.batch AND batch_files.original = pages.original
    JOIN slips USING (reading)
    WHERE pages.batch = ? ORDER BY rescans.page
"""


def rescans_of(store: Store, batch: str) -> list[Rescan]:
    """Return the pages of a batch whose sheets were read later, also those that were taken back since."""
    rows = store.rows(_RESCANS, batch)
    return [Rescan(**{**dict(row), "stands": bool(row["stands"])}) for row in rows]


def find_rescan(store: Store, batch: str, page: int) -> Rescan:
    """Return one match that stands.

    Raises
    ------
    OmrError
        If there is none.
    """
    for rescan in rescans_of(store, batch):
        if rescan.page == page and rescan.stands:
            return rescan
    raise OmrError("cases.no_rescan")
