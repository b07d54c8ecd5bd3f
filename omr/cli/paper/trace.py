"""``omr forms trace``: a form file from scans of paper that was not printed here."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click

from omr import clock
from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.reading.traced.trace import Draft


@click.command()
@click.argument("scans", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--form", "name", required=True)
@click.option("--title", default="")
@click.option("--survey", default="")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--page", type=click.IntRange(1))
@click.option("--filled", is_flag=True)
@click.option("--columns", is_flag=True)
@click.option("--kinds", default="")
@click.option("--dpi", type=click.FloatRange(50, 1300))
@click.option("--layout", "--omrchecker", "layout", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True)
@json_option
@click.pass_obj
def trace(
    session: Session,
    scans: tuple[Path, ...],
    name: str,
    title: str,
    survey: str,
    output: Path | None,
    page: int | None,
    filled: bool,
    columns: bool,
    kinds: str,
    dpi: float | None,
    layout: Path | None,
    replace: bool,
    as_json: bool,
) -> int:
    """Trace a form."""
    from omr.forms.traced import FOLDER
    from omr.reading.proposal import form_name, may_be_made, sheets_of, write_proposal
    from omr.reading.traced.trace import trace as traced
    from omr.records.exchange.layouts import layout_in

    form, numbers = form_name(name), _kinds(kinds)
    file = output or session.workspace().forms / FOLDER / f"{form.lower()}.toml"
    may_be_made(file, told=replace)
    stated = layout_in(layout, page) if layout else None
    sheets = sheets_of(scans, page)
    draft = traced(sheets, filled=filled, dpi=dpi, columns=columns, kinds=numbers, layout=stated)
    today = f"{clock.today():%Y-%m-%d}"
    files = write_proposal(draft, form, file, revision=today, title=title, survey=survey)
    kinds_found = _of_kind(draft)
    told = {
        "form": form,
        "file": str(file),
        "print": str(files.print_),
        "picture": str(files.picture),
        "sheets": len(sheets),
        "learned": draft.learned,
        "identify": draft.identify,
        "questions": len(draft.questions),
        "boxes": len(draft.boxes),
        "kinds": len(kinds_found),
        "of_kind": kinds_found,
        "replaced": str(files.replaced) if files.replaced else None,
    }
    if as_json:
        print_json(told)
        return 0
    if files.replaced:
        click.echo(say("trace.replaced", **told))
    click.echo(say("trace.done", **told))
    if len(kinds_found) > 1:  # cells of tables are closed outlines, too
        for one in kinds_found:
            click.echo("  " + say("trace.kind", **one | {"shape": say(f"trace.{one['shape']}")}))
        click.echo(say("trace.some_kinds"))
    return 0


def _of_kind(draft: Draft) -> list[dict[str, Any]]:
    """Return how many boxes there are of each kind, and what they look like; the most first."""
    from omr.geometry import MM_PER_INCH

    mm = MM_PER_INCH / draft.dpi
    rows: list[dict[str, Any]] = []
    for kind in sorted({box.kind for box in draft.boxes}):
        some = [box for box in draft.boxes if box.kind == kind]
        rows.append(
            {
                "kind": kind,
                "boxes": len(some),
                "shape": some[0].shape.value,
                "width_mm": round(median(box.width for box in some) * mm, 1),
                "height_mm": round(median(box.height for box in some) * mm, 1),
            }
        )
    return sorted(rows, key=lambda row: -row["boxes"])


def _kinds(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").split()
    if not all(word.isdigit() for word in words):
        raise OmrError("trace.bad_kinds", text=text[:40])
    return tuple(map(int, words))
