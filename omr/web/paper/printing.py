"""The printing desk: forms to look at, serials issued and printed, one run at a time or a whole plan.

What was printed is kept below the workspace, so that a jammed printer does not cost a print run; every
download is in the record of acts, because whoever has the file can print the slips.
"""

from __future__ import annotations

import io
import re
import tempfile
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pypdfium2
from starlette.responses import FileResponse, Response

from omr.errors import OmrError, TemplateError
from omr.files import appearing, move
from omr.forms.layout import find_form, form_names
from omr.forms.printing.printing import print_specimen
from omr.forms.template import Form
from omr.records.offices.periods import parse_period
from omr.records.offices.units import Unit, list_units
from omr.records.register.history import run_lines
from omr.records.register.register import issued, printed_run, run_printed_to
from omr.records.store.store import Store
from omr.text import whole_number
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.paper.sheet_kinds import PRINTS

MOST: Final = 20_000  # slips of one run: more is a slip of the finger
_SHOWN: Final = 60  # runs in the list
_PLAN: Final = re.compile("plan-[0-9a-f]{16}")
_PREVIEW_SCALE: Final = 1.6  # 115 dpi: every letter of an A5 slip can be read


@dataclass(frozen=True, slots=True)
class Offered:
    """A form that may be printed, or why it may not."""

    name: str
    form: Form | None
    faults: tuple[str, ...] = ()


def desk(visit: Visit) -> Response:
    """Show forms, the latest print runs, and what can be printed."""
    return _show(visit)


def preview(visit: Visit) -> Response:
    """Show a form as it is printed, without serials."""
    form = _form(visit)
    headers = {"Content-Disposition": f'inline; filename="{form.form}.pdf"'}
    return Response(_specimen(visit, form), media_type="application/pdf", headers=headers)


def picture(visit: Visit) -> Response:
    """Show the first page of the same as a picture."""
    with pypdfium2.PdfDocument(_specimen(visit, _form(visit))) as document:
        drawn = document[0].render(scale=_PREVIEW_SCALE).to_pil()
    content = io.BytesIO()
    drawn.save(content, "PNG")
    return Response(content.getvalue(), media_type="image/png")


def _form(visit: Visit) -> Form:
    """Return the form that is asked for by its exact name."""
    name = visit.parameter("form")
    if name not in form_names(visit.office.workspace.forms):
        raise NotFoundError
    return find_form(name, visit.office.workspace.forms)


def _specimen(visit: Visit, form: Form) -> bytes:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "specimen.pdf"
        print_specimen(form, file, electronic_url=visit.office.workspace.settings.electronic_form_url)
        return file.read_bytes()


def issue(visit: Visit) -> Response:
    """Register serials and print them, both or neither; what this copy of the form printed, not again."""
    fields, office = visit.form, visit.office
    try:
        count = number_of(fields.get("count", ""))
        folder = office.workspace.path / PRINTS
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / f"{visit.mark or uuid.uuid4().hex}.pdf"
        with office.store() as store:
            hall = office.hall(store, visit.me.name)
            run = run_printed_to(store, target, by=visit.me.name) or hall.issue(
                hall.form(fields.get("of_form", "")),
                unit=fields.get("unit", ""),
                period=fields.get("period", ""),
                count=count,
                target=target,
            )
        if target.exists():
            move(target, folder / f"{run.run}.pdf")
    except OmrError as error:
        return _show(visit, str(error))
    return see_other(f"/print?period={run.period}#r-{run.run}")


def download(visit: Visit) -> Response:
    """Give the file of a print run again."""
    name = visit.parameter("run")
    with visit.office.store() as store:
        known = {run.run for run in issued(store)}
    file = _kept(visit.office.workspace.path / PRINTS).get(name)
    if name not in known or file is None:
        raise NotFoundError
    visit.office.note(visit.me.name, "print_downloaded", name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return FileResponse(file, media_type="application/pdf", headers=headers)


def plan(visit: Visit) -> Response:
    """Show what came of a plan: print files to fetch, records of hand-over to sign."""
    folder = _plan_folder(visit)
    prints = {file: printed_run(file) for file in sorted(folder.glob("*.pdf")) if _is_print(file)}
    with visit.office.store() as store:
        runs = {run.run: run for run in issued(store)}
    made = [runs[run] for run in prints.values() if run in runs]
    papers = sorted(file.name for file in folder.glob("bien-ban-*"))
    return page(visit, "plan.html", name=folder.name, runs=made, papers=papers)


def plan_file(visit: Visit) -> Response:
    """Give one paper of a plan, or all of its files in one archive."""
    folder, name = _plan_folder(visit), visit.parameter("file")
    files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    visit.office.note(visit.me.name, "print_downloaded", f"{folder.name}/{name}")
    if name == "all.zip":
        packed = folder / ".all.zip"  # made anew each time: the plan may have gone on since
        with appearing(packed) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for file in files:  # PDF is packed already
                archive.write(file, file.name)
        return FileResponse(packed, filename=f"{folder.name}.zip")
    if name not in {file.name for file in files}:
        raise NotFoundError
    return FileResponse(folder / name, filename=name)


def _plan_folder(visit: Visit) -> Path:
    folder = visit.office.workspace.path / PRINTS / visit.parameter("plan")
    if not (_PLAN.fullmatch(folder.name) and folder.is_dir()):
        raise NotFoundError
    return folder


def _is_print(file: Path) -> bool:
    return not file.name.startswith((".", "bien-ban-"))


def _kept(folder: Path) -> dict[str, Path]:
    """Return the print files by their run: by name; of plans, and after a kill, by what they say."""
    found = {file.stem: file for file in folder.glob("R*.pdf")}
    for file in (*folder.glob("[!R]*.pdf"), *folder.glob("plan-*/*.pdf")):
        if _is_print(file) and (run := printed_run(file)):
            found[run] = file
    return found


def _show(visit: Visit, problem: str = "") -> Response:
    office = visit.office
    chosen = visit.query("period")
    with office.store() as store:
        lines = run_lines(store)[::-1]
        units = valid_units(store)
    known = sorted({run.period for run in lines}, reverse=True)
    when = parse_period(chosen).name if chosen else known[0] if known else ""
    runs = [run for run in lines if run.period == when]
    return page(
        visit,
        "printing.html",
        status=400 if problem else 200,
        forms=offered(office.workspace.forms),
        runs=runs[:_SHOWN],
        more=max(0, len(runs) - _SHOWN),
        known=known,
        period=when,
        kept=_kept(office.workspace.path / PRINTS),
        units=units,
        told=visit.form,
        problem=problem,
    )


def offered(own: Path | None) -> list[Offered]:
    """Return all forms; one whose file is wrong comes with its faults."""
    found = []
    for name in form_names(own):
        try:
            found.append(Offered(name, find_form(name, own)))
        except TemplateError as error:
            problems = error.values.get("problems", ())
            assert isinstance(problems, tuple)
            faults = tuple(f"{one.where}: {one.said}" for one in problems)
            found.append(Offered(name, None, faults or (str(error),)))
    return found


def valid_units(store: Store) -> list[Unit]:
    """Return the units that may be chosen: those that were not dissolved."""
    return [unit for unit in list_units(store) if unit.valid_to is None]


def number_of(text: str) -> int:
    """Return a count of slips that somebody typed.

    Raises
    ------
    OmrError
        If it is none, or so large that it must be a slip of the finger.
    """
    number = whole_number(text)
    if number is None or not 1 <= number <= MOST:
        raise OmrError("printing.bad_count", text=text[:40], most=MOST)
    return number
