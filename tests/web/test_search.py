"""One search box and a page for every slip."""

from __future__ import annotations

import pytest
from scanned_stacks import slip, take_slips

from omr.messages import LANGUAGES, catalogue
from omr.office import Office
from omr.records.batches.withdrawal import correct_batch, withdraw_batch
from omr.records.intake.orders import Orders
from omr.records.register.history import SerialState
from omr.records.review.finding import find, understand
from omr.records.review.transcripts import Topic, find_written, transcribe
from omr.records.store.store import Store
from omr.words import AnswerState, Role


@pytest.fixture
def stacks(office):
    """Three slips of PC06, one of them doubtful, with a comment on the first; one slip of PC08."""
    take_slips(office.workspace, [slip(), slip(B2="?3"), slip()])
    take_slips(office.workspace, [slip(B3="1")], unit="PC08", name="khac")
    with Store.open(office.workspace.database) as store:
        with store.act("read", by="test") as act:
            corners = "[[90, 660], [600, 660], [600, 800], [90, 800]]"
            act.add("comments", {"reading": 1, "question": "C1", "ink_mm2": 30.0, "corners_px": corners})
        written = find_written(store, 1, "C1")
        assert written is not None
        transcribe(store, written, Topic("waiting"), "Chờ đợi hơi lâu ở quầy", by="test")
        return [row["serial"] for row in store.rows("SELECT serial FROM readings ORDER BY reading")]


@pytest.fixture
def store(office, stacks):
    with Store.open(office.workspace.database) as opened:
        yield opened


@pytest.mark.parametrize(
    ("typed", "readings"),
    [
        ("pc08", [4]),
        ("PC06 11/2026", [3, 2, 1]),
        ("pc06 2026-10", []),
        ("ĐL-01 pc06", [3, 2, 1]),
        ("B000002", [4]),
        ("cho doi lau", [1]),
        ("CHỜ LÂU pc06", [1]),
        ("cho lau pc08", []),
        ("canh sat giao thong", [4]),  # the name of the unit, without diacritics
        ("khongcogi", []),
        ("", []),
        ("%' OR 1=1 --", []),
    ],
)
def test_what_is_typed_is_taken_apart_by_its_look(store, typed, readings) -> None:
    assert [one.reading for one in find(store, typed).slips] == readings


def test_a_serial_is_found_whole_in_parts_and_as_it_stands_on_paper(store, stacks) -> None:
    serial = stacks[0]
    spaced = f"{serial[0]} {serial[1:3]} {serial[3:10]} {serial[10:13].lower()} {serial[13:]}"
    for typed in (serial, spaced, serial[3:10], serial[5:12].lower()):
        found = [one.serial for one in find(store, typed).slips]
        assert serial in found, typed
    assert str(understand(store, spaced).serial) == serial
    wrong = serial[:-1] + ("A" if serial[-1] != "A" else "B")
    assert understand(store, wrong).serial is None  # wrong check characters: no guess which slip is meant


def test_a_whole_serial_leads_to_its_slip_with_answers_and_who_gave_them(office, person, stacks) -> None:
    with Office.open(office.workspace, by="lan") as hall:
        hall.decide("A2-B2", ["3"], why="nét nhạt nhưng rõ")
    visitor = person(Role.REVIEWER)
    found = visitor.client.get("/search", params={"q": stacks[1]})
    assert found.status_code == 303
    shown = visitor.client.get(found.headers["location"])
    assert shown.status_code == 200
    for text in ("Bình thường", "lan", "nét nhạt nhưng rõ", "máy đọc", "B000001", "Quét và đọc"):
        assert text in shown.text
    (noted,) = office.accounts.journal.acts(what="slip_looked_at")  # docs/security.md
    assert noted.about == str(stacks[1]) and noted.by
    picture = visitor.client.get(f"/slips/{stacks[1]}/2.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    assert visitor.client.get(f"/slips/{stacks[1]}/1.jpg").status_code == 404  # another slip's sheet


def test_a_slip_that_was_never_scanned_has_a_page_too(office, person, stacks) -> None:
    with Store.open(office.workspace.database) as store:
        from omr.records.register.register import issued

        run = issued(store)[0]
        unread = str(run.serial(run.last))
    visitor = person(Role.LEAD)
    shown = visitor.client.get(f"/slips/{unread}")
    assert shown.status_code == 200


def test_a_slip_of_a_batch_that_was_withdrawn_or_corrected_has_a_page(office, person, stacks) -> None:
    """What became of its batch stands in its life, in words."""
    said = {"by": "lan", "why": "đọc nhầm"}
    with Store.open(office.workspace.database) as store:
        correct_batch(store, "B000001", Orders(period="2026-10"), **said)
        withdraw_batch(store, "B000001", **said)
    shown = person(Role.REVIEWER).client.get(f"/slips/{stacks[1]}")
    assert shown.status_code == 200
    for words in ("Rút lô", "Sửa thông tin của lô", "Phiếu của tháng khác", "đọc nhầm"):
        assert words in shown.text


def test_the_clerk_learns_where_papers_of_the_own_unit_are_and_nothing_else(person, stacks) -> None:
    visitor = person(Role.CLERK)  # of PC06
    own = visitor.client.get(f"/slips/{stacks[1]}")
    assert own.status_code == 200
    assert "B000001" in own.text
    assert "Rất hài lòng" not in own.text
    assert visitor.client.get(f"/slips/{stacks[1]}/2.jpg").status_code == 403
    assert visitor.client.get(f"/slips/{stacks[3]}").status_code == 404
    assert stacks[3] not in visitor.client.get("/search", params={"q": "2026-11"}).text
    assert stacks[0] in visitor.client.get("/search", params={"q": "2026-11"}).text


def test_heads_of_units_and_administrators_have_no_search(person, stacks) -> None:
    for role in (Role.VIEWER, Role.ADMIN):
        visitor = person(role)
        assert visitor.client.get("/search", params={"q": "pc06"}).status_code == 403
        assert 'role="search"' not in visitor.client.get("/").text


def test_words_of_a_clerk_find_no_comments(person, stacks) -> None:
    """A clerk who could search for words would learn who wrote them."""
    visitor = person(Role.CLERK)
    assert stacks[0] not in visitor.client.get("/search", params={"q": "cho doi lau"}).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_a_slips_page_puts_together_is_in_the_catalogues(language: str) -> None:
    """Message keys that are built at run time: a missing one would be a page that fails when it is needed."""
    desk, review, register = (catalogue(language, area) for area in ("search", "review", "register"))
    assert {f"answer_state_{state.value}" for state in AnswerState} | {
        "answer_state_withdrawn"
    } <= desk.keys()
    outcomes = ("counts", "invalid", "refused", "void", "withdrawn")
    assert {f"word_{word}" for word in outcomes} <= review.keys()
    assert {f"state_{state.value}" for state in SerialState} <= register.keys()
    assert {f"standing_{word}" for word in ("counts", "held", "duplicate", "refused")} <= desk.keys()
