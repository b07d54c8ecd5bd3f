"""What `omr` loads before it does anything: a clerk waits for it at every command.

Nothing is timed, because a busy machine would fail that: what takes long at a start is what is loaded. It is
looked at in a process of its own, as a terminal starts it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_tree import commands

LOADED = """
import json, pathlib, sys
before, read = set(sys.modules), set()
sys.addaudithook(lambda event, told: read.add(str(told[0])) if event == "open" else None)
from omr.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as end:
        assert not end.code, (words, end.code)
print(json.dumps([sorted(set(sys.modules) - before), [file for file in read if file.endswith(".toml")]]))
"""
# The names of what asking for help loads; whoever adds one has looked at what that one loads in turn.
OURS = {
    *("omr", "omr.cli", "omr.clock", "omr.errors", "omr.log", "omr.messages"),
    *(f"omr.cli.{name}" for name in ("bar", "common", "console", "helping", "usage")),
}
LIBRARIES = {"click"}
# Parts of Python that open libraries of the system, or load dozens of others.
LARGE = {
    *("asyncio", "concurrent", "ctypes", "email", "http", "multiprocessing", "socket", "sqlite3", "ssl"),
    *("subprocess", "unittest", "xml"),
}


def loaded(*lines: list[str]) -> tuple[set[str], set[str]]:
    """Return the modules that these commands load together, and the catalogues that they read."""
    command = [sys.executable, "-c", LOADED, json.dumps(lines)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    modules, files = json.loads(ran.stdout.splitlines()[-1])
    return set(modules), {Path(file).stem for file in files}


def packages(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def not_pythons(modules: set[str]) -> set[str]:
    return packages(modules) - sys.stdlib_module_names - {"omr"}


@pytest.mark.parametrize("words", [["--help"], ["--lang", "en", "--help"]], ids=["vi", "en"])
def test_the_list_of_commands_loads_these_and_nothing_else(words: list[str]) -> None:
    modules, catalogues = loaded(words)
    assert {name for name in modules if packages({name}) == {"omr"}} == OURS
    assert not_pythons(modules) == LIBRARIES
    assert not packages(modules) & LARGE
    assert catalogues == {"cli", "help", "options", "outside", "usage"}


def test_the_help_of_no_command_loads_what_the_command_works_with() -> None:
    """All of them in one process: what none loads, each leaves out."""
    everything = [[*path, "--help"] for path, _ in commands()]
    assert len(everything) > 90
    modules, _ = loaded(*everything)
    assert not_pythons(modules) == LIBRARIES
    assert not packages(modules) & LARGE
    assert {name for name in modules if name.startswith("omr") and not name.startswith("omr.cli")} <= OURS
