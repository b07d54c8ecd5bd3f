"""``omr comments``: what people wrote, typed and masked."""

from __future__ import annotations

from dataclasses import asdict

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say


@click.group()
def comments() -> None:
    """Comments."""


@comments.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--period")
@click.option("--unit")
@json_option
@click.pass_obj
def search(
    session: Session, words: tuple[str, ...], period: str | None, unit: str | None, as_json: bool
) -> None:
    """Search the comments."""
    from omr.records.register.periods import parse_period
    from omr.records.register.units import find_unit
    from omr.records.review.transcripts import search_comments

    when = parse_period(period).name if period else None
    with session.store() as store:
        code = find_unit(store, unit).unit if unit else None
        found = search_comments(store, " ".join(words), period=when, unit=code)
    if as_json:
        return print_json([asdict(one) for one in found])
    for one in found:
        click.echo(f"{one.period}  {one.unit:<10} {one.form:<9} {one.text}")
    click.echo(say("comments.found", count=len(found)), err=True)
