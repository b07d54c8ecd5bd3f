"""Who may call which route: decided in one place before a handler runs, denied by default.

A route is an `Entry` of the table in `routes`; it cannot be made without saying who may
call it. Every request passes `Gate`: session, role, unit, CSRF token, size, language. A
handler gets a `Visit` and returns a response; it never sees a request that may not be.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from itsdangerous import BadSignature, Signer, URLSafeSerializer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from omr.errors import AccessError, OmrError, outside
from omr.messages import LANGUAGES, choose_language, say, speak_at_the_desk
from omr.web.door.once import Once
from omr.web.frame.pages import refused
from omr.web.frame.visit import Visit
from omr.web.people.person import User
from omr.words import Role

if TYPE_CHECKING:
    from omr.web.frame.front import FrontOffice

SESSION_COOKIE: Final = "omr_session"
LANGUAGE_COOKIE: Final = "omr_language"
FORM_BYTES: Final = 64 * 1024  # a typed comment is the longest thing that a form sends
FORM_FIELDS: Final = 500  # grid mode sends one field per box on screen
# Where a whole form is edited: its text, every sign of it escaped; six fields for each traced question.
LARGE_BYTES: Final = 5 * FORM_BYTES
LARGE_FIELDS: Final = 4 * FORM_FIELDS


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route."""

    roles: frozenset[Role]
    public: bool = False  # without a session too

    def __post_init__(self) -> None:
        if self.public == bool(self.roles):
            raise ValueError("a route is either public or names its roles")

    def allows(self, user: User | None) -> bool:
        """Whether this visitor may call the route."""
        return self.public or (user is not None and bool(self.roles & user.roles))


PUBLIC: Final = Access(frozenset(), public=True)
SIGNED_IN: Final = Access(frozenset(Role))


Handler = Callable[[Visit], Response] | Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One route: nothing here has a default that lets somebody in."""

    method: str
    path: str
    handler: Handler
    access: Access
    body: bool = False  # the handler reads the body itself (uploads); CSRF comes as a header
    large: bool = False  # its form may be as long as the text of a form

    def __post_init__(self) -> None:
        if self.method not in ("GET", "POST"):
            raise ValueError(f"{self.path}: method {self.method}")


class Gate:
    """Turns entries into routes that nobody passes unchecked."""

    def __init__(self, office: FrontOffice, *, secure: bool) -> None:
        self.office = office
        self._secure = secure
        self._once = Once(office.accounts.sent)
        key = office.accounts.signing_key
        self._cookies = URLSafeSerializer(key, salt="omr.session")
        self._csrf = Signer(key, salt="omr.csrf", digest_method=hashlib.sha256)

    def route(self, entry: Entry) -> Route:
        """Return the guarded route of an entry."""

        async def endpoint(request: Request) -> Response:
            return await self._serve(entry, request)

        return Route(entry.path, endpoint, methods=[entry.method])

    async def _serve(self, entry: Entry, request: Request) -> Response:
        choose_language(chosen_language(request))
        speak_at_the_desk()
        secret = self._secret(request)
        user = await run_in_threadpool(self.office.accounts.sessions.visitor, secret) if secret else None
        fresh = secret is None
        secret = secret or secrets.token_urlsafe(32)
        visit = Visit(request, self.office, user, secret, self._token(secret), {})
        try:
            response = await self._answer(entry, visit)
        except _ToLogin:
            response = _to_login(request)
        except OmrError as error:
            response = refused(visit, error)
        except (OSError, MemoryError) as error:
            response = refused(visit, outside(error, self.office.workspace.path))
        if fresh and not _sets_session(response):
            self.remember(response, secret)
        return response

    async def _answer(self, entry: Entry, visit: Visit) -> Response:
        if not entry.access.allows(visit.user):
            if visit.user is None:
                raise _ToLogin
            raise AccessError("web.role_missing")
        if visit.user is not None and visit.user.must_change and not _while_changing(entry):
            return RedirectResponse("/password", status_code=303)
        if entry.method == "POST":
            visit = await self._checked(entry, visit)
        if mark := visit.mark:
            return await self._once.do(mark, lambda: _handled(entry, visit))
        return await _handled(entry, visit)

    async def _checked(self, entry: Entry, visit: Visit) -> Visit:
        """Refuse a POST that this office's own page did not send."""
        request = visit.request
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise AccessError("web.csrf")
        form = {} if entry.body else await _form(request, large=entry.large)
        token = request.headers.get("x-csrf-token") or form.get("csrf", "")
        if not hmac.compare_digest(token.encode(), visit.csrf.encode()):
            raise AccessError("web.csrf")
        return Visit(request, visit.office, visit.user, visit.secret, visit.csrf, form)

    def remember(self, response: Response, secret: str) -> None:
        """Put a session's secret into the browser, signed."""
        response.set_cookie(
            SESSION_COOKIE,
            str(self._cookies.dumps(secret)),
            httponly=True,
            secure=self._secure,
            samesite="strict",
            path="/",
        )

    def forget(self, response: Response) -> None:
        """Remove the session from the browser."""
        response.delete_cookie(
            SESSION_COOKIE, path="/", secure=self._secure, httponly=True, samesite="strict"
        )

    def _secret(self, request: Request) -> str | None:
        try:
            secret = self._cookies.loads(request.cookies.get(SESSION_COOKIE, ""))
        except BadSignature:
            return None
        return secret if isinstance(secret, str) else None

    def _token(self, secret: str) -> str:
        return self._csrf.get_signature(secret).decode()


