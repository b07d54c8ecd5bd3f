"""Whole errands in a browser, by the people whose they are: nobody needs a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image
from scanned_stacks import slip, take_slips
from windows import office_url, sign_in, violations

from omr.office import Office
from omr.words import Role


def on_the_glass(sheet: Path, picture: Image.Image) -> None:
    """Lay a page on the glass of SANE's device `pnm`."""
    part = sheet.with_suffix(".part")
    picture.save(part, format="PPM")
    part.replace(sheet)


@pytest.mark.skipif(shutil.which("scanimage") is None, reason="scanimage is not installed")
def test_a_clerk_scans_mends_a_page_and_has_the_receipt_signed(window, office, tmp_path, monkeypatch):
    """From the glass to the signed receipt: one sheet is smeared, and is scanned again in its place."""
    sane, sheet = tmp_path / "sane", tmp_path / "sheet.pnm"
    (sane / "dll.d").mkdir(parents=True)
    (sane / "dll.conf").write_text("pnm\n")
    monkeypatch.setenv("SANE_CONFIG_DIR", str(sane))
    with Office.open(office.workspace, by="test") as hall:
        printed = tmp_path / "print.pdf"
        hall.issue(hall.form("DL-01"), unit="PC06", period="2026-11", count=2, target=printed)
    with pdfium.PdfDocument(printed) as document:
        straight = [page.render(scale=200 / 72).to_pil().convert("L") for page in document]
    # No sheet lies quite straight on a glass; a page that does was drawn by a program.
    pages = [page.rotate(0.3, Image.Resampling.BICUBIC, fillcolor=250) for page in straight]
    office.accounts.describe("quet.pc06", "Trần Văn Hải", "Đại úy", "test")
    settings = f'[scanners."Quầy 1"]\ndevice = "pnm:0"\nfeeder = false\noptions = ["--filename={sheet}"]\n'
    (office.workspace.path / "omr.toml").write_text(settings, "utf-8")
    office.take_settings()

    sign_in(window, Role.CLERK)
    assert "Đại úy Trần Văn Hải" in window.inner_text("h1")
    window.click("nav >> text=Quét phiếu")
    window.fill("#expected", "2")
    on_the_glass(sheet, pages[0])
    window.click("button:text-is('Quét')")
    window.wait_for_selector("#p1.good")
    smeared = np.asarray(pages[1]).copy()
    smeared[:500] = 90
    on_the_glass(sheet, Image.fromarray(smeared))
    window.click("text=Quét tiếp")
    window.wait_for_selector("#p2.bad .buttons")
    assert violations(window) == []
    on_the_glass(sheet, pages[1])
    window.click("#p2 >> button:text-is('Quét lại')")
    window.wait_for_selector("#p2.good .buttons")
    assert window.locator("#p2 >> text=đã quét lại").count() == 1
    window.click("text=Gửi 2 trang và đọc")
    window.wait_for_selector("text=Biên nhận lô B000001")
    assert "Khớp với số đếm tay: 2 phiếu" in window.inner_text("main")
    receipt = window.request.get(f"{office_url(window)}/batches/B000001.pdf")
    with pdfium.PdfDocument(receipt.body()) as document:
        text = document[0].get_textpage().get_text_range()
    assert len(text) > 200 and "Đại úy Trần Văn Hải" in text
    window.goto(office_url(window))
    assert "B000001" in window.inner_text("main")


def test_an_administrator_sets_an_office_up(window, office, tmp_path):
    """The list of the first days, point by point, until it is gone."""
    for name in ("xem.pv01", "truong.pv01", "quet.pc06", "truong.pc06"):
        office.accounts.set_active(name, False, "test")
    sign_in(window, Role.ADMIN)
    assert window.locator(".points li:not(.done)").count() == 6
    for name, roles in (("lan", "reviewer"), ("hoa", "reviewer lead"), ("nam", "clerk"), ("anh", "admin")):
        window.click("nav >> text=Tài khoản")
        window.fill("#new-name", name + ".pv01")
        window.fill("#full-name", name.title())
        for role in roles.split():
            window.check(f"input[name=roles][value={role}]")
        if roles == "clerk":
            window.select_option("#of-unit", "PC06")
        window.click("button:text-is('Thêm tài khoản')")
        window.wait_for_selector(".one-time")
        assert violations(window) == [] if name == "lan" else True
    window.click("nav >> text=Cài đặt")
    window.fill("#s-backup_to", str(tmp_path / "copies"))
    window.click("button:text-is('Lưu')")
    window.wait_for_selector("text=Đã lưu; có hiệu lực ngay.")
    window.click("nav >> text=Sao lưu")
    window.click("text=Sao lưu ngay")
    window.wait_for_selector("text=Đã sao lưu và đọc lại")
    window.goto(office_url(window))
    assert window.locator(".points").count() == 0
    window.click("nav >> text=Tài khoản")
    window.click("text=hoa.pv01")
    window.uncheck("input[name=roles][value=lead]")
    window.click("text=Lưu thay đổi")
    window.wait_for_selector("h1:has-text('Hoa')")
    window.click("text=Khóa tài khoản…")
    window.click("button:text-is('Khóa tài khoản')")
    window.wait_for_selector("text=Đã khóa")


def test_a_head_of_a_unit_sees_the_month_at_once(window, office):
    take_slips(office.workspace, [slip(), slip(B2="?3"), slip()])
    sign_in(window, Role.VIEWER)
    text = window.inner_text(".month-line")
    assert "PC06" in text and "3 phiếu đã thu về" in text and "1 chỗ chờ PV01 xem" in text
    assert violations(window) == []
    window.click("h2 >> text=Tổng quan")
    window.wait_for_selector("text=Tháng 11/2026")


def test_a_scheme_and_a_width_are_the_computers(window, office):
    """Looked at in dark and on a phone, the front page hides nothing; paper that is printed stays white."""
    sign_in(window, Role.CLERK)
    window.emulate_media(color_scheme="dark")
    dark = window.evaluate("getComputedStyle(document.body).backgroundColor")
    window.emulate_media(color_scheme="light")
    assert dark != window.evaluate("getComputedStyle(document.body).backgroundColor")
    window.emulate_media(color_scheme="dark", media="print")
    assert window.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    window.emulate_media(media="screen")
    window.set_viewport_size({"width": 390, "height": 844})
    box = window.locator("header nav").bounding_box()
    assert box["height"] < 60  # one line that is pushed; it took 135 px


def test_status_is_seen_without_pushing_a_table(window, office):
    """It was the last column, off the screen at 1366 px and at 200 % zoom."""
    take_slips(office.workspace, [slip(), None])
    sign_in(window, Role.CLERK)
    for path in ("/", "/intake"):
        for width in (1366, 683, 390):
            window.set_viewport_size({"width": width, "height": 800})
            window.goto(office_url(window) + path)
            box = window.locator("tbody .tag").first.bounding_box()
            assert box["x"] + box["width"] <= width, (path, width)


def test_a_button_that_cannot_be_pressed_looks_so_under_the_mouse(window, office):
    sign_in(window, Role.CLERK)
    window.goto(office_url(window) + "/intake")
    window.emulate_media(reduced_motion="reduce")
    style = "(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    before = window.eval_on_selector("#send", style)
    window.hover("#send", force=True)
    assert window.eval_on_selector("#send", style) == before
