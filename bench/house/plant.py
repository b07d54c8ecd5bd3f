"""Plant a further word in a copy of the house and count the places: is the map of CONTRIBUTING true.

    python bench house plant                  a set-aside reason, a state of a box, a kind of barcode
    python bench house plant --keep FOLDER    and leave the copies there, one commit each

Each word is written where the map says and nowhere else; then the tests that hold words, messages and tables
run in the copy. A place that the map forgot is a test that fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
from harness import OUT, ROOT, measurement, table

WALLS: Final = ("tests/test_words.py", "tests/test_messages.py", "tests/records/test_schema.py")
WORDS, CATALOGUES = "omr/words.py", "omr/catalogues"


class Copy:
    """A copy of the house as it was committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(folder)], check=True)

    def after(self, file: str, line: str, added: str) -> None:
        """Add text after the first line that begins so."""
        path = self.folder / file
        told = path.read_text("utf-8")
        found = re.search(rf"^{re.escape(line)}.*\n", told, re.MULTILINE)
        assert found, (file, line)
        path.write_text(told[: found.end()] + added + told[found.end() :], "utf-8")

    def say(self, area: str, key: str, vi: str, en: str) -> None:
        """Add a sentence to both catalogues, before the first of their tables."""
        for language, text in (("vi", vi), ("en", en)):
            path = self.folder / CATALOGUES / language / f"{area}.toml"
            path.write_text(f'{key} = "{text}"\n' + path.read_text("utf-8"), "utf-8")

    def places(self) -> list[str]:
        """Return what was touched; all catalogues, and all migrations, are one place."""
        run = ["git", "-C", str(self.folder), "status", "--porcelain", "--untracked-files=all"]
        told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        touched = {line[3:] for line in told.splitlines()}
        return sorted({CATALOGUES if one.startswith(CATALOGUES) else one for one in touched})

    def failed(self, *tests: str) -> list[str]:
        """Run tests in the copy; return those that failed."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
        )
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
        assert ran.returncode == 0 or failed, ran.stdout + ran.stderr
        return failed


def aside(copy: Copy) -> None:
    """Plant a further reason to set a slip aside: it lay under another one."""
    copy.after(WORDS, '    SPOILED = "spoiled"', '    COVERED = "covered"\n')
    copy.after(WORDS, "    Aside.SAME_SHEET: Meanwhile(", "    Aside.COVERED: Meanwhile(RULE_OF_REFUSED),\n")
    copy.say(
        "receipt", "covered", "phiếu {serial} bị phiếu khác che; tạm giữ", "slip {serial} was covered; held"
    )
    copy.say("web", "case_covered", "Phiếu bị che", "Covered slip")
    migrations = copy.folder / "omr/records/store/migrations"
    last = max(file.name for file in migrations.glob("*.sql"))
    made = (migrations / "003_slips.sql").read_text("utf-8")
    found = re.search(r"CREATE TABLE set_aside \(.*?\) STRICT;", made, re.DOTALL)
    assert found
    wider = found[0].replace("TABLE set_aside", "TABLE wider").replace("'spoiled',", "'spoiled', 'covered',")
    moved = "INSERT INTO wider SELECT * FROM set_aside;\n\nDROP TABLE set_aside;\n\n"
    text = f"-- One more reason to set a slip aside.\n\n{wider}\n\n{moved}"
    text += "ALTER TABLE wider RENAME TO set_aside;\n"
    (migrations / f"{int(last[:3]) + 1:03}_covered.sql").write_text(text, "utf-8")


def box(copy: Copy) -> None:
    """Plant a further thing that a box can say: its mark was rubbed out."""
    copy.after(WORDS, '    CANCELLED = "cancelled"', '    ERASED = "erased"\n')
    copy.after("omr/reading/overlay.py", "    BoxState.CANCELLED: ", "    BoxState.ERASED: (BLUE, 5),\n")
    copy.say("marks", "erased", "đã tẩy", "erased")


def code(copy: Copy) -> None:
    """Plant a further kind of barcode: a second QR code, left of the first."""
    copy.after(WORDS, '    QR = "qr"', '    SECOND = "second"\n')
    beside = "Carrier.SECOND: replace(self.qr, x_mm=self.qr.x_mm - 14.0)"
    path = copy.folder / "omr/geometry.py"
    told = path.read_text("utf-8")
    told = told.replace("Carrier.QR: self.qr}", f"Carrier.QR: self.qr, {beside}}}")
    path.write_text(
        told.replace("from dataclasses import dataclass", "from dataclasses import dataclass, replace")
    )
    path = copy.folder / "omr/forms/printing/carriers.py"
    told = path.read_text("utf-8")
    line = re.search(r"        SerialCode\(\n            Carrier\.QR,.*?\n        \),\n", told, re.DOTALL)
    assert line
    second = line[0].replace("Carrier.QR", "Carrier.SECOND")
    path.write_text(told[: line.end()] + second + told[line.end() :], "utf-8")


KINDS: Final[dict[str, tuple[Callable[[Copy], None], tuple[str, ...]]]] = {
    "a reason to set a slip aside": (aside, WALLS),
    "what a box can say": (box, WALLS),
    "a kind of barcode": (code, ("tests/test_words.py",)),
}


@measurement(__doc__)
@click.option("--keep", type=click.Path(path_type=Path))
def main(keep: Path | None) -> int:
    """Print one line a kind of word."""
    rows, bad = list[dict[str, object]](), 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (kind, (plant, tests)) in enumerate(KINDS.items()):
            copy = Copy((keep or Path(scratch)) / str(number))
            plant(copy)
            places, failed = copy.places(), copy.failed(*tests)
            bad += bool(failed) or len(places) > 3
            told = {"kind": kind, "places": len(places), "which": ", ".join(places)}
            rows.append({**told, "failed": ", ".join(failed) or "none"})
    table(rows, to=OUT / "planted.csv")
    return int(bad > 0)
