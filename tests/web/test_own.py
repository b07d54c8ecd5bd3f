"""A reviewer's own figures, and the training set: simulated, answered at once, never mixed with real data."""

from __future__ import annotations

import re

import pytest
from scanned_stacks import slip, take_slips
from test_review import decide

from omr.records.review.progress import own_figures
from omr.records.store.store import Store
from omr.web.frame.pages import _static
from omr.web.review.training import ROUND, drawn, exercises
from omr.words import Reason, Role


def test_own_figures_count_what_stands_and_where_others_agree(person, office):
    office.worklist.second_share = 1.0
    take_slips(office.workspace, [slip(B1="?5", B2="?4", B3="?3")])
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    for visitor, answers in ((first, "543"), (second, "542")):
        for key, answer in zip(("B1", "B2", "B3"), answers, strict=True):
            decide(visitor, f"A1-{key}", answer)
        if visitor is first:
            assert first.post("/undo").status_code == 303
    with Store.open(office.workspace.database) as store:
        mine, other = own_figures(store, "xem.pv01"), own_figures(store, "truong.pv01")
        assert (mine.read, mine.again, mine.agreed, mine.per_minute) == (2, 2, 2, None)
        assert (other.read, other.again, other.agreed) == (3, 2, 2)
        assert own_figures(store, "xem.pv01", since="2999-01-01T00:00:00Z").read == 0
        assert own_figures(store, "nobody").read == 0
    office.accounts.known.note("xem.pv01", "A9-B1", right=True)
    page = first.client.get("/review/me").text
    assert "2 / 2" in page and "đúng 1 / 1" in page and "truong.pv01" not in page


def test_speed_leaves_pauses_out(office):
    """Four decisions of which three came a second one half a minute apart, and one after an hour."""
    take_slips(office.workspace, [slip(B1="?5", B2="?4", B3="?3", B4="?5", A5="?other")])
    moments = iter([f"2026-11-22T08:0{m}:{s:02}Z" for m, s in ((0, 0), (0, 30), (1, 0), (1, 30))])
    later = iter(["2026-11-22T09:30:00Z"])
    with Store.open(office.workspace.database, clock=lambda: next(moments, None) or next(later)) as store:
        for key in ("B1", "B2", "B3", "B4", "A5"):
            with store.act("decide_answer", by="xem.pv01") as act:
                number = act.next_id("decided_answers", "decision")
                about = {"decision": number, "reading": 1, "question": key}
                act.add("decided_answers", {**about, "state": "no_answer", "codes": ""})
        assert own_figures(store, "xem.pv01").per_minute == pytest.approx(2.0)


@pytest.mark.parametrize("seed", [1, 77, 999_999])
def test_a_round_shows_every_reason_and_nothing_twice(seed):
    rows = drawn(seed)
    assert len(rows) == ROUND == len({row.picture for row in rows})
    assert {row.why[0] for row in rows} == {row.why[0] for row in exercises()}
    assert rows == drawn(seed) and rows != drawn(seed + 1)


def test_the_training_set_is_whole():
    """Every row has its picture, an answer that can be given, and a reason that has words."""
    rows, files = exercises(), _static()
    assert len(rows) >= 100 and len({row.picture for row in rows}) == len(rows)
    assert len({row.why[0] for row in rows}) >= 8  # the usual reasons for which the machine asks
    for row in rows:
        assert files[f"training/{row.picture}"][8:12] == b"WEBP"
        assert row.right in {"none", "multiple", *(one.value for one in row.options)}
        assert set(row.why) <= set(Reason) and row.doubts
        keys = [one.key for one in row.options]
        assert 2 <= len(keys) == len(set(keys)) and len({one.value for one in row.options}) == len(keys)
    assert {"none", "multiple"} <= {row.right for row in rows}
    assert sum(len(files[f"training/{row.picture}"]) for row in rows) < 800_000


def test_training_answers_at_once_and_records_nothing(person, office):
    take_slips(office.workspace, [slip(B2="?3")])
    reviewer = person(Role.REVIEWER)
    assert 'href="/training"' in reviewer.client.get("/").text
    with Store.open(office.workspace.database) as store:
        before = store.last_event
    begun = reviewer.client.get("/training").headers["location"]
    at = re.fullmatch(r"/training\?order=(\d+)&at=0&right=0", begun)
    assert at
    text = reviewer.client.get(begun).text
    assert 'data-key="1"' in text and "Đúng." not in text
    shown = re.search(r"training/(\d+\.webp)", text)
    assert shown
    row = next(one for one in exercises() if one.picture == shown[1])
    told = {"order": at[1], "at": "0", "right": "0"}
    assert "Đúng." in reviewer.post("/training", answer=row.right, **told).text
    wrong = next(one.value for one in row.options if one.value != row.right)
    said = reviewer.post("/training", answer=wrong, **told).text
    assert "Chưa đúng" in said and "right=0" in said
    for junk in ("9", "<b>", "withdraw"):
        assert "Chưa đúng" not in reviewer.post("/training", answer=junk, **told).text
    last = reviewer.client.get(f"/training?order=1&at={ROUND}&right=7").text
    assert f"đúng 7 / {ROUND}" in last
    with Store.open(office.workspace.database) as store:
        assert store.last_event == before
    assert office.accounts.known.figures() == {}