async def _handled(entry: Entry, visit: Visit) -> Response:
    call: Callable[[Visit], Any] = entry.handler
    response = await call(visit) if iscoroutinefunction(call) else await run_in_threadpool(call, visit)
    if not isinstance(response, Response):
        raise TypeError(f"{entry.path}: the handler returned {type(response)}")
    return response


def chosen_language(request: Request) -> str:
    """Return the language that a visitor chose."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else "vi"


class _ToLogin(Exception):
    """Nobody is signed in where somebody must be."""


def _while_changing(entry: Entry) -> bool:
    return entry.access.public or entry.path in ("/password", "/logout")


def _to_login(request: Request) -> Response:
    """Lead to the login, and from there back to the page on which the session was found to have ended."""
    script = "hx-request" in request.headers
    if request.method == "GET" and not script:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(
            "/login" if wanted == "/" else f"/login?next={quote(wanted)}", status_code=303
        )
    if request.url.path == "/logout":
        return RedirectResponse("/login", status_code=303)
    from_ = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer", ""))
    here = from_.netloc == request.url.netloc and from_.path
    wanted = f"{from_.path}?{from_.query}" if here and from_.query else from_.path if here else ""
    login = f"/login?ended=1&next={quote(wanted or '/' + request.url.path.strip('/').split('/')[0])}"
    if script:
        return Response(status_code=401, headers={"HX-Redirect": login})
    if request.headers.get("accept", "").startswith("application/json"):
        return PlainTextResponse(say("desk.session_ended"), status_code=401)
    return RedirectResponse(login, status_code=303)


def _sets_session(response: Response) -> bool:
    return any(
        name == b"set-cookie" and value.startswith(SESSION_COOKIE.encode())
        for name, value in response.raw_headers
    )


async def _form(request: Request, *, large: bool) -> dict[str, str]:
    """Read an ordinary form; of a name sent twice the values are joined by blanks (several boxes)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise OmrError("web.bad_form")
    most, fields = (LARGE_BYTES, LARGE_FIELDS) if large else (FORM_BYTES, FORM_FIELDS)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise OmrError("web.form_too_large", most_kb=most // 1024)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=fields, errors="strict")
    except ValueError as error:
        raise OmrError("web.bad_form") from error
    form: dict[str, str] = {}
    for name, value in pairs:
        form[name] = f"{form[name]} {value}" if name in form else value
    return form
