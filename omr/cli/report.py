"""`omr report`: the month's figures as files, JSON or lines."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say


@click.command()
@click.option("--period", required=True)
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--unit")
@click.option("--format", "formats", default="csv,xlsx,docx")
@json_option
@click.pass_obj
def report(
    session: Session, period: str, output: Path, unit: str | None, formats: str, as_json: bool
) -> None:
    """Write the monthly report."""
    from omr.records.store import Store
    from omr.reports import monthly

    wanted = [name.strip().casefold() for name in formats.split(",")]
    unknown = [name for name in wanted if name not in monthly.FORMATS]
    if unknown:
        raise click.BadParameter(say("report.no_such_format", name=unknown[0]), param_hint="--format")
    workspace = session.workspace()
    with Store.open(workspace.database) as store:
        month = monthly.gather(store, period, unit=unit)
        before = monthly.gather(store, month.period.preceding.name, unit=unit)
    files = monthly.write(month, before, output, wanted, workspace.settings.report)
    figures = monthly.figures(month)
    if as_json:
        print_json({"files": [str(file) for file in files], "figures": figures})
        return
    pool = month.pool()
    click.echo(say("report.done", period=month.period, valid=pool.valid, returned=pool.returned))
    click.echo(say("report.overall", share=pool.overall))
    for file in files:
        click.echo(f"  {file}")
