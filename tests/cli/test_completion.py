"""Tab in a shell: what the program answers to the shell's question, in a process as the shell starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_tree import commands

from omr.cli import COMMANDS
from omr.cli.completing import form_names as complete
from omr.forms.layout import form_names
from omr.workspace import Workspace

PROGRAM = "import sys; sys.argv[0] = 'omr'; from omr.cli import main; main()"


def asked(how: str, words: str, **more: str) -> list[str]:
    """Return the lines with which the program answers for the last of some words."""
    line = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    surroundings = {**os.environ, "_OMR_COMPLETE": how, **line, **more}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=surroundings, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0 and not ran.stderr, ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("omr re", [name for name in COMMANDS if name.startswith("re")]),
        ("omr units imp", ["import"]),
        ("omr report --per", ["--period"]),
        ("omr --lang ", ["vi", "en"]),
    ],
)
def test_commands_options_and_values_are_offered(words: str, offered: list[str]) -> None:
    assert sorted(asked("bash_complete", words)) == sorted(f"plain,{name}" for name in offered)


def test_forms_are_offered_by_name_wherever_one_is_asked_for(tmp_path: Path) -> None:
    built_in = [f"plain,{name}" for name in form_names(None)]
    assert asked("bash_complete", "omr issue ", OMR_WORKSPACE=str(tmp_path)) == built_in  # no workspace there
    Workspace.create(tmp_path)
    (tmp_path / "forms/xa-01.toml").write_text("not finished", "utf-8")
    assert asked("bash_complete", "omr forms show xa", OMR_WORKSPACE=str(tmp_path)) == ["plain,XA-01"]
    assert asked("bash_complete", "omr register count --form ", OMR_WORKSPACE=str(tmp_path)) == [
        *built_in,
        "plain,XA-01",
    ]
    assert not (tmp_path / "omr.sqlite").exists()


def test_wherever_a_form_is_asked_for_tab_knows_it() -> None:
    asking = {
        " ".join(path): parameter
        for path, command in commands()
        for parameter in command.params
        if parameter.name == "form" or "--form" in parameter.opts
    }
    assert {"issue", "cover", "poster", "forms show", "register count", "review list"} <= asking.keys()
    lacking = {path for path, parameter in asking.items() if parameter._custom_shell_complete is not complete}
    assert lacking == {"forms new", "forms trace"}  # there the name is one that is not taken yet


def test_what_a_shell_shows_beside_them_speaks_the_readers_language() -> None:
    assert "Hiện phần hướng dẫn này." in asked("zsh_complete", "omr report --", OMR_LANG="vi")
    assert "Show this message and exit." in asked("zsh_complete", "omr report --", OMR_LANG="en")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_the_program(shell: str) -> None:
    assert any(f"_OMR_COMPLETE={shell}_complete" in line for line in asked(f"{shell}_source", "omr"))
