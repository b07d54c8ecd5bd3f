"""``omr receipt``: the receipt of a batch, again or on paper."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say


@click.command()
@click.argument("batch")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def receipt(session: Session, batch: str, output: Path | None, as_json: bool) -> None:
    """Show a receipt."""
    from omr.records.batches.receipt import receipt_of
    from omr.records.batches.receipt_said import as_json as receipt_as_json
    from omr.records.batches.receipt_said import as_text

    workspace = session.workspace()
    with session.store() as store:
        made = receipt_of(store, batch)
        if output is not None:
            from omr.records.batches.receipt_pdf import print_receipt
            from omr.web.people.accounts import signature_of

            by = signature_of(workspace.path, made.batch.by)
            print_receipt(made, workspace.settings.office, output, by)
    if as_json:
        return print_json({**receipt_as_json(made), "pdf": str(output.absolute()) if output else None})
    click.echo(say("receipt.printed", target=output) if output else as_text(made))
