"""Tables that come in from a spreadsheet: sent, looked at, and taken only when somebody says so.

What was sent stays in a drawer of the workspace until it is taken or a week old. Looking at it tells
what would be taken; taking does what the command line does with the same file.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from omr.errors import OmrError
from omr.files import remove_folder, write_whole
from omr.records.inbox.names import plain_name
from omr.tables_in import MAX_BYTES, SUFFIXES
from omr.web.frame.pages import NotFoundError, page, sentence
from omr.web.frame.visit import Visit
from omr.web.paper.mapping import FIELD, Ask
from omr.web.paper.sheet_kinds import KINDS, SheetKind

DRAWER: Final = "sheets"  # below the workspace
_KEPT_S: Final = 7 * 24 * 3600.0
_TOKEN: Final = re.compile("[0-9a-f]{16}")


async def take_file(visit: Visit) -> Response:
    """Put a table into the drawer; answers with where it is looked at."""
    kind = _kind(visit)
    name = plain_name(visit.request.query_params.get("name", ""))
    if not name.lower().endswith(SUFFIXES):
        raise OmrError("paper.not_a_sheet", file=name[:80])
    body = bytearray()
    async for chunk in visit.request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise OmrError("sheet.too_large", file=name[:80], megabytes=MAX_BYTES // 1_000_000)
    token = await run_in_threadpool(_put, visit.office.workspace.path / DRAWER, name, bytes(body))
    told = {key: value for key, value in visit.request.query_params.items() if key in kind.asks and value}
    query = "&".join(f"{key}={value}" for key, value in told.items() if re.fullmatch(r"[\w-]{1,40}", value))
    return JSONResponse({"page": f"/sheets/{kind.name}/{token}" + (f"?{query}" if query else "")})


def show(visit: Visit) -> Response:
    """Show what would be taken of a table."""
    return _show(visit, _told(visit, visit.request.query_params))


def take(visit: Visit) -> Response:
    """Take a table in."""
    kind, told = _kind(visit), _told(visit, visit.form)
    try:
        return kind.take(visit, _file(visit), told)
    except OmrError as error:
        return _show(visit, told, str(error))


def _told(visit: Visit, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what was told besides the table; of its columns only where something was chosen."""
    kind = _kind(visit)
    told = {name: fields.get(name, "").strip()[:200] for name in kind.asks}
    if kind.columns:
        told |= {name: value[:200] for name, value in fields.items() if FIELD.fullmatch(name) and value}
    return told


def _columns(visit: Visit, kind: SheetKind, file: Path, told: dict[str, str]) -> list[Ask]:
    try:
        return kind.columns(visit, file, told) if kind.columns else []
    except OmrError:
        return []  # no table at all: looking at it says so


def _show(visit: Visit, told: dict[str, str], problem: str = "") -> Response:
    kind, file = _kind(visit), _file(visit)
    seen = None
    if not problem:
        try:
            seen = kind.look(visit, file, told)
        except OmrError as error:
            problem = str(error)
    return page(
        visit,
        "sheet.html",
        status=400 if problem and visit.request.method == "POST" else 200,
        kind=kind,
        file=file.name,
        told=told,
        seen=seen,
        problem=sentence(problem) if problem else "",
        choices={name: kind.choices(visit, name) for name in kind.asks},
        columns=_columns(visit, kind, file, told),
    )


def _kind(visit: Visit) -> SheetKind:
    kind = KINDS.get(visit.parameter("kind"))
    if kind is None:
        raise NotFoundError
    return kind


def _file(visit: Visit) -> Path:
    token = visit.parameter("sheet")
    folder = visit.office.workspace.path / DRAWER / token
    if not (_TOKEN.fullmatch(token) and folder.is_dir()):
        raise NotFoundError
    return next(folder.iterdir())


def _put(drawer: Path, name: str, content: bytes) -> str:
    drawer.mkdir(mode=0o700, exist_ok=True)
    for old in drawer.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT_S:
            with suppress(OSError):
                remove_folder(old)
    token = secrets.token_hex(8)
    folder = drawer / token
    folder.mkdir(mode=0o700)
    write_whole(folder / name, content, mode=0o600)
    return token
