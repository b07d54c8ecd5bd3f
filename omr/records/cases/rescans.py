"""A sheet that could not be read was scanned again and read: its old case closes by itself.

Matched by ink alone, as two scans of one serial are: the unread page is measured as the page of the form
of each slip that came after it, and it is the same sheet where the marks say so and no other slip of the
unit and month comes as near. Where the page lies is told by its markers or, where those are harmed, by its
print; a place that is wrong measures marks that agree with nothing. What was measured is stored; a match
is an added fact, and who sees that it is none takes it back, after which the page waits again and is never
matched with that slip again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from omr.errors import OmrError
from omr.forms.template import Form
from omr.reading.ink.measure import MarkReading
from omr.records.intake.same_sheet import is_same_sheet
from omr.records.review.queue import Item, find_item, units_of
from omr.records.store.act import Row
from omr.records.store.measured import pack
from omr.records.store.store import Store
from omr.words import Aside, PageDecision, Seal

# Reasons of pages on which one slip can be: not of pictures that cannot be opened, or may hold two slips.
MATCHED: Final = (
    *("serial_unreadable", "serial_unknown", "serial_conflict", "page_unknown"),
    *("no_fiducials", "too_few_fiducials", "too_pale", "misaligned", "perspective", "stretched"),
    *("print_scale", "too_coarse", "too_fine", "scanner_dirty", "rows_displaced"),
    *("outlines_missing", "outlines_displaced", "outlines_uneven", "outlines_broken"),
)
# Pages of a batch's unit that are looked at, the latest first: a page costs up to two seconds, and a sheet
# is scanned again the same day.
MOST_LOOKED_AT: Final = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """As what a page is looked at: one page of a form, beside a scan of one that was read."""

    fingerprint: str
    number: int  # of the questionnaire's pages
    like: int  # in the register, the page of that scan


# Looks at the page of an item as a sheet: its marks and its stamp; None where it cannot be measured so.
Look = Callable[[Item, Sheet], tuple[Sequence[MarkReading], Seal] | None]


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
    number: int  # of the questionnaire's pages
    unit: str
    period: str
    ink: _Ink

    @property
    def sheet(self) -> Sheet:
        return Sheet(self.fingerprint, self.number, self.page)


_Measured = dict[tuple[int, str, int], "_Ink | None"]  # by page, form and page of the form


def close_rescanned(store: Store, batch: str, look: Look, *, by: str) -> int:
    """Close the cases of unread pages whose sheets a batch brought again; return how many.

    Pages are measured before anything is written, and each only once as each form.
    """
    slips = list(_new_slips(store, batch))
    waiting = [item for item in _unread(store) if slips]
    measured: _Measured = {}
    found: list[tuple[Item, _Slip]] = []
    looked_at = 0
    for item in waiting:
        units = units_of(store, item)
        near = [slip for slip in slips if slip.unit in units and slip.page > item.page]
        looked_at += bool(near)
        if looked_at > MOST_LOOKED_AT:
            break
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
            f"""SELECT slips.reading, slips.page, fingerprint, slips.form_page AS number,
                   slips.unit, slips.period, marks, seal
            FROM slips JOIN readings USING (reading)
            WHERE batch = ? AND (standing = 'counts' OR set_aside = '{Aside.PAGES_MISSING}')""",
            batch,
        )
    ):
        told = dict(row)
        ink = _Ink(told.pop("marks"), Seal(told.pop("seal")))
        yield _Slip(**told, ink=ink)


def _unread(store: Store) -> Iterator[Item]:
    """Yield the pages that wait and may be a slip's, the latest first."""
    rows = store.rows(
        f"""SELECT item FROM waiting WHERE kind = 'page' AND reason IN ({", ".join("?" * len(MATCHED))})
        ORDER BY page DESC""",
        *MATCHED,
    )
    return (find_item(store, row["item"]) for row in list(rows))


def _is_same(store: Store, item: Item, slip: _Slip, look: Look, measured: _Measured) -> bool:
    before = "SELECT 1 FROM rescans WHERE page = ? AND reading = ?"
    if store.row(before, item.page, slip.reading) is not None:  # a person said that it is not
        return False
    ink = _ink(store, item, slip, look, measured)
    return ink is not None and _alike(_form(store, slip), ink, slip.ink)


def _form(store: Store, slip: _Slip) -> Form:
    return store.forms[slip.fingerprint].page(slip.number)


def _ink(store: Store, item: Item, slip: _Slip, look: Look, measured: _Measured) -> _Ink | None:
    """Return what a page holds as the page of a slip, measured once."""
    row = store.row(_STORED, item.page, slip.fingerprint) if slip.number == 1 else None
    if row is not None:
        return _Ink(row["marks"], Seal(row["seal"]))
    key = item.page, slip.fingerprint, slip.number
    if key not in measured:
        seen = look(item, slip.sheet)
        measured[key] = None if seen is None else _Ink(pack(_form(store, slip), seen[0]), seen[1])
    return measured[key]


# Of first pages alone: a later one is measured again where it is looked at again.
_STORED: Final = "SELECT marks, seal FROM page_marks WHERE page = ? AND fingerprint = ?"


def _others_alike(store: Store, slip: _Slip, ink: _Ink | None) -> bool:
    """Whether another slip of the unit and month is the same sheet as well: then none surely is."""
    if ink is None:
        return True
    rows = store.rows(
        """SELECT marks, seal FROM readings JOIN runs USING (run)
        WHERE readings.period = ? AND readings.unit = ? AND fingerprint = ? AND reading <> ?
          AND coalesce(form_page, 1) = ?""",
        slip.period,
        slip.unit,
        slip.fingerprint,
        slip.reading,
        slip.number,
    )
    form = _form(store, slip)
    return any(_alike(form, ink, _Ink(row["marks"], Seal(row["seal"]))) for row in rows)


def _alike(form: Form, one: _Ink, other: _Ink) -> bool:
    return is_same_sheet(form, one.marks, other.marks, (one.seal, other.seal))


def _write(store: Store, found: Sequence[tuple[Item, _Slip]], measured: _Measured, by: str) -> None:
    with store.act("match_rescan", by=by) as act:
        rows: list[Row] = [
            {"page": page, "fingerprint": fingerprint, "marks": ink.marks, "seal": ink.seal.value}
            for (page, fingerprint, number), ink in measured.items()
            if ink is not None and number == 1 and store.row(_STORED, page, fingerprint) is None
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
               WHERE decided_pages.page = rescans.page AND decided_pages.event > rescans.event
                 AND alone IS NULL) AS stands
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
