"""The oracle of all accuracy tests must itself be right: same seed, same page; ink where the truth says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omr.errors import OmrError
from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue
from omr.forms.template import Form, Kind, fingerprint
from omr.geometry import Box
from omr.messages import LANGUAGES, catalogue
from omr.reading.scan.pages import Depth
from omr.simulate.habits import MARKING, Habit, draw_mark
from omr.simulate.harms import HARMS, ORDINARY
from omr.simulate.ink import Sheet
from omr.simulate.pens import PENS, take_pen
from omr.simulate.printed import PrintedRun, open_run
from omr.simulate.respondents import CROWDS, EVERYDAY, fill, fill_as_told
from omr.simulate.scanner import Feed, everyday_machine, scan
from omr.simulate.scans import write_scan
from omr.simulate.slips import Picture
from omr.simulate.stacks import Stack, read_answers, simulate_stack, simulate_stacks

PAGES = 4


@pytest.fixture(scope="module")
def form() -> Form:
    return find_form("DL-01", None)


@pytest.fixture(scope="module")
def run(form: Form, tmp_path_factory: pytest.TempPathFactory) -> PrintedRun:
    """A printed run of a few slips."""
    target = tmp_path_factory.mktemp("printed") / "run.pdf"
    issue = Issue(
        "R23-0001", form.form, fingerprint(form), "PC06", "2023-03", form.digit, 23, 1, PAGES, bytes(32)
    )
    print_forms(form, issue.serials(), target, run=issue.run)
    return open_run(target, None)


def stack(run: PrintedRun, **changes: object) -> Stack:
    return dataclasses.replace(Stack(run, dpi=200, depth=Depth.GREY, seed=11), **changes)


def pixels(picture: Picture) -> np.ndarray:
    assert picture.kind == "jpeg"
    return cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_UNCHANGED)


# ---- the same seed gives the same page ----


def test_a_page_is_the_same_alone_in_a_stack_and_by_any_number_of_workers(run: PrintedRun) -> None:
    whole = list(simulate_stack(stack(run)))
    alone = list(simulate_stack(stack(run, pages=(3,))))
    many = next(simulate_stacks([stack(run, pages=(1, 2, 3, 4) * 3)], workers=2))
    assert [t.page for _, t in whole] == [1, 2, 3, 4]
    assert alone[0][0].data == whole[2][0].data
    assert [p.data for p, _ in many] == [p.data for p, _ in whole] * 3


def test_another_seed_gives_other_respondents(run: PrintedRun) -> None:
    first = [truth.answers for _, truth in simulate_stack(stack(run))]
    assert first != [truth.answers for _, truth in simulate_stack(stack(run, seed=12))]


def test_harms_and_depth_leave_the_answers_as_they_were(run: PrintedRun) -> None:
    plain = [truth.answers for _, truth in simulate_stack(stack(run))]
    harmed = list(simulate_stack(stack(run, harm=("fold", "skew", "bilevel"), depth=Depth.COLOUR)))
    assert [truth.answers for _, truth in harmed] == plain
    assert all(truth.harm == ("fold", "skew", "bilevel") for _, truth in harmed)


def test_a_sheet_scanned_again_is_the_same_sheet_in_another_picture(run: PrintedRun) -> None:
    first, again = (list(simulate_stack(stack(run, feeding=time))) for time in (0, 1))
    for (picture, truth), (other, same) in zip(first, again, strict=True):
        assert picture.data != other.data
        assert truth == same


# ---- respondents ----


@given(seed=st.integers(0, 2**32), crowd=st.sampled_from(sorted(CROWDS)))
@settings(max_examples=150, deadline=None)
def test_the_truth_is_what_is_marked_and_not_withdrawn(form: Form, seed: int, crowd: str) -> None:
    slip = fill(form, CROWDS[crowd], np.random.default_rng(seed))
    meant = {(q, code) for q, codes in slip.answers.items() for code in codes}
    assert {(m.question, m.option) for m in slip.marks if m.habit in MARKING} == meant
    others = [(m.question, m.option) for m in slip.marks if m.habit not in MARKING]
    assert not meant & set(others), "a withdrawn box is not an answer"
    assert set(slip.answers) == {q.key for q in form.questions if q.options}


def test_a_correction_leaves_one_answer_and_a_double_mark_two(form: Form) -> None:
    crowd = dataclasses.replace(
        EVERYDAY, correction=1.0, double=1.0, skip=0.0, blank=0.0, habits={Habit.CROSS: 1}
    )
    slip = fill(form, crowd, np.random.default_rng(1))
    withdrawn = [m for m in slip.marks if m.habit in (Habit.CANCEL_FILL, Habit.STRIKE_OUT)]
    assert len(withdrawn) == 1 and len(slip.answers[withdrawn[0].question]) == 1
    assert sorted(len(codes) for codes in slip.answers.values())[-2:] == [1, 2]


def test_most_people_are_satisfied_and_most_marks_are_crosses(form: Form) -> None:
    rng = np.random.default_rng(5)
    slips = [fill(form, EVERYDAY, rng) for _ in range(400)]
    likert = {
        q.key: {o.code for o in q.options if o.satisfied} for q in form.questions if q.kind is Kind.LIKERT
    }
    answered = [(key, code) for s in slips for key in likert for code in s.answers[key]]
    share = sum(code in likert[key] for key, code in answered) / len(answered)
    assert 0.93 < share < 0.985
    habits = [m.habit for s in slips for m in s.marks]
    assert habits.count(Habit.CROSS) / len(habits) > 0.6


def test_told_answers_are_drawn_as_told(form: Form) -> None:
    told = {q.key: [q.options[-1].code] for q in form.questions if q.options}
    slip = fill_as_told(form, told, EVERYDAY, np.random.default_rng(2))
    assert {key: list(codes) for key, codes in slip.answers.items()} == told
    assert {(m.question, m.option) for m in slip.marks} == {(q, codes[0]) for q, codes in told.items()}


# ---- ink ----

BOX = Box(20.0, 20.0, 4.5, 4.5)


def inked(
    habit: Habit, seed: int, pen: str = "black ballpoint", **usual: object
) -> tuple[float, float, float]:
    """Share of dark pixels in the box, in its middle third, and anywhere else on the sheet."""
    rng = np.random.default_rng(seed)
    sheet = Sheet.of(np.full((400, 400), 255, np.uint8), 200)
    draw_mark(sheet, BOX, habit, dataclasses.replace(take_pen(PENS[pen], rng), **usual), rng)
    dark = sheet.pixels < 200
    px = 200 / 25.4
    edge = [round(v * px) for v in (20.0, 21.5, 23.0, 24.5)]
    inside = dark[edge[0] : edge[3], edge[0] : edge[3]]
    middle = dark[edge[1] : edge[2], edge[1] : edge[2]]
    return float(inside.mean()), float(middle.mean()), float(dark.sum() - inside.sum())


@pytest.mark.parametrize("habit", [h for h in MARKING if h is not Habit.RING])
@pytest.mark.parametrize("pen", ["black ballpoint", "blue ballpoint", "red ballpoint", "felt", "pencil"])
def test_a_mark_leaves_ink_in_its_box(habit: Habit, pen: str) -> None:
    assert min(inked(habit, seed, pen)[0] for seed in range(40)) > 0.01


def test_each_habit_looks_like_itself() -> None:
    def mean(habit: Habit, which: int) -> float:
        # People's marks differ in size and place by more than some habits do: here all fit their box.
        fitting = [inked(habit, seed, size=0.95, offset_mm=(0.0, 0.0)) for seed in range(40)]
        return float(np.mean([found[which] for found in fitting]))

    assert (
        mean(Habit.CANCEL_FILL, 0) > 0.8 > mean(Habit.FILL, 0) > mean(Habit.CROSS, 0) > mean(Habit.SLASH, 0)
    )
    assert mean(Habit.DOT, 0) < 0.12 < mean(Habit.DOT, 1)
    assert mean(Habit.RING, 1) < 0.02 < mean(Habit.RING, 0) and mean(Habit.RING, 2) > 300
    assert mean(Habit.OVERSHOOT, 2) > 2 * mean(Habit.CROSS, 2)
    assert mean(Habit.STRIKE_OUT, 2) > mean(Habit.CROSS, 2)
    assert mean(Habit.ERASED, 0) < 0.05


def test_a_slipped_line_keeps_off_the_middle_of_the_box() -> None:
    assert max(inked(Habit.STRAY, seed)[1] for seed in range(200)) == 0.0


def test_ink_may_run_off_the_sheet() -> None:
    rng = np.random.default_rng(0)
    sheet = Sheet.of(np.full((100, 80, 3), 255, np.uint8), 200)
    for x, y in ((-3.0, -3.0), (9.0, 11.0), (200.0, 200.0)):
        for habit in Habit:
            draw_mark(sheet, Box(x, y, 4.5, 4.5), habit, take_pen(PENS["felt"], rng), rng)
    assert (sheet.pixels < 200).any() and (sheet.pixels == 255).any()


def test_a_grey_sheet_is_the_grey_of_the_colour_sheet() -> None:
    grey = Sheet.of(np.full((200, 200), 255, np.uint8), 200)
    colour = Sheet.of(np.full((200, 200, 3), 255, np.uint8), 200)
    for sheet in (grey, colour):
        rng = np.random.default_rng(8)
        draw_mark(sheet, Box(8, 8, 4.5, 4.5), Habit.CROSS, take_pen(PENS["blue ballpoint"], rng), rng)
    seen = cv2.cvtColor(colour.pixels, cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(seen - grey.pixels).max() <= 2


# ---- the scanner ----


def dots(rows: int = 1654, columns: int = 1165) -> tuple[Sheet, np.ndarray]:
    """A sheet with four black discs, and their middles in mm."""
    middles = np.array([[15.0, 15.0], [133.0, 15.0], [133.0, 195.0], [15.0, 195.0]])
    canvas = np.full((rows, columns), 255, np.uint8)
    for x, y in middles * 200 / 25.4 - 0.5:
        cv2.circle(canvas, (round(x * 16), round(y * 16)), 16 * 16, 0, -1, cv2.LINE_AA, 4)
    return Sheet.of(canvas, 200), middles


def found_mm(picture: np.ndarray, dpi: int) -> np.ndarray:
    """Middles of the discs in mm, clockwise from the top left."""
    _, _, stats, middles = cv2.connectedComponentsWithStats((picture < 110).astype(np.uint8))
    discs = middles[[i for i in range(1, len(stats)) if stats[i, cv2.CC_STAT_AREA] > 50]]
    assert len(discs) == 4
    places = (discs + 0.5) * 25.4 / dpi
    top, bottom = places[places[:, 1].argsort()][:2], places[places[:, 1].argsort()][2:]
    return np.vstack([top[top[:, 0].argsort()], bottom[bottom[:, 0].argsort()[::-1]]])


@pytest.mark.parametrize("dpi", [150, 200, 300, 400])
@pytest.mark.parametrize("depth", [Depth.GREY, Depth.BILEVEL])
def test_a_straight_feed_keeps_every_millimetre(dpi: int, depth: Depth) -> None:
    sheet, middles = dots()
    machine = dataclasses.replace(
        everyday_machine(depth, dpi, np.random.default_rng(1)), background=(1, 1, 1)
    )
    picture = scan(sheet, machine, Feed(), np.random.default_rng(2))
    assert np.abs(found_mm(picture, dpi) - middles).max() < 0.05


@given(angle=st.floats(-3, 3), stretch=st.floats(0.98, 1.02), shift=st.floats(-2, 2))
@settings(max_examples=15, deadline=None)
def test_rotation_and_stretch_are_as_ordered(angle: float, stretch: float, shift: float) -> None:
    sheet, middles = dots()
    machine = dataclasses.replace(
        everyday_machine(Depth.GREY, 200, np.random.default_rng(1)), background=(1, 1, 1)
    )
    picture = scan(
        sheet, machine, Feed(angle, stretch_y=stretch, shift_mm=(shift, -shift)), np.random.default_rng(2)
    )
    turn = np.deg2rad(angle)
    middle = np.array([1165, 1654]) * 25.4 / 400
    wanted = (middles - middle) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    wanted = wanted * (1, stretch) + middle + (shift, -shift)
    assert np.abs(found_mm(picture, 200) - wanted).max() < 0.06


def test_wobble_moves_only_along_the_feed_and_no_further_than_ordered() -> None:
    sheet, middles = dots()
    machine = dataclasses.replace(
        everyday_machine(Depth.GREY, 200, np.random.default_rng(1)), background=(1, 1, 1)
    )
    moved = np.abs(
        found_mm(scan(sheet, machine, Feed(wobble_mm=0.4), np.random.default_rng(3)), 200) - middles
    )
    assert moved[:, 0].max() < 0.06 and 0.05 < moved[:, 1].max() < 0.46


@pytest.mark.parametrize("harm", sorted(HARMS))
def test_every_harm_works_and_shows_on_every_kind_of_scan(run: PrintedRun, harm: str) -> None:
    for depth in Depth:
        plain = next(simulate_stack(stack(run, depth=depth, pages=(2,))))[0]
        harmed = next(simulate_stack(stack(run, depth=depth, pages=(2,), harm=(harm,))))[0]
        # In 1 bit a stain may vanish, and so does a torn edge on a white roller.
        assert depth is Depth.BILEVEL or harmed.data != plain.data
        assert harmed.data


def test_an_ordinary_stack_is_mostly_unharmed(run: PrintedRun) -> None:
    seeds = [
        next(simulate_stack(stack(run, pages=(1,), seed=s, harm=(ORDINARY,))))[1].harm for s in range(25)
    ]
    assert 10 <= sum(not harm for harm in seeds) < 25


def test_harms_are_explained_in_every_language() -> None:
    names = {f"harm_{name.replace('-', '_')}" for name in (*HARMS, ORDINARY)}
    for language in LANGUAGES:
        assert names == {key for key in catalogue(language, "simulate") if key.startswith("harm_")}


# ---- files ----


@pytest.mark.parametrize("depth", list(Depth))
def test_the_file_holds_each_picture_as_it_is(run: PrintedRun, depth: Depth, tmp_path: Path) -> None:
    pages = list(simulate_stack(stack(run, depth=depth, dpi=300)))
    write_scan(pages, tmp_path / "scan.pdf")
    with pdfium.PdfDocument(tmp_path / "scan.pdf") as document:
        assert len(document) == PAGES
        for page, (picture, _) in zip(document, pages, strict=True):
            objects = list(page.get_objects())
            assert len(objects) == 1
            assert bytes(objects[0].get_data()) == picture.data
            assert page.get_size() == pytest.approx(
                (picture.width_px * 72 / 300, picture.height_px * 72 / 300), abs=0.01
            )
            if depth is Depth.BILEVEL:
                shown = page.render(scale=300 / 72).to_numpy()[..., 0]
                assert 0.85 < (shown > 128).mean() < 0.99, "paper is white"


def test_the_truth_stands_beside_the_scan(run: PrintedRun, tmp_path: Path) -> None:
    truths = write_scan(simulate_stack(stack(run, harm=("streak",))), tmp_path / "scan.pdf")
    said = json.loads((tmp_path / "scan.json").read_text("utf-8"))["pages"]
    assert [page["page"] for page in said] == [1, 2, 3, 4]
    assert [page["serial"] for page in said] == [truth.serial for truth in truths]
    assert all(page["harm"] == ["streak"] for page in said)
    assert [page["answers"] for page in said] == [{k: list(v) for k, v in t.answers.items()} for t in truths]


def test_answers_go_in_by_serial_or_by_page(run: PrintedRun, form: Form, tmp_path: Path) -> None:
    question = next(q for q in form.questions if q.kind is Kind.LIKERT)
    serial = next(simulate_stack(stack(run, pages=(4,))))[1].serial
    by_serial = {"serial": serial, "answers": {question.key: [question.options[0].code]}}
    by_page = {"page": 2, "answers": {question.key: [question.options[1].code]}}
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"pages": [by_serial, by_page]}), "utf-8")
    told = read_answers(file, form)
    truths = [truth for _, truth in simulate_stack(stack(run, told=told, pages=(2, 4)))]
    assert truths[0].answers[question.key] == (question.options[1].code,)
    assert truths[1].answers[question.key] == (question.options[0].code,)
    assert sum(map(len, truths[1].answers.values())) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pages": 3}', '{"pages": [{"answers": {"B1": "5"}}]}', "[" * 5000, "\ud800"]
)
def test_broken_answers_are_one_clear_line(form: Form, tmp_path: Path, text: str) -> None:
    file = tmp_path / "answers.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(OmrError) as caught:
        read_answers(file, form)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)
    english = ("Input should", "Field required", "codec", "Expecting value", "recursion")
    assert not any(words in str(caught.value) for words in english)


def test_a_file_that_is_absent_or_a_workbook_says_what_it_is(form: Form, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04\xc7\xff\xfe")
    for name, says in (("none.json", "không tìm thấy"), ("a.xlsx", "không phải JSON"), ("", "thư mục")):
        with pytest.raises(OmrError, match=says) as caught:
            read_answers(tmp_path / name, form)
        assert "Errno" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1258"])
def test_answers_saved_on_windows_are_read(form: Form, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "answers.json"
    question = next(q for q in form.questions if q.kind is Kind.LIKERT)
    said = {question.key: [question.options[0].code]}
    file.write_bytes(
        json.dumps({"pages": [{"answers": said}]}, indent=1).replace("\n", "\r\n").encode(encoding)
    )
    assert read_answers(file, form) == {1: said}


def test_an_answer_that_the_form_does_not_have_is_refused(form: Form, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    for answers in ({"NO": ["1"]}, {form.questions[0].key: ["no such code"]}):
        file.write_text(json.dumps({"pages": [{"answers": answers}]}), "utf-8")
        with pytest.raises(OmrError, match=next(iter(answers))):
            read_answers(file, form)


@pytest.fixture(params=["no pdf", "blank pdf", "foreign form"])
def unprinted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Files that no print run made."""
    from reportlab.pdfgen.canvas import Canvas

    file = tmp_path / "file.pdf"
    if request.param == "no pdf":
        file.write_bytes(b"%PDF-1.7 and nothing more")
    else:
        canvas = Canvas(str(file))
        if request.param == "foreign form":
            canvas.setKeywords(f"omr form=X-1 fingerprint={'0' * 64} run=R1")
        canvas.showPage()
        canvas.save()
    yield file


