"""``omr watch``: what a scanner writes into a folder is read without hands."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, operator
from omr.messages import say


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--unit")
@click.option("--period")
@click.option("--quiet", type=click.FloatRange(min=0.0), default=5.0, show_default=True)
@click.option("--once", is_flag=True)
@click.pass_obj
def watch(
    session: Session, folder: Path, unit: str | None, period: str | None, quiet: float, once: bool
) -> None:
    """Watch a folder."""
    import time

    from omr.office import read_waiting
    from omr.records.intake.batches import receipt_of
    from omr.records.intake.hot_folder import HotFolder, changes
    from omr.records.intake.inbox import Inbox
    from omr.records.intake.receipt import as_text
    from omr.records.register.periods import parse_period
    from omr.records.register.units import find_unit

    workspace = session.workspace()
    when = parse_period(period) if period else None
    with session.store() as store:
        unit = find_unit(store, unit, when).unit if unit else None
    inbox, hot = Inbox(workspace), HotFolder(folder, quiet)
    click.echo(say("watch.begins", folder=folder), err=True)
    for _ in changes(folder, max(0.2, min(1.0, quiet))):
        if not hot.complete(time.monotonic()):
            if once and hot.empty:
                return
            continue
        stack, strangers = hot.take(inbox, unit=unit, period=period, by=operator())
        for stranger in strangers:
            click.echo(say("watch.stranger", file=stranger.name), err=True)
        if stack is None:
            continue
        read_waiting(workspace, stack.name, session.means)
        batch, failure = inbox.batch(stack), inbox.failure(stack)
        if batch is None:
            click.echo(say("cli.failed", detail=failure), err=True)
            continue
        with session.store() as store:
            click.echo(as_text(receipt_of(store, batch)))
