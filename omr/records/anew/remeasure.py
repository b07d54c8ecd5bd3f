"""Slips are measured again, by the reader of today, from the originals that were kept.

A page is only taken for the slip that it was read as: one that shows another serial today, or cannot be
read any more, keeps what was measured then and is named. Papers of other makers are measured as they were.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from sqlite3 import Row
from typing import Final

from omr.errors import OmrError
from omr.forms.serial import parse_serial
from omr.forms.template import Form
from omr.reading.apart import Apart
from omr.reading.place.align import align
from omr.reading.place.identify import IdentifiedPage
from omr.reading.place.locate import locate
from omr.reading.reader import Desk, ReadPage, RejectedPage, Result, read_slip
from omr.reading.scan.pages import EncodedPage, decode
from omr.records.offices.periods import state_of
from omr.records.store.store import Store
from omr.steps import each
from omr.words import Carrier, PeriodState

Read = Callable[[Iterable[EncodedPage]], Iterator[Result]]

NO_PAGE: Final = "no_such_page"  # the original has no such page any more
ANOTHER: Final = "another_serial"  # the page shows another slip today, or none
UNREADABLE: Final = "original_unreadable"  # the file of the original cannot be opened


@dataclass(frozen=True, slots=True, eq=False)
class Anew:
    """A reading, and what was measured on its page today."""

    row: Row
    form: Form
    read: ReadPage


@dataclass(frozen=True, slots=True)
class Kept:
    """A slip that keeps what was measured then, and why."""

    serial: str
    reason: str


@dataclass(slots=True)
class _Sent:
    """Readings whose pages are on their way, in the order of the pages, and those that have none."""

    waiting: deque[Row] = field(default_factory=deque)
    lost: list[tuple[Row, str]] = field(default_factory=list)


def measured_again(
    store: Store, workspace: Path, desk: Desk, read: Read, period: str | None = None
) -> Iterator[Anew | Kept]:
    """Measure the slips of open periods again.

    Parameters
    ----------
    workspace : Path
        Below which the originals are.
    read : callable
        Reads pages, in order.
    period : str, optional
        Only slips that count for this period.
    """
    rows = store.rows(
        """SELECT slips.reading, slips.serial, slips.fingerprint, slips.form_page, slips.period,
            slips.original, slips.page_number, picture, path, carriers
        FROM slips JOIN readings USING (reading) JOIN pages ON pages.page = slips.page
        JOIN originals ON originals.original = slips.original
        WHERE slips.period = ?1 OR ?1 IS NULL
        ORDER BY slips.original, slips.page_number, slips.reading""",
        period,
    )
    forms = store.forms
    states: dict[str, PeriodState] = {}
    wanted = []
    for row in rows:
        when = row["period"]
        if when not in states:
            states[when] = state_of(store, when)
        if states[when] is not PeriodState.CLOSED and forms[row["fingerprint"]].traced is None:
            wanted.append(row)
    typed = [row for row in wanted if Carrier.TYPED in row["carriers"].split()]
    carried = [row for row in wanted if Carrier.TYPED not in row["carriers"].split()]
    sent = _Sent()
    for result in each("measuring", read(_pages(workspace, carried, sent, desk)), len(carried)):
        row = sent.waiting.popleft()
        yield _anew(row, forms[row["fingerprint"]], result)
    with Apart(desk.limits) as apart:
        typed_pages = _Sent()
        for page in _pages(workspace, typed, typed_pages, desk):
            row = typed_pages.waiting.popleft()
            yield _anew(row, forms[row["fingerprint"]], _read_as(row, page, apart, desk))
    yield from (Kept(row["serial"], reason) for row, reason in (*sent.lost, *typed_pages.lost))


def _pages(workspace: Path, rows: list[Row], sent: _Sent, desk: Desk) -> Iterator[EncodedPage]:
    """Yield the pages of readings, and note whose they are; each original is opened once."""
    with Apart(desk.limits) as apart:
        for _, of_one in groupby(rows, key=lambda row: str(row["original"])):
            left = list(of_one)
            reason = NO_PAGE
            try:
                for page in apart.pages(workspace / left[0]["path"]):
                    same = [row for row in left if row["picture"] in (page.made_of, *page.older)]
                    same.sort(key=lambda row: abs(row["page_number"] - page.page))
                    # A file that another version counts otherwise: this picture is that page still.
                    for row in [row for row in same if row["page_number"] == page.page] or same[:1]:
                        left.remove(row)
                        sent.waiting.append(row)
                        yield page
                    if not left:
                        break
            except OmrError:
                reason = UNREADABLE
            sent.lost += [(row, reason) for row in left]


def _read_as(row: Row, page: EncodedPage, apart: Apart, desk: Desk) -> Result:
    """Read a page as the slip whose serial a person typed."""
    serial = parse_serial(row["serial"])
    issue = desk.issued.find(serial)
    try:
        if issue is None:
            return RejectedPage(page.file, page.page, ANOTHER, {})
        aligned = align(locate(apart.call(decode, page)))
        slip = IdentifiedPage(aligned, serial, issue, (Carrier.TYPED,), row["form_page"] or 1)
        return read_slip(slip, desk)
    except OmrError as error:
        return RejectedPage(page.file, page.page, getattr(error, "reason", UNREADABLE), {})


def _anew(row: Row, form: Form, result: Result) -> Anew | Kept:
    if isinstance(result, RejectedPage):
        return Kept(row["serial"], result.reason)
    if not isinstance(result, ReadPage):
        return Kept(row["serial"], ANOTHER)
    page = row["form_page"] or 1
    if str(result.page.serial) != row["serial"] or result.page.number != page:
        return Kept(row["serial"], ANOTHER)
    return Anew(row, form.page(page), result)
