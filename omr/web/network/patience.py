"""HTTP/1.1 that waits for nobody for ever: limits on connections, headers, bodies and idle time.

uvicorn bounds the size of a header and the idle time between two requests. It waits without end
for a header that never ends, for a body that does not come, and for a visitor who does not take
the answer; three hundred such connections use up what a process may open. Here every wait has an
end, and when all places are taken, the connection that has waited longest without a request goes:
a colleague's request is complete within milliseconds, an attacker's never.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

Server = uvicorn.Server


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much a visitor is waited for."""

    header_s: float = 10.0  # from the first byte; a browser sends its header in one packet
    # A body may take this long, and longer as it grows: 20 kB/s is a bad line to a distant commune.
    body_s: float = 30.0
    body_bytes_per_s: float = 20_000.0
    taking_s: float = 60.0  # without taking a byte of the answer
    idle_s: int = 5  # between two requests
    connections: int = 1000  # a city's desks keep some six each, while pages load
    header_bytes: int = 32 * 1024


LIMITS: Final = Limits()


class PatientProtocol(H11Protocol):
    """One connection, with an end to every wait."""

    limits: Limits = LIMITS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting_since: float | None = None  # for a header, None while a request is served
        self._limit: asyncio.TimerHandle | None = None  # of what is coming in
        self._stalled: asyncio.TimerHandle | None = None
        self._began = 0.0  # of the body
        self._came = 0  # bytes of it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a header, for so long; make room if all places are taken."""
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > self.limits.connections:
            self._make_room()
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget all limits."""
        self._end(self._limit)
        self._end(self._stalled)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what comes, and set the limit for what is still to come."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE and (self.cycle is None or self.cycle.response_complete):
            if self.waiting_since is None:
                self._await_header()
        elif self.conn.their_state is h11.SEND_BODY:
            self._await_body(len(data))
        else:
            self._served()

    def on_response_complete(self) -> None:
        """Wait for the next request: uvicorn's own limit on idle time holds."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE:
            self._served()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, unless a request lies in it already: closing would throw it away.

        A loop that was held up between looking at its connections and at its clock did so, and one that
        was held up between closing and the end of the socket: it is a turn of the loop later, many
        milliseconds where threads compete, in which visitors ask and are told that the connection was
        reset. So the visitor learns of the end in the same breath. What is on its way in that moment still
        finds nobody, as with every server; browsers ask again.
        """
        if not self.transport.is_closing() and _end_unless_asked(self.transport):
            self.transport.abort()

    def pause_writing(self) -> None:
        """Give a visitor who does not take the answer so long."""
        super().pause_writing()
        self._end(self._stalled)
        self._stalled = self.loop.call_later(self.limits.taking_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Forget that limit: the answer is taken again."""
        super().resume_writing()
        self._end(self._stalled)

    def _await_header(self) -> None:
        self.waiting_since = self.loop.time()
        self._end(self._limit)
        self._limit = self.loop.call_later(self.limits.header_s, self.transport.abort)

    def _await_body(self, came: int) -> None:
        now = self.loop.time()
        if self.waiting_since is not None or not self._came:
            self.waiting_since, self._began, self._came = None, now, 0
        self._came += came
        self._end(self._limit)
        left = self._began + self.limits.body_s + self._came / self.limits.body_bytes_per_s - now
        self._limit = self.loop.call_later(max(0.0, left), self._body_is_late)

    def _body_is_late(self) -> None:
        if self.flow.read_paused:  # we do not read; it is not the visitor who is slow
            self._limit = self.loop.call_later(self.limits.body_s, self._body_is_late)
        else:
            self.transport.abort()

    def _served(self) -> None:
        self.waiting_since, self._came = None, 0
        self._end(self._limit)

    def _make_room(self) -> None:
        waiting = [
            one
            for one in self.connections
            if isinstance(one, PatientProtocol) and one.waiting_since is not None and one is not self
        ]
        oldest = min(waiting, key=lambda one: one.waiting_since or 0.0, default=self)
        oldest.transport.abort()

    @staticmethod
    def _end(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _end_unless_asked(transport: asyncio.BaseTransport) -> bool:
    """Tell a visitor that nothing more comes; not where bytes wait to be read from the connection."""
    connection = transport.get_extra_info("socket")
    with selectors.DefaultSelector() as looking:
        looking.register(connection, selectors.EVENT_READ)
        if looking.select(0):
            return False
        with suppress(OSError):  # the visitor went meanwhile
            connection.shutdown(socket.SHUT_WR)
    return True


class PatientLoop(asyncio.SelectorEventLoop):
    """The loop under it: a TLS handshake that is never finished ends as a header does."""

    async def create_server(self, *args: Any, **kwargs: Any) -> asyncio.Server:
        """Listen with a limit on handshakes."""
        if kwargs.get("ssl") is not None:
            kwargs.setdefault("ssl_handshake_timeout", LIMITS.header_s)
        return await super().create_server(*args, **kwargs)


def server_of(
    app: ASGIApp, limits: Limits, certificate: Path | None = None, key: Path | None = None
) -> Server:
    """Return a server of an application that keeps these limits."""
    config = uvicorn.Config(
        app,
        http=type("PatientProtocol", (PatientProtocol,), {"limits": limits}),
        loop=f"{__name__}:{PatientLoop.__name__}",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_config=None,
        access_log=False,  # paths hold serials; what was done is in the record of acts
        server_header=False,
        proxy_headers=False,  # nobody in front may name the visitor's address
        h11_max_incomplete_event_size=limits.header_bytes,
        timeout_keep_alive=limits.idle_s,
        timeout_graceful_shutdown=3,
    )
    return Server(config)
