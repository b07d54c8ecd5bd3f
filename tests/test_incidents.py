"""One named case per known failure of such systems: read rightly, refused, or asked; never guessed.

Numbers in the docstrings are those of the public reports: "vx" is votingworks/vxsuite.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest

from omr.forms.fonts import width_mm
from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import Form, Kind, TextLine, fingerprint
from omr.geometry import FRAMES, Box
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk, ReadPage, RejectedPage, Result, read_page
from omr.reading.scan.pages import Depth, ScannedPage
from omr.simulate import paper, seal
from omr.simulate.habits import Habit, draw_mark
from omr.simulate.ink import Sheet, draw_line, write
from omr.simulate.oracle import Outcome, positions
from omr.simulate.pens import PENS, Hand, take_pen
from omr.simulate.printed import PrintedRun, printed_pages, serial_of, toner
from omr.simulate.respondents import EVERYDAY, DrawnMark, FilledSlip, fill
from omr.simulate.scanner import Feed, Machine, Streak, everyday_machine, scan
from omr.simulate.slips import Truth, write_slip
from omr.words import AnswerState, BoxState

FORM = "DL-01"
DPI = 200
PAGES = 6


@cache
def desk() -> Desk:
    """What the reader knows: the run that all cases are printed from."""
    form = find_form(FORM, None)
    issue = Issue(
        "R1", FORM, fingerprint(form), "PC06", "2023-03", form.digit, 23, 1, PAGES, bytes(range(32))
    )
    return Desk(IssuedSerials([issue]), {issue.fingerprint: form}, load_calibration())


@cache
def printed() -> tuple[Form, tuple[tuple[str, np.ndarray], ...]]:
    """The form, and the serial and clean rendering of each page."""
    form = next(iter(desk().forms.values()))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "run.pdf"
        issue = Issue(
            "R1", FORM, fingerprint(form), "PC06", "2023-03", form.digit, 23, 1, PAGES, bytes(range(32))
        )
        print_forms(form, issue.serials(), file, run="R1")
        pages = list(printed_pages(PrintedRun(file, form, PAGES), range(1, PAGES + 1), DPI, colour=False))
    return form, tuple((serial_of(picture, form, DPI, number), picture) for number, picture in pages)


@dataclasses.dataclass(frozen=True)
class Case:
    """A filled slip on the table, not scanned yet."""

    sheet: Sheet
    truth: Truth
    form: Form
    rng: np.random.Generator

    def scanned(
        self, feed: Feed | None = None, depth: Depth = Depth.GREY, dpi: int = DPI, **settings: object
    ) -> np.ndarray:
        """Scan it with a good scanner whose settings may be changed."""
        machine = dataclasses.replace(_good_scanner(depth, dpi), **settings)
        return scan(self.sheet, machine, feed or Feed(), self.rng)

    def read(self, picture: np.ndarray, depth: Depth = Depth.GREY, dpi: float | None = DPI) -> Result:
        """Read it; whatever happens, nothing may be silently wrong."""
        result = read_page(ScannedPage("case.png", 1, picture, depth, dpi), desk())
        if isinstance(result, ReadPage):
            assert str(result.page.serial) == self.truth.serial
            found = list(positions(self.form, self.truth, result.answers))
            assert [p for p in found if p.outcome is Outcome.SILENT] == []
        else:
            assert isinstance(result, RejectedPage), "a filled slip is no blank back"
        return result


def _good_scanner(depth: Depth, dpi: int) -> Machine:
    machine = everyday_machine(depth, dpi, np.random.default_rng(1))
    return dataclasses.replace(
        machine,
        white=0.98,
        black=0.02,
        gamma=1.0,
        sharpen=0.4,
        noise=2.0,
        threshold=160,
        background=(1, 1, 1),
    )


def case(
    seed: int = 0,
    answers: Mapping[str, Sequence[str]] | None = None,
    habit: Habit = Habit.CROSS,
    pen: str = "blue ballpoint",
    more: Callable[[Form], list[DrawnMark]] = lambda form: [],
) -> Case:
    """Fill a slip: by a respondent, or with answers, each marked by the same habit."""
    form, pages = printed()
    serial, render = pages[seed % PAGES]
    rng = np.random.default_rng(seed)
    hand = _steady(take_pen(PENS[pen], rng))
    if answers is None:
        told = fill(
            form, dataclasses.replace(EVERYDAY, double=0, correction=0, stray=0, skip=0, blank=0), rng
        )
        answers = told.answers
    given = {q.key: tuple(answers.get(q.key, ())) for q in form.questions if q.options}
    marks = [DrawnMark(key, code, habit) for key, codes in given.items() for code in codes]
    slip = FilledSlip(hand, given, (*marks, *more(form)), ())
    sheet = Sheet.of(toner(render, rng), DPI)
    write_slip(sheet, form, slip, rng)
    drawn: dict[str, dict[str, str]] = {}
    for mark in slip.marks:
        drawn.setdefault(mark.question, {})[mark.option] = mark.habit.value
    return Case(sheet, Truth(1, serial, given, drawn, pen, {}, ()), form, rng)


def _steady(hand: Hand) -> Hand:
    return dataclasses.replace(
        hand, size=1.0, offset_mm=(0.0, 0.0), care=0.9, width_mm=max(hand.width_mm, 0.45)
    )


def likert() -> list[str]:
    return [q.key for q in printed()[0].questions if q.kind is Kind.LIKERT]


def states(result: Result) -> dict[str, AnswerState]:
    assert isinstance(result, ReadPage), result
    return {answer.question: answer.state for answer in result.answers}


# ---- the grid ----


@pytest.mark.parametrize("stretch", [0.97, 0.985, 1.015, 1.03])
def test_vx_6492_a_stretched_sheet_shifts_the_grid_and_a_mark_is_missed(stretch: float) -> None:
    """Found only in a 104-hour lab test: the grid was off by a little, a real mark was not seen."""
    slip = case(1)
    result = slip.read(slip.scanned(Feed(rotation_deg=0.8, stretch_y=stretch)))
    if isinstance(result, ReadPage):
        assert AnswerState.NO_ANSWER not in states(result).values()


@pytest.mark.parametrize("scale", [0.90, 0.93, 0.95, 0.97, 1.03, 1.05])
def test_vx_6125_printed_at_another_scale_gives_false_marks(scale: float) -> None:
    slip = case(2)
    slip.read(slip.scanned(Feed(stretch_x=scale, stretch_y=scale)))


@pytest.mark.parametrize("wobble", [0.3, 0.6, 1.0])
def test_an_uneven_feed_moves_single_rows(wobble: float) -> None:
    slip = case(3)
    slip.read(slip.scanned(Feed(wobble_mm=wobble)))


@pytest.mark.parametrize("corner", range(4))
def test_vx_4913_with_a_folded_corner_a_wrong_corner_is_taken(corner: int) -> None:
    """One marker is away; near its place lies something dark and square."""
    slip = case(corner)
    marker = slip.form.frame.fiducials[corner].box
    _paint(slip.sheet, marker.grown(2.5), 255)
    _paint(slip.sheet, Box(marker.x_mm + 4, marker.y_mm + 5, 6, 6), 20)
    result = slip.read(slip.scanned(Feed(rotation_deg=-1.0)))
    assert isinstance(result, ReadPage), "three markers are enough"


@pytest.mark.parametrize("where", [(60.0, 150.0), (10.0, 100.0), (120.0, 185.0)])
def test_a_second_marker_of_the_same_kind_lies_on_the_page(where: tuple[float, float]) -> None:
    slip = case(4)
    px = DPI / 25.4
    box = slip.form.frame.fiducials[0].box
    rows = slice(round(box.y_mm * px), round((box.y_mm + box.height_mm) * px))
    columns = slice(round(box.x_mm * px), round((box.x_mm + box.width_mm) * px))
    copy = slip.sheet.pixels[rows, columns].copy()
    top, left = round(where[1] * px), round(where[0] * px)
    slip.sheet.pixels[top : top + copy.shape[0], left : left + copy.shape[1]] = copy
    slip.read(slip.scanned())


def test_a_page_with_perspective_is_read_rightly_or_refused() -> None:
    slip = case(5)
    picture = slip.scanned()
    height, width = picture.shape
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    for pull in (4, 10, 25, 60):
        seen = outline + np.array([[pull, pull / 2], [-pull, 0], [0, 0], [0, -pull]], np.float32)
        map_ = cv2.getPerspectiveTransform(outline, seen)
        slip.read(cv2.warpPerspective(picture, map_, (width, height), borderValue=240))


def test_two_slips_in_one_scan_are_refused() -> None:
    first, second = case(0).scanned(), case(1).scanned()
    both = np.full((FRAMES["A4"] and 2338, 1653), 250, np.uint8)
    both[20 : 20 + 1150, :1640] = cv2.rotate(first, cv2.ROTATE_90_CLOCKWISE)[:1150, :1640]
    both[1180 : 1180 + 1150, :1640] = cv2.rotate(second, cv2.ROTATE_90_CLOCKWISE)[:1150, :1640]
    result = read_page(ScannedPage("two.png", 1, both, Depth.GREY, DPI), desk())
    assert isinstance(result, RejectedPage) and result.reason == "two_slips"


def test_a_second_sheet_peeks_out() -> None:
    slip, other = case(2), case(3)
    below, above = other.scanned(), slip.scanned()
    canvas = np.full((above.shape[0] + 130, above.shape[1] + 60), 245, np.uint8)
    canvas[130 : 130 + below.shape[0], 60 : 60 + below.shape[1]] = below
    canvas[: above.shape[0], : above.shape[1]] = above
    slip.read(canvas)


# ---- marks ----


@pytest.mark.parametrize("row", [0, 4, 9])
def test_windham_a_fold_through_boxes_counts_as_marks(row: int) -> None:
    """About 400 ballots were miscounted because a fold crossed one oval of each."""
    slip = case(row, answers={})
    question = next(q for q in slip.form.questions if q.key == likert()[row])
    middle_mm = question.options[0].box.centre_mm[1]
    for depth in (0.15, 0.30, 0.45):
        paper._fold_line(slip.sheet, middle_mm, True, 0.004, depth, slip.rng)
    for scanner in (Depth.GREY, Depth.BILEVEL):
        result = slip.read(slip.scanned(depth=scanner), scanner)
        assert isinstance(result, ReadPage)


def test_a_fold_down_the_column_of_boxes() -> None:
    slip = case(1, answers={})
    question = next(q for q in slip.form.questions if q.key == likert()[0])
    paper._fold_line(slip.sheet, question.options[2].box.centre_mm[0], False, 0.002, 0.4, slip.rng)
    assert isinstance(slip.read(slip.scanned()), ReadPage)


@pytest.mark.parametrize("pen", ["blue ballpoint", "felt", "pencil"])
def test_tevs_a_ring_shaped_mark_is_lost_by_looking_at_the_middle(pen: str) -> None:
    answers = {key: ["5"] for key in likert()}
    slip = case(3, answers=answers, habit=Habit.RING, pen=pen)
    slip.read(slip.scanned())


@pytest.mark.parametrize("depth", [Depth.GREY, Depth.BILEVEL])
@pytest.mark.parametrize("drawn", ["ring of 9", "ring of 12", "ring of 16", "tick beside"])
@pytest.mark.parametrize("pen", ["blue ballpoint", "pencil"])
def test_what_lies_outside_of_the_patch_is_not_read_as_no_answer(pen: str, drawn: str, depth: Depth) -> None:
    """Rings wider than 9 mm lie outside of what is measured at a box, and so do marks beside it."""
    key = likert()[4]
    slip = case(1, answers={other: ["5"] for other in likert() if other != key}, pen=pen)
    box = next(q for q in slip.form.questions if q.key == key).options[2].box
    x, y = box.centre_mm
    if drawn == "tick beside":
        line = np.array([[x + 4.0, y], [x + 4.8, y + 1.5], [x + 6.6, y - 2.0]])
    else:
        half = float(drawn.split()[-1]) / 2
        turn = np.linspace(0, 2 * np.pi + 0.3, 16)
        line = np.stack([x + half * np.cos(turn), y + min(half, 6) * np.sin(turn)], axis=1)
    _draw(slip, line, pen)
    assert states(slip.read(slip.scanned(depth=depth, dpi=300), depth, 300))[key] is AnswerState.DOUBTFUL


@pytest.mark.parametrize("drawn", ["ellipse", "underline", "crossed out"])
@pytest.mark.parametrize("dpi", [150, 300])
def test_a_word_is_marked_instead_of_its_box(drawn: str, dpi: int) -> None:
    form = printed()[0]
    question = next(q for q in form.questions if q.kind is Kind.SINGLE)
    box = question.options[0].box
    word = next(
        piece for piece in form.art
        if isinstance(piece, TextLine) and piece.text == question.options[0].label and piece.x_mm > box.x_mm
    )  # fmt: skip
    slip = case(2, answers={key: ["4"] for key in likert()})
    left, right = word.x_mm, word.x_mm + width_mm(word.text, word.font, word.size_pt)
    middle, half = (left + right) / 2, (right - left) / 2
    turn = np.linspace(0, 2 * np.pi + 0.3, 16)
    line = {
        "ellipse": np.stack(
            [middle + (half + 1) * np.cos(turn), word.y_mm - 0.9 + 2.5 * np.sin(turn)], axis=1
        ),
        "underline": np.array([[left, word.y_mm + 0.9], [middle, word.y_mm + 1.0], [right, word.y_mm + 0.8]]),
        "crossed out": np.array(
            [[left, word.y_mm - 0.7], [middle, word.y_mm - 0.9], [right, word.y_mm - 1.0]]
        ),
    }[drawn]
    assert states(slip.read(slip.scanned(dpi=dpi), dpi=dpi))[question.key] is AnswerState.NO_ANSWER
    _draw(slip, line, "blue ballpoint")
    assert states(slip.read(slip.scanned(dpi=dpi), dpi=dpi))[question.key] is AnswerState.DOUBTFUL


@pytest.mark.parametrize("dpi", [200, 300])
def test_a_wide_ring_through_the_box_beside_does_not_mark_that_box(dpi: int) -> None:
    form = printed()[0]
    question = max(form.questions, key=lambda q: len(q.options))
    key, option = question.key, question.options[-1]
    slip = case(3, answers={key: ["5"] for key in likert()})
    x, y = option.box.centre_mm
    turn = np.linspace(0, 2 * np.pi + 0.3, 16)
    _draw(slip, np.stack([x + 5.5 * np.cos(turn), y + 5.5 * np.sin(turn)], axis=1), "blue ballpoint")
    assert states(slip.read(slip.scanned(dpi=dpi), dpi=dpi))[key] is AnswerState.DOUBTFUL


@pytest.mark.parametrize("depth", [Depth.GREY, Depth.BILEVEL])
@pytest.mark.parametrize(
    "settings", [{}, {"white": 1.4}, {"black": -0.4, "white": 1.2}, {"noise": 12.0}], ids=str
)
def test_omrchecker_305_an_empty_row_gives_all_options(depth: Depth, settings: dict[str, float]) -> None:
    slip = case(4, answers={})
    result = slip.read(slip.scanned(depth=depth, **settings), depth)
    if isinstance(result, ReadPage) and not settings:
        assert set(states(result).values()) == {AnswerState.NO_ANSWER}


def test_vx_4808_one_bit_scans_have_no_level_between_ink_and_paper() -> None:
    """`<` where `<=` was meant: a picture of 0 and 255 only."""
    slip = case(5)
    picture = slip.scanned(depth=Depth.BILEVEL, dpi=300)
    assert set(np.unique(picture)) == {0, 255}
    result = slip.read(picture, Depth.BILEVEL, 300)
    assert AnswerState.NO_ANSWER not in states(result).values()


def test_opencount_orange_noise_of_one_bit_scans_is_larger_than_small_crosses() -> None:
    slip = case(0, answers={key: ["4"] for key in likert()})
    picture = slip.scanned(depth=Depth.BILEVEL)
    speckled = slip.rng.random(picture.shape)
    picture = np.where(speckled < 0.004, 0, np.where(speckled > 0.996, 255, picture)).astype(np.uint8)
    slip.read(picture, Depth.BILEVEL)


def test_open_mcr_2_dithered_scans_lose_the_corner_marks() -> None:
    from PIL import Image

    slip = case(1)
    dithered = Image.fromarray(slip.scanned(dpi=300)).convert("1", dither=Image.Dither.FLOYDSTEINBERG)
    slip.read(np.asarray(dithered.convert("L")), Depth.BILEVEL, 300)


@pytest.mark.parametrize("how", [Habit.CANCEL_FILL, Habit.STRIKE_OUT])
@pytest.mark.parametrize("seed", range(4))
def test_tevs_corrections_are_read_as_two_answers(how: Habit, seed: int) -> None:
    key = likert()[seed]
    answers = {k: ["5"] for k in likert()} | {key: ["4"]}
    slip = case(seed, answers=answers, more=lambda form: [DrawnMark(key, "2", how)])
    result = slip.read(slip.scanned())
    assert isinstance(result, ReadPage)


def test_sdaps_151_a_thick_pen_is_read_as_a_correction() -> None:
    slip = case(2, answers={key: ["5"] for key in likert()}, pen="felt")
    result = slip.read(slip.scanned())
    assert isinstance(result, ReadPage)
    assert BoxState.CANCELLED not in {verdict.state for verdict in result.verdicts}


def test_open_mcr_core_3_stray_loops_between_the_rows() -> None:
    slip = case(3, answers={})
    boxes = [q.options[2].box for q in slip.form.questions if q.key in likert()]
    hand = take_pen(PENS["blue ballpoint"], slip.rng)
    loops = [
        np.array(
            [
                [b.x_mm - 5 + 2.4 * np.cos(t) + 0.7 * t, b.y_mm + 6.4 + 0.6 * np.sin(t)]
                for t in np.linspace(0, 9, 18)
            ]
        )
        for b in boxes[:6]
    ]
    write(slip.sheet, [draw_line(loop, hand, slip.rng) for loop in loops], hand, slip.rng)
    slip.read(slip.scanned())


@pytest.mark.parametrize("size_mm", [0.3, 0.5, 0.7])
def test_vx_6119_specks_and_hesitation_are_counted_as_marks(size_mm: float) -> None:
    """Tons of overvotes: the sensitivity was so high that a resting pen counted."""
    slip = case(2)
    for number, q in enumerate(q for q in slip.form.questions if q.key in likert()):
        x, y = q.options[number % 2].box.centre_mm
        _paint(slip.sheet, Box(x + 1.2, y - 1.3, size_mm, size_mm), 60)
    result = slip.read(slip.scanned())
    assert isinstance(result, ReadPage)
    assert AnswerState.MULTIPLE not in states(result).values()


def test_a_mark_between_two_boxes_belongs_to_neither() -> None:
    slip = case(4, answers={})
    question = next(q for q in slip.form.questions if q.key == likert()[3])
    left, right = question.options[1].box, question.options[2].box
    between = Box((left.x_mm + right.x_mm) / 2, left.y_mm, left.width_mm, left.height_mm)
    rng = np.random.default_rng(1)
    draw_mark(slip.sheet, between, Habit.CROSS, _steady(take_pen(PENS["black ballpoint"], rng)), rng)
    slip.read(slip.scanned())


# ---- the scanner and the paper ----


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_vx_7584_under_a_streak_and_a_cropped_edge_blank_boxes_seem_marked(level: float) -> None:
    slip = case(5)
    question = next(q for q in slip.form.questions if q.key == likert()[0])
    x = question.options[3].box.centre_mm[0] / slip.form.frame.width_mm
    feed = Feed(streaks=(Streak(x, 0.3, level, 0.9), Streak(0.2, 0.2, level, 0.7)), shift_mm=(-3.0, 2.0))
    slip.read(slip.scanned(feed, background=(0.1, 0.1, 0.1)))


@pytest.mark.parametrize("width_mm", [0.1, 0.3, 0.8, 2.0])
def test_a_streak_through_a_column_of_boxes_marks_none_of_them(width_mm: float) -> None:
    slip = case(0, answers={})
    question = next(q for q in slip.form.questions if q.key == likert()[0])
    x = question.options[1].box.centre_mm[0] / slip.form.frame.width_mm
    slip.read(slip.scanned(Feed(streaks=(Streak(x, width_mm, 0.1, 1.0),))))


@pytest.mark.parametrize("seed", range(3))
def test_vx_6491_an_imprint_over_the_markers_gives_false_marks(seed: int) -> None:
    slip = case(seed)
    for row in (1, 2):
        x, y = (int(v * DPI / 25.4) for v in (12, 8 + 7 * row))
        cv2.putText(slip.sheet.pixels, "BATCH 0042 2023-03-14 000817 BATCH 0042", (x, y), 2, 1.3, 60, 3)
    slip.read(slip.scanned())


@pytest.mark.parametrize("markers", [(0,), (2,), (0, 2), (0, 1), (1, 2, 3)])
def test_vx_7475_writing_over_markers_refuses_at_most(markers: tuple[int, ...]) -> None:
    slip = case(1)
    hand = take_pen(PENS["felt"], slip.rng)
    for marker in markers:
        box = slip.form.frame.fiducials[marker].box
        zigzag = slip.rng.uniform(0, 1, (14, 2)) * (box.width_mm, box.height_mm) + (box.x_mm, box.y_mm)
        write(slip.sheet, [draw_line(zigzag, hand, slip.rng)], hand, slip.rng)
    result = slip.read(slip.scanned())
    assert isinstance(result, ReadPage) or len(markers) > 1


@pytest.mark.parametrize("seed", range(3))
def test_a_seal_over_the_boxes_is_no_mark(seed: int) -> None:
    slip = case(seed, answers={})
    seal.stamp(slip.sheet, slip.form, slip.rng, astray=True)
    slip.read(slip.scanned())


def test_what_shows_through_is_no_mark() -> None:
    slip = case(2, answers={})
    back = case(3).sheet.pixels[:, ::-1]
    faint = 255 - (255 - cv2.GaussianBlur(np.ascontiguousarray(back), (0, 0), 1.4).astype(float)) * 0.18
    shifted = np.roll(faint, (9, -14), (0, 1))
    slip.sheet.pixels[...] = (slip.sheet.pixels * shifted / 255).astype(np.uint8)
    slip.read(slip.scanned())


# ---- the serial ----


@pytest.mark.parametrize("sigma", [0.8, 1.2, 1.6, 2.0, 2.6])
def test_decoders_return_wrong_text_with_a_valid_flag_on_blurred_150_dpi_codes(sigma: float) -> None:
    """Of 174 real 150-dpi scans of Code 128, 39 were decoded wrongly and called valid."""
    for seed in range(3):
        slip = case(seed)
        picture = cv2.GaussianBlur(slip.scanned(dpi=150), (0, 0), sigma)
        slip.read(picture, dpi=150)


def test_ladder_and_qr_of_two_slips_are_an_error_and_no_choice() -> None:
    slip, other = case(0), case(1)
    box = slip.form.frame.qr
    px = DPI / 25.4
    rows = slice(round(box.y_mm * px), round((box.y_mm + box.height_mm) * px))
    columns = slice(round(box.x_mm * px), round((box.x_mm + box.width_mm) * px))
    slip.sheet.pixels[rows, columns] = other.sheet.pixels[rows, columns]
    result = read_page(ScannedPage("glued.png", 1, slip.scanned(), Depth.GREY, DPI), desk())
    assert isinstance(result, RejectedPage) and result.reason == "serial_conflict"


# ---- repeatability ----


def test_vx_6477_the_same_picture_gives_the_same_result_to_the_last_bit() -> None:
    slip = case(3)
    picture = slip.scanned(Feed(rotation_deg=1.2))
    first, again = slip.read(picture), slip.read(picture.copy())
    assert isinstance(first, ReadPage) and isinstance(again, ReadPage)
    assert first.verdicts == again.verdicts and first.answers == again.answers
    for one, other in zip(first.marks, again.marks, strict=True):
        np.testing.assert_array_equal(one.features, other.features)  # what nobody looked at is NaN


def test_the_same_sheet_scanned_ten_times_changes_no_answer_without_review() -> None:
    slip = case(4)
    accepted: dict[str, set[tuple[str, ...]]] = {}
    for time in range(10):
        feed = Feed(rotation_deg=-1.5 + 0.3 * time, shift_mm=(0.2 * time - 1, 0.1 * time), wobble_mm=0.05)
        dpi = (150, 200, 300)[time % 3]
        result = slip.read(slip.scanned(feed, dpi=dpi, white=0.86 + 0.03 * time), dpi=dpi)
        assert isinstance(result, ReadPage)
        for answer in result.answers:
            if answer.state is not AnswerState.DOUBTFUL:
                accepted.setdefault(answer.question, set()).add(answer.codes)
    assert all(len(codes) == 1 for codes in accepted.values())


def _draw(slip: Case, line_mm: np.ndarray, pen: str) -> None:
    hand = _steady(take_pen(PENS[pen], slip.rng))
    write(slip.sheet, [draw_line(line_mm, hand, slip.rng)], hand, slip.rng)


def _paint(sheet: Sheet, box: Box, level: int) -> None:
    px = sheet.dpi / 25.4
    top, left = round(box.y_mm * px), round(box.x_mm * px)
    sheet.pixels[
        top : round((box.y_mm + box.height_mm) * px), left : round((box.x_mm + box.width_mm) * px)
    ] = level
