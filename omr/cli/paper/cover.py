"""``omr cover``: the sheet that lies on top of a stack."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.cli.completing import form_names
from omr.messages import say


@click.command()
@click.option("--unit", required=True)
@click.option("--period", required=True)
@click.option("--form", required=True, shell_complete=form_names)
@click.option("--count", required=True, type=click.IntRange(min=1))
@click.option("--serials", metavar="SERIAL..SERIAL")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def cover(
    session: Session,
    unit: str,
    period: str,
    form: str,
    count: int,
    serials: str | None,
    output: Path,
    as_json: bool,
) -> None:
    """Print a cover sheet."""
    from omr.forms.printing.cover import Cover, print_cover
    from omr.forms.serial import IssuedSerials
    from omr.records.offices.periods import parse_period
    from omr.records.offices.units import find_unit
    from omr.records.register.custody import parse_span, written
    from omr.records.register.register import issued
    from omr.records.register.stock import known_form

    workspace = session.workspace()
    when = parse_period(period)
    with session.store() as store:
        serving = find_unit(store, unit, when)
        span = parse_span(IssuedSerials(issued(store)), serials) if serials else None
        sheet = Cover(
            unit=serving.unit,
            period=when.name,
            form=known_form(store, form),
            count=count,
            serials=written(store, [span]) if span else "",
        )
    print_cover(sheet, serving.name, workspace.settings.office, output)
    if as_json:
        return print_json(
            {
                "pdf": str(output.absolute()),
                "unit": sheet.unit,
                "period": sheet.period,
                "form": sheet.form,
                "count": sheet.count,
                "serials": sheet.serials,
            }
        )
    click.echo(say("cover.made", target=output))
