"""The office's own certificate authority: browsers believe it, renewing it changes nothing for them."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from omr.cli import omr
from omr.errors import OmrError
from omr.web.network.authority import (
    ROOT,
    ROOT_DAYS,
    ROOT_KEY,
    SERVER,
    SERVER_DAYS,
    certify,
    good_until,
    take,
)
from omr.web.network.tls import Tls

NOW = datetime.now(UTC)


def handshake(folder: Path, called: str) -> str | None:
    """Return the protocol of a connection that trusts the root alone, or None where it is refused."""
    here, there = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "server.key")
    client = ssl.create_default_context(cafile=folder / ROOT)

    def serve() -> None:
        try:
            with server.wrap_socket(there, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=called) as secured:
            secured.send(b".")
            return secured.version()
    except ssl.SSLCertVerificationError:
        return None
    finally:
        here.close()
        thread.join()


def test_a_client_that_trusts_the_root_reaches_the_server_by_each_of_its_names(tmp_path: Path) -> None:
    made = certify(tmp_path, "Công an thành phố Hải Phòng", ["192.168.1.10", "pv01-server"], NOW)
    assert made.new_root
    assert handshake(tmp_path, "192.168.1.10") == "TLSv1.3"
    assert handshake(tmp_path, "pv01-server") == "TLSv1.3"
    assert handshake(tmp_path, "192.168.1.11") is None


def test_a_renewed_certificate_is_trusted_through_the_root_that_is_installed(tmp_path: Path) -> None:
    first = certify(tmp_path, "PV01", ["10.0.0.1"], NOW)
    root = (tmp_path / ROOT).read_bytes()
    again = certify(tmp_path, "PV01", ["10.0.0.1", "10.0.0.2"], NOW)
    assert (tmp_path / ROOT).read_bytes() == root
    assert not again.new_root
    assert again.fingerprint == first.fingerprint
    assert handshake(tmp_path, "10.0.0.2") == "TLSv1.3"


def test_browsers_accept_its_length_and_it_never_outlives_its_root(tmp_path: Path) -> None:
    made = certify(tmp_path, "PV01", ["a.b"], NOW)
    assert made.until - NOW <= timedelta(days=398)
    late = NOW + timedelta(days=3650 - SERVER_DAYS // 2)
    assert certify(tmp_path, "PV01", ["a.b"], late).until < late + timedelta(days=SERVER_DAYS)


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    made = certify(folder, "PV01", ["a.b"], NOW)
    assert folder.stat().st_mode & 0o077 == 0
    for key in (made.key, folder / ROOT_KEY):
        assert key.stat().st_mode & 0o077 == 0


def test_certificates_are_read_by_whom_the_folder_lets_in(tmp_path: Path) -> None:
    folder = tmp_path / "tls"  # on a server: root's, and the group's of the user who runs the desks
    folder.mkdir(mode=0o750)
    made = certify(folder, "PV01", ["a.b"], NOW)
    given = tmp_path / "given"
    given.mkdir(mode=0o750)
    take(Tls(made.certificate, made.key), given, ["a.b"], NOW)
    for certificate in (made.root, made.certificate, given / SERVER):
        assert certificate.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("host", ["", "máy chủ", "a b", "http://a", "a..b", "*.b\n"])
def test_a_name_that_no_certificate_can_hold_is_refused_before_anything_is_written(
    tmp_path: Path, host: str
) -> None:
    with pytest.raises(OmrError) as told:
        certify(tmp_path / "tls", "PV01", [host], NOW)
    assert told.value.key == "certificate.bad_host"
    assert not (tmp_path / "tls").exists()


def test_half_a_root_damaged_roots_and_ended_ones_are_never_replaced_silently(tmp_path: Path) -> None:
    certify(tmp_path, "PV01", ["a.b"], NOW)
    with pytest.raises(OmrError) as ended:
        certify(tmp_path, "PV01", ["a.b"], NOW + timedelta(days=4000))
    assert ended.value.key == "certificate.root_ended"
    key = (tmp_path / ROOT_KEY).read_bytes()
    (tmp_path / ROOT_KEY).unlink()
    with pytest.raises(OmrError) as half:
        certify(tmp_path, "PV01", ["a.b"], NOW)
    assert half.value.key == "certificate.half_root"
    (tmp_path / ROOT_KEY).write_bytes(key[:40])
    with pytest.raises(OmrError) as damaged:
        certify(tmp_path, "PV01", ["a.b"], NOW)
    assert damaged.value.key == "certificate.bad_root"
    other = tmp_path / "other"
    certify(other, "PV01", ["a.b"], NOW)
    (tmp_path / ROOT_KEY).write_bytes((other / ROOT_KEY).read_bytes())
    with pytest.raises(OmrError) as foreign:
        certify(tmp_path, "PV01", ["a.b"], NOW)
    assert foreign.value.key == "certificate.bad_root"


def test_a_certificate_is_renewed_when_it_is_due_and_not_before(tmp_path: Path) -> None:
    assert good_until(tmp_path, NOW, 60) is None  # there is none yet
    made = certify(tmp_path, "PV01", ["a.b"], NOW)
    ends = good_until(tmp_path, NOW, 60)
    assert ends is not None and abs(ends - made.until) < timedelta(seconds=1)
    assert good_until(tmp_path, made.until - timedelta(days=59), 60) is None
    (tmp_path / "server.pem").write_bytes(b"damaged")
    assert good_until(tmp_path, NOW, 60) is None


def test_one_that_ends_with_its_root_is_not_renewed_every_week(tmp_path: Path) -> None:
    certify(tmp_path, "PV01", ["a.b"], NOW)
    late = NOW + timedelta(days=ROOT_DAYS - 30)
    until = certify(tmp_path, "PV01", ["a.b"], late).until
    assert good_until(tmp_path, late, 60) is not None
    assert good_until(tmp_path, until + timedelta(days=1), 60) is None


def test_given_files_are_looked_at_before_they_replace_what_is_in_use(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "tls", tmp_path / "theirs"
    certify(ours, "PV01", ["pv01"], NOW)
    certify(theirs, "Bộ", ["pv01", "10.0.0.9"], NOW)
    before = (ours / "server.pem").read_bytes()
    given = Tls(theirs / "server.pem", theirs / "server.key")
    mistakes = [
        ("web.tls_mismatch", Tls(given.certificate, ours / "server.key"), ["pv01"], NOW),
        ("web.tls_no_certificate", Tls(given.key, given.certificate), ["pv01"], NOW),
        ("web.tls_unreadable", Tls(tmp_path / "no.pem", given.key), ["pv01"], NOW),
        ("certificate.other_names", given, ["pv01", "may-chu-khac"], NOW),
        ("certificate.other_names", given, ["10.0.0.8"], NOW),
        ("certificate.ended", given, ["pv01"], NOW + timedelta(days=500)),
    ]
    for key, files, hosts, at in mistakes:
        with pytest.raises(OmrError) as told:
            take(files, ours, hosts, at)
        assert told.value.key == key
        assert (ours / "server.pem").read_bytes() == before
    take(given, ours, ["PV01", "10.0.0.9"], NOW)
    assert (ours / "server.pem").read_bytes() == given.certificate.read_bytes()
    assert (ours / "server.key").stat().st_mode & 0o077 == 0


def test_a_wildcard_stands_for_one_label(tmp_path: Path) -> None:
    certify(tmp_path, "PV01", ["pv01.ca.vn"], NOW)
    key = load_pem_private_key((tmp_path / ROOT_KEY).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    names = x509.SubjectAlternativeName([x509.DNSName("*.ca.vn")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, NOW, NOW + timedelta(days=1)
    ).add_extension(names, critical=False)
    wild = tmp_path / "wild.pem"
    wild.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    found = Tls(wild, tmp_path / ROOT_KEY).lacks(["pv01.ca.vn", "ca.vn", "a.pv01.ca.vn", "10.0.0.1"])
    assert found == ["ca.vn", "a.pv01.ca.vn", "10.0.0.1"]


def test_the_command_says_what_to_install_and_what_to_compare(tmp_path: Path) -> None:
    where = str(tmp_path / "tls")
    told = CliRunner().invoke(omr, ["certificate", where, "--host", "10.0.0.1", "--json"])
    assert told.exit_code in (0, None), told.output
    made = json.loads(told.stdout)
    assert made["new_root"] and len(made["fingerprint"].split(":")) == 32
    spoken = CliRunner().invoke(omr, ["certificate", where, "--host", "10.0.0.1"])
    assert "không phải cài lại" in spoken.output
    before = (tmp_path / "tls" / "server.pem").read_bytes()
    due = CliRunner().invoke(omr, ["certificate", where, "--host", "10.0.0.1", "--due", "60"])
    assert "Chưa cần gia hạn" in due.output
    given = ["--cert", f"{where}/server.pem", "--key", f"{where}/server.key"]
    taken = CliRunner().invoke(omr, ["certificate", where, "--host", "10.0.0.1", *given])
    assert "Đã nhận chứng thư" in taken.output
    assert (tmp_path / "tls" / "server.pem").read_bytes() == before
