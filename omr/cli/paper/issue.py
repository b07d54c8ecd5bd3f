"""``omr issue``: register serials and print them, both or neither."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.cli.completing import form_names
from omr.messages import say


@click.command()
@click.argument("form", shell_complete=form_names)
@click.option("--unit", required=True)
@click.option("--count", required=True, type=click.IntRange(min=1))
@click.option("--period", required=True)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False))
@click.option("--seed", type=int)
@json_option
@click.pass_obj
def issue(
    session: Session,
    form: str,
    unit: str,
    count: int,
    period: str,
    output: str,
    seed: int | None,
    as_json: bool,
) -> None:
    """Issue serials."""
    with session.office() as office:
        printed = office.form(form)
        run = office.issue(printed, unit=unit, period=period, count=count, target=Path(output), seed=seed)
        head = office.store.head
    if seed is not None:
        click.echo(say("records.seeded"), err=True)
    first, last = run.serial(run.first), run.serial(run.last)
    if as_json:
        return print_json(
            {
                "run": run.run,
                "form": run.form,
                "unit": run.unit,
                "period": run.period,
                "first": str(first),
                "last": str(last),
                "count": run.count,
                "pdf": str(Path(output).absolute()),
                "serials": [str(serial) for serial in run.serials()],
            }
        )
    click.echo(
        say(
            "records.issued",
            run=run.run,
            count=run.count,
            form=run.form,
            unit=run.unit,
            first=first.printed,
            last=last.printed,
            pdf=output,
        )
    )
    if printed.pages > 1:
        how = say("records.print_duplex" if printed.duplex else "records.print_one_side")
        paper = {"pages": printed.pages, "sheets": printed.sheets, "all": printed.sheets * run.count}
        click.echo(say("records.issued_sheets", **paper, how=how))
    click.echo(say("receipt.head", head=head), err=True)
