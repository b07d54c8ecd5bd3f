"""``omr units``: the dated list of units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.errors import OmrError, why
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.offices.units import Unit


@click.group()
def units() -> None:
    """Units."""


@units.command("import")
@click.argument("file")
@json_option
@click.pass_obj
def import_(session: Session, file: str, as_json: bool) -> None:
    """Import a list of units."""
    from omr.records.offices.units import import_units, list_units, read_units, shipped_lists, shipped_units

    path = Path(file) if _is_file(file) else shipped_units(file)
    if path is None:
        raise OmrError("units.no_file", file=file, shipped=", ".join(shipped_lists()))
    listed = read_units(path.read_bytes(), path.name)
    with session.store() as store:
        count = import_units(store, listed, by=operator())
        total = len(list_units(store))
    if as_json:
        return print_json({"imported": count, "units": total})
    click.echo(say("units.imported", count=count, total=total))


def _is_file(name: str) -> bool:
    """Whether there is such a file; a folder into which nobody may look holds no list of ours."""
    try:
        return Path(name).is_file()
    except PermissionError:
        return bool(Path(name).parent.name)  # somebody named a place: reading it says what is wrong


@units.command("template")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@json_option
def template_(output: Path, as_json: bool) -> None:
    """Write the template."""
    from omr.records.offices.units import TEMPLATE

    try:
        # Exclusively: a list that somebody has filled in is not written over. utf-8-sig: Excel asks for it.
        with output.open("x", encoding="utf-8-sig", newline="") as file:
            file.write(TEMPLATE.read_text("utf-8"))
    except OSError as error:
        raise OmrError("units.cannot_write", file=output, detail=why(error)) from error
    if as_json:
        return print_json({"file": str(output.absolute())})
    click.echo(say("units.template", file=output))


@units.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List the units."""
    from omr.records.offices.units import list_units

    with session.store() as store:
        known = list_units(store)
    if as_json:
        return print_json([_as_json(unit) for unit in known])
    for unit in known:
        until = unit.valid_to.isoformat() if unit.valid_to else "–"
        kind = say(f"units.kind_{unit.kind}")
        click.echo(f"{unit.unit:<12} {unit.valid_from.isoformat()}  {until:<10}  {unit.name} ({kind})")


def _as_json(unit: Unit) -> dict[str, str | None]:
    return {
        "unit": unit.unit,
        "name": unit.name,
        "kind": unit.kind.value,
        "parent": unit.parent,
        "valid_from": unit.valid_from.isoformat(),
        "valid_to": unit.valid_to.isoformat() if unit.valid_to else None,
        "successor": unit.successor,
    }
