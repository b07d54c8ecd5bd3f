"""The desk of the counters: where citizens are received, who helps, which slips lie there, the board."""

from __future__ import annotations

import tempfile
from pathlib import Path

from starlette.responses import Response

from omr.errors import OmrError
from omr.forms.layout import find_form
from omr.forms.printing.poster import PAPERS, poster_codes, print_poster
from omr.records.month.counters import counter_figures
from omr.records.offices.periods import parse_period
from omr.records.offices.units import find_unit
from omr.records.register.counters import counters, give_serials, record_counter
from omr.records.review.progress import periods
from omr.web.frame.pages import page, see_other
from omr.web.frame.visit import Visit
from omr.web.paper.handing import serials_in
from omr.web.paper.printing import offered, valid_units


def desk(visit: Visit) -> Response:
    """Show the counters, with their figures of a month."""
    return _show(visit)


def save(visit: Visit) -> Response:
    """Record one counter, new or changed."""
    fields = {name: visit.form.get(name, "").strip()[:200] for name in _FIELDS}
    try:
        with visit.office.store() as store:
            made = record_counter(store, fields, by=visit.me.name)
    except OmrError as error:
        return _show(visit, str(error))
    return see_other(f"/counters#c-{made.counter}")


_FIELDS = ("counter", "unit", "name", "phone", "officer", "board", "valid_from", "valid_to")


def give(visit: Visit) -> Response:
    """Record which slips lie at a counter."""
    counter = visit.form.get("counter", "")
    try:
        with visit.office.store() as store:
            give_serials(store, counter, serials_in(visit), by=visit.me.name)
    except OmrError as error:
        return _show(visit, str(error))
    return see_other(f"/counters#c-{counter}")


def poster(visit: Visit) -> Response:
    """Print the board of a unit."""
    workspace, fields = visit.office.workspace, visit.form
    paper = fields.get("paper", "A4")
    try:
        with visit.office.store() as store:
            unit = find_unit(store, fields.get("unit", ""))
        names = [one.name for one in offered(workspace.forms) if one.form]
        chosen = [name for name in fields.get("of_form", "").split() if name in names] or names
        forms = [find_form(name, workspace.forms) for name in chosen]
        codes = poster_codes(forms, workspace.settings.electronic_form_url, unit.unit)
        phone = fields.get("phone", "").strip() or workspace.settings.poster.phones.get(unit.unit, "")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "poster.pdf"
            print_poster(
                file,
                office=workspace.settings.office,
                unit=unit.name,
                codes=codes,
                phone=phone,
                paper=paper if paper in PAPERS else "A4",
            )
            content = file.read_bytes()
    except OmrError as error:
        return _show(visit, str(error))
    headers = {"Content-Disposition": f'attachment; filename="bang-{unit.unit}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def _show(visit: Visit, problem: str = "") -> Response:
    workspace = visit.office.workspace
    with visit.office.store() as store:
        known = periods(store)
        chosen = visit.query("period") or (known[0] if known else "")
        when = parse_period(chosen) if chosen else None
        listed = counters(store, when)
        figures = counter_figures(store, when) if when else {}
        units = valid_units(store)
    return page(
        visit,
        "counters.html",
        status=400 if problem else 200,
        listed=listed,
        figures=figures,
        boards=sum(one.board for one in listed),
        period=when.name if when else "",
        known=known,
        units=units,
        papers=list(PAPERS),
        has_address=bool(workspace.settings.electronic_form_url),
        phones=workspace.settings.poster.phones,
        told=visit.form,
        problem=problem,
    )
