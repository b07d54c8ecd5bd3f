"""Batches that travel between offices without a network: packed here, or taken in from a stick."""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse, Response

from omr.errors import OmrError
from omr.files import move, passing_folder, remove
from omr.messages import month, say
from omr.records.exchange.bundle import check_bundle, check_told, export_bundle, unpack
from omr.records.inbox.inbox import Inbox, StackState
from omr.records.inbox.names import plain_name
from omr.records.month.board import month_board
from omr.records.offices.periods import Period
from omr.records.offices.units import find_unit
from omr.web.frame.body import body_as_file, called
from omr.web.frame.errands import begun
from omr.web.frame.months import month_of
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit
from omr.web.work import made
from omr.web.work.errands import Came, Tell

STICK: Final = "from-stick"  # below the workspace: bundles that came up, until they are taken in


def show(visit: Visit) -> Response:
    """Show what may be packed of a month, and where a bundle is sent up."""
    return _show(visit, month_of(visit))


def pack(visit: Visit) -> Response:
    """Pack and sign the batches of a month, of one unit or of all."""
    when, office, by = month_of(visit), visit.office, visit.me.name
    asked = visit.form.get("unit", "")
    try:
        with office.store() as store:
            unit = find_unit(store, asked).unit if asked else None
    except OmrError as error:
        return _show(visit, when, str(error))

    def write(tell: Tell) -> Came:
        folder = made.begin(office.workspace.path)
        target = folder / f"goi-{'-'.join(filter(None, (when.name, unit)))}.zip"
        with office.store() as store:
            name = office.workspace.settings.office
            export_bundle(store, office.workspace.path, name, target, unit=unit, period=when.name)
        made.finish(folder, "bundle", period=when.name, by=by, unit=unit or "")
        return Came(f"/made/{folder.name}")

    what, desk = say("month.packing", period=month(when.name)), f"/month/{when.name}/travel"
    return begun(office.errands.begin(what, by, desk, write))


async def take_file(visit: Visit) -> Response:
    """Take a bundle up as it comes; what it holds is checked whole, then read as stacks of its own."""
    office, by = visit.office, visit.me.name
    name = plain_name(visit.request.query_params.get("name", ""))
    key = visit.request.query_params.get("key", "").strip()[:128] or None
    file = await body_as_file(visit, office.workspace.path / STICK)
    office.note(by, "bundle_sent", name[:80])

    def bring(tell: Tell) -> Came:
        inbox = Inbox(office.workspace)
        try:
            with called(file, name):
                manifest = check_bundle(file, key)
            with office.store() as store:
                check_told(store, manifest)
            for done, batch in enumerate(manifest.batches):
                tell(done, len(manifest.batches))
                stack = inbox.begin(batch.unit, batch.period, batch.expected, by)
                try:
                    with passing_folder(office.workspace.path) as unpacked:
                        for one in unpack(file, batch, unpacked):
                            part = inbox.place_for(stack, one.name, one.stat().st_size)
                            move(one, part)
                            inbox.take(part, known=True)
                    inbox.send(stack)
                finally:
                    if inbox.state(stack) is StackState.OPEN:
                        inbox.drop(stack)
        finally:
            remove(file)
        office.worker.call()
        signer = manifest.public_key
        return Came(
            says=say("month.bundle_in", office=manifest.office, batches=len(manifest.batches), signer=signer)
        )

    errand = office.errands.begin(say("month.bringing", file=name[:80]), by, "/month", bring)
    return JSONResponse({"page": f"/errands/{errand.name}"})


def _show(visit: Visit, when: Period, problem: str = "") -> Response:
    with visit.office.store() as store:
        units = [line.unit for line in month_board(store, when)]
    found = made.listed(visit.office.workspace.path, when.name)
    return page(
        visit,
        "travel.html",
        status=400 if problem else 200,
        period=when.name,
        units=units,
        done=[one for one in found if one.kind == "bundle"],
        problem=problem,
    )
