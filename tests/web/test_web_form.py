"""The form as one web page, in a real browser, opened from the disk: filled in, saved, taken in."""

from __future__ import annotations

import csv
import io

import pytest
from windows import scrolls_sideways, violations

from omr.forms.electronic.page import page
from omr.forms.layout import find_form

UNITS = [("PC06", "Phòng Cảnh sát QLHC về TTXH"), ("PC07", "Phòng Cảnh sát PCCC và CNCH")]


@pytest.fixture
def opened(browser, tmp_path):
    """A window in which a form's file was opened."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    window = context.new_page()
    window.complaints = []
    window.on("console", lambda m: window.complaints.append(m.text) if m.type == "error" else None)
    window.on("pageerror", lambda e: window.complaints.append(str(e)))

    def open_(form: str, send_to: str = ""):
        file = tmp_path / "form.html"
        file.write_text(page(find_form(form, None), UNITS, send_to=send_to), encoding="utf-8")
        window.goto(file.as_uri())
        return window

    yield open_
    context.close()


@pytest.mark.parametrize("form", ["DL-01", "DL-03-EN"])
def test_it_is_accessible_and_fits_a_phone(opened, form):
    window = opened(form)
    assert window.complaints == []
    assert violations(window) == []
    assert scrolls_sideways(window) == []


def test_two_people_answer_and_the_file_holds_both(opened):
    window = opened("DL-01")
    for level in ("5", "3"):
        window.select_option("#unit", "PC06")
        for box in window.locator(f'input[type=radio][value="{level}"]').all():
            box.check()
        window.fill("textarea", 'Chờ "hơi" lâu, nhưng; ổn')
        window.click("button[type=submit]")
        window.wait_for_function("document.getElementById('state').textContent.length > 0")
    assert "2" in window.inner_text("#kept")
    window.on("dialog", lambda dialog: dialog.accept())
    with window.expect_download() as saved:
        window.click("#save")
    text = saved.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["B1"] for row in rows] == ["5", "3"]
    assert rows[0]["unit"] == "PC06" and rows[0]["form"] == "DL-01"
    assert any(value == 'Chờ "hơi" lâu, nhưng; ổn' for value in rows[1].values())
    assert len({row["response"] for row in rows}) == 2
    assert window.inner_text("#kept") == ""
    assert window.complaints == []


def test_without_a_unit_it_says_so_and_keeps_nothing(opened):
    window = opened("DL-01")
    window.click("button[type=submit]")
    assert window.get_attribute("#unit", "aria-invalid") == "true"
    assert window.evaluate("document.activeElement.id") == "unit"
    assert window.inner_text("#kept") == ""


def test_what_cannot_be_sent_is_kept(opened):
    window = opened("DL-01", send_to="https://127.0.0.1:9/answers")
    window.select_option("#unit", "PC06")
    window.locator("input[type=radio]").first.check()
    window.click("button[type=submit]")
    window.wait_for_function("document.getElementById('state').className === 'bad'")
    assert "1" in window.inner_text("#kept")
