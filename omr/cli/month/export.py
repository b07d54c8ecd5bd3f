"""``omr export``: what counts today as Parquet."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError
from omr.messages import say


@click.command()
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path))
@click.option("--ask", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--period")
@json_option
@click.pass_obj
def export(
    session: Session, output: Path | None, ask: Path | None, period: str | None, as_json: bool
) -> None:
    """Export slips and answers, or a small database for asking."""
    if (output is None) == (ask is None):
        raise click.UsageError(say("parquet.one_of"))
    if ask is not None:
        return _ask(session, ask, as_json)
    assert output is not None  # one of the two
    if find_spec("pyarrow") is None:
        raise OmrError("parquet.not_installed")
    from omr.records.month.parquet import export
    from omr.records.offices.periods import parse_period

    when = parse_period(period).name if period else None
    with session.store() as store:
        made = export(store, output, period=when)
    if as_json:
        files = [str(file) for file in made.files]
        return print_json({"slips": made.slips, "answers": made.answers, "files": files})
    click.echo(say("parquet.done", slips=made.slips, answers=made.answers, folder=output))
    click.echo(say("parquet.every_slip"))


def _ask(session: Session, target: Path, as_json: bool) -> None:
    from omr.records.exchange.asking import write_asking_copy

    with session.store() as store:
        made = write_asking_copy(store, target)
    if as_json:
        return print_json({"file": str(target), "periods": list(made.periods), "rows": made.rows})
    click.echo(say("parquet.asked", periods=len(made.periods), rows=made.rows, file=target))
    click.echo(say("parquet.every_cell"))
