"""``omr cluster``: the parts of a cluster that reads for ``omr read --scheduler``."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.reading.cluster import Tls

_PEM = ("tls_ca", "tls_cert", "tls_key")


def tls_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the three PEM files that each part of a cluster needs away from loopback."""
    for name in reversed(_PEM):
        option = click.option(
            "--" + name.replace("_", "-"),
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            envvar=f"OMR_{name.upper()}",
        )
        function = option(function)
    return function


def tls_of(ca: Path | None, cert: Path | None, key: Path | None) -> Tls | None:
    """Return the certificates of this part; None without any.

    Raises
    ------
    OmrError
        If only some of the three are given, or Dask is not installed.
    """
    if find_spec("distributed") is None:
        raise OmrError("cluster.not_installed")
    from omr.reading.cluster import Tls

    if ca and cert and key:
        return Tls(ca, cert, key)
    if ca or cert or key:
        raise OmrError("cluster.half_tls")
    return None


def _tell(message: str) -> None:
    click.echo(message, err=True)


@click.group()
def cluster() -> None:
    """Cluster."""


@cluster.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8786, show_default=True)
@tls_options
def scheduler(host: str, port: int, tls_ca: Path | None, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Run the scheduler."""
    tls = tls_of(tls_ca, tls_cert, tls_key)
    from omr.reading.cluster import run_scheduler

    run_scheduler(
        host, port, tls, ready=lambda address: _tell(say("cluster.scheduler_ready", address=address))
    )


@cluster.command()
@click.argument("address")
@click.option("--processes", type=click.IntRange(min=1))
@tls_options
def worker(
    address: str,
    processes: int | None,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Run workers."""
    tls = tls_of(tls_ca, tls_cert, tls_key)
    from omr.reading.cluster import run_workers
    from omr.reading.crew import cores

    count = processes or cores()
    run_workers(
        address,
        count,
        tls,
        ready=lambda at: _tell(say("cluster.workers_ready", count=count, address=at)),
    )
