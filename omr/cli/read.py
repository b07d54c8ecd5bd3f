"""``omr read``: a scanned batch comes in."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.reading.pages import EncodedPage
    from omr.reading.reader import Result
    from omr.records.receipt import Receipt


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unit")
@click.option("--period")
@click.option("--expect", type=click.IntRange(min=0))
@click.option("--workers", type=click.IntRange(min=1))
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
    overlay: Path | None,
    as_json: bool,
) -> int:
    """Read a batch."""
    from omr.records.receipt import as_json as receipt_as_json
    from omr.records.receipt import as_text

    made = _read(session, paths, unit, period, expect, workers, overlay)
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
    overlay: Path | None,
) -> Receipt:
    from omr.forms.serial import IssuedSerials
    from omr.reading import reader
    from omr.reading.batch import read_pages
    from omr.reading.calibrate import load_calibration
    from omr.reading.pages import find_files
    from omr.records.intake import Desk, take_in
    from omr.records.receipt import receipt
    from omr.records.register import archived_forms, end_interrupted, issued

    started = time.perf_counter()
    stderr = sys.stderr
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

        def read(pages: Iterable[EncodedPage]) -> Iterator[Result]:
            results = read_pages(pages, reading, workers, overlay)
            # On a terminal only: a pipe gets the receipt alone.
            with click.progressbar(results, label=say("receipt.reading"), show_pos=True, file=stderr) as bar:
                yield from bar

        taken = take_in(desk, files, read, unit=unit, period=period, expected=expect)
        return receipt(store, taken, seconds=time.perf_counter() - started)
