"""A form's file: every error at once, with its place and what was expected; nothing crashes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from omr.errors import TemplateError
from omr.forms import content
from omr.forms.layout import lay_out
from omr.forms.loading import MAX_BYTES, load_template
from omr.forms.problems import Problem
from omr.messages import choose_language
from omr.workspace import shipped

Problems = Callable[..., dict[tuple[str, str], Problem]]


def test_every_error_is_reported_at_once_with_place_and_expectation(problems: Problems):
    choose_language("en")
    found = problems(
        ('form = "DL-01"', 'form = "phiếu"'),
        ("digit = 1", "digit = 11"),
        ('paper = "A5"', 'paper = "A3"'),
        ('agency = ["CÔNG AN THÀNH PHỐ", "HẢI PHÒNG"]', "agency = 5"),
        ("columns = 8", 'columns = "8"'),
        ("row_pitch = 8.0", "row_pitch = 7.9"),
        ('  { code = "male", label = "Nam" },\n', ""),
        ('code = "4"', 'code = "mức 4"'),
        ('label = ["Bình", "thường"], satisfied = false', 'label = ["Bình", "thường"]'),
        ("overall = true", 'overall = "yes"'),
        ('key = "C"', 'key = "C"\ncolour = "red"'),
    )
    said = {where: problem.said for (where, _), problem in found.items()}
    assert said == {
        "form": "“phiếu” is no name of a form: capitals, digits and -, at most 16",
        "digit": "11 is too large, at most 9",
        "paper": "A3 is not possible; expected 'A4' or 'A5'",
        "header.agency": "expected a list, not 5",
        "section[1].columns": 'expected a whole number, not "8"',
        "section[1].question[2].options": "has 1 items, expected at least 2",
        "section[2].row_pitch": "7.9 is too small, expected at least 8.0",
        "section[2].levels[2].code": "“mức 4” is no code: small letters, digits and _, at most 24",
        "section[2].levels[3].satisfied": "this key is missing",
        "section[2].question[10].overall": 'expected true or false, not "yes"',
        "section[3].colour": "there is no such key",
    }


def test_what_no_single_value_shows_is_reported_too(problems: Problems):
    found = problems(
        ('key = "B2"', 'key = "B1"'),
        ('code = "female"', 'code = "male"'),
        ('code = "4", label', 'code = "5", label'),
        ('key = "B4"\n', 'key = "B4"\noverall = true\n'),
        ("span = 4", "span = 9"),
        ('key = "A1"\n', 'key = "A1"\nbeside = 1\n'),
    )
    assert set(found) == {
        ("section[2].question[2].key", "twice"),
        ("section[1].question[2].options[2].code", "twice"),
        ("section[2].levels[2].code", "twice"),
        ("section[2].question[10].overall", "two_overall"),
        ("section[1].question[4]", "off_grid"),
        ("section[1].question[1].beside", "beside_nothing"),
    }


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ('["Bình", "thường"]', '["Hài lòng"]', "section[2].levels[3].label", "same_words"),
        ('["Hài lòng"], satisfied = true', '["Hài lòng"], satisfied = false',
         "section[2].levels", "satisfied_apart"),
        ('"Nam"', '"nữ"', "section[1].question[2].options[2].label", "same_words"),
        ('title = ["PHIẾU', 'title = ["MẪU ĐL-02 PHIẾU', "header.title[1]", "other_code"),
        ("overall = true", 'overall = true\nonly_if = { question = "A2", codes = ["male"] }',
         "section[2].question[10].only_if", "overall_skipped"),
        ('key = "B2"', 'key = "B2"\nonly_if = { question = "A2", codes = ["male", "female"] }',
         "section[2].question[2].only_if.codes", "nobody_skips"),
    ],
)  # fmt: skip
def test_figures_that_would_mean_nothing_are_refused(
    problems: Problems, old: str, new: str, where: str, said: str
):
    changes = [(old, new)]
    if said == "satisfied_apart":  # "very satisfied" and "dissatisfied" count, what lies between does not
        changes.append(
            ('["Không", "hài lòng"], satisfied = false', '["Không", "hài lòng"], satisfied = true')
        )
    assert (where, said) in problems(*changes)


def test_small_print_is_refused(problems: Problems):
    found = problems(("[header]\n", "[sizes]\nbody = 8.4\n\n[header]\n"))
    assert found["sizes.body", "at_least"].values["ge"] == 8.5


def test_text_is_kept_in_nfc(write: Callable[..., Path]):
    file = write()
    file.write_text(unicodedata.normalize("NFD", file.read_text("utf-8")), "utf-8")
    form = lay_out(load_template(file))
    assert form == lay_out(load_template(shipped("templates") / "dl-01.toml"))


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"form = ", "forms.no_toml"),
        (b"\xff\xfe", "forms.no_toml"),
        (b"a = " + b"[" * 5000, "forms.no_toml"),
        (b"#" * (MAX_BYTES + 1), "forms.too_long"),
        (b"", "forms.wrong"),
        (b"form = nan\ndigit = 2026-11-22\nsection = {}\n", "forms.wrong"),
    ],
    ids=["cut off", "not UTF-8", "nested", "huge", "empty", "odd values"],
)
def test_what_is_no_form_is_refused(tmp_path: Path, data: bytes, key: str):
    file = tmp_path / "x.toml"
    file.write_bytes(data)
    with pytest.raises(TemplateError) as refused:
        load_template(file)
    assert refused.value.key == key
    assert str(refused.value)


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path):
    for place in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(TemplateError, match="không mở được"):
            load_template(place)


LINES = (shipped("templates") / "dl-01.toml").read_text("utf-8").splitlines()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_mutilated_file_is_laid_out_or_refused(tmp_path: Path, data: st.DataObject):
    """Lines dropped, doubled or with another number: never anything but a form or a TemplateError."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        act = data.draw(st.sampled_from(["drop", "double", "number", "long"]))
        if act == "drop":
            del lines[place]
        elif act == "double":
            lines.insert(place, lines[place])
        elif act == "long":
            lines[place] = lines[place].replace('"', '"Ặ' + "m" * 60, 1)
        else:
            name = lines[place].split(" = ")[0]
            lines[place] = f"{name} = {data.draw(st.sampled_from(['-1', '0', '6.5', '12', '1e300', 'inf']))}"
    file = tmp_path / "dl-01.toml"
    file.write_text("\n".join(lines), "utf-8")
    try:
        lay_out(load_template(file), file)
    except TemplateError as error:
        assert str(error)


