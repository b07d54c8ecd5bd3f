"""``omr certificate``: the TLS files of a server whose office has no authority of its own."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", "hosts", multiple=True, required=True)
@click.option("--office")
@json_option
@click.pass_obj
def certificate(
    session: Session, folder: Path, hosts: tuple[str, ...], office: str | None, as_json: bool
) -> None:
    """Make or renew the server's certificate."""
    from datetime import UTC, datetime

    from omr.text import day
    from omr.web.people.authority import certify
    from omr.workspace import Settings

    made = certify(folder, office or Settings().office, list(hosts), datetime.now(UTC))
    if as_json:
        return print_json(
            {
                "root": str(made.root),
                "certificate": str(made.certificate),
                "key": str(made.key),
                "until": made.until.date().isoformat(),
                "fingerprint": made.fingerprint,
                "new_root": made.new_root,
            }
        )
    until = day(made.until)
    click.echo(say("certificate.made", file=made.certificate, until=until, hosts=", ".join(hosts)))
    key = "certificate.new_root" if made.new_root else "certificate.same_root"
    click.echo(say(key, root=made.root, fingerprint=made.fingerprint))
