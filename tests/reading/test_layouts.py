"""Boxes that other programs' files state are where they state them; what they do not say is not guessed."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from omr.errors import OmrError
from omr.forms.fonts import embedded
from omr.forms.template import Form, Kind, Option, Question, Traced
from omr.forms.traced import Foreign, load_traced
from omr.geometry import Box
from omr.reading.marks.calibrate import load_calibration
from omr.reading.proposal import write_proposal
from omr.reading.scan.pages import Depth, ScannedPage
from omr.reading.traced.features import Grey
from omr.reading.traced.layouts.omrchecker import fields_of, fields_on
from omr.reading.traced.layouts.stated import Stated
from omr.reading.traced.read import TracedPlan, read_traced
from omr.reading.traced.trace import trace
from omr.records.exchange.layouts import layout_in
from omr.simulate.foreign import HEIGHT_MM, WIDTH_MM, Survey, filled_sheet, render

DPI = 150
PX = DPI / 25.4
ROWS, OPTIONS = 12, 4
COPY, PAGE, CHECK = 37, 2, 11
DIGITS = ((1, COPY, 12), (2, PAGE, 6), (3, CHECK, 6))


def box_of(row: int, option: int) -> Box:
    return Box(30.0 + 22 * option, 60.0 + 16 * row, 4.0, 4.0)


@dataclass(frozen=True)
class Sheet:
    """A sheet of another maker: its print, and what its boxes are."""

    survey: Survey

    def scan(self, page: int = 0, *, empty: bool = True) -> ScannedPage:
        made = filled_sheet(self.survey, 5, page, dpi=DPI, empty=empty)
        picture = cv2.imdecode(np.frombuffer(made.picture.data, np.uint8), cv2.IMREAD_GRAYSCALE)
        return ScannedPage("sheet.tif", 1, np.asarray(picture, np.uint8), Depth.GREY, float(DPI))


def drawn(marks: Callable[[Canvas], None], *, circles: bool = False) -> Sheet:
    out = io.BytesIO()
    canvas = Canvas(out, (WIDTH_MM * mm, HEIGHT_MM * mm), initialFontName=embedded("regular"), invariant=1)
    canvas.translate(0, HEIGHT_MM * mm)
    canvas.scale(mm, -mm)
    marks(canvas)
    questions = []
    for row in range(ROWS):
        options = []
        for option in range(OPTIONS):
            box = box_of(row, option)
            canvas.setLineWidth(0.3)
            if circles:
                canvas.circle(box.x_mm + 2, box.y_mm + 2, 2)
            else:
                canvas.rect(box.x_mm, box.y_mm, 4, 4)
            options.append(Option(str(option + 1), "ABCD"[option], False, box))
        canvas.saveState()
        canvas.translate(120, 63.0 + 16 * row)
        canvas.scale(1, -1)
        canvas.setFont(embedded("regular"), 3.4)
        canvas.drawString(0, 0, f"{row + 1}. what is asked in row {'abcdefghijkl'[row] * 4}")
        canvas.restoreState()
        questions.append(Question(f"Q{row + 1}", Kind.SINGLE, "", "", False, False, tuple(options), None))
    canvas.showPage()
    canvas.save()
    form = Form("OTHER", 0, "1", "Other", "Other", "A4", "en", tuple(questions), ())
    return Sheet(Survey(out.getvalue(), form))


def digit_box(number: int, digit: int) -> Box:
    return Box(60.0 + 5 * digit, 12.0 + 6 * number, 5.0, 4.5)


def draw_amc(canvas: Canvas) -> None:
    for x in (20, 190):
        for y in (20, 277):
            canvas.circle(x, y, 2.4, stroke=0, fill=1)
    canvas.setLineWidth(0.2)
    for number, value, count in DIGITS:
        for digit in range(count):
            box = digit_box(number, digit)
            bit = value >> (count - 1 - digit) & 1
            canvas.rect(box.x_mm, box.y_mm, box.width_mm, box.height_mm, fill=bit)


def draw_sdaps(canvas: Canvas) -> None:
    canvas.setLineWidth(25.4 / 72)
    for x, right in ((10, 20), (200, -20)):
        for y, down in ((12, 20), (285, -20)):
            canvas.line(x, y, x + right, y)
            canvas.line(x, y, x, y + down)


@cache
def amc_sheet() -> Sheet:
    return drawn(draw_amc)


@cache
def sdaps_sheet() -> Sheet:
    return drawn(draw_sdaps, circles=True)


SIDES = "xmin REAL, xmax REAL, ymin REAL, ymax REAL"
TABLES = f"""
CREATE TABLE layout_page (student INTEGER, page INTEGER, checksum INTEGER, sourceid INTEGER,
    subjectpage INTEGER, dpi REAL, width REAL, height REAL, markdiameter REAL);
