"""``omr visits``: how many people came to the counters."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.messages import say


@click.group()
def visits() -> None:
    """Visits."""


@visits.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--period")
@json_option
@click.pass_obj
def import_(session: Session, file: Path, period: str | None, as_json: bool) -> None:
    """Import visits."""
    from omr.records.register.periods import parse_period
    from omr.records.register.visits import import_visits

    when = parse_period(period) if period else None
    with session.store() as store:
        count = import_visits(store, file, by=operator(), period=when)
    if as_json:
        return print_json({"imported": count})
    click.echo(say("visits.imported", count=count))