def test_the_example_in_the_documents_is_a_form(tmp_path: Path):
    text = (Path(__file__).parents[2] / "docs" / "forms.md").read_text("utf-8")
    example = text.split("```toml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "dl-05.toml"
    file.write_text(example, "utf-8")
    form = lay_out(load_template(file), file)
    assert form.form == "DL-05"
    assert [question.key for question in form.questions] == ["B1", "B2", "C"]


def test_the_documents_explain_every_key():
    text = (Path(__file__).parents[2] / "docs" / "forms.md").read_text("utf-8")
    named = {word for quoted in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"[a-z_]+", quoted)}
    models = [model for model in vars(content).values() if isinstance(model, type)]
    keys = {key for model in models if issubclass(model, BaseModel) for key in model.model_fields}
    assert keys - named - {"section", "header", "instructions", "footer", "sizes", "question"} == set()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            '[[section]]\nkind = "comment"\nkey = "Z"\ntext = "a"\nnote = "b"\nfill = "hand"\n',
            "[[section]] (digits)",
        ),
        ('[[section]]\nkind = "comment"\nkey = "Z"\ntxt = "a"\nnote = "b"\n', "text"),
        ('[[section]]\nkind = "digits"\n[[section.question]]\nkey = "N"\ntext = "a"\n', "number, date, code"),
    ],
    ids=["of another table", "misspelt", "no kind"],
)
def test_a_wrong_key_is_told_where_it_belongs_or_what_was_meant(
    wrong: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "dl-01.toml"
    file.write_text((shipped("templates") / "dl-01.toml").read_text("utf-8") + wrong, "utf-8")
    with pytest.raises(TemplateError) as error:
        load_template(file)
    assert said in str(error.value)