CREATE TABLE layout_mark (student INTEGER, page INTEGER, corner INTEGER, x REAL, y REAL);
CREATE TABLE layout_digit (student INTEGER, page INTEGER, numberid INTEGER, digitid INTEGER, {SIDES});
CREATE TABLE layout_question (question INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE layout_box (student INTEGER, page INTEGER, question INTEGER, answer INTEGER, {SIDES}
"""
AMC_PX = 300 / 25.4  # a layout is at 300 dpi, whatever a scan has


def layout_sqlite(file: Path, *, old: bool = False, pages: tuple[int, ...] = (1, PAGE)) -> Path:
    """Write a layout as AMC 1.6 does, or as it did before boxes had roles and letters."""
    with sqlite3.connect(file) as db:
        more = "" if old else ", flags INTEGER, char TEXT, role INTEGER DEFAULT 1"
        db.executescript(TABLES + more + ");")
        for page in pages:
            _lay_out(db, page, old=old)
    return file


def _lay_out(db: sqlite3.Connection, page: int, *, old: bool) -> None:
    def add(table: str, *values: object) -> None:
        places = ",".join("?" * (2 + len(values)))
        db.execute(f"INSERT INTO layout_{table} VALUES ({places})", (COPY, page, *values))

    # The other pages have the same boxes, of other questions: only the digits tell them apart.
    first = 1 if page == PAGE else 101
    add("page", CHECK if page == PAGE else CHECK + 1, 1, 1, 300, 2480, 3508, 4.8 * AMC_PX)
    for corner, (x, y) in enumerate(((20, 20), (190, 20), (190, 277), (20, 277)), 1):
        add("mark", corner, x * AMC_PX, y * AMC_PX)
    for number, _, count in DIGITS:
        for digit in range(count):
            add("digit", number, digit + 1, *sides_of(digit_box(number, digit)))
    for row in range(ROWS):
        db.execute("INSERT INTO layout_question VALUES (?,?)", (first + row, f"p{page}-ask{row}"))
        for option in range(OPTIONS):
            more = () if old else (0, "ABCD"[option], 1)
            add("box", first + row, option + 1, *sides_of(box_of(row, option)), *more)
    if not old:  # beside them a box that nobody ticks, and a zone for the score
        add("box", first, 9, 1000, 1100, 200, 300, 1, "", 1)
        add("box", first, 9, 1000, 1100, 200, 300, 0, "", 100)


def sides_of(box: Box) -> tuple[float, float, float, float]:
    left, right, top, bottom = box.x_mm, box.x_mm + box.width_mm, box.y_mm, box.y_mm + box.height_mm
    return left * AMC_PX, right * AMC_PX, top * AMC_PX, bottom * AMC_PX


def sdaps_file(file: Path, **changed: str) -> Path:
    def pt(value_mm: float) -> str:
        return f"{value_mm / 25.4 * 72.27:.5f}pt"

    lines = ["Title=Other", "Pages=2", f"PageSize={pt(WIDTH_MM)},{pt(HEIGHT_MM)}", "Style=classic"]
    lines.append("QObject-Head=1. A heading")
    for row in range(ROWS):
        lines.append(rf"QObject-Option=1.{row + 1}. \textbf{{Row}} {row + 1}")
        index = f"[1.{row + 1}]"
        lines += [f"Answer{index}=answer {'ABCD'[option]}" for option in range(OPTIONS)]
        for option in range(OPTIONS):
            box = box_of(row, option)
            place = ",".join(map(pt, (box.x_mm, HEIGHT_MM - box.y_mm, 4.0, 4.0)))
            lines.append(f"Box{index}=Checkbox,1,{place},ellipse,1.00374pt,v{row}_{option},{option + 1}")
    lines.append("QObject-Text=2.1. Anything else")
    lines.append(f"Box=Textbox,1,{pt(20)},{pt(40)},{pt(150)},{pt(20)}")
    lines.append("QObject-Choice=3.1. On the second page")
    lines += [f"Answer=second {option}" for option in range(2)]
    lines += [f"Box=Checkbox,2,{pt(30 + 20 * option)},{pt(200)},{pt(4)},{pt(4)},box" for option in range(2)]
    lines = [changed.get(line.split("=")[0], line) for line in lines]
    # LaTeX writes them as pages are shipped: only their numbers say the order.
    numbered = [f"[{number}]{line}" for number, line in enumerate(lines, 1) if line]
    file.write_text("\n".join(numbered[::-1]), encoding="utf-8")
    return file


def off_mm(found: list[Stated]) -> float:
    """How far the middles of the boxes lie from where they were drawn, beyond a common shift and turn."""
    seen = np.array([box.middle for field in found for box in field.boxes]) / PX
    drawn_at = np.array([box_of(row, option).centre_mm for row in range(ROWS) for option in range(OPTIONS)])
    design = np.hstack([drawn_at, np.ones((len(drawn_at), 1))])
    fitted, *_ = np.linalg.lstsq(design, seen, rcond=None)
    assert np.abs(fitted[:2] - np.eye(2)).max() < 0.03
    return float(np.abs(design @ fitted - seen).max())


def scoring_sqlite(file: Path, kinds: dict[int, int]) -> None:
    """Write what AMC keeps beside a layout: 1 for questions with one right answer, 2 for several."""
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE scoring_question (student INTEGER, question INTEGER, type INTEGER)")
        db.executemany(
            "INSERT INTO scoring_question VALUES (?, ?, ?)", [(COPY, *one) for one in kinds.items()]
        )


def on_scan(file: Path, sheet: Sheet, page: int | None = None) -> list[Stated]:
    return layout_in(file, page)(sheet.scan().grey, DPI)


@pytest.mark.parametrize("old", [False, True])
def test_the_page_of_an_amc_layout_is_found_by_its_digits(tmp_path: Path, old: bool) -> None:
    found = on_scan(layout_sqlite(tmp_path / "layout.sqlite", old=old), amc_sheet())
    assert [field.label for field in found] == [f"p{PAGE}-ask{row}" for row in range(ROWS)]
    assert {field.values for field in found} == {tuple("1234") if old else tuple("ABCD")}
    assert off_mm(found) < 0.1


def test_boxes_of_a_layout_are_on_the_print_to_a_tenth_of_a_millimetre(tmp_path: Path) -> None:
    printed = render(sdaps_sheet().survey, DPI)  # as the PDF has it: no scan is askew
    (found,) = [layout_in(sdaps_file(tmp_path / "q.sdaps"))(printed, DPI)]
    for row, field in enumerate(found):
        for option, box in enumerate(field.boxes):
            x, y = box_of(row, option).centre_mm
            assert np.allclose(np.array(box.middle) / PX, (x, y), atol=0.12)
            assert box.width / PX == pytest.approx(4.0, abs=0.1)


def test_an_sdaps_questionnaire_has_its_questions_answers_and_places(tmp_path: Path) -> None:
    found = on_scan(sdaps_file(tmp_path / "questionnaire.sdaps"), sdaps_sheet())
    assert [field.label for field in found] == [f"Row {row + 1}" for row in range(ROWS)]
    assert found[0].values == ("answer A", "answer B", "answer C", "answer D")
    assert {(box.shape, box.kind) for field in found for box in field.boxes} == {("oval", 1)}
    assert off_mm(found) < 0.15


def test_where_several_answers_are_right_a_question_is_multiple(tmp_path: Path) -> None:
    file = layout_sqlite(tmp_path / "layout.sqlite")
    assert not any(field.several for field in on_scan(file, amc_sheet()))
    scoring_sqlite(tmp_path / "scoring.sqlite", {1: 2, 2: 1, 3: 2})
    assert [field.several for field in on_scan(file, amc_sheet())][:4] == [True, False, True, False]
    with sqlite3.connect(file) as db:  # "none of these", which AMC sets below the answers of such questions
        db.execute("UPDATE layout_box SET answer = 0 WHERE question = 2 AND answer = 4")
    assert [field.several for field in on_scan(file, amc_sheet())][:4] == [True, True, True, False]
    (tmp_path / "scoring.sqlite").write_bytes(b"SQLite format 3\0 torn")
    with pytest.raises(OmrError) as refused:
        on_scan(file, amc_sheet())
    assert refused.value.key == "trace.bad_layout"

    sdaps = sdaps_file(tmp_path / "q.sdaps")
    sdaps.write_text(sdaps.read_text("utf-8").replace("QObject-Option=1.3.", "QObject-Choice=1.3."), "utf-8")
    draft = trace([sdaps_sheet().scan()], layout=layout_in(sdaps))
    assert draft.several == (False, False, True, *[False] * (ROWS - 3))
    files = write_proposal(draft, "OTHER", tmp_path / "other.toml", revision="2026-11")
    told, _ = load_traced(files.file)
    assert [question.kind for question in told.question[:4]] == ["single", "single", "multiple", "single"]


def test_a_layout_leads_to_a_form_whose_boxes_are_those_of_the_scan(tmp_path: Path) -> None:
    layout = layout_in(layout_sqlite(tmp_path / "layout.sqlite"))
    draft = trace([amc_sheet().scan()], layout=layout)
    by_looking = trace([amc_sheet().scan()])
    assert draft.labels[0] == f"p{PAGE}-ask0"
    assert len(draft.boxes) == ROWS * OPTIONS
    looked = np.array([box.middle for box in by_looking.boxes])
    for box in draft.boxes:
        assert np.abs(looked - box.middle).max(axis=1).min() < 0.25 * PX


@pytest.mark.parametrize(
    ("make", "sheet", "key"),
    [
        (lambda file: layout_sqlite(file, pages=(1,)), amc_sheet, "trace.layout_unlike"),  # other digits
        (layout_sqlite, sdaps_sheet, "trace.no_landmarks"),
        (sdaps_file, amc_sheet, "trace.no_landmarks"),
        (lambda file: sdaps_file(file, Style="Style=custom"), sdaps_sheet, "trace.bad_layout"),
        (lambda file: sdaps_file(file, PageSize=""), sdaps_sheet, "trace.bad_layout"),
        (lambda file: sdaps_file(file, PageSize="PageSize=600pt,nan"), sdaps_sheet, "trace.bad_layout"),
    ],
)  # fmt: skip
def test_a_layout_of_another_sheet_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], sheet: Callable[[], Sheet], key: str
) -> None:
    with pytest.raises(OmrError) as refused:
        on_scan(make(tmp_path / "layout"), sheet())
    assert refused.value.key == key


def test_a_page_of_a_questionnaire_that_is_not_this_one_is_refused(tmp_path: Path) -> None:
    file = sdaps_file(tmp_path / "questionnaire.sdaps")
    with pytest.raises(OmrError) as refused:
        on_scan(file, sdaps_sheet(), page=2)
    assert refused.value.key == "trace.layout_unlike"
    with pytest.raises(OmrError) as refused:
        layout_in(file, page=3)
    assert refused.value.key == "trace.bad_layout"


def test_a_scan_upside_down_or_of_another_resolution_is_refused(tmp_path: Path) -> None:
    layout = layout_in(layout_sqlite(tmp_path / "layout.sqlite"))
    grey = amc_sheet().scan().grey
    for wrong, dpi in ((grey[::-1, ::-1], DPI), (grey, 200)):
        with pytest.raises(OmrError):
            layout(np.ascontiguousarray(wrong), dpi)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE layout_digit",
        "UPDATE layout_page SET dpi = 0",
        "UPDATE layout_page SET dpi = 'x'",
        "UPDATE layout_box SET xmin = 9e99",
        "UPDATE layout_box SET xmin = NULL",
        "DELETE FROM layout_box",
        "DELETE FROM layout_mark WHERE corner = 3",
        "DROP TABLE layout_box; CREATE VIEW layout_box AS WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n",
    ],
)
def test_a_hostile_database_is_refused(tmp_path: Path, change: str) -> None:
    file = layout_sqlite(tmp_path / "layout.sqlite")
    with sqlite3.connect(file) as db:
        db.executescript(change)
    with pytest.raises(OmrError) as refused:
        layout_in(file)
    assert refused.value.key == "trace.bad_layout"


def test_a_file_that_is_not_there_and_one_that_is_torn_are_named(tmp_path: Path) -> None:
    with pytest.raises(OmrError) as refused:
        layout_in(tmp_path / "none.sqlite")
    assert refused.value.key == "trace.no_scan"
    torn = tmp_path / "torn.sqlite"
    torn.write_bytes(layout_sqlite(tmp_path / "layout.sqlite").read_bytes()[:5000])
    with pytest.raises(OmrError) as refused:
        layout_in(torn)
    assert refused.value.key == "trace.bad_layout"


TEMPLATE = {
    "pageDimensions": [600, 800],
    "bubbleDimensions": [20, 16],
    "fieldBlocks": {
        "roll": {
            "fieldType": "QTYPE_INT",
            "origin": [50, 60],
            "bubblesGap": 30,
            "labelsGap": 40,
            "fieldLabels": ["roll1..3"],
        },
        "answers": {
            "fieldType": "QTYPE_MCQ4",
            "origin": [200, 100],
            "bubblesGap": 50,
            "labelsGap": 25,
            "fieldLabels": ["q1..2", "extra"],
        },
        "own": {
            "bubbleValues": ["yes", "no"],
            "direction": "vertical",
            "bubbleDimensions": [10, 10],
            "origin": [500, 700],
            "bubblesGap": 20,
            "labelsGap": 1,
            "fieldLabels": ["agree"],
        },
    },
}

TEMPLATE_JSON = json.dumps(TEMPLATE).encode()


def test_every_bubble_stands_where_the_template_has_it_to_scale() -> None:
    fields = {field.label: field for field in fields_of(json.dumps(TEMPLATE).encode(), 1200, 1600)}
    assert list(fields) == ["roll1", "roll2", "roll3", "q1", "q2", "extra", "agree"]
    assert fields["roll2"].values == tuple("0123456789")
    third = fields["roll2"].boxes[3]  # digits run down, columns stand side by side
    assert (third.left, third.top, third.width, third.height) == (180, 300, 40, 32)
    assert [box.left for box in fields["q2"].boxes] == [400, 500, 600, 700]
    assert {box.top for box in fields["q2"].boxes} == {250}
    assert [box.top for box in fields["agree"].boxes] == [1400, 1440]
    assert fields["agree"].boxes[0].width == 20


def test_a_template_is_followed_only_where_its_bubbles_are() -> None:
    data = json.dumps(TEMPLATE).encode()
    print_: Grey = np.full((1600, 1200), 250, np.uint8)
    with pytest.raises(OmrError) as refused:
        fields_on(data, print_, 150)
    assert refused.value.key == "trace.layout_unlike"
    for field in fields_of(data, 1200, 1600):
        for box in field.boxes:
            size = round(box.width / 2), round(box.height / 2)
            cv2.ellipse(print_, (round(box.middle[0]), round(box.middle[1])), size, 0, 0, 360, 90, 2)
    assert len(fields_on(data, print_, 150)) == 7


def test_bubbles_stand_where_they_are_printed_within_the_places_set_by_eye() -> None:
    print_: Grey = np.full((1600, 1200), 250, np.uint8)
    middles = []
    for number, box in enumerate(
        box for field in fields_of(TEMPLATE_JSON, 1200, 1600) for box in field.boxes
    ):
        x, y = round(box.middle[0]) + 4, round(box.middle[1]) - 3  # off to one side, and much smaller
        middles.append((x, y))
        if number != 5:  # the print of one is lost
            cv2.circle(print_, (x, y), 10, 90, 2)
    placed = [box for field in fields_on(TEMPLATE_JSON, print_, 150) for box in field.boxes]
    assert np.abs(np.array([box.middle for box in placed]) - middles).max() < 1.5
    assert max(box.width for box in placed) < 26


def test_templates_of_all_years_are_followed() -> None:
    """Grids of groups until 2022, answers from right to left, a code beside the bubbles, blocks of a set."""
    earlier = {
        "Dimensions": [600, 800],
        "BubbleDimensions": [20, 16],
        "QBlocks": {
            "ints": {"qType": "QTYPE_INT", "orig": [50, 40], "gaps": [30, 24], "bigGaps": [60, 11],
                     "qNos": [[["a.1", "a.2"], ["b.1", "b.2"]]]},
            "mcq": {"vals": ["yes", "no"], "orient": "H", "orig": [300, 400], "gaps": [50, 30],
                    "bigGaps": [40, 70], "qNos": [[["q1", "q2", "q3"], ["q4"]]]},
        },
    }  # fmt: skip
    fields = {one.label: one for one in fields_of(json.dumps(earlier).encode(), 600, 800)}
    assert [(one.boxes[0].left, one.boxes[0].top) for one in fields.values()] == [
        (50, 40), (80, 40), (134, 40), (164, 40), (300, 400), (300, 430), (300, 460), (300, 530),
    ]  # fmt: skip
    assert fields["b.2"].boxes[9].top == 40 + 9 * 24 and fields["q4"].boxes[1].left == 350
    assert fields["q1"].values == ("yes", "no")
    with pytest.raises(OmrError) as refused:
        fields_of(json.dumps({**earlier, "Options": {"Marker": {}}}).encode(), 600, 800)
    assert refused.value.key == "trace.cropped_template"

    block = {
        "fieldType": "QTYPE_MCQ4_RTL",
        "fieldLabels": ["q1"],
        "bubblesGap": 40,
        "labelsGap": 9,
        "origin": [50, 50],
    }
    code = {"fieldDetectionType": "BARCODE_QR", "fieldLabels": ["code"], "origin": [9, 9], "scanZone": {}}
    later = {**TEMPLATE, "fieldBlocks": {"code": code, "set A": {"rtl": block}}}
    (only,) = fields_of(json.dumps(later).encode(), 600, 800)
    assert only.values == ("D", "C", "B", "A")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"preProcessors": [{"name": "CropOnMarkers", "options": {}}]}, "trace.cropped_template"),
        ({"preProcessors": [{"name": "CropOnLMarkers", "options": {}}]}, "trace.cropped_template"),
        ({"pageDimensions": [0, 800]}, "trace.bad_layout"),
        ({"pageDimensions": [600, 200]}, "trace.bad_layout"),  # bubbles beyond the page
        ({"fieldBlocks": {}}, "trace.bad_layout"),
        ({"fieldBlocks": {"x": {"fieldType": "CUSTOM", "origin": [1, 1]}}}, "trace.bad_layout"),
        ({"fieldBlocks": []}, "trace.bad_layout"),
    ],
)
def test_what_says_too_little_is_refused(change: dict[str, object], key: str) -> None:
    with pytest.raises(OmrError) as refused:
        fields_of(json.dumps({**TEMPLATE, **change}).encode(), 600, 800)
    assert refused.value.key == key


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"null", b"\xff"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(OmrError):
        fields_of(data, 100, 100)


# Sample sheets of OMRChecker as its templates state them, with the answers that its own tests expect of them:
# size of the page, side of a bubble, first bubble, steps from bubble to bubble and from row to row, answers.
SAMPLES = {
    "six rows of five": ((299, 398), 42, (65, 79), 43, 50, "ABCDE", "A C B D E B"),
    "five rows of five": ((300, 400), 25, (65, 60), 41, 52, "ABCDE", "B E A C B"),
    "another hand": ((300, 400), 25, (65, 60), 41, 52, "ABCDE", "C E A B B"),
    "eleven rows of four": ((1200, 1500), 30, (138, 605), 79, 55, "ABCD", "B D C B D C BC A C D C"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_sheet_of_omrchecker_is_read_as_its_makers_expect(name: str) -> None:
    """The pictures themselves are not here: the sheets are drawn by their templates and filled in anew."""
    size, bubble, (left, top), along, down, letters, expected = SAMPLES[name]
    answers = expected.split()
    by = 1500 / size[1]
    template = {
        "templateDimensions": size,
        "bubbleDimensions": [bubble, bubble],
        "preProcessors": [{"name": "CropPage", "options": {"morphKernel": [10, 10]}}],
        "fieldBlocks": {
            "block": {
                "bubbleFieldType": f"QTYPE_MCQ{len(letters)}",
                "origin": [left, top],
                "bubblesGap": along,
                "labelsGap": down,
                "fieldLabels": [f"q1..{len(answers)}"],
            }
        },
    }

    def sheet(*, filled: bool) -> ScannedPage:
        rng = np.random.default_rng(3)
        grey = np.full((1500, round(size[0] * by)), 246, np.uint8)
        for row in range(12):  # a heading and what the sheet is for: by its print a page is found
            said, at = f"Sheet {'abcdefghijkl'[row] * 4}", (60 + 170 * (row % 6), 40 + 60 * (row // 6))
            cv2.putText(grey, said, at, 0, 0.5, 60, 1, cv2.LINE_AA)
        radius = round(0.4 * bubble * by)
        for row, answer in enumerate(answers):
            y = (top + row * down + bubble / 2) * by
            cv2.putText(grey, f"{row + 1}. {'mnopqrstuvw'[row] * 3}", (20, round(y)), 0, 0.6, 60, 2)
            for place, letter in enumerate(letters):
                at = round((left + place * along + bubble / 2) * by), round(y)
                cv2.circle(grey, at, radius, 90, 2, cv2.LINE_AA)
                cv2.putText(grey, letter, (at[0] - 6, at[1] + 6), 0, 0.5, 120, 1, cv2.LINE_AA)
                if filled and letter in answer:
                    cv2.circle(grey, at, round(0.8 * radius), 45, -1, cv2.LINE_AA)
        turn = cv2.getRotationMatrix2D((500, 700), 0.6 if filled else 0.0, 1.0)
        grey = np.asarray(cv2.warpAffine(grey, turn, grey.shape[::-1], borderValue=246), np.uint8)
        noisy = cv2.GaussianBlur(grey, (0, 0), 0.8) + rng.normal(0, 3, grey.shape)
        return ScannedPage("sheet.jpg", 1, noisy.clip(0, 255).astype(np.uint8), Depth.GREY, 128.0)

    data = json.dumps(template).encode()
    draft = trace([sheet(filled=False)], layout=lambda print_, dpi: fields_on(data, print_, dpi))
    mm = 25.4 / draft.dpi
    boxes = [Box(box.left * mm, box.top * mm, box.width * mm, box.height * mm) for box in draft.boxes]
    questions = []
    for label, codes, members in zip(draft.labels, draft.codes, draft.questions, strict=True):
        options = tuple(Option(code, "", False, boxes[at]) for code, at in zip(codes, members, strict=True))
        questions.append(Question(label, Kind.SINGLE, "", "", False, False, options, None))
    height, width = draft.print_.shape
    traced = Traced("0" * 64, draft.dpi, width, height, draft.learned, draft.identify)
    form = Form("S", 0, "1", "S", "S", "traced", "en", questions, (), traced=traced)
    plan = TracedPlan(
        "f" * 64, Foreign(form, cv2.imencode(".png", draft.print_)[1].tobytes(), Path("s.toml"))
    )
    page = read_traced(sheet(filled=True), [plan], load_calibration())
    assert page is not None
    assert ["".join(answer.codes) for answer in page.answers] == answers
    assert not any(verdict.review for verdict in page.verdicts)
