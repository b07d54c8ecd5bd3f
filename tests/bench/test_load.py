"""What the load test's visitors do where a connection ends under them: as browsers do, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2 as httpx
import pytest
from desks.load import AsBrowsersAsk

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def answers(most: list[int], ask: Callable[[httpx.AsyncClient], Awaitable[str]]) -> str:
    """Ask a server that hears one request too many on each connection and goes: `most[n]` on the n-th."""
    heard, ended = iter(most), asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the visitor went first
            for _ in range(next(heard)):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ANSWER)
            await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        ended.release()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    client = httpx.AsyncClient(base_url=f"http://{host}:{port}", transport=AsBrowsersAsk())
    async with server:
        try:
            async with client:
                return await ask(client)
        finally:
            for _ in most:
                await ended.acquire()


async def three_times(client: httpx.AsyncClient) -> str:
    return "".join([(await client.get("/")).text for _ in range(3)])


def told(most: list[int]) -> str:
    """Ask three times, in a thread of its own: an earlier test's browser may still run a loop in this one."""
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(lambda: asyncio.run(answers(most, three_times))).result()


def test_a_kept_connection_that_ended_is_replaced_and_counted() -> None:
    before = AsBrowsersAsk.again
    assert told([1, 2]) == "ok" * 3
    assert AsBrowsersAsk.again == before + 1


@pytest.mark.parametrize("most", [[0], [1, 0]], ids=["the first time", "the second time, too"])
def test_a_new_connection_that_ends_without_an_answer_is_a_failure(most: list[int]) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        told(most)
