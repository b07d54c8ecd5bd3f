"""An office at the command line: forms that print quickly, stacks whose outcomes are known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from scanned import FORM, Outcome, Scanner, quick_printing

from omr.forms.serial import Issue
from omr.forms.template import Form
from omr.reading.pages import EncodedPage
from omr.records.register import issued
from omr.records.store import Store
from omr.workspace import Workspace


class Office:
    """One office: its command line, its print runs, its scanner."""

    def __init__(self, run: Callable[..., Any], workspace: Workspace, folder: Path) -> None:
        self._run = run
        self.workspace = workspace
        self.folder = folder
        self.scanner = Scanner(folder, None, workspace)  # type: ignore[arg-type]

    def __call__(self, *words: object, code: int = 0) -> Any:
        """Run ``omr`` in the workspace; it must end with `code`."""
        ran = self._run("--workspace", self.workspace.path, *words)
        assert ran.code == code, ran.err + ran.out
        return ran

    def json(self, *words: object, code: int = 0) -> Any:
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


@pytest.fixture
def office(
    omr: Callable[..., Any], workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Office:
    """An office with the units of 2023, whose printer and reader stand still for nobody."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    made = Office(omr, workspace, folder)

    def find_form(name: str, own: Path) -> Form:
        return replace(FORM, form=name, digit=int(name[-1]))

    def read_pages(pages: Iterable[EncodedPage], *_: object, **__: object) -> Iterator[Outcome]:
        return made.scanner.read(pages)

    reader = ModuleType("omr.reading.batch")
    reader.read_pages = read_pages  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "omr.forms.printing", quick_printing())
    monkeypatch.setitem(sys.modules, "omr.reading.batch", reader)
    monkeypatch.setattr("omr.forms.layout.find_form", find_form)
    calibration = SimpleNamespace(name="default")
    monkeypatch.setattr("omr.reading.calibrate.load_calibration", lambda own: calibration)
    made("units", "import", "hai-phong-2023")
    return made
