"""``omr visits``: how many people came to the counters."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.cli.confirm import agreed, change_options
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
    from omr import clock
    from omr.records.offices.periods import parse_period
    from omr.records.offices.visits import import_visits

    when = parse_period(period) if period else None
    with session.store() as store:
        count = import_visits(store, file, by=operator(), today=clock.today(), period=when)
    if as_json:
        return print_json({"imported": count})
    click.echo(say("visits.imported", count=count))


@visits.command()
@click.option("--unit", required=True)
@click.option("--period", required=True)
@change_options
@click.pass_obj
def withdraw(
    session: Session, unit: str, period: str, by: str, why: str, dry: bool, yes: bool, as_json: bool
) -> None:
    """Take back a count of visits."""
    from omr.cli.person import office_of
    from omr.records.offices.periods import parse_period
    from omr.records.offices.visits import visits_of, withdraw_visits
    from omr.words import Role

    when = parse_period(period)
    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        with office.store.trial():
            was = withdraw_visits(office.store, unit, when, by=office.by, why=why)
            after = sum(visits_of(office.store, when.name).values())
        before = sum(visits_of(office.store, when.name).values())
        if not as_json:
            click.echo(say("visits.would_withdraw", visits=was, period=when, before=before, after=after))
        done = agreed(dry=dry, yes=yes)
        if done:
            withdraw_visits(office.store, unit, when, by=office.by, why=why)
    if as_json:
        return print_json({"visits": was, "before": before, "after": after, "done": done})
    click.echo(say("visits.withdrawn" if done else "cli.nothing_done"))
