"""MarkShark from PyPI, in an environment of its own, on its own form and mock scans."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from outside import Cost, cost_of, run_silently

NAME: Final = "MarkShark"
RELEASE: Final = "markshark==1.2.0"
TEMPLATE: Final = "60Q standard"  # 60 questions of 5 bubbles on one letter page, ArUco markers


class MarkShark:
    """A stack of its mock scans, and its one command that grades them."""

    def __init__(self, program: Path, scan: Path, dpi: int) -> None:
        self._program, self._scan, self._dpi = program, scan, dpi

    @classmethod
    def prepare(cls, scratch: Path, pages: int, dpi: int) -> MarkShark | str:
        """Install it and make its scans, now or earlier; why that cannot be, where it cannot."""
        home, folder = scratch / "markshark", scratch / f"markshark-{pages}"
        program, scan = home / "bin" / "markshark", folder / "mock_scans.pdf"
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", RELEASE]
            if subprocess.run(pip, check=False).returncode:
                shutil.rmtree(home)
                return f"{RELEASE} could not be installed from PyPI"
        if not scan.exists():
            command = [str(program), "mock-dataset", "-t", TEMPLATE, "-o", str(folder), "-n", str(pages)]
            run_silently([*command, "--dpi", str(dpi)], scratch)
        return cls(program, scan, dpi)

    def read(self) -> Cost:
        """Grade the stack; the annotated PDF of all pages that it also writes is part of the command."""
        folder = self._scan.parent / "graded"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        command = [str(self._program), "quick-grade", str(self._scan), "-t", TEMPLATE]
        command += ["--dpi", str(self._dpi), "--out-dir", str(folder), "-o", str(folder / "results.csv")]
        return cost_of([command], folder, self._scan)
