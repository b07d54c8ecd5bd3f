"""A small form, slips on it, and a batch of them in the register, without printing or reading paper.

The desks are tested on what the register holds, so the readings are made up here: each
slip has one row of marks per question, drawn where the reading says its boxes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from omr.forms.serial import Issue
from omr.forms.template import Form, Kind, Option, Question, Stroke
from omr.geometry import Box, apply, px_from_mm
from omr.office import Office
from omr.reading.ink.measure import FEATURES, MarkReading
from omr.reading.marks.decide import Answer, BoxVerdict
from omr.reading.place.align import AlignedPage
from omr.reading.place.identify import IdentifiedPage
from omr.reading.place.locate import LocatedPage
from omr.reading.reader import ReadPage, RejectedPage
from omr.reading.scan.pages import EncodedPage, decode
from omr.records.intake.orders import Orders
from omr.records.offices.units import list_units, shipped_units
from omr.words import AnswerState, BoxState
from omr.workspace import Workspace

DPI = 120
LEVELS = ("5", "4", "3", "2", "1")
LABELS = ("Rất hài lòng", "Hài lòng", "Bình thường", "Không hài lòng", "Rất không hài lòng")


def _likert(row: int, key: str, text: str, *, overall: bool = False) -> Question:
    y = 90.0 + 8.0 * row
    options = tuple(
        Option(code, label, code in "54", Box(70.0 + 14.0 * i, y, 4.5, 4.5))
        for i, (code, label) in enumerate(zip(LEVELS, LABELS, strict=True))
    )
    return Question(key, Kind.LIKERT, text, "", True, overall, options, None)


def form() -> Form:
    """A form of four ratings, one choice of several and a comment."""
    words = tuple(
        Option(code, label, False, Box(40.0 + 30.0 * i, 75.0, 4.5, 4.5))
        for i, (code, label) in enumerate(
            (("id_card", "Căn cước"), ("residence", "Cư trú"), ("other", "Khác"))
        )
    )
    questions = (
        Question("A5", Kind.MULTIPLE, "Thủ tục đã thực hiện", "", False, False, words, None),
        _likert(0, "B1", "Nơi tiếp công dân sạch sẽ, có chỗ ngồi chờ"),
        _likert(1, "B2", "Hồ sơ, biểu mẫu, phí, lệ phí được niêm yết công khai"),
        _likert(2, "B3", "Thái độ giao tiếp, ứng xử của cán bộ"),
        _likert(3, "B4", "Đánh giá chung về lần làm thủ tục này", overall=True),
        Question("C1", Kind.TEXT, "Ý kiến góp ý", "", False, False, (), Box(20.0, 140.0, 108.0, 30.0)),
    )
    lines = tuple(Stroke(((20.0, 148.0 + 8 * i), (128.0, 148.0 + 8 * i)), 0.2) for i in range(3))
    return Form("DL-01", 1, "thử", "Phiếu thử", "Lĩnh vực thử", "A5", "vi", questions, lines)


Slip = dict[str, tuple[str, ...]]  # question -> options in which something is drawn; "?" in front: doubtful


class Batch:
    """Slips with made-up marks, scanned into one file and read by somebody who knows the truth."""

    def __init__(self, run: Issue, printed: Form, slips: Iterable[Slip | None], file: Path) -> None:
        self._run, self._form, self._slips = run, printed, list(slips)
        self._scale = px_from_mm(1.0, DPI)
        self._map = np.array([[self._scale, 0.0, 4.0], [0.0, self._scale, 3.0]])
        self.file = file
        pages = [Image.fromarray(self._draw(number, slip)) for number, slip in enumerate(self._slips)]
        pages[0].save(
            self.file, save_all=True, append_images=pages[1:], dpi=(DPI, DPI), compression="packbits"
        )

    def read(self, pages: Iterable[EncodedPage]) -> Iterator[ReadPage | RejectedPage]:
        """Stand in for the reader."""
        for page in pages:
            slip = self._slips[page.page - 1]
            if slip is None:
                yield RejectedPage(page.file, page.page, "serial_unreadable", {})
            else:
                yield self._result(page, slip)

    def _result(self, page: EncodedPage, slip: Slip) -> ReadPage:
        scan = decode(page)
        aligned = AlignedPage(LocatedPage(scan, self._form.frame, ()), self._map, DPI, 0.1)
        serial = self._run.serial(self._run.first + page.page - 1)
        identified = IdentifiedPage(aligned, serial, self._run, ("qr", "ladder"))
        marks, verdicts, answers = [], [], []
        for question in self._form.questions:
            if not question.options:
                continue
            drawn = slip.get(question.key, ())
            for option in question.options:
                corners = apply(self._map, option.box.corners_mm)
                marks.append(MarkReading(question.key, option.code, corners, (0.0,) * len(FEATURES)))
                state, chance = BoxState.BLANK, 0.999
                if option.code in drawn:
                    state = BoxState.MARKED
                if f"?{option.code}" in drawn:
                    state, chance = BoxState.DOUBTFUL, 0.63
                verdicts.append(BoxVerdict(question.key, option.code, state, chance, chance < 0.9))
            sure = tuple(code for code in drawn if not code.startswith("?"))
            state_ = (
                AnswerState.DOUBTFUL
                if len(sure) < len(drawn)
                else AnswerState.NO_ANSWER
                if not drawn
                else AnswerState.ANSWERED
            )
            answers.append(Answer(question.key, state_, sure, 0.63 if len(sure) < len(drawn) else 0.999))
        return ReadPage(identified, tuple(marks), tuple(verdicts), tuple(answers), "test")

    def _draw(self, number: int, slip: Slip | None) -> np.ndarray:
        frame = self._form.frame
        shape = round(frame.height_mm * self._scale) + 8, round(frame.width_mm * self._scale) + 8
        page = np.full(shape, 244, np.uint8)
        rng = np.random.default_rng(number)
        for fiducial in frame.fiducials:
            corners = apply(self._map, fiducial.box.corners_mm).astype(int)
            cv2.rectangle(page, tuple(corners[0]), tuple(corners[2]), 20, -1)
        cv2.putText(page, f"No {number + 1}", (60, 160), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 60, 2)
        for question in self._form.questions:
            for option in question.options:
                corners = apply(self._map, option.box.corners_mm).astype(int)
                cv2.rectangle(page, tuple(corners[0]), tuple(corners[2]), 90, 1)
                for drawn in (slip or {}).get(question.key, ()):
                    if drawn.lstrip("?") == option.code:
                        self._cross(page, corners, faint=drawn.startswith("?"), rng=rng)
        return page

    def _cross(self, page: np.ndarray, corners: np.ndarray, *, faint: bool, rng: np.random.Generator) -> None:
        ink, width = (190, 1) if faint else (40, 2)
        a, b = corners[0] + rng.integers(1, 5, 2), corners[2] - rng.integers(1, 5, 2)
        cv2.line(page, tuple(map(int, a)), tuple(map(int, b)), ink, width, cv2.LINE_AA)
        if not faint:
            cv2.line(page, (int(b[0]), int(a[1])), (int(a[0]), int(b[1])), ink, width, cv2.LINE_AA)


def take_slips(
    workspace: Workspace, slips: list[Slip | None], *, unit: str = "PC06", name: str = "scan"
) -> str:
    """Issue as many serials, and take the slips in; returns the batch."""
    with Office.open(workspace, by="test") as office:
        if not list_units(office.store):
            office.import_units(shipped_units("hai-phong-2023").read_bytes())
        target = workspace.path / f"{name}.pdf"
        run = office.issue(form(), unit=unit, period="2026-11", count=len(slips), target=target)
        batch = Batch(run, form(), slips, workspace.path / f"{name}.tif")
        orders = Orders(unit, "2026-11", len(slips))
        made = office.read(orders, [batch.file], lambda pages, desk: batch.read(pages))
        return made.batch.name


def slip(**drawn: str) -> Slip:
    """A slip that is well answered but for what is said: ``slip(B2="?3", B3="5 ?4")``."""
    answers: Slip = {"A5": ("id_card",), "B1": ("5",), "B2": ("5",), "B3": ("4",), "B4": ("5",)}
    return {**answers, **{key: tuple(text.split()) for key, text in drawn.items()}}
