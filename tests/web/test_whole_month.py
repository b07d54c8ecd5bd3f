"""PV01's own month in the browser: from the slips that come back to the report and the audit by hand.

After installation nobody needs a terminal. What is no screen's work is done by hand here as in life:
people fill in the printed slips, a scanner scans them (simulated), and somebody signs. An office that
begins with nothing, its accounts, units and paper, is `test_month_of_each_role`.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from month_desk import LAST_MONTH, Desk, decide_doubts, fill_and_scan, type_comments
from windows import violations

from omr.handing_out import hand_out
from omr.office import Office
from omr.records.month.closing import status
from omr.records.offices.periods import parse_period
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.register.handovers import hand_overs
from omr.records.register.plan import read_plan
from omr.records.register.stamping import stamp, stamped_serials
from omr.records.store.store import Store
from omr.reports import monthly
from omr.trust.rekeying import NOTHING
from omr.web.frame.front import FrontOffice
from omr.words import Role

PLAN = "đơn vị\tmẫu\tsố phiếu\nPC06\tDL-01\t3\nPC08\tDL-04\t3\n"


@pytest.fixture
def desk(new_window):
    return new_window()


def hold_to_count(desk: Desk, count: int) -> None:
    """Decide a whole stack of held slips with one word, at the desk of cases."""
    desk.open("/cases")
    desk.page.check("[data-all]")
    desk.page.fill("main .together input[name=why]", "đã xem giấy: đúng phiếu của phòng")
    desk.page.click(".together button[name=word][value=counts]")
    desk.page.wait_for_selector(f"text=Đã ghi {count} phiếu")


def key_from_paper(desk: Desk, papers: dict[str, dict[str, list[str]]]) -> int:
    """Key every drawn slip as it stands on its paper; returns how many there were."""
    page, keyed = desk.page, 0
    while serial := page.query_selector("main form input[name=serial]"):
        name = serial.get_attribute("value")
        page.check("input[name=paper] >> nth=0")
        page.evaluate(
            """([answers, nothing]) => {
                for (const box of document.querySelectorAll('main form [name^="q-"]')) {
                    const said = answers[box.name.slice(2)] || [];
                    box.checked = said.includes(box.value) || (said.length === 0 && box.value === nothing);
                }
            }""",
            [papers[name], NOTHING],
        )
        page.click("main form button.primary")
        page.wait_for_load_state("networkidle")
        keyed += 1
    return keyed


def paper(office: FrontOffice, folder: Path) -> None:
    """Units, a plan printed, handed over, stamped: what the lead does at desks in the month of each role."""
    with Office.open(office.workspace, by="truong.pv01") as hall:
        import_units(hall.store, read_units(shipped_units("hai-phong-2023").read_bytes()), by=hall.by)
        (folder / "plan.csv").write_text(PLAN, "utf-8")
        month = parse_period(LAST_MONTH)
        lines = read_plan(hall.store, folder / "plan.csv", month, hall.form)
        runs = hand_out(hall, lines, month, folder, lambda done, total: None).runs
        stamp(hall.store, [run.run for run in runs], by=hall.by)


def test_a_month_from_the_paper_to_the_report_without_a_terminal(empty, desk, new_window, tmp_path) -> None:
    office, _ = empty
    page, month = desk.page, f"/month/{LAST_MONTH}"
    paper(office, tmp_path)
    for name, roles, window in (
        ("truong.pv01", [Role.LEAD, Role.REVIEWER], desk),
        ("lan.pv01", [Role.REVIEWER], second := new_window()),
    ):
        window.sign_in(name, office.accounts.add(name, roles, None, by="test"))

    # the slips come back and are read
    papers: dict[str, dict[str, list[str]]] = {}
    for name in ("PC06-DL-01", "PC08-DL-04"):
        scan, filled = fill_and_scan(tmp_path / f"{name}.pdf", tmp_path / f"scan-{name}.pdf")
        papers |= filled
        desk.open("/intake")
        page.set_input_files("#files", [scan])
        page.select_option("#unit", "PC06")  # wrong for the second stack: its slips are held
        page.fill("#expected", "3")
        page.click("#send")
        page.wait_for_url("**/batches/*")
        assert "Khớp với số đếm tay: 3 phiếu" in page.inner_text("main")
    receipt = page.get_attribute("main a.primary[href$='.pdf']", "href")  # to be printed and signed
    assert page.request.get(desk.url + receipt).body().startswith(b"%PDF")
    hold_to_count(desk, 3)
    hold_to_count(second, 3)
    assert violations(second.page) == []
    decide_doubts(desk)
    type_comments(desk)

    # what comes beside paper
    desk.open(f"{month}/imports")
    page.fill("#visits-text", "đơn vị\tlượt\nPC06\t4\nPC08\t5\n")
    page.click("form[data-sheet][action='/sheets/visits'] button")
    page.wait_for_selector("text=2 dòng: 2 mới")
    desk.press("Nhận số lượt", "table.board")
    rows = "2026-01-02 08:00:00".replace("2026-01", LAST_MONTH) + ",PC06" + ",Hài lòng" * 10
    sheet = tmp_path / "phieu-dien-tu.csv"
    sheet.write_text(
        "Dấu thời gian,Đơn vị," + ",".join(f"B{n}" for n in range(1, 11)) + f"\n{rows}\n", "utf-8"
    )
    desk.open(f"{month}/imports")
    page.set_input_files("#electronic-file", [sheet])
    page.click("form[data-sheet][action='/sheets/electronic'] button")
    page.select_option("#of_form", "DL-01")
    page.click("text=Xem lại")
    desk.press("Nạp phiếu điện tử", "text=phieu-dien-tu.csv")

    # the board says what lacks; each is mended where it stands
    for unit in ("PC06", "PC08"):
        desk.open(month)
        page.click(f"#u-{unit} td:nth-child(8) summary")
        page.click(f"#u-{unit} td:nth-child(8) button")
        page.wait_for_load_state("networkidle")
    desk.open(f"{month}/statements")
    page.fill("#t-solutions", "Bố trí thêm một quầy vào buổi sáng.")
    page.click("#solutions button")
    page.wait_for_selector("text=Đã lưu")
    desk.open(month)
    assert "Đủ số liệu, có thể chốt." in page.inner_text("main"), page.inner_text("main")
    assert violations(page) == []
    desk.press("Chốt tháng", "text=đã chốt")

    # the report, looked at and taken home
    desk.open(f"{month}/report")
    desk.press("Lập và xem trước", "section.document")
    assert "Bố trí thêm một quầy vào buổi sáng." in page.inner_text(".document")
    assert violations(page) == []
    fetched = desk.fetch("text=Tải tất cả", tmp_path / "bao-cao.zip")
    with zipfile.ZipFile(fetched) as archive:
        report = docx.Document(io.BytesIO(archive.read(f"bao-cao-{LAST_MONTH}.docx")))
    assert any("số liệu đã chốt" in paragraph.text for paragraph in report.paragraphs)
    desk.open("/overview")
    page.click(".tiles a >> nth=0")
    page.wait_for_selector("text=Phiếu sau con số")

    # slips are drawn in public and keyed anew from their paper
    desk.open(f"{month}/proof")
    page.fill("#seed", "xổ số Hải Phòng 29/11: 48213")
    desk.press("Rút mẫu", "text=Nhập phiếu tiếp theo")
    page.click("text=Nhập phiếu tiếp theo")
    assert violations(page) == []
    assert key_from_paper(desk, papers) == 6
    assert "48213" in page.inner_text("main") and not page.query_selector("text=Nhập phiếu tiếp theo")
    assert violations(page) == []

    with Store.open(office.workspace.database) as store:
        counted = monthly.gather(store, LAST_MONTH)
        pool = counted.pool()
        assert (pool.returned, sum(line.missing or 0 for line in counted.stock)) == (7, 0)
        assert counted.visits == {"PC06": 4, "PC08": 5}
        assert status(store, parse_period(LAST_MONTH)).closings[0].by == "truong.pv01"
        assert {one.unit: one.slips for one in hand_overs(store)} == {"PC06": 3, "PC08": 3}
        assert sum(map(len, stamped_serials(store).values())) == 6
