"""The way in and out: login, logout, password, language."""

from __future__ import annotations

import math
from typing import Final

from starlette.responses import Response

from omr.errors import AccessError
from omr.messages import LANGUAGES, say
from omr.web.door.access import LANGUAGE_COOKIE
from omr.web.frame.pages import page, see_other, sentence
from omr.web.frame.visit import Visit


def login_page(visit: Visit) -> Response:
    """Ask for name and password."""
    if visit.user is not None:
        return see_other("/")
    return _ask(visit, name="", problem="")


def _ask(visit: Visit, *, name: str, problem: str, status: int = 200) -> Response:
    wanted = visit.form.get("next") or visit.query("next")
    return page(
        visit,
        "login.html",
        status=status,
        name=name,
        problem=problem,
        wanted=local_path(wanted),
        ended=bool(visit.query("ended")) and not problem,
    )


def login(visit: Visit) -> Response:
    """Check name and password; begin a session under a new identifier."""
    name, password = visit.form.get("name", "").strip()[:40], visit.form.get("password", "")
    office, address = visit.office, _address(visit)
    key = name.casefold()
    wait_s = office.throttle.wait_s(key, address)
    if wait_s > 0:
        office.accounts.journal.note_stranger("login_throttled", f"{key} {address}")
        return _ask(visit, name=name, problem=say("web.wait", seconds=math.ceil(wait_s)), status=429)
    # Counted before the check: a hundred guesses sent at once are a hundred failures, not one.
    office.throttle.failed(key, address)
    user = office.accounts.check(name, password)
    if user is None:
        office.accounts.journal.note_stranger("login_failed", f"{key} {address}")
        return _ask(visit, name=name, problem=say("web.wrong_login"), status=401)
    office.throttle.succeeded(key, address)
    office.accounts.sessions.end(visit.secret)
    office.note(user.name, "login", address)
    response = see_other("/password" if user.must_change else local_path(visit.form.get("next", "")))
    visit.request.app.state.gate.remember(response, office.accounts.sessions.start(user.name, address))
    return response


def logout(visit: Visit) -> Response:
    """End the session here and in the database."""
    visit.office.accounts.sessions.end(visit.secret)
    visit.office.note(visit.me.name, "logout", "")
    response = see_other("/login")
    visit.request.app.state.gate.forget(response)
    return response


def password_page(visit: Visit) -> Response:
    """Ask for a new password; show where this person is signed in."""
    return _password(visit)


def _password(visit: Visit, problem: str = "") -> Response:
    sessions = visit.office.accounts.sessions.of(visit.me.name, visit.secret)
    return page(visit, "password.html", status=400 if problem else 200, problem=problem, sessions=sessions)


def end_others(visit: Visit) -> Response:
    """Sign out everywhere but here."""
    visit.office.accounts.sessions.end_all(visit.me.name, visit.me.name, but=visit.secret)
    return see_other("/password")


def change_password(visit: Visit) -> Response:
    """Replace the password; other sessions of the account end, this one begins anew."""
    form = visit.form
    try:
        if form.get("new") != form.get("again"):
            raise AccessError("accounts.passwords_differ")
        visit.office.accounts.change_password(visit.me.name, form.get("old", ""), form.get("new", ""))
    except AccessError as error:
        return _password(visit, sentence(str(error)))
    response = see_other("/")
    visit.request.app.state.gate.remember(
        response, visit.office.accounts.sessions.start(visit.me.name, _address(visit))
    )
    return response


def choose_language(visit: Visit) -> Response:
    """Keep the language in a cookie and go back."""
    response = see_other(local_path(visit.form.get("next", "")))
    code = visit.form.get("language", "")
    if code in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, code, max_age=31_536_000, samesite="strict", httponly=True)
    return response


LONGEST_PATH: Final = 1000  # signs; a search in the address may be long


def local_path(text: str) -> str:
    """Return `text` if it is a path on this server, else the start page.

    Examples
    --------
    >>> local_path("/review?unit=PC06"), local_path("//evil.example"), local_path("https://evil.example")
    ('/review?unit=PC06', '/', '/')
    """
    plain = (
        text.startswith("/")
        and not text.startswith(("//", "/\\"))
        and text.isprintable()
        and "\\" not in text
    )
    return text if plain and len(text) <= LONGEST_PATH else "/"


def _address(visit: Visit) -> str:
    client = visit.request.client
    return client.host if client else ""
