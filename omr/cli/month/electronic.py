"""``omr electronic``: answers of the electronic form come in, are listed, are taken back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr import clock
from omr.cli.common import Session, json_option, print_json
from omr.cli.completing import form_names
from omr.cli.confirm import agreed, change_options
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.exchange.electronic import Imported

LINES_SHOWN = 10


@click.group()
def electronic() -> None:
    """Electronic slips."""


@electronic.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--form", shell_complete=form_names)
@click.option("--revision")
@click.option("--period")
@click.option("--days", type=click.Choice(["dmy", "mdy"]))
@click.option("--map", "columns", type=click.Path(path_type=Path))
@click.option("--dry-run", "dry", is_flag=True)
@json_option
@click.pass_obj
def import_(
    session: Session,
    file: Path,
    form: str | None,
    revision: str | None,
    period: str | None,
    days: str | None,
    columns: Path | None,
    dry: bool,
    as_json: bool,
) -> int:
    """Import answers of the electronic form."""
    from omr.forms.template import Form
    from omr.records.exchange.electronic import import_electronic, load_column_map
    from omr.records.exchange.moments import Order
    from omr.records.offices.periods import parse_period
    from omr.records.register.register import printed_revision

    with session.office() as office:

        def find(name: str) -> Form:
            return printed_revision(office.store, name, revision) if revision else office.form(name)

        done = import_electronic(
            office.store,
            file,
            find,
            by=office.by,
            form=form or "",
            columns=load_column_map(columns) if columns else None,
            period=parse_period(period) if period else None,
            order=Order(days) if days else None,
            today=clock.today(),
            dry=dry,
        )
    if as_json:
        print_json({**asdict(done), "dry_run": dry})
    else:
        _show(done, period or "", dry=dry)
    return 3 if done.refused else 0


def _show(done: Imported, period: str, *, dry: bool) -> None:
    click.echo(
        say("electronic.would_import" if dry else "electronic.imported", new=done.new, known=done.known)
    )
    for month, count in done.months.items():
        click.echo("  " + say("electronic.month", period=month, count=count))
    for unit, count in done.units.items():
        click.echo("  " + say("electronic.unit", unit=unit, count=count))
    for file, count in done.overlaps.items():
        click.echo(say("electronic.overlap", file=file, count=count))
    if done.unasked:
        click.echo(say("electronic.unasked", questions=", ".join(done.unasked)))
    if done.refused:
        lines = [say("electronic.refused_line", line=line, day=day) for line, day in done.refused_lines]
        shown = lines[:LINES_SHOWN]
        if len(lines) > len(shown):
            shown.append(say("electronic.more", count=len(lines) - len(shown)))
        click.echo(say("electronic.refused", count=done.refused, period=period, lines=", ".join(shown)))


@electronic.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List what was imported."""
    from omr.clock import moment
    from omr.records.exchange.electronic import imports

    with session.store() as store:
        found = imports(store)
    if as_json:
        return print_json([asdict(one) for one in found])
    for one in found:
        words = asdict(one) | {"months": ", ".join(one.months), "units": ", ".join(one.units)}
        words["at"] = moment(one.at)
        line = say("electronic.import", **words)
        if one.withdrawn:
            line += "  " + say("electronic.import_withdrawn", why=one.withdrawn)
        click.echo(line)


@electronic.command()
@click.argument("number", type=int)
@change_options
@click.pass_obj
def withdraw(session: Session, number: int, by: str, why: str, dry: bool, yes: bool, as_json: bool) -> None:
    """Take back an import."""
    from omr.cli.person import office_of
    from omr.records.exchange.electronic import find_import, withdraw_import
    from omr.words import Role

    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        store = office.store
        found = find_import(store, number)
        where = {"months": ", ".join(found.months), "units": ", ".join(found.units)}
        words = {"number": number, "file": found.file, "responses": found.responses, **where}
        click.echo(say("electronic.would_withdraw", **words), err=True)
        done = agreed(dry=dry, yes=yes)
        if done:
            withdraw_import(store, number, by=office.by, why=why)
    if as_json:
        return print_json({"withdrawn": found.number if done else None, "responses": found.responses})
    if done:
        click.echo(say("electronic.withdrawn", number=number, file=found.file, responses=found.responses))
