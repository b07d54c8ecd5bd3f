"""``omr backup`` and ``omr restore``: a copy that proves itself, and the way back from it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.messages import say

FILES_SHOWN = 20  # with --json all


@click.command()
@click.argument("target", metavar="TO", type=click.Path(file_okay=False, path_type=Path))
@click.option("--whole", is_flag=True)
@json_option
@click.pass_obj
def backup(session: Session, target: Path, whole: bool, as_json: bool) -> int:
    """Back up the workspace."""
    from omr.records.safekeeping.backup import back_up

    made = back_up(session.workspace(), target, whole=whole)
    if as_json:
        print_json({**asdict(made), "backup": str(target.absolute())})
    else:
        values = {"event": made.event, "head": made.head, "originals": made.originals, "copied": made.copied}
        click.echo(say("backup.done", target=target, **values))
        _list(say("backup.let_go"), made.let_go)
        _list(say("backup.damaged"), made.damaged)
    return 3 if made.damaged else 0


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("into", metavar="INTO", type=click.Path(path_type=Path))
@click.option("--old", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
@click.pass_obj
def restore(session: Session, source: Path, into: Path, old: Path | None, as_json: bool) -> int:
    """Restore a backup."""
    from omr.clock import moment
    from omr.records.safekeeping.restore import ROOM
    from omr.records.safekeeping.restore import restore as restore_

    made = restore_(source, into, by=operator(), old=old)
    if as_json:
        print_json({**asdict(made), "workspace": str(into.absolute())})
    else:
        click.echo(say("backup.restored", into=into, at=moment(made.at), event=made.event, head=made.head))
        if made.lost is None:
            click.echo(say("backup.room", room=ROOM))
        elif made.lost:
            click.echo(say("backup.lost", lost=made.lost))
        _list(say("audit.read_again"), made.unread)
        _list(say("audit.scan_again"), made.missing)
    return 3 if made.unread or made.missing or made.lost != 0 else 0


def _list(title: str, files: tuple[str, ...]) -> None:
    """Print a list of files under its title, the first of a long one."""
    if not files:
        return
    click.echo(title)
    for file in files[:FILES_SHOWN]:
        click.echo(f"  {file}")
    if len(files) > FILES_SHOWN:
        click.echo("  " + say("audit.more", count=len(files) - FILES_SHOWN))
