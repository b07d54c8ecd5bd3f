"""A new form begins with a file that passes; what would ruin its figures is refused in one line each."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omr.errors import TemplateError
from omr.forms.content import Template
from omr.forms.first_file import LANGUAGES, LEVELS, PAPERS, Wanted, first_file
from omr.forms.layout import lay_out, list_forms
from omr.forms.layout_checks import SEAL
from omr.forms.loading import load_template
from omr.forms.problems import Problem
from omr.forms.schema import explained, schema
from omr.forms.template import Form, TextLine
from omr.messages import catalogue

COMMON = {"only_if", "row_pitch", "column_pitch", "not_applicable"}  # explained once for all tables


def made(folder: Path, text: str, name: str = "hc-01") -> Form:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return lay_out(load_template(file), str(file))


def wanted(**said: object) -> Wanted:
    usual: dict[str, object] = {
        "form": "HC-01",
        "title": "Phiếu lấy ý kiến về công tác hậu cần",
        "field": "Hậu cần",
        "agency": ("CÔNG AN THÀNH PHỐ", "HẢI PHÒNG"),
        "digit": 7,
        "revision": "2026-11",
    }
    return Wanted(**{**usual, **said})


@pytest.mark.parametrize(("language", "paper", "levels"), list(itertools.product(LANGUAGES, PAPERS, LEVELS)))
def test_the_first_file_of_any_form_passes(language: str, paper: str, levels: int, tmp_path: Path) -> None:
    said = wanted(language=language, paper=paper, levels=levels, questions=8)
    form = made(tmp_path, first_file(said))
    rated = [question for question in form.questions if question.options]
    assert len(rated) == 8
    assert [question.overall for question in rated] == [False] * 7 + [True]
    assert {len(question.options) for question in rated} == {levels}
    texts = {piece.text for piece in form.art if isinstance(piece, TextLine)}
    assert {question.key for question in rated} <= texts  # numbers on paper are the keys of the report
    assert ("đóng dấu" if language == "vi" else "seal") in texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_in_the_first_file_stand_in_a_form_as_they_are(language: str, tmp_path: Path) -> None:
    text = first_file(wanted(language=language, paper="A4"))
    whole, _, rest = text.partition("\n# ")
    lines = rest.splitlines()[1:]
    assert lines and all(line.startswith("#") for line in lines)
    shown = [line[2:] for line in lines]
    form = made(tmp_path, "\n".join([whole, *shown]))
    assert form.pages == 2
    assert {question.kind.value for question in form.questions} == {
        *("likert", "text", "single", "number", "rank")
    }


@pytest.mark.parametrize(
    ("old", "new", "where", "key"),
    [
        ("satisfied = true", "satisfied = false", "section[1].levels", "forms.no_satisfied"),
        ("satisfied = false", "satisfied = true", "section[1].levels", "forms.all_satisfied"),
        ('code = "Mẫu HC-01"', 'code = "Mẫu ĐL-02"', "header.code", "forms.other_code"),
        ('language = "vi"', 'language = "xx"', "language", "forms.unknown_language"),
        ('language = "vi"', 'language = "vi-fr"', "language", "forms.unknown_language"),
    ],
)
def test_what_ruins_figures_is_refused(old: str, new: str, where: str, key: str, tmp_path: Path) -> None:
    text = first_file(wanted())
    assert old in text
    with pytest.raises(TemplateError) as refused:
        made(tmp_path, text.replace(old, new))
    problems = refused.value.values["problems"]
    assert isinstance(problems, tuple)
    assert [(problem.where, problem.key) for problem in problems] == [(where, key)]
    assert all(isinstance(problem, Problem) and "\n" not in problem.said for problem in problems)


def test_rows_that_bear_other_numbers_than_their_keys_are_refused(tmp_path: Path) -> None:
    text = first_file(wanted()).replace('numbers = "keys"', 'numbers = "rows"')
    assert made(tmp_path, text).questions  # 1 to 5 are B1 to B5
    with pytest.raises(TemplateError) as refused:
        made(tmp_path, text.replace('key = "B2"', 'key = "B7"'))
    (problem,) = refused.value.values["problems"]
    assert (problem.where, problem.key) == ("section[1].numbers", "forms.other_numbers")
    assert "B7" in problem.said and "2" in problem.said


def test_a_digit_of_another_field_is_refused(omr: Callable[..., Any], workspace: Any) -> None:
    at = ("--workspace", workspace.path)
    assert omr(*at, "forms", "new", "HC-01", "--digit", "1").code == 0
    refused = omr(*at, "forms", "check", workspace.forms / "hc-01.toml", "--json")
    assert refused.code == 1
    assert [problem["where"] for problem in refused.json["problems"]] == ["digit"]
    (workspace.forms / "hc-01.toml").unlink()
    assert omr(*at, "forms", "new", "HC-01").code == 0  # the first digit that is free
    assert omr(*at, "forms", "check", workspace.forms / "hc-01.toml").code == 0
    assert omr(*at, "forms", "new", "HC-01").code == 1  # nobody's file is written over


def test_built_in_forms_pass_the_new_checks_and_are_as_they_were_printed() -> None:
    kept = json.loads((Path(__file__).parents[2] / "samples/forms.json").read_text("utf-8"))
    from omr.forms.template import fingerprint

    assert {form.form: fingerprint(form) for form in list_forms(None)} == kept


def test_every_key_is_explained_in_both_languages() -> None:
    models = {"Template": schema(), **schema()["$defs"]}
    named = {f"{model}_{name}" for model, about in models.items() for name in about.get("properties", {})}
    assert set(catalogue("en", "keys")) <= named | {name.rpartition("_")[2] for name in named} | COMMON
    for model, about in models.items():
        for name in about.get("properties", {}):
            assert explained(model, name, "vi") != explained(model, name, "en"), (model, name)


def test_the_schema_takes_what_the_types_take(tmp_path: Path) -> None:
    """A text may be a string or a list; nothing unknown is let through."""
    made_schema = schema()
    assert made_schema["additionalProperties"] is False
    title = made_schema["$defs"]["Header"]["properties"]["subtitle"]["anyOf"]
    assert {one["type"] for one in title} == {"string", "array"}
    assert set(made_schema["properties"]) == set(Template.model_fields)


def test_the_place_of_the_seal_is_shown_faintly(tmp_path: Path) -> None:
    text = first_file(wanted())
    shown, white = (
        made(tmp_path, text),
        made(tmp_path, "\n".join(line for line in text.splitlines() if not line.startswith("seal"))),
    )
    more = [piece for piece in shown.art if piece not in white.art]
    assert len(more) == 2  # dots around it, a word in it
    assert SEAL == "header.seal"


def test_the_specimen_says_so_in_the_form_s_language(omr: Callable[..., Any], workspace: Any) -> None:
    import pypdfium2

    for language, word in (("vi", "MẪU"), ("en", "SPECIMEN")):
        at = ("--workspace", workspace.path)
        name = f"T-{language.upper()}"
        assert omr(*at, "forms", "new", name, "--language", language).code == 0
        file = workspace.path / f"{language}.pdf"
        assert omr(*at, "forms", "preview", name, "-o", file).code == 0
        with pypdfium2.PdfDocument(file) as document:
            assert word in document[0].get_textpage().get_text_range()
    assert (
        omr("--workspace", workspace.path, "forms", "preview", "T-EN", "-o", workspace.path / "t.png").code
        == 0
    )
    assert (workspace.path / "t.png").read_bytes().startswith(b"\x89PNG")
