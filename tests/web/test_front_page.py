"""The front page says what waits, as the desks themselves would; errors are said in the office's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from people import Person
from scanned_stacks import slip, take_slips
from starlette.responses import Response
from starlette.testclient import TestClient

from omr.office import Office
from omr.records.batches.batches import BatchState, batches
from omr.web.app import create_app
from omr.web.frame.desks import DESKS
from omr.web.frame.front import FrontOffice
from omr.web.frame.visit import Visit
from omr.web.routes import ROUTES
from omr.words import Role

Enter = Callable[[Role | None], Person]


def card(text: str, path: str) -> str:
    """What stands on the card of a desk."""
    found = re.search(
        rf'<li class="card"><h2><a href="{path}">.*?</li>\s*(?=<li class="card">|</ul>)', text, re.S
    )
    assert found, path
    return re.sub(r"<[^>]+>|\s+", " ", found[0])


def test_each_desk_says_how_much_waits_there(office: FrontOffice, person: Enter) -> None:
    take_slips(office.workspace, [slip(B2="?3"), slip(B2="?3", B3="?4"), slip(), None])
    text = person(Role.REVIEWER).client.get("/").text
    assert "3 câu chờ bạn" in card(text, "/review")
    assert "1 phiếu, trang chờ quyết định" in card(text, "/cases")
    assert "Còn 1 tờ phải xem hoặc quét lại" in card(text, "/intake")
    assert "1 đơn vị còn thiếu" in card(text, "/month")
    assert "Không có việc chờ" in card(text, "/comments")


def test_what_was_settled_waits_no_more_anywhere(office: FrontOffice, person: Enter) -> None:
    batch = take_slips(office.workspace, [slip(), None])
    visitor = person(Role.CLERK)
    assert "Cần xem, quét lại 1 tờ" in visitor.client.get("/").text
    with Office.open(office.workspace, by="test") as hall:
        hall.decide("P2", ["rescanned"], why="test")
        (line,) = batches(hall.store)
    assert (line.batch.name, line.state, line.came.rejected) == (batch, BatchState.COMPLETE, 1)
    for path in ("/", "/intake"):
        text = visitor.client.get(path).text
        assert "quét lại 1 tờ" not in text and "hoặc quét lại" not in text, path


def test_green_means_that_every_slip_counts(office: FrontOffice) -> None:
    """A batch whose slips were all held was told as complete, and so was one of which some were."""
    take_slips(office.workspace, [slip(), slip()])
    with Office.open(office.workspace, by="test") as hall:
        assert batches(hall.store)[0].state is BatchState.COMPLETE
        hall.decide("S1", ["refused"], why="test")
        assert batches(hall.store)[0].state is BatchState.SOME_HELD
        hall.decide("S2", ["refused"], why="test")
        assert batches(hall.store)[0].state is BatchState.NONE_COUNTS


def test_nobody_of_a_unit_sees_the_stacks_of_another(office: FrontOffice, person: Enter) -> None:
    take_slips(office.workspace, [slip(), None], unit="PC08")
    text = person(Role.CLERK).client.get("/").text
    assert "B000001" not in text and "hoặc quét lại" not in text


@pytest.mark.parametrize("role", [Role.CLERK, Role.VIEWER])
def test_a_unit_sees_its_own_month(office: FrontOffice, person: Enter, role: Role) -> None:
    take_slips(office.workspace, [slip(), slip()])
    text = person(role).client.get("/").text
    assert "Tháng 11/2026 · PC06" in text and "2 phiếu đã thu về" in text


def test_a_new_office_says_what_to_set_up_and_stops_when_it_is_done(
    office: FrontOffice, person: Enter
) -> None:
    admin, lead = person(Role.ADMIN), person(Role.LEAD)
    assert "Đã chọn nơi sao lưu" in admin.client.get("/").text
    text = lead.client.get("/").text
    assert "Những ngày đầu" in text and "Đã phát hành và in phiếu" in text
    assert "Những ngày đầu" not in person(Role.CLERK).client.get("/").text


def test_every_desk_that_counts_is_on_the_card_of_its_roles(office: FrontOffice, person: Enter) -> None:
    """Also in an office in which nothing happened yet: no figure may need a month."""
    for role in Role:
        text = person(role).client.get("/").text
        assert [desk.path for desk in DESKS if role in desk.roles] == re.findall(
            r'<li class="card"><h2><a href="([^"]+)"', text
        )


@pytest.mark.parametrize("language, title", [("vi", "Không có trang này"), ("en", "There is no such page")])
def test_a_wrong_address_or_method_is_told_on_a_page_of_ours(
    office: FrontOffice, person: Enter, language: str, title: str
) -> None:
    visitor = person(Role.CLERK)
    visitor.client.cookies.set("omr_language", language)
    for method, path in (("GET", "/nothing"), ("PUT", "/intake"), ("DELETE", "/")):
        answer = visitor.client.request(method, path)
        assert answer.status_code == 404, path
        assert f"<h1>{title}</h1>" in answer.text, path


def faulty(visit: Visit) -> Response:
    raise ZeroDivisionError


def test_a_fault_of_ours_is_told_on_a_page_of_ours(
    office: FrontOffice, caplog: pytest.LogCaptureFixture
) -> None:
    routes = [replace(entry, handler=faulty) if entry.path == "/" else entry for entry in ROUTES]
    app = create_app(office, hosts=("testserver",), routes=routes)
    client = TestClient(app, raise_server_exceptions=False)
    visitor = Person(client)
    visitor.sign_in("quet.pc06")
    answer = client.get("/")
    assert answer.status_code == 500
    assert "<h1>Máy chủ gặp lỗi</h1>" in answer.text and "ZeroDivision" not in answer.text
    line = client.get("/", headers={"accept": "application/json"})
    assert line.headers["content-type"].startswith("text/plain") and "<" not in line.text


def test_help_names_the_desks_and_whom_to_ask(person: Enter) -> None:
    text = person(Role.CLERK).client.get("/help").text
    assert "Quét phiếu" in text and "quantri" in text and "/accounts" not in text


def test_a_count_that_differs_waits_for_the_clerk(person, office):
    """A clerk whose batch lacks a sheet is not told that nothing waits."""
    take_slips(office.workspace, [slip(), slip()])
    clerk = person(Role.CLERK)
    assert "lệch số đếm tay" not in clerk.client.get("/").text
    clerk.post("/batches/B000001/correct", expected="3", why="đếm lại", confirm="yes")
    assert "1 lô lệch số đếm tay" in clerk.client.get("/").text
