"""A month in the browser as each of its people lives it: administrator, lead, clerk, head of a unit.

None of them sees a terminal. What the lead does with a held stack, imports and the audit by hand is
`test_whole_month`; here each role does what is its own, at a window of its own.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pypdfium2 as pdfium
from month_desk import LAST_MONTH, Desk, decide_doubts, fill_and_scan, type_comments
from windows import scrolls_sideways, violations

from omr.records.store.store import Store
from omr.reports import monthly

PLAN = "đơn vị\tmẫu\tsố phiếu\nPC06\tDL-01\t5\n"
PEOPLE = {
    "truong.pv01": ("Nguyễn Thị Hòa", "lead reviewer", ""),
    "quet.pc06": ("Trần Văn Hải", "clerk", "PC06"),
    "truong.pc06": ("Lê Minh Sơn", "viewer", "PC06"),
}
SOLUTION = "Bố trí thêm một cán bộ hướng dẫn vào sáng thứ Hai."


def good(desk: Desk) -> None:
    """Nothing on the page is a fault of accessibility, in either scheme, or wider than its window.

    Of states that `test_browser`, which goes through every role's pages, does not come to.
    """
    assert violations(desk.page) == [], desk.page.url
    assert scrolls_sideways(desk.page) == [], desk.page.url
    desk.page.set_viewport_size({"width": 1366, "height": 900})


def add(desk: Desk, name: str) -> str:
    """Add an account at the administrator's desk; returns its one-time password."""
    page, (full, roles, unit) = desk.page, PEOPLE[name]
    desk.open("/accounts")
    page.fill("#new-name", name)
    page.fill("#full-name", full)
    for role in roles.split():
        page.check(f"main input[name=roles][value={role}]")
    if unit:
        page.select_option("#of-unit", unit)
    page.click("button:text-is('Thêm tài khoản')")
    return str(page.inner_text(".one-time"))


def choose_copies(desk: Desk, folder: Path) -> None:
    """Say where copies go."""
    desk.open("/settings")
    desk.page.fill("#s-backup_to", str(folder))
    desk.press("Lưu", "text=Đã lưu; có hiệu lực ngay.")


def print_slips(desk: Desk, folder: Path) -> Path:
    """The lead's first act: a plan of one line, printed, handed over and stamped."""
    page = desk.page
    desk.open("/print")
    page.fill("#plan-period", LAST_MONTH)
    page.fill("#plan-text", PLAN)
    desk.press("Xem trước", "text=5 phiếu cho 1 đơn vị")
    assert violations(page) == []
    desk.press("Cấp số, in và ghi giao nhận", "text=Kế hoạch in đã xong")
    assert violations(page) == []
    packed = desk.fetch("text=Tải tất cả tệp in và biên bản", folder / "in.zip")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    assert (folder / f"bien-ban-{LAST_MONTH}-PC06.docx").is_file()
    desk.open("/hand-overs")
    page.check("input[name=runs]")
    desk.press("Ghi đã đóng dấu", "text=Đã ghi đóng dấu 5 phiếu")
    return folder / "PC06-DL-01.pdf"


def clerks_month(desk: Desk, scan: Path) -> None:
    """Send a stack, mend a count that was told wrong, have the receipt signed, send the same by mistake."""
    page = desk.page
    desk.open("/")
    assert "Trần Văn Hải" in page.inner_text("h1")
    assert "5 phiếu" in page.inner_text(".month-line")
    page.click("nav >> text=Quét phiếu")
    page.set_input_files("#files", [scan])
    page.fill("#expected", "6")
    page.click("#send")
    page.wait_for_selector("text=Biên nhận lô B000001")
    good(desk)
    page.click("summary:has-text('Sửa số đếm tay')")
    page.fill("#c-expected", "5")
    page.fill("#c-why", "đếm nhầm")
    page.click("#correct button:text-is('Xem trước thay đổi')")
    page.click("#correct button.primary")
    page.wait_for_selector("text=Khớp với số đếm tay: 5 phiếu")
    receipt = page.get_attribute("main a.primary[href$='.pdf']", "href")
    with pdfium.PdfDocument(page.request.get(desk.url + receipt).body()) as document:
        assert "Trần Văn Hải" in document[0].get_textpage().get_text_range()
    page.click("nav >> text=Quét phiếu")
    page.set_input_files("#files", [scan])
    page.click("#send")
    page.wait_for_selector("text=đã được đọc trước đây")
    for path in ("/review", "/cases", f"/month/{LAST_MONTH}", "/overview", "/accounts"):
        assert page.request.get(desk.url + path).status == 403, path


