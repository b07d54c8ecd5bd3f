"""What a handler of the desks gets: one request that was let through."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from omr.errors import AccessError
from omr.web.frame.front import FrontOffice
from omr.web.people.person import User
from omr.words import Role


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that was let through."""

    request: Request
    office: FrontOffice
    user: User | None
    secret: str  # of the session or, before login, of the browser
    csrf: str
    form: Mapping[str, str]

    @property
    def me(self) -> User:
        """The signed-in user; a public route has none and must not ask."""
        if self.user is None:
            raise AccessError("web.sign_in_first")
        return self.user

    @property
    def here(self) -> str:
        """The address to come back to: this page with its query; of what was sent, its desk."""
        url = self.request.url
        if self.request.method != "GET":
            return "/" + url.path.strip("/").split("/")[0]
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def mark(self) -> str:
        """What tells this copy of a form from every other; empty where it may be done as often as sent.

        Of the person, not of the session: who had to sign in again sends the same copy.
        """
        token = self.form.get("once", "")
        whose = self.user.name if self.user else self.secret
        return hashlib.sha256(f"{whose}\0{token}".encode()).hexdigest()[:32] if token else ""

    def parameter(self, name: str) -> str:
        """Return one part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        """Return one value of the query, empty when absent."""
        return self.request.query_params.get(name, "")[:200]

    def own_unit_only(self, *free: Role) -> str | None:
        """Return the unit that this user is held to; None when one of the roles `free` sees all units."""
        return None if self.me.roles & set(free) else self.me.unit or ""
