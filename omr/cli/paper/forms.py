"""``omr forms``: the forms there are, their boxes, a specimen, and the check of an office's own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from omr import clock
from omr.cli.common import Session, json_option, print_json
from omr.cli.completing import form_names
from omr.cli.paper.new_form import new
from omr.cli.paper.trace import trace
from omr.errors import OmrError, TemplateError, why
from omr.messages import say

if TYPE_CHECKING:
    from omr.forms.template import Form
    from omr.workspace import Workspace


@click.group()
def forms() -> None:
    """Forms."""


forms.add_command(new)
forms.add_command(trace)


@forms.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List forms."""
    from omr.forms.layout import list_forms

    workspace = _workspace(session)
    found = list_forms(workspace.forms if workspace else None)
    rows = [{name: getattr(form, name) for name in ("form", "title", "revision", "paper")} for form in found]
    if as_json:
        return print_json(rows)
    for form in found:
        click.echo(f"{form.form:<12} {form.revision:<12} {form.paper}  {form.title} – {form.field}")


@forms.command()
@click.argument("form", shell_complete=form_names)
@json_option
@click.pass_obj
def show(session: Session, form: str, as_json: bool) -> None:
    """Show a form."""
    from omr.forms.template import fingerprint

    found = _find(_workspace(session), form)
    frame = found.frame
    if as_json:
        return print_json(
            {
                "form": found.form,
                "revision": found.revision,
                "fingerprint": fingerprint(found),
                "page": {"width_mm": frame.width_mm, "height_mm": frame.height_mm},
                "fiducials": [
                    {
                        "id": mark.id,
                        "x_mm": mark.box.x_mm,
                        "y_mm": mark.box.y_mm,
                        "size_mm": mark.box.width_mm,
                    }
                    for mark in frame.fiducials
                ],
                "serial": asdict(frame.serial_text),
                "questions": [
                    {
                        "key": question.key,
                        "kind": question.kind.value,
                        "factor": question.factor,
                        "text": question.text,
                        "options": [
                            {"code": option.code, "label": option.label, **asdict(option.box)}
                            for option in question.options
                        ],
                        # Said of those forms that have such: what is written by hand, and several pages.
                        **({"cells": [asdict(cell) for cell in question.cells]} if question.cells else {}),
                        **({"page": question.page} if found.pages > 1 else {}),
                    }
                    for question in found.questions
                ],
            }
        )
    click.echo(say("forms.shown", **asdict(found), fingerprint=fingerprint(found)))
    for question in found.questions:
        click.echo(f"\n{question.key}  {question.text}")
        for option in question.options:
            x_mm, y_mm = option.box.centre_mm
            click.echo(f"    {option.code:<20} {x_mm:6.2f} {y_mm:7.2f}  {option.label}")
        for place, cell in enumerate(question.cells, start=1):
            x_mm, y_mm = cell.centre_mm
            click.echo(f"    {place:<20} {x_mm:6.2f} {y_mm:7.2f}")


@forms.command()
@click.argument("form", shell_complete=form_names)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False))
@click.pass_obj
def preview(session: Session, form: str, output: str) -> None:
    """Print a specimen."""
    from omr.forms.printing.printing import print_specimen

    workspace = _workspace(session)
    found = _find(workspace, form)
    url = workspace.settings.electronic_form_url if workspace else ""
    try:
        if output.lower().endswith(".png"):
            _as_picture(found, Path(output), url)
        else:
            print_specimen(found, Path(output), electronic_url=url)
    except OSError as error:
        raise OmrError("forms.unwritable", file=output, detail=why(error)) from error
    click.echo(say("forms.previewed", form=found.form, file=output))


@forms.command()
@click.argument("file", type=click.Path(dir_okay=False))
@json_option
@click.pass_obj
def check(session: Session, file: str, as_json: bool) -> int:
    """Check a file."""
    from omr.forms.first_file import digit_taken
    from omr.forms.problems import Problem, refuse

    confirmed = None
    try:
        form, confirmed = _checked(Path(file))
        if confirmed is None:
            workspace = _workspace(session)
            refuse(file, digit_taken(form, _others(workspace)))
    except TemplateError as error:
        if not as_json:
            raise
        problems = error.values.get("problems", (Problem("", error.key, error.values),))
        assert isinstance(problems, tuple)
        wrong = [{"where": problem.where, "detail": problem.said} for problem in problems]
        print_json({"ok": False, "form": None, "problems": wrong})
        return 1
    boxes = sum(len(question.options) for question in form.questions)
    if as_json:
        print_json({"ok": True, "form": form.form, "problems": []})
    elif confirmed is not None:
        state = say("trace.confirmed" if confirmed else "trace.unconfirmed")
        found = {"form": form.form, "questions": len(form.questions), "boxes": boxes}
        click.echo(say("trace.right", file=file, **found, state=state))
    else:
        click.echo(say("forms.right", file=file, form=form.form, questions=len(form.questions), boxes=boxes))
    return 0


