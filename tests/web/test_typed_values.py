"""Values at the review desks: they are typed, and held to the same rules as what the machine reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scanned import FORM, Scanner, quick_print, slip

from omr.forms.entries import DIGITS, box_code
from omr.forms.template import Entry, Form, Kind, Option, Question
from omr.geometry import Box
from omr.records.counts.slips import current_slips
from omr.records.register.register import issue
from omr.records.store.store import Store
from omr.words import Role

BOXES = tuple(
    Option(box_code(place, sign), sign, False, Box(20.0 + 11 * place, 60.0 + 6 * at, 4.5, 4.5))
    for place in (1, 2)
    for at, sign in enumerate(DIGITS)
)
AGES = tuple(
    Question(key, Kind.NUMBER, "Tuổi", "", False, False, BOXES, None, None, Entry((DIGITS,) * 2, most=90))
    for key in ("N1", "N2")
)
ASKING: Form = replace(FORM, form="KS-03", digit=8, questions=(*FORM.questions, *AGES))
FULL = {"A1": "1", "B1": "5", "B2": "5", "B3": "5", "B10": "5"}


@pytest.fixture
def asking(office, tmp_path: Path):
    """Let questions of one slip wait."""

    def ask(*keys: str):
        office.worklist.second_share = 0.0
        with Store.open(office.workspace.database) as store:
            about = {"unit": "PC06", "period": "2026-11", "count": 1, "target": tmp_path / "run.pdf"}
            run = issue(store, ASKING, by="test", seed=7, print_forms=quick_print, **about)
            scanner = Scanner(tmp_path, store, office.workspace)
            page = slip(run, run.first, form=ASKING, **{**FULL, **dict.fromkeys(keys, "?")})
            scanner.take_in(scanner.scan("a.tif", page))

    return ask


def said(office, reading: int) -> dict[str, tuple[str, ...]]:
    with Store.open(office.workspace.database) as store:
        (found,) = (one for one in current_slips(store) if one.reading == reading)
        return {key: answer.codes for key, answer in found.answers.items()}


def test_a_number_is_typed_where_it_alone_is_asked(person, asking, office):
    asking("N1")
    reviewer = person(Role.REVIEWER)
    page = reviewer.client.get("/review?way=single").text
    assert 'name="answer" autocomplete="off"' in page and 'value="1_4"' not in page
    refused = reviewer.post("/review/decide", item="A1-N1", answer="95")
    assert "95" in refused.text and '<p class="note bad" role="alert">' in refused.text
    reviewer.post("/review/decide", item="A1-N1", answer="047")
    assert said(office, 1)["N1"] == ("47",)


def test_numbers_are_typed_among_the_rows_of_a_slip(person, asking, office):
    asking("B1", "B2", "B3", "N1", "N2")
    reviewer = person(Role.REVIEWER)
    page = reviewer.client.get("/review/slips/1").text
    assert 'name="say-A1-N1"' in page and 'name="say-A1-B1"' in page
    rows = {"B1": "4", "B2": "none", "B3": "5", "N1": "7", "N2": "none"}
    reviewer.post("/review/slips/1", **{f"say-A1-{key}": words for key, words in rows.items()})
    answers = said(office, 1)
    assert (answers["B1"], answers["B2"], answers["N1"], answers["N2"]) == (("4",), (), ("7",), ())


def test_no_single_box_of_a_number_is_asked_about_in_the_grid(person, asking):
    asking("N1")
    page = person(Role.REVIEWER).client.get("/review/grid").text
    assert "A1-N1" not in page


CELLS = (Box(20.0, 60.0, 7.0, 8.5), Box(28.2, 60.0, 7.0, 8.5))
BY_HAND: Form = replace(
    ASKING,
    form="KS-06",
    questions=(
        *FORM.questions,
        replace(AGES[0], options=(), area=Box(20.0, 60.0, 15.2, 8.5), cells=CELLS),
    ),
)


def test_a_value_by_hand_is_typed_beside_its_cells(person, office, tmp_path: Path):
    office.worklist.second_share = 0.0
    with Store.open(office.workspace.database) as store:
        about = {"unit": "PC06", "period": "2026-11", "count": 1, "target": tmp_path / "run.pdf"}
        run = issue(store, BY_HAND, by="test", seed=7, print_forms=quick_print, **about)
        page = slip(run, run.first, form=BY_HAND, **FULL, N1="?")
        scanner = Scanner(tmp_path, store, office.workspace)
        scanner.take_in(scanner.scan("a.tif", page))
    reviewer = person(Role.REVIEWER)
    text = reviewer.client.get("/review?way=single").text
    assert 'name="answer" autocomplete="off"' in text
    assert "giá trị viết tay" in text and "Không ghi gì" in text and "Đánh dấu nhiều ô" not in text
    assert 'class="doubt" x="19.1"' in text  # around its cells, of all that are written on the line
    refused = reviewer.post("/review/decide", item="A1-N1", answer="95").text  # 90 at most
    assert '<p class="note bad" role="alert">' in refused
    reviewer.post("/review/decide", item="A1-N1", answer="47")
    assert said(office, 1)["N1"] == ("47",)


TWO_PAGES: Form = replace(
    ASKING,
    form="KS-09",
    digit=9,
    questions=(*FORM.questions, *(replace(one, page=2) for one in AGES)),
    further=((),),
)


def test_a_value_is_shown_on_the_page_of_its_slip_and_corrected_there(person, office, tmp_path: Path):
    """A value that the machine was sure of stood there as nothing, and could not be corrected.

    Of a questionnaire every sheet has its picture: the map through its boxes was sought in all pages' boxes.
    """
    with Store.open(office.workspace.database) as store:
        about = {"unit": "PC06", "period": "2026-11", "count": 1, "target": tmp_path / "run.pdf"}
        run = issue(store, TWO_PAGES, by="test", seed=7, print_forms=quick_print, **about)
        pages = [slip(run, run.first, form=TWO_PAGES, **FULL)]
        pages.append(slip(run, run.first, form=TWO_PAGES, page=2, N1="47", N2=""))
        scanner = Scanner(tmp_path, store, office.workspace)
        scanner.take_in(scanner.scan("a.tif", *pages))
        serial = run.serial(run.first)
    first, second = person(Role.REVIEWER), person(Role.LEAD)
    shown = first.client.get(f"/slips/{serial}").text
    assert "<td>47</td>" in shown and 'placeholder="' in shown
    for reading in (1, 2):
        picture = first.client.get(f"/slips/{serial}/{reading}.jpg")
        assert picture.status_code == 200 and picture.headers["content-type"] == "image/jpeg"
    told = {"item": "A2-N1", "why": "ghi 41"}
    assert first.post(f"/slips/{serial}/correct", **told, answer="99").status_code == 400  # 90 at most
    for visitor in (first, second):
        assert visitor.post(f"/slips/{serial}/correct", **told, answer="041").status_code == 303
    shown = first.client.get(f"/slips/{serial}").text
    assert "<td>41</td>" in shown and "ghi 41" in shown and "review desk" not in shown
