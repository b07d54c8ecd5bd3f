"""Do the tests notice when the core says something else? mutmut changes it, line by line: ``make mutants``.

Each module below is mutated in a copy of the tree, one change at a time, and its own tests are run
against each. A change that no test notices survives and is printed: a test is missing there, or
the change means nothing (docs/mutants.md says which). Results are kept under ``out/mutants``, and a
run goes on where it stopped; ``--module serial`` runs one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from harness import OUT, ROOT, measurement, path_option, workers_option

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
        "omr/reading/marks/decide.py", ("tests/reading/test_decide.py", "tests/reading/test_put_together.py")
    ),
    "reconcile": Core("omr/records/month/reconcile.py", ("tests/records/test_books.py",)),
    "tallies": Core("omr/records/counts/tallies.py", ("tests/records/test_tallies.py",)),
    "chain": Core(
        "omr/records/store/chain.py", ("tests/records/test_audit.py", "tests/records/test_rollback.py")
    ),
}
KILLED: Final = ("killed", "timeout", "segfault", "suspicious", "caught by type check")
PATIENCE: Final = {"timeout_constant": 60, "timeout_multiplier": 5}  # a busy machine kills no mutant


@measurement(__doc__)
@click.option("--module", "modules", type=click.Choice(list(CORES)), multiple=True, default=list(CORES))
@workers_option
@path_option("--out", default=OUT / "mutants")
def main(modules: tuple[str, ...], workers: int, out: Path) -> None:
    """Run the modules that were asked for and print what became of their mutants."""
    for name in modules:
        folder = out.absolute() / name
        run(CORES[name], folder, workers)
        told = results(folder)
        done = {key: state for key, state in told.items() if state not in ("not checked", "no tests")}
        killed = sum(state in KILLED for state in done.values())
        left = Counter(told.values())
        print(f"{name}: {killed} of {len(done)} killed ({killed / max(1, len(done)):.1%}), {dict(left)}")
        for key in sorted(key for key, state in done.items() if state == "survived"):
            print(f"  survived: {key}")
        sys.stdout.flush()


def run(core: Core, folder: Path, children: int) -> None:
    """Mutate one module in a copy of the tree."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        for name in COPIED:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / name)
        (folder / "setup.cfg").write_text(configured(core), encoding="utf-8")
    with (folder / "mutmut.log").open("ab") as log:
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(children)]
        subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False)


def configured(core: Core) -> str:
    """Return the settings of the copy: what is mutated, and by which tests it is judged."""
    lines = {
        "source_paths": ["omr/"],
        "only_mutate": [core.file],
        "pytest_add_cli_args_test_selection": list(core.tests),
        "also_copy": [name for name in COPIED if name not in ("omr", "setup.cfg")],
    }
    section = "".join(
        f"{key}=\n" + "".join(f"    {value}\n" for value in values) for key, values in lines.items()
    )
    patience = "".join(f"{key}={value}\n" for key, value in PATIENCE.items())
    return f"{(ROOT / 'setup.cfg').read_text('utf-8')}\n[mutmut]\n{section}{patience}"


def results(folder: Path) -> dict[str, str]:
    """Return what became of every mutant."""
    command = [sys.executable, "-m", "mutmut", "results", "--all", "true"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    return dict(re.findall(r"^\s+(\S+): (.+)$", told, re.MULTILINE))
