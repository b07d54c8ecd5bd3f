"""``omr serve``: the desks in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session
from omr.errors import OmrError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--plain", is_flag=True)
@click.option("--backups-in", type=click.Path(readable=False, path_type=Path))  # the desks open without it
@click.pass_obj
def serve(
    session: Session,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    plain: bool,
    backups_in: Path | None,
) -> None:
    """Open the desks."""
    from omr.web.app import LOOPBACK
    from omr.web.network.tls import Tls
    from omr.web.server import run

    if (tls_cert is None) != (tls_key is None):
        raise OmrError("web.half_tls")
    tls = Tls(tls_cert, tls_key) if tls_cert and tls_key else None
    if host not in LOOPBACK and tls is None and not plain:
        raise OmrError("web.needs_tls", host=host)
    run(session.workspace(), host, port, tls, lambda line: click.echo(line, err=True), backups_in)
