"""``omr forms trace``: a form file from scans of paper that was not printed here."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError, ScanError, why
from omr.messages import language, say

if TYPE_CHECKING:
    from omr.reading.scan.pages import ScannedPage
    from omr.reading.traced.trace import Draft

_NAME = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")


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
    as_json: bool,
) -> int:
    """Trace a form."""
    import cv2

    from omr.files import write_whole
    from omr.forms.traced import FOLDER
    from omr.reading.traced.trace import numbered
    from omr.reading.traced.trace import trace as traced
    from omr.records.exchange.layouts import layout_in

    form = name.strip().upper()
    if not _NAME.fullmatch(form):
        raise OmrError("trace.bad_name", name=name[:40])
    numbers = _kinds(kinds)
    file = output or session.workspace().forms / FOLDER / f"{form.lower()}.toml"
    if file.exists():
        raise OmrError("trace.exists", file=file)
    stated = layout_in(layout, page) if layout else None
    sheets = _sheets(scans, page)
    draft = traced(sheets, filled=filled, dpi=dpi, columns=columns, kinds=numbers, layout=stated)
    print_file, picture = file.with_suffix(".png"), file.with_name(f"{file.stem}.numbered.png")
    png = cv2.imencode(".png", draft.print_)[1].tobytes()
    seen = cv2.imencode(".png", cv2.cvtColor(numbered(draft), cv2.COLOR_RGB2BGR))[1].tobytes()
    text = _toml(draft, form, title, survey, print_file.name, hashlib.sha256(png).hexdigest(), picture.name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(print_file, png)
        write_whole(picture, seen)
        write_whole(file, text.encode())  # last: with it the form is there
    except OSError as error:
        raise OmrError("forms.unwritable", file=file, detail=why(error)) from error
    told = {
        "form": form,
        "file": str(file),
        "print": str(print_file),
        "picture": str(picture),
        "sheets": len(sheets),
        "learned": draft.learned,
        "identify": draft.identify,
        "questions": len(draft.questions),
        "boxes": len(draft.boxes),
        "kinds": len({box.kind for box in draft.boxes}),
    }
    if as_json:
        print_json(told)
    else:
        click.echo(say("trace.done", **told))
    return 0


def _kinds(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").split()
    if not all(word.isdigit() for word in words):
        raise OmrError("trace.bad_kinds", text=text[:40])
    return tuple(map(int, words))


def _sheets(paths: tuple[Path, ...], page: int | None) -> list[ScannedPage]:
    """Open the scans: of each file one page, or all; blank backs say nothing of a form."""
    from omr.reading.apart import Apart, scans_of
    from omr.reading.files.find import find_files
    from omr.reading.limits import USUAL
    from omr.reading.scan.backs import is_blank

    found = find_files(paths)
    sheets = []
    with Apart(USUAL) as apart:
        for file in found.files:
            try:
                for number, scan in enumerate(apart.stream(scans_of, file), start=1):
                    if page in (None, number) and not is_blank(scan):
                        sheets.append(scan)
            except ScanError as error:
                raise OmrError("trace.no_scan", file=file, detail=error) from error
    if not sheets:
        raise OmrError("records.no_scans", paths=", ".join(map(str, paths)))
    return sheets


def _toml(
    draft: Draft, form: str, title: str, survey: str, print_name: str, sha256: str, picture: str
) -> str:
    from datetime import date

    from omr.forms.traced_file import ProposedForm, toml_of

    height, width = draft.print_.shape
    questions = [
        [(draft.boxes[at].kind, _sides(draft, at, width, height)) for at in question]
        for question in draft.questions
    ]
    own = form.lower()
    return toml_of(
        ProposedForm(
            form=form,
            title=title or form,
            field=title or form,
            survey=survey or own,
            language=language(),
            revision=f"{date.today():%Y-%m-%d}",
            print=print_name,
            sha256=sha256,
            learned=draft.learned,
            identify=draft.identify,
            dpi=draft.dpi,
            size=(width, height),
            questions=questions,
            texts=draft.labels,
            labels=draft.codes,
        ),
        picture=picture,
    )


def _sides(draft: Draft, at: int, width: int, height: int) -> tuple[float, float, float, float]:
    box = draft.boxes[at]
    return max(0.0, box.left), max(0.0, box.top), min(float(width), box.right), min(float(height), box.bottom)
