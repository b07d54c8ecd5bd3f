"""Mistakes at the desk have their way back there: our own print sent as a scan, yesterday's register.

A wrong import is withdrawn in test_month_desks, a wrong month corrected in test_corrections.
"""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest
from people import Person
from test_intake import begin, send

from omr.forms.layout import find_form
from omr.means import Means
from omr.reading.reader import Desk, Result, read_page
from omr.reading.scan.pages import EncodedPage
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.register.register import issue
from omr.records.store.store import Store
from omr.stacks import read_all_waiting
from omr.web.frame.front import FrontOffice
from omr.words import Role

Enter = Callable[[Role | None], Person]


@pytest.fixture
def printed(office: FrontOffice, tmp_path: Path) -> Path:
    with Store.open(office.workspace.database) as store:
        shipped = shipped_units("hai-phong-2023")
        assert shipped is not None
        import_units(store, read_units(shipped.read_bytes()), by="test")
        target = tmp_path / "in.pdf"
        issue(
            store, find_form("DL-01", None), unit="PC06", period="2026-11", count=1, target=target, by="test"
        )
    return target


class InThisProcess(Means):
    """Reads as it is, without workers."""

    def read_pages(self, pages: Iterable[EncodedPage], desk: Desk, **how: object) -> Iterator[Result]:
        return (read_page(page, desk) for page in pages)


def as_jpeg(printed: Path) -> bytes:
    """The print as some program passes it on: pictures, strongly compressed."""
    saved = io.BytesIO()
    with pypdfium2.PdfDocument(printed) as document:
        document[0].render(scale=150 / 72).to_pil().save(saved, "JPEG", quality=20, dpi=(150, 150))
    return saved.getvalue()


@pytest.mark.parametrize("kind", ["pdf", "jpg"])
def test_the_print_file_is_refused_at_the_desk_and_the_true_scan_goes_its_way(
    office: FrontOffice, person: Enter, printed: Path, kind: str
) -> None:
    clerk = person(Role.CLERK)
    address = begin(clerk)
    sent = printed.read_bytes() if kind == "pdf" else as_jpeg(printed)
    assert send(clerk, address, f"quet.{kind}", sent).status_code == 204
    clerk.client.post(f"{address}/send", data={"csrf": clerk.token("/")})
    read_all_waiting(office.workspace, InThisProcess())
    said = clerk.client.get(address).text
    assert f"quet.{kind} là tệp in của đợt R26-0001" in said
    assert "omr read" not in said  # a clerk has no command line
    with Store.open(office.workspace.database) as store:
        assert store.value("SELECT count(*) FROM batches") == 0  # nothing came in
        assert store.value("SELECT count(*) FROM originals") == 0


def test_yesterdays_register_under_a_running_desk_is_said_on_every_page(
    office: FrontOffice, person: Enter, printed: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(office.workspace.database)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yesterday = shutil.copy(office.workspace.database, tmp_path / "old.sqlite")
    with Store.open(office.workspace.database) as store:
        more = {"unit": "PC06", "period": "2026-11", "count": 1, "by": "test"}
        issue(store, find_form("DL-01", None), target=tmp_path / "more.pdf", **more)
    for file in office.workspace.path.glob("omr.sqlite*"):
        file.unlink()
    shutil.copy(yesterday, office.workspace.database)
    lead = person(Role.LEAD)
    for path in ("/", "/print", "/month", "/cases"):
        answer = lead.client.get(path)
        assert answer.status_code >= 400, path
        assert "bản cũ hoặc bị cắt" in answer.text and "Traceback" not in answer.text, path
