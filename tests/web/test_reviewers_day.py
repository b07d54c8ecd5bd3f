"""A reviewer's day in Chromium: practice, slips, rows, cases, a serial, a correction; then all undone."""

from __future__ import annotations

import pytest
from scanned_stacks import Batch, form, slip, take_slips
from test_strip import FULL
from windows import office_url, scrolls_sideways, sign_in, violations

from omr.office import Office
from omr.records.intake.orders import Orders
from omr.records.store.store import Store
from omr.web.review.training import exercises
from omr.words import Role


@pytest.fixture
def day(window, office):
    """A slip with five doubtful rows, one with one, a page without a serial, two sheets of one number."""
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(**FULL), slip(B2="?3"), None, slip(), slip(B2="1")])
    with Office.open(office.workspace, by="test") as hall:
        with hall.store.act("read", by="test") as act:
            act.add("set_aside", {"reading": 4, "reason": "duplicate_other_image", "other": 3})
        target = office.workspace.path / "khac.pdf"
        run = hall.issue(form(), unit="PC08", period="2026-11", count=3, target=target)
        batch = Batch(run, form(), [slip()] * 3, target.with_suffix(".tif"))
        hall.read(Orders("PC06", "2026-11", 3), [batch.file], lambda pages, desk: batch.read(pages))
    sign_in(window, Role.REVIEWER)
    return window


def fine(window) -> None:
    """No fault of accessibility, and nothing wider than the window."""
    assert violations(window) == [] and scrolls_sideways(window) == []


def events(office) -> list[str]:
    with Store.open(office.workspace.database) as store:
        return [row["act"] for row in store.rows("SELECT act FROM events WHERE by = 'xem.pv01'")]


def test_a_day(day, office):
    window, home = day, office_url(day)
    window.click("text=Tập thử")
    window.wait_for_selector(".item .row img")
    at = window.evaluate("document.querySelector('.row img').src").split("/")[-1].split("?")[0]
    row = next(one for one in exercises() if one.picture == at)
    for key in {"none": "0", "multiple": "m", **{one.value: one.key for one in row.options}}[row.right]:
        window.keyboard.press(key)
    window.wait_for_selector("text=Đúng.")
    fine(window)
    window.keyboard.press("Enter")
    window.wait_for_selector("text=Câu 2 /")
    assert events(office) == []  # practice is no fact

    window.goto(f"{home}/review")
    window.wait_for_url("**/review/slips/1")
    window.wait_for_selector("#strip [aria-current]")
    window.keyboard.press("1")
    for key in ("ArrowDown", "5", "5", "4", "5"):
        window.keyboard.press(key)
        window.wait_for_timeout(60)  # as fast as a person types: faster is a barcode reader
    window.wait_for_selector("#lack", state="hidden")
    window.keyboard.press("Enter")
    window.wait_for_selector('[data-item="A2-B2"]')
    window.keyboard.press("3")
    window.wait_for_selector("text=Không còn câu nào chờ bạn")

    window.goto(f"{home}/cases?reason=web.case_other_unit")
    fine(window)
    window.click("text=Chọn cả 3 phiếu này")
    window.fill("input[name=why]", "nộp hộ PC08")
    window.click("button[value=counts] >> text=(3)")
    window.wait_for_selector("text=Đã ghi 3 phiếu")
    fine(window)

    window.goto(f"{home}/cases/H4")
    window.wait_for_selector(".pair svg")
    fine(window)
    assert window.locator(".pair:not(.head)").count() == 1  # only the row that differs
    window.keyboard.press("Space")
    window.wait_for_selector("#blink img[data-side='2']", state="visible")
    window.wait_for_selector("#blink img[data-side='1']", state="hidden")
    window.keyboard.press("1")
    window.wait_for_url("**/cases/P3")
    with Store.open(office.workspace.database) as store:
        assert store.value("SELECT outcome FROM decided_slips WHERE reading = 4") == "refused"
        assert store.value("SELECT standing FROM slips WHERE reading = 4") == "held"  # until a second says so
    window.wait_for_selector(".candidates button")
    fine(window)
    window.click(".candidates button >> nth=0")
    window.wait_for_selector("text=Đúng: ĐL-01, PC06")

    with Store.open(office.workspace.database) as store:
        serial = store.value("SELECT serial FROM slips WHERE reading = 3")
    window.fill("#q", serial)
    window.keyboard.press("Enter")
    window.wait_for_url(f"**/slips/{serial}")
    window.click("#A3-B1 summary")
    window.check('#A3-B1 input[value="4"]')
    window.fill("#A3-B1 input[name=why]", "ô 4")
    fine(window)
    window.click("#A3-B1 button.primary")
    window.wait_for_selector("text=có đề nghị sửa, chờ người thứ hai")
    fine(window)

    window.goto(f"{home}/cases")
    before = len(events(office))
    places = ["/slips/", "/cases/H4", "/cases/", "/review?item=A2-B2", "/review/slips/1"]
    for left, place in zip(range(4, -1, -1), places, strict=True):
        window.goto(f"{home}/cases?sort=oldest")
        window.keyboard.press("z")
        window.wait_for_function(
            "place => `${location.pathname}${location.search}/`.startsWith(place)", arg=place
        )
        assert office.journal.length(next(iter(office.journal._done))) == left
    assert len(events(office)) == before + 7  # each slip of the stack has an act of its own
    with Store.open(office.workspace.database) as store:
        assert store.value("SELECT count(*) FROM current_answers WHERE by <> 'machine'") == 0
        assert store.value("SELECT count(*) FROM slips WHERE standing = 'held'") == 4
