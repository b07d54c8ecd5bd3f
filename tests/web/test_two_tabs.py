"""Two tabs, the back button, an old form sent again: nothing is done twice, and nobody's work is lost.

Each test sends what a second window still shows after the first one has acted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from people import PEOPLE, Person
from scanned import QUICK
from scanned_stacks import slip, take_slips
from starlette.responses import RedirectResponse, Response
from starlette.testclient import TestClient
from test_paper_desks import post, send

from omr.records.offices.statements import Subject, statements_of
from omr.records.register.register import issued
from omr.records.review.transcripts import transcripts
from omr.records.store.store import Store
from omr.web.app import create_app
from omr.web.door.once import Once
from omr.web.frame.front import FrontOffice
from omr.web.people.accounts import Accounts
from omr.web.people.sent import SentForms
from omr.words import Role

MONTH = "2026-11"
NOW = datetime(2026, 11, 22, 8, 1, tzinfo=UTC)  # a minute after everybody signed in


@pytest.fixture
def store(office):
    with Store.open(office.workspace.database) as opened:
        yield opened


def hidden(text: str, name: str, after: str = "") -> str:
    """A hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text[text.index(after) :])
    assert found, name
    return found[1]


def count(store: Store, table: str) -> int:
    return int(store.value(f"SELECT count(*) FROM {table}"))


def test_an_answer_that_was_decided_in_another_tab_is_not_decided_again(office, person, store) -> None:
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(B2="?3"), slip(B2="?4")])
    reviewer = person(Role.REVIEWER)
    first = post(reviewer, "/review/decide", item="A1-B2", answer="3")
    assert 'data-item="A2-B2"' in first.text
    again = post(reviewer, "/review/decide", item="A1-B2", answer="5")  # the old tab, another key
    assert "đã" in again.text and 'data-item="A2-B2"' in again.text
    assert [row["codes"] for row in store.rows("SELECT codes FROM decided_answers")] == ["3"]


def test_an_old_form_after_undo_decides_once_and_undo_goes_back_step_by_step(office, person, store) -> None:
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(B2="?3")])
    reviewer = person(Role.REVIEWER)
    post(reviewer, "/review/decide", item="A1-B2", answer="3")
    post(reviewer, "/undo")
    post(reviewer, "/undo")  # the other tab's button: there is no step left
    states = [row["state"] for row in store.rows("SELECT state FROM decided_answers ORDER BY decision")]
    assert states == ["answered", "withdrawn"]
    post(reviewer, "/review/decide", item="A1-B2", answer="4")  # the form of before, sent again
    post(reviewer, "/review/decide", item="A1-B2", answer="4")
    rows = store.rows("SELECT codes FROM current_answers WHERE reading = 1 AND question = 'B2'")
    assert [row["codes"] for row in rows] == ["4"]
    assert count(store, "decided_answers") == 3


def test_one_person_in_two_tabs_is_one_of_the_two_that_a_case_wants(office, person, store) -> None:
    take_slips(office.workspace, [slip()])
    with store.act("read", by="test") as act:
        act.add("doubts", {"reading": 1, "reason": "few_answers"})
    reviewer = person(Role.REVIEWER)
    assert post(reviewer, "/cases/S1", word="counts").status_code == 303
    again = post(reviewer, "/cases/S1", word="counts")
    assert again.status_code == 400
    assert count(store, "decided_slips") == 1
    many = post(reviewer, "/cases", items="S1", word="counts", why="xem rồi")
    assert count(store, "decided_slips") == 1, many.text


def test_a_slip_confirmed_in_another_tab_is_not_confirmed_again(office, person, store) -> None:
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(B1="?5", B2="?4", B3="?3", B4="?5")])
    reviewer = person(Role.REVIEWER)
    said = {f"say-A1-{key}": "5" for key in ("B1", "B2", "B3", "B4")}
    assert post(reviewer, "/review/slips/1", **said).status_code == 303
    post(reviewer, "/review/slips/1", **{name: "1" for name in said})
    assert {row["codes"] for row in store.rows("SELECT codes FROM decided_answers")} == {"5"}


def test_a_comment_that_was_typed_meanwhile_stays_and_so_does_what_is_typed(office, person, store) -> None:
    take_slips(office.workspace, [slip()])
    with store.act("read", by="test") as act:
        corners = json.dumps([[90, 660], [600, 660], [600, 800], [90, 800]])
        act.add("comments", {"reading": 1, "question": "C1", "ink_mm2": 30.0, "corners_px": corners})
    reviewer = person(Role.REVIEWER)
    assert post(reviewer, "/comments/1/C1", text="Rất tốt", topic="praise").status_code == 303
    late = post(reviewer, "/comments/1/C1", text="Cần thêm ghế ngồi", topic="place")
    assert late.status_code == 400
    assert "Cần thêm ghế ngồi" in late.text and "đã được nhập" in late.text
    assert [one.text for one in transcripts(store, MONTH)] == ["Rất tốt"]


