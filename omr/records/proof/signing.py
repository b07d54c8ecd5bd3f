"""The office's signature: an Ed25519 key in the workspace, made when it is first needed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from omr.errors import OmrError
from omr.files import locked, write_whole

KEY_FILE: Final = "audit.key"


def signing_key(workspace: Path) -> Ed25519PrivateKey:
    """Return the workspace's key; only its owner may read the file.

    Raises
    ------
    OmrError
        If the file is there and is no Ed25519 key.
    """
    path = workspace / KEY_FILE
    if not path.exists():
        with locked(path.with_suffix(".lock")):  # of two that are first, the second takes what is there
            if not path.exists():
                made = Ed25519PrivateKey.generate()
                pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                write_whole(path, pem, mode=0o600)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise OmrError("audit.bad_key", path=path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise OmrError("audit.bad_key", path=path)
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    """Return the public key, 64 hexadecimal digits: what others compare."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def signed_by(public: str, signature: str, content: bytes) -> bool:
    """Return whether a signature is that of the public key, both spelt as `bytes.hex` spells them."""
    try:
        signed = bytes.fromhex(signature)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signed, content)
    except (ValueError, InvalidSignature):
        return False
    return signed.hex() == signature
