"""``omr forms``: list, show, preview, check, as other programs call them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from omr.forms.layout import find_form
from omr.forms.template import fingerprint
from omr.workspace import Workspace

SAMPLES = Path(__file__).parents[2] / "samples" / "forms"

Omr = Callable[..., Any]


def test_list_needs_no_workspace(omr: Omr, tmp_path: Path):
    ran = omr("--workspace", tmp_path, "forms", "list", "--json")
    assert ran.code == 0
    assert [set(row) for row in ran.json] == [{"form", "title", "revision", "paper"}] * 5
    assert [row["form"] for row in ran.json] == ["DL-01", "DL-02", "DL-03", "DL-03-EN", "DL-04"]
    assert "Xuất, nhập cảnh" in omr("forms", "list").out


def test_the_offices_own_forms_come_first(omr: Omr, write: Callable[..., Path], workspace: Workspace):
    file = write(('revision = "2026-11"', 'revision = "2027-02"'))
    file.rename(workspace.forms / file.name)
    rows = omr("--workspace", workspace.path, "forms", "list", "--json").json
    assert rows[0]["revision"] == "2027-02"


def test_show_says_where_every_box_is(omr: Omr):
    form = find_form("DL-01", None)
    shown = omr("forms", "show", "đl-01", "--json").json
    assert set(shown) == {"form", "revision", "fingerprint", "page", "fiducials", "serial", "questions"}
    assert shown["fingerprint"] == fingerprint(form)
    assert shown["page"] == {"width_mm": 148.0, "height_mm": 210.0}
    assert shown["fiducials"][2] == {"id": 2, "x_mm": 130.0, "y_mm": 192.0, "size_mm": 8.0}
    assert shown["serial"] == {"x_mm": 92.0, "y_mm": 31.0, "width_mm": 46.0, "height_mm": 4.5}
    assert [question["key"] for question in shown["questions"]] == [q.key for q in form.questions]
    for question, of in zip(shown["questions"], form.questions, strict=True):
        assert set(question) == {"key", "kind", "factor", "text", "options"}
        assert [option["x_mm"] for option in question["options"]] == [o.box.x_mm for o in of.options]
        for option in question["options"]:
            assert set(option) == {"code", "label", "x_mm", "y_mm", "width_mm", "height_mm"}
    assert "Rất không hài lòng" in omr("forms", "show", "DL-01").out


def test_show_says_where_values_are_written_and_on_which_page_a_question_stands(omr: Omr, tmp_path: Path):
    text = (SAMPLES / "cb-01.toml").read_text("utf-8")
    file = tmp_path / "cb-01.toml"
    file.write_text(text.replace('kind = "digits"', 'kind = "digits"\nfill = "hand"', 1), "utf-8")
    shown = {question["key"]: question for question in omr("forms", "show", file, "--json").json["questions"]}
    assert {1, 2} <= {question["page"] for question in shown.values()}
    by_hand = [question for question in shown.values() if "cells" in question]
    assert by_hand
    for question in by_hand:
        assert not question["options"]
        assert all(set(cell) == {"x_mm", "y_mm", "width_mm", "height_mm"} for cell in question["cells"])
    assert f"{by_hand[0]['cells'][0]['x_mm'] + by_hand[0]['cells'][0]['width_mm'] / 2:.2f}" in (
        omr("forms", "show", file).out
    )


def test_preview_prints_a_specimen(omr: Omr, tmp_path: Path, write: Callable[..., Path]):
    for form in ("ĐL-03-EN", write()):
        ran = omr("forms", "preview", form, "-o", tmp_path / "x.pdf")
        assert ran.code == 0 and "x.pdf" in ran.out
        with pypdfium2.PdfDocument(tmp_path / "x.pdf") as document:
            assert len(document) == 1


def test_check_prints_every_error_and_fails(omr: Omr, write: Callable[..., Path]):
    good = write()
    assert omr("forms", "check", good).code == 0
    assert omr("forms", "check", good, "--json").json == {"ok": True, "form": "DL-01", "problems": []}
    bad = write(("digit = 1", "digit = 12"), ("row_pitch = 8.0", "row_pitch = 2.0"))
    ran = omr("forms", "check", bad)
    assert ran.code == 1
    assert "digit: 12 lớn quá" in ran.err and "section[2].row_pitch: 2.0 nhỏ quá" in ran.err
    ran = omr("--lang", "en", "forms", "check", bad, "--json")
    assert ran.code == 1
    assert ran.json == {
        "ok": False,
        "form": None,
        "problems": [
            {"where": "digit", "detail": "12 is too large, at most 9"},
            {"where": "section[2].row_pitch", "detail": "2.0 is too small, expected at least 8.0"},
        ],
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "DL-77"),
        ("preview", "DL-01", "-o", "{tmp}/none/x.pdf"),
        ("check", "{tmp}/none.toml"),
        ("check", "{tmp}/none.toml", "--json"),
        ("show", "{tmp}/none.toml"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_line(omr: Omr, tmp_path: Path, arguments: tuple[str, ...]):
    ran = omr("forms", *(word.format(tmp=tmp_path) for word in arguments))
    assert ran.code == 1
    assert len((ran.err or ran.json["problems"][0]["detail"]).strip().splitlines()) == 1
