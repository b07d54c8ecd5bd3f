"""The scanner check: an empty sheet or an unmarked slip, scanned or sent, and what to clean or to set."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from omr.errors import OmrError, ScanError
from omr.files import write_whole
from omr.messages import say
from omr.reading.apart import Apart, scans_of
from omr.reading.glass.selftest import inspect
from omr.reading.limits import USUAL
from omr.records.inbox.names import clean_name
from omr.web.frame.desks import PV01
from omr.web.frame.pages import page, sentence
from omr.web.frame.visit import Visit
from omr.web.scanning.once import scan_once

MOST_BYTES: Final = 64 * 2**20  # a few pages of A4 at 600 dpi; a test is one sheet
_MOST_PAGES: Final = 10


def desk(visit: Visit) -> Response:
    """Show how to check a scanner."""
    return _show(visit, [])


def scan(visit: Visit) -> Response:
    """Scan one sheet with a scanner of the office's and look at it."""
    known = visit.office.workspace.settings.scanners
    name = visit.form.get("scanner", "")
    try:
        if name not in visit.office.scans.usable(known, visit.own_unit_only(*PV01)):
            raise OmrError("scanning.no_scanner", scanner=name[:40])
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            file = scan_once(known[name], Path(folder), visit.office.scans.claims, name)
            told = list(looked_at(file))
    except OmrError as error:
        return _show(visit, [], sentence(str(error)))
    return _show(visit, told)


async def send(visit: Visit) -> Response:
    """Look at a scan that was sent; nothing of it is kept."""
    name = clean_name(visit.request.query_params.get("name", ""))
    content = bytearray()
    async for chunk in visit.request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise OmrError("keeping.too_large", most_mb=MOST_BYTES // 2**20)
    return await run_in_threadpool(_sent, visit, name, bytes(content))


def _sent(visit: Visit, name: str, content: bytes) -> Response:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / f"scan{Path(name).suffix}"
        write_whole(file, content)
        told = list(looked_at(file))
    return page(visit, "glass_told.html", told=told)


def looked_at(file: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Yield of each page its number, what it was tested with, and what to mend."""
    with Apart(USUAL) as apart:
        try:
            for number, one in enumerate(apart.stream(scans_of, file), start=1):
                is_form, faults = inspect(one)
                kind = "form" if is_form else "sheet"
                yield number, kind, [sentence(say(f"glass.{fault.key}", **fault.values)) for fault in faults]
                if number == _MOST_PAGES:
                    return
        except ScanError as error:
            raise OmrError(f"page.{error.reason}", **error.values) from error


def _show(visit: Visit, told: list[tuple[int, str, list[str]]], problem: str = "") -> Response:
    known = visit.office.workspace.settings.scanners
    return page(
        visit,
        "glass.html",
        status=400 if problem else 200,
        scanners=visit.office.scans.usable(known, visit.own_unit_only(*PV01)),
        told=told,
        problem=problem,
    )
