"""The body of a request, written to a file as it comes: never whole in memory."""

from __future__ import annotations

from typing import IO, Final

from starlette.concurrency import run_in_threadpool

from omr.web.frame.visit import Visit

_BLOCK: Final = 1 << 20


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
