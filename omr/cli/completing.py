"""What Tab offers besides commands, options and their values: names that the office's folder knows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from omr.errors import OmrError


def form_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the forms whose names begin as typed, the built-in ones and the office's own.

    The register stays closed: a shell that asks at every Tab may not migrate it, nor wait for it.
    """
    from omr.forms import layout
    from omr.workspace import Workspace

    own = None
    with suppress(OmrError, OSError):  # no workspace, or one that is not ours
        own = Workspace.open(Path(ctx.find_root().params["workspace"])).forms
    typed = incomplete.upper().replace("Đ", "D")
    return [name for name in layout.form_names(own) if name.startswith(typed)]
