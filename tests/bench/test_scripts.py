"""The measurements: each can be started, and every command that a document or the Makefile names is one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from math import comb
from pathlib import Path

import harness
import pytest
from speed import costs, inside

BENCH = Path(__file__).parents[2] / "bench"
NAMES = sorted(
    ".".join(file.relative_to(BENCH).with_suffix("").parts)
    for file in BENCH.rglob("*.py")
    if file.stem != "__init__"
)
DOCUMENTS = ("Makefile", "*.md", "docs/*.md", "samples/*.md", "omr/**/*.py", "bench/**/*.py", "tests/**/*.py")
# Tells what each command of the table takes; imports all, so it is a process of its own.
OPTIONS = """
import json, runpy, sys
from importlib import import_module
import click
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    import_module(name)
table = runpy.run_path(sys.argv[1] + "/__main__.py")
told = {}
for group, names in table["COMMANDS"].items():
    with click.Context(table["bench"].commands[group]) as context:
        for name in names:
            command = context.command.get_command(context, name)
            told[f"{group} {name}"] = [word for one in command.params for word in one.opts]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def options() -> dict[str, list[str]]:
    """The options of every command, after every module could be imported."""
    names = [name for name in NAMES if name != "__main__"]
    command = [sys.executable, "-c", OPTIONS, str(BENCH), *names]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told: dict[str, list[str]] = json.loads(ran.stdout)
    return told


def test_every_command_that_is_written_down_is_one(options: dict[str, list[str]]) -> None:
    wrong, seen = [], 0
    for file in (file for pattern in DOCUMENTS for file in BENCH.parent.glob(pattern)):
        for group, name, more in re.findall(
            r"python bench ([a-z]+) ([a-z-]+)((?: +(?!\s)[^\n`;|)]*)?)", file.read_text("utf-8")
        ):
            seen += 1
            known = options.get(f"{group} {name}")
            asked = re.findall(r"(?<!\S)--?[a-z][a-z-]*", more.partition("    ")[0])
            if known is None or not {*asked} <= {*known, "--help"}:
                wrong.append(f"{file.name}: {group} {name} {asked}")
    assert wrong == []
    assert seen > 20


def test_the_folder_is_a_dozen_questions_on_one_harness() -> None:
    """A measurement is a command of a group in the table of `__main__.py`, and no program beside it."""
    assert sorted(file.name for file in BENCH.glob("*.py")) == ["__main__.py", "harness.py"]
    for file in BENCH.rglob("*.py"):
        text = file.read_text("utf-8")
        assert "argparse" not in text and ("__name__ ==" in text) == (file.name == "__main__.py"), file


def test_what_is_timed_is_there() -> None:
    """Stopwatches are put around functions by their names."""
    assert [name for name in costs.STAGES if not callable(getattr(costs.reader, name, None))] == []
    parts = [name for names in inside.PARTS.values() for name in names]
    assert [name for name in parts if not callable(getattr(inside.marks, name, None))] == []


def test_a_bound_is_the_one_of_clopper_and_pearson() -> None:
    """The rate at which so few errors would be seen in one of twenty such trials, summed term by term."""
    for errors, of in ((0, 100), (1, 100), (7, 250), (99, 100)):
        rate = harness.upper_bound(errors, of)
        seen = sum(comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(errors + 1))
        assert seen == pytest.approx(0.05)
    assert harness.upper_bound(5, 5) == 1.0


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    told = {"state": state, "version": "1", "workers": 1}
    first = harness.resumed({"a": 2, "b": 3}, squared, **told)
    assert [first[key]["square"] for key in "ab"] == [4, 9]
    lines = state.read_text("utf-8").splitlines()
    more = harness.resumed({"a": 5, "b": 3, "c": 4}, squared, **told)
    assert [more[key]["square"] for key in "abc"] == [4, 9, 16]  # what is done is not done again
    assert state.read_text("utf-8").splitlines()[:2] == lines
    other = harness.resumed({"a": 5}, squared, **(told | {"version": "2"}))
    assert other["a"]["square"] == 25


def squared(number: int) -> dict[str, object]:
    return {"square": number * number}
