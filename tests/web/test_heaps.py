"""Cases of one kind in one stack, decided at once; serials that a page may have; two sheets of one number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned_stacks import form, slip, take_slips
from test_cases import duplicate, say, standing  # noqa: F401

from omr.forms.serial import Issue
from omr.office import Office
from omr.reading.place.legible import UNREAD
from omr.records.cases.candidates import MOST, candidates, letters_against
from omr.records.review.queue import find_item, queue
from omr.records.store.store import Store
from omr.words import Role


@pytest.fixture
def wrong_unit(office):
    """Four slips of PC08 that somebody sent as those of PC06, and a page without a serial."""
    take_slips(office.workspace, [slip(), None])
    with Office.open(office.workspace, by="test") as hall:
        run = hall.issue(
            form(), unit="PC08", period="2026-11", count=4, target=office.workspace.path / "x.pdf"
        )
        from scanned_stacks import Batch

        from omr.records.intake.orders import Orders

        batch = Batch(run, form(), [slip()] * 4, office.workspace.path / "x.tif")
        hall.read(Orders("PC06", "2026-11", 4), [batch.file], lambda pages, desk: batch.read(pages))
        return [item.item for item in queue(hall.store, reason="other_unit")]


def together(visitor, items, word: str, **more: str):
    fields = {"csrf": visitor.token("/"), "item": items, "word": word, **more}
    return visitor.client.post("/cases", data=fields)


def outcomes(office) -> list[tuple]:
    with Store.open(office.workspace.database) as store:
        rows = store.rows(
            "SELECT by, why, outcome FROM decided_slips JOIN events USING (event) ORDER BY decision"
        )
        return [tuple(row) for row in rows]


def test_a_whole_stack_is_decided_with_one_word_and_still_by_two(wrong_unit, person, office):
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    page = first.client.get("/cases?reason=web.case_other_unit").text
    assert page.count('name="item"') == 4 and "B000002" in page and "PC08" in page
    done = together(first, wrong_unit, "counts", why="nộp hộ PC08")
    assert "Đã ghi 4 phiếu" in done.text
    assert outcomes(office) == [("xem.pv01", "nộp hộ PC08", "counts")] * 4
    again = together(first, [key.replace("H", "S") for key in wrong_unit], "counts")
    assert "Đã ghi" not in again.text and len(outcomes(office)) == 4  # nobody is the second to himself
    confirm = re.findall(r'name="item" value="(S\d+)"', second.client.get("/cases").text)
    assert len(confirm) == 4
    together(second, confirm, "counts")
    assert [by for by, _, _ in outcomes(office)] == ["xem.pv01"] * 4 + ["truong.pv01"] * 4
    assert 'value="S' not in second.client.get("/cases").text


def test_what_does_not_fit_or_was_taken_is_said_and_the_rest_is_recorded(wrong_unit, person, office):
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    say(second, wrong_unit[0], word="refused")
    office.worklist.hold(wrong_unit[1], "truong.pv01")
    done = together(first, [*wrong_unit, "H99", "A1-B1", "<b>"], "counts").text
    assert "Đã ghi 2 phiếu" in done and "5 phiếu chưa ghi được" in done
    assert "<b>:" not in done
    assert "Chưa chọn phiếu nào" in together(first, [], "counts").text
    refused = together(first, wrong_unit[2:], "not_a_slip").text
    assert "chưa ghi được" in refused and len(outcomes(office)) == 3


def test_undo_takes_a_whole_stack_back(wrong_unit, person, office):
    reviewer = person(Role.REVIEWER)
    together(reviewer, wrong_unit, "counts")
    assert reviewer.post("/undo").headers["location"] == "/cases"
    assert [standing(office, int(key[1:])) for key in wrong_unit] == ["held"] * 4


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),
        ("unit=PC08", 4),
        ("batch=B000001", 1),
        ("reason=web.case_serial_unreadable", 1),
        ("unit=PC06", 0),
    ],
)
def test_cases_are_filtered_and_an_empty_filter_says_so(query, count, wrong_unit, person):
    text = person(Role.REVIEWER).client.get(f"/cases?{query}&sort=oldest").text
    assert text.count('name="item"') == count
    assert ("Không có trường hợp nào khớp bộ lọc" in text) == (count == 0)
    assert ("Ngoài bộ lọc còn 5" in text) == (count == 0)


def test_small_pictures_and_places_of_serials(wrong_unit, person):
    reviewer = person(Role.REVIEWER)
    for key in (wrong_unit[0], "P2"):
        assert reviewer.client.get(f"/cases/{key}/small.jpg").content.startswith(b"\xff\xd8")
    # the made-up page has no corners: its serial has no place that could be shown
    assert reviewer.client.get("/cases/P2/serial-text.jpg").status_code == 404
    assert reviewer.client.get("/cases/P2").status_code == 200


def test_the_rows_that_two_sheets_answer_differently_are_shown_as_pairs(office, person):
    take_slips(office.workspace, [slip(), slip(B2="1", B3="?2")])
    with Store.open(office.workspace.database) as store, store.act("read", by="test") as act:
        act.add("set_aside", {"reading": 2, "reason": "duplicate_other_image", "other": 1})
    page = person(Role.REVIEWER).client.get("/cases/H2").text
    shown = re.findall(r'<div class="pair"><span class="key" title="[^"]*">(\w+)<', page)
    assert shown == ["B2", "B3"]
    assert "Tính tờ 1" in page and 'data-key="1"' in page and "3 câu giống nhau" in page


ISSUE = Issue("R", "DL-01", "0" * 64, "PC06", "2026-11", 1, 26, 1, 40, bytes(range(32)))


@given(st.integers(1, 40), st.lists(st.integers(0, 14), unique=True), st.sampled_from("0123456789ACDEFGH"))
def test_letters_speak_against_exactly_where_they_differ(number, places, other):
    serial = ISSUE.serial(number)
    letters = [UNREAD] * 15
    for place in places:
        letters[place] = other
    against = list(letters_against(serial, "".join(letters)))
    assert against == [place for place in sorted(places) if str(serial)[place] != other]


def test_a_page_may_be_what_is_out_and_fits_and_lies_near(office):
    """Not what came back, not what was spoiled, not another unit's; the sheets around it first."""
    take_slips(office.workspace, [slip(), None, slip(), None, slip(), slip(), None, slip(), None, None])
    take_slips(office.workspace, [slip(), None], unit="PC08", name="khac")
    with Office.open(office.workspace, by="test") as hall:
        issue = hall.serials.run("R26-0001")
        assert issue is not None
        item = find_item(hall.store, "P2")
        nothing = UNREAD * 15
        found = [one.serial.number for one in candidates(hall.store, item, hall.serials, nothing)]
        assert sorted(found) == [2, 4, 7, 9, 10] and found[:2] == [2, 4]
        last = find_item(hall.store, "P9")
        assert [one.serial.number for one in candidates(hall.store, last, hall.serials, nothing)][0] == 9
        seen = nothing[:9] + "7" + nothing[10:]
        assert [one.serial.number for one in candidates(hall.store, item, hall.serials, seen)] == [7]
        for one in candidates(hall.store, item, hall.serials, nothing):
            assert hall.serials.find(one.serial) == issue and one.unit == "PC06"
        assert len(found) <= MOST
        with hall.store.act("spoil", by="test", why="ướt") as act:
            span = {"run": "R26-0001", "first": 2, "last": 4, "unit": "PC06", "period": "2026-11"}
            act.add("spoilings", {"spoiling": 1, **span})
        left = [one.serial.number for one in candidates(hall.store, item, hall.serials, nothing)]
        assert sorted(left) == [7, 9, 10]
