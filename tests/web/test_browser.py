"""The frame in a real browser: login, keyboard, accessibility, nothing from elsewhere."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from scanned_stacks import slip, take_slips
from windows import office_url, scrolls_sideways, settled, sign_in, violations

from omr.records.inbox.inbox import Inbox, Progress
from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.words import Role

PAGES = {
    Role.CLERK: ["/", "/help", "/intake", "/batches/B000001", "/folders", "/scanner-check"],
    Role.REVIEWER: [
        "/review",
        "/review/grid",
        "/review/me",
        "/training",
        "/cases",
        "/cases/P4",
        "/cases/S1",
        "/comments",
    ],
    Role.LEAD: [
        "/overview",
        "/overview/2026-11/signals",
        "/print",
        "/hand-overs",
        "/stock/PC06/2026-11",
        "/counters",
        "/units",
        "/month/2026-11",
        "/month/2026-11/slips",
        "/month/2026-11/imports",
        "/month/2026-11/voices",
        "/month/2026-11/statements",
        "/month/2026-11/report",
        "/month/2026-11/proof",
        "/month/2026-11/travel",
    ],
    Role.VIEWER: ["/overview"],
    Role.ADMIN: ["/accounts", "/accounts/quet.pc06", "/settings", "/backup", "/password", "/nothing"],
}


def test_every_page_is_accessible_and_fits(window, office):
    take_slips(office.workspace, [slip(B2="?3"), slip(A5="id_card ?other"), slip(), None])
    assert violations(window) == [] and scrolls_sideways(window) == []
    for role in Role:
        window.set_viewport_size({"width": 1366, "height": 768})
        sign_in(window, role)
        for path in PAGES[role]:
            window.goto(office_url(window) + path)
            settled(window)
            assert violations(window) == [], (role, path)
            assert scrolls_sideways(window) == [], (role, path)
            window.complaints = [c for c in window.complaints if path != "/nothing"]  # a 404 is said there
        window.context.clear_cookies()
        window.goto(office_url(window))


def test_a_reviewer_decides_with_keys_alone(window, office, monkeypatch):
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(B2="?3"), slip(B2="?4"), slip(A5="id_card ?other")])
    sign_in(window, Role.REVIEWER)
    window.goto(office_url(window) + "/review")

    def press(key: str, then: str) -> None:
        window.keyboard.press(key)
        window.wait_for_selector(f'[data-item="{then}"]')

    window.wait_for_selector('[data-item="A1-B2"] .row img')
    assert window.evaluate("document.querySelector('.row img').naturalWidth") > 1000
    window.keyboard.press("w")
    window.wait_for_selector("dialog[open] img[src]")
    window.keyboard.press("w")
    window.wait_for_selector("dialog", state="hidden")
    press("3", "A2-B2")
    press("z", "A1-B2")
    press("Enter", "A2-B2")  # passed over: it comes again at the end
    press("m", "A3-A5")
    window.keyboard.press("1")
    window.keyboard.press("3")
    press("Enter", "A1-B2")
    window.keyboard.press("0")
    window.wait_for_selector("text=Không còn câu nào chờ bạn")
    with Store.open(office.workspace.database) as store:
        rows = store.rows("SELECT reading, question, state, codes FROM current_answers WHERE by <> 'machine'")
        assert [tuple(row) for row in rows] == [
            (1, "B2", "no_answer", ""),
            (2, "B2", "multiple", ""),
            (3, "A5", "answered", "id_card other"),
        ]


def test_a_clerk_drops_files_and_gets_a_receipt(window, office, tmp_path):
    """From choosing files to the receipt; reading itself is played by a line in the inbox."""
    take_slips(office.workspace, [slip(), None])
    sign_in(window, Role.CLERK)
    window.goto(office_url(window) + "/intake")
    scan = tmp_path / "tập 1.pdf"
    scan.write_bytes(b"%PDF-1.4\n")
    window.set_input_files("#files", [scan, scan])
    window.fill("#expected", "2")
    office.worker.stop()  # nobody reads: the page waits
    window.click("#send")
    window.wait_for_selector("#progress")
    inbox = Inbox(office.workspace)
    (stack,) = inbox.stacks()
    assert [file.name for file in inbox.files(stack)] == ["tập 1.pdf", "tập 1.pdf"]
    inbox.tell(stack, Progress(total=10, pages=4, read=3, rejected=1, seconds=2.0))
    window.wait_for_selector("text=4 / 10")
    news, cut_off = "**/progress", window.locator("#said:visible:has-text('Mất liên lạc với máy chủ')")
    window.route(
        news, lambda route: route.fulfill(content_type="text/event-stream", body="retry: 50\n\n"), times=1
    )
    window.reload()
    window.route(news, lambda route: route.abort())
    cut_off.wait_for()  # the page said for ever that reading went on
    window.unroute(news)
    cut_off.wait_for(state="detached")
    window.complaints.clear()
    window.wait_for_selector("text=4 / 10")
    inbox.finish(stack, "B000001")
    window.wait_for_selector("text=Biên nhận lô B000001")
    window.wait_for_selector(".thumbnails img")


def test_typing_a_serial_is_answered_while_typing(window, office):
    take_slips(office.workspace, [slip(), None])
    sign_in(window, Role.REVIEWER)
    window.goto(office_url(window) + "/cases/P2")
    with Store.open(office.workspace.database) as store:
        right = issued(store)[0].serial(2).printed
    window.keyboard.type(right[:-1].replace(" ", ""))
    window.wait_for_selector("text=Còn thiếu 1 ký tự")
    window.click(f"text={right}")
    window.wait_for_selector("text=Đúng: ĐL-01, PC06")


def test_english_in_one_click(window):
    window.click("text=EN")
    window.wait_for_selector("text=Sign in")


def test_keyboard_alone_adds_an_account(window):
    sign_in(window, Role.ADMIN)
    window.goto(office_url(window) + "/accounts")
    window.focus("#new-name")
    window.keyboard.type("lan.pv01")
    window.keyboard.press("Tab")
    window.keyboard.type("Lê Thị Lan")
    for _ in ("rank", "clerk", "reviewer"):
        window.keyboard.press("Tab")
    window.keyboard.press("Space")
    window.keyboard.press("Enter")
    window.wait_for_selector(".one-time")
    assert "lan.pv01" in window.inner_text(".note[role=status]")


@pytest.mark.parametrize("role, seen, unseen", [(Role.LEAD, "PC08", ""), (Role.VIEWER, "PC06", "PC08")])
def test_lead_and_head_of_a_unit_take_the_month_home(role, seen, unseen, window, office, tmp_path):
    take_slips(office.workspace, [slip() for _ in range(3)], name="a")
    take_slips(office.workspace, [slip(B4="2")], unit="PC08", name="b")
    sign_in(window, role)
    window.click("nav >> text=Tổng quan")
    window.wait_for_selector("text=Tháng 11/2026")
    shown = window.inner_text("main")
    window.evaluate(
        """() => new MutationObserver(() => { window.busy = true; }).observe(
            document.querySelector("[data-slow]"), {attributeFilter: ["aria-busy"]})"""
    )
    with window.expect_download() as download:
        window.click("text=Tải báo cáo")
    assert window.evaluate("window.busy")  # it takes some seconds, and was clicked again
    assert download.value.suggested_filename.startswith("bao-cao-2026-11")
    download.value.save_as(tmp_path / "report.zip")
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        names = archive.namelist()
        counts = next(archive.read(name).decode() for name in names if name.startswith("so-lieu"))
    assert {Path(name).suffix for name in names} == {".csv", ".xlsx", ".docx"}
    assert seen in counts and (seen in shown or role is Role.VIEWER)
    assert not unseen or (unseen not in counts and unseen not in shown)


def test_typed_text_survives_a_session_that_ended(window, office):
    """Chromium showed its own error page, and the text was gone."""
    take_slips(office.workspace, [slip(), None])
    sign_in(window, Role.REVIEWER)
    window.goto(office_url(window) + "/cases/P2")
    window.fill("#why", "phiếu bị gấp, đọc được bằng mắt")
    window.context.clear_cookies()
    window.click('button[value="not_a_slip"]')
    window.wait_for_selector("text=Phiên làm việc đã hết")
    sign_in(window, Role.REVIEWER)
    assert window.url.endswith("/cases/P2")
    assert window.input_value("#why") == "phiếu bị gấp, đọc được bằng mắt"
    window.reload()
    assert window.input_value("#why") == ""  # only that once: an old text must not stand in another form


def test_a_server_that_is_away_is_told_and_so_are_its_errors(window, office):
    take_slips(office.workspace, [slip(B2="?3")])
    sign_in(window, Role.REVIEWER)
    window.goto(office_url(window) + "/review")
    window.wait_for_selector('[data-item="A1-B2"]')
    window.route("**/review/decide", lambda route: route.abort())
    window.keyboard.press("3")
    window.wait_for_selector("text=Không liên lạc được với máy chủ")
    # the words come a moment before the request is over, and until then a key decides nothing
    window.wait_for_selector(".htmx-request", state="detached")
    window.unroute("**/review/decide")
    window.route(
        "**/review/decide",
        lambda route: route.fulfill(status=500, body="Traceback", content_type="text/html"),
    )
    window.keyboard.press("3")
    window.wait_for_selector("text=Máy chủ gặp lỗi")
    assert window.locator('[data-item="A1-B2"]').count() == 1
    window.complaints.clear()  # the browser's own words on the two failures


def test_keys_work_under_a_vietnamese_input_method_and_on_the_number_pad(window, office):
    """Under Telex the key W arrives as the letter Ư."""
    take_slips(office.workspace, [slip(B2="?3")])
    sign_in(window, Role.REVIEWER)
    window.goto(office_url(window) + "/review")
    window.wait_for_selector('[data-item="A1-B2"]')

    def press(key: str, code: str) -> None:
        window.evaluate(
            "([key, code]) => document.body.dispatchEvent("
            "new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true}))",
            [key, code],
        )

    press("ư", "KeyW")
    window.wait_for_selector("dialog[open]")
    press("ư", "KeyW")
    window.wait_for_selector("dialog", state="hidden")
    press("3", "Numpad3")
    window.wait_for_selector("text=Không còn câu nào chờ bạn")


def test_files_of_other_kinds_are_named_and_one_bad_file_does_not_drop_the_others(window, office, tmp_path):
    sign_in(window, Role.CLERK)
    window.goto(office_url(window) + "/intake")
    office.worker.stop()
    scan, letter = tmp_path / "tập 1.pdf", tmp_path / "công văn.docx"
    scan.write_bytes(b"%PDF-1.4\n")
    letter.write_bytes(b"PK")
    false = tmp_path / "giả.pdf"
    false.write_bytes(b"MZ no scan at all")
    window.set_input_files("#files", [scan, letter, false])
    window.wait_for_selector("text=Không nhận công văn.docx")
    window.click("#send")
    window.wait_for_selector("#trouble >> text=giả.pdf")
    window.wait_for_selector("text=Xem tập phiếu")
    inbox = Inbox(office.workspace)
    (stack,) = inbox.stacks()
    assert [file.name for file in inbox.files(stack)] == ["tập 1.pdf"]
    window.complaints.clear()  # the browser's own word on the refused upload
