"""A page whose serial a person typed is read after all, from the original that was kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

from omr.errors import OmrError
from omr.forms.serial import IssuedSerials, Serial
from omr.reading import reader
from omr.reading.marks.calibrate import load_calibration
from omr.reading.page.align import align
from omr.reading.page.identify import IdentifiedPage
from omr.reading.page.locate import locate
from omr.reading.scan.pages import EncodedPage, decode, open_pages
from omr.records.intake.rows import Desk
from omr.records.register.register import issued
from omr.records.review.queue import Item
from omr.records.store.store import Store
from omr.workspace import Workspace

TYPED = "typed"  # stands where a carrier stands: no code on the page was read


@dataclass(frozen=True, slots=True)
class Typist:
    """Reads pages with typed serials."""

    desk: Desk
    reading: reader.Desk
    workspace: Workspace

    @classmethod
    def open(cls, store: Store, workspace: Workspace, *, by: str) -> Typist:
        """Prepare for the forms and serials of a workspace."""
        forms = store.forms
        calibration = load_calibration(own=workspace.calibration)
        desk = Desk(store, workspace.scans, forms, calibration.name, by)
        return cls(desk, reader.Desk(IssuedSerials(issued(store)), forms, calibration), workspace)

    def read(self, item: Item, serial: Serial) -> reader.ReadPage:
        """Read the page of an item as the slip with this serial.

        Raises
        ------
        OmrError
            If the serial was never issued, or the page cannot be read with it either.
        """
        issue = self.reading.issued.find(serial)
        if issue is None:
            raise OmrError("review.not_issued", serial=serial.printed)
        scan = decode(self.page(item))
        identified = IdentifiedPage(align(locate(scan)), serial, issue, (TYPED,))
        return replace(reader.read_slip(identified, self.reading), doubts=())

    def page(self, item: Item) -> EncodedPage:
        """Return the page of an item, from the original."""
        store = self.desk.store
        path = store.value("SELECT path FROM originals WHERE original = ?", item.original)
        for page in open_pages(self.workspace.path / str(path)):
            if page.page == item.page_number:
                return page
        raise OmrError("review.no_page", original=item.original[:8], page=item.page_number)
