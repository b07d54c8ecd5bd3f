"""``omr forms new``: a few questions, and the first file of a form of one's own, which passes."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from omr import clock
from omr.cli.common import Session
from omr.errors import OmrError, why
from omr.messages import language, say


@click.command("new")
@click.argument("form")
@click.option("--title")
@click.option("--field")
@click.option("--agency", multiple=True)
@click.option("--digit", type=click.IntRange(0, 9))
@click.option("--language", "speaks", type=click.Choice(["vi", "en"]))
@click.option("--paper", type=click.Choice(["A5", "A4"]))
@click.option("--questions", type=click.IntRange(1, 20))
@click.option("--levels", type=click.Choice(["3", "5"]))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def new(
    session: Session,
    form: str,
    title: str | None,
    field: str | None,
    agency: tuple[str, ...],
    digit: int | None,
    speaks: str | None,
    paper: str | None,
    questions: int | None,
    levels: str | None,
    output: Path | None,
) -> None:
    """Begin a form."""
    from omr.files import make_folder, write_whole
    from omr.forms.first_file import Wanted, first_file, free_digits
    from omr.forms.layout import lay_out, list_forms
    from omr.forms.loading import load_template
    from omr.forms.schema import FILE, text

    name = form.strip().upper().replace("Đ", "D")
    own = session.workspace().forms
    file = output or own / f"{name.lower()}.toml"
    if file.exists():
        raise OmrError("trace.exists", file=file)
    free = free_digits(list_forms(own))
    if not free:
        raise OmrError("forms.no_digit")
    wanted = Wanted(
        form=name,
        title=_asked("new_title", title, say("forms.new_default_title")),
        field=_asked("new_field", field, say("forms.new_default_field")),
        agency=agency or tuple(_asked("new_agency", None, session.workspace().settings.office).split(" / ")),
        digit=int(_asked("new_digit", digit, free[0])),
        revision=f"{clock.today():%Y-%m}",
        language=_asked("new_language", speaks, language()),
        paper=_asked("new_paper", paper, "A5"),
        questions=int(_asked("new_questions", questions, 5)),
        levels=int(_asked("new_levels", levels, 5)),
    )
    try:
        make_folder(file.parent)
        write_whole(file.with_name(FILE), text())
        write_whole(file, first_file(wanted))
    except OSError as error:
        raise OmrError("forms.unwritable", file=file, detail=why(error)) from error
    lay_out(load_template(file), str(file))  # what was said may not fit: the file is there to be mended
    click.echo(say("forms.new_written", form=name, file=file))


def _asked(what: str, given: object, usual: object) -> str:
    """Return what was said as an option, else what a person answers; where nobody sits, what is usual."""
    if given is not None:
        return str(given)
    if not sys.stdin.isatty():
        return str(usual)
    return str(click.prompt(say(f"forms.{what}"), default=str(usual)))
