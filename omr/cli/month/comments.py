"""``omr comments``: what people wrote, typed and masked."""

from __future__ import annotations

from dataclasses import asdict

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say

TOPICS = ("praise", "staff", "procedure", "waiting", "place", "money", "complaint", "other", "unreadable")


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
    from omr.records.offices.periods import parse_period
    from omr.records.offices.units import find_unit
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


@comments.command("list")
@click.option("--period", required=True)
@click.option("--unit")
@json_option
@click.pass_obj
def list_(session: Session, period: str, unit: str | None, as_json: bool) -> None:
    """List the comments that can be read, with their topics."""
    from omr.records.exchange.comments import comments_of
    from omr.records.offices.periods import parse_period
    from omr.records.offices.units import find_unit

    when = parse_period(period).name
    with session.store() as store:
        found = comments_of(store, when, unit=find_unit(store, unit).unit if unit else None)
    if as_json:
        return print_json([{"comment": one.key, **asdict(one)} for one in found])
    for one in found:
        topic = say(f"web.topic_{one.topic}") if one.topic else "–"
        quoted = "  " + say("comments.quoted_mark") if one.quoted else ""
        click.echo(f"{one.key:<12} {one.unit:<10} {one.form:<9} {topic:<18} {one.text}{quoted}")
    click.echo(say("comments.found", count=len(found)), err=True)


@comments.command()
@click.argument("comment")
@click.argument("about", metavar="TOPIC", type=click.Choice(TOPICS))
@click.option("--by", required=True)
@json_option
@click.pass_obj
def topic(session: Session, comment: str, about: str, by: str, as_json: bool) -> None:
    """Say what a comment of the electronic form is about."""
    from omr.cli.person import store_of
    from omr.records.exchange.comments import find_comment, give_topic
    from omr.records.review.transcripts import Topic

    with store_of(session, by) as store:
        found = find_comment(store, comment)
        give_topic(store, found, Topic(about), by=by)
    if as_json:
        return print_json({"comment": found.key, "topic": about})
    click.echo(say("comments.topic_given", comment=found.key, topic=say(f"web.topic_{about}")))


@comments.command("quote")
@click.argument("comment")
@click.option("--no", "withdrawn", is_flag=True)
@click.option("--by", required=True)
@json_option
@click.pass_obj
def quote_(session: Session, comment: str, withdrawn: bool, by: str, as_json: bool) -> None:
    """Choose a comment to be quoted in the report."""
    from omr.cli.person import store_of
    from omr.records.exchange.comments import find_comment, quote

    with store_of(session, by) as store:
        found = find_comment(store, comment)
        quote(store, found, chosen=not withdrawn, by=by)
    if as_json:
        return print_json({"comment": found.key, "quoted": not withdrawn})
    click.echo(say("comments.unquoted" if withdrawn else "comments.quoted", comment=found.key))
