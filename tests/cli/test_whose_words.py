"""No English of click, pydantic or tomllib in a Vietnamese sentence; files as Notepad saves them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omr.errors import OmrError
from omr.toml_in import parse_toml
from omr.workspace import Workspace

ENGLISH = re.compile(
    r"\b(missing|invalid|option|argument|not a valid|does not exist|is not one of|range|input should|"
    r"permitted|extra|expected|statement|unexpected|such|codec|decode|byte)\b",
    re.IGNORECASE,
)
WRONG = (
    ("report",),
    ("report", "--period"),
    ("report", "--nothing"),
    ("report", "--perod", "2026-11"),
    ("nothing",),
    ("register",),
    ("register", "nothing"),
    ("issue", "DL-01", "--unit", "PC06", "--count", "0", "--period", "2026-11", "-o", "x.pdf"),
    ("issue", "DL-01", "--unit", "PC06", "--count", "x", "--period", "2026-11", "-o", "x.pdf"),
    ("review", "list", "--kind", "nothing"),
    ("register", "stamp"),
    ("units", "list", "more", "words"),
    ("audit", "enter", "nowhere.csv", "--period", "2026-11", "--by", "lan"),
    ("electronic", "withdraw", "x", "--by", "lan", "--why", "y"),
)


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words))
def test_a_wrong_command_line_is_answered_in_vietnamese(
    omr: Callable[..., Any], workspace: Workspace, words: tuple[str, ...]
) -> None:
    ran = omr("--workspace", workspace.path, *words)
    if words == ("register",):  # help, which is no error
        return
    assert ran.code == 2
    said = ran.err
    for word in (*words, "x>=1"):  # what the person typed may be English
        said = said.replace(word, "")
    assert not ENGLISH.search(said), ran.err
    english = omr("--workspace", workspace.path, "--lang", "en", *words)
    assert english.err and english.err != ran.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_settings_are_read_as_notepad_saves_them(workspace: Workspace, encoding: str) -> None:
    text = 'office = "Công an thành phố"\n[report]\nplace = "Hải Phòng"\n'
    (workspace.path / "omr.toml").write_bytes(text.encode(encoding))
    assert Workspace.open(workspace.path).settings.report.place == "Hải Phòng"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[report]\ntarget_low = 200\n", "report.target_low: 200 lớn quá, nhiều nhất là 100"),
        ('[report]\ntarget_low = "nhiều"\n', 'report.target_low: cần một số nguyên, không phải "nhiều"'),
        ("[report]\nsigne = 1\n", "report.signe: không có khóa tên như vậy"),
        ("[report]\nplace = Hải Phòng\n", "dòng 2, cột 9"),
        ("[report]\nplace = 'a'\nplace = 'b'\n", "khóa hoặc bảng này đã có ở trên"),
        ("[report\n", "dòng 1"),
    ],
)
def test_wrong_settings_say_where_and_what_in_vietnamese(
    omr: Callable[..., Any], workspace: Workspace, text: str, told: str
) -> None:
    (workspace.path / "omr.toml").write_text(text, "utf-8")
    ran = omr("--workspace", workspace.path, "units", "list")
    assert ran.code == 1 and told in ran.err
    assert not ENGLISH.search(ran.err.replace(str(workspace.path), ""))


def test_a_file_in_another_encoding_says_how_to_save_it() -> None:
    with pytest.raises(OmrError, match="Encoding: UTF-8"):
        parse_toml("place = 'Hải Phòng'".encode("utf-16-le") + b"\xff")


def test_a_form_with_a_byte_order_mark_is_a_form(omr: Callable[..., Any], workspace: Workspace) -> None:
    from omr.workspace import shipped

    text = (shipped("templates") / "dl-01.toml").read_text("utf-8")
    text = (
        text.replace('form = "DL-01"', 'form = "DL-09"').replace("ĐL-01", "ĐL-09").replace("DL-01", "DL-09")
    )
    file = Path(workspace.path) / "forms" / "dl-09.toml"
    file.write_text(text, "utf-8-sig")
    assert omr("--workspace", workspace.path, "forms", "check", file).code == 0
    file.write_text(text.replace("satisfied = true", 'satisfied = "true"'), "utf-8-sig")
    said = omr("--workspace", workspace.path, "forms", "check", file).err
    assert 'cần true hoặc false, không phải "true"' in said
