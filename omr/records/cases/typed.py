"""A page whose serial a person typed is read after all, from the original that was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from omr.errors import OmrError, ScanError
from omr.forms.serial import Serial
from omr.geometry import apply
from omr.reading.apart import Apart, page_at
from omr.reading.ink.measure import MarkReading
from omr.reading.limits import USUAL, Limits
from omr.reading.page.plan import Plan
from omr.reading.page.seal import find_seal
from omr.reading.place.align import AlignedPage, align
from omr.reading.place.identify import IdentifiedPage
from omr.reading.place.legible import contradicted, speaks_against
from omr.reading.place.locate import locate
from omr.reading.reader import Desk, ReadPage, look, read_slip
from omr.reading.scan.pages import ScannedPage, decode
from omr.reading.traced.features import agree, corners
from omr.reading.traced.shared import LEAST_CORNERS
from omr.records.cases.rescans import Sheet
from omr.records.counts.readings import place_of
from omr.records.review.queue import Item
from omr.records.store.store import Store
from omr.words import Carrier, Seal

MARKER_MARGIN_MM: Final = 1.0  # white around a marker


def read_typed(
    store: Store, workspace: Path, item: Item, serial: Serial, desk: Desk, page: int | None = None
) -> ReadPage:
    """Read the page of an item as the slip with this serial, and as that page of it.

    Raises
    ------
    OmrError
        If the serial was never issued, the page clearly shows another one, it is a questionnaire's and
        nobody said which page, or it cannot be read with this one either.
    """
    issue = desk.issued.find(serial)
    if issue is None:
        raise OmrError("review.not_issued", serial=serial.printed)
    form = desk.forms.get(issue.fingerprint)
    if page is None and form is not None and form.pages > 1:
        raise OmrError("review.say_the_page", serial=serial.printed, pages=form.pages)
    aligned = aligned_page(store, workspace, item, desk.limits)
    shown = contradicted(aligned, serial)
    if speaks_against(shown):
        raise OmrError("review.contradicted", serial=serial.printed, shown=shown)
    identified = IdentifiedPage(aligned, serial, issue, (Carrier.TYPED,), page or 1)
    return replace(read_slip(identified, desk), doubts=())


def aligned_page(store: Store, workspace: Path, item: Item, limits: Limits = USUAL) -> AlignedPage:
    """Return the page of an item with the map onto its frame.

    Raises
    ------
    OmrError
        If it cannot be decoded, or its corners are not found.
    """
    return align(locate(_scan_of(store, workspace, item.page, limits)))


def _scan_of(store: Store, workspace: Path, page: int, limits: Limits) -> ScannedPage:
    """Return the pixels of a page, from the original."""
    place = place_of(store, page)
    if place is None:
        raise ScanError("damaged", detail=page)
    with Apart(limits) as apart:
        encoded = apart.call(page_at, workspace / place.path, place.number, place.picture)
        if encoded is None:
            raise OmrError("review.no_page", original=place.original[:8], page=place.number)
        return apart.call(decode, encoded)


def looked_at(
    store: Store, workspace: Path, item: Item, sheet: Sheet, desk: Desk
) -> tuple[tuple[MarkReading, ...], Seal] | None:
    """Return the marks and the stamp of a page, measured as a page of a form; None where it is none.

    Whose slip it is does not matter: what is measured depends on the form alone. A page whose markers
    do not say where it lies is laid on the sheet that was read, print on print.
    """
    plan = desk.plan(sheet.fingerprint, sheet.number)
    if plan is None:
        return None
    try:
        return _measured(aligned_page(store, workspace, item, desk.limits), plan)
    except (OmrError, OSError):
        pass
    try:
        like = align(locate(_scan_of(store, workspace, sheet.like, desk.limits)))
        aligned = _laid_on(_scan_of(store, workspace, item.page, desk.limits), like)
        return None if aligned is None else _measured(aligned, plan)
    except (OmrError, OSError):  # a page that cannot be opened or measured today waits for a person
        return None


def _measured(aligned: AlignedPage, plan: Plan) -> tuple[tuple[MarkReading, ...], Seal] | None:
    if aligned.located.frame != plan.form.frame:
        return None
    seal = find_seal(aligned) if plan.form.number == 1 else Seal.UNKNOWN  # it stands on the first page
    return look(aligned, plan).marks, seal


def _laid_on(scan: ScannedPage, like: AlignedPage) -> AlignedPage | None:
    """Return a page as if it lay where another sheet of the same print lies; None where the print differs."""
    under = like.located.scan
    agreed = agree(corners(scan.grey), corners(under.grey))
    if agreed is None or agreed.corners < LEAST_CORNERS:
        return None
    size = under.grey.shape[1], under.grey.shape[0]
    grey = cv2.warpPerspective(
        scan.grey, agreed.map, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    whole = np.array(grey, np.uint8)
    for marker in like.located.frame.fiducials:  # how dark print is, is told by them: torn ones are lent
        corners_px = apply(like.scan_from_page, marker.box.grown(MARKER_MARGIN_MM).corners_mm)
        (left, top), (right, bottom) = corners_px.min(axis=0).clip(0), corners_px.max(axis=0).clip(0)
        place = slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)
        whole[place] = np.minimum(whole[place], under.grey[place])
    # without the file: what is looked at in colour there lies elsewhere
    laid = replace(scan, grey=whole, dpi=under.dpi, stretch=under.stretch, encoded=None)
    return replace(like, located=replace(like.located, scan=laid))
