"""The layout: the built-in forms hold the rules of the house, and a layout that breaks one is refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from omr.errors import OmrError, TemplateError
from omr.forms.content import LEAST_CHOICE_ROW_MM, LEAST_COLUMN_MM, LEAST_MATRIX_ROW_MM, LEAST_PT
from omr.forms.fonts import missing_letters
from omr.forms.layout import find_form, lay_out, list_forms, set_out
from omr.forms.layout_checks import BOX_CLEAR_MM, clear_mm, covered, find_problems, kept_free
from omr.forms.loading import load_template
from omr.forms.problems import Problem
from omr.forms.template import BOX_MM, Form, Kind, TextLine, canonical, fingerprint, form_from_json

Problems = Callable[..., dict[tuple[str, str], Problem]]
Write = Callable[..., Path]


def test_all_five_forms_are_there():
    assert [(form.form, form.digit) for form in list_forms(None)] == [
        ("DL-01", 1),
        ("DL-02", 2),
        ("DL-03", 3),
        ("DL-03-EN", 3),
        ("DL-04", 4),
    ]


def test_boxes_have_their_size_and_their_distance(form: Form):
    boxes = [(q.kind, option.box) for q in form.questions for option in q.options]
    assert len(boxes) >= 55
    for (kind, a), (other, b) in combinations(boxes, 2):
        assert (a.width_mm, a.height_mm) == (BOX_MM, BOX_MM)
        across, down = abs(a.x_mm - b.x_mm), abs(a.y_mm - b.y_mm)
        row = LEAST_MATRIX_ROW_MM if kind is other is Kind.LIKERT else LEAST_CHOICE_ROW_MM
        assert across >= LEAST_COLUMN_MM - 1e-6 or down >= row - 1e-6


def test_nothing_touches_boxes_or_the_page_frame(form: Form):
    boxes = [option.box for question in form.questions for option in question.options]
    agency = [piece for piece in form.art if clear_mm(covered(piece), form.frame.stamp) < 0]
    assert all(covered(piece).y_mm + covered(piece).height_mm < 20 for piece in agency)
    for piece in form.art:
        assert all(clear_mm(covered(piece), box) >= BOX_CLEAR_MM - 1e-6 for box in boxes)
        for name, place in kept_free(form.frame):
            assert piece in agency or clear_mm(covered(piece), place) >= 0, (piece, name)


def test_print_is_large_enough_and_every_letter_is_there(form: Form):
    lines = [piece for piece in form.art if isinstance(piece, TextLine)]
    assert min(line.size_pt for line in lines) >= LEAST_PT
    assert "".join(missing_letters(line.text, line.font) for line in lines) == ""


def test_questions_are_what_the_report_needs(form: Form):
    likert = [question for question in form.questions if question.kind is Kind.LIKERT]
    assert [[option.code for option in question.options] for question in likert] == [list("54321")] * len(
        likert
    )
    assert all([option.satisfied for option in q.options] == [True] * 2 + [False] * 3 for q in likert)
    assert [question.key for question in form.questions if question.overall] == ["B10"]
    assert all(question.core for question in likert)
    assert {question.factor for question in likert if not question.overall} == {
        "Tiếp cận dịch vụ",
        "Thủ tục hành chính",
        "Cán bộ giải quyết công việc",
        "Kết quả cung ứng dịch vụ",
        "Tiếp nhận, giải quyết góp ý, phản ánh, kiến nghị",
    }
    comment = form.questions[-1]
    assert comment.kind is Kind.TEXT and comment.area is not None and comment.area.width_mm > 90


def test_the_archive_gives_the_same_form_back(form: Form):
    assert form_from_json(canonical(form)) == form


def test_fingerprints_differ_and_do_not_move():
    forms = list_forms(None)
    assert len({fingerprint(form) for form in forms}) == len(forms)
    assert [fingerprint(form) for form in forms] == [fingerprint(form) for form in list_forms(None)]


# --- what is refused -----------------------------------------------------------------------------


def test_text_that_does_not_fit_is_named_with_its_width(problems: Problems):
    found = problems(
        ('label = "Đăng ký con dấu"', 'label = "Đăng ký, thu hồi, cấp lại con dấu và mẫu dấu"'),
        ('["Không", "hài lòng"]', '["Không hẳn là", "hài lòng"]'),
        (
            "Thái độ giao tiếp",
            "Thái độ giao tiếp, tác phong, lời nói, giờ giấc, trách nhiệm, kỷ luật và tinh thần phục vụ",
        ),
    )
    assert {where for where, kind in found if kind == "no_room"} == {
        "section[1].question[4].options[4]",
        "section[2].levels[4]",
        "section[2].question[4].text",
    }
    assert {kind for _, kind in found} == {"no_room"}  # and not all that it lies over as well
    column = found["section[2].levels[4]", "no_room"].values
    assert column["room"] == 12.0 and 13 < column["width"] < 16


def test_a_page_that_is_too_full_is_named_with_the_millimetres(problems: Problems):
    found = problems(("lines = 2", "lines = 3"))
    assert found["section", "page_full"].values["over"] == pytest.approx(6.8, abs=0.05)
    assert set(found) == {("section", "page_full")}  # and not whatever lies below the page for it


def test_boxes_too_near_one_another_are_named(problems: Problems):
    found = problems(("columns = 8", "columns = 12"), ("beside = 2", "beside = 3"))
    near = found["A2/male", "boxes_near"].values
    assert near["other"] == "A2/female"
    assert near["across"] == pytest.approx(110 / 12, abs=0.002)


@pytest.mark.parametrize(
    ("old", "new", "where", "place"),
    [
        ('code = "Mẫu ĐL-01"', 'code = "Mẫu ĐL-01 ban hành kèm theo"', "header.code", "serial_text"),
        ('"MỨC ĐỘ HÀI LÒNG"]', '"MỨC ĐỘ HÀI LÒNG CỦA NGƯỜI"]', "header.title", "qr"),
        ('thanks = "', 'thanks = "Một lần nữa, xin cảm ơn Ông/Bà rất nhiều. ', "footer.thanks", "fiducial"),
        ("space = 0.8", "space = 6.0", "section[3].text", "fiducial"),
    ],
    ids=["serial", "QR code", "foot into a marker", "comment into a marker"],
)
def test_what_touches_the_page_frame_is_refused(
    problems: Problems, old: str, new: str, where: str, place: str
):
    assert problems((old, new))[where, "frame_touched"].values["place"] == place


def test_texts_over_one_another_are_refused(problems: Problems):
    found = problems(('number = "Số"', 'number = "Số phiếu của đơn vị phát hành"'))
    assert found["header.number", "texts_overlap"].values["text"] == "Số phiếu của đơn vị phát hành"


def test_what_leaves_the_page_is_refused(write: Callable[..., Path]):
    form = set_out(load_template(write(("lines = 2", "lines = 5")))).form
    found = {(problem.where, problem.key): problem for problem in find_problems(form, [])}
    assert found["C", "forms.off_page"].values["edge"] < 5.0


def test_letters_without_a_glyph_are_refused(problems: Problems):
    found = problems(('label = "Nam"', 'label = "男"'))
    assert found["section[1].question[2].options[1]", "no_letter"].values["letters"] == "男"


# --- forms of one's own --------------------------------------------------------------------------


def test_names_are_found_as_people_write_them():
    wanted = find_form("DL-03-EN", None)
    for name in ("dl-03-en", "ĐL-03-EN", "đl-03-en", " ĐL-03-EN "):
        assert find_form(name, None) == wanted
    for name in ("", "DL-09", "../templates/dl-01", "dl-01.toml"):
        with pytest.raises(OmrError, match="ĐL-01, ĐL-02, ĐL-03"):
            find_form(name, None)


def test_own_forms_come_before_the_built_in_ones(write: Write, tmp_path: Path):
    write(('revision = "2026-11"', 'revision = "2027-01"'))
    assert find_form("DL-01", tmp_path).revision == "2027-01"
    assert [form.revision for form in list_forms(tmp_path)][:2] == ["2027-01", "2026-11"]
    assert find_form("DL-01", None).revision == "2026-11"
    assert find_form("DL-02", tmp_path / "none").form == "DL-02"


def test_a_broken_own_form_does_not_fall_back_to_the_built_in_one(write: Write, tmp_path: Path):
    write(("digit = 1", "digit = 10"))
    with pytest.raises(TemplateError):
        find_form("DL-01", tmp_path)


def test_file_and_form_have_the_same_name(write: Write, tmp_path: Path):
    write(name="dl-05.toml")
    with pytest.raises(TemplateError, match="DL-05"):
        find_form("DL-05", tmp_path)


def test_order_levels_and_what_satisfies_are_data(write: Write):
    """Three levels, worst first: nothing is read out of the order."""
    levels = "levels = [\n"
    for code, label, satisfied in (
        ("bad", "Kém", "false"),
        ("fair", "Được", "true"),
        ("good", "Tốt", "true"),
    ):
        levels += f'  {{ code = "{code}", label = "{label}", satisfied = {satisfied} }},\n'
    text = write().read_text("utf-8")
    old = text[text.index("levels = [") : text.index("]\n\n", text.index("levels = ["))]
    form = lay_out(load_template(write((old, levels))))
    overall = next(question for question in form.questions if question.overall)
    assert [(option.code, option.satisfied) for option in overall.options] == [
        ("bad", False),
        ("fair", True),
        ("good", True),
    ]
    assert [option.box.x_mm for option in overall.options] == sorted(o.box.x_mm for o in overall.options)


def test_a4_has_the_same_rules(write: Write):
    form = lay_out(load_template(write(('paper = "A5"', 'paper = "A4"'))))
    assert form.frame.paper == "A4"
    boxes = [option.box for question in form.questions for option in question.options]
    assert max(box.x_mm + box.width_mm for box in boxes) <= 210 - 12
    assert len(boxes) == 65
