"""``omr batch``: what came in, and the way back from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.cli.confirm import agreed, change_options
from omr.messages import say

if TYPE_CHECKING:
    from omr.office import Office
    from omr.records.batches.batches import BatchLine
    from omr.records.batches.withdrawal import Change


@click.group()
def batch() -> None:
    """Batches."""


@batch.command("list")
@click.option("--unit")
@json_option
@click.pass_obj
def list_(session: Session, unit: str | None, as_json: bool) -> None:
    """List the batches."""
    from omr.clock import moment
    from omr.records.batches.batches import batches

    with session.store() as store:
        lines = list(batches(store, unit=unit, limit=-1))
    if as_json:
        return print_json([_as_json(line) for line in lines])
    for line in lines:
        words = {key: "–" if value is None else value for key, value in _as_json(line).items()}
        words["at"] = moment(line.batch.at)
        text = say("batch.line", **words)
        click.echo(text + ("  " + say("batch.is_withdrawn") if line.batch.withdrawn else ""))


def _as_json(line: BatchLine) -> dict[str, object]:
    one = line.batch
    came = {"sheets": line.came.sheets, "pages": line.came.pages, "missing": line.missing}
    made = {"batch": one.name, **asdict(one.orders), "at": one.at, "by": one.by, **came}
    return {**made, "complete": one.complete, "withdrawn": one.withdrawn}


@batch.command()
@click.argument("name", metavar="BATCH")
@change_options
@click.pass_obj
def withdraw(session: Session, name: str, by: str, why: str, dry: bool, yes: bool, as_json: bool) -> None:
    """Take a batch back."""
    from omr.cli.person import office_of
    from omr.records.batches.withdrawal import withdraw_batch
    from omr.words import Role

    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        _do(office, lambda: withdraw_batch(office.store, name, by=office.by, why=why), dry, yes, as_json)


@batch.command("restore")
@click.argument("name", metavar="BATCH")
@change_options
@click.pass_obj
def restore_(session: Session, name: str, by: str, why: str, dry: bool, yes: bool, as_json: bool) -> None:
    """Let a withdrawn batch count again."""
    from omr.cli.person import office_of
    from omr.records.batches.withdrawal import give_back_batch
    from omr.words import Role

    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        _do(office, lambda: give_back_batch(office.store, name, by=office.by, why=why), dry, yes, as_json)


@batch.command()
@click.argument("name", metavar="BATCH")
@click.option("--unit")
@click.option("--period")
@click.option("--count", "expected", type=click.IntRange(min=0))
@click.option("--clear", type=click.Choice(["unit", "period", "count"]), multiple=True)
@change_options
@click.pass_obj
def correct(
    session: Session,
    name: str,
    unit: str | None,
    period: str | None,
    expected: int | None,
    clear: tuple[str, ...],
    by: str,
    why: str,
    dry: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Say otherwise what was told of a batch."""
    from omr.cli.person import office_of
    from omr.records.batches.batches import find_batch
    from omr.records.batches.withdrawal import correct_batch
    from omr.words import Role

    if not (unit or period or expected is not None or clear):
        raise click.UsageError(say("batch.nothing_to_correct"))
    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        told = find_batch(office.store, name).orders
        orders = replace(
            told,
            unit=None if "unit" in clear else unit or told.unit,
            period=None if "period" in clear else period or told.period,
            expected=None if "count" in clear else told.expected if expected is None else expected,
        )
        act = lambda: correct_batch(office.store, name, orders, by=office.by, why=why)  # noqa: E731
        _do(office, act, dry, yes, as_json)


def _do(office: Office, act: Callable[[], Change], dry: bool, yes: bool, as_json: bool) -> None:
    """Say what an act would change, ask, and do it."""
    with office.store.trial():
        would = act()
    if not as_json:
        _show(would)
    done = agreed(dry=dry, yes=yes)
    if done:
        would = act()
    if as_json:
        return print_json({**asdict(would), "done": done})
    click.echo(say("batch.done" if done else "batch.nothing_done", batch=would.batch))


def _show(change: Change) -> None:
    click.echo(say("batch.would_change", batch=change.batch))
    for one in change.slips:
        standing = say(f"batch.is_{one.standing}")
        where = {"unit": one.unit, "period": one.period, "standing": standing}
        click.echo("  " + say("batch.moved", **where, before=one.before, after=one.after))
    for figures in change.valid:
        click.echo("  " + say("batch.valid_moved", **asdict(figures)))
    click.echo("  " + say("batch.waiting", before=change.waiting_before, after=change.waiting_after))
