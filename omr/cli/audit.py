"""``omr audit``: proof that the figures are what the paper says."""

from __future__ import annotations

import click

from omr.cli.sample import enter, sample


@click.group()
def audit() -> None:
    """Prove the figures."""


audit.add_command(sample)
audit.add_command(enter)
