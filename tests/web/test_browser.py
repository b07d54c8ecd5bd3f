"""The frame in a real browser: login, keyboard, accessibility, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import PASSWORD, PEOPLE, Served

from omr.records.accounts import Role

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")


@pytest.fixture
def served(office):
    server = Served(office)
    yield server
    server.stop()


@pytest.fixture
def window(browser, served):
    """A window of an office screen that notes every request to elsewhere and every error."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN", bypass_csp=False)
    page = context.new_page()
    page.strangers, page.complaints = [], []
    page.on(
        "request", lambda r: None if r.url.startswith((served.url, "blob:")) else page.strangers.append(r.url)
    )
    page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.goto(served.url)
    yield page
    assert page.strangers == []
    assert page.complaints == []
    context.close()


def sign_in(window, role: Role) -> None:
    window.fill("#name", PEOPLE[role][0])
    window.fill("#password", PASSWORD)
    window.keyboard.press("Enter")
    window.wait_for_selector("text=Đăng xuất")


def violations(window) -> list[str]:
    """What axe-core finds on the page, all rules."""
    window.context.new_cdp_session(window).send("Page.setBypassCSP", {"enabled": True})
    window.evaluate(AXE)
    found = window.evaluate("axe.run()")["violations"]
    return [f"{v['id']}: {n['html']} {n['failureSummary']}" for v in found for n in v["nodes"]]


def test_login_and_accounts_are_accessible(window, tmp_path):
    assert violations(window) == []
    sign_in(window, Role.ADMIN)
    assert violations(window) == []
    window.click("nav >> text=Tài khoản")
    assert violations(window) == []
    window.screenshot(path=tmp_path / "accounts.png", full_page=True)


def test_keyboard_alone_adds_an_account(window):
    sign_in(window, Role.ADMIN)
    window.goto(window.url + "accounts")
    window.focus("#new-name")
    window.keyboard.type("lan.pv01")
    window.keyboard.press("Tab")
    window.keyboard.press("Tab")
    window.keyboard.press("Space")
    window.keyboard.press("Enter")
    window.wait_for_selector(".one-time")
    assert "lan.pv01" in window.inner_text("[role=status]")


def test_page_at_200_percent_zoom_does_not_scroll_sideways(browser, served):
    context = browser.new_context(viewport={"width": 683, "height": 384}, locale="vi-VN")
    page = context.new_page()
    page.goto(served.url)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sign_in(page, Role.ADMIN)
    page.goto(served.url + "/accounts")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
