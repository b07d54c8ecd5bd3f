"""One office as its command line sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from scanned import KnownMeans, Outcome, Scanner

from omr.forms.serial import Issue
from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.workspace import Workspace


class Office:
    """One office: its command line, its print runs, its scanner."""

    def __init__(self, run: Callable[..., Any], workspace: Workspace, folder: Path) -> None:
        self.workspace = workspace
        self.folder = folder
        self.scanner = Scanner(folder, None, workspace)
        self.means = KnownMeans(self.scanner)
        self._run = partial(run, means=self.means)

    def __call__(self, *words: object, code: int | None = 0) -> Any:
        """Run ``omr`` in the workspace; it must end with `code`, unless that is None."""
        ran = self._run("--workspace", self.workspace.path, *words, means=self.means)
        assert code in (None, ran.code), ran.err + ran.out
        return ran

    def json(self, *words: object, code: int | None = 0) -> Any:
        """Run ``omr … --json`` and return what it printed."""
        return self(*words, "--json", code=code).json

    def issue(self, unit: str, count: int, period: str, form: str = "DL-01") -> Issue:
        """Issue serials and return the print run."""
        target = self.folder / f"{unit}-{period}-{form}-{len(list(self.folder.iterdir()))}.pdf"
        words = ("--unit", unit, "--count", count, "--period", period)
        made = self.json("issue", form, *words, "-o", target)
        return self.runs()[made["run"]]

    def runs(self) -> dict[str, Issue]:
        """Return the print runs by name."""
        with Store.open(self.workspace.database) as store:
            return {run.run: run for run in issued(store)}

    def scan(self, *outcomes: Outcome) -> Path:
        """Write a scanned file with these pages."""
        return self.scanner.scan(f"stack-{len(list(self.folder.iterdir()))}.tif", *outcomes)
