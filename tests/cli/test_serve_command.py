"""`omr serve` before it serves: who may reach it, and the first administrator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import uvicorn
from offices import Office

from omr.web.accounts import Accounts, Role


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[uvicorn.Config]:
    """What would be served: nothing is."""
    configs: list[uvicorn.Config] = []

    def run(self: uvicorn.Server, sockets: list[object]) -> None:
        configs.append(self.config)
        for listener in sockets:
            listener.close()  # type: ignore[attr-defined]

    monkeypatch.setattr(uvicorn.Server, "run", run)
    return configs


def test_the_first_start_makes_an_administrator_and_prints_the_password_once(
    office: Office, served: list[uvicorn.Config]
) -> None:
    first = office("serve", "--port", 0).err
    found = re.search(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}", first)
    assert found and re.search(r"http://127\.0\.0\.1:\d+/", first)
    again = office("serve", "--port", 0).err
    assert not re.search(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}", again)
    assert len(served) == 2
    accounts = Accounts.open(office.workspace.path / "accounts.sqlite")
    (admin,) = accounts.users()
    assert admin.roles == {Role.ADMIN} and admin.must_change
    accounts.close()


def test_other_machines_get_in_by_tls_or_by_an_explicit_word(
    office: Office, served: list[uvicorn.Config], tmp_path: Path
) -> None:
    assert "--plain" in office("serve", "--host", "0.0.0.0", "--port", 0, code=1).err
    certificate = tmp_path / "c.pem"
    certificate.write_text("")
    assert "--tls-key" in office("serve", "--tls-cert", certificate, "--port", 0, code=1).err
    assert served == []
    office("serve", "--host", "0.0.0.0", "--plain", "--port", 0)
    words = ("--tls-cert", certificate, "--tls-key", certificate)
    told = office("serve", "--host", "0.0.0.0", *words, "--port", 0).err
    assert "https://0.0.0.0:" in told
    assert [config.ssl_certfile for config in served] == [None, certificate]


def test_a_taken_port_is_one_line(office: Office, served: list[uvicorn.Config]) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(port) in office("serve", "--port", port, code=1).err
    assert served == []
