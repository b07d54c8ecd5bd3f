"""Who works in the tested office, and how they reach it."""

from __future__ import annotations

import re
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from scanned import QUICK
from starlette.testclient import TestClient

from omr.web.app import create_app
from omr.web.frame.front import FrontOffice
from omr.web.people.accounts import Accounts
from omr.words import Role

PASSWORD = "phiếu-hài-lòng-2026"
PEOPLE = {
    Role.CLERK: ("quet.pc06", "PC06"),
    Role.REVIEWER: ("xem.pv01", None),
    Role.LEAD: ("truong.pv01", None),
    Role.VIEWER: ("truong.pc06", "PC06"),
    Role.ADMIN: ("quantri", None),
}


class Clock:
    """A clock that tests move by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def with_people(path: Path, clock: Clock | None = None) -> None:
    """Add one account per role, each past its first login, to the accounts of an office."""
    with closing(Accounts.open(path, clock or (lambda: datetime.now(UTC)), QUICK)) as accounts:
        for role, (name, unit) in PEOPLE.items():
            first = accounts.add(name, [role], unit, by="test")
            accounts.change_password(name, first, PASSWORD)


class Person:
    """Somebody at a desk, without a browser."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def token(self, path: str = "/") -> str:
        page = self.client.get(path, follow_redirects=True).text
        found = re.search(r'name="csrf" content="([^"]+)"', page)
        assert found
        return found[1]

    def post(self, path: str, **fields: str):
        return self.client.post(path, data={"csrf": self.token(), **fields}, follow_redirects=False)

    def sign_in(self, name: str, password: str = PASSWORD):
        return self.post("/login", name=name, password=password)


class Served:
    """An application behind a real socket, in a thread."""

    def __init__(self, office: FrontOffice) -> None:
        config = uvicorn.Config(create_app(office), port=0, log_level="error", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
