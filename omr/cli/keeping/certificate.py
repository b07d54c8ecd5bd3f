"""``omr certificate``: the TLS files of a server, of an authority of its own or given by another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from datetime import datetime


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", "hosts", multiple=True, required=True)
@click.option("--office")
@click.option("--cert", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--due", type=click.IntRange(1, 365), metavar="[DAYS]")
@json_option
@click.pass_obj
def certificate(
    session: Session,
    folder: Path,
    hosts: tuple[str, ...],
    office: str | None,
    cert: Path | None,
    key: Path | None,
    due: int | None,
    as_json: bool,
) -> None:
    """Make or renew the server's certificate, or take a given one."""
    from datetime import UTC, datetime

    from omr.web.network.authority import SERVER, SERVER_KEY, certify, good_until, take
    from omr.web.network.tls import Tls
    from omr.workspace import Settings

    now = datetime.now(UTC)
    files = {"certificate": str(folder / SERVER), "key": str(folder / SERVER_KEY)}
    named = ", ".join(hosts)
    if (cert is None) != (key is None):
        raise OmrError("certificate.half_given")
    if cert is not None and key is not None:
        until = take(Tls(cert, key), folder, list(hosts), now)
        if as_json:
            return print_json({**files, "until": until.date().isoformat()})
        return click.echo(say("certificate.taken", file=folder / SERVER, until=_day(until), hosts=named))
    if due is not None and (good := good_until(folder, now, due)) is not None:
        if as_json:
            return print_json({**files, "until": good.date().isoformat()})
        return click.echo(say("certificate.not_due", file=folder / SERVER, until=_day(good)))
    made = certify(folder, office or Settings().office, list(hosts), now)
    if as_json:
        return print_json(
            {
                "root": str(made.root),
                **files,
                "until": made.until.date().isoformat(),
                "fingerprint": made.fingerprint,
                "new_root": made.new_root,
            }
        )
    click.echo(say("certificate.made", file=made.certificate, until=_day(made.until), hosts=named))
    root = "certificate.new_root" if made.new_root else "certificate.same_root"
    click.echo(say(root, root=made.root, fingerprint=made.fingerprint))


def _day(at: datetime) -> str:
    from omr.clock import OFFICE
    from omr.text import day

    return day(at.astimezone(OFFICE))
