"""The house's walls: imports point one way, and the reading room knows no database and no clock."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PACKAGE = Path(__file__).parent.parent / "omr"
MODULES = sorted(PACKAGE.rglob("*.py"))
SETUP = PACKAGE.parent / "setup.cfg"

# what many modules speak to, because it is a language of the house; everything else has one door
LANGUAGES = {"click", "markupsafe", "numpy", "opencv-python", "pillow", "pydantic", "reportlab", "starlette"}
LANGUAGES |= {
    "cryptography",
    "jinja2",  # pages of the desks, and the form as a page of its own
    "matplotlib",
    "pikepdf",
    "pypdfium2",
    "pytesseract",
    "python-docx",
    "sqlite-utils",
    "xlsxwriter",  # the report's workbook, and XLSForms
    "zxing-cpp",
}
SQL = {"sqlite3", "sqlite_utils"}
SQL_TEXT = re.compile(
    r"^\s*(SELECT\s+\S|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|PRAGMA\s+\w|WITH\s+\w+\s+AS"
    r"|CREATE\s+(TABLE|VIEW|INDEX|TRIGGER)|BEGIN\s+IMMEDIATE)|\bSELECT\b.*\bFROM\b",
    re.DOTALL,
)
# the accounts are a database of their own; a signed export is one that is checked without this program
SQL_ROOMS = {file for room in ("records", "trust") for file in (PACKAGE / room).rglob("*.py")}
SQL_ROOMS |= set((PACKAGE / "web/people").glob("*.py"))
# `omr calibrate` and `omr marks` show a calibration and read no page
SHOW_A_CALIBRATION = ("omr.cli.scans.calibrate", "omr.cli.scans.marks")
# what a command may import before it runs
LIGHT = {"click", "omr.cli", "omr.clock", "omr.errors", "omr.log", "omr.messages", *sys.stdlib_module_names}


def name_of(file: Path) -> str:
    """Return the dotted name of a module of the package."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the room of a dotted name: its first part after omr."""
    return module.split(".")[1]


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


def test_every_import_points_down() -> None:
    """Rooms, floors, circles, and what reading must not know: the contracts in setup.cfg.

    A program of its own: as it begins it disables every logger there is, also those of later tests.
    """
    told = "from importlinter.cli import lint_imports_command as main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", told, str(SETUP), "--no-cache", "--no-logo"],
        cwd=SETUP.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_public_names_are_there_and_cost_nothing() -> None:
    import omr

    assert all(getattr(omr, name) is not None for name in omr.__all__)
    assert set(omr.__all__) <= set(dir(omr))
    assert not [name for name in at_import(PACKAGE / "__init__.py") if name.startswith("omr")]
    told = "import sys, omr; print(sorted(name for name in sys.modules if name.startswith('omr.')))"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def requirements() -> set[str]:
    """Return the names of what setup.cfg requires, with the extras."""
    setup = ConfigParser()
    setup.read(SETUP, "utf-8")
    lists = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    return {Requirement(line).name for text in lists for line in text.split("\n") if line}


def users() -> dict[str, set[str]]:
    """Return for each distribution that we import the modules that do."""
    found: dict[str, set[str]] = {}
    distributions = metadata.packages_distributions()
    for file in MODULES:
        for name in {name.split(".")[0] for name in everywhere(file)} - sys.stdlib_module_names - {"omr"}:
            for distribution in distributions.get(name, [name]):
                found.setdefault(distribution.lower().replace("_", "-"), set()).add(name_of(file))
    return found


def test_what_is_required_is_imported_and_what_is_imported_is_required() -> None:
    assert set(users()) == requirements()


def test_every_library_has_one_door() -> None:
    doors = {name: modules for name, modules in users().items() if name not in LANGUAGES}
    assert {name: modules for name, modules in doors.items() if len(modules) > 1} == {}


