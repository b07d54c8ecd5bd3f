"""The month's board: what lacks is red, each cell leads to what mends it, the closing says why."""

from __future__ import annotations

import re
from datetime import date

import pytest
from scanned_stacks import slip, take_slips

from omr.messages import LANGUAGES, catalogue
from omr.records.month.board import LACKS, month_board
from omr.records.month.closing import status
from omr.records.offices.periods import parse_period
from omr.records.store.store import Store
from omr.words import Role

MONTH = parse_period("2026-11")


@pytest.fixture
def stacks(office):
    take_slips(office.workspace, [slip(), slip(B2="?3"), slip()])
    take_slips(office.workspace, [slip(B3="1")], unit="PC08", name="khac")


def lines(office):
    with Store.open(office.workspace.database) as store:
        return {line.unit: line for line in month_board(store, MONTH)}


def post(visitor, path: str, **fields: str):
    return visitor.client.post(path, data={"csrf": visitor.token("/"), **fields})


def serials(office, unit: str) -> list[str]:
    with Store.open(office.workspace.database) as store:
        return [row["serial"] for row in store.rows("SELECT serial FROM readings WHERE unit = ?", unit)]


def test_the_board_says_what_every_unit_has_and_lacks(office, stacks) -> None:
    found = lines(office)
    assert set(found) == {"PC06", "PC08"}
    pc06 = found["PC06"]
    assert (pc06.received, pc06.returned, pc06.waiting, pc06.visits) == (3, 3, 1, None)
    assert pc06.lacks == ("waiting", "in_stock", "visits")
    assert pc06.in_stock is None and pc06.missing is None  # nobody counted: no figure, and not 0


def test_visits_and_stock_are_entered_where_they_lack(office, person, stacks) -> None:
    visitor = person(Role.REVIEWER)
    shown = visitor.client.get("/month/2026-11").text
    assert 'action="/month/2026-11/visits"' in shown
    assert post(visitor, "/month/2026-11/visits", unit="PC08", visits="1.200").status_code == 303
    assert post(visitor, "/month/2026-11/stock", unit="PC08", of_form="DL-01", in_stock="").status_code == 303
    pc08 = lines(office)["PC08"]
    assert (pc08.visits, pc08.in_stock, pc08.missing, pc08.lacks) == (1200, 0, 0, ())


@pytest.mark.parametrize(
    ("path", "fields", "text"),
    [
        ("visits", {"unit": "PC06", "visits": "nhiều"}, "nhiều"),
        ("visits", {"unit": "PC99", "visits": "3"}, "PC99"),
        ("stock", {"unit": "PC06", "of_form": "DL-01", "in_stock": "khong-phai-so"}, "khong-phai-so"),
    ],
)
def test_what_cannot_be_entered_is_said_on_the_board(office, person, stacks, path, fields, text) -> None:
    answer = post(person(Role.LEAD), f"/month/2026-11/{path}", **fields)
    assert answer.status_code == 400
    assert text in answer.text
    assert lines(office)["PC06"].visits is None


def test_a_month_of_which_nothing_came_is_closed_with_a_reason_only(person) -> None:
    lead = person(Role.LEAD)
    assert "không có đơn vị nào có phiếu" in lead.client.get("/month/2026-09").text
    assert post(lead, "/month/2026-09/close").status_code == 400
    assert post(lead, "/month/2026-09/close", why="nghỉ, sửa trụ sở").status_code == 303


def test_a_month_that_lacks_something_is_closed_with_a_reason_only(office, person, stacks) -> None:
    lead = person(Role.LEAD)
    waits = post(lead, "/month/2026-11/close", why="vội")
    assert waits.status_code == 400  # an answer waits for a person: no reason helps
    reviewer = person(Role.REVIEWER)
    from omr.office import Office

    with Office.open(office.workspace, by="lan") as hall:
        hall.decide("A2-B2", ["3"], why="rõ")
    without = post(lead, "/month/2026-11/close")
    assert without.status_code == 400
    assert "PC06" in without.text
    assert post(reviewer, "/month/2026-11/close", why="vội").status_code == 403
    assert post(lead, "/month/2026-11/close", why="đơn vị báo muộn").status_code == 303
    assert "chốt khi còn thiếu vì: đơn vị báo muộn" in lead.client.get("/month/2026-11").text
    with Store.open(office.workspace.database) as store:
        (closing,) = status(store, MONTH).closings
        chain = store.row("SELECT by, why FROM events WHERE act = 'close_period'")
    assert (chain["by"], chain["why"]) == ("truong.pv01", "đơn vị báo muộn")
    assert closing.by == "truong.pv01"
    shown = lead.client.get("/month/2026-11").text
    assert 'action="/month/2026-11/adjust"' in shown
    assert 'action="/month/2026-11/visits"' not in shown  # a closed month takes nothing
    assert post(lead, "/month/2026-11/visits", unit="PC06", visits="5").status_code == 400
    assert post(lead, "/month/2026-11/adjust", why="phiếu về muộn").status_code == 303


def test_an_adjustment_shows_what_was_before_and_after(office, person) -> None:
    take_slips(office.workspace, [slip(), slip()])
    lead = person(Role.LEAD)
    post(lead, "/month/2026-11/visits", unit="PC06", visits="40")
    assert post(lead, "/month/2026-11/close", why="chưa kiểm đếm tồn").status_code == 303
    assert post(lead, "/month/2026-11/adjust", why="sai số lượt").status_code == 303
    assert post(lead, "/month/2026-11/visits", unit="PC06", visits="44").status_code == 303
    assert post(lead, "/month/2026-11/close", why="đã sửa số lượt").status_code == 303
    shown = lead.client.get("/month/2026-11").text
    assert "sai số lượt" in shown
    row = re.search(r"<tr><th scope=\"row\">PC06</th>.*?</tr>", shown, re.S)
    assert row and "lượt giao dịch" in row[0] and ">40<" in row[0] and "<strong>44</strong>" in row[0]


def test_every_cell_of_the_board_leads_to_where_it_is_mended(office, person, stacks) -> None:
    lead = person(Role.LEAD)
    shown = lead.client.get("/month/2026-11").text
    addresses = {address for address in re.findall(r'href="(/[^"#]+)"', shown) if "static" not in address}
    for address in sorted(addresses):
        assert lead.client.get(address.replace("&amp;", "&")).status_code in (200, 303), address
    assert {"/review?unit=PC06", "/stock/PC06/2026-11", "/month/2026-11/imports"} <= addresses
    assert "/month/2026-11/slips?unit=PC06&amp;channel=paper&amp;state=valid" in addresses


def test_the_newest_month_is_shown_and_none_is_no_fault(person, office) -> None:
    visitor = person(Role.LEAD)
    assert visitor.client.get("/month").status_code == 200
    take_slips(office.workspace, [slip()])
    assert visitor.client.get("/month").headers["location"] == "/month/2026-11"
    assert visitor.client.get("/month/2026-13").status_code == 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lack_has_its_words(language: str) -> None:
    assert {f"lacks_{word}" for word in LACKS} <= catalogue(language, "board").keys()
    assert date(2026, 11, 30) < MONTH.day_after