def test_a_text_that_changed_meanwhile_is_shown_before_it_is_replaced(office, person, store) -> None:
    take_slips(office.workspace, [slip()])
    head, lead = person(Role.VIEWER), person(Role.LEAD)
    path = f"/month/{MONTH}/statements"
    told = {"unit": "PC06", "about": "solutions"}
    seen = hidden(lead.client.get(path, params={"unit": "PC06"}).text, "seen", 'value="solutions"')
    assert post(head, path, **told, seen=seen, text="Bố trí thêm quầy.\nMở buổi trưa.").status_code == 303
    late = post(lead, path, **told, seen=seen, text="Sửa mạng.")
    assert late.status_code == 400
    assert "Bố trí thêm quầy." in late.text and "Sửa mạng." in late.text
    assert statements_of(store, MONTH)["PC06", Subject.SOLUTIONS] == "Bố trí thêm quầy.\nMở buổi trưa."
    seen = hidden(late.text, "seen", 'value="solutions"')
    assert post(lead, path, **told, seen=seen.replace("\n", "\r\n"), text="Sửa mạng.").status_code == 303
    assert statements_of(store, MONTH)["PC06", Subject.SOLUTIONS] == "Sửa mạng."


def test_settings_that_changed_meanwhile_are_not_put_back_by_an_old_page(office, person) -> None:
    admin, lead = person(Role.ADMIN), person(Role.LEAD)
    seen = hidden(admin.client.get("/settings").text, "seen")
    fields = {"report_target_low": "20", "report_target_high": "30", "report_smallest_cell": "5"}
    assert post(lead, "/settings", seen=seen, office="Phòng A", **fields).status_code == 303
    assert post(admin, "/settings", seen=seen, office="Phòng B", **fields).status_code == 400
    assert office.workspace.settings.office == "Phòng A"


def test_one_copy_of_a_form_prints_once(office, person, store) -> None:
    lead = person(Role.LEAD)
    told = {"of_form": "DL-01", "unit": "PC06", "period": MONTH, "count": "3"}
    once = hidden(lead.client.get("/print").text, "once")
    first = post(lead, "/print", **told, once=once)
    again = post(lead, "/print", **told, once=once)  # the back button, and the button once more
    assert first.headers["location"] == again.headers["location"]
    assert len(issued(store)) == 1
    other = hidden(lead.client.get("/print").text, "once")
    assert other != once
    assert post(lead, "/print", **{**told, "count": "0"}, once=other).status_code == 400
    assert post(lead, "/print", **told, once=other).status_code == 303  # refused once, mended, sent again
    assert len(issued(store)) == 2
    run = issued(store)[0].run
    once = hidden(lead.client.get("/hand-overs").text, "once")
    for _ in range(2):
        post(lead, "/hand-overs", serials=run, unit="PC06", period=MONTH, once=once)
    assert count(store, "hand_overs") == 1


def test_two_clicks_at_one_moment_do_one_thing(office) -> None:
    done = []

    async def slow() -> Response:
        done.append(1)
        await asyncio.sleep(0)
        return RedirectResponse("/print#r", status_code=303)

    async def clicks() -> list[Response]:
        once = Once(office.accounts.sent)
        return list(await asyncio.gather(*(once.do("mark", slow) for _ in range(3))))

    with ThreadPoolExecutor(1) as alone:  # in this thread a browser's loop may run
        answers = alone.submit(lambda: asyncio.run(clicks())).result()
    assert [answer.headers["location"] for answer in answers] == ["/print#r"] * 3
    assert done == [1]


@pytest.fixture
def restarted(office):
    """Bring a browser to the same office whose server was started anew."""
    opened = []

    def restart(visitor: Person) -> Person:
        accounts = Accounts.open(office.workspace.path / "accounts.sqlite", lambda: NOW, QUICK)
        opened.append(FrontOffice.of(office.workspace, accounts, office.throttle))
        client = TestClient(create_app(opened[-1], hosts=("testserver",)), follow_redirects=False)
        client.cookies = visitor.client.cookies
        return Person(client)

    yield restart
    for one in opened:
        one.close()


