"""Mistakes at the desk have their way back there, one by one and in one month that ends right."""

from __future__ import annotations

import io
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest
from month_desk import fill_and_scan
from people import Person
from scanned import open_to_others
from test_intake import begin, send
from test_paper_desks import post
from test_paper_desks import send as send_table

from omr.forms.layout import find_form
from omr.means import Means
from omr.reading.reader import Desk, Result, read_page
from omr.reading.scan.pages import EncodedPage
from omr.records.counts.tallies import SlipState, tally
from omr.records.month.closing import status
from omr.records.offices.periods import parse_period
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.offices.visits import visits_of
from omr.records.proof.chain import verify
from omr.records.register.register import issue
from omr.records.store.store import Store
from omr.stacks import read_all_waiting
from omr.web.frame.front import FrontOffice
from omr.words import PeriodState, Role

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


MONTH = "2026-11"
COUNT = 4


def read_at(office: FrontOffice, clerk: Person, file: Path, **told: str) -> str:
    """Send a file as a stack of its own and let it be read; return what its page says."""
    address = begin(clerk, **told)
    assert send(clerk, address, file.name, file.read_bytes()).status_code == 204
    clerk.client.post(f"{address}/send", data={"csrf": clerk.token("/")})
    read_all_waiting(office.workspace, InThisProcess())
    return str(clerk.client.get(address, follow_redirects=True).text)


def month(office: FrontOffice) -> dict[str, int]:
    """What the month comes to: slips by channel and state, and how many visits there were."""
    with Store.open(office.workspace.database) as store:
        rows = tally(store, MONTH).tallies.slips
        visits = sum(visits_of(store, MONTH).values())
        assert verify(store, office.workspace.path).ok
    found = {f"{row.stratum.channel} {row.state}": 0 for row in rows}
    for row in rows:
        found[f"{row.stratum.channel} {row.state}"] += row.slips
    return found | {"visits": visits}


def test_a_month_with_every_mistake_in_it_ends_right(
    office: FrontOffice, person: Enter, tmp_path: Path
) -> None:
    """The print file, a wrong month, a wrong import, wrong visits, an old register: played at the desk."""
    form, target = find_form("DL-01", None), tmp_path / "in.pdf"
    with Store.open(office.workspace.database) as store:
        issue(store, form, unit="PC06", period=MONTH, count=COUNT, target=target, by="test")
    clerk, lead = person(Role.CLERK), person(Role.LEAD)

    # The print file instead of the scan: refused, and nothing came in.
    assert "là tệp in của đợt" in read_at(office, clerk, target, period=MONTH)
    assert month(office) == {"visits": 0}

    # The true scan, told of the month before: every slip is held, and none counts.
    scan, _ = fill_and_scan(target, tmp_path / "quet.tif")
    told = read_at(office, clerk, scan, period="2026-10", expected=str(COUNT + 1))
    assert month(office) == {f"paper {SlipState.HELD}": COUNT, "visits": 0}
    batch = re.search(r"/batches/(B[0-9-]+)", told)
    assert batch is not None
    correct = f"/batches/{batch[1]}/correct"
    right = {"unit": "PC06", "period": MONTH, "expected": str(COUNT), "why": "ghi nhầm tháng"}
    assert clerk.post(correct, **right | {"confirm": "yes"}).status_code in (200, 303)
    assert month(office)[f"paper {SlipState.HELD}"] == COUNT  # whose it is and when, PV01 says
    would = lead.post(correct, **right)
    assert would.status_code == 200 and month(office)[f"paper {SlipState.HELD}"] == COUNT
    assert lead.post(correct, **right | {"confirm": "yes"}).status_code == 200
    after = month(office)
    assert (after[f"paper {SlipState.VALID}"], sum(after.values())) == (COUNT, COUNT)

    # A table of the electronic form that is another month's, and visits with a nought too many.
    head = "Dấu thời gian,Đơn vị," + ",".join(f"B{at}" for at in range(1, 11)) + "\n"
    rows = "2026-11-03 08:00:00,PC06" + ",Hài lòng" * 10 + "\n"
    path = send_table(lead, "electronic", head + rows, "gg.csv").partition("?")[0]
    post(lead, path, of_form="DL-01", period=MONTH, days="")
    assert month(office)[f"electronic {SlipState.VALID}"] == 1
    with Store.open(office.workspace.database) as store:
        number = str(store.value("SELECT max(event) FROM electronic_slips"))
    post(lead, f"/month/{MONTH}/imports/withdraw", number=number, why="nhầm tháng")
    post(lead, f"/month/{MONTH}/visits", unit="PC06", visits="40")
    post(lead, f"/month/{MONTH}/visits", unit="PC06", visits="400")
    assert month(office)["visits"] == 400
    post(lead, f"/month/{MONTH}/visits/withdraw", unit="PC06", why="thừa một số 0")
    assert month(office) == {f"paper {SlipState.VALID}": COUNT, "visits": 40}

    # Yesterday's register is put under the desk: every page says so, until today's is back.
    with closing(sqlite3.connect(office.workspace.database)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yesterday = shutil.copy(office.workspace.database, tmp_path / "old.sqlite")
    post(lead, f"/month/{MONTH}/visits", unit="PC06", visits="41")
    for file in office.workspace.path.glob("omr.sqlite*"):
        file.rename(tmp_path / f"today{file.name.removeprefix('omr')}")
    shutil.copy(yesterday, office.workspace.database)
    assert "bản cũ hoặc bị cắt" in lead.client.get(f"/month/{MONTH}").text
    assert post(lead, f"/month/{MONTH}/visits", unit="PC06", visits="99").status_code >= 400
    for file in office.workspace.path.glob("omr.sqlite*"):
        file.unlink()
    for file in tmp_path.glob("today.sqlite*"):
        file.rename(office.workspace.path / f"omr{file.name.removeprefix('today')}")

    # The month is right, and closed so; what comes after is an adjustment.
    assert month(office) == {f"paper {SlipState.VALID}": COUNT, "visits": 41}
    assert post(lead, f"/month/{MONTH}/close", why="đủ phiếu").status_code == 303
    with Store.open(office.workspace.database) as store:
        assert status(store, parse_period(MONTH)).state is PeriodState.CLOSED
    refused = lead.post(f"/batches/{batch[1]}/withdraw", why="thử", sure="yes")
    assert "đã chốt" in refused.text and month(office)[f"paper {SlipState.VALID}"] == COUNT
    assert open_to_others(office.workspace.path) == []  # a month's work let nobody else in