@forms.command()
@click.argument("form", shell_complete=form_names)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--xlsform", "what", flag_value="xlsform", default=True)
@click.option("--html", "what", flag_value="html")
@click.option("--unit", "units", multiple=True)
@click.pass_obj
def export(session: Session, form: str, output: Path, what: str, units: tuple[str, ...]) -> None:
    """Export a form."""
    from omr.files import write_whole
    from omr.forms.electronic.page import page
    from omr.forms.electronic.xlsform import workbook

    workspace = _workspace(session)
    found = _find(workspace, form)
    listed = _units(session, units) if workspace else [(unit, unit) for unit in units]
    address = workspace.settings.electronic_answers_url if workspace else ""
    content = workbook(found, listed) if what == "xlsform" else page(found, listed, send_to=address).encode()
    try:
        write_whole(output, content)
    except OSError as error:
        raise OmrError("forms.unwritable", file=output, detail=why(error)) from error
    click.echo(say(f"forms.exported_{what}", form=found.form, file=output))


def _units(session: Session, chosen: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return codes and names of the units to choose from: those named, else all that are open today."""
    from omr.records.offices.periods import parse_period
    from omr.records.offices.units import find_unit, list_units

    now = parse_period(f"{clock.today():%Y-%m}")
    with session.store() as store:
        if chosen:
            found = [find_unit(store, unit, now) for unit in chosen]
        else:
            found = [unit for unit in list_units(store) if unit.serves(now)]
    return [(unit.unit, unit.name) for unit in found]


_APART_PX: Final = 12  # of dark between two pages


def _as_picture(form: Form, target: Path, url: str) -> None:
    """Draw a specimen as an image viewer shows it: its pages below each other."""
    import io
    from tempfile import TemporaryDirectory

    import pypdfium2
    from PIL import Image

    from omr.files import write_whole
    from omr.forms.printing.printing import print_specimen

    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "specimen.pdf"
        print_specimen(form, file, electronic_url=url)
        with pypdfium2.PdfDocument(file) as document:
            sides = [document[number].render(scale=150 / 72).to_pil() for number in range(form.pages)]
    picture = Image.new("RGB", (sides[0].width, sum(side.height + _APART_PX for side in sides) - _APART_PX))
    for number, side in enumerate(sides):
        picture.paste(side, (0, number * (side.height + _APART_PX)))
    out = io.BytesIO()
    picture.save(out, "PNG")
    write_whole(target, out.getvalue())


def _others(workspace: Workspace | None) -> list[Form]:
    """Return the forms beside which a file's form is used; one that is broken is another file's trouble."""
    from omr.forms.layout import list_forms

    own = workspace.forms if workspace else None
    try:
        return list_forms(own)
    except TemplateError:
        return list_forms(None)


def _checked(file: Path) -> tuple[Form, bool | None]:
    """Return the form of a file; of one that was not printed here also whether a person confirmed it."""
    from omr.forms.layout import lay_out
    from omr.forms.loading import load_template
    from omr.forms.traced import is_traced, load_traced

    if is_traced(file):
        told, foreign = load_traced(file)
        return foreign.form, told.confirmed
    return lay_out(load_template(file), str(file)), None


def _workspace(session: Session) -> Workspace | None:
    """Return the workspace if there is one: built-in forms are there without."""
    from omr.workspace import SETTINGS

    return session.workspace() if (Path(session.folder) / SETTINGS).is_file() else None


def _find(workspace: Workspace | None, form: str) -> Form:
    """Return a form by its name, or the one that a TOML file describes."""
    from omr.forms.layout import find_form, lay_out
    from omr.forms.loading import load_template

    if form.lower().endswith(".toml"):
        return lay_out(load_template(Path(form)), form)
    return find_form(form, workspace.forms if workspace else None)
