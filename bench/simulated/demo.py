"""The demonstration on many seeds: ``python bench simulated demo [FIRST LAST]``, by default 1 to 20.

Prints one line per seed and keeps the workspace of every seed with a wrong answer for looking at.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import click
from harness import OUT, ROOT, measurement, table, upper_bound

FOLDER = OUT / "demo-seeds"
COLUMNS = ("pages", "read", "rejected", "to_review", "misread", "positions", "seconds", "decode_ratio")


@measurement(__doc__)
@click.argument("first", default=1)
@click.argument("last", default=20)
def main(first: int, last: int) -> int:
    """Run the seeds; 1 where an answer was misread or a page refused that should be read."""
    lines: list[dict[str, object]] = []
    wrong = []
    for seed in range(first, last + 1):
        workspace = FOLDER / str(seed)
        shutil.rmtree(workspace, ignore_errors=True)
        command = [
            sys.executable,
            str(ROOT / "cli.py"),
            "demo",
            str(workspace),
            "--seed",
            str(seed),
            "--json",
        ]
        shown = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        lines.append({"seed": seed, **{name: shown[name] for name in COLUMNS}})
        print(lines[-1], file=sys.stderr, flush=True)
        # One forged slip is to be refused; more needs a look.
        faults = shown["misread_answers"] + [
            f"{n} {why}" for why, n in shown["rejected_reasons"].items() if n > 1
        ]
        faults += [why for why in shown["rejected_reasons"] if why != "serial_unknown"]
        wrong += [f"seed {seed}: {fault}" for fault in faults]
        if not faults:
            shutil.rmtree(workspace)
    sums = {name: round(sum(line[name] for line in lines), 1) for name in COLUMNS}
    table([*lines, {"seed": "all", **sums}], to=OUT / "demo-seeds.csv")
    answers = int(sums["positions"])
    print(f"misread {sums['misread']} of {answers}, at most {upper_bound(int(sums['misread']), answers):.1e}")
    print("\n".join(wrong))
    return 1 if wrong else 0
