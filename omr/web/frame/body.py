"""The body of a request, written to a file as it comes: never whole in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from omr.errors import OmrError
from omr.files import MOST_FILE_BYTES, remove
from omr.web.frame.visit import Visit

_BLOCK: Final = 1 << 20


async def body_as_file(visit: Visit, folder: Path) -> Path:
    """Write the body to a new file in `folder`; nothing is left of one that did not come whole.

    Raises
    ------
    OmrError
        If it is too large, or was cut off.
    """
    file = folder / f"{secrets.token_hex(8)}.zip"
    await run_in_threadpool(folder.mkdir, mode=0o700, exist_ok=True)
    try:
        with file.open("wb") as target:
            if await write_body(visit, target, MOST_FILE_BYTES) is None:
                raise OmrError("inbox.too_large", most_gb=MOST_FILE_BYTES // 2**30)
    except (OmrError, ClientDisconnect, OSError) as error:
        await run_in_threadpool(remove, file)
        if isinstance(error, ClientDisconnect):
            raise OmrError("inbox.cut_off") from error
        raise
    return file


@contextmanager
def called(file: Path, name: str) -> Iterator[None]:
    """Call a file in what is said of it as its sender does, not as it is called here."""
    try:
        yield
    except OmrError as error:
        if error.values.get("file") == file:
            error.values = {**error.values, "file": name}
        raise


async def write_body(visit: Visit, file: IO[bytes], most: int) -> int | None:
    """Write the body to a file; return its length, None as soon as it is more than `most`."""
    received, waiting = 0, bytearray()
    async for chunk in visit.request.stream():
        received += len(chunk)
        if received > most:
            return None
        waiting += chunk
        if len(waiting) >= _BLOCK:
            await run_in_threadpool(file.write, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(file.write, bytes(waiting))
    return received
