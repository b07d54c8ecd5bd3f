"""Tab in a shell: what the program answers to the shell's question, in a process as the shell starts it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from omr.cli import COMMANDS

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


def test_what_a_shell_shows_beside_them_speaks_the_readers_language() -> None:
    assert "Hiện phần hướng dẫn này." in asked("zsh_complete", "omr report --", OMR_LANG="vi")
    assert "Show this message and exit." in asked("zsh_complete", "omr report --", OMR_LANG="en")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_the_program(shell: str) -> None:
    assert any(f"_OMR_COMPLETE={shell}_complete" in line for line in asked(f"{shell}_source", "omr"))