def test_only_a_printed_run_can_be_simulated(unprinted: Path) -> None:
    with pytest.raises(OmrError, match="file.pdf"):
        open_run(unprinted, None)


def test_a_page_of_another_size_is_not_rendered(run: PrintedRun, form: Form, tmp_path: Path) -> None:
    """Keywords can be copied into any file, also into one whose pages are kilometres wide."""
    from reportlab.pdfgen.canvas import Canvas

    file = tmp_path / "file.pdf"
    canvas = Canvas(str(file), pagesize=(1e6, 1e6))
    canvas.setKeywords(f"omr form={form.form} fingerprint={fingerprint(form)} run=R1")
    canvas.showPage()
    canvas.save()
    with pytest.raises(OmrError, match="file.pdf"):
        list(simulate_stack(stack(open_run(file, None))))


# ---- the command ----


def test_the_command_writes_scan_and_truth(run: PrintedRun, tmp_path: Path, omr: object) -> None:
    assert callable(omr)
    scan_file = tmp_path / "out" / "scan.pdf"
    ran = omr(
        "simulate", run.path, "--harm", "fold", "streak", "--dpi", 150, "-o", scan_file, "--seed", 3, "--json"
    )
    assert ran.code == 0
    assert ran.json == {"scan": str(scan_file), "truth": str(scan_file.with_suffix(".json")), "pages": PAGES}
    truth = json.loads(scan_file.with_suffix(".json").read_text("utf-8"))
    assert truth["pages"][0]["harm"] == ["fold", "streak"]
    again = tmp_path / "again.pdf"
    assert (
        omr(
            "simulate", "--harm", "fold", "--harm", "streak", "-o", again, "--seed", 3, "--dpi", 150, run.path
        ).code
        == 0
    )
    assert json.loads(again.with_suffix(".json").read_text("utf-8")) == truth


