"""A certificate and its key, looked at before the server starts: each mistake is one line."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from omr.errors import OmrError, why


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a certificate."""

    certificate: Path
    key: Path

    def expired_at(self) -> datetime | None:
        """Check both files; return when the certificate ran out, or None while it is good.

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
        ends = certificate.not_valid_after_utc
        return ends if ends < datetime.now(UTC) else None

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


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise OmrError("web.tls_unreadable", file=file, detail=why(error)) from error


def _spelt(public: PublicKeyTypes) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
