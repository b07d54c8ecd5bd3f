"""``omr read``: a scanned batch comes in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.bar import shown
from omr.cli.common import Session, json_option, print_json, tell_waiting
from omr.cli.scans.cluster import tls_of, tls_options
from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.means import Reader


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unit")
@click.option("--period")
@click.option("--expect", type=click.IntRange(min=0))
@click.option("--workers", type=click.IntRange(min=1))
@click.option("--scheduler", metavar="ADDR")
@tls_options
@click.option("--overlay", type=click.Path(file_okay=False, path_type=Path))
@click.option("--print-file", "prints", is_flag=True)
@json_option
@click.pass_obj
def read(
    session: Session,
    paths: tuple[Path, ...],
    unit: str | None,
    period: str | None,
    expect: int | None,
    workers: int | None,
    scheduler: str | None,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    overlay: Path | None,
    prints: bool,
    as_json: bool,
) -> int:
    """Read a batch."""
    from functools import partial

    from omr.reading.files.find import find_files
    from omr.records.batches.receipt_said import as_json as receipt_as_json
    from omr.records.batches.receipt_said import as_text
    from omr.records.inbox.names import name_with_folders
    from omr.records.intake.orders import Orders

    if scheduler is None:
        how: Reader = partial(session.means.read_pages, workers=workers, overlay=overlay)
    else:
        tls = tls_of(tls_ca, tls_cert, tls_key)
        if overlay is not None:
            raise OmrError("cluster.no_overlay")
        from omr.reading.cluster import read_on_cluster

        how = partial(read_on_cluster, address=scheduler, tls=tls)
    session.workspace()  # without one, that is what is wrong
    found = find_files(paths)
    files = found.files
    if not files:
        for one in found.left_out:
            click.echo(say("receipt.file_problem", file=one.path, detail=one.detail), err=True)
        raise OmrError("records.no_scans", paths=", ".join(map(str, paths)))
    with session.office() as office:
        orders = Orders(unit, period, expect)
        names = {file: name_with_folders(there) for file, there in found.inside.items()}
        made = office.read_now(
            orders, files, shown(how, files), names=names, waits=tell_waiting, prints=prints
        )
        made = office.leave_out(made, found.left_out)
    if as_json:
        print_json(receipt_as_json(made))
    else:
        click.echo(as_text(made))
    _go_on(session)
    return 3 if made.waits else 0


def _go_on(session: Session) -> None:
    """Read also what programs that were killed left in the inbox, unless one runs that will."""
    from omr.records.inbox.inbox import Inbox
    from omr.records.inbox.leftovers import remove_leftovers
    from omr.records.intake.claims import OwnedError
    from omr.stacks import read_waiting

    workspace = session.workspace()
    remove_leftovers(workspace)
    inbox = Inbox(workspace)
    with suppress(OwnedError), inbox.claims.at_once("turn"):
        for stack in inbox.unread():
            try:
                read_waiting(workspace, stack.name, session.means)
            except OmrError as error:  # what was asked for is done: this waits for better times
                click.echo(say("watch.stands_still", detail=error), err=True)
                return
            batch, failure = inbox.batch(stack), inbox.failure(stack)
            if batch is not None:
                click.echo(say("receipt.went_on", stack=stack.name, batch=batch), err=True)
            elif failure is not None:
                click.echo(say("watch.failed", stack=stack.name, detail=failure), err=True)
