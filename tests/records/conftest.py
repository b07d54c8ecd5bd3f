"""A register with one small form and a printer that is quick."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scanned import FORM, Scanner, quick_print

from omr.forms.serial import Issue
from omr.forms.template import Form
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.register.register import issue
from omr.records.store.store import Store
from omr.workspace import Workspace


@pytest.fixture
def form() -> Form:
    return FORM


@pytest.fixture
def store(workspace: Workspace, new_register: Callable[[Workspace], None]) -> Iterator[Store]:
    """A database with the units of 2023."""
    new_register(workspace)
    with Store.open(workspace.database) as opened:
        shipped = shipped_units("hai-phong-2023")
        assert shipped is not None
        import_units(opened, read_units(shipped.read_bytes()), by="test")
        yield opened


@pytest.fixture
def issued_run(store: Store, tmp_path: Path) -> Callable[..., Issue]:
    """Issue serials; every run gets a file of its own."""

    def run(count: int = 20, unit: str = "PC06", period: str = "2026-11", form: Form = FORM) -> Issue:
        number = store.value("SELECT count(*) FROM runs")
        target = tmp_path / f"run-{number}.pdf"
        return issue(
            store,
            form,
            unit=unit,
            period=period,
            count=count,
            target=target,
            by="test",
            seed=7,
            print_forms=quick_print,
        )

    return run


@pytest.fixture
def scanner(tmp_path: Path, store: Store, workspace: Workspace) -> Scanner:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return Scanner(folder, store, workspace)
