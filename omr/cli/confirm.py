"""What the commands share that take something back: who and why, what would change, whether to go on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from omr.errors import OmrError
from omr.messages import say


def change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--by --why --dry-run --yes --json``."""
    for option in (
        click.option("--json", "as_json", is_flag=True),
        click.option("--yes", is_flag=True),
        click.option("--dry-run", "dry", is_flag=True),
        click.option("--why", required=True),
        click.option("--by", required=True),
    ):
        function = option(function)
    return function


def agreed(*, dry: bool, yes: bool) -> bool:
    """Return whether to do what was just said; a person at a terminal is asked.

    Raises
    ------
    OmrError
        If nobody can be asked, and neither ``--yes`` nor ``--dry-run`` answers.
    """
    if dry or yes:
        return yes and not dry
    if not sys.stdin.isatty():
        raise OmrError("cli.needs_yes")
    return click.confirm(say("cli.go_on"), default=False, err=True)
