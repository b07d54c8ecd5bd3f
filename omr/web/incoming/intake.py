"""The intake desk: stacks come in, are read behind the scenes, and end with a receipt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response, StreamingResponse

from omr import clock
from omr.errors import OmrError
from omr.files import MOST_FILE_BYTES, SCAN_SUFFIXES
from omr.messages import month
from omr.records.batches.batches import batches, find_batch
from omr.records.inbox.inbox import Inbox, Stack, StackState, Way
from omr.records.inbox.names import clean_name
from omr.records.inbox.outlook import outlook
from omr.records.offices.periods import parse_period
from omr.records.offices.units import Unit, find_unit, list_units
from omr.records.store.store import Store
from omr.text import unaccented
from omr.web.frame.body import write_body
from omr.web.frame.desks import PV01
from omr.web.frame.months import may_have_slips
from omr.web.frame.pages import NotFoundError, fragment, page, see_other
from omr.web.frame.visit import Visit

_MONTHS_OFFERED: Final = 13
_LOOK_EVERY_S: Final = 0.5
_LONGEST_STREAM_S: Final = 600.0  # then the browser asks again, and the session is checked again
_THUMBNAIL_PX: Final = 320


def desk(visit: Visit) -> Response:
    """Show the form for a new stack, what is on its way, and past batches."""
    held_to = visit.own_unit_only(*PV01)
    inbox = Inbox(visit.office.workspace)
    stacks = [stack for stack in inbox.not_done() if held_to in (None, stack.unit)]
    # a batch that is being read stands above, with how far it is
    reading = any(inbox.state(stack) is StackState.READING for stack in stacks)
    with visit.office.store() as store:
        return page(
            visit,
            "intake.html",
            scans=",".join(SCAN_SUFFIXES),
            held_to=held_to,
            scanners=visit.office.scans.usable(visit.office.workspace.settings.scanners, held_to),
            has_folders=bool(visit.office.workspace.settings.watch) or bool(outlook(inbox).folders),
            units=units_offered(store),
            months=months_offered(),
            under_way=[
                (stack, state, inbox.progress(stack))
                for stack in reversed(stacks)
                if (state := inbox.state(stack)) is not StackState.DONE
            ],
            lines=[line for line in batches(store, unit=held_to) if line.batch.complete or not reading],
            trouble=visit.office.worker.trouble,
        )


def begin(visit: Visit) -> Response:
    """Open a stack; answers with its address, to which the page sends the files."""
    stack = new_stack(visit)
    about = f"{stack.name} {stack.unit or ''} {stack.period or ''}"
    visit.office.note(visit.me.name, "stack_begun", about.strip())
    return JSONResponse({"stack": f"/intake/{stack.name}"})


def new_stack(visit: Visit, way: Way = Way.DESK) -> Stack:
    """Open a stack with what was said of it: whose slips, of when, how many."""
    unit = visit.own_unit_only(*PV01) or visit.form.get("unit") or None
    period = visit.form.get("period") or None
    count = visit.form.get("expected", "").strip()
    if count and not (count.isdecimal() and len(count) <= 6):
        raise OmrError("web.count_wrong", count=count[:20])
    when = parse_period(period) if period else None
    with visit.office.store() as store:
        if when and not may_have_slips(store, when):
            raise OmrError("board.month_to_come", period=month(when.name))
        if unit:
            unit = find_unit(store, unit, when).unit
    inbox = Inbox(visit.office.workspace)
    name = when.name if when else None
    return inbox.begin(unit, name, int(count) if count else None, visit.me.name, way=way)


async def take_file(visit: Visit) -> Response:
    """Take one file of a stack, as it comes, never whole in memory."""
    inbox = Inbox(visit.office.workspace)
    stack = stack_of(visit, inbox)
    declared = visit.request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared) > MOST_FILE_BYTES:
        raise OmrError("inbox.too_large", most_gb=MOST_FILE_BYTES // 2**30)
    name = clean_name(visit.request.query_params.get("name", ""))
    part = await run_in_threadpool(inbox.place_for, stack, name, int(declared))
    try:
        with part.open("wb") as file:
            received = await write_body(visit, file, int(declared))
        if received != int(declared):
            raise OmrError("inbox.cut_off")
        await run_in_threadpool(inbox.take, part)
    except (OmrError, OSError, ClientDisconnect) as error:
        await run_in_threadpool(inbox.discard, part)
        if isinstance(error, ClientDisconnect):
            raise OmrError("inbox.cut_off") from error
        raise
    return Response(status_code=204)


def send(visit: Visit) -> Response:
    """Close a stack and have it read."""
    inbox = Inbox(visit.office.workspace)
    stack = stack_of(visit, inbox)
    visit.office.scans.refuse_running(stack)
    if inbox.state(stack) is StackState.FAILED:
        inbox.again(stack)
    elif inbox.state(stack) is StackState.OPEN:
        inbox.send(stack)
        visit.office.note(visit.me.name, "stack_sent", stack.name)
    visit.office.worker.call()
    return see_other(f"/intake/{stack.name}")


def drop(visit: Visit) -> Response:
    """Throw away a stack that was never sent or cannot be read."""
    inbox = Inbox(visit.office.workspace)
    stack = stack_of(visit, inbox)
    visit.office.scans.refuse_running(stack)
    inbox.drop(stack)
    visit.office.note(visit.me.name, "stack_dropped", stack.name)
    return see_other("/intake")


def show(visit: Visit) -> Response:
    """Show where a stack is; once it is read, its receipt."""
    inbox = Inbox(visit.office.workspace)
    stack = stack_of(visit, inbox)
    if stack.way == Way.SCAN and inbox.state(stack) is StackState.OPEN:
        return see_other(f"/scan/{stack.name}")
    batch, before = inbox.batch(stack), inbox.read_before(stack)
    if batch is not None and _may_see(visit, batch):
        return see_other(f"/batches/{batch}?sent={stack.name}" if before else f"/batches/{batch}")
    return page(
        visit,
        "stack.html",
        stack=stack,
        state=inbox.state(stack),
        files=[file.name for file in inbox.files(stack)],
        progress=inbox.progress(stack),
        failure=inbox.failure(stack),
        before=before,
    )


def _may_see(visit: Visit, batch: str) -> bool:
    """Whether a batch is of the unit that somebody is held to: the same file may have come with another's."""
    with visit.office.store() as store:
        return visit.own_unit_only(*PV01) in (None, find_batch(store, batch).orders.unit)


