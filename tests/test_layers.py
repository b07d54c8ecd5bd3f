"""The house's walls: imports point one way, and the reading room knows no database and no clock."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "omr"
MODULES = sorted(PACKAGE.rglob("*.py"))

GROUND = {"errors", "geometry", "messages", "workspace"}
# room -> the rooms that it may import from, besides itself
ALLOWED = {
    "ground": set(),
    "forms": {"ground"},
    "reading": {"ground", "forms"},
    "simulate": {"ground", "forms", "reading"},
    "records": {"ground", "forms", "reading"},
    "reports": {"ground", "forms", "reading", "records"},
    "web": {"ground", "forms", "reading", "records", "reports"},
    "demo": {"ground", "forms", "reading", "simulate", "records", "reports"},
    "cli": {"ground", "forms", "reading", "simulate", "records", "reports", "web", "demo"},
}
NOT_IN_READING = {"sqlite3", "sqlite_utils", "time", "datetime", "random", "click"}
SQL = {"sqlite3", "sqlite_utils"}
# what a command may import before it runs
LIGHT = {"click", "omr.cli", "omr.errors", "omr.messages", *sys.stdlib_module_names}


def name_of(file: Path) -> str:
    """Return the dotted name of a module of the package."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the room of a dotted name: its first part after omr, or the ground floor."""
    first = module.split(".")[1]
    return "ground" if first in GROUND else first


@cache
def tree_of(file: Path) -> ast.Module:
    """Return the parsed module."""
    return ast.parse(file.read_text("utf-8"), str(file))


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs when a module is imported; not what only the type checker sees."""
    for statement in body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            continue
        yield statement
        for inner in ("body", "orelse", "finalbody"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from top_level([s for s in getattr(statement, inner, []) if isinstance(s, ast.stmt)])


def imported(file: Path, statements: Iterator[ast.AST]) -> Iterator[str]:
    """Yield the dotted names that these statements import; ours down to the module."""
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)}: write imports in full"
            for alias in node.names:
                inner = PACKAGE.parent.joinpath(*f"{node.module}.{alias.name}".split("."))
                is_module = inner.is_dir() or inner.with_suffix(".py").is_file()
                yield f"{node.module}.{alias.name}" if is_module else str(node.module)


def everywhere(file: Path) -> set[str]:
    """Return all that a module imports, at whatever depth."""
    return set(imported(file, ast.walk(tree_of(file))))


def at_import(file: Path) -> set[str]:
    """Return what a module imports by being imported."""
    return set(imported(file, top_level(tree_of(file).body)))


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_imports_point_one_way(file: Path) -> None:
    module = name_of(file)
    if module == "omr":
        assert not everywhere(file)
        return
    room = room_of(module)
    assert room in ALLOWED, f"{module} is in no room of docs/architecture.md"
    for other in everywhere(file):
        if other.startswith("omr."):
            assert room_of(other) in ALLOWED[room] | {room}, f"{module} imports {other}"


def test_no_two_modules_need_each_other_to_be_imported() -> None:
    names = {name_of(file) for file in MODULES}
    needs = {name_of(file): (at_import(file) & names) - {name_of(file)} for file in MODULES}
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("file", [f for f in MODULES if room_of(name_of(f) + ".") == "reading"], ids=name_of)
def test_reading_knows_no_database_no_clock_and_no_environment(file: Path) -> None:
    assert not {name.split(".")[0] for name in everywhere(file)} & NOT_IN_READING
    assert "os.environ" not in ast.unparse(tree_of(file))


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_only_the_records_know_sql(file: Path) -> None:
    if room_of(name_of(file) + ".") != "records":
        assert not {name.split(".")[0] for name in everywhere(file)} & SQL


@pytest.mark.parametrize("file", [f for f in MODULES if f.parent.name == "cli"], ids=name_of)
def test_a_command_imports_its_work_only_when_it_runs(file: Path) -> None:
    """Help, and `omr doctor`, must work where OpenCV, zbar, poppler or Tesseract is missing."""
    for name in at_import(file):
        first, second = name.split(".")[0], ".".join(name.split(".")[:2])
        assert LIGHT & {first, second}, f"{name_of(file)} imports {name} before it runs"
