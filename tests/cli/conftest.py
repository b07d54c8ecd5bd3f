"""An office at the command line: forms that print quickly, stacks whose outcomes are known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from offices import Office
from scanned import FORM, Outcome, quick_printing

from omr.forms.template import Form
from omr.reading.scan.pages import EncodedPage
from omr.workspace import Workspace


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

    reader = ModuleType("omr.reading.crew")
    reader.read_pages = read_pages  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "omr.forms.printing", quick_printing())
    monkeypatch.setitem(sys.modules, "omr.reading.crew", reader)
    monkeypatch.setattr("omr.forms.layout.find_form", find_form)
    calibration = SimpleNamespace(name="default")
    monkeypatch.setattr("omr.reading.marks.calibrate.load_calibration", lambda own: calibration)
    made("units", "import", "hai-phong-2023")
    return made
