"""The month's report on the desk: made behind the scenes, looked at as a page, then fetched."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Final

from markupsafe import Markup
from starlette.responses import FileResponse, Response

from omr.errors import OmrError
from omr.messages import month, say
from omr.records.month.board import month_board
from omr.records.offices.periods import Period
from omr.records.offices.surveys import declare_survey, surveys_of
from omr.records.offices.units import find_unit
from omr.records.review.progress import periods
from omr.web.frame.errands import begun
from omr.web.frame.months import month_of
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.people.journal import Noted
from omr.web.work import made
from omr.web.work.errands import Came, Tell
from omr.words import Role

REPORT: Final = "report"
_DOWNLOADED: Final[dict[str, Noted]] = {
    "report": "report_downloaded",
    "export": "export_downloaded",
    "bundle": "bundle_downloaded",
}


def desk(visit: Visit) -> Response:
    """Show what was made of a month, and what may be made."""
    return _show(visit, month_of(visit))


def make(visit: Visit) -> Response:
    """Have a report made; leads to its progress, and then to its preview."""
    when, office, by = month_of(visit), visit.office, visit.me.name
    own, lead = visit.own_unit_only(Role.LEAD), Role.LEAD in visit.me.roles
    survey = visit.form.get("survey", "") or None
    asked = own if own is not None else visit.form.get("unit", "")
    annex = lead and not asked and bool(visit.form.get("annex"))
    try:
        with office.store() as store:
            unit = find_unit(store, asked, when).unit if asked or own is not None else None
            if survey is not None and survey not in surveys_of(store):
                raise NotFoundError
    except OmrError as error:
        if isinstance(error, NotFoundError):
            raise
        return _show(visit, when, str(error))
    office.note(by, "report_made", " ".join(filter(None, (when.name, unit, survey))))

    def write(tell: Tell) -> Came:
        from omr.reports import monthly  # what draws and writes takes two seconds to load
        from omr.reports.document.preview import preview

        folder = made.begin(office.workspace.path)
        with office.store() as store:
            wanted = monthly.Wanted(unit, survey, lead=annex)
            done = monthly.make_report(store, when, folder, office.workspace.settings.report, wanted, tell)
        document = next(file for file in done.files if file.suffix == ".docx")
        text = preview(document, folder, f"/made/{folder.name}")
        made.keep_preview(folder, text)
        hidden = [file.name for file in done.annexes]
        made.finish(
            folder, REPORT, period=when.name, by=by, unit=unit or "", survey=survey or "", lead_only=hidden
        )
        return Came(f"/made/{folder.name}")

    what = say("month.report_making", period=month(when.name), unit=unit or say("month.the_city"))
    return begun(office.errands.begin(what, by, f"/month/{when.name}/report", write))


def tell_survey(visit: Visit) -> Response:
    """Say which survey a printed form belongs to; nothing: what the form itself says."""
    when, form, survey = month_of(visit), visit.form.get("form", ""), visit.form.get("survey", "").strip()
    try:
        with visit.office.store() as store:
            declare_survey(store, form, survey[:60].casefold(), by=visit.me.name)
    except OmrError as error:
        return _show(visit, when, str(error))
    return see_other(f"/month/{when.name}/report")


def show(visit: Visit) -> Response:
    """Show what was made: the report as a page, and its files."""
    one, folder = _found(visit)
    text = made.preview_of(folder)
    files = [name for name in made.files_of(folder) if _may_have(visit, one, name)]
    return page(visit, "made.html", made=one, period=one.period, files=files, text=Markup(text))


def file(visit: Visit) -> Response:
    """Give one file, or all of them in one archive."""
    one, folder = _found(visit)
    name = visit.parameter("file")
    files = [known for known in made.files_of(folder) if _may_have(visit, one, known)]
    if name.startswith("picture-") and (folder / name).is_file():
        return FileResponse(folder / name, media_type="image/png")
    if name != "all.zip" and name not in files:
        raise NotFoundError
    visit.office.note(visit.me.name, _DOWNLOADED[one.kind], f"{one.period} {one.unit} {name}".strip())
    if name != "all.zip":
        return FileResponse(folder / name, filename=name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for known in files:
            archive.write(folder / known, known)
    archive_name = f"bao-cao-{one.period}{f'-{one.unit}' if one.unit else ''}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{archive_name}"'}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


def _found(visit: Visit) -> tuple[made.Made, Path]:
    """Return what was made, where this person may have it."""
    found = made.find(visit.office.workspace.path, visit.parameter("made"))
    if found is None or not _may_see(visit, found[0]):
        raise NotFoundError
    return found


def _may_see(visit: Visit, one: made.Made) -> bool:
    if one.kind != REPORT:
        return bool(visit.me.roles & {Role.LEAD, Role.REVIEWER})
    own = visit.own_unit_only(Role.LEAD)
    return own is None or (bool(own) and one.unit == own)


def _may_have(visit: Visit, one: made.Made, name: str) -> bool:
    return name not in one.lead_only or Role.LEAD in visit.me.roles


def _show(visit: Visit, when: Period, problem: str = "") -> Response:
    own = visit.own_unit_only(Role.LEAD)
    with visit.office.store() as store:
        if when.name not in periods(store):
            raise NotFoundError  # a month of which there is nothing has no report, not a report of nothing
        units = [line.unit for line in month_board(store, when)]
        surveys = surveys_of(store)
    done = [
        one
        for one in made.listed(visit.office.workspace.path, when.name)
        if one.kind == REPORT and _may_see(visit, one)
    ]
    return page(
        visit,
        "report.html",
        status=400 if problem else 200,
        period=when.name,
        own=own,
        lead=Role.LEAD in visit.me.roles,
        units=units if own is None else [],
        surveys=list(surveys),
        forms=sorted({(form.form, name) for name, prints in surveys.items() for form in prints.values()}),
        done=done,
        problem=problem,
    )
