"""The printing desk: forms to look at, serials issued and printed, handed over, spoiled; cover sheets.

What was printed is kept below the workspace, so that a jammed printer does not cost a print run; every
download is in the record of acts, because whoever has the file can print the slips.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.responses import FileResponse, Response

from omr.errors import OmrError
from omr.forms.layout import list_forms
from omr.forms.printing.cover import Cover, print_cover
from omr.forms.printing.printing import print_specimen
from omr.messages import say
from omr.records.register.history import run_lines
from omr.records.register.periods import parse_period
from omr.records.register.register import issued
from omr.records.register.stock import known_form, receive, spoil
from omr.records.register.units import find_unit, list_units
from omr.records.store.store import Store
from omr.text import whole_number
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit

FOLDER: Final = "prints"  # below the workspace
_MOST: Final = 20_000  # slips of one run: more is a slip of the finger
_SHOWN: Final = 40  # runs in the list


def desk(visit: Visit) -> Response:
    """Show forms, the latest print runs, and what can be done with them."""
    return _show(visit)


def preview(visit: Visit) -> Response:
    """Show a form as it is printed, without serials."""
    workspace = visit.office.workspace
    form = next((f for f in list_forms(workspace.forms) if f.form == visit.parameter("form")), None)
    if form is None:
        raise NotFoundError
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "specimen.pdf"
        print_specimen(form, file, electronic_url=workspace.settings.electronic_form_url)
        content = file.read_bytes()
    return _pdf(content, f"{form.form}.pdf", inline=True)


def issue(visit: Visit) -> Response:
    """Register serials and print them, both or neither."""
    fields, office = visit.form, visit.office
    try:
        count = _number(fields.get("count", ""))
        folder = office.workspace.path / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / f"{uuid.uuid4().hex}.pdf"
        with office.store() as store:
            hall = office.hall(store, visit.me.name)
            run = hall.issue(
                hall.form(fields.get("of_form", "")),
                unit=fields.get("unit", ""),
                period=fields.get("period", ""),
                count=count,
                target=target,
            )
        target.replace(folder / f"{run.run}.pdf")
    except OmrError as error:
        return _show(visit, str(error))
    return see_other(f"/print#r-{run.run}")


def download(visit: Visit) -> Response:
    """Give the file of a print run again."""
    name = visit.parameter("run")
    with visit.office.store() as store:
        known = {run.run for run in issued(store)}
    file = visit.office.workspace.path / FOLDER / f"{name}.pdf"
    if name not in known or not file.is_file():
        raise NotFoundError
    visit.office.note(visit.me.name, "print_downloaded", name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return FileResponse(file, media_type="application/pdf", headers=headers)


def hand_over(visit: Visit) -> Response:
    """Record that a unit received serials."""
    period = visit.form.get("period", "").strip() or None
    return _recorded(
        visit,
        lambda store, texts: len(
            receive(store, texts, unit=visit.form.get("unit", ""), period=period, by=visit.me.name)
        ),
        "printing.handed_over",
    )


def spoiled(visit: Visit) -> Response:
    """Record serials as spoiled."""
    why = visit.form.get("why", "").strip()[:300]
    return _recorded(
        visit,
        lambda store, texts: len(spoil(store, texts, why=why, by=visit.me.name)),
        "printing.spoiled_noted",
    )


def cover(visit: Visit) -> Response:
    """Print a cover sheet for a stack."""
    fields, office = visit.form, visit.office
    try:
        when = parse_period(fields.get("period", ""))
        with office.store() as store:
            unit = find_unit(store, fields.get("unit", ""), when)
            form = known_form(store, fields.get("of_form", ""))
        sheet = Cover(unit.unit, when.name, form, _number(fields.get("count", "")), "")
    except OmrError as error:
        return _show(visit, str(error))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cover.pdf"
        print_cover(sheet, unit.name, office.workspace.settings.office, file)
        content = file.read_bytes()
    return _pdf(content, f"to-bia-{unit.unit}-{when.name}.pdf", inline=False)


def _recorded(visit: Visit, act: Callable[[Store, list[str]], int], done: str) -> Response:
    texts = [line.strip() for line in visit.form.get("serials", "").splitlines() if line.strip()]
    try:
        if not texts:
            raise OmrError("printing.no_serials")
        with visit.office.store() as store:
            act(store, texts)
    except OmrError as error:
        return _show(visit, str(error))
    return _show(visit, done=say(done, serials=", ".join(texts)))


def _show(visit: Visit, problem: str = "", done: str = "") -> Response:
    office = visit.office
    with office.store() as store:
        runs = run_lines(store)[::-1][:_SHOWN]
        units = [unit for unit in list_units(store) if unit.valid_to is None]
    kept = {file.stem for file in (office.workspace.path / FOLDER).glob("*.pdf")}
    return page(
        visit,
        "printing.html",
        status=400 if problem else 200,
        forms=list_forms(office.workspace.forms),
        runs=runs,
        kept=kept,
        units=units,
        told=visit.form,
        problem=problem,
        done=done,
    )


def _number(text: str) -> int:
    number = whole_number(text)
    if number is None or not 1 <= number <= _MOST:
        raise OmrError("printing.bad_count", text=text[:40], most=_MOST)
    return number


def _pdf(content: bytes, name: str, *, inline: bool) -> Response:
    how = "inline" if inline else "attachment"
    headers = {"Content-Disposition": f'{how}; filename="{name}"'}
    return Response(content, media_type="application/pdf", headers=headers)
