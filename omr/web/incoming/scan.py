"""The scanning desk: a scanner fills a stack; each page shows as it comes and can be scanned anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from omr.errors import OmrError
from omr.files import remove_folder
from omr.messages import say
from omr.records.batches.batches import batches
from omr.records.inbox.inbox import Inbox, Stack, StackState, Way
from omr.records.inbox.outlook import outlook
from omr.web.frame.desks import PV01
from omr.web.frame.pages import NotFoundError, fragment, page, see_other
from omr.web.frame.visit import Visit
from omr.web.incoming.intake import new_stack, stack_of
from omr.web.scanning.feed import SeenPage, Warned, warnings
from omr.web.scanning.scan import RUNNING, Scan, place_of, view_of
from omr.words import PageOutcome

_LOOK_EVERY_S: Final = 0.4
_LONGEST_STREAM_S: Final = 600.0


def scanners_for(visit: Visit) -> list[str]:
    """Return the scanners that this person may use, by name."""
    known = visit.office.workspace.settings.scanners
    return visit.office.scans.usable(known, visit.own_unit_only(*PV01))


def begin(visit: Visit) -> Response:
    """Open a stack and scan into it what the feeder holds."""
    scanner = _scanner(visit)
    stack = new_stack(visit, way=Way.SCAN)
    visit.office.scans.start(stack, scanner)
    visit.office.note(visit.me.name, "stack_begun", f"{stack.name} {stack.unit or ''} {scanner}".strip())
    return see_other(f"/scan/{stack.name}")


def show(visit: Visit) -> Response:
    """Show the pages of a stack that is being scanned, and what is said about them."""
    stack, scan = _scanned(visit)
    inbox = Inbox(visit.office.workspace)
    if inbox.state(stack) is not StackState.OPEN:
        return see_other(f"/intake/{stack.name}")
    return page(
        visit,
        "scan.html",
        stack=stack,
        scan=scan,
        words={seen.number: page_word(seen) for seen in scan.pages},
        told=_told(visit, stack, scan),
        scanners=scanners_for(visit),
    )


def more(visit: Visit) -> Response:
    """Scan more into the same stack: the rest of a pile, or after paper was stuck."""
    stack, _ = _scanned(visit)
    visit.office.scans.start(stack, _scanner(visit))
    return see_other(f"/scan/{stack.name}")


def again(visit: Visit) -> Response:
    """Scan one page again, into its place."""
    stack, scan = _scanned(visit)
    visit.office.scans.start(stack, _scanner(visit), again=_page(visit, scan).number)
    return see_other(f"/scan/{stack.name}#p{visit.form.get('number', '')}")


def remove(visit: Visit) -> Response:
    """Take one page out of a stack that was not sent: a wrong sheet, a page scanned twice."""
    stack, scan = _scanned(visit)
    inbox = Inbox(visit.office.workspace)
    visit.office.scans.refuse_running(stack)
    if inbox.state(stack) is not StackState.OPEN:
        raise OmrError("inbox.not_open")
    gone = _page(visit, scan)
    file = place_of(inbox, stack, gone.number)
    if file is not None:
        remove_folder(file.parent)
    visit.office.scans.forget(stack, gone)
    visit.office.note(visit.me.name, "scan_removed", f"{stack.name} {gone.number} {gone.serial}".strip())
    return see_other(f"/scan/{stack.name}")


def stop(visit: Visit) -> Response:
    """Let the scanner stop; what is scanned stays."""
    stack, _ = _scanned(visit)
    visit.office.scans.stop(stack)
    return see_other(f"/scan/{stack.name}")


def picture(visit: Visit) -> Response:
    """Show one page as it was scanned."""
    stack, scan = _scanned(visit)
    number = visit.parameter("number")
    seen = next((one for one in scan.pages if str(one.number) == number), None)
    if seen is None:
        raise NotFoundError
    try:
        content = view_of(Inbox(visit.office.workspace), stack, seen).read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError from error
    return Response(content, media_type="image/jpeg")


async def progress(visit: Visit) -> Response:
    """Tell each page as it comes, by server-sent events, until the scanner has ended."""
    stack, _ = await run_in_threadpool(_scanned, visit)
    return StreamingResponse(
        _events(visit, stack), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _events(visit: Visit, stack: Stack) -> AsyncIterator[str]:
    sent: dict[int, int] = {}
    said = ""
    for _ in range(round(_LONGEST_STREAM_S / _LOOK_EVERY_S)):
        scan = await run_in_threadpool(visit.office.scans.scan_of, stack)
        if scan is None or scan.state != RUNNING:
            yield "event: end\ndata:\n\n"
            return
        for seen in scan.pages:
            if sent.get(seen.number) != seen.version:
                sent[seen.number] = seen.version
                yield _event("page", fragment("scanned.html", **_card(stack, scan, seen)))
        told = fragment("scan_told.html", stack=stack, scan=scan, told=_told(visit, stack, scan))
        if told != said:
            said = told
            yield _event("told", told)
        await asyncio.sleep(_LOOK_EVERY_S)


def _card(stack: Stack, scan: Scan, seen: SeenPage) -> dict[str, object]:
    return {"stack": stack, "scan": scan, "seen": seen, "word": page_word(seen)}


def _event(name: str, text: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"


def page_word(seen: SeenPage) -> str:
    """Return what the reader makes of a page, in a few words."""
    if seen.outcome == PageOutcome.REJECTED:
        return say(f"page.{seen.reason}", **seen.values)
    return say("scanning.page_read", serial=seen.serial) if seen.serial else say("scanning.page_blank")


def _told(visit: Visit, stack: Stack, scan: Scan) -> list[Warned]:
    profile = visit.office.workspace.settings.scanners.get(scan.scanner)
    return warnings(
        scan.pages,
        duplex=bool(profile and profile.duplex),
        counted=stack.expected,
        done=scan.state != RUNNING,
    )


def _scanned(visit: Visit) -> tuple[Stack, Scan]:
    stack = stack_of(visit, Inbox(visit.office.workspace))
    scan = visit.office.scans.scan_of(stack)
    if scan is None:
        raise NotFoundError
    return stack, scan


def _scanner(visit: Visit) -> str:
    scanner = visit.form.get("scanner", "")
    if scanner not in scanners_for(visit):
        raise OmrError("scanning.no_scanner", scanner=scanner[:40])
    return scanner


def _page(visit: Visit, scan: Scan) -> SeenPage:
    number = visit.form.get("number", "")
    found = next((one for one in scan.pages if str(one.number) == number), None)
    if found is None:
        raise NotFoundError
    return found


def folders(visit: Visit) -> Response:
    """Show the watched folders: what came, what waits, what ended how."""
    unit = visit.own_unit_only(*PV01)
    workspace = visit.office.workspace
    inbox = Inbox(workspace)
    seen = outlook(inbox)
    units = {str(workspace.path.resolve() / one.folder): one.unit for one in workspace.settings.watch}
    mine = [one for one in seen.folders if unit is None or units.get(one.folder) == unit]
    waiting = [one for one in (*seen.waiting, *seen.reading, *seen.failed) if one.way == Way.WATCH]
    ended = inbox.ended(Way.WATCH)
    with visit.office.store() as store:
        lines = {line.batch.name: line for line in batches(store, unit=unit, limit=-1)}
    return page(
        visit,
        "folders.html",
        folders=mine,
        problems=visit.office.folders.problems if unit is None else {},
        waiting=[(one, inbox.state(one), inbox.failure(one)) for one in waiting if unit in (None, one.unit)],
        ended=[(one, lines[batch], inbox.read_before(one)) for one, batch in ended if batch in lines],
    )
