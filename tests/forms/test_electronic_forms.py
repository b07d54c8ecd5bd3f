"""One definition, paper and electronic: what a form server asks; its answers come in without a mapping."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from pyxform.xls2xform import convert

from omr.forms.electronic.page import page
from omr.forms.electronic.xlsform import sheets, workbook
from omr.forms.entries import read_value
from omr.forms.layout import list_forms
from omr.forms.template import Form, Kind

UNITS = [("PC06", "Phòng Cảnh sát QLHC về TTXH"), ("PC07", "Phòng Cảnh sát PCCC và CNCH")]
SAMPLES = Path(__file__).parents[2] / "samples" / "forms"
FORMS = {form.form: form for form in list_forms(SAMPLES)}  # the built-in ones and those of many kinds
VALUES = {"N1": "47", "N2": "12", "N3": "3.5", "K1": "P12", "D1": "2024-06", "N4": "12", "D2": "2026-10-03"}


@pytest.mark.parametrize("name", list(FORMS))
def test_every_form_is_an_xlsform_that_asks_the_same(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    file = tmp_path / "form.xlsx"
    file.write_bytes(workbook(form, UNITS))
    made = convert(str(file), validate=False)  # the whole check of pyxform but the one that needs Java
    assert made.warnings == []
    rows = {row["name"]: row for row in sheets(form, UNITS)["survey"]}
    codes: dict[str, set[str]] = {}
    for choice in sheets(form, UNITS)["choices"]:
        codes.setdefault(choice["list_name"], set()).add(choice["name"])
    for question in form.questions:
        kind, _, choices = rows[question.key]["type"].partition(" ")
        if question.options and question.entry is None:
            assert codes[choices] == {option.code for option in question.options}
            assert kind == ("select_multiple" if question.kind is Kind.MULTIPLE else "select_one")
        if question.only_if is not None:
            assert question.only_if.question in rows[question.key]["relevant"]
    for question in form.questions:  # a rank that a row above has is refused at once
        above = [row.key for row in form.questions if row.ranking == question.ranking != ""]
        above = above[: above.index(question.key)] if above else []
        asked = rows[question.key].get("constraint", "")
        assert [f". != ${{{key}}}" for key in above] == [
            part for part in asked.split(" and ") if "!=" in part
        ]


def test_the_same_form_gives_the_same_sheets_and_a_bilingual_one_speaks_both() -> None:
    assert sheets(FORMS["DL-01"]) == sheets(FORMS["DL-01"])
    said = sheets(FORMS["DL-03-EN"])["survey"][-1]
    assert {"label::Tiếng Việt (vi)", "label::English (en)"} <= set(said)
    assert said["label::Tiếng Việt (vi)"] != said["label::English (en)"]


def _answers(form: Form) -> dict[str, str]:
    """What a person says: of every question its last option, of several two."""
    said = {}
    for question in form.questions:
        if question.kind is Kind.TEXT:
            said[question.key] = "Chờ hơi lâu, nhưng cán bộ nhiệt tình"
        elif question.kind is Kind.MULTIPLE:
            said[question.key] = " ".join(option.code for option in question.options[:2])
        elif question.key in VALUES:
            said[question.key] = VALUES[question.key]
        elif question.ranking:
            rows = [one.key for one in form.questions if one.ranking == question.ranking]
            said[question.key] = str(rows.index(question.key) + 1)
        elif question.options:
            said[question.key] = question.options[-1].code
    return said


def _imported(omr: Callable[..., Any], workspace: Any, file: Path, form: Form) -> dict[str, Any]:
    (workspace.path / "forms" / "cb-01.toml").write_bytes((SAMPLES / "cb-01.toml").read_bytes())
    omr("--workspace", workspace.path, "units", "import", "hai-phong-2023")
    taken = omr("--workspace", workspace.path, "electronic", "import", file, "--json")
    assert taken.code == 0, taken.err
    assert taken.json["new"] == 1
    from omr.records.store.store import Store

    with Store.open(workspace.database) as store:
        rows = store.rows("SELECT question, state, codes FROM electronic_answers")
        return {row["question"]: row["codes"].split() for row in rows if row["state"] == "answered"}


@pytest.mark.parametrize("name", ["DL-01", "DL-03-EN", "CB-01"])
def test_what_kobotoolbox_gives_back_needs_no_mapping(
    name: str, omr: Callable[..., Any], workspace: Any, tmp_path: Path
) -> None:
    """Its CSV has metadata before and after, groups in headings, codes as values."""
    form = FORMS[name]
    said = _answers(form)
    row = {
        "start": "2026-11-20T08:01:11.000+07:00",
        "end": "2026-11-20T08:03:52.000+07:00",
        "form": form.form,
        "unit": "PC06",
        **said,
        "_id": "4711",
        "_uuid": "5a0cbe2e-2f3c-4e0e-8d4f-1b9a4a1f2d10",
        "_submission_time": "2026-11-20T01:03:59",
        "_index": "1",
    }
    file = tmp_path / "kobo.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows([row.keys(), row.values()])
    found = _imported(omr, workspace, file, form)
    for question in form.questions:
        if question.entry is not None:
            assert found[question.key] == [read_value(question, said[question.key])], question.key
        elif question.options:
            assert sorted(found[question.key]) == sorted(said[question.key].split()), question.key


@pytest.mark.parametrize("name", list(FORMS))
def test_the_web_page_is_one_file_that_asks_nothing_from_elsewhere(name: str) -> None:
    form = FORMS[name]
    text = page(form, UNITS)
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert "connect-src 'none'" in unescape(text)
    told = json.loads(text.split('id="told">')[1].split("</script>")[0])
    assert [question["key"] for question in told["questions"]] == [q.key for q in form.questions]
    sent = page(form, UNITS, send_to="https://khaosat.example.vn/nhan?x=1")
    assert "connect-src https://khaosat.example.vn;" in sent


def test_texts_of_a_form_are_never_code() -> None:
    from dataclasses import replace

    form = FORMS["DL-01"]
    bad = "</script><script>alert(1)</script>${A1}"
    first = replace(form.questions[0], text=bad)
    text = page(replace(form, title=bad, questions=(first, *form.questions[1:])), [("X", bad)])
    assert text.count("<script>") == 1
    rows = sheets(replace(form, questions=(first, *form.questions[1:])))["survey"]
    assert not any("${A1}" in value for row in rows for key, value in row.items() if key.startswith("label"))


def test_the_command_writes_both(omr: Callable[..., Any], workspace: Any, tmp_path: Path) -> None:
    omr("--workspace", workspace.path, "units", "import", "hai-phong-2023")
    for more, name in (((), "a.xlsx"), (("--html", "--unit", "PC06"), "a.html")):
        made = omr("--workspace", workspace.path, "forms", "export", "DL-01", *more, "-o", tmp_path / name)
        assert made.code == 0, made.err
    assert "PC06" in (tmp_path / "a.html").read_text("utf-8")
    refused = omr("--workspace", workspace.path, "forms", "export", "DL-01", "-o", tmp_path / "no" / "a.xlsx")
    assert refused.code == 1
