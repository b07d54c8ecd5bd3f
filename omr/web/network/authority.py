"""A small certificate authority of the office: one root, and the certificate of the server that it signs.

Desks that other PCs reach need TLS. An office without an authority of its own gets one here: the
root goes into the browsers once, server certificates are renewed under it without anybody noticing.
Given files (from the police's own authority) are taken as they are, once they were looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from omr.clock import OFFICE
from omr.errors import OmrError, why
from omr.files import write_whole
from omr.text import day
from omr.web.network.tls import Tls

ROOT_DAYS: Final = 3650  # a root is carried to every PC by hand: as long as the PCs live
# Browsers refuse server certificates of more than 398 days (CA/Browser Forum, since September 2020).
SERVER_DAYS: Final = 397
_CLOCK_SLACK: Final = timedelta(hours=26)  # office PCs with a wrong clock or time zone still believe it

ROOT, ROOT_KEY = "root.pem", "root.key"
SERVER, SERVER_KEY = "server.pem", "server.key"


@dataclass(frozen=True, slots=True)
class Issued:
    """What `certify` wrote."""

    root: Path
    certificate: Path
    key: Path
    until: datetime
    fingerprint: str  # SHA-256 of the root, as browsers show it: what a person compares
    new_root: bool


def certify(folder: Path, office: str, hosts: list[str], now: datetime) -> Issued:
    """Write a server certificate, and before it the root that signs it where there is none yet.

    Parameters
    ----------
    folder : Path
        Where the four files are or go; keys are readable by their owner alone.
    office : str
        Whose authority it is, as the browsers list it.
    hosts : list of str
        Names and addresses by which the desks are called; at least one.
    now : datetime
        With its time zone.

    Raises
    ------
    OmrError
        If a name cannot stand in a certificate, if only half of the root is there, if it is not an
        authority's or has ended, or if the folder cannot be written.
    """
    names = [_general_name(host) for host in hosts]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new_root = not (folder / ROOT).exists() and not (folder / ROOT_KEY).exists()
        root, root_key = _make_root(folder, office, now) if new_root else _load_root(folder, now)
        key = ec.generate_private_key(ec.SECP256R1())
        until = min(now + timedelta(days=SERVER_DAYS), root.not_valid_after_utc)
        certificate = (
            _builder(hosts[0], root.subject, key, now, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        _write(folder / SERVER_KEY, _pem(key), secret=True)
        _write(folder / SERVER, certificate.public_bytes(Encoding.PEM), secret=False)
    except OSError as error:
        raise OmrError("certificate.cannot_write", folder=folder, detail=why(error)) from error
    return Issued(
        root=folder / ROOT,
        certificate=folder / SERVER,
        key=folder / SERVER_KEY,
        until=until,
        fingerprint=root.fingerprint(hashes.SHA256()).hex(":").upper(),
        new_root=new_root,
    )


def take(given: Tls, folder: Path, hosts: list[str], now: datetime) -> datetime:
    """Put given files in the place of what `certify` writes, and return when they run out.

    They are looked at before anything is written: what is in use stays where they cannot be used.

    Raises
    ------
    OmrError
        If they do not belong together, have ended, do not name all of `hosts`, or the folder cannot
        be written.
    """
    until = given.ends()
    if until <= now:
        raise OmrError("certificate.ended", file=given.certificate, at=day(until.astimezone(OFFICE)))
    if lacking := given.lacks(hosts):
        raise OmrError("certificate.other_names", file=given.certificate, hosts=", ".join(lacking))
    try:
        content = given.certificate.read_bytes(), given.key.read_bytes()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / SERVER_KEY, content[1], secret=True)
        _write(folder / SERVER, content[0], secret=False)
    except OSError as error:
        raise OmrError("certificate.cannot_write", folder=folder, detail=why(error)) from error
    return until


def good_until(folder: Path, now: datetime, days: int) -> datetime | None:
    """Return until when the certificate in a folder is good, where that needs no renewal within some days.

    None where it does, and where there is none that can be read. One that ends with its root is left
    alone: a new one would end on the same day.
    """
    try:
        ends = Tls(folder / SERVER, folder / SERVER_KEY).ends()
        root = x509.load_pem_x509_certificate((folder / ROOT).read_bytes())
    except (OmrError, OSError, ValueError):
        return None
    return ends if ends > now + timedelta(days=days) or now < ends == root.not_valid_after_utc else None


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        # certificates hold names of the internet only: letters, digits and hyphens between dots
        if not host or not all(part and part.replace("-", "a").isalnum() for part in host.split(".")):
            raise ValueError
        return x509.DNSName(host.encode("ascii").decode())
    except ValueError as error:
        raise OmrError("certificate.bad_host", host=host) from error


def _make_root(
    folder: Path, office: str, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    # an X.520 common name holds 64 characters; the year tells a new root from the one before
    name = f"{office[:50]} – omr {now.year}"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    root = (
        _builder(name, subject, key, now, now + timedelta(days=ROOT_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder / ROOT_KEY, _pem(key), secret=True)
    _write(folder / ROOT, root.public_bytes(Encoding.PEM), secret=False)
    return root, key


def _load_root(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return the root that is there; a second one would make every browser distrust the desks."""
    try:
        root = x509.load_pem_x509_certificate((folder / ROOT).read_bytes())
        key = load_pem_private_key((folder / ROOT_KEY).read_bytes(), password=None)
        authority = root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except FileNotFoundError as error:
        raise OmrError("certificate.half_root", folder=folder, file=Path(error.filename).name) from error
    except (ValueError, TypeError, x509.ExtensionNotFound) as error:
        raise OmrError("certificate.bad_root", folder=folder) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not authority:
        raise OmrError("certificate.bad_root", folder=folder)
    if key.public_key() != root.public_key():
        raise OmrError("certificate.bad_root", folder=folder)
    if root.not_valid_after_utc <= now:
        raise OmrError("certificate.root_ended", folder=folder)
    return root, key


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(until)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes, *, secret: bool) -> None:
    """Put a file in place whole; a key is nobody else's to read at any moment."""
    write_whole(path, content, mode=0o600 if secret else 0o644)
