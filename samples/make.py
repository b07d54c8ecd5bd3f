"""Make the samples again: ``python samples/make.py [FOLDER]`` writes them beside this file, or to FOLDER.

Only commands that everybody has: a workspace, five seeded print runs, five simulated scans.
The same versions of the forms and of the simulation give the same answers and marks; the
bytes may differ with the versions of the picture libraries.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
UNITS = "hai-phong-2023"
PERIOD = "2023-04"
SLIPS = 4
# form, unit, dpi, depth, harms, seed; in this order, so that numbers and guard letters come out the same
SAMPLES = (
    ("DL-01", "PC06", 200, "grey", ("ordinary",), 1),
    ("DL-02", "PC07", 300, "bilevel", ("ordinary",), 2),
    ("DL-03", "PA08", 200, "colour", ("fold",), 3),
    ("DL-03-EN", "PA08", 200, "bilevel", ("skew", "staple-hole"), 4),
    ("DL-04", "PC08", 300, "grey", ("upside-down",), 5),
)


def omr(workspace: Path, *words: object) -> str:
    """Run one command and return what it says."""
    command = [sys.executable, str(HERE.parent / "cli.py"), "--workspace", str(workspace), *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def issue(workspace: Path) -> dict[str, Path]:
    """Make a workspace in which the samples' serials are issued; returns the printed runs by form."""
    omr(workspace, "init", workspace)
    omr(workspace, "units", "import", UNITS)
    printed = {}
    for form, unit, _, _, _, seed in SAMPLES:
        printed[form] = workspace / f"{form}.pdf"
        words = ("issue", form, "--unit", unit, "--count", SLIPS, "--period", PERIOD, "--seed", seed)
        omr(workspace, *words, "-o", printed[form])
    return printed


def make(folder: Path) -> None:
    """Write every sample and its truth, and with which forms they were printed."""
    with TemporaryDirectory() as scratch:
        workspace = Path(scratch)
        printed = issue(workspace)
        forms = {}
        for form, _, dpi, depth, harms, seed in SAMPLES:
            words = ("simulate", printed[form], "--dpi", dpi, "--depth", depth, "--seed", seed)
            omr(workspace, *words, "--harm", *harms, "-o", folder / f"{form}-{dpi}dpi-{depth}.pdf")
            forms[form] = json.loads(omr(workspace, "forms", "show", form, "--json"))["fingerprint"]
    (folder / "forms.json").write_text(json.dumps(forms, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
