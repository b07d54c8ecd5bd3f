"""All routes and who may call them: the one table."""

from __future__ import annotations

from typing import Final

from omr.records.accounts import Role
from omr.web import auth, home, pages, users
from omr.web.access import PUBLIC, SIGNED_IN, Entry, only

ROUTES: Final = (
    Entry("GET", "/static/{name:path}", pages.fixed_file, PUBLIC),
    Entry("GET", "/login", auth.login_page, PUBLIC),
    Entry("POST", "/login", auth.login, PUBLIC),
    Entry("POST", "/language", auth.choose_language, PUBLIC),
    Entry("POST", "/logout", auth.logout, SIGNED_IN),
    Entry("GET", "/password", auth.password_page, SIGNED_IN),
    Entry("POST", "/password", auth.change_password, SIGNED_IN),
    Entry("GET", "/", home.home, SIGNED_IN),
    Entry("GET", "/accounts", users.accounts_page, only(Role.ADMIN)),
    Entry("POST", "/accounts", users.add, only(Role.ADMIN)),
    Entry("POST", "/accounts/{name}/reset", users.reset, only(Role.ADMIN)),
    Entry("POST", "/accounts/{name}/active", users.set_active, only(Role.ADMIN)),
    Entry("GET", "/{path:path}", pages.missing, PUBLIC),
)
