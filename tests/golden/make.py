"""Make the golden workspace: what an earlier version of this program wrote, and what it answered then.

Run it with the program of that version, never with today's: ``tests/test_golden.py`` asks today's
program about what the earlier one left.

    git worktree add --detach /tmp/earlier 7b29a35
    PYTHONPATH=/tmp/earlier .venv/bin/python tests/golden/make.py tests/golden/7b29a35

An office of two units (PC06, and Lê Chân, which is dissolved before the third month) prints, gets
slips back, scans them at 200 dpi in 1 bit and reads them for three months: everyday and troublesome
respondents, a sheet scanned twice, a slip that is no slip of this office's, some spoiled, in stock and
missing, visits and electronic answers, some doubts decided and a copy refused. January is closed.

Beside it the demonstration of a few slips on all forms, TARGET-demo, without its scans.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pikepdf

import omr
from omr.cli import main

PERIODS = ("2025-01", "2025-02", "2025-03")
DEMO_PERIODS = ("2023-04",)
UNITS = {"2025-01": ("PC06", "LECHAN"), "2025-02": ("PC06", "LECHAN"), "2025-03": ("PC06",)}
PRINTED = 8
BACK = 5  # of them, the first; then one is spoiled, one in stock, one missing


def run(*words: object) -> str:
    """Run ``omr`` in this process."""
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            main(["--lang", "en", *map(str, words)])
    except SystemExit as end:
        if end.code not in (0, 3):
            raise SystemExit(f"{words}: ended with {end.code}") from end
    return out.getvalue()


class Office:
    """The command line in one workspace."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def __call__(self, *words: object) -> str:
        """Run a command and return what it printed; waiting work is no failure."""
        return run("--workspace", self.workspace, *words)

    def json(self, *words: object) -> Any:
        """Run a command and return what it said as JSON."""
        return json.loads(self(*words, "--json"))


def scanned(office: Office, printed: Path, target: Path, *, seed: int, crowd: str, pages: range) -> Path:
    """Fill and scan a printed run, and keep some of its sheets."""
    office("simulate", printed, "-o", target, "--depth", "bilevel", "--seed", seed, "--crowd", crowd)
    with pikepdf.open(target, allow_overwriting_input=True) as pdf:
        for page in reversed(range(len(pdf.pages))):
            if page not in pages:
                del pdf.pages[page]
        pdf.save(target)
    return target


def play(office: Office, folder: Path) -> None:
    """Let the office work for three months."""
    office("units", "import", "hai-phong-2023")
    for at, (period, units) in enumerate(UNITS.items()):
        for place, unit in enumerate(units):
            seed = 10 * at + place
            printed = folder / f"{unit}-{period}.pdf"
            words = ("--unit", unit, "--count", PRINTED, "--period", period, "--seed", seed)
            made = office.json("issue", "DL-01", *words, "-o", printed)
            crowd = "troublesome" if unit == "PC06" else "everyday"
            scan = folder / f"scan-{unit}-{period}.pdf"
            scanned(office, printed, scan, seed=seed, crowd=crowd, pages=range(BACK))
            office("read", scan, "--unit", unit, "--period", period, "--expect", BACK)
            serials = serials_of(office, made["run"])
            office("register", "spoil", serials[BACK], "--why", "rách", "--by", "lan")
            stock = ("--in-stock", f"{serials[BACK + 1]}..{serials[BACK + 1]}")
            count = ("--unit", unit, "--form", "DL-01", "--period", period, "--by", "lan")
            office("register", "count", *count, *stock)
    again = folder / "again.pdf"
    scanned(office, folder / "PC06-2025-02.pdf", again, seed=77, crowd="everyday", pages=range(1))
    office("read", again, "--unit", "PC06", "--period", "2025-02")
    office("read", stranger(folder), "--unit", "PC06", "--period", "2025-02")
    beside_paper(office, folder)
    decide(office)
    office("period", "close", "2025-01", "--by", "truongphong")


def serials_of(office: Office, name: str) -> list[str]:
    """Return the serials of a run, as they are printed."""
    from omr.records.register import issued
    from omr.records.store import Store

    with Store.open(office.workspace / "omr.sqlite") as store:
        (issue,) = (one for one in issued(store) if one.run == name)
        return [str(serial) for serial in issue.serials()]


