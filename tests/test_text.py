"""Every text file of the project: one encoding, one form of Vietnamese, nothing left undone."""

from __future__ import annotations

import re
import tokenize
import unicodedata
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("omr", "templates", "calibration", "samples", "bench", "docs", "tests", "requirements", ".ci")
TEXT = {".py", ".toml", ".md", ".html", ".css", ".js", ".json", ".csv", ".cfg", ".in", ".txt", ".sql", ".svg"}
FOREIGN = ("static", "vendor", "fonts")  # folders with files of others, kept as they came


def own(file: Path) -> bool:
    """Return whether a file is a text of this project's."""
    inside = file.relative_to(ROOT).parts
    return file.is_file() and file.suffix in TEXT and not set(inside) & {*FOREIGN, "__pycache__"}


FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*") if own(file))
TOP = "Makefile README.md CONTRIBUTING.md CHANGELOG.md THIRD-PARTY.md LICENSE setup.cfg pyproject.toml"
FILES += [ROOT / top for top in (*TOP.split(), ".gitignore", ".ci/run", ".pre-commit-config.yaml")]
MODULES = [file for file in FILES if file.suffix == ".py"]


def name(file: Path) -> str:
    """Return the path as it is written in the project."""
    return str(file.relative_to(ROOT))


def test_text_is_utf8_nfc_with_plain_line_ends() -> None:
    for file in FILES:
        data = file.read_bytes()
        text = data.decode("utf-8")
        assert unicodedata.is_normalized("NFC", text), name(file)
        assert b"\r" not in data, name(file)
        assert not text or text.endswith("\n"), name(file)
        assert not text.startswith("\ufeff"), name(file)


def test_nothing_is_left_undone() -> None:
    for file in MODULES:
        with file.open("rb") as source:
            comments = [t.string for t in tokenize.tokenize(source.readline) if t.type == tokenize.COMMENT]
        for comment in comments:
            assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", comment), name(file)


def test_no_module_is_a_drawer_for_everything() -> None:
    for file in MODULES:
        drawer = {"utils", "util", "helpers", "helper", "models", "constants", "misc", "types"}
        assert not name(file).startswith("omr/") or file.stem not in drawer, name(file)


def test_what_the_type_checker_passes_over_says_why() -> None:
    """Of the package: nothing else is checked for types."""
    passed_over = re.compile("# type: " + r"ignore(.*)")
    for file in MODULES:
        for why in passed_over.findall(file.read_text("utf-8")) if file.is_relative_to(ROOT / "omr") else ():
            assert re.match(r"\[[a-z-]+\]  # \S", why), f"{name(file)}: a code, and behind it the reason"
