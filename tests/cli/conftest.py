"""An office at the command line: forms that print quickly, stacks whose outcomes are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from offices import Office

from omr.workspace import Workspace


@pytest.fixture
def office(
    omr: Callable[..., Any],
    workspace: Workspace,
    new_register: Callable[[Workspace], None],
    tmp_path: Path,
) -> Office:
    """An office with the units of 2023, whose printer and reader stand still for nobody."""
    new_register(workspace)
    folder = tmp_path / "incoming"
    folder.mkdir()
    made = Office(omr, workspace, folder)

    made("units", "import", "hai-phong-2023")
    return made
