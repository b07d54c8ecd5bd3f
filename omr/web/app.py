"""The web application: routes behind their gate, headers on every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omr import log
from omr.messages import choose_language
from omr.web.door.access import Entry, Gate, chosen_language
from omr.web.frame.front import FrontOffice
from omr.web.frame.pages import NotFoundError, broken, refused
from omr.web.frame.visit import Visit
from omr.web.routes import ROUTES

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1", "[::1]")  # the last as a browser writes it

# Nothing from elsewhere, nothing inline; pictures may come from memory (crops that were preloaded).
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not "no-referrer": browsers then send "Origin: null" with our own forms
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}


class Headers:
    """Adds the headers to every answer; one that a handler chose itself stands."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def create_app(
    office: FrontOffice,
    *,
    secure: bool = False,
    hosts: tuple[str, ...] = LOOPBACK,
    routes: Iterable[Entry] = ROUTES,
) -> Starlette:
    """Return the application.

    Parameters
    ----------
    office : FrontOffice
        Closed when the application ends.
    secure : bool
        Whether visitors come over TLS: cookies are marked so.
    hosts : tuple of str
        Names under which visitors may come; anything else is refused, so that a name that
        an attacker points at this machine does not open its desks. ``"*"``: any.
    routes : iterable of Entry
        What answers where, and who may call it.
    """

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        office.start()
        yield
        office.close()

    gate = Gate(office, secure=secure)
    app = Starlette(
        routes=[gate.route(entry) for entry in routes],
        middleware=[
            Middleware(Headers, secure=secure),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={405: _not_found, 500: _broken},
        lifespan=life,
    )
    app.state.gate = gate
    return app


async def _not_found(request: Request, error: Exception) -> Response:
    return refused(_stranger(request), NotFoundError())


async def _broken(request: Request, error: Exception) -> Response:
    log.failure("request_failed", error, route=request.url.path.split("/")[1])
    return broken(_stranger(request))


def _stranger(request: Request) -> Visit:
    """Return a visit of nobody in particular: where the gate did not ask who it is, the page is plain."""
    choose_language(chosen_language(request))
    return Visit(request, request.app.state.gate.office, None, "", "", {})
