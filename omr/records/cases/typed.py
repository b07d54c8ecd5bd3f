"""A page whose serial a person typed is read after all, from the original that was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from omr.errors import OmrError
from omr.forms.serial import Serial
from omr.reading.apart import Apart, page_at
from omr.reading.limits import USUAL, Limits
from omr.reading.marks.measure import MarkReading
from omr.reading.place.align import AlignedPage, align
from omr.reading.place.identify import IdentifiedPage
from omr.reading.place.legible import contradicted, speaks_against
from omr.reading.place.locate import locate
from omr.reading.reader import Desk, ReadPage, read_slip
from omr.reading.scan.pages import EncodedPage, decode
from omr.records.counts.readings import place_of
from omr.records.review.queue import Item
from omr.records.store.store import Store
from omr.words import Carrier, Seal


def read_typed(
    store: Store, workspace: Path, item: Item, serial: Serial, desk: Desk, page: int = 1
) -> ReadPage:
    """Read the page of an item as the slip with this serial, and as that page of it.

    Raises
    ------
    OmrError
        If the serial was never issued, the page clearly shows another one, or it cannot be read with
        this one either.
    """
    issue = desk.issued.find(serial)
    if issue is None:
        raise OmrError("review.not_issued", serial=serial.printed)
    aligned = aligned_page(store, workspace, item, desk.limits)
    shown = contradicted(aligned, serial)
    if speaks_against(shown):
        raise OmrError("review.contradicted", serial=serial.printed, shown=shown)
    identified = IdentifiedPage(aligned, serial, issue, (Carrier.TYPED,), page)
    return replace(read_slip(identified, desk), doubts=())


def aligned_page(store: Store, workspace: Path, item: Item, limits: Limits = USUAL) -> AlignedPage:
    """Return the page of an item with the map onto its frame.

    Raises
    ------
    OmrError
        If it cannot be decoded, or its corners are not found.
    """
    with Apart(limits) as apart:
        return align(locate(apart.call(decode, page_of(store, workspace, item, apart))))


def looked_at(
    store: Store, workspace: Path, item: Item, fingerprint: str, desk: Desk
) -> tuple[tuple[MarkReading, ...], Seal] | None:
    """Return the marks and the stamp of a page, measured as a form; None where it is not of that form.

    Whose slip it is does not matter: what is measured depends on the form alone.
    """
    issue = next((one for one in desk.issued.all() if one.fingerprint == fingerprint), None)
    if issue is None:
        return None
    try:
        aligned = aligned_page(store, workspace, item, desk.limits)
        slip = IdentifiedPage(aligned, issue.serial(issue.first), issue, (Carrier.TYPED,))
        read = read_slip(slip, desk)
    except (OmrError, OSError):  # a page that cannot be opened or measured today waits for a person
        return None
    return read.marks, read.seal


def page_of(store: Store, workspace: Path, item: Item, apart: Apart) -> EncodedPage:
    """Return the page of an item, from the original."""
    place = place_of(store, item.page)
    page = None
    if place is not None:
        page = apart.call(page_at, workspace / place.path, place.number, place.picture)
    if page is None:
        raise OmrError("review.no_page", original=item.original[:8], page=item.page_number)
    return page
