"""Hashes of passwords: argon2, two at a time, and the same time whoever asks."""

from __future__ import annotations

import secrets
from functools import cache
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from omr.means import Hasher
from omr.web.people.passwords import LONGEST_PASSWORD

# Two at a time: one check takes 64 MiB by argon2's defaults (RFC 9106, second choice), and
# forty threads of a web server at once would take 2.5 GiB.
HASHER: Final[Hasher] = PasswordHasher()
_hashing: Final = BoundedSemaphore(2)
# Without look-alikes; 16 of 31 signs are 79 bits, and the password is changed at the first login.
_ONE_TIME_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"


def one_time_password() -> str:
    """Return a random password in groups that can be read out."""
    signs = "".join(secrets.choice(_ONE_TIME_ALPHABET) for _ in range(16))
    return "-".join(signs[i : i + 4] for i in range(0, 16, 4))


def hashed_password(password: str, hasher: Hasher = HASHER) -> str:
    """Return what is kept of a password."""
    with _hashing:
        return hasher.hash(password)


def is_password(password: str, kept: str | None, hasher: Hasher = HASHER) -> bool:
    """Whether a password is the one that was kept; None, for nobody's, takes the same time."""
    with _hashing:
        try:
            return hasher.verify(kept or _nobody(hasher), password[:LONGEST_PASSWORD]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobody(hasher: Hasher) -> str:
    """Return the hash of a password that nobody knows."""
    return hasher.hash(secrets.token_hex(16))
