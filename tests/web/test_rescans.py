"""The loop of rescans closes by itself, by ink alone; what was told of a stack is corrected at the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scanned_stacks import Batch, form, slip, take_slips

from omr.forms.template import fingerprint
from omr.geometry import MM_PER_INCH
from omr.office import Office
from omr.reading.ink.measure import FEATURES, F, MarkReading
from omr.reading.scan.pages import Depth
from omr.records.cases.rescans import close_rescanned, rescans_of
from omr.records.intake.orders import Orders
from omr.records.offices.units import shipped_units
from omr.records.store.store import Store
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.slips import Picture
from omr.simulate.stacks import Stack, simulate_stack
from omr.words import Role, Seal

Marks = tuple[MarkReading, ...]


def inked(marks: Marks, hand: int, tone: float = 1.0) -> Marks:
    """The same boxes as a hand fills them: how dark each is comes back on every scan, up to one factor."""
    rng = np.random.default_rng(hand)
    made = []
    for mark in marks:
        features = np.zeros(len(FEATURES))
        features[[F["gain"], F["core"]]] = rng.uniform(0.1, 0.9, 2) * tone
        made.append(replace(mark, features=tuple(features)))
    return tuple(made)


class Inked(Batch):
    """A batch whose slips are filled by given hands."""

    hands: tuple[int, ...] = ()

    def _result(self, page, slip):
        result = super()._result(page, slip)
        return replace(result, marks=inked(result.marks, self.hands[page.page - 1]))


@pytest.fixture
def again(office) -> Callable[..., list[str]]:
    """A stack with two unread pages of hands 1 and 2; then another with slips of some hands. What waits?"""
    take_slips(office.workspace, [slip(), None, None])
    unread = {2: 1, 3: 2}  # page -> hand

    def scan(*hands: int, unit: str = "PC06", looked: list[int] | None = None) -> list[str]:
        with Office.open(office.workspace, by="quet.pc06") as hall:
            target = office.workspace.path / f"{unit}-{len(hands)}-{hands[0]}.pdf"
            run = hall.issue(form(), unit=unit, period="2026-11", count=len(hands), target=target)
            batch = Inked(run, form(), [slip()] * len(hands), target.with_suffix(".tif"))
            batch.hands = hands
            orders = Orders(unit, "2026-11", None)
            made = hall.read(orders, [batch.file], lambda pages, desk: batch.read(pages))
            boxes = [(q.key, o.code) for q in form().questions for o in q.options]
            empty = tuple(MarkReading(q, o, np.zeros((4, 2)), (0.0,) * len(FEATURES)) for q, o in boxes)

            def look(item, sheet):
                assert (sheet.fingerprint, sheet.number) == (fingerprint(form()), 1)
                if looked is not None:
                    looked.append(item.page)
                return inked(empty, unread[item.page], tone=0.95), Seal.UNKNOWN

            close_rescanned(hall.store, made.batch.name, look, by="quet.pc06")
            return [row["item"] for row in hall.store.rows("SELECT item FROM waiting WHERE kind = 'page'")]

    return scan


def test_a_sheet_that_was_read_closes_its_old_case_and_the_receipt_counts_down(again, person, office):
    reviewer = person(Role.REVIEWER)
    assert "Cần quét lại: 2 tờ" in reviewer.client.get("/batches/B000001").text
    assert again(2, 7) == ["P2"]
    text = reviewer.client.get("/batches/B000001").text
    assert "Cần quét lại: 1 tờ" in text and "Đã quét lại: 1 tờ" in text
    assert "P3" not in reviewer.client.get("/cases").text
    assert again(1) == []
    assert "Cần quét lại" not in reviewer.client.get("/batches/B000001").text


def test_what_is_not_surely_the_same_sheet_waits(again):
    assert again(7, 8) == ["P2", "P3"]
    assert again(1, 1) == ["P2", "P3"]  # two slips of one hand: which of them it was nobody can tell
    assert again(2, unit="PC08") == ["P2", "P3"]  # another unit's sheets are not looked at


def test_a_match_is_taken_back_and_does_not_come_again(again, person, office):
    again(2)
    reviewer = person(Role.REVIEWER)
    undone = reviewer.post("/batches/B000001/apart", page="3")
    assert "Cần quét lại: 2 tờ" in undone.text
    with Store.open(office.workspace.database) as store:
        assert [one.stands for one in rescans_of(store, "B000001")] == [False]
        last = store.row("SELECT act, by FROM events ORDER BY event DESC LIMIT 1")
        assert tuple(last) == ("decide_page", "xem.pv01")
    assert reviewer.post("/batches/B000001/apart", page="3").status_code == 400
    assert reviewer.post("/batches/B000001/apart", page="'--").status_code == 400


def test_a_page_is_measured_once_as_each_form(again):
    looked: list[int] = []
    again(7, looked=looked)
    again(8, looked=looked)
    assert sorted(looked) == [2, 3]


def test_a_real_page_is_matched_with_its_rescan(office):
    """Through print, pen, scanner, reader: a serial is scribbled over, three corners of another slip are
    torn off; both sheets come again whole."""
    with Office.open(office.workspace, by="quet.pc06") as hall:
        hall.import_units(shipped_units("hai-phong-2023").read_bytes())
        printed, target = hall.form("DL-01"), office.workspace.path / "run.pdf"
        hall.issue(printed, unit="PC06", period="2026-11", count=3, target=target, seed=3)
        stack = Stack(PrintedRun(target, printed, 3), 200, Depth.GREY, 5)
        for name, pages in (("first", scribbled(printed, stack)), ("again", replace(stack, feeding=1))):
            scan = office.workspace.path / f"{name}.pdf"
            shown = simulate_stack(pages) if isinstance(pages, Stack) else pages
            write_pdf((picture for picture, _ in shown), scan)
            hall.read(Orders("PC06", "2026-11", 3), [scan])
        reasons = [row["reason"] for row in hall.store.rows("SELECT reason FROM unread_pages ORDER BY page")]
        assert reasons == ["serial_unreadable", "too_few_fiducials"]
        rescans = rescans_of(hall.store, "B000001")
        assert [(one.page, one.stands) for one in rescans] == [(1, True), (2, True)]
        assert list(hall.store.rows("SELECT 1 FROM waiting WHERE kind = 'page'")) == []


def scribbled(printed, stack: Stack):
    frame = printed.frame
    harmed = {
        0: ((frame.serial_text, frame.ladder, frame.qr), 3.0, 60),
        1: ([one.box for one in frame.fiducials[1:]], 4.0, 255),
    }
    for number, (picture, truth) in enumerate(simulate_stack(stack)):
        if number in harmed:
            boxes, around_mm, grey = harmed[number]
            pixels = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_GRAYSCALE)
            for box in boxes:
                corners = (box.grown(around_mm).corners_mm * picture.dpi / MM_PER_INCH).astype(int).clip(0)
                (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
                pixels[top:bottom, left:right] = grey
            data = cv2.imencode(".jpg", pixels)[1].tobytes()
            picture = Picture(data, "jpeg", picture.width_px, picture.height_px, picture.dpi, picture.depth)
        yield picture, truth


def test_a_wrong_hand_count_is_corrected_by_its_clerk_and_nothing_else(person, office):
    take_slips(office.workspace, [slip(), slip()])
    clerk = person(Role.CLERK)
    wrong = clerk.post("/batches/B000001/correct", expected="hai", why="gõ nhầm")
    assert wrong.status_code == 400 and "không phải là số tờ" in wrong.text
    told = {"expected": "5", "unit": "PC08", "period": "2026-10"}
    assert "cần lý do" in clerk.post("/batches/B000001/correct", **told).text.lower()
    shown = clerk.post("/batches/B000001/correct", why="đếm lại", **told)
    assert "không phiếu nào đổi trạng thái" in shown.text
    with Store.open(office.workspace.database) as store:
        assert store.value("SELECT count(*) FROM batch_corrections") == 0
    done = clerk.post("/batches/B000001/correct", why="đếm lại", confirm="yes", **told)
    assert "Đếm tay 5 phiếu nhưng máy chỉ thấy 2 tờ" in done.text
    with Store.open(office.workspace.database) as store:
        row = store.row("SELECT unit, period, expected FROM told_batches")
        assert tuple(row) == ("PC06", "2026-11", 5)


def test_a_stack_of_the_wrong_unit_is_corrected_once_what_it_changes_was_shown(person, office):
    take_slips(office.workspace, [slip(), slip()])
    reviewer = person(Role.REVIEWER)
    told = {"expected": "2", "unit": "PC08", "period": "2026-11", "why": "thử"}
    shown = reviewer.post("/batches/B000001/correct", **told).text
    assert "2 → 0" in shown and 'name="confirm"' in shown
    assert "Phiếu được tính" in shown
    reviewer.post("/batches/B000001/correct", confirm="yes", **told)
    with Store.open(office.workspace.database) as store:
        assert [row["standing"] for row in store.rows("SELECT standing FROM slips")] == ["held"] * 2
