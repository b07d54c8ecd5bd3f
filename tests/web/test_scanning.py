"""Scanning from the desk, with the devices that SANE brings for tests: `test` has a feeder, `pnm` a file."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from people import Person
from PIL import Image

from omr.errors import OmrError
from omr.office import Office
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.web.frame.front import FrontOffice
from omr.web.scanning.sane import devices, options
from omr.web.scanning.scan import RUNNING, Scan
from omr.web.scanning.scans import Scans
from omr.words import Role

Enter = Callable[[Role | None], Person]
pytestmark = pytest.mark.skipif(shutil.which("scanimage") is None, reason="scanimage is not installed")


@pytest.fixture(autouse=True)
def sane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SANE that knows its own two devices and asks no network."""
    folder = tmp_path / "sane"
    (folder / "dll.d").mkdir(parents=True)
    (folder / "dll.conf").write_text("test\npnm\n")
    monkeypatch.setenv("SANE_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """What lies on the glass of the device `pnm`."""
    return tmp_path / "glass.pnm"


@pytest.fixture
def scanners(office: FrontOffice, sheet: Path) -> None:
    """Two profiles: a feeder of ten sheets, and a glass."""
    (office.workspace.path / "omr.toml").write_text(
        f"""[scanners.feeder]
device = "test:0"
dpi = 150
options = ["--test-picture=Solid black"]
[scanners.glass]
device = "pnm:0"
feeder = false
options = ["--filename={sheet}"]
[scanners.theirs]
device = "test:1"
units = ["PC08"]
"""
    )
    office.take_settings()


def ended(office: FrontOffice) -> Scan:
    """Wait for the scanner's end; a scan that hangs ends the test run, not this loop."""
    (stack,) = Inbox(office.workspace).stacks()
    while True:
        scan = office.scans.scan_of(stack)
        assert scan is not None
        if scan.state != RUNNING:
            return scan
        time.sleep(0.05)


def page_of(pdf: Path, number: int = 0) -> Image.Image:
    """A printed page as a scanner would see it at 200 dpi, unmarked and a little askew."""
    with pdfium.PdfDocument(pdf) as document:
        page = document[number].render(scale=200 / 72).to_pil().convert("L")
    return page.rotate(0.3, Image.Resampling.BICUBIC, fillcolor=250)


def lay(sheet: Path, page: Image.Image) -> None:
    """Put a page on the glass."""
    page.save(sheet, format="PPM")


def test_sane_is_asked_for_its_devices_and_what_they_can() -> None:
    assert {"test:0", "pnm:0"} <= {device.name for device in devices()}
    assert "Automatic Document Feeder" in options("test:0")["--source"].values
    with pytest.raises(OmrError, match="không liên lạc được"):
        options("nothing:0")


@pytest.mark.usefixtures("scanners")
def test_a_feeder_fills_a_stack_and_its_end_is_told(office: FrontOffice, person: Enter) -> None:
    clerk = person(Role.CLERK)
    answer = clerk.post("/scan", scanner="feeder", expected="12")
    place = answer.headers["location"]
    scan = ended(office)
    assert (scan.state, [page.number for page in scan.pages]) == ("done", list(range(1, 11)))
    assert {page.outcome for page in scan.pages} == {"rejected"}  # black paper is no slip
    (stack,) = Inbox(office.workspace).stacks()
    assert [file.name for file in Inbox(office.workspace).files(stack)][::9] == [
        "trang-0001.png",
        "trang-0010.png",
    ]
    text = clerk.client.get(place).text
    assert "Đã quét xong 10 trang" in text and "thiếu 2" in text
    assert clerk.client.get(f"{place}/1.jpg").headers["content-type"] == "image/jpeg"
    assert clerk.post(f"{place}/remove", number="10").status_code == 303
    clerk.post(f"{place}/remove", number="4")
    clerk.post(f"{place}/more", scanner="feeder")
    numbers = [page.number for page in ended(office).pages]
    assert numbers == [1, 2, 3, 5, 6, 7, 8, 9, *range(10, 20)]  # what comes later comes after
    files = Inbox(office.workspace).files(stack)
    assert [int(file.stem.removeprefix("trang-")) for file in files] == numbers
    assert "đã quét 18" in clerk.client.get(place).text


@pytest.mark.usefixtures("scanners")
def test_a_page_is_scanned_again_in_its_place_and_the_stack_is_read(
    office: FrontOffice, person: Enter, sheet: Path
) -> None:
    """From the glass: a slip, one that is smeared, then the same one again, whole; then all is read."""
    with Office.open(office.workspace, by="test") as hall:
        target = office.workspace.path / "print.pdf"
        hall.issue(hall.form("DL-01"), unit="PC06", period="2026-11", count=2, target=target)
    clerk = person(Role.CLERK)
    lay(sheet, page_of(target, 0))
    place = clerk.post("/scan", scanner="glass", expected="2").headers["location"]
    first = ended(office)
    assert [(page.outcome, bool(page.serial)) for page in first.pages] == [("read", True)]
    smeared = np.asarray(page_of(target, 1)).copy()
    smeared[:500] = 90
    lay(sheet, Image.fromarray(smeared))
    clerk.post(f"{place}/more", scanner="glass")
    assert [page.outcome for page in ended(office).pages] == ["read", "rejected"]
    lay(sheet, page_of(target, 1))
    clerk.post(f"{place}/again", scanner="glass", number="2")
    whole = ended(office)
    assert [(page.outcome, page.version) for page in whole.pages] == [("read", 1), ("read", 2)]
    assert len({page.serial for page in whole.pages}) == 2
    text = clerk.client.get(place).text
    assert "đã quét lại" in text and "warned" not in text
    clerk.post(place.replace("/scan", "/intake") + "/send")
    inbox = Inbox(office.workspace)
    (stack,) = inbox.stacks()
    assert inbox.state(stack) is StackState.WAITING
    with Office.open(office.workspace, by="test") as hall:
        made = hall.read_stack(stack)
    assert (made.came.read, made.came.rejected, made.missing) == (2, 0, 0)
    assert not list(Path(office.workspace.path, "inbox", stack.name).glob("beside"))


def test_what_stops_a_scanner_is_told_in_words(office: FrontOffice, person: Enter) -> None:
    (office.workspace.path / "omr.toml").write_text(
        """[scanners.feeder]
device = "test:0"
options = ["--read-return-value=SANE_STATUS_JAMMED"]
"""
    )
    office.take_settings()
    clerk = person(Role.CLERK)
    place = clerk.post("/scan", scanner="feeder").headers["location"]
    assert ended(office).state == "jammed"
    assert "Kẹt giấy" in clerk.client.get(place).text


@pytest.mark.usefixtures("scanners")
def test_a_scan_is_stopped_and_what_came_stays(office: FrontOffice, person: Enter) -> None:
    (office.workspace.path / "omr.toml").write_text(
        """[scanners.feeder]
device = "test:0"
dpi = 150
options = ["--read-delay=yes", "--read-delay-duration=200000"]
"""
    )
    office.take_settings()
    clerk = person(Role.CLERK)
    place = clerk.post("/scan", scanner="feeder").headers["location"]
    assert clerk.post(f"{place}/more", scanner="feeder").status_code == 400  # one scan at a time
    assert clerk.post(place.replace("/scan", "/intake") + "/send").status_code == 400
    clerk.post(f"{place}/stop")
    scan = ended(office)
    assert scan.state == "stopped" and len(scan.pages) < 10
    (stack,) = Inbox(office.workspace).stacks()
    assert len(Inbox(office.workspace).files(stack)) == len(scan.pages)


def test_a_scan_that_ends_while_it_is_looked_at_is_not_called_interrupted(office: FrontOffice) -> None:
    """Seen: its process told its end and went between reading what it told and looking whether it lives."""
    inbox = Inbox(office.workspace)
    stack = inbox.begin("PC06", "2026-11", None, "test")
    inbox.note_scan(stack, asdict(Scan("feeder")))

    class Ending(Scans):
        def is_running(self, stack: Stack) -> bool:
            inbox.note_scan(stack, asdict(Scan("feeder", state="stopped")))
            return super().is_running(stack)

    scan = Ending(office.workspace).scan_of(stack)
    assert scan is not None and scan.state == "stopped"


def test_a_scan_without_a_process_was_interrupted(office: FrontOffice) -> None:
    inbox = Inbox(office.workspace)
    stack = inbox.begin("PC06", "2026-11", None, "test")
    inbox.note_scan(stack, asdict(Scan("feeder")))
    scan = Scans(office.workspace).scan_of(stack)
    assert scan is not None and scan.state == "interrupted"


@pytest.mark.usefixtures("scanners")
def test_a_scanner_of_one_unit_is_nobody_elses(office: FrontOffice, person: Enter) -> None:
    text = person(Role.CLERK).client.get("/intake").text
    assert 'value="feeder"' in text and "theirs" not in text
    assert person(Role.CLERK).post("/scan", scanner="theirs").status_code == 400
    assert 'value="theirs"' in person(Role.REVIEWER).client.get("/intake").text


def test_without_a_scanner_the_desk_offers_none(office: FrontOffice, person: Enter) -> None:
    assert 'action="/scan"' not in person(Role.CLERK).client.get("/intake").text
    assert person(Role.CLERK).post("/scan", scanner="feeder").status_code == 400


@pytest.mark.usefixtures("scanners")
def test_a_device_that_is_away_is_told(office: FrontOffice, person: Enter) -> None:
    (office.workspace.path / "omr.toml").write_text('[scanners.gone]\ndevice = "nothing:0"\n')
    office.take_settings()
    clerk = person(Role.CLERK)
    place = clerk.post("/scan", scanner="gone").headers["location"]
    assert ended(office).state == "refused"
    assert "không liên lạc được với máy quét" in clerk.client.get(place).text


def test_nobody_sees_the_scan_of_another_unit(office: FrontOffice, person: Enter) -> None:
    inbox = Inbox(office.workspace)
    stack = inbox.begin("PC08", None, None, "x")
    inbox.note_scan(stack, {"scanner": "feeder", "state": "done", "detail": "", "again": None, "pages": []})
    assert person(Role.CLERK).client.get(f"/scan/{stack.name}").status_code == 404
    assert person(Role.REVIEWER).client.get(f"/scan/{stack.name}").status_code == 200
