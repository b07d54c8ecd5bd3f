"""``omr init`` and ``omr doctor``: before the work."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.safekeeping.health import Check


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(file_okay=False))
@json_option
@click.pass_obj
def init(session: Session, directory: str | None, as_json: bool) -> None:
    """Make a workspace."""
    from omr.records.store.store import Store
    from omr.workspace import Workspace

    workspace = Workspace.create(Path(directory or session.folder))
    Store.open(workspace.database).close()
    if as_json:
        return print_json({"workspace": str(workspace.path.absolute())})
    click.echo(say("doctor.made", path=workspace.path.absolute()))


@click.command()
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def doctor(session: Session, bundle: Path | None, as_json: bool) -> int:
    """Check the tools."""
    from omr.records.safekeeping.health import examine

    folder = Path(session.folder)
    checks = examine(folder, {"inbox": partial(_inbox, folder), "certificate": partial(_certificate, folder)})
    if bundle is not None:
        from omr.records.safekeeping.handover import hand_over

        hand_over(folder, checks, bundle)
        click.echo(say("doctor.bundled", file=bundle), err=as_json)
    if as_json:
        print_json({"checks": [_as_json(check) for check in checks]})
    else:
        for check in checks:
            sign = say("doctor.ok" if check.ok else "doctor.not_ok")
            click.echo(f"{sign:<4} {say(f'doctor.{check.name}')}: {check.detail}")
            if check.mend:
                click.echo(f"      {check.mend}")
            if check.lost:
                click.echo(f"      {check.lost}")
    return 0 if all(check.ok for check in checks) else 3


def _inbox(folder: Path) -> str:
    """Say what is not read yet."""
    from datetime import UTC, datetime

    from omr.records.inbox.inbox import Inbox
    from omr.records.inbox.outlook import outlook
    from omr.workspace import SETTINGS, Workspace

    if not (folder / SETTINGS).is_file():
        return say("inbox.nothing")
    found = outlook(Inbox(Workspace.open(folder)))
    told = found.told(datetime.now(UTC))
    if not found.is_well(datetime.now(UTC)):
        raise ValueError(told)
    return told


def _certificate(folder: Path) -> str:
    """Say how long the certificate is good under which the desks were opened last."""
    from datetime import UTC, datetime, timedelta

    from omr.clock import OFFICE
    from omr.text import day
    from omr.web.network.tls import WARNS, Tls

    tls = Tls.served(folder)
    if tls is None:
        return say("doctor.certificate_none")
    ends, now = tls.ends(), datetime.now(UTC)
    left = (ends - now) // timedelta(days=1)
    told = {"file": tls.certificate, "at": day(ends.astimezone(OFFICE)), "days": left}
    if ends < now:
        raise ValueError(say("doctor.certificate_ended", **told))
    if ends < now + WARNS:
        raise ValueError(say("doctor.certificate_good", **told))
    return say("doctor.certificate_good", **told)


def _as_json(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "ok": check.ok,
        "detail": check.detail,
        "mend": check.mend,
        "lost": check.lost,
    }
