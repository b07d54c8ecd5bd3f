"""``omr watch``: what a scanner writes into a folder is read without hands."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, operator
from omr.errors import OmrError
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
    from contextlib import ExitStack

    from omr.records.batches.receipt import receipt_of
    from omr.records.batches.receipt_said import as_text
    from omr.records.inbox.hot_folder import HotFolder
    from omr.records.inbox.inbox import Inbox, Stack
    from omr.records.inbox.leftovers import remove_leftovers
    from omr.records.inbox.outlook import claim_of
    from omr.records.inbox.watching import Watching
    from omr.records.intake.claims import OwnedError
    from omr.records.intake.orders import Orders
    from omr.records.offices.periods import parse_period
    from omr.records.offices.units import find_unit
    from omr.stacks import read_all_waiting
    from omr.web.work.worker import Worker

    workspace = session.workspace()
    when = parse_period(period) if period else None
    with session.store() as store:
        unit = find_unit(store, unit, when).unit if unit else None
    folder = folder.absolute()
    if not folder.is_dir():
        raise OmrError("page.no_such_path", path=folder)

    def tell(line: str) -> None:
        click.echo(line, err=True)

    inbox = Inbox(workspace)

    def show(stack: Stack) -> None:
        batch = inbox.batch(stack) or ""
        again = any(file.values.get("batch") == batch for file in inbox.read_before(stack))
        with session.store() as store:
            click.echo(as_text(receipt_of(store, batch, again=again)))

    worker = Worker(workspace, tell=lambda error: tell(say("watch.stands_still", detail=error)))
    with ExitStack() as claim:
        try:
            claim.enter_context(inbox.claims.at_once(claim_of(folder)))
        except OwnedError:
            raise OmrError("watch.watched_already", folder=folder) from None
        remove_leftovers(workspace)
        hot = HotFolder(folder, inbox, quiet_s=quiet)
        watching = Watching(
            hot, inbox, Orders(unit, period), operator(), tell=tell, show=show, taken=worker.call
        )
        tell(say("watch.begins", folder=folder))
        if once:
            while watching.step(time.monotonic(), time.time()):
                if refused := hot.away or hot.trouble:
                    raise refused
                time.sleep(max(0.05, min(1.0, quiet)))
            read_all_waiting(workspace, session.means)
            watching.step(time.monotonic(), time.time())
            if hot.lacks_room:
                raise OmrError("inbox.disk_full")
            return
        worker.start()
        try:
            while True:
                watching.step(time.monotonic(), time.time())
                time.sleep(max(0.2, min(1.0, quiet)))
        finally:
            worker.stop()
