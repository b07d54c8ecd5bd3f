"""``omr electronic``: answers of the electronic form."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.messages import say


@click.group()
def electronic() -> None:
    """Electronic slips."""


@electronic.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--form")
@click.option("--period")
@click.option("--map", "columns", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def import_(
    session: Session, file: Path, form: str | None, period: str | None, columns: Path | None, as_json: bool
) -> None:
    """Import answers of the electronic form."""
    from omr.forms.layout import find_form
    from omr.records.exchange.electronic import import_electronic, load_column_map
    from omr.records.register.periods import parse_period

    workspace = session.workspace()
    with session.store() as store:
        done = import_electronic(
            store,
            file,
            lambda name: find_form(name, workspace.forms),
            by=operator(),
            form=form or "",
            columns=load_column_map(columns) if columns else None,
            period=parse_period(period) if period else None,
        )
    if as_json:
        return print_json(asdict(done))
    click.echo(say("electronic.imported", new=done.new, known=done.known))
