"""`omr serve` before it serves: who may reach it, and the first administrator."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from offices import Office

from omr.web.people.accounts import Accounts
from omr.words import Role

SECRET = r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[uvicorn.Config]:
    """What would be served: nothing is."""
    configs: list[uvicorn.Config] = []

    def run(self: uvicorn.Server, sockets: list[object]) -> None:
        configs.append(self.config)
        for listener in sockets:
            listener.close()

    monkeypatch.setattr(uvicorn.Server, "run", run)
    return configs


def test_the_first_start_makes_an_administrator_and_hands_the_password_over_once(
    office: Office, served: list[uvicorn.Config]
) -> None:
    first = office("serve", "--port", 0).err
    (file,) = office.workspace.path.glob("one-time-password-*")  # no terminal reads along
    assert str(file) in first and not re.search(SECRET, first)
    assert re.fullmatch(SECRET, file.read_text().strip()) and file.stat().st_mode & 0o777 == 0o600
    assert re.search(r"http://127\.0\.0\.1:\d+/", first)
    file.unlink()
    office("serve", "--port", 0)
    assert not list(office.workspace.path.glob("one-time-password-*"))
    assert len(served) == 2
    accounts = Accounts.open(office.workspace.path / "accounts.sqlite")
    (admin,) = accounts.users()
    assert admin.roles == {Role.ADMIN} and admin.must_change
    accounts.close()


def test_the_desks_open_where_the_backups_disk_may_not_be_read(
    office: Office, served: list[uvicorn.Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen on a new machine: the disk was still the user's of the old one, and the service kept ending."""
    disk, may = tmp_path / "backup", os.access
    disk.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != disk and may(path, mode))
    office("serve", "--port", 0, "--backups-in", disk)
    assert len(served) == 1


def self_signed(*, days: int = 30) -> bytes:
    """Return a certificate and its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    begun, ends = now - timedelta(days=30), now + timedelta(days=days)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), begun, ends
    ).sign(key, hashes.SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM) + pem


def test_other_machines_get_in_by_tls_or_by_an_explicit_word(
    office: Office, served: list[uvicorn.Config], tmp_path: Path
) -> None:
    assert "--plain" in office("serve", "--host", "0.0.0.0", "--port", 0, code=1).err
    certificate = tmp_path / "c.pem"
    certificate.write_bytes(self_signed())
    assert "--tls-key" in office("serve", "--tls-cert", certificate, "--port", 0, code=1).err
    assert served == []
    office("serve", "--host", "0.0.0.0", "--plain", "--port", 0)
    words = ("--tls-cert", certificate, "--tls-key", certificate)
    told = office("serve", "--host", "0.0.0.0", *words, "--port", 0).err
    assert "https://0.0.0.0:" in told
    assert [config.ssl_certfile for config in served] == [None, certificate]


def test_a_wrong_certificate_is_one_line_and_serves_nobody(
    office: Office, served: list[uvicorn.Config], tmp_path: Path
) -> None:
    empty = tmp_path / "c.pem"
    empty.write_text("")
    told = office("serve", "--tls-cert", empty, "--tls-key", empty, "--port", 0, code=1).err
    assert str(empty) in told and told.count("\n") == 1
    assert served == []


def test_the_doctor_says_how_long_the_certificate_that_is_served_is_good(
    office: Office, served: list[uvicorn.Config], tmp_path: Path
) -> None:
    def told() -> tuple[bool, str, str]:
        checks = json.loads(office("doctor", "--json", code=None).out)["checks"]
        found = next(check for check in checks if check["name"] == "certificate")
        return found["ok"], found["detail"], found["mend"]

    assert told()[0] and "omr serve" in told()[1]
    certificate = tmp_path / "c.pem"
    words = ("--tls-cert", certificate, "--tls-key", certificate, "--port", 0)
    certificate.write_bytes(self_signed(days=90))
    office("serve", *words)
    assert told()[:2] == (True, told()[1]) and "89 " in told()[1] and str(certificate) in told()[1]
    for content, word in (
        (self_signed(days=9), "8 "),
        (self_signed(days=-1), str(certificate)),
        (self_signed(days=90).partition(b"-----BEGIN PRIVATE")[0], "PRIVATE KEY"),
        (b"", "PEM"),
    ):
        certificate.write_bytes(content)
        ok, detail, mend = told()
        assert not ok and word in detail and "omr-setup --renew" in mend
    certificate.unlink()
    assert not told()[0] and str(certificate) in told()[1]
    office("serve", "--port", 0)  # to this machine alone
    assert told()[0]


def test_a_taken_port_is_one_line(office: Office, served: list[uvicorn.Config]) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(port) in office("serve", "--port", port, code=1).err
    assert served == []
