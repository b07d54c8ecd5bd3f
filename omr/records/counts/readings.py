"""One reading of a slip: its form as printed, what was measured in it, where its page is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omr.forms.template import Form
from omr.reading.ink.measure import MarkReading
from omr.records.store.measured import unpack
from omr.records.store.store import Store


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a page's picture is."""

    original: str  # SHA-256
    path: str  # below the workspace
    number: int  # in the original
    picture: str  # SHA-256 of what it is made of


def form_of(store: Store, reading: int) -> Form | None:
    """Return the form that a slip was printed as, of several pages the one that was read there.

    None of a reading that there is not, or is void.
    """
    row = store.row("SELECT fingerprint, form_page FROM slips WHERE reading = ?", reading)
    return None if row is None else store.forms[row["fingerprint"]].page(row["form_page"])


def page_of(store: Store, reading: int) -> int | None:
    """Return the page that a slip was read on."""
    row = store.row("SELECT page FROM readings WHERE reading = ?", reading)
    return None if row is None else int(row["page"])


def marks_of(store: Store, form: Form, reading: int) -> tuple[MarkReading, ...]:
    """Return what was measured last in the boxes of a slip of this form, on the page that was read.

    Raises
    ------
    LookupError
        If there is no such reading.
    """
    row = store.row(
        "SELECT measured.marks, form_page FROM measured JOIN readings USING (reading) WHERE reading = ?",
        reading,
    )
    if row is None:
        raise LookupError(reading)
    return unpack(form if form.pages == 1 else form.page(row["form_page"] or 1), row["marks"])


def name_of_file(file: str, measured: Mapping[str, object]) -> str:
    """Return what people call the file of a page that was not read: of an attachment both names.

    Examples
    --------
    >>> name_of_file("mail.pdf", {"inside": "scan 2.tif"})
    'mail.pdf › scan 2.tif'
    """
    return f"{file} › {measured['inside']}" if "inside" in measured else file


def place_of(store: Store, page: int) -> PagePlace | None:
    """Return where the picture of a page is."""
    row = store.row(
        """SELECT pages.original, path, number, picture FROM pages
        JOIN originals USING (original) WHERE page = ?""",
        page,
    )
    return None if row is None else PagePlace(**row)
