"""Kinds of question beyond levels and choices: what is printed, what is read, what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from form_pieces import CHOICES, DIGITS, MATRIX, RANKING, SCALE, TWO_COLUMNS

from omr.forms.template import Condition, Form, Kind, TextLine, fingerprint, form_from_json
from omr.forms.template import canonical as as_json
from omr.reading.page.plan import Plan

Laying = Callable[..., Form]
B1 = "section[2].question[1]"


def test_the_box_not_applicable_says_so_and_the_overall_question_has_none(laid: Laying) -> None:
    form = laid(CHOICES, MATRIX)
    rated, overall = form.questions[-2:]
    assert [(option.code, option.applies) for option in rated.options] == [
        ("3", True),
        ("1", True),
        ("na", False),
    ]
    assert [option.code for option in overall.options] == ["3", "1"]
    assert rated.only_if == Condition("A1", ("yes",))
    assert form_from_json(as_json(form)) == form


def test_what_is_written_behind_other_is_a_question_of_its_own_beside_its_box(laid: Laying) -> None:
    form = laid(CHOICES)
    choice, written = (next(q for q in form.questions if q.key == key) for key in ("A2", "A2_OTHER"))
    assert written.kind is Kind.TEXT and written.area is not None
    assert written.text == "Trang bị đã nhận: Khác:"
    box = choice.options[-1].box
    assert written.area.x_mm > box.x_mm + box.width_mm
    assert abs(written.area.centre_mm[1] - box.centre_mm[1]) < 0.01
    assert written.area.width_mm >= 15
    plan = Plan.of(form)
    place = plan.places.index(("A2", "other"))
    assert plan.zones[place][3] <= round(written.area.x_mm * 6) + 1  # writing there is no mark beside the box


def test_a_scale_has_a_box_a_number_and_no_satisfied_level(laid: Laying) -> None:
    (question,) = laid(SCALE).questions
    assert question.kind is Kind.LIKERT and not question.core
    assert [option.code for option in question.options] == [str(value) for value in range(11)]
    assert question.options[0].label == "0 (Không bao giờ)"
    assert not any(option.satisfied for option in question.options)
    places = [option.box.centre_mm for option in question.options]
    assert {round(b[0] - a[0], 3) for a, b in zip(places, places[1:], strict=False)} == {11.0}


@pytest.mark.parametrize(
    ("change", "where", "key"),
    [
        (('codes = ["yes"]', 'codes = ["maybe"]'), f"{B1}.only_if.codes", "no_such_code"),
        (('question = "A1"', 'question = "A2"'), f"{B1}.only_if.question", "asks_nothing_before"),
        (('question = "A1"', 'question = "B1"'), f"{B1}.only_if.question", "asks_nothing_before"),
        (
            ("satisfied = false, not_app", "satisfied = true, not_app"),
            "section[2].levels[3].not_applicable",
            "not_aside",
        ),
        (
            ('label = "Giày"', 'label = "Giày", not_applicable = true'),
            "section[1].question[2].options[1].not_applicable",
            "not_aside",
        ),
        (('key = "B1"', 'key = "A2_OTHER"'), f"{B1}.key", "twice"),
        (("span = 4, write", "span = 1, write"), "section[1].question[2].options[2]", "no_room"),
    ],
    ids=[
        "no such code",
        "several choices",
        "itself",
        "satisfied",
        "not applicable among several",
        "key taken by the writing",
        "no room to write",
    ],
)
def test_what_cannot_be_is_refused(
    wrong: Callable[..., dict[str, str]], change: tuple[str, str], where: str, key: str
) -> None:
    assert wrong(CHOICES, MATRIX, changes=(change,))[where] == f"forms.{key}"


def test_a_scale_whose_words_have_no_room_is_refused(wrong: Callable[..., dict[str, str]]) -> None:
    long = (('high = "Chắc chắn"', f'high = "{"Chắc chắn " * 4}"'),)
    assert "forms.no_room" in wrong(SCALE, changes=long).values()


def test_forms_that_say_nothing_new_keep_their_fingerprint(laid: Laying) -> None:
    form = laid(SCALE)
    said = as_json(form)
    assert '"applies"' not in said and '"only_if"' not in said
    assert fingerprint(form_from_json(said)) == fingerprint(form)


def test_values_have_a_column_of_boxes_for_each_place(laid: Laying) -> None:
    form = laid(DIGITS)
    age, hours, day, code = form.questions
    assert [question.kind for question in form.questions] == [Kind.NUMBER, Kind.NUMBER, Kind.DATE, Kind.CODE]
    assert [len(question.options) for question in form.questions] == [
        20,
        30,
        4 + 10 + 2 + 10 + 2 + 2 + 20,
        40,
    ]
    assert hours.entry is not None and hours.entry.decimals == 1
    columns = {round(option.box.x_mm, 2) for option in age.options}
    assert len(columns) == 2
    bands = {question.key: min(option.box.y_mm for option in question.options) for question in form.questions}
    assert bands["N1"] == bands["N2"] == bands["D1"] < bands["K1"]  # no room beside the others
    assert form_from_json(as_json(form)) == form


@pytest.mark.parametrize(
    ("change", "where", "key"),
    [
        (("most = 90", "most = 9"), "section[1].question[1].most", "no_value"),
        (('latest = "2026-12-31"', 'latest = "2026-12"'), "section[1].question[3].latest", "no_value"),
        (("length = 4", 'length = 4\nplaces = ["AB"]'), "section[1].question[4].places", "other_length"),
        (
            ("length = 4", 'length = 2\nplaces = ["AB", "01"]'),
            "section[1].question[4].check",
            "check_of_digits",
        ),
        (('check = "luhn"', 'pattern = "["'), "section[1].question[4].pattern", "no_pattern"),
        (
            ('check = "luhn"', 'check = "luhn"\nallowed = ["1234"]'),
            "section[1].question[4].allowed",
            "bad_code",
        ),
    ],
)
def test_values_that_nothing_can_meet_are_refused(
    wrong: Callable[..., dict[str, str]], change: tuple[str, str], where: str, key: str
) -> None:
    assert wrong(DIGITS, changes=(change,))[where] == f"forms.{key}"


BREAK = '\n[[section]]\nkind = "page"\n'
BOTH_SIDES = (('paper = "A4"', 'paper = "A4"\nduplex = true'),)


def test_a_form_of_several_pages_is_one_form_and_each_page_one_too(laid: Laying) -> None:
    form = laid(CHOICES, MATRIX, BREAK, DIGITS, BREAK, SCALE, changes=BOTH_SIDES)
    assert (form.pages, form.sheets, form.sides) == (3, 2, 4)
    assert [form.sheet_of(page) for page in (1, 2, 3)] == [1, 1, 2]
    assert [q.key for q in form.page(2).questions] == ["N1", "N2", "D1", "K1"]
    assert [q.key for q in form.questions] == [q.key for n in (1, 2, 3) for q in form.page(n).questions]
    assert form_from_json(as_json(form)) == form
    words = [piece.text for piece in form.page(2).art if hasattr(piece, "text")]
    assert "Trang 2/3" in words and "Mẫu KS-01" in words
    one_sided = laid(CHOICES, BREAK, SCALE)
    assert (one_sided.pages, one_sided.sheets, one_sided.sides) == (2, 2, 2)


@pytest.mark.parametrize(
    ("pieces", "key"),
    [
        ((BREAK, CHOICES), "empty_page"),
        ((CHOICES, BREAK), "empty_page"),
        ((CHOICES, BREAK, BREAK, SCALE), "empty_page"),
        ((CHOICES, *(BREAK, SCALE.replace("S1", "S{}")) * 9), "too_many_pages"),
        (
            (CHOICES, BREAK, '\n[[section]]\nkind = "comment"\nkey = "C"\ntext = "Ý"\nnote = "n"\n'),
            "page_without_boxes",
        ),
    ],
    ids=["nothing before", "nothing after", "nothing between", "too many", "no box"],
)
def test_pages_that_cannot_be_are_refused(
    wrong: Callable[..., dict[str, str]], pieces: tuple[str, ...], key: str
) -> None:
    named = (piece.replace("S{}", f"S{at}") for at, piece in enumerate(pieces))
    assert f"forms.{key}" in wrong(*named).values()


def test_a_ranking_has_a_row_for_each_thing_and_a_column_for_each_rank(laid: Laying) -> None:
    form = laid(RANKING)
    assert [question.key for question in form.questions] == ["R1_ROOMS", "R1_CARS", "R1_MEALS"]
    assert {(question.kind, question.ranking, question.core) for question in form.questions} == {
        (Kind.RANK, "R1", False)
    }
    assert form.questions[1].text == "Xếp thứ tự việc cần làm trước: Thêm phương tiện"
    assert [option.code for option in form.questions[0].options] == ["1", "2", "3"]
    columns = {round(option.box.x_mm, 3) for question in form.questions for option in question.options}
    assert len(columns) == 3
    assert form_from_json(as_json(form)) == form


@pytest.mark.parametrize(
    ("change", "where", "key"),
    [
        (('last = "sau', 'ranks = 4\nlast = "sau'), "section[1].ranks", "too_many_ranks"),
        (('code = "cars"', 'code = "rooms"'), "section[1].options[2].code", "twice"),
        (('first = "trước hết"', 'first = "trước hết tất cả"'), "section[1].first", "no_room"),
        (('"Bữa ăn ca"', f'"{"Bữa ăn ca " * 40}"'), "section[1].options[3].label", "no_room"),
    ],
    ids=["more ranks than things", "a thing twice", "no room for a word", "no room for a thing"],
)
def test_a_ranking_that_cannot_be_is_refused(
    wrong: Callable[..., dict[str, str]], change: tuple[str, str], where: str, key: str
) -> None:
    assert wrong(RANKING, changes=(change,))[where] == f"forms.{key}"


def test_the_first_three_of_several_are_ranked_with_three_columns(laid: Laying) -> None:
    form = laid(RANKING, changes=(('last = "sau', 'ranks = 2\nlast = "sau'),))
    assert [len(question.options) for question in form.questions] == [2, 2, 2]


def test_a_matrix_in_two_columns_goes_on_right_at_the_same_height(laid: Laying) -> None:
    form = laid(TWO_COLUMNS)
    heights = [question.options[0].box.y_mm for question in form.questions]
    assert heights[:3] == sorted(heights[:3]) and heights[3:] == heights[:2]
    left, right = form.questions[0].options[-1].box, form.questions[3].options[0].box
    assert right.x_mm - left.x_mm > 30
    assert [question.overall for question in form.questions] == [False] * 4 + [True]
    numbers = [piece.text for piece in form.art if isinstance(piece, TextLine) and piece.text in "12345"]
    assert numbers == ["1", "2", "3", "4", "5"]
