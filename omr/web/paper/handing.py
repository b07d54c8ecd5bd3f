"""The desk of paper on its way: handed over, stamped, spoiled, laid into stacks under a cover sheet."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.responses import Response

from omr import clock
from omr.errors import OmrError
from omr.forms.printing.cover import Cover, print_cover
from omr.forms.serial import IssuedSerials
from omr.messages import say
from omr.records.offices.periods import parse_period
from omr.records.offices.units import find_unit
from omr.records.register.custody import Span, parse_span, written
from omr.records.register.handovers import hand_overs
from omr.records.register.history import run_lines
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued
from omr.records.register.stamping import stamp, stamped_serials
from omr.records.register.stock import known_form, receive, spoil
from omr.records.store.store import Store
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.paper.printing import number_of, offered, valid_units

_SHOWN: Final = 30
_PAPERS: Final = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
}


def desk(visit: Visit) -> Response:
    """Show the latest hand-overs and what can be recorded."""
    return _show(visit)


def hand_over(visit: Visit) -> Response:
    """Record that a unit received serials; leads to the record that both sides sign."""
    period = visit.form.get("period", "").strip() or None
    texts = serials_in(visit)
    try:
        with visit.office.store() as store:
            unit, today = visit.form.get("unit", ""), clock.today()
            receive(store, texts, unit=unit, period=period, by=visit.me.name, today=today)
            made = hand_overs(store, latest=1)[0]
    except OmrError as error:
        return _show(visit, str(error))
    return see_other(f"/hand-overs?done={made.number}")


def paper(visit: Visit) -> Response:
    """Give the record of one hand-over, to be signed."""
    from omr.reports.document.handover import handed, write_handover

    name, ending = visit.parameter("number"), f".{visit.parameter('ending')}"
    if ending not in _PAPERS or not (name.isdecimal() and len(name) < 16):
        raise NotFoundError
    settings = visit.office.workspace.settings.report
    with visit.office.store() as store, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        made = next(iter(hand_overs(store, number=int(name))), None)
        if made is None:
            raise NotFoundError
        when = parse_period(made.period)
        unit = find_unit(store, made.unit, when).name
        lines = handed(store, made.spans)
        files = write_handover(Path(folder), made.unit, unit, when, lines, settings)
        content = next(file for file in files if file.suffix == ending).read_bytes()
    how = "inline" if ending == ".pdf" else "attachment"
    headers = {"Content-Disposition": f'{how}; filename="bien-ban-{made.period}-{made.unit}{ending}"'}
    return Response(content, media_type=_PAPERS[ending], headers=headers)


def spoiled(visit: Visit) -> Response:
    """Record serials as spoiled."""
    why = visit.form.get("why", "").strip()[:300]
    return _recorded(
        visit, lambda store, texts: spoil(store, texts, why=why, by=visit.me.name), "paper.spoiled"
    )


def stamped(visit: Visit) -> Response:
    """Record which slips bear the stamp, or that they do not after all."""
    undo = bool(visit.form.get("undo"))
    return _recorded(
        visit,
        lambda store, texts: stamp(store, texts, by=visit.me.name, stamped=not undo),
        "paper.unstamped" if undo else "paper.stamped",
    )


def cover(visit: Visit) -> Response:
    """Print a cover sheet for a stack."""
    fields, office = visit.form, visit.office
    try:
        when = parse_period(fields.get("period", ""))
        with office.store() as store:
            unit = find_unit(store, fields.get("unit", ""), when)
            form = known_form(store, fields.get("of_form", ""))
            span = None
            if fields.get("first", "").strip():
                (text,) = serials_in(visit)
                span = parse_span(IssuedSerials(issued(store)), text)
            serials = written(store, [span]) if span else ""
        count = number_of(fields.get("count", ""))
    except OmrError as error:
        return _show(visit, str(error))
    sheet = Cover(unit.unit, when.name, form, count, serials)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "cover.pdf"
        print_cover(sheet, unit.name, office.workspace.settings.office, file)
        content = file.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="to-bia-{unit.unit}-{when.name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def serials_in(visit: Visit) -> list[str]:
    """Return the spans that somebody scanned or typed: first and last barcode, whole runs, lines of spans.

    Raises
    ------
    OmrError
        If there is none.
    """
    fields = visit.form
    spans = [line.strip() for line in fields.get("serials", "").splitlines() if line.strip()]
    first, last = fields.get("first", "").strip(), fields.get("last", "").strip()
    if first or last:
        spans.append(f"{first}..{last}" if first and last else first or last)
    spans += fields.get("runs", "").split()
    if not spans:
        raise OmrError("printing.no_serials")
    return spans


def _recorded(visit: Visit, act: Callable[[Store, list[str]], list[Span]], done: str) -> Response:
    try:
        texts = serials_in(visit)
        with visit.office.store() as store:
            changed = act(store, texts)
            count = sum(len(span.ranges) for span in changed)
    except OmrError as error:
        return _show(visit, str(error))
    return _show(visit, done=say(done, count=count, serials=", ".join(texts)))


def _show(visit: Visit, problem: str = "", done: str = "") -> Response:
    office = visit.office
    number = visit.query("done")
    with office.store() as store:
        latest = hand_overs(store, latest=_SHOWN * 8)[:_SHOWN]
        units = valid_units(store)
        stamps = stamped_serials(store)
        runs = [
            (run, len(stamps.get(run.run, Ranges())))
            for run in run_lines(store)[::-1][:_SHOWN]
            if run.state == "issued"
        ]
    just = next((one for one in latest if str(one.number) == number), None)
    return page(
        visit,
        "handing.html",
        status=400 if problem else 200,
        latest=latest,
        just=just,
        runs=runs,
        units=units,
        forms=[one for one in offered(office.workspace.forms) if one.form],
        told=visit.form,
        problem=problem,
        done=done,
    )
