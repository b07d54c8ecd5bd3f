"""The desk of cases: typed serials, duplicates, second readers for what decides validity."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned_stacks import slip, take_slips

from omr.forms.serial import CHECK_ALPHABET, IssuedSerials
from omr.records.register.near_serials import near_serials
from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.web.frame.pictures import Colours, Pictures
from omr.words import Role


@pytest.fixture
def duplicate(office):
    """Two slips, and then the first one's serial once more with another picture."""
    take_slips(office.workspace, [slip(), slip()])
    with Store.open(office.workspace.database) as store:
        first = store.row("SELECT * FROM readings WHERE reading = 1")
        with store.act("read", by="test") as act:
            page = act.next_id("pages", "page")
            act.add(
                "pages",
                {
                    **dict(store.row("SELECT * FROM pages WHERE page = 2")),
                    "page": page,
                    "number": 9,
                    "picture": "0" * 64,
                    "event": act.event,
                },
            )
            reading = act.next_id("readings", "reading")
            act.add("readings", {**dict(first), "reading": reading, "page": page, "event": act.event})
            act.add("set_aside", {"reading": reading, "reason": "duplicate_other_image", "other": 1})
            deciding = act.next_id("decidings", "deciding")
            was = dict(store.row("SELECT * FROM decidings WHERE reading = 2"))
            act.add("decidings", {**was, "deciding": deciding, "reading": reading, "event": act.event})
    return reading


def say(visitor, item: str, **fields: str):
    return visitor.client.post(f"/cases/{item}", data={"csrf": visitor.token("/"), **fields})


def standing(office, reading: int) -> str:
    with Store.open(office.workspace.database) as store:
        return store.value("SELECT standing FROM slips WHERE reading = ?", reading)


def listed(visitor) -> list[str]:
    """The cases on the page; looked for by their links, for a token may hold any letters."""
    return re.findall(r'href="/cases/([^"/]+)"', visitor.client.get("/cases").text)


def test_a_duplicate_is_decided_by_two(duplicate, person, office):
    reviewer, lead = person(Role.REVIEWER), person(Role.LEAD)
    item = f"H{duplicate}"
    assert item in listed(reviewer)
    assert say(reviewer, item, word="counts", why="bản gốc là bản này").status_code == 303
    assert (standing(office, duplicate), standing(office, 1)) == ("held", "counts")  # one person alone
    assert item not in listed(reviewer)
    second = f"S{duplicate}"
    assert second not in listed(reviewer)
    assert second in listed(lead)
    page = lead.client.get(f"/cases/{second}").text
    assert "bản gốc là bản này" not in page and "xem.pv01" not in page
    say(lead, second, word="counts")
    assert (standing(office, duplicate), standing(office, 1)) == ("counts", "refused")
    assert second not in listed(lead)


def test_readers_who_differ_on_a_slip_stay_in_the_list(duplicate, person, office):
    reviewer, lead = person(Role.REVIEWER), person(Role.LEAD)
    say(reviewer, f"H{duplicate}", word="refused")
    say(lead, f"S{duplicate}", word="KHL3")
    with Store.open(office.workspace.database) as store:
        from omr.records.review.whole_slips import to_confirm

        assert f"S{duplicate}" in to_confirm(store)
    assert f"S{duplicate}" not in listed(reviewer)


def test_nobody_decides_a_case_twice_or_what_does_not_wait(duplicate, person):
    reviewer = person(Role.REVIEWER)
    say(reviewer, f"H{duplicate}", word="refused")
    for item in (f"H{duplicate}", f"S{duplicate}", "S2"):
        assert say(reviewer, item, word="counts").status_code == 400, item
    for item in ("A1-B1", "S99", "P1", "x", "../1"):
        assert say(reviewer, item, word="counts").status_code in (303, 404), item


@pytest.mark.parametrize("word", ["", "withdraw", "KHL99", "valid", "<b>"])
def test_only_known_words(word, duplicate, person, office):
    assert say(person(Role.REVIEWER), f"H{duplicate}", word=word).status_code == 400
    assert standing(office, duplicate) == "held"


class Drawn(Pictures):
    """Pictures of slips that nobody scanned."""

    def slip(self, store, reading, colours=Colours.GREY):
        return Upright(_blank(reading))


def test_pictures_of_a_case(duplicate, person, office):
    reviewer = person(Role.REVIEWER)
    office.pictures = Drawn(office.workspace.path)
    answer = reviewer.client.get(f"/cases/H{duplicate}/difference.jpg")
    assert answer.content.startswith(b"\xff\xd8")
    assert reviewer.client.get("/cases/S1/difference.jpg").status_code == 404
    assert reviewer.client.get("/cases/S1/stamp.jpg").content.startswith(b"\xff\xd8")


@dataclass(frozen=True)
class Upright:
    """A page that lies straight in its scan."""

    pixels: np.ndarray
    scan_from_page: np.ndarray = field(default_factory=lambda: np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]))


def _blank(reading: int):
    page = np.full((420, 296), 240, np.uint8)
    page[100:140, 20 * reading : 20 * reading + 60] = 20
    return page


def test_a_page_without_a_serial_is_shown_turned_and_settled(person, office):
    take_slips(office.workspace, [slip(), None])
    reviewer = person(Role.REVIEWER)
    page = reviewer.client.get("/cases/P2").text
    assert 'id="serial"' in page
    pictures = {
        reviewer.client.get(f"/cases/P2/page.jpg?turn={turn}").content for turn in ("0", "1", "2", "3")
    }
    assert len(pictures) == 4
    assert reviewer.client.get("/cases/P2/page.jpg?turn=9").status_code == 200
    wrong = say(reviewer, "P2", serial="1 26 0000042 KMT M3")
    assert wrong.status_code == 400 and 'role="alert"' in wrong.text
    assert say(reviewer, "P2", word="not_a_slip").status_code == 303
    assert "P2" in person(Role.LEAD).client.get("/cases").text


def test_typing_a_serial_tells_how_far_it_is(person, office):
    take_slips(office.workspace, [slip(), None])
    with Store.open(office.workspace.database) as store:
        (run,) = issued(store)
    right = run.serial(2).printed
    reviewer = person(Role.REVIEWER)

    def told(text: str) -> str:
        data = {"csrf": reviewer.token("/"), "serial": text}
        return reviewer.client.post("/cases/serial", data=data).text

    assert "Còn thiếu 12" in told(right[:4])
    assert "Đúng: ĐL-01, PC06" in told(right.lower().replace(" ", "-"))
    wrong = right[:-1] + ("A" if right[-1] != "A" else "C")
    assert "Ký tự kiểm tra" in told(wrong) and right in told(wrong)
    assert "<script" not in told("<script>alert(1)</script>")


@given(st.data())
def test_one_wrong_character_leads_to_the_serial_and_two_do_not_give_it_away(run_and_serial, data):
    run, serial = run_and_serial
    register, text = IssuedSerials([run]), str(serial)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([s for s in CHECK_ALPHABET if s not in "OI" and s != text[place]]))
    assert serial in near_serials(text[:place] + other + text[place + 1 :], register)
    assert near_serials(text[:10], register) == []


@pytest.fixture(scope="module")
def run_and_serial():
    from omr.forms.serial import Issue

    run = Issue("R", "DL-01", "0" * 64, "PC06", "2026-11", 1, 26, 1, 500, bytes(range(32)))
    return run, run.serial(77)
