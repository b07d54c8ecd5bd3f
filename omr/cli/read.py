"""``omr read``: a scanned batch comes in."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.errors import OmrError

if TYPE_CHECKING:
    from omr.records.receipt import Receipt


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unit")
@click.option("--period")
@click.option("--expect", type=click.IntRange(min=0))
@click.option("--workers", type=click.IntRange(min=1))
@json_option
@click.pass_obj
def read(
    session: Session,
    paths: tuple[Path, ...],
    unit: str | None,
    period: str | None,
    expect: int | None,
    workers: int | None,
    as_json: bool,
) -> int:
    """Read a batch."""
    from omr.records.receipt import as_json as receipt_as_json
    from omr.records.receipt import as_text

    made = _read(session, paths, unit, period, expect, workers)
    if as_json:
        print_json(receipt_as_json(made))
    else:
        click.echo(as_text(made))
    return 3 if made.waits else 0


def _read(
    session: Session,
    paths: tuple[Path, ...],
    unit: str | None,
    period: str | None,
    expect: int | None,
    workers: int | None,
) -> Receipt:
    from functools import partial

    from omr.forms.serial import IssuedSerials
    from omr.reading import reader
    from omr.reading.batch import read_pages
    from omr.reading.calibrate import load_calibration
    from omr.reading.pages import find_files
    from omr.records.intake import Desk, take_in
    from omr.records.receipt import receipt
    from omr.records.register import archived_forms, end_interrupted, issued

    started = time.perf_counter()
    workspace = session.workspace()
    files = find_files(paths)
    if not files:
        raise OmrError("records.no_scans", paths=", ".join(map(str, paths)))
    calibration = load_calibration(own=workspace.calibration)
    with session.store() as store:
        end_interrupted(store, by=operator())
        forms = archived_forms(store)
        desk = Desk(store, workspace.scans, forms, calibration.name, operator())
        reading = reader.Desk(IssuedSerials(issued(store)), forms, calibration)
        # Nothing is shown where nobody looks: a pipe gets the receipt alone.
        with click.progressbar(length=len(files), file=click.get_text_stream("stderr")) as bar:
            taken = take_in(
                desk,
                files,
                partial(read_pages, desk=reading, workers=workers),
                unit=unit,
                period=period,
                expected=expect,
                seen=lambda result: bar.update(0),
            )
        return receipt(store, taken, seconds=time.perf_counter() - started)
