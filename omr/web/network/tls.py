"""A certificate and its key, looked at before the server starts: each mistake is one line."""

from __future__ import annotations

import json
import ssl
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from omr.errors import OmrError, why
from omr.files import remove, write_whole

# The server of the package renews its own 60 days before: whoever is warned has to do it by hand.
WARNS: Final = timedelta(days=30)
_SERVED: Final = "served-tls.json"  # in a workspace: under which certificate its desks were opened last


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a certificate."""

    certificate: Path
    key: Path

    @classmethod
    def served(cls, workspace: Path) -> Tls | None:
        """Return under which files the desks of a workspace were opened last; None: to this machine alone."""
        try:
            told = json.loads((workspace / _SERVED).read_text("utf-8"))
            return cls(Path(told["certificate"]), Path(told["key"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise OmrError("web.tls_unreadable", file=workspace / _SERVED, detail=error) from error

    @staticmethod
    def note_served(workspace: Path, tls: Tls | None) -> None:
        """Note under which files they are opened now, so that they can be looked at from outside."""
        if tls is None:
            return remove(workspace / _SERVED)
        told = {"certificate": str(tls.certificate.absolute()), "key": str(tls.key.absolute())}
        write_whole(workspace / _SERVED, json.dumps(told))

    def ends(self) -> datetime:
        """Check both files; return when the certificate runs out, or ran out.

        Raises
        ------
        OmrError
            If a file cannot be read, is no certificate or key, the key is encrypted, or the two do
            not belong together.
        """
        certificate, key = self._certificate(), self._key()
        if _spelt(certificate.public_key()) != _spelt(key.public_key()):
            raise OmrError("web.tls_mismatch", certificate=self.certificate, key_file=self.key)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        except ssl.SSLError as error:
            raise OmrError("web.tls_refused", certificate=self.certificate, detail=error.reason) from error
        return certificate.not_valid_after_utc

    def lacks(self, hosts: Iterable[str]) -> list[str]:
        """Return those of some names and addresses for which browsers would not believe the certificate."""
        try:
            names = self._certificate().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:  # no browser looks at anything else
            return list(hosts)
        held = {one.lower() for one in names.get_values_for_type(x509.DNSName)}
        addresses = set(names.get_values_for_type(x509.IPAddress))
        return [host for host in hosts if not _named(host, held, addresses)]

    def _certificate(self) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(_content(self.certificate))
        except ValueError as error:
            raise OmrError("web.tls_no_certificate", file=self.certificate) from error

    def _key(self) -> PrivateKeyTypes:
        try:
            return load_pem_private_key(_content(self.key), password=None)
        except TypeError as error:
            raise OmrError("web.tls_encrypted", file=self.key) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise OmrError("web.tls_no_key", file=self.key) from error


def _named(host: str, names: Collection[str], addresses: Collection[object]) -> bool:
    try:
        return ip_address(host) in addresses
    except ValueError:
        first, _, rest = host.lower().partition(".")
        return host.lower() in names or bool(first and rest and f"*.{rest}" in names)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise OmrError("web.tls_unreadable", file=file, detail=why(error)) from error


def _spelt(public: PublicKeyTypes) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
