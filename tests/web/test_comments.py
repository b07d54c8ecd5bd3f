"""The comments desk: what is masked, what is stored, who is at which comment."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned_stacks import slip, take_slips

from omr.means import Means
from omr.records.review.transcripts import MASK, mask, transcripts, untyped
from omr.records.store.store import Store
from omr.words import Role


@pytest.fixture
def written(office):
    """Two slips with something in the comment box."""
    take_slips(office.workspace, [slip(), slip()])
    with Store.open(office.workspace.database) as store, store.act("read", by="test") as act:
        corners = json.dumps([[90, 660], [600, 660], [600, 800], [90, 800]])
        act.add(
            "comments",
            *[{"reading": n, "question": "C1", "ink_mm2": 30.0, "corners_px": corners} for n in (1, 2)],
        )


def post(visitor, path: str, **fields: str):
    return visitor.client.post(path, data={"csrf": visitor.token("/"), **fields})


@pytest.mark.parametrize(
    "text",
    [
        "Gọi 0912345678",
        "gọi số 0912.345.678 nhé",
        "+84 912 345 678",
        "đt 0225-3842-111",
        "CCCD 031085001234",
        "cmnd 031 234 567",
        "xe 15A-123.45",
        "xe 15-B1 678.90",
        "lan.nguyen@example.com",
        "Tôi là Nguyễn Văn An",
        "Tên: Trần Thị Bưởi.",
        "tôi tên là Đỗ Ước",
        "Cán bộ Lê Thị Ổi rất nhiệt tình",
        "Cán bộ nhiệt tình, tôi là Nguyễn Văn An",  # one announcing word must not swallow the next
        "Gửi ông bà Trần Bưởi",
        "tôi là Nguyễn thị Bưởi",
    ],
)
def test_personal_data_is_masked(text):
    masked = mask(text)
    assert MASK in masked
    assert not any(sign.isdigit() for sign in masked)
    for part in ("Nguyễn", "Trần", "Bưởi", "Đỗ", "Ước", "Ổi", "example"):
        assert part not in masked


@pytest.mark.parametrize("name", ["nguyễn văn an", "TRẦN THỊ BƯỞI", "lê ước"])
@pytest.mark.parametrize("before", ["tôi là", "Tên tôi là", "họ và tên:", "Ký tên"])
def test_names_without_capitals_are_masked_where_somebody_introduces_himself(before, name):
    assert mask(f"{before} {name}.") == f"{before} {MASK}."


@pytest.mark.parametrize(
    "text",
    [
        "Chờ 2 giờ, cán bộ nhiệt tình",
        "Phải đi lại 3 lần, mất 450.000 đồng",
        "Tôi là người cao tuổi, cần ghế ngồi",
        "Ngày 12/11/2026 tôi đến lúc 7h30",
        "anh chị rất vui vẻ",
        "tôi là người dân phường Cầu Đất",
    ],
)
def test_plain_words_stay(text):
    assert mask(text) == text


@given(st.from_regex(r"(?:0|\+84)[ .-]?[1-9](?:[ .-]?\d){8}", fullmatch=True), st.text(max_size=20))
def test_no_phone_number_comes_through(number, around):
    masked = mask(f"{around} {number} cảm ơn")
    assert sum(sign.isdigit() for sign in masked) <= sum(sign.isdigit() for sign in around)


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text):
    assert mask(mask(text)) == mask(text)


def test_only_masked_text_is_stored(written, person, office):
    reviewer = person(Role.REVIEWER)
    assert "/comments/1/C1.jpg" in reviewer.client.get("/comments").text
    post(reviewer, "/comments/1/C1", topic="staff", text="Tôi là Nguyễn Văn An, cán bộ vui vẻ")
    with Store.open(office.workspace.database) as store:
        (one,) = transcripts(store, "2026-11")
        assert (one.unit, one.topic, one.text) == ("PC06", "staff", f"Tôi là {MASK}, cán bộ vui vẻ")
        assert store.value("SELECT by FROM transcripts JOIN events USING (event)") == "xem.pv01"
    assert "Nguyễn".encode() not in office.workspace.database.read_bytes()
    assert "/comments/2/C1.jpg" in reviewer.client.get("/comments").text


def test_a_comment_that_was_typed_is_taken_back_and_waits_again(written, person, office):
    reviewer = person(Role.REVIEWER)
    reviewer.client.get("/comments")
    post(reviewer, "/comments/1/C1", topic="staff", text="cán bộ vui vẻ")
    assert reviewer.post("/undo").headers["location"] == "/comments/1/C1"
    with Store.open(office.workspace.database) as store:
        assert list(transcripts(store, "2026-11")) == []
        assert [one.reading for one in untyped(store)] == [1, 2]


def test_two_people_get_two_comments(written, person):
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    assert "/comments/1/C1.jpg" in first.client.get("/comments").text
    assert "/comments/2/C1.jpg" in second.client.get("/comments").text
    assert post(second, "/comments/1/C1", topic="other", text="x").status_code == 400


def test_preview_picture_and_refusals(written, person):
    reviewer = person(Role.REVIEWER)
    assert MASK in post(reviewer, "/comments/preview", text="gọi 0912345678").text
    assert reviewer.client.get("/comments/1/C1.jpg").content.startswith(b"\xff\xd8")
    assert reviewer.client.get("/comments/1/B1.jpg").status_code == 404
    for fields in (
        {"topic": "staff", "text": ""},
        {"topic": "x", "text": "a"},
        {"topic": "staff", "text": "a" * 3000},
    ):
        assert post(reviewer, "/comments/1/C1", **fields).status_code == 400
    assert post(reviewer, "/comments/1/C1", topic="unreadable", text="").status_code == 303


class Drafting(Means):
    """A machine that reads the same in everything."""

    def draft_text(self, grey, comment):
        return "<b>nháp</b>"


def test_a_draft_is_marked_as_one(written, person, office):
    office.means = Drafting()
    text = post(person(Role.REVIEWER), "/comments/1/C1/draft").text
    assert "Bản nháp" in text and "&lt;b&gt;" in text
