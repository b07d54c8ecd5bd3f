"""Take the pictures of the guide for clerks: real forms, printed, filled, scanned, sent and read.

    make guide        (python tests/web/guide_pictures.py [FOLDER])

Everything goes through the browser as a person would do it, so that this is a journey
through all desks as well. The slips are simulated.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "docs" / "guide"
PASSWORD = "hoa-phượng-đỏ-2026"
ENVIRONMENT = {**os.environ, "TZ": "Asia/Ho_Chi_Minh", "OMR_LANG": "vi"}


def omr(workspace: Path, *words: object) -> str:
    """Run a command; returns what it printed."""
    command = [sys.executable, "-c", "from omr.cli import main; main()", "--workspace", workspace, *words]
    done = subprocess.run([str(w) for w in command], env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        raise SystemExit(f"omr {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def prepare(workspace: Path) -> dict[str, str]:
    """Issue slips and let them be filled in and scanned; returns one-time passwords."""
    omr(workspace, "init", workspace)
    omr(workspace, "units", "import", "hai-phong-2023")
    for form, unit, seed in (("DL-01", "PC06", 5), ("DL-04", "PC08", 6)):
        printed, scanned = workspace / f"{form}.pdf", workspace / f"{form} tháng 11.pdf"
        omr(workspace, "issue", form, "--unit", unit, "--count", 60, "--period", "2026-11", "-o", printed)
        words = ("--crowd", "troublesome") if form == "DL-01" else ()
        omr(workspace, "simulate", printed, "-o", scanned, "--dpi", 200, "--seed", seed, *words)
    omr(workspace, "read", workspace / "DL-04 tháng 11.pdf")
    hurt = workspace / "DL-01 hỏng.pdf"
    omr(
        workspace,
        "simulate",
        workspace / "DL-01.pdf",
        "-o",
        hurt,
        "--seed",
        5,
        "--harm",
        "low-contrast",
        "blur",
    )
    people = {"quet.pc06": "clerk", "lan.pv01": "reviewer", "minh.pv01": "lead", "truong.pc06": "viewer"}
    passwords = {}
    for name, role in people.items():
        unit = ("--unit", "PC06") if role in ("clerk", "viewer") else ()
        told = omr(workspace, "users", "add", name, "--role", role, *unit)
        passwords[name] = told.split()[-1]
    return passwords


class Guide:
    """A browser that takes pictures."""

    def __init__(self, page: Page, url: str, target: Path) -> None:
        self.page, self.url, self.target = page, url, target

    def shot(self, name: str) -> None:
        """Take a picture of what an office screen shows."""
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=self.target / f"{name}.png")

    def sign_in(self, name: str, password: str) -> None:
        """Sign in, choosing a password at the first login."""
        self.page.goto(f"{self.url}/login")
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#new")
        self.page.fill("#old", password)
        self.page.fill("#new", PASSWORD)
        self.page.fill("#again", PASSWORD)

    def enter(self) -> None:
        """Send the form and wait for the start page."""
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".desk-cards")

    def out(self) -> None:
        """Sign out."""
        self.page.click("text=Đăng xuất")
        self.page.wait_for_selector("#password")


def walk(guide: Guide, workspace: Path, passwords: dict[str, str]) -> None:
    """Go through the desks."""
    page = guide.page
    page.goto(guide.url)
    guide.shot("dang-nhap")
    guide.sign_in("quet.pc06", passwords["quet.pc06"])
    guide.shot("doi-mat-khau")
    guide.enter()
    page.click("nav >> text=Quét phiếu")
    page.select_option("#period", "2026-11")
    page.fill("#expected", "60")
    page.set_input_files("#files", workspace / "DL-01 tháng 11.pdf")
    guide.shot("quet-phieu")
    page.click("#send")
    page.wait_for_selector("#progress dl.figures")
    page.wait_for_timeout(1500)
    page.screenshot(path=guide.target / "dang-doc.png")
    page.wait_for_selector("text=Biên nhận lô", timeout=120_000)
    guide.shot("bien-nhan")
    guide.out()

    guide.sign_in("lan.pv01", passwords["lan.pv01"])
    guide.enter()
    page.click("nav >> text=Kiểm tra")
    page.wait_for_selector(".row img")
    guide.shot("kiem-tra")
    page.keyboard.press("w")
    page.wait_for_selector("dialog[open] img[src]")
    guide.shot("ca-phieu")
    page.keyboard.press("w")
    page.click("text=Xem theo bảng")
    guide.shot("theo-bang")
    page.click("nav >> text=Trường hợp")
    guide.shot("truong-hop")
    if page.query_selector("tbody a"):
        page.click("tbody a")
        guide.shot("mot-truong-hop")
    page.click("nav >> text=Ý kiến")
    if page.query_selector("#text"):
        page.fill("#text", "Cán bộ Trần Văn Hải rất nhiệt tình, xin gọi 0912 345 678")
        page.wait_for_selector("#masked >> text=đã che")
        guide.shot("y-kien")
    guide.out()

    guide.sign_in("minh.pv01", passwords["minh.pv01"])
    guide.enter()
    page.click("nav >> text=Tổng quan")
    guide.shot("tong-quan")
    guide.out()

    page.goto(f"{guide.url}/login")
    page.fill("#name", "admin")
    page.fill("#password", passwords["admin"])
    page.keyboard.press("Enter")
    page.wait_for_selector("#new")
    for field, text in (("#old", passwords["admin"]), ("#new", PASSWORD), ("#again", PASSWORD)):
        page.fill(field, text)
    guide.enter()
    page.click("nav >> text=Tài khoản")
    guide.shot("tai-khoan")


def main(target: Path) -> None:
    """Take all pictures."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "office"
        # The server first: it makes the first administrator.
        omr(workspace, "init", workspace)
        command = [sys.executable, "-c", "from omr.cli import main; main()", "--workspace", str(workspace)]
        server = subprocess.Popen(
            [*command, "serve", "--port", "0"], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
        )
        try:
            assert server.stderr is not None
            first = server.stderr.readline()
            url = re.search(r"http://\S+/", server.stderr.readline())
            assert url, first
            admin = re.search(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}", first)
            assert admin, first
            started = time.monotonic()
            passwords = {"admin": admin[0], **prepare(workspace)}
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
                )
                page = browser.new_page(
                    viewport={"width": 1366, "height": 768}, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh"
                )
                walk(Guide(page, url[0].rstrip("/"), target), workspace, passwords)
                browser.close()
            print(
                f"{len(list(target.glob('*.png')))} pictures in {target} ({time.monotonic() - started:.0f} s)"
            )
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
