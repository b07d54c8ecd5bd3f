"""``omr read``: a scanned batch comes in."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.cluster import tls_of, tls_options
from omr.cli.common import Session, json_option, operator, print_json
from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.reading.reader import Desk, Result
    from omr.reading.scan.pages import EncodedPage
    from omr.records.intake.receipt import Receipt


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unit")
@click.option("--period")
@click.option("--expect", type=click.IntRange(min=0))
@click.option("--workers", type=click.IntRange(min=1))
@click.option("--scheduler", metavar="ADDR")
@tls_options
@click.option("--overlay", type=click.Path(file_okay=False, path_type=Path))
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
    as_json: bool,
) -> int:
    """Read a batch."""
    from functools import partial

    from omr.records.intake.receipt import as_json as receipt_as_json
    from omr.records.intake.receipt import as_text

    if scheduler is None:
        from omr.reading.crew import read_pages

        how = partial(read_pages, workers=workers, overlay=overlay)
    else:
        tls = tls_of(tls_ca, tls_cert, tls_key)
        if overlay is not None:
            raise OmrError("cluster.no_overlay")
        from omr.reading.cluster import read_on_cluster

        how = partial(read_on_cluster, address=scheduler, tls=tls)
    made = read_files(session, paths, how, unit, period, expect)
    if as_json:
        print_json(receipt_as_json(made))
    else:
        click.echo(as_text(made))
    return 3 if made.waits else 0


def read_files(
    session: Session,
    paths: tuple[Path, ...],
    how: Callable[[Iterable[EncodedPage], Desk], Iterator[Result]],
    unit: str | None,
    period: str | None,
    expect: int | None,
) -> Receipt:
    """Read files into a batch of the workspace, with a progress bar on a terminal."""
    from omr.forms.serial import IssuedSerials
    from omr.reading import reader
    from omr.reading.marks.calibrate import load_calibration
    from omr.reading.scan.pages import find_files
    from omr.records.intake import intake
    from omr.records.intake.receipt import receipt
    from omr.records.register.register import end_interrupted, issued

    started = time.perf_counter()
    stderr = sys.stderr
    workspace = session.workspace()
    files = find_files(paths)
    if not files:
        raise OmrError("records.no_scans", paths=", ".join(map(str, paths)))
    calibration = load_calibration(own=workspace.calibration)
    with session.store() as store:
        end_interrupted(store, by=operator())
        forms = store.forms
        desk = intake.Desk(store, workspace.scans, forms, calibration.name, operator())
        reading = reader.Desk(IssuedSerials(issued(store)), forms, calibration)

        def read(pages: Iterable[EncodedPage]) -> Iterator[Result]:
            results = how(pages, reading)
            if not stderr.isatty():  # a pipe gets the receipt alone
                return (yield from results)
            with click.progressbar(results, label=say("receipt.reading"), show_pos=True, file=stderr) as bar:
                yield from bar

        taken = intake.take_in(desk, files, read, unit=unit, period=period, expected=expect)
        return receipt(store, taken, seconds=time.perf_counter() - started)