def stranger(folder: Path) -> Path:
    """Return the scan of a slip that another office printed."""
    other = Office(folder / "other")
    run("init", other.workspace)
    other("units", "import", "hai-phong-2023")
    printed = folder / "other.pdf"
    words = ("--unit", "PC06", "--count", 1, "--period", "2025-02", "--seed", 99)
    other("issue", "DL-01", *words, "-o", printed)
    return scanned(other, printed, folder / "strange.pdf", seed=5, crowd="everyday", pages=range(1))


def beside_paper(office: Office, folder: Path) -> None:
    """Import visits and the answers of the electronic form."""
    visits = folder / "visits.csv"
    rows = ["unit,period,visits", *(f"{u},{p},{120 + len(u)}" for p, us in UNITS.items() for u in us)]
    visits.write_text("\n".join(rows) + "\n", "utf-8")
    office("visits", "import", visits)
    questions = [f"B{number}" for number in range(1, 11)]
    lines = [",".join(["id", "day", "unit", *questions])]
    for number in range(1, 7):
        said = [str(5 - (number + place) % 5) for place in range(10)]
        lines.append(",".join([f"r{number}", f"2025-02-{number:02}", "PC06", *said]))
    answers = folder / "answers.csv"
    answers.write_text("\n".join(lines) + "\n", "utf-8")
    office("electronic", "import", answers, "--form", "DL-01")


def decide(office: Office) -> None:
    """Decide the doubts of January and every second later one, and refuse the copy."""
    for at, item in enumerate(office.json("review", "list", "--kind", "answer")):
        closing = item["period"] == "2025-01"
        if closing or at % 2 == 0:
            answer = ("none", "multiple", "none" if closing else "undecidable")[at % 3]
            office("review", "decide", item["item"], "--answer", answer, "--by", "lan")
    for item in office.json("review", "list", "--kind", "slip", "--period", "2025-01"):
        words = ("--answer", "counts", "--by", "lan", "--why", "đã xem tờ giấy")
        office("review", "decide", item["item"], *words)
    for item in office.json("review", "list", "--kind", "held"):
        words = ("--answer", "refused", "--by", "lan", "--why", "bản sao")
        office("review", "decide", item["item"], *words)


def answered(office: Office, folder: Path, periods: Sequence[str]) -> dict[str, Any]:
    """Return what the program says about the workspace."""
    reports = {}
    for period in periods:
        target = folder / f"report-{period}"
        made = office.json("report", "--period", period, "-o", target)
        files = sorted(Path(file) for file in made["files"])
        reports[period] = {
            "figures": made["figures"],
            "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
            "csv": {f.name: f.read_text("utf-8-sig") for f in files if f.suffix == ".csv"},
        }
    return {
        "answers": office.json("answers"),
        "waiting": office.json("review", "list"),
        "reconciled": {
            period: office.json("register", "reconcile", "--period", period) for period in PERIODS
        },
        "reports": reports,
    }


def make(target: Path) -> None:
    """Write TARGET.tar.xz and TARGET-demo.tar.xz: a workspace, and the answers as ``answers.json``."""
    print(f"with {Path(omr.__file__).parent}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("init", folder / "office")
        office = Office(folder / "office")
        play(office, folder)
        told = answered(office, folder, PERIODS) | {"head": office.json("audit", "verify")}
        (office.workspace / "audit.key").unlink(missing_ok=True)
        pack(office.workspace, told, Path(f"{target}.tar.xz"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("demo", folder / "office", "--slips", 8, "--seed", 3)
        office = Office(folder / "office")
        told = answered(office, folder, DEMO_PERIODS)
        for place in office.workspace.iterdir():
            if place.is_dir():
                shutil.rmtree(place)
        pack(office.workspace, told, Path(f"{target}-demo.tar.xz"))


def pack(workspace: Path, told: dict[str, Any], target: Path) -> None:
    """Write a workspace and what was said about it into one file."""
    for companion in workspace.glob("omr.sqlite-*"):
        companion.unlink()
    answers = workspace.parent / "answers.json"
    answers.write_text(json.dumps(told, ensure_ascii=False, sort_keys=True), "utf-8")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:xz") as archive:
        archive.add(workspace, "office")
        archive.add(answers, answers.name)


if __name__ == "__main__":
    make(Path(sys.argv[1]).absolute())
