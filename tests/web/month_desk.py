"""People of an office at browsers, from an empty workspace on; and what citizens, pens and scanners do."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from people import PASSWORD
from windows import settled

from omr.reading.scan.pages import Depth
from omr.simulate.printed import open_run
from omr.simulate.scans import write_scan
from omr.simulate.stacks import Stack, simulate_stack

LAST_MONTH = (date.today().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
MOST_DOUBTS = 60


class Desk:
    """Somebody of the office at a browser."""

    def __init__(self, page, url: str) -> None:
        self.page, self.url = page, url

    def sign_in(self, name: str, once: str) -> None:
        """Sign in for the first time, and choose a password."""
        self.page.goto(f"{self.url}/login")
        self.page.fill("#name", name)
        self.page.fill("#password", once)
        self.page.keyboard.press("Enter")
        self.page.fill("#old", once)
        self.page.fill("#new", PASSWORD)
        self.page.fill("#again", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".desk-cards")

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self.url + path)
        settled(self.page)

    def press(self, text: str, then: str) -> None:
        """Press a button and wait for what comes of it."""
        self.page.click(f"main button:has-text('{text}')")
        self.page.wait_for_selector(then)

    def fetch(self, selector: str, target: Path) -> Path:
        """Take a file home."""
        with self.page.expect_download() as download:
            self.page.click(selector)
        download.value.save_as(target)
        return target


def fill_and_scan(printed: Path, target: Path) -> tuple[Path, dict[str, dict[str, list[str]]]]:
    """What citizens, pens and the scanner do; returns the scan, and by serial what stands on the paper."""
    stack = Stack(
        open_run(printed, None), dpi=200, depth=Depth.GREY, seed=4, harm=(), crowd="everyday", told={}
    )
    filled = write_scan(simulate_stack(stack), target)
    return target, {slip.serial: slip.answers for slip in filled}


def decide_doubts(desk: Desk) -> None:
    """Decide every doubtful answer with the first key."""
    page = desk.page
    desk.open("/review?way=single")
    for _ in range(MOST_DOUBTS):
        if not page.query_selector("[data-item]"):
            break
        item = page.get_attribute("[data-item]", "data-item")
        page.keyboard.press("1")
        if page.query_selector("[data-item] input[type=checkbox]"):
            page.keyboard.press("Enter")
        page.wait_for_function(
            "item => document.querySelector('[data-item]')?.dataset.item !== item", arg=item
        )


def type_comments(desk: Desk) -> None:
    """Type something for every comment."""
    page = desk.page
    desk.open("/comments")
    while page.query_selector("#text"):
        page.fill("#text", "Cán bộ hướng dẫn dễ hiểu.")
        page.check("input[name=topic][value=praise]")
        page.click("main button.primary")
        page.wait_for_load_state("networkidle")
