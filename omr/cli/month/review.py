"""``omr review``: the queue of doubtful readings, without a browser."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.cli.completing import form_names
from omr.messages import catalogue, language, say

if TYPE_CHECKING:
    from omr.records.review.queue import Item


@click.group()
def review() -> None:
    """Review."""


@review.command("list")
@click.option("--batch")
@click.option("--unit")
@click.option("--form", shell_complete=form_names)
@click.option("--period")
@click.option("--kind", type=click.Choice(["answer", "held", "slip", "page"]))
@click.option("--reason")
@json_option
@click.pass_obj
def list_(
    session: Session,
    batch: str | None,
    unit: str | None,
    form: str | None,
    period: str | None,
    kind: str | None,
    reason: str | None,
    as_json: bool,
) -> int:
    """List what waits."""
    from omr.cli.person import has_accounts
    from omr.records.cases.cases import spoken_of, to_be_confirmed
    from omr.records.review.queue import queue

    only = {"batch": batch, "unit": unit, "form": form, "period": period, "kind": kind, "reason": reason}
    with session.store() as store:
        items = list(queue(store, **only))
        said = to_be_confirmed(store, **only) if has_accounts(session) else {}
    there = {spoken_of(item) for item in items}
    items += [item for name, (item, _) in said.items() if name not in there]
    by = {item.item: said[key][1] for item in items if (key := spoken_of(item)) in said}
    if as_json:
        print_json([{**asdict(item), "decided_by": by.get(item.item, [])} for item in items])
    else:
        for item in items:
            names = ", ".join(by.get(item.item, ()))
            click.echo(f"{_line(item)}{'  ' + say('review.second', names=names) if names else ''}")
        click.echo(say("review.count", count=len(items)))
    return 3 if items else 0


@review.command()
@click.argument("item", metavar="ID")
@json_option
@click.pass_obj
def show(session: Session, item: str, as_json: bool) -> None:
    """Show one item."""
    from omr.records.review.queue import shown

    workspace = session.workspace()
    with session.store() as store:
        view = shown(store, item)
    picture = workspace.path / view.path
    if as_json:
        return print_json({**asdict(view), "picture": str(picture)})
    click.echo(_line(view.item))
    click.echo(say("review.picture", file=view.file, path=picture, page=view.item.page_number))
    if view.question:
        click.echo(f"{view.item.question}. {view.question}")
    for choice in view.choices:
        state = say(f"marks.{choice.state}") if choice.state else ""
        chance = "" if choice.confidence is None else f" ({choice.confidence:.2f})"
        click.echo(f"  {choice.word:<12} {choice.label:<40} {state}{chance}".rstrip())


@review.command()
@click.argument("item", metavar="ID")
@click.option("--answer", required=True, multiple=True)
@click.option("--by", required=True)
@click.option("--why", default="")
@json_option
@click.pass_obj
def decide(session: Session, item: str, answer: tuple[str, ...], by: str, why: str, as_json: bool) -> None:
    """Decide one item."""
    from omr.cli.person import office_of
    from omr.words import Role

    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        in_force = office.decide(item, answer, why=why)
    if as_json:
        said = {"item": item, "answer": list(answer), "by": by, "why": why, "in_force": in_force}
        return print_json(said)
    click.echo(say("review.decided" if in_force else "review.decided_alone", item=item, by=by))


def _line(item: Item) -> str:
    where = f"{item.batch} {item.original[:8]}/{item.page_number}"
    slip = " ".join(part for part in (item.serial, item.form, item.unit, item.period) if part)
    kind = say(f"review.reason_{item.kind}")
    return f"{item.item:<14} {kind:<18} {where:<22} {slip}  {_reason(item.reason)}".rstrip()


def _reason(word: str) -> str:
    """Return why something waits, in the reader's language; a new word stays as it is stored."""
    if word == "doubtful":
        return say("records.doubtful")
    return catalogue(language(), "web").get(f"case_{word}", word)