# what only the hall puts together: a reader's desk, the serials it knows, a stack into a batch
ASSEMBLY = {"Desk", "take_in", "load_calibration", "PageRows"}
# where they are made, and who tries pages out without a register
MAKERS = ("reading", "records", "means", "office", "simulate")


def test_only_the_hall_assembles_what_reading_needs() -> None:
    """Command line, desks, worker and demonstration enter through `omr.office`, and so read alike."""
    for file in MODULES:
        if name_of(file) in ("omr", "omr.web.frame.desks") or room_of(name_of(file)) in MAKERS:
            continue
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            for node in ast.walk(tree_of(file))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
        }
        shown = {"load_calibration"} if name_of(file) in SHOW_A_CALIBRATION else set()
        assert not called & ASSEMBLY - shown, name_of(file)


# what the ground floor does, as it looks in code -> the modules where it may stand, and why
ON_THE_GROUND = {
    r"\bfsync\(|\bFileLock\(|\bflock\(|msvcrt\.": {"omr.files"},
    r"\bcsv\.(reader|DictReader)\(": {"omr.tables_in"},
    r"\bload_workbook\b|\bopen_workbook\b": {"omr.workbooks"},
    # units: tones tell two names apart; handwriting: writes the signs of a letter one by one
    r"normalize\(\"NFK?D\"": {"omr.text", "omr.records.offices.units", "omr.simulate.handwriting"},
    r"language\(\) == |%d/%m|replace\(\"\.\", \",\"\)": {"omr.clock", "omr.text", "omr.web.frame.pages"},
    r"\.write_(text|bytes)\(": {
        "omr.files",
        "omr.workspace",
        "omr.simulate.scans",
    },  # new files that nobody waits for
}


@pytest.mark.parametrize("pattern", ON_THE_GROUND)
def test_what_the_ground_floor_does_is_done_nowhere_else(pattern: str) -> None:
    """Files that appear whole, locks, tables from outside, folded text, numbers and days."""
    found = {name_of(file) for file in MODULES if re.search(pattern, file.read_text("utf-8"))}
    assert found <= ON_THE_GROUND[pattern]


def test_reading_looks_at_no_environment() -> None:
    for file in (PACKAGE / "reading").rglob("*.py"):
        assert "os.environ" not in ast.unparse(tree_of(file)), file


def test_only_the_records_know_sql() -> None:
    """By their imports and by their texts: a query in a desk is a hole in the wall, whoever runs it."""
    for file in MODULES:
        if file in SQL_ROOMS:
            continue
        assert not {name.split(".")[0] for name in everywhere(file)} & SQL, file
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not SQL_TEXT.search(node.value), f"{name_of(file)}:{node.lineno}"


def test_the_search_for_sql_finds_it() -> None:
    queries = [
        "SELECT 1",
        " SELECT max(event) FROM events",
        "INSERT INTO a VALUES (1)",
        "PRAGMA user_version",
    ]
    assert all(map(SQL_TEXT.search, [*queries, "DELETE FROM a", "UPDATE a SET b = 1", "CREATE VIEW a AS"]))
    assert not any(map(SQL_TEXT.search, ["Select a file", "create view", "UPDATE", "what to SELECT"]))


def test_a_command_imports_its_work_only_when_it_runs() -> None:
    """Help, and `omr doctor`, must work where OpenCV, zbar, poppler or Tesseract is missing."""
    for file in (PACKAGE / "cli").rglob("*.py"):
        for name in at_import(file):
            first, second = name.split(".")[0], ".".join(name.split(".")[:2])
            assert LIGHT & {first, second}, f"{name_of(file)} imports {name} before it runs"


def test_every_room_is_in_the_wheel() -> None:
    """`setup.cfg` names the packages one by one; a room that it lacks is there in a checkout alone."""
    config = ConfigParser()
    config.read(SETUP, "utf-8")
    named = set(config["options"]["packages"].split()) - {"omr.templates", "omr.calibration"}
    assert named == {name_of(file) for file in MODULES if file.name == "__init__.py"}
