"""Questionnaires of several pages that are not complete: which pages and sheets of each are missing."""

from __future__ import annotations

from dataclasses import dataclass

from omr.messages import say
from omr.records.store.store import Store


@dataclass(frozen=True, slots=True)
class Lacking:
    """A questionnaire that waits for pages."""

    serial: str
    form: str
    unit: str
    period: str
    pages: tuple[int, ...]  # that are missing, or do not count
    sheets: tuple[int, ...]  # of paper, that have one of them
    duplex: bool = False

    @property
    def said(self) -> str:
        """The pages, as a message names them; of paper printed on both sides, with their sheets."""
        pages = ", ".join(map(str, self.pages))
        if not self.duplex:
            return pages
        return say("register.pages_of_sheets", pages=pages, sheets=", ".join(map(str, self.sheets)))


def lacking(store: Store, *, period: str | None = None, serial: str | None = None) -> list[Lacking]:
    """Return the questionnaires that wait for pages, by serial: where they count, or one of them."""
    rows = store.rows(
        """SELECT incomplete.serial, slips.form, slips.fingerprint, unit, period,
               (SELECT group_concat(DISTINCT form_page) FROM read_pages
                WHERE read_pages.serial = incomplete.serial AND standing = 'counts') AS there
        FROM incomplete JOIN slips ON slips.reading = lead
        WHERE (period = ?1 OR ?1 IS NULL) AND (incomplete.serial = ?2 OR ?2 IS NULL)
        ORDER BY incomplete.serial""",
        period,
        serial,
    )
    forms = store.forms
    found = []
    for row in rows:
        form = forms[row["fingerprint"]]
        there = set(map(int, row["there"].split(",")))
        pages = tuple(page for page in range(1, form.pages + 1) if page not in there)
        sheets = tuple(dict.fromkeys(form.sheet_of(page) for page in pages))
        found.append(
            Lacking(row["serial"], row["form"], row["unit"], row["period"], pages, sheets, form.duplex)
        )
    return found


@dataclass(frozen=True, slots=True)
class PageThere:
    """A page of a questionnaire that was read."""

    number: int
    reading: int
    batch: str
    file: str
    page_number: int  # in that file
    counts: bool  # as this page of it


def pages_there(store: Store, serial: str) -> list[PageThere]:
    """Return the pages of a questionnaire that were read, in their order; of a form with one page none."""
    rows = store.rows(
        """SELECT form_page AS number, reading, batch, file, page_number, standing = 'counts' AS counts
        FROM read_pages JOIN batch_files USING (batch, original)
        WHERE serial = ? AND fingerprint IN (SELECT fingerprint FROM form_pages)
        ORDER BY form_page, reading""",
        serial,
    )
    return [PageThere(**{**dict(row), "counts": bool(row["counts"])}) for row in rows]
