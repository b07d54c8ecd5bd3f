"""Sure answers are corrected by two who agree, with a reason; what one says changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scanned_stacks import slip, take_slips
from test_review import another, answers

from omr.errors import OmrError
from omr.office import Office
from omr.records.offices.periods import parse_period
from omr.records.review.corrections import Correction, corrections_of, waiting_corrections
from omr.records.review.second_reading import Decision
from omr.records.store.store import Store
from omr.words import WITHDRAWN, Role


@pytest.fixture
def serial(office):
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(B1="5", B2="?3")])
    with Store.open(office.workspace.database) as store:
        return store.value("SELECT serial FROM readings WHERE reading = 1")


def correct(visitor, serial: str, answer: str, why: str = "máy đọc nhầm", question: str = "B1"):
    return visitor.post(f"/slips/{serial}/correct", item=f"A1-{question}", answer=answer, why=why)


def test_a_correction_counts_once_two_people_say_the_same(serial, person, office):
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    assert correct(first, serial, "2").status_code == 303
    assert answers(office, 1)["B1"] == ("answered", "5", "machine")
    page = second.client.get(f"/slips/{serial}").text
    assert (
        "chờ người thứ hai" in page and "máy đọc nhầm" not in page and "đề nghị: Không hài lòng" not in page
    )
    assert f'href="/slips/{serial}#A1-B1"' in second.client.get("/cases").text
    assert f'href="/slips/{serial}#A1-B1"' not in first.client.get("/cases").text
    assert correct(second, serial, "2", "nhìn rõ ô 2").status_code == 303
    assert answers(office, 1)["B1"] == ("answered", "2", "truong.pv01")
    text = first.client.get(f"/slips/{serial}").text
    assert "máy đọc nhầm" in text and "nhìn rõ ô 2" in text
    assert correct(first, serial, "4").status_code == 400


def test_people_who_differ_need_a_third(serial, person, office, anybody):
    another(office, "ba.pv01")
    correct(person(Role.REVIEWER), serial, "2")
    correct(person(Role.LEAD), serial, "5", "máy đúng")
    assert answers(office, 1)["B1"][2] == "machine"
    third = anybody()
    third.sign_in("ba.pv01")
    correct(third, serial, "2", "giống người đầu")
    assert answers(office, 1)["B1"] == ("answered", "2", "ba.pv01")


def test_a_correction_is_taken_back_and_with_it_what_it_brought(serial, person, office):
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    correct(first, serial, "2")
    correct(second, serial, "2")
    assert first.post("/undo").headers["location"] == f"/slips/{serial}"
    assert answers(office, 1)["B1"] == ("answered", "5", "machine")
    with Store.open(office.workspace.database) as store:
        assert [one.item for one in waiting_corrections(store)] == ["A1-B1"]
    correct(second, serial, "withdraw")
    with Store.open(office.workspace.database) as store:
        assert list(waiting_corrections(store)) == []
    assert correct(second, serial, "withdraw").status_code == 400


@pytest.mark.parametrize(
    ("answer", "why", "question"),
    [
        ("5", "như cũ", "B1"),
        ("2", "", "B1"),
        ("9", "thử", "B1"),
        ("2", "thử", "B2"),  # in the queue
        ("2", "thử", "Z9"),
        ("", "thử", "B1"),
    ],
)
def test_what_changes_nothing_or_fits_nothing_is_refused(answer, why, question, serial, person, office):
    assert correct(person(Role.REVIEWER), serial, answer, why, question).status_code in (400, 404)
    with Store.open(office.workspace.database) as store:
        assert corrections_of(store) == []


def test_who_may_not_and_closed_months_correct_nothing(serial, person, office):
    assert correct(person(Role.CLERK), serial, "2").status_code == 403
    correct(person(Role.REVIEWER), serial, "2")
    with Office.open(office.workspace, by="truong.pv01") as hall:
        lead = hall.among_persons(None)
        with pytest.raises(OmrError, match="A1-B1"):
            lead.close_period(parse_period("2026-11"), why="thử")
    with Store.open(office.workspace.database) as store, store.act("close", by="test", why="x") as act:
        row = {"period": "2026-11", "state": "closed", "figures": "{}"}
        act.add("period_states", {"period_state": act.next_id("period_states", "period_state"), **row})
    refused = correct(person(Role.LEAD), serial, "2")
    assert refused.status_code == 400
    assert answers(office, 1)["B1"][2] == "machine"


WORDS = [("answered", ("2",)), ("answered", ("4",)), ("no_answer", ()), (WITHDRAWN, ())]
said = st.lists(
    st.builds(lambda by, value: Decision(by, "", *value), st.sampled_from("abc"), st.sampled_from(WORDS)),
    max_size=7,
)


@given(said)
@settings(max_examples=200)
def test_what_counts_two_people_stand_by_and_nobody_alone(words):
    about = Correction(1, "B1", "s", "PC06", "2026-11", tuple(words))
    agreed = about.agreed(two_persons=True)
    latest = {one.by: one for one in words}
    stand = [one.value for one in latest.values() if one.state != WITHDRAWN]
    if agreed is not None:
        assert stand.count((agreed.state.value, agreed.codes)) > 1
        assert not about.waits
    else:
        assert len(set(stand)) == len(stand)
        assert about.waits == bool(stand)
