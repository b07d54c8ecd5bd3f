"""``omr poster``: the board with the QR codes of the electronic forms."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.cli.completing import form_names
from omr.errors import OmrError
from omr.messages import say


@click.command()
@click.option("--unit", required=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--form", "names", multiple=True, shell_complete=form_names)
@click.option("--paper", type=click.Choice(["A4", "A3"]), default="A4")
@click.option("--phone")
@json_option
@click.pass_obj
def poster(
    session: Session,
    unit: str,
    output: Path,
    names: tuple[str, ...],
    paper: str,
    phone: str | None,
    as_json: bool,
) -> None:
    """Print the board of a unit."""
    from omr.forms.layout import find_form, list_forms
    from omr.forms.printing.poster import poster_codes, print_poster
    from omr.records.offices.units import find_unit

    workspace = session.workspace()
    settings = workspace.settings
    with session.store() as store:
        serving = find_unit(store, unit)
    forms = [find_form(name, workspace.forms) for name in names] or list_forms(workspace.forms)
    codes = poster_codes(forms, settings.electronic_form_url, serving.unit)
    if not output.parent.is_dir():
        raise OmrError("poster.no_folder", folder=output.parent)
    number = phone if phone is not None else settings.poster.phones.get(serving.unit, "")
    print_poster(output, office=settings.office, unit=serving.name, codes=codes, phone=number, paper=paper)
    if as_json:
        return print_json({"pdf": str(output), "codes": [code.address for code in codes]})
    click.echo(say("poster.done", file=output, count=len(codes)))
