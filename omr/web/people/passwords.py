"""Is a password one that people would guess? Estimated by zxcvbn, with the words of this office added.

zxcvbn knows common passwords, English words, names, dates, keyboards and sequences. What a person
in a Vietnamese police office takes instead stands in `common_words.txt`. The password, its
spelling without diacritics and that without blanks must all be hard enough.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from omr.errors import AccessError
from omr.text import unaccented

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200  # argon2 hashes all of it: a megabyte would be an attack

# Guesses. At the throttle's pace a million take years; this many hold for a while against somebody
# who stole the hashes (64 MiB and some 50 ms each): a thousand million are a year of one machine.
LEAST_GUESSES: Final = 10**9
_LONGEST: Final = 72  # zxcvbn's own limit; what is longer is not easier for its first 72 characters


def refuse_weak(password: str, name: str) -> None:
    """Refuse a password that is too short, too long, or easy to guess for the account `name`."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccessError("accounts.password_length", least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD)
    if len(set(password)) < 5 or name in password.casefold() or is_plain(password, name):
        raise AccessError("accounts.password_plain")


def is_plain(password: str, name: str) -> bool:
    """Return whether a password is too easy to guess for the account `name`.

    Examples
    --------
    >>> is_plain("1234567890", "lan"), is_plain("matkhau123", "lan"), is_plain("mậtkhẩu123", "lan")
    (True, True, True)
    >>> is_plain("ba con vịt xoè ra hai cái cánh", "lan")
    False
    """
    from zxcvbn import zxcvbn  # its lists take a fifth of a second to load: only who changes one needs them

    plain = unaccented(password)
    words = [*_words(), name, *name.replace("-", ".").replace("_", ".").split(".")]
    return any(
        zxcvbn(spelt[:_LONGEST], user_inputs=words)["guesses"] < LEAST_GUESSES
        for spelt in {password, plain, plain.replace(" ", "")}
    )


@cache
def _words() -> tuple[str, ...]:
    text = resources.files("omr.web").joinpath("common_words.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
