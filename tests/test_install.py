"""The wheel: all data inside, one top-level name, and commands that start where tools are missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
SHIPPED = {"omr": "omr", "templates": "omr/templates", "calibration": "omr/calibration"}
NOT_SHIPPED = ("__pycache__", "*.pyc", "README.md")
# What needs a library of the system, is slow to load, or is not wanted before the work starts.
HEAVY = ["cv2", "numpy", "pyzbar", "zxingcpp", "pytesseract", "pdf2image", "pypdfium2", "PIL"]
HEAVY += ["reportlab", "matplotlib", "docx", "xlsxwriter", "openpyxl", "sqlite_utils"]


def run(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with nothing in its environment but what is given."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={"PATH": "", "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the tree, without fetching anything."""
    source = tmp_path_factory.mktemp("source")
    for folder in SHIPPED:
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "THIRD-PARTY.md", "cli.py"):
        shutil.copy(ROOT / file, source)
    target = tmp_path_factory.mktemp("dist")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    built = run(*pip, "--wheel-dir", target, source, folder=source, PATH=os.environ["PATH"])
    assert built.returncode == 0, built.stderr
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of a fresh environment that holds the wheel and its dependencies."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    done = run(*pip, wheel, folder=place)
    assert done.returncode == 0, done.stderr
    # The dependencies are those of the environment that runs the tests; a path added this way does
    # not bring along the editable install of the checkout.
    (site,) = place.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "bin"


def test_the_wheel_holds_the_whole_tree_and_nothing_else(wheel: Path) -> None:
    wanted = set()
    for folder, place in SHIPPED.items():
        ignored = shutil.ignore_patterns(*NOT_SHIPPED)
        for parent, folders, files in os.walk(ROOT / folder):
            folders[:] = set(folders) - ignored(parent, folders)
            inside = Path(place) / Path(parent).relative_to(ROOT / folder)
            wanted |= {str(inside / file) for file in set(files) - ignored(parent, files)}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_the_wheel_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import omr; print(omr.__file__)", folder=tmp_path)
    assert str(installed.parent) in where.stdout
    listed = run(installed / "omr", "forms", "list", "--json", folder=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert {"DL-01", "DL-02", "DL-03", "DL-04"} <= {form["form"] for form in json.loads(listed.stdout)}
    version = run(installed / "omr", "--version", folder=tmp_path)
    assert metadata.version("omr") in version.stdout


def test_help_needs_nothing_but_click(wheel: Path, tmp_path: Path) -> None:
    """No OpenCV, no zbar, no poppler, no Tesseract, and an empty path."""
    bare = tmp_path / "bare"
    zipfile.ZipFile(wheel).extractall(bare)
    (bare / "click").symlink_to(Path(click.__file__).parent)
    for language, word in (("vi", "Các lệnh"), ("en", "Commands")):
        start = ("-S", "-c", "from omr.cli import main; main()")  # -S: without the installed packages
        told = run(sys.executable, *start, "--help", folder=bare, OMR_LANG=language)
        assert told.returncode == 0, told.stderr
        assert word in told.stdout


EVERY_HELP = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ImportError(f"{name} is taken away by the test")

sys.meta_path.insert(0, Absent())
import click
from omr.cli import omr

def show(command, path):
    context = click.Context(command, info_name=path)
    assert command.get_help(context)
    for name in command.list_commands(context) if isinstance(command, click.Group) else []:
        show(command.get_command(context, name), f"{path} {name}")

show(omr, "omr")
print("all shown")
"""


def test_help_of_every_command_works_without_the_heavy_libraries(installed: Path, tmp_path: Path) -> None:
    told = run(installed / "python", "-c", f"HEAVY = {HEAVY}\n{EVERY_HELP}", folder=tmp_path)
    assert told.stdout == "all shown\n", told.stderr


def test_doctor_names_the_package_of_each_missing_tool(installed: Path, tmp_path: Path) -> None:
    checked = run(installed / "omr", "doctor", "--json", folder=tmp_path)
    assert checked.returncode == 3  # done, but something waits for a person
    unwell = {check["mend"] for check in json.loads(checked.stdout)["checks"] if not check["ok"]}
    for package in ("tesseract-ocr", "poppler-utils"):
        assert any(package in mend for mend in unwell)


def test_the_locks_fit_what_the_package_asks_for() -> None:
    asked = ConfigParser()
    asked.read(ROOT / "setup.cfg", "utf-8")
    runtime = asked["options"]["install_requires"].split("\n")
    cluster = asked["options.extras_require"]["cluster"].split("\n")
    parquet = asked["options.extras_require"]["parquet"].split("\n")
    development = [
        line
        for file in ("build.in", "dev.in")
        for line in (ROOT / "requirements" / file).read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    wanted = {
        "runtime": runtime,
        "cluster": runtime + cluster,
        "parquet": runtime + parquet,
        "dev": runtime + cluster + parquet + development,
    }
    for lock, lines in wanted.items():
        text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
        pinned = dict(re.findall(r"^([a-z0-9][\w.-]*)==([^\s;]+)", text, re.MULTILINE))
        for need in map(Requirement, filter(None, lines)):
            assert need.specifier.contains(pinned.get(need.name, "0")), f"{lock}.txt: run make lock ({need})"
        for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:
            assert "--hash=sha256:" in entry, entry
