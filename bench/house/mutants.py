"""Do the tests notice when the core says something else? mutmut changes it, line by line: ``make mutants``.

Each module below is mutated in a copy of the tree, one change at a time, and its own tests are run
against each (`at_the_call`). A change that no test notices survives and is printed: a test is missing
there, or the change means nothing (docs/mutants.md says which). Results are kept under ``out/mutants``,
and a run goes on where it stopped, also with tests that were added since; ``--module serial`` runs one.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from harness import OUT, ROOT, measurement, path_option

COPIED: Final = ("omr", "templates", "calibration", "tests", "docs", "pyproject.toml", "setup.cfg")


@dataclass(frozen=True)
class Core:
    """One module and the tests that are its own."""

    file: str
    tests: tuple[str, ...]


CORES: Final = {
    "serial": Core(
        "omr/forms/serial.py", ("tests/forms/test_serial.py", "tests/forms/test_serial_bounds.py")
    ),
    "validity": Core("omr/records/counts/validity.py", ("tests/records/test_validity.py",)),
    "statistics": Core(
        "omr/reports/figures/statistics.py",
        ("tests/reports/test_statistics.py", "tests/reports/test_one_unit.py"),
    ),
    "decide": Core(
        "omr/reading/marks/decide.py", ("tests/reading/test_judges.py", "tests/reading/test_put_together.py")
    ),
    "reconcile": Core("omr/records/month/reconcile.py", ("tests/records/test_books.py",)),
    "tallies": Core(
        "omr/records/counts/tallies.py",
        ("tests/records/test_counting.py", "tests/records/test_tallies.py", "tests/records/test_applying.py"),
    ),
    "chain": Core("omr/records/proof/chain.py", ("tests/records/test_chain.py",)),
}
# Of mutmut's copies of a function, the one without a change; its trampoline writes down what is called.
_ORIGINAL: Final = "orig"
# A register waits for the disk after every event; what is thrown away a second later need not.
_MEMORY: Final = Path("/dev/shm")
_COLUMN: Final = re.compile(r'row\["\w+"\]')


@measurement(__doc__)
@click.option("--module", "modules", type=click.Choice(list(CORES)), multiple=True, default=list(CORES))
@path_option("--out", default=OUT / "mutants")
def main(modules: tuple[str, ...], out: Path) -> None:
    """Run the modules that were asked for and print what became of their mutants."""
    for name in modules:
        tell(name, *run(CORES[name], out.absolute() / name))


def tell(name: str, changed: Path, functions: dict[str, str], found: dict[str, dict[str, list[str]]]) -> None:
    """Print how many mutants of a module its tests noticed, and what the others change."""
    tried = {mutant for some in found["tried"].values() for mutant in some} | set(found["killed"])
    called = {functions[mutant] for mutant in tried if mutant in functions}
    reached = {mutant for mutant, function in functions.items() if function in called}
    left = sorted(reached - set(found["killed"]))
    killed = len(reached) - len(left)  # among the left, too, what is the same for SQLite
    unreached = len(functions) - len(reached)
    share = killed / max(1, len(reached))
    print(f"{name}: {killed} of {len(reached)} killed ({share:.1%}); {unreached} more reached by no test")
    sources = _sources(changed)
    for mutant in left:
        print(f"  survived: {mutant.rpartition('.')[2]}")
        for line in _change(sources, mutant):
            print(f"    {line}")
    for function in sorted({functions[mutant] for mutant in functions if mutant not in reached}):
        print(f"  reached by no test: {function.rpartition('.')[2]}")
    sys.stdout.flush()


def run(core: Core, folder: Path) -> tuple[Path, dict[str, str], dict[str, dict[str, list[str]]]]:
    """Mutate one module in a copy of the tree and try its tests; return the mutants and what was found.

    Returns
    -------
    changed : Path
        The module with all its mutants.
    functions : dict
        The function that each mutant is one of.
    found : dict
        ``killed``: by which test; ``tried``: by test, what it did not kill.
    """
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name, mangled_name_from_mutant_name

    source, kept = (ROOT / core.file).read_text("utf-8"), folder / "results.json"
    if folder.is_dir() and (folder / "source.py").read_text("utf-8") != source:
        shutil.rmtree(folder)
    for name in COPIED:
        copied = ROOT / name
        if copied.is_dir():
            shutil.copytree(copied, folder / name, dirs_exist_ok=True)
        else:
            shutil.copy(copied, folder / name)
    with (folder / "setup.cfg").open("a", encoding="utf-8") as settings:
        settings.write("\n[mutmut]\nsource_paths=omr/\n")
    with chdir(folder):  # mutmut looks for its settings there
        made = mutate_file_contents(core.file, source)
    (folder / "source.py").write_text(source, "utf-8")
    (folder / core.file).write_text(made.code, "utf-8")
    names = [get_mutant_name(Path(core.file), name) for name in made.mutant_names]
    functions = {name: mangled_name_from_mutant_name(name) for name in names}
    sources = _sources(folder / core.file)
    tried = {name: function for name, function in functions.items() if not _is_same(sources, name)}
    with (
        tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as scratch,
        (folder / "tests.log").open("wb") as log,
    ):
        asked = ["-q", "-p", "no:cacheprovider", f"--basetemp={scratch}/tests", *core.tests]
        inside = (
            f"import sys; sys.path[:0] = ['.', {str(Path(__file__).parent)!r}]; from pathlib import Path; "
            f"import at_the_call; at_the_call.main({asked!r}, mutants={tried!r}, kept=Path({str(kept)!r}))"
        )  # what changes nothing is not tried, and survives
        subprocess.run([sys.executable, "-c", inside], cwd=folder, stdout=log, stderr=log, check=False)
    return folder / core.file, functions, json.loads(kept.read_text("utf-8"))


def _sources(changed: Path) -> dict[str, list[str]]:
    """Return the lines of every function of a module, by its name."""
    text = changed.read_text("utf-8")
    lines = text.splitlines()
    found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    return {node.name: lines[node.lineno - 1 : node.end_lineno] for node in found}


def _is_same(sources: dict[str, list[str]], mutant: str) -> bool:
    """Whether a mutant only writes the name of a column otherwise: for SQLite that is the same name."""
    changed = [line[1:].strip() for line in _change(sources, mutant)]
    return (
        len(set(changed)) == 2
        and len({_COLUMN.sub(lambda name: name[0].lower(), one) for one in changed}) == 1
    )


def _change(sources: dict[str, list[str]], mutant: str) -> list[str]:
    """Return the lines that a mutant changes."""
    name = mutant.rpartition(".")[2]
    original = f"{name.rpartition('_')[0]}_{_ORIGINAL}"
    lines = difflib.unified_diff(sources.get(original, [])[1:], sources.get(name, [])[1:], n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]
