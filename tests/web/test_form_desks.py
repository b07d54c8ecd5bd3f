"""The desks of forms: faults drawn where they are, saved whole or not at all, foreign paper confirmed."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from omr.forms.layout import find_form
from omr.forms.traced import load_traced
from omr.words import Role


@pytest.fixture
def lead(person):
    return person(Role.LEAD)


def draft_of(lead, **told: str) -> str:
    begun = lead.post("/forms", **told)
    assert begun.status_code == 303, begun.text
    return begun.headers["location"]


def text_of(lead, draft: str) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", lead.client.get(draft).text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def look(lead, draft: str, text: str, **also: str) -> str:
    answer = lead.post(draft, text=text, **also)
    return lead.client.get(draft).text if answer.status_code == 303 else answer.text


def test_a_form_is_begun_mended_and_saved(lead, office):
    draft = draft_of(lead, name="đl-07", title="Phiếu thử", field="Lĩnh vực thử", digit="7", questions="4")
    assert "mẫu này in được" in lead.client.get(draft).text
    picture = lead.client.get(f"{draft}/1.png")
    assert picture.headers["content-type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    good = text_of(lead, draft)
    broken = good.replace('key = "B2"', 'key = "B1"').replace("Mẫu DL-07", "Mẫu DL-01")
    text = look(lead, draft, broken)
    assert "2 chỗ sai" in text and "DL-01" in text
    assert text.count('class="fault"') >= 2 and text.count('class="fault-number"') == 2
    line = broken[: broken.index("Mẫu DL-01")].count("\n") + 1
    assert f"dòng {line}" in text
    assert "chưa lưu được" in look(lead, draft, broken, save="1")
    assert text_of(lead, draft) == broken  # nothing that was typed is lost
    assert not (office.workspace.forms / "dl-07.toml").exists()
    saved = lead.post(draft, text=good, save="1")
    assert saved.status_code == 303 and "Đã lưu mẫu ĐL-07" in lead.client.get(saved.headers["location"]).text
    assert find_form("DL-07", office.workspace.forms).digit == 7
    assert "Đã lưu" not in lead.client.get("/forms", params={"saved": "DL-99"}).text  # nobody saved that
    again = draft_of(lead, copied="DL-07")
    assert "Thay mẫu" in look(lead, again, good.replace("Phiếu", "Tờ"), save="1")
    assert lead.post(again, text=good, save="1", replace="1").status_code == 303
    assert len(list((office.workspace.forms / "replaced").iterdir())) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[footer]", "[foter]", "không có khóa tên như vậy"),
        ('form = "DL-01"', "form = DL-01", "dòng 1"),
        ("digit = 1", "digit = 2", "DL-02"),  # another field's serials begin so
        ("lines = ", "lines = 1", "hãy ngắt trang"),
    ],
)
def test_every_kind_of_fault_is_shown_with_its_line(lead, old, new, said):
    draft = draft_of(lead, copied="DL-01")
    good = text_of(lead, draft)
    assert old in good
    text = look(lead, draft, good.replace(old, new, 1))
    assert said.casefold() in text.casefold() and "chỗ sai" in text


def test_what_is_no_form_and_no_draft_is_refused(lead):
    for told in ({"name": "../../x"}, {"name": "DL-01"}, {"name": ""}):
        assert lead.post("/forms", **told).status_code == 400
    assert lead.post("/forms", copied="../omr").status_code == 404
    for path in (
        "/forms/drafts/" + "0" * 16,
        "/forms/traced/NO",
        "/forms/traced/..%2Fomr",
    ):
        assert lead.client.get(path).status_code == 404, path
    draft = draft_of(lead, copied="DL-01")
    assert lead.client.get(f"{draft}/2.png").status_code == 404
    assert "chỗ sai" in look(lead, draft, "\x00\ufffd" + "[" * 500)


def paper() -> bytes:
    """A sheet of somebody else: three questions of four boxes, and other print."""
    page = np.full((1169, 827), 255, np.uint8)
    rng = np.random.default_rng(1)
    for row in range(14):  # strokes that close no box stand for words
        for x in range(60, 760, 45):
            end = x + int(rng.integers(15, 40)), 80 + 75 * row + int(rng.integers(-8, 8))
            cv2.line(page, (x, 80 + 75 * row), end, 0, 2)
    for row in range(3):
        for column in range(4):
            left, top = 120 + 90 * column, 330 + 150 * row
            cv2.rectangle(page, (left, top), (left + 22, top + 22), 0, 2)
    return cv2.imencode(".png", page)[1].tobytes()


def send_paper(lead):
    return lead.client.post(
        "/forms/traced",
        params={"name": "khảo sát.png", "form": "ks-01", "title": "Khảo sát", "sheets": "unfilled"},
        content=paper(),
        headers={"x-csrf-token": lead.token(), "accept": "application/json"},
    )


def test_paper_of_elsewhere_is_traced_named_and_confirmed(lead, office, person):
    sent = send_paper(lead)
    assert sent.status_code == 200, sent.text
    errand = sent.json()["page"]
    while lead.client.get(errand, headers={"accept": "application/json"}).json()["under_way"]:
        time.sleep(0.05)
    shown = lead.client.get(errand)
    assert shown.headers.get("location") == "/forms/traced/KS-01", shown.text
    text = lead.client.get("/forms/traced/KS-01").text
    assert "3 câu, 12 ô" in text and "chưa xác nhận" in text and text.count('class="box"') == 12
    assert office.hall(None, "x").traced == {}  # nothing is read by it yet

    file = office.workspace.forms / "traced" / "ks-01.toml"
    before = file.read_bytes()
    short = {"options-1": "1\n2\n3"}
    assert "có 4 ô nhưng ghi 3 dòng" in lead.post("/forms/traced/KS-01", **short).text
    same = {"key-1": "A", "key-2": "A"}
    refused = lead.post("/forms/traced/KS-01", **same, do="confirm").text
    assert "Chưa lưu được" in refused and 'value="A"' in refused  # what was typed stands
    assert file.read_bytes() == before

    told = {
        "key-1": "Hài-lòng",
        "text-1": "Có hài lòng không?",
        "options-1": "4 Rất hài lòng *\n3 Hài lòng *\n2 Tạm\n-",
        "kind-2": "multiple",
        "join-3": "1",
        "options-3": "e\nf\ng\nh",
        "overall": "1",
    }
    other = lead.post("/forms/traced/KS-01", **told, boxes="0123456789abcdef", do="confirm").text
    assert "dựng lại" in other and file.read_bytes() == before  # traced anew since the page was opened
    assert "Hài-lòng" in lead.post("/forms/traced/KS-01", **told).text  # a key is written in plain letters
    told["key-1"] = "Q1"
    assert lead.post("/forms/traced/KS-01", **told, do="confirm").status_code == 303
    said, _ = load_traced(file)
    assert said.confirmed and [len(one.option) for one in said.question] == [3, 8]
    first, second = said.question
    assert [(one.code, one.satisfied) for one in first.option] == [("4", True), ("3", True), ("2", False)]
    assert first.overall and first.text == "Có hài lòng không?" and second.kind == "multiple"
    assert list(office.hall(None, "x").traced) == ["KS-01"]

    assert "rút xác nhận trước" in lead.post("/forms/traced/KS-01", do="drop").text
    assert "rút xác nhận trước" in send_paper(lead).text
    assert lead.post("/forms/traced/KS-01", do="save").status_code == 303
    assert lead.post("/forms/traced/KS-01", do="drop").status_code == 303
    assert not list(Path(file).parent.iterdir())
    acts = [act.what for act in office.accounts.journal.acts(10)]
    assert {"form_traced", "form_confirmed", "form_saved", "form_dropped"} <= set(acts)
