"""One sheet from a scanner, for looking at the scanner itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.records.intake.claims import Claims, OwnedError
from omr.web.scanning.sane import ENDED, command, last_line, options, plain_words
from omr.workspace import ScannerSettings

_LONGEST_S: Final = 90.0  # a lamp that warms up, and 600 dpi


def scan_once(scanner: ScannerSettings, folder: Path, claims: Claims, name: str) -> Path:
    """Scan one sheet and return its file.

    Raises
    ------
    OmrError
        If the scanner is in use, away, or gives none.
    """
    try:
        with claims.at_once(f"scanner-{name}"):
            words = command(scanner, options(scanner.device), folder, first=1, most=1)
            ran = subprocess.run(
                words, env=plain_words(), stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_S
            )
    except OwnedError as error:
        raise OmrError("scanning.in_use") from error
    except subprocess.TimeoutExpired as error:
        raise OmrError("scanning.no_answer", seconds=round(_LONGEST_S)) from error
    file = next(iter(sorted(folder.glob("*.png"))), None)
    if file is None:
        ended = ENDED.get(ran.returncode, "failed")
        raise OmrError(f"scanning.ended_{ended}", count=0, detail=last_line(ran.stderr))
    return file
