"""The review desk: order, blind second readers, claims, undo, two reviewers at once."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter

import pytest
from people import PASSWORD, Person
from scanned_stacks import slip, take_slips
from starlette.testclient import TestClient

from omr.messages import catalogue
from omr.records.review.second_reading import doubtful
from omr.records.review.worklist import Worklist
from omr.records.store.store import Store
from omr.web.app import create_app
from omr.web.frame.front import FrontOffice
from omr.words import Role

BY_SCRIPT = {"hx-request": "true"}


@pytest.fixture
def no_sample(office):
    """No item is drawn for a second reader by chance."""
    office.worklist.second_share = 0.0


def another(office, name: str, role: Role = Role.REVIEWER) -> None:
    first = office.accounts.add(name, [role], None, by="test")
    office.accounts.change_password(name, first, PASSWORD)


def shown(text: str) -> str | None:
    """The item on a page."""
    found = re.search(r'data-item="([^"]+)"', text)
    return found[1] if found else None


def decide(visitor: Person, item: str, answer: str, **more: str):
    """Press a key: the script asks for the next item alone."""
    told = {"csrf": visitor.token("/"), "item": item, "answer": answer, **more}
    return visitor.client.post("/review/decide", data=told, headers=BY_SCRIPT)


def answers(office, reading: int) -> dict[str, tuple[str, str, str]]:
    with Store.open(office.workspace.database) as store:
        rows = store.rows("SELECT * FROM current_answers WHERE reading = ?", reading)
        return {row["question"]: (row["state"], row["codes"], row["by"]) for row in rows}


def test_what_decides_validity_comes_first_and_slips_stay_together(person, office, no_sample):
    silent = {"B1": "", "B2": ""}
    take_slips(
        office.workspace,
        [slip(A5="?other"), slip(B1="?5"), slip(B4="?5", B2="?5"), slip(**silent, B3="?4", B4="?5")],
    )
    reviewer = person(Role.REVIEWER)
    order = []
    page = reviewer.client.get("/review").text
    while (item := shown(page)) is not None:
        order.append(item)
        page = decide(reviewer, item, "none").text
    assert order == ["A4-B3", "A4-B4", "A3-B2", "A3-B4", "A2-B1", "A1-A5"]


def test_a_decision_counts_and_names_its_author(person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")])
    reviewer = person(Role.REVIEWER)
    page = decide(reviewer, "A1-B2", "3").text
    assert shown(page) is None
    assert answers(office, 1)["B2"] == ("answered", "3", "xem.pv01")
    with Store.open(office.workspace.database) as store:
        event = store.row("SELECT * FROM events ORDER BY event DESC LIMIT 1")
    assert (event["act"], event["by"], event["why"]) == ("decide_answer", "xem.pv01", "review desk")


@pytest.mark.parametrize(
    "answer, stored",
    [("none", ("no_answer", "")), ("multiple", ("multiple", "")), ("undecidable", ("doubtful", ""))],
)
def test_words_besides_options(answer, stored, person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")])
    decide(person(Role.REVIEWER), "A1-B2", answer)
    assert answers(office, 1)["B2"][:2] == stored


def test_several_options_where_several_may_be_right(person, office, no_sample):
    take_slips(office.workspace, [slip(A5="id_card ?other")])
    decide(person(Role.REVIEWER), "A1-A5", "other id_card")
    assert answers(office, 1)["A5"][:2] == ("answered", "id_card other")


@pytest.mark.parametrize("item", ["A1-B1", "A1-C1", "A9-B2", "H1", "P1", "", "A1-B2'--"])
def test_only_what_waits_can_be_decided(item, person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")])
    answer = decide(person(Role.REVIEWER), item, "5")
    assert answer.status_code == 200 and 'role="alert"' in answer.text
    assert all(by == "machine" for _, _, by in answers(office, 1).values())


@pytest.mark.parametrize("answer", ["", "9", "5 4 3 2 1 0", "KHL1", "withdraw", "<b>"])
def test_only_what_the_question_offers_is_an_answer(answer, person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")])
    said = decide(person(Role.REVIEWER), "A1-B2", answer)
    assert said.status_code == 200
    state, codes, _ = answers(office, 1)["B2"]
    assert (state, codes) in (("doubtful", ""), ("multiple", ""))


def test_undo_gives_the_item_back(person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3"), slip(B2="?4")])
    reviewer = person(Role.REVIEWER)
    decide(reviewer, "A1-B2", "3")
    undone = reviewer.client.post("/review/undo", data={"csrf": reviewer.token("/")}, headers=BY_SCRIPT)
    assert shown(undone.text) == "A1-B2"
    assert answers(office, 1)["B2"][0] == "doubtful"
    decide(reviewer, "A1-B2", "2")
    assert answers(office, 1)["B2"] == ("answered", "2", "xem.pv01")


def test_nobody_undoes_another(person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")])
    decide(person(Role.REVIEWER), "A1-B2", "3")
    lead = person(Role.LEAD)
    answer = lead.client.post("/review/undo", data={"csrf": lead.token("/")}, headers=BY_SCRIPT)
    assert (answer.status_code, answer.text) == (400, catalogue("vi", "desk")["nothing_to_undo"])
    assert answers(office, 1)["B2"] == ("answered", "3", "xem.pv01")


def test_a_second_reader_sees_nothing_of_the_first(person, office, monkeypatch):
    office.worklist.second_share = 1.0
    take_slips(office.workspace, [slip(B2="?3")])
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    fresh = first.client.get("/review").text
    assert shown(decide(first, "A1-B2", "3").text) is None
    blind = second.client.get("/review").text
    strip = re.compile(r"csrf[^>]*>|xem\.pv01|truong\.pv01|Còn \d+ câu chờ bạn, tất cả \d+")
    shell = '<li><a href="/'  # the desks of a lead, who has more of them
    lines = [[x for x in strip.sub("", p).splitlines() if shell not in x] for p in (blind, fresh)]
    assert lines[0] == lines[1]
    decide(second, "A1-B2", "3")
    assert shown(second.client.get("/review").text) is None


def test_readers_who_differ_call_a_third(person, office, anybody, monkeypatch):
    office.worklist.second_share = 1.0
    take_slips(office.workspace, [slip(B2="?3"), slip(B1="?5")])
    another(office, "ba.pv01")
    decide(person(Role.REVIEWER), "A1-B2", "3")
    decide(person(Role.LEAD), "A1-B2", "4")
    third = anybody()
    third.sign_in("ba.pv01")
    page = third.client.get("/review").text
    assert shown(page) == "A1-B2" and 'class="tag bad"' in page
    decide(third, "A1-B2", "3")
    assert answers(office, 1)["B2"] == ("answered", "3", "ba.pv01")
    assert shown(person(Role.LEAD).client.get("/review?reason=disputed").text) is None


def hand_in(office, **ways) -> None:
    """Give an office a worklist that goes by another clock, or looks at slips in another way."""
    share = office.worklist.second_share
    office.worklist = Worklist(office.accounts.signing_key, second_share=share, **ways)


def test_two_reviewers_never_hold_the_same_item_and_idle_ones_let_go(person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")])
    now = [0.0]
    hand_in(office, clock=lambda: now[0])
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    assert shown(first.client.get("/review").text) == "A1-B2"
    assert shown(second.client.get("/review").text) is None
    assert 'role="alert"' in decide(second, "A1-B2", "3").text
    now[0] = 200.0
    assert shown(second.client.get("/review").text) == "A1-B2"
    assert 'role="alert"' in decide(first, "A1-B2", "3").text


def test_filters(person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")], name="a")
    take_slips(office.workspace, [slip(B3="?3")], unit="PC08", name="b")
    reviewer = person(Role.REVIEWER)
    assert shown(reviewer.client.get("/review?unit=PC08").text) == "A2-B3"
    assert shown(reviewer.client.get("/review?of_form=DL-02").text) is None


def test_two_reviewers_at_once_on_200_items_lose_and_double_none(office):
    slips = [slip(A5="?other", B1="?5", B2="?4", B3="?3") for _ in range(50)]
    take_slips(office.workspace, slips)
    another(office, "hai.pv01")
    another(office, "ba.pv01")
    app = create_app(office, hosts=("testserver",))
    problems = []

    def work(name: str) -> None:
        visitor = Person(TestClient(app, follow_redirects=False))
        visitor.sign_in(name)
        token = visitor.token("/")
        page, idle = visitor.client.get("/review").text, 0
        while idle < 40:
            item = shown(page)
            if item is None:  # the others may still leave something for a second reader
                idle += 1
                page = visitor.client.get("/review").text
                continue
            idle = 0
            data = {"csrf": token, "item": item, "answer": "none"}
            page = visitor.client.post("/review/decide", data=data, headers=BY_SCRIPT).text
            if 'role="alert"' in page:
                problems.append(item)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("hai.pv01", "ba.pv01")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with Store.open(office.workspace.database) as store:
        decided = Counter(
            (row["reading"], row["question"], row["by"])
            for row in store.rows("SELECT * FROM decided_answers JOIN events USING (event)")
        )
        assert max(decided.values()) == 1
        assert len({key[:2] for key in decided}) == 200
        assert (
            store.value("SELECT count(*) FROM current_answers WHERE by = 'machine' AND state = 'doubtful'")
            == 0
        )


def test_a_server_that_is_killed_forgets_no_decision(office, person, no_sample):
    take_slips(office.workspace, [slip(B1="?5", B2="?4")])
    decide(person(Role.REVIEWER), "A1-B1", "5")
    fresh = FrontOffice.of(office.workspace, office.accounts)  # nothing of the old one's memory
    visitor = Person(TestClient(create_app(fresh, hosts=("testserver",)), follow_redirects=False))
    visitor.sign_in("xem.pv01")
    assert shown(visitor.client.get("/review").text) == "A1-B2"


def test_pictures_are_pictures_and_only_of_what_exists(person, office, no_sample):
    take_slips(office.workspace, [slip(B2="?3")])
    reviewer = person(Role.REVIEWER)
    for path in ("/review/row/1/B2.jpg", "/review/whole/1.jpg"):
        answer = reviewer.client.get(path)
        assert answer.status_code == 200 and answer.content.startswith(b"\xff\xd8")
    for path in (
        "/review/row/1/C1.jpg",
        "/review/row/9/B2.jpg",
        "/review/whole/x.jpg",
        "/review/whole/-1.jpg",
    ):
        assert reviewer.client.get(path).status_code == 404


def test_grid_proposes_nothing_and_keeps_only_what_was_said(person, office, no_sample):
    """It proposed the opposite of the truth: rings as blank, struck boxes as marked, 24 at a click."""
    take_slips(office.workspace, [slip(B1="?5"), slip(B2="?4"), slip(B3="4 ?2"), slip(A5="?other")])
    reviewer = person(Role.REVIEWER)
    text = reviewer.client.get("/review/grid").text
    assert "A4-A5" not in text
    assert set(re.findall(r'value="([^"]*)" checked', text)) == {""}
    assert 'name="say-A3-B3" value="yes"' not in text  # another box is marked: both would be several
    data = {"csrf": reviewer.token("/"), "items": "A1-B1 A2-B2 A3-B3 A4-A5"}
    silent = reviewer.client.post("/review/grid", data={**data, "say-A2-B2": ""})
    assert silent.status_code == 200
    assert {answers(office, n)[key][2] for n, key in ((1, "B1"), (2, "B2"), (3, "B3"))} == {"machine"}
    said = {"say-A1-B1": "yes", "say-A2-B2": "no", "say-A3-B3": "yes", "say-A4-A5": "yes"}
    reviewer.client.post("/review/grid", data={**data, **said})
    assert answers(office, 1)["B1"] == ("answered", "5", "xem.pv01")
    assert answers(office, 2)["B2"] == ("no_answer", "", "xem.pv01")
    assert answers(office, 3)["B3"][2] == "machine"  # yes would be several: refused, whoever sends it
    assert answers(office, 4)["A5"][2] == "machine"


def test_a_whole_screen_of_the_grid_is_taken_back(person, office, no_sample):
    take_slips(office.workspace, [slip(B1="?5"), slip(B2="?4")])
    reviewer = person(Role.REVIEWER)
    data = {"csrf": reviewer.token("/"), "items": "A1-B1 A2-B2"}
    done = reviewer.client.post("/review/grid", data={**data, "say-A1-B1": "yes", "say-A2-B2": "yes"})
    assert 'action="/review/grid/undo"' in done.text
    back = reviewer.client.post("/review/grid/undo", data=data)
    assert "A1-B1" in back.text and "A2-B2" in back.text
    assert {answers(office, n)[key][2] for n, key in ((1, "B1"), (2, "B2"))} == {"machine"}
    again = reviewer.client.post("/review/grid/undo", data=data)
    assert again.status_code == 200  # nothing left to take back: nothing happens


def test_grid_never_decides_validity(person, office, no_sample):
    take_slips(office.workspace, [slip(B1="", B2="", B3="?4", B4="?5"), slip(B4="?5", B1="", B2="", B3="")])
    reviewer = person(Role.REVIEWER)
    keys = "A1-B3 A1-B4 A2-B4"
    said = {f"say-{key}": "yes" for key in keys.split()}
    reviewer.client.post("/review/grid", data={"csrf": reviewer.token("/"), "items": keys, **said})
    assert {answers(office, n)["B4"][2] for n in (1, 2)} == {"machine"}


def test_a_known_item_measures_the_reader_and_changes_no_slip(person, office, anybody, monkeypatch):
    office.worklist.second_share = 1.0
    take_slips(office.workspace, [slip(B2="?3"), slip(B1="?5")])
    another(office, "ba.pv01")
    for role in (Role.REVIEWER, Role.LEAD):
        decide(person(role), "A1-B2", "3")
    office.worklist._held.clear()
    before = answers(office, 1)
    office.worklist._chance = lambda: 0.0
    third = anybody()
    third.sign_in("ba.pv01")
    page = third.client.get("/review").text
    assert shown(page) == "A1-B2" and 'class="tag bad"' not in page
    assert shown(decide(third, "A1-B2", "4").text) == "A2-B1"
    redone = third.client.post("/review/undo", data={"csrf": third.token("/")}, headers=BY_SCRIPT).text
    assert shown(redone) == "A1-B2" and 'role="alert"' not in redone
    decide(third, "A1-B2", "3")  # the first answer is the measure
    assert answers(office, 1) == before
    assert office.accounts.known.figures() == {"ba.pv01": (0, 1)}
    office.worklist.forget()
    assert shown(third.client.get("/review").text) == "A2-B1"  # nobody gets a known item twice
    assert "đọc đúng 0/1" not in person(Role.VIEWER).client.get("/overview").text


def test_a_decision_is_felt_by_its_slip_and_makes_nobody_look_at_all_others(person, office, no_sample):
    take_slips(office.workspace, [slip(B1="", B2="?4", B4="?5"), slip(B2="?3")])
    reviewer = person(Role.REVIEWER)
    looked, now = [], [0.0]

    def looking(*told, readings=None):
        looked.append(readings)
        return doubtful(*told, readings=readings)

    def waits(key):
        with Store.open(office.workspace.database) as store:
            return office.worklist.find(store, key)

    hand_in(office, clock=lambda: now[0], look=looking)
    reviewer.client.get("/review")
    assert waits("A1-B2").decides_validity
    assert looked == [None]
    decide(reviewer, "A1-B4", "5")
    assert not waits("A1-B2").decides_validity
    now[0] += 10.0
    assert shown(reviewer.client.get("/review").text) is not None
    assert looked == [None, [1], [1]]  # its slip as it was before, and after
    take_slips(office.workspace, [slip(B2="?3")], name="more")
    now[0] += 10.0
    reviewer.client.get("/review")
    assert looked == [None, [1], [1], [3]] and waits("A3-B2")


def test_an_item_says_why_it_is_asked_and_what_the_machine_leans_to(person, office, no_sample):
    """It showed "98 %" without a direction; two thirds of the high ones meant blank."""
    take_slips(office.workspace, [slip(B1="?5"), slip(B2="?4")])
    with Store.open(office.workspace.database) as store, store.act("redecide", by="test") as act:
        deciding = act.next_id("decidings", "deciding")
        was = dict(store.row("SELECT * FROM decidings WHERE reading = 1"))
        told = [["B1", "5", "doubtful", 0.98, True, "ring_around"]]
        act.add("decidings", {**was, "deciding": deciding, "verdicts": json.dumps(told), "event": act.event})
        for row in store.rows("SELECT * FROM answers WHERE deciding = ?", was["deciding"]):
            act.add("answers", {**dict(row), "deciding": deciding})
    office.worklist.forget()
    reviewer = person(Role.REVIEWER)
    reason = catalogue("vi", "marks")["ring_around"]
    text = reviewer.client.get("/review", params={"reason": "ring_around"}).text
    assert shown(text) == "A1-B1"
    machine = re.search(r'class="machine">(.*?)</p>', text, re.DOTALL)
    assert machine and reason in machine[1] and "nghiêng về" in machine[1] and "%" not in machine[1]
    grid = reviewer.client.get("/review/grid", params={"reason": "ring_around"}).text
    assert "A1-B1" in grid and "A2-B2" not in grid and reason in grid
