"""`omr report`: the month's figures as files, JSON, or a table on the terminal."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import form_label, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omr.reports.figures.statistics import Month
    from omr.reports.tables.slicing import Slice


@click.command()
@click.option("--period", required=True)
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path))
@click.option("--unit")
@click.option("--format", "formats", default="csv,xlsx,docx")
@click.option("--survey")
@click.option("--lead", is_flag=True)
@click.option("--by")
@json_option
@click.pass_obj
def report(
    session: Session,
    period: str,
    output: Path | None,
    unit: str | None,
    formats: str,
    survey: str | None,
    lead: bool,
    by: str | None,
    as_json: bool,
) -> None:
    """Write the monthly report."""
    from omr.records.offices.periods import parse_period
    from omr.records.offices.units import find_unit
    from omr.reports import monthly
    from omr.steps import at

    wanted = [name.strip().casefold() for name in formats.split(",")]
    unknown = [name for name in wanted if name not in monthly.FORMATS]
    if unknown:
        raise click.BadParameter(say("report.no_such_format", name=unknown[0]), param_hint="--format")
    if lead and (unit or output is None):
        raise click.UsageError(say("report.lead_alone"))
    if output is None and by is None:
        raise click.UsageError(say("report.no_output"))
    settings = session.workspace().settings.report
    when = parse_period(period)
    with session.store() as store:
        code = find_unit(store, unit, when).unit if unit else None
        if output is not None and by is None:
            wants = monthly.Wanted(code, survey, wanted, lead)
            made = monthly.make_report(store, when, output, settings, wants, partial(at, "reporting"))
            month, files = made.month, [*made.files, *made.annexes]
        else:
            month = monthly.gather(store, when.name, unit=code, survey=survey, settings=settings)
    if by is not None:
        return _slices(month, by, settings.smallest_cell, as_json=as_json)
    if as_json:
        return print_json(
            {
                "files": [str(file) for file in files],
                "figures": monthly.figures(month, settings.smallest_cell),
            }
        )
    pool = month.pool()
    click.echo(say("report.done", period=month.period, valid=pool.valid, returned=pool.returned))
    click.echo(say("report.overall", share=pool.overall))
    for name, forms in month.other_surveys.items():
        click.echo(say("report.other_survey", survey=name, forms=", ".join(map(form_label, forms))))
    for file in files:
        click.echo(f"  {file}")


def _slices(month: Month, by: str, smallest: int, *, as_json: bool) -> None:
    """Print the satisfied share by what was asked."""
    from omr.reports.tables.slicing import slices

    names = [name.strip().casefold() for name in by.split(",")]
    found = slices(month, names, smallest)
    if as_json:
        rows = [_as_json(names, one) for one in found]
        return print_json({"period": month.period.name, "by": names, "rows": rows})
    for line in _aligned(names, found):
        click.echo(line)


def _as_json(names: Sequence[str], one: Slice) -> dict[str, object]:
    from omr.figures import Share

    share = one.share if isinstance(one.share, Share) else None
    return {
        **dict(zip(names, one.codes, strict=True)),
        "satisfied": share.part if share else None,
        "answered": one.answered if isinstance(one.answered, int) else None,
    }


def _aligned(names: Sequence[str], found: Sequence[Slice]) -> list[str]:
    from omr.reports.tables.slicing import OF_QUESTION, OF_STRATUM, PERSONAL

    known = {*OF_STRATUM, *OF_QUESTION, *PERSONAL}
    heads = [say(f"report.by_{name}") if name in known else name.upper() for name in names]
    heads.append(say("report.by_share"))
    table = [heads, *([*one.labels, str(one.share)] for one in found)]
    widths = [max(len(row[at]) for row in table) for at in range(len(names))]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in table]