def test_the_help_lists_every_harm(omr: object) -> None:
    assert callable(omr)
    shown = omr("simulate", "--help", "--lang", "en").out
    assert all(name in shown for name in HARMS)


def test_an_unknown_harm_is_a_usage_error(run: PrintedRun, tmp_path: Path, omr: object) -> None:
    assert callable(omr)
    ran = omr("simulate", run.path, "--harm", "earthquake", "-o", tmp_path / "scan.pdf")
    assert ran.code == 2 and "earthquake" in ran.err


def test_the_command_never_writes_over_what_it_reads(run: PrintedRun, tmp_path: Path, omr: object) -> None:
    assert callable(omr)
    answers = tmp_path / "scan.json"
    answers.write_text('{"pages": []}', "utf-8")
    before = run.path.read_bytes()
    for words in ((run.path, "-o", run.path), (run.path, "-o", tmp_path / "scan.pdf", "--answers", answers)):
        assert omr("simulate", *words).code == 1
    assert run.path.read_bytes() == before and answers.read_text("utf-8") == '{"pages": []}'


def test_an_output_that_cannot_be_written_is_one_clear_line(
    run: PrintedRun, tmp_path: Path, omr: object
) -> None:
    assert callable(omr)
    (tmp_path / "file").write_bytes(b"")
    ran = omr("simulate", run.path, "-o", tmp_path / "file" / "scan.pdf")
    assert ran.code == 1 and len(ran.err.splitlines()) == 1
