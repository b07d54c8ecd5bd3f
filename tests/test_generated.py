"""What stands beside the code says what the code says: documents, licences, hooks, the map of changes."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from command_tree import commands

ROOT = Path(__file__).parent.parent


@cache
def generator() -> ModuleType:
    """Import docs/generate.py, which is a script."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import generate
    finally:
        del sys.path[0]
    return generate


@pytest.mark.parametrize(
    "name",
    [
        "docs/reasons.md",
        "docs/rooms.svg",
        "docs/way.svg",
        "docs/form-keys.md",
        "templates/form.schema.json",
        "THIRD-PARTY.md",
    ],
)
def test_a_document_that_is_made_from_the_code_is_current(name: str) -> None:
    makes = {
        "docs/reasons.md": "reasons",
        "docs/rooms.svg": "rooms",
        "docs/way.svg": "way",
        "docs/form-keys.md": "form_keys",
        "templates/form.schema.json": "form_schema",
    }
    text = getattr(generator(), makes.get(name, "third_party"))()
    assert (ROOT / name).read_text("utf-8") == text, "run: make docs"


@pytest.mark.parametrize(("language", "folder"), [("en", ""), ("vi", "vi")])
def test_the_manual_page_is_what_the_help_says(language: str, folder: str) -> None:
    text = generator().manual.manual(language)
    assert (ROOT / "docs/man" / folder / "man1/omr.1").read_text("utf-8") == text, "run: make docs"
    told = set(re.findall(r"^\.SS (.*)$", text, re.MULTILINE))
    assert told == {" ".join(("omr", *path)).replace("-", "\\-") for path, _ in commands() if path}


def test_every_reason_that_a_page_can_have_is_explained() -> None:
    """The words are those that the code raises, found in it, not those of the catalogue."""
    raised = set()
    for file in (ROOT / "omr").rglob("*.py"):
        pattern = r"(?:Scan|Fiducial|Alignment|Serial|Scanner|Page)Error\(\s*\"(\w+)\""
        raised |= set(re.findall(pattern, file.read_text("utf-8")))
    told = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/reasons.md").read_text("utf-8"), re.MULTILINE))
    assert len(raised) > 20
    assert raised - told == set()


def test_each_room_stands_on_lower_floors_and_no_rooms_stand_in_a_circle() -> None:
    made = generator()
    storey = made.floors(made.stands_on())  # ends with the circle's name, if there is one
    assert set(storey) == set(made.ABOUT)
    assert storey["ground"] == 0
    for room, others in made.stands_on().items():
        assert all(storey[other] < storey[room] for other in others), room


def test_what_is_shipped_has_its_licence_beside_it() -> None:
    named = set(generator().SHIPPED)
    foreign = {
        file.relative_to(ROOT)
        for folder in ("omr/fonts", "omr/web/static", "tests/web/vendor")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".ttf", ".woff2") or file.name.endswith(".min.js")
    }
    folders = {Path(path) if (ROOT / path).is_dir() else Path(path).parent for path in named}
    assert foreign
    assert {file for file in foreign if not any(file.is_relative_to(folder) for folder in folders)} == set()


def test_the_licence_is_the_european_unions_and_whole() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert [int(found) for found in re.findall(r"^(\d+)\.\s*[A-Z]", text, re.MULTILINE)] == list(range(1, 16))
    assert text.rstrip().endswith("require the production of a new EUPL version.")


def test_hooks_run_what_the_gate_runs() -> None:
    gate = re.search(r"for part in ([\w ]+); do", (ROOT / ".ci/run").read_text("utf-8"))
    assert gate is not None
    hooks = re.findall(r"entry: make (\w+)", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert hooks == gate[1].split()
    assert ".ci/run" in (ROOT / ".githooks/pre-push").read_text("utf-8")
    assert "http" not in (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    quick = re.search(r"make (?:--\S+ )*([\w ]+) <", (ROOT / ".githooks/pre-commit").read_text("utf-8"))
    assert quick is not None and set(quick[1].split()) < set(hooks)


def test_hooks_can_be_run() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", ".githooks"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():  # none where this is no checkout
        assert line.startswith("100755"), line


def test_the_map_of_changes_names_what_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text[text.index("## To change this") : text.index("## Something is read wrong")]
    paths = re.findall(r"`((?:omr|tests|bench|templates|docs)/[\w./*-]*)`", section)
    assert len(paths) > 40
    assert [path for path in paths if not list(ROOT.glob(path.rstrip("/")))] == []


def test_whoever_reports_a_page_is_asked_for_it_and_for_its_reason() -> None:
    template = (ROOT / ".github/ISSUE_TEMPLATE/page.yml").read_text("utf-8")
    for field in ("id: page", "id: reason", "id: bundle", "omr doctor --bundle", "docs/reasons.md"):
        assert field in template
    from omr.messages import catalogue

    (example,) = re.findall(r"placeholder: (\w+)$", template, re.MULTILINE)
    assert example in catalogue("en", "page")
