"""``omr bundle``: batches travel between machines that know no network."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from omr.cli.bar import shown
from omr.cli.common import Session, json_option, print_json, tell_waiting
from omr.messages import say


@click.group()
def bundle() -> None:
    """Carry batches."""


@bundle.command("export")
@click.option("--batch", multiple=True)
@click.option("--unit")
@click.option("--period")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def export_(
    session: Session,
    batch: tuple[str, ...],
    unit: str | None,
    period: str | None,
    output: Path,
    as_json: bool,
) -> None:
    """Pack batches."""
    from omr.records.exchange.bundle import export_bundle
    from omr.records.offices.units import find_unit

    workspace = session.workspace()
    with session.store() as store:
        made = export_bundle(
            store,
            workspace.path,
            workspace.settings.office,
            output,
            batches=batch,
            unit=find_unit(store, unit).unit if unit else None,
            period=period,
        )
    if as_json:
        return print_json({**asdict(made), "file": str(output.absolute())})
    click.echo(say("bundle.made", target=output, **asdict(made)))


@bundle.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key")
@click.option("--workers", type=click.IntRange(min=1))
@json_option
@click.pass_obj
def import_(session: Session, file: Path, key: str | None, workers: int | None, as_json: bool) -> int:
    """Take a bundle in."""
    from omr.files import passing_folder
    from omr.records.batches.receipt_said import as_json as receipt_as_json
    from omr.records.batches.receipt_said import as_text
    from omr.records.exchange.bundle import check_bundle, check_told, unpack
    from omr.records.intake.orders import Orders

    manifest = check_bundle(file, key)
    how = partial(session.means.read_pages, workers=workers)
    receipts = []
    with session.office() as office:
        check_told(office.store, manifest)
        for batch in manifest.batches:
            orders = Orders(batch.unit, batch.period, batch.expected)
            with passing_folder(office.workspace.path) as folder:
                files = unpack(file, batch, folder)
                receipts.append(office.read_now(orders, files, shown(how, files), waits=tell_waiting))
    if as_json:
        print_json(
            {
                "office": manifest.office,
                "signer": manifest.public_key,
                "batches": [receipt_as_json(made) for made in receipts],
            }
        )
    else:
        signer = manifest.public_key
        click.echo(say("bundle.from", office=manifest.office, batches=len(receipts), signer=signer))
        for made in receipts:
            click.echo(as_text(made))
    return 3 if any(made.waits for made in receipts) else 0
