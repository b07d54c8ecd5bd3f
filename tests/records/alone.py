"""The check of an export that stands alone: docs/verify_export.py, which knows nothing of this program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from omr.records.offices.periods import parse_period
from omr.records.store.store import Store
from omr.trust.export import export

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_export.py"


def verified(file: Path, *key: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    command = [sys.executable, "-I", VERIFIER, file, *key]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def is_the_same_alone(store: Store, workspace: Path, period: str, folder: Path) -> None:
    """Hold a month's figures against those that the check computes from its rows."""
    file = folder / "export.zip"
    export(store, workspace, parse_period(period), file)
    checked = verified(file)
    assert checked.stdout.startswith("OK: "), checked.stderr
