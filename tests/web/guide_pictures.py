"""Take the pictures of the guide for clerks: real forms, printed, filled, scanned, sent and read.

    make guide        (python tests/web/guide_pictures.py [FOLDER])

Everything goes through the browser as a person would do it, so that this is a journey
through all desks as well. The slips are simulated.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pypdfium2 as pdfium
from browsers import chromium
from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from omr.geometry import FRAMES, px_from_mm

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
    printed = workspace / "DL-02.pdf"
    omr(workspace, "issue", "DL-02", "--unit", "PC07", "--count", 4, "--period", "2026-11", "-o", printed)
    for seed in (7, 8):  # the same serials filled in by other people: somebody copied slips
        scanned = workspace / f"DL-02 lần {seed}.pdf"
        omr(workspace, "simulate", printed, "-o", scanned, "--seed", seed)
        omr(workspace, "read", scanned)
    omr(workspace, "read", without_serial(printed, workspace))
    people = {"quet.pc06": "clerk", "lan.pv01": "reviewer", "minh.pv01": "lead", "truong.pc06": "viewer"}
    passwords = {}
    for name, role in people.items():
        unit = ("--unit", "PC06") if role in ("clerk", "viewer") else ()
        told = omr(workspace, "users", "add", name, "--role", role, *unit, "--json")
        passwords[name] = json.loads(told)["password"]
    return passwords


def without_serial(printed: Path, folder: Path) -> Path:
    """Return a scan of a slip whose codes and printed serial are covered."""
    with pdfium.PdfDocument(printed) as document:
        page = document[0].render(scale=200 / 72).to_pil().convert("L")
    frame, paint = FRAMES["A5"], ImageDraw.Draw(page)
    for box in (frame.qr, frame.ladder, frame.serial_text):
        place = box.grown(3.0).corners_mm
        corners = [px_from_mm(length, 200) for length in (*place[0], *place[2])]
        paint.rectangle(corners, fill=235)
    file = folder / "phiếu bị che số.png"
    page.save(file, dpi=(200, 200))
    return file


class Guide:
    """A browser that takes pictures."""

    def __init__(self, page: Page, url: str, target: Path) -> None:
        self.page, self.url, self.target = page, url, target

    def shot(self, name: str) -> None:
        """Take a picture of what an office screen shows."""
        self.page.wait_for_load_state("networkidle")
        self.now(name)

    def now(self, name: str) -> None:
        """Take a picture at once, in few colours: the repository keeps it."""
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(self.target / f"{name}.png", optimize=True)

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
    guide.shot("trang-dau")
    page.click("nav >> text=Quét phiếu")
    page.select_option("#period", "2026-11")
    page.fill("#expected", "60")
    page.set_input_files("#files", workspace / "DL-01 tháng 11.pdf")
    guide.shot("quet-phieu")
    page.click("#send")
    bar = page.locator("#progress progress")
    while int(bar.get_attribute("value", timeout=120_000) or 0) < 20:
        page.wait_for_timeout(200)
    guide.now("dang-doc")
    page.wait_for_selector("text=Biên nhận lô", timeout=120_000)
    guide.shot("bien-nhan")
    guide.out()

    guide.sign_in("lan.pv01", passwords["lan.pv01"])
    guide.enter()
    guide.shot("trang-dau-pv01")
    page.click("nav >> text=In phiếu")
    guide.shot("in-phieu")
    page.click("nav >> text=Bảng tháng")
    guide.shot("bang-thang")
    page.click("nav >> text=Kiểm tra")  # a slip with many doubtful answers comes first, whole
    guide.shot("ca-phieu")
    page.goto(f"{guide.url}/review?way=single")
    page.wait_for_selector(".row img")
    guide.shot("kiem-tra")
    page.goto(f"{guide.url}/review/grid")
    guide.shot("theo-bang")
    page.click("nav >> text=Phiếu cần xử lý")
    guide.shot("truong-hop")
    page.click('main a[href^="/cases/H"] >> nth=0')
    guide.shot("mot-truong-hop")
    page.click("nav >> text=Phiếu cần xử lý")
    page.click('main a[href^="/cases/P"] >> nth=0')
    page.fill("#serial", "2 26 0000001")
    page.wait_for_selector("#check p")
    guide.shot("nhap-so")
    page.click("nav >> text=Ý kiến")
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
    page.click("text=lan.pv01")
    guide.shot("mot-tai-khoan")
    page.click("nav >> text=Cài đặt")
    guide.shot("cai-dat")


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
            # nobody reads along at a pipe: the password is in a file for the owner alone
            admin = (workspace / "one-time-password-admin.txt").read_text("utf-8").strip()
            started = time.monotonic()
            passwords = {"admin": admin, **prepare(workspace)}
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium(),
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
