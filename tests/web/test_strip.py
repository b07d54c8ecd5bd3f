"""Slip mode: one look for a slip with many doubtful rows; the same facts as one decision after another."""

from __future__ import annotations

import pytest
from scanned_stacks import slip, take_slips
from test_review import another, answers, decide, shown

from omr.records.review.worklist import MANY
from omr.records.store.store import Store
from omr.words import Role

FULL = {"A5": "?id_card", "B1": "?5", "B2": "?5", "B3": "?4", "B4": "?5"}
SAID = {"A5": "id_card", "B1": "5", "B2": "4", "B3": "none", "B4": "multiple"}
assert len(FULL) == MANY


@pytest.fixture
def crowded(office):
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(B2="?3"), slip(**FULL), slip(**FULL)])
    return office


def confirm(visitor, reading: int, **said: str):
    told = {f"say-A{reading}-{key}": words for key, words in said.items()}
    return visitor.post(f"/review/slips/{reading}", **told)


def decided(office) -> list[tuple]:
    with Store.open(office.workspace.database) as store:
        rows = store.rows(
            "SELECT reading, question, state, codes FROM decided_answers ORDER BY 1, 2, decision"
        )
        return [tuple(row) for row in rows]


def test_a_slip_with_many_doubtful_rows_comes_whole_and_the_others_row_by_row(person, crowded):
    reviewer = person(Role.REVIEWER)
    first = reviewer.client.get("/review")
    assert first.status_code == 303 and first.headers["location"] == "/review/slips/2"
    page = reviewer.client.get("/review/slips/2").text
    assert all(f'name="say-A2-{key}"' in page for key in FULL)
    assert shown(reviewer.client.get("/review?way=single").text) == "A2-A5"
    following = confirm(reviewer, 2, **SAID)
    assert following.headers["location"] == "/review/slips/3"
    passed = reviewer.post("/review/slips/3/later")
    assert passed.headers["location"] == "/review"
    assert shown(reviewer.client.get("/review").text) == "A1-B2"
    decide(reviewer, "A1-B2", "3")
    assert reviewer.client.get("/review").headers["location"] == "/review/slips/3"  # passed over, not lost


def test_what_is_recorded_is_what_single_decisions_record_in_one_act(person, crowded):
    reviewer = person(Role.REVIEWER)
    confirm(reviewer, 2, **SAID)
    for key, words in SAID.items():
        decide(reviewer, f"A3-{key}", words)
    rows = decided(crowded)
    assert [row[1:] for row in rows if row[0] == 2] == [row[1:] for row in rows if row[0] == 3]
    assert [answers(crowded, 2)[key] for key in SAID] == [answers(crowded, 3)[key] for key in SAID]
    with Store.open(crowded.workspace.database) as store:
        acts = [
            (row["act"], row["n"])
            for row in store.rows(
                """SELECT act, count(*) AS n FROM decided_answers JOIN events USING (event)
                GROUP BY event ORDER BY event"""
            )
        ]
    assert acts == [("decide_answer", 5), *[("decide_answer", 1)] * 5]


@pytest.mark.parametrize("lacking", [{"B2": ""}, {"B2": "9"}, {"B2": "withdraw"}])
def test_a_row_without_an_answer_that_exists_keeps_the_whole_slip(lacking, person, crowded):
    refused = confirm(person(Role.REVIEWER), 2, **{**SAID, **lacking})
    assert refused.status_code == 400 and 'role="alert"' in refused.text
    assert decided(crowded) == []


def test_a_second_reader_of_the_sample_reads_without_the_first(person, crowded):
    """The sample of a confirmed slip waits for another reader, who sees what the machine read alone."""
    crowded.worklist.wants_second = lambda reading, question: question != "A5"
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    before = second.client.get("/review/slips/2").text
    crowded.worklist._held.clear()
    confirm(first, 2, **SAID)
    assert first.client.get("/review/slips/2").status_code == 303
    after = second.client.get("/review/slips/2").text
    assert 'name="say-A2-B2" value=""' in before and 'name="say-A2-B2" value=""' in after
    assert 'name="say-A2-A5"' not in after  # settled, and not shown as what somebody said
    confirm(second, 2, B1="5", B2="3", B3="none", B4="multiple")
    another(crowded, "ba.pv01")
    with Store.open(crowded.workspace.database) as store:
        assert crowded.worklist.find(store, "A2-B2").status == "disputed"
        assert crowded.worklist.find(store, "A2-B1") is None


def test_who_was_slower_records_only_what_is_left(person, crowded):
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    decide(second, "A2-B1", "4")
    crowded.worklist._held.clear()
    page = first.client.get("/review/slips/2").text
    assert 'name="say-A2-B1"' not in page
    confirm(first, 2, **SAID)
    assert answers(crowded, 2)["B1"] == ("answered", "4", "truong.pv01")
    assert answers(crowded, 2)["B2"] == ("answered", "4", "xem.pv01")


def test_undo_goes_back_through_all_desks_of_the_session(person, crowded):
    reviewer = person(Role.REVIEWER)
    decide(reviewer, "A1-B2", "3")
    confirm(reviewer, 2, **SAID)
    said = {f"say-A3-{key}": "no" for key in ("B1", "B2")}
    reviewer.client.post("/review/grid", data={"csrf": reviewer.token(), "items": "A3-B1 A3-B2", **said})
    places = [reviewer.post("/undo").headers["location"] for _ in range(3)]
    assert places == ["/review/grid", "/review/slips/2", "/review?item=A1-B2"]
    assert {by for reading in (1, 2, 3) for _, _, by in answers(crowded, reading).values()} == {"machine"}
    assert reviewer.post("/undo").status_code == 400
    assert shown(reviewer.client.get("/review?item=A1-B2").text) == "A1-B2"


def test_undo_takes_back_only_ones_own_last_word(person, crowded, anybody):
    crowded.worklist.wants_second = lambda reading, question: True
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    decide(first, "A1-B2", "3")
    decide(second, "A1-B2", "3")
    refused = first.post("/undo")
    assert refused.status_code == 400 and "Không hoàn tác được" in refused.text
    assert answers(crowded, 1)["B2"] == ("answered", "3", "truong.pv01")
    again = anybody()
    again.sign_in("truong.pv01")
    assert again.post("/undo").status_code == 400  # another session has steps of its own