def test_a_form_that_was_sent_is_not_done_again_after_a_restart(person, store, restarted) -> None:
    lead = person(Role.LEAD)
    told = {"of_form": "DL-01", "unit": "PC06", "period": MONTH, "count": "3"}
    once = hidden(lead.client.get("/print").text, "once")
    first = post(lead, "/print", **told, once=once)
    run = issued(store)[0].run
    lead = restarted(lead)
    assert post(lead, "/print", **told, once=once).headers["location"] == first.headers["location"]
    for _ in range(2):
        once = hidden(lead.client.get("/hand-overs").text, "once")
        for _ in range(2):
            place = post(lead, "/hand-overs", serials=run, unit="PC06", period=MONTH, once=once)
            assert place.headers["location"].startswith("/hand-overs?done=")
            lead = restarted(lead)
    assert count(store, "hand_overs") == 2  # two copies of the form
    assert [one.count for one in issued(store)] == [3]


def test_the_register_itself_prints_one_copy_of_a_form_once(office, person, store) -> None:
    lead = person(Role.LEAD)
    told = {"of_form": "DL-01", "unit": "PC06", "period": MONTH, "count": "3"}
    once = hidden(lead.client.get("/print").text, "once")
    first = post(lead, "/print", **told, once=once)
    (mark,) = [row["target"] for row in store.rows("SELECT target FROM runs")]
    office.accounts.sent.end(Path(mark).stem, "")  # the memory of sent forms is gone
    assert post(lead, "/print", **told, once=once).headers["location"] == first.headers["location"]
    assert len(issued(store)) == 1


def test_what_was_being_done_when_the_server_died_waits_for_a_person(office, person, store) -> None:
    lead = person(Role.LEAD)
    once = hidden(lead.client.get("/hand-overs").text, "once")
    mark = hashlib.sha256(f"{PEOPLE[Role.LEAD][0]}\0{once}".encode()).hexdigest()[:32]
    assert office.accounts.sent.begin(mark) is None  # and then the server was killed
    again = post(lead, "/hand-overs", serials="1..2", unit="PC06", period=MONTH, once=once)
    assert again.status_code == 400 and "máy chủ dừng trước khi trả lời" in again.text
    assert count(store, "hand_overs") == 0


def test_sent_forms_are_kept_up_to_a_number(office) -> None:
    sent = SentForms(office.accounts._keeping, kept=3)
    for at in range(5):
        assert sent.begin(f"m{at}") is None
        sent.end(f"m{at}", f"/print#{at}")
    assert [one.place if (one := sent.begin(f"m{at}")) else "" for at in (2, 3, 4)] == [
        "/print#2",
        "/print#3",
        "/print#4",
    ]
    assert sent.begin("m0") is None  # forgotten: the oldest goes first
    assert sent.begin("m2") is None


def test_a_month_is_closed_and_opened_once(office, person, store) -> None:
    take_slips(office.workspace, [slip()])
    lead = person(Role.LEAD)
    path = f"/month/{MONTH}"
    assert post(lead, f"{path}/close", why="thử").status_code == 303
    assert post(lead, f"{path}/close", why="thử").status_code == 400
    assert post(lead, f"{path}/visits", unit="PC06", visits="9").status_code == 400  # a page of before
    assert post(lead, f"{path}/adjust", why="muộn").status_code == 303
    assert post(lead, f"{path}/adjust", why="muộn").status_code == 400
    assert [row["state"] for row in store.rows("SELECT state FROM period_states")] == ["closed", "adjusting"]


def test_a_table_that_was_taken_in_one_tab_brings_nothing_in_the_other(office, person, store) -> None:
    take_slips(office.workspace, [slip()])
    lead = person(Role.LEAD)
    look = send(lead, "visits", "đơn vị,lượt\nPC06,40\n", period=MONTH)
    for _ in range(2):
        assert post(lead, look.partition("?")[0], period=MONTH).status_code == 303
    assert count(store, "visit_counts") == 1


@pytest.mark.parametrize("path", ["", "/imports", "/slips", "/report", "/proof", "/statements", "/voices"])
def test_a_month_to_come_is_no_page(person, path) -> None:
    assert person(Role.LEAD).client.get(f"/month/2087-01{path}").status_code == 404


def test_a_month_to_come_takes_no_figures_and_is_not_closed(office, person, store) -> None:
    lead = person(Role.LEAD)
    for path in ("visits", "stock", "close"):
        fields = {"unit": "PC06", "visits": "7", "of_form": "DL-01", "why": "vội"}
        assert post(lead, f"/month/2087-01/{path}", **fields).status_code == 404
    assert post(lead, "/intake", period="2087-01", expected="4").status_code == 400
    post(lead, "/print", of_form="DL-01", unit="PC06", period="2087-01", count="1")  # printed ahead
    assert "chưa bắt đầu" in lead.client.get("/month/2087-01").text
    refused = post(lead, "/month/2087-01/close", why="vội")
    assert refused.status_code == 400 and "01/2087" in refused.text
    assert count(store, "period_states") == 0