def heads_month(desk: Desk, folder: Path, *, closed: bool) -> str:
    """See the own unit's figures, open one, say what will be done, take the report home; returns its text."""
    page, look = desk.page, (lambda of: None) if closed else good  # the same pages, looked at once
    desk.open("/")
    assert "PC06" in page.inner_text(".month-line")
    page.click("nav >> text=Tổng quan")
    page.wait_for_selector("h1:has-text('PC06')")
    page.click(".tiles a >> nth=0")
    page.wait_for_selector("text=Phiếu sau con số")
    look(desk)
    desk.open("/overview")
    if not closed:
        page.click("main .buttons a[href$='/statements']")
        page.fill("#t-solutions", SOLUTION)
        page.click("#solutions button")
        page.wait_for_selector("text=Đã lưu")
        look(desk)
        desk.open("/overview")
    page.click("main .buttons a[href$='/report']")
    look(desk)
    desk.press("Lập và xem trước", "section.document")
    look(desk)
    name = f"cua-{closed}.zip"
    with zipfile.ZipFile(desk.fetch("text=Tải tất cả", folder / name)) as archive:
        report = docx.Document(io.BytesIO(archive.read(f"bao-cao-{LAST_MONTH}-PC06.docx")))
        assert not any("PC08" in file for file in archive.namelist())
    for path in ("/intake", "/review", f"/month/{LAST_MONTH}", "/print", "/settings"):
        assert page.request.get(desk.url + path).status == 403, path
    return "\n".join(paragraph.text for paragraph in report.paragraphs)


def strange_columns(desk: Desk, file: Path) -> None:
    """A file with columns of other names: each can be chosen, on a phone, too; nothing of it is taken."""
    file.write_text("Dấu thời gian,Nơi làm,Câu 1,Cột lạ\n11/10/2026 08:00,PC06,Rất hài lòng,x\n", "utf-8")
    desk.open(f"/month/{LAST_MONTH}/imports")
    form = desk.page.locator("form[data-sheet][action='/sheets/electronic']")
    form.locator("input[type=file]").set_input_files(file)
    form.locator("button").click()
    desk.page.select_option("#of_form", "DL-01")
    desk.page.click("form.filters > button")
    desk.page.wait_for_selector("details[open] .pairs select")
    assert "Không tìm thấy cột của: B1" in desk.page.inner_text("[role=alert]:visible")
    good(desk)


def test_each_role_lives_its_month_without_a_terminal(empty, new_window, tmp_path) -> None:
    office, _ = empty
    admin, lead, clerk, head = (new_window() for _ in range(4))
    admin.sign_in("admin", office.first_admin())
    admin.open("/accounts")
    assert "Chưa có danh sách đơn vị" in admin.page.inner_text("main")
    lead.sign_in("truong.pv01", add(admin, "truong.pv01"))
    lead.page.click(".points a >> nth=0")  # the first of the first days: the units
    lead.press("Nhận danh sách này", "text=Công an phường")
    clerk.sign_in("quet.pc06", add(admin, "quet.pc06"))
    head.sign_in("truong.pc06", add(admin, "truong.pc06"))
    choose_copies(admin, tmp_path / "copies")
    scan, _ = fill_and_scan(print_slips(lead, tmp_path), tmp_path / "quét.pdf")
    clerks_month(clerk, scan)
    decide_doubts(lead)
    type_comments(lead)
    assert "số liệu chưa chốt" in heads_month(head, tmp_path, closed=False)

    strange_columns(lead, tmp_path / "tệp lạ.csv")
    lead.open(f"/month/{LAST_MONTH}/imports")
    lead.page.fill("#visits-text", "đơn vị\tlượt\nPC06\t8\n")
    lead.page.click("form[data-sheet][action='/sheets/visits'] button")
    lead.press("Nhận số lượt", "table.board")
    lead.page.click("#u-PC06 td:nth-child(8) summary")
    lead.page.click("#u-PC06 td:nth-child(8) button")
    lead.page.wait_for_selector("text=Đủ số liệu, có thể chốt.")
    lead.press("Chốt tháng", "text=đã chốt")
    told = heads_month(head, tmp_path, closed=True)
    assert "số liệu đã chốt" in told and SOLUTION in told
    admin.open("/backup")
    admin.press("Sao lưu ngay", "text=Đã sao lưu và đọc lại")
    good(admin)

    with Store.open(office.workspace.database) as store:
        counted = monthly.gather(store, LAST_MONTH, unit="PC06")
        assert (counted.pool().returned, counted.visits) == (5, {"PC06": 8})
        batches = [tuple(row) for row in store.rows("SELECT batch, complete FROM known_batches")]
    assert batches == [("B000001", 1)]  # what was sent twice was read once