async def progress(visit: Visit) -> Response:
    """Tell how far a stack is, by server-sent events, until it is done."""
    inbox = Inbox(visit.office.workspace)
    stack = stack_of(visit, inbox)
    stream = _events(visit, inbox, stack)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(visit: Visit, inbox: Inbox, stack: Stack) -> AsyncIterator[str]:
    told = ""
    for _ in range(round(_LONGEST_STREAM_S / _LOOK_EVERY_S)):
        state = await run_in_threadpool(inbox.state, stack)
        if state in (StackState.DONE, StackState.FAILED):
            yield "event: end\ndata:\n\n"
            return
        text = fragment(
            "progress.html", stack=stack, state=state, progress=await run_in_threadpool(inbox.progress, stack)
        )
        if text != told:
            told = text
            yield "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"
        await asyncio.sleep(_LOOK_EVERY_S)


def stack_of(visit: Visit, inbox: Inbox) -> Stack:
    """Return the stack of an address, if this person may know of it."""
    stack = inbox.find(visit.parameter("stack"))
    if stack is None or visit.own_unit_only(*PV01) not in (None, stack.unit):
        raise NotFoundError
    return stack


def units_offered(store: Store) -> list[Unit]:
    """Return the units of which a stack may be, by name: those that are, or were in the months offered."""
    oldest = parse_period(months_offered()[-1]).first_day
    serving = [unit for unit in list_units(store) if unit.valid_to is None or unit.valid_to > oldest]
    return sorted({unit.unit: unit for unit in serving}.values(), key=lambda unit: unaccented(unit.name))


def months_offered() -> list[str]:
    """Return the months that a stack may be of: this one first."""
    today: date = clock.today()
    first = today.year * 12 + today.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, first - _MONTHS_OFFERED, -1)]
