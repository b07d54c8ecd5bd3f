"""A small share of `make killed`: some moments of one round, counted in steps, so that no clock decides."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"
ROUND = """
import sys
from pathlib import Path
from faults import killed
killed.warm_up()
top, seed = Path(sys.argv[1]), int(sys.argv[2])
made = killed.one_round(killed.prepare(top / "prepared"), top / "scene", seed, kills=8, timed=False)
print(dict(made.killed), made.wrong)
sys.exit(1 if made.wrong or made.killed.total() < 5 else 0)
"""


def test_killed_at_any_step_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    # In a process of its own, which may fork: this one has threads.
    command = [sys.executable, "-c", ROUND, str(tmp_path), "1"]
    surroundings = {**os.environ, "PYTHONPATH": str(BENCH)}
    ran = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
