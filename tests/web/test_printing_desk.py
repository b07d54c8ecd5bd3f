"""The printing desk: from a form to numbered paper, and where the paper goes."""

from __future__ import annotations

import re

import pypdfium2
import pytest

from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.web.paper.sheet_kinds import PRINTS as FOLDER
from omr.words import Role


def post(visitor, path: str, **fields: str):
    return visitor.client.post(path, data={"csrf": visitor.token("/"), **fields})


def runs(office):
    with Store.open(office.workspace.database) as store:
        return issued(store)


@pytest.fixture
def printed(office, person):
    """Somebody of PV01, after two slips were printed."""
    visitor = person(Role.REVIEWER)
    answer = post(visitor, "/print", of_form="DL-01", unit="PC06", period="2026-11", count="2")
    assert answer.status_code == 303, answer.text
    return visitor


def test_serials_are_issued_and_their_file_can_be_fetched_again(office, printed) -> None:
    (run,) = runs(office)
    assert (run.form, run.unit, run.period, run.count) == ("DL-01", "PC06", "2026-11", 2)
    shown = printed.client.get("/print")
    assert f"/print/runs/{run.run}.pdf" in shown.text
    for _ in range(2):
        file = printed.client.get(f"/print/runs/{run.run}.pdf")
        assert len(pypdfium2.PdfDocument(file.content)) == 2
    acts = [(act.what, act.about) for act in office.accounts.journal.acts(10)]
    assert acts.count(("print_downloaded", run.run)) == 2  # who has the file can print the slips
    folder = office.workspace.path / FOLDER
    assert [file.name for file in folder.iterdir()] == [f"{run.run}.pdf"]
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"count": "0"}, "từ 1 đến"),
        ({"count": "mười"}, "mười"),
        ({"count": "99999999"}, "từ 1 đến"),
        ({"unit": "PC99"}, "PC99"),
        ({"of_form": "DL-77"}, "DL-77"),
        ({"period": "2026-13"}, "2026-13"),
    ],
)
def test_what_cannot_be_printed_is_said_and_nothing_is_registered(office, person, fields, text) -> None:
    told = {"of_form": "DL-01", "unit": "PC06", "period": "2026-11", "count": "2", **fields}
    answer = post(person(Role.LEAD), "/print", **told)
    assert answer.status_code == 400
    assert text in answer.text
    assert runs(office) == []
    assert list((office.workspace.path / FOLDER).glob("*")) == []


def test_slips_are_handed_over_and_recorded_as_spoiled(office, printed) -> None:
    (run,) = runs(office)
    first, last = run.serial(run.first), run.serial(run.last)
    over = post(printed, "/hand-overs", first=str(first), last=str(last), unit="PC08")
    assert over.status_code == 303, over.text
    shown = printed.client.get(over.headers["location"]).text
    assert "Đã ghi giao 2 phiếu cho PC08" in shown
    (address,) = set(re.findall(r'href="(/hand-overs/\d+\.pdf)"', shown))
    record = printed.client.get(address)
    text = pypdfium2.PdfDocument(record.content)[0].get_textpage().get_text_range()
    assert first.printed in text and last.printed in text
    assert printed.client.get(address.replace(".pdf", ".docx")).content.startswith(b"PK")
    gone = post(printed, "/hand-overs/spoiled", serials=str(last), why="rách")
    assert "Đã ghi hỏng 1 phiếu" in gone.text
    assert post(printed, "/hand-overs/spoiled", serials=str(last), why=" ").status_code == 400
    assert post(printed, "/hand-overs", serials="", unit="PC08").status_code == 400
    with Store.open(office.workspace.database) as store:
        assert store.value("SELECT unit FROM hand_overs") == "PC08"
        assert store.value("SELECT count(*) FROM spoilings") == 1


def test_cover_sheets_and_previews_are_pdf(printed) -> None:
    cover = post(printed, "/hand-overs/cover", of_form="DL-01", unit="PC06", period="2026-11", count="40")
    assert len(pypdfium2.PdfDocument(cover.content)) == 1
    preview = printed.client.get("/print/forms/DL-01.pdf")
    assert len(pypdfium2.PdfDocument(preview.content)) == 1
    for path in ("/print/forms/DL-99.pdf", "/print/runs/R26-9999.pdf", "/print/runs/..%2Fomr.pdf"):
        assert printed.client.get(path).status_code == 404
