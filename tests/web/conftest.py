"""An office with one account per role, a client without a browser, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsers import chromium
from month_desk import Desk
from people import PEOPLE, Clock, Person, Served, with_people
from scanned import QUICK
from starlette.testclient import TestClient
from waiting import PATIENCE_S

from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.store.store import Store
from omr.web.app import create_app
from omr.web.frame.front import FrontOffice
from omr.web.people.accounts import Accounts
from omr.web.people.throttle import Throttle
from omr.words import Role
from omr.workspace import Workspace


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with units and people, made once: every office is a copy of it."""
    workspace = Workspace.create(tmp_path_factory.mktemp("furnished") / "office")
    with Store.open(workspace.database) as store:
        import_units(store, read_units(shipped_units("hai-phong-2023").read_bytes()), by="test")
    with_people(workspace.path / "accounts.sqlite", Clock())
    return workspace.path


@pytest.fixture
def office(furnished: Path, tmp_path: Path, clock: Clock) -> Iterator[FrontOffice]:
    workspace = Workspace.open(shutil.copytree(furnished, tmp_path / "office"))
    accounts = Accounts.open(workspace.path / "accounts.sqlite", clock, QUICK)
    throttle = Throttle(clock=lambda: clock.now.timestamp())
    office = FrontOffice.of(workspace, accounts, throttle)
    yield office
    office.close()


@pytest.fixture
def anybody(office: FrontOffice) -> Callable[[], Person]:
    """Makes visitors, each with cookies of their own."""
    app = create_app(office, hosts=("testserver",))
    return lambda: Person(TestClient(app, follow_redirects=False))


@pytest.fixture
def person(anybody: Callable[[], Person]) -> Callable[[Role | None], Person]:
    """Makes a signed-in visitor of a role; None: nobody in particular."""

    def make(role: Role | None) -> Person:
        visitor = anybody()
        if role is not None:
            assert visitor.sign_in(PEOPLE[role][0]).status_code == 303
        return visitor

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Debian's Chromium; its absence fails the tests, it never skips them."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture
def served(office):
    server = Served(office)
    yield server
    server.stop()


@pytest.fixture
def window(browser, served):
    """A window of an office screen that notes every request to elsewhere and every error."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN", bypass_csp=False)
    context.set_default_timeout(1000 * PATIENCE_S)  # a busy machine is no fault of the page
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


@pytest.fixture
def empty(tmp_path):
    workspace = Workspace.create(tmp_path / "office")
    office = FrontOffice.of(workspace, Accounts.open(workspace.path / "accounts.sqlite", hasher=QUICK))
    office.worklist.second_share = 0.0
    served = Served(office)
    yield office, served
    served.stop()
    office.close()


@pytest.fixture
def new_window(browser, empty):
    """Opens a window for one more person."""
    opened = []

    def one_more() -> Desk:
        context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="vi-VN")
        context.set_default_timeout(1000 * PATIENCE_S)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        opened.append(page)
        return Desk(page, empty[1].url)

    yield one_more
    for page in opened:
        assert page.complaints == []
        page.context.close()
